// A growing store of octets that parsers append to. zone/records.ts is one for a whole zone; OctetBuffer is
// the small one for a single value. A writer calls reserve() first, writes from `used` on, then adds to
// `used`.

/** What a parser appends octets to. */
export type OctetStore = {
  octets: Uint8Array;
  /** The first `used` octets are filled. */
  used: number;
  /** Makes room for `size` more octets and returns the offset at which to write them. */
  reserve(size: number): number;
};

/** An octet store for single values. */
export class OctetBuffer implements OctetStore {
  octets = new Uint8Array(512);
  used = 0;

  reserve(size: number): number {
    if (this.used + size > this.octets.length) {
      const larger = new Uint8Array((this.used + size) * 2);
      larger.set(this.octets.subarray(0, this.used));
      this.octets = larger;
    }
    return this.used;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.octets.slice(0, this.used);
  }
}

/** Reads two octets, most significant first. */
export function readUint16(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!;
}

/** Reads four octets, most significant first. */
export function readUint32(octets: Uint8Array, at: number): number {
  return ((readUint16(octets, at) << 16) | readUint16(octets, at + 2)) >>> 0;
}

/** Whether `size` octets at `at` of one and at `bt` of the other are the same. */
export function sameOctets(a: Uint8Array, at: number, b: Uint8Array, bt: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (a[at + i] !== b[bt + i]) return false;
  return true;
}
