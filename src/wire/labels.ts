// hot: a name taken apart, once: lowercase octets, where each label starts, and the hash of every suffix, so
// that each step down a tree of names is one look-up. Used for the QNAME of each query and for each CNAME
// target.
import { labelSizeMax, labelsMax, nameSizeMax } from '../limits.ts';
import { combineHash, labelHashFactor, labelHashStart, lowerOctet } from './hash.ts';

/** A name in wire form with its labels marked; made once, filled again and again. */
export class Labels {
  /** The name, lowercase, `size` octets with the root label. */
  readonly octets = new Uint8Array(nameSizeMax + 1);
  size = 0;
  /** Number of labels without the root. */
  count = 0;
  /** Offset of each label's length octet; starts[count] is the root's. */
  readonly starts = new Uint8Array(labelsMax);
  /** hashes[i] is the hash of the name from label i on; hashes[count] is the root's, 0. */
  readonly hashes = new Uint32Array(labelsMax);
}

/**
 * Reads the uncompressed name at `at`, which must end before `end`, into `labels`. Returns the offset behind
 * it, or -1: a pointer, a label type we do not know, too long, or cut off (RFC 1035 §3.1).
 */
export function readLabels(labels: Labels, from: Uint8Array, at: number, end: number): number {
  const octets = labels.octets;
  const starts = labels.starts;
  const hashes = labels.hashes;
  let p = at;
  let size = 0;
  let count = 0;
  for (;;) {
    if (p >= end) return -1;
    const length = from[p]!;
    if (length === 0) break;
    if (length > labelSizeMax || p + length >= end || size + length + 2 > nameSizeMax) return -1;
    starts[count] = size;
    octets[size++] = length;
    let hash = labelHashStart ^ length;
    for (let i = 1; i <= length; i++) {
      const octet = lowerOctet(from[p + i]!);
      octets[size++] = octet;
      hash = Math.imul(hash ^ octet, labelHashFactor);
    }
    hashes[count++] = hash;
    p += length + 1;
  }
  octets[size] = 0;
  starts[count] = size;
  hashes[count] = 0;
  labels.size = size + 1;
  labels.count = count;
  let hash = 0;
  for (let i = count - 1; i >= 0; i--) {
    hash = combineHash(hash, hashes[i]!);
    hashes[i] = hash;
  }
  return p + 1;
}
