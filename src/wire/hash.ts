// hot: the hash of a name, made label by label from the root, so that one pass over a query hashes every
// suffix. Zone trees, zone tables and queries must agree on it; case never matters (RFC 4343). The hash of
// the root is 0.

/** Lowercase of an ASCII octet; every other octet is itself (RFC 4343 §3). */
export function lowerOctet(octet: number): number {
  return octet >= 65 && octet <= 90 ? octet + 32 : octet;
}

/** FNV-1a, begun with the label's length. readLabels() makes the same hash in its own pass. */
export const labelHashStart = 0x811c9dc5 | 0;
export const labelHashFactor = 0x01000193;

/** Hash of one label whose length octet is at `at`: a 32-bit integer, signed. */
export function hashLabel(octets: Uint8Array, at: number): number {
  const size = octets[at]!;
  let hash = labelHashStart ^ size;
  for (let i = at + 1; i <= at + size; i++) hash = Math.imul(hash ^ lowerOctet(octets[i]!), labelHashFactor);
  return hash;
}

/** Hash of a name from the hash of its parent and of its first label: unsigned 32 bits. */
export function combineHash(parent: number, label: number): number {
  const mixed = Math.imul(parent ^ label ^ (label >>> 15), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

/** Spreads a hash over the low bits that choose a slot in a table. */
export function slotOf(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
