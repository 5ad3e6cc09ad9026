// hot: SipHash-2-4 (Aumasson and Bernstein, 2012), the keyed hash of server cookies (RFC 9018 §4.4). Its
// 64-bit words are two 32-bit halves each, because BigInt allocates: `a0` is the low half of a word, `a1` the
// high.

/** Octets of a key, and 32-bit words of one as readSipKey() lays it out. */
export const sipKeySize = 16;
export const sipKeyWords = 4;

/** Reads the 16 octets of a key at `at` into `out` at `outAt`. */
export function readSipKey(octets: Uint8Array, at: number, out: Int32Array, outAt: number): void {
  for (let i = 0; i < sipKeyWords; i++) out[outAt + i] = littleWord(octets, at + 4 * i);
}

/** Octets of the longest message: those of a cookie and of an IPv6 address are 32. */
const messageSizeMax = 64;
/** The message in blocks of two words, the last one padded, between a block of 0 before and one behind. */
const blocks = new Int32Array((messageSizeMax >>> 2) + 6);

/** Cuts a message of up to messageSizeMax octets into blocks; returns how many words they are. */
function cutIntoBlocks(message: Uint8Array, size: number): number {
  const words = ((size >>> 3) + 1) * 2;
  const whole = size >>> 2;
  for (let i = 0; i < whole; i++) blocks[i + 2] = littleWord(message, 4 * i);
  for (let i = whole; i < words + 2; i++) blocks[i + 2] = 0;
  for (let i = whole * 4; i < size; i++) blocks[whole + 2]! |= message[i]! << ((i & 3) * 8);
  blocks[words + 1]! |= size << 24;
  return words;
}

/**
 * Hashes the first `size` octets of `message`, at most 64, with the key at keys[keyAt]; leaves the low and
 * the high half of the hash in out[0] and out[1].
 */
export function sipHash(
  keys: Int32Array,
  keyAt: number,
  message: Uint8Array,
  size: number,
  out: Int32Array,
): void {
  const words = cutIntoBlocks(message, size);
  let a0 = keys[keyAt]! ^ 0x70736575;
  let a1 = keys[keyAt + 1]! ^ 0x736f6d65;
  let b0 = keys[keyAt + 2]! ^ 0x6e646f6d;
  let b1 = keys[keyAt + 3]! ^ 0x646f7261;
  let c0 = keys[keyAt]! ^ 0x6e657261;
  let c1 = keys[keyAt + 1]! ^ 0x6c796765;
  let d0 = keys[keyAt + 2]! ^ 0x79746573;
  let d1 = keys[keyAt + 3]! ^ 0x74656462;
  // Two rounds for each block of two words, then four: one loop, so that the round stands here once.
  for (let round = 0; round < words + 4; round++) {
    if (round <= words && (round & 1) === 0) {
      a0 ^= blocks[round]!;
      a1 ^= blocks[round + 1]!;
      d0 ^= blocks[round + 2]!;
      d1 ^= blocks[round + 3]!;
      if (round === words) c0 ^= 0xff;
    }
    let sum = (a0 + b0) | 0;
    a1 = (a1 + b1 + (sum >>> 0 < a0 >>> 0 ? 1 : 0)) | 0;
    a0 = sum;
    let low = b0;
    b0 = ((b0 << 13) | (b1 >>> 19)) ^ a0;
    b1 = ((b1 << 13) | (low >>> 19)) ^ a1;
    low = a0;
    a0 = a1;
    a1 = low;
    sum = (c0 + d0) | 0;
    c1 = (c1 + d1 + (sum >>> 0 < c0 >>> 0 ? 1 : 0)) | 0;
    c0 = sum;
    low = d0;
    d0 = ((d0 << 16) | (d1 >>> 16)) ^ c0;
    d1 = ((d1 << 16) | (low >>> 16)) ^ c1;
    sum = (a0 + d0) | 0;
    a1 = (a1 + d1 + (sum >>> 0 < a0 >>> 0 ? 1 : 0)) | 0;
    a0 = sum;
    low = d0;
    d0 = ((d0 << 21) | (d1 >>> 11)) ^ a0;
    d1 = ((d1 << 21) | (low >>> 11)) ^ a1;
    sum = (c0 + b0) | 0;
    c1 = (c1 + b1 + (sum >>> 0 < c0 >>> 0 ? 1 : 0)) | 0;
    c0 = sum;
    low = b0;
    b0 = ((b0 << 17) | (b1 >>> 15)) ^ c0;
    b1 = ((b1 << 17) | (low >>> 15)) ^ c1;
    low = c0;
    c0 = c1;
    c1 = low;
  }
  out[0] = a0 ^ b0 ^ c0 ^ d0;
  out[1] = a1 ^ b1 ^ c1 ^ d1;
}

/** Four octets, least significant first, as a signed word. */
export function littleWord(octets: Uint8Array, at: number): number {
  return octets[at]! | (octets[at + 1]! << 8) | (octets[at + 2]! << 16) | (octets[at + 3]! << 24);
}
