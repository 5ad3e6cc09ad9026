// hot: the hash of a client's network, by which `sticky` finds the client's bucket. Every server of an
// anycast set must make the same one, so this is a format: change it and all clients move. Called by
// answer/client.ts; control and the tests ask it too.

/** Leading bits of an address that are its network, for both families, and in octets. */
export const clientBits4 = 24;
export const clientBits6 = 56;
const octets4 = 3;
const octets6 = 7;

/**
 * Hash of the network of the address of `size` 4 or 16 octets at octets[at]: FNV-1a over 4 or 6 for the
 * family and the first three or seven octets, mixed by the end of MurmurHash3, so that low bits are as good
 * as high ones. Unsigned 32 bits; an IPv4 address in IPv6 clothes is to be given as its last four octets.
 */
export function clientHash(octets: Uint8Array, at: number, size: number): number {
  const count = size === 4 ? octets4 : octets6;
  let hash = Math.imul(0x811c9dc5 ^ (size === 4 ? 4 : 6), 0x01000193);
  for (let i = at; i < at + count; i++) hash = Math.imul(hash ^ octets[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
