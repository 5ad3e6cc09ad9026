// Shared buffers for tables, used again and again. A worker that allocates nothing never collects garbage,
// and V8 does not count shared memory as pressure: buffers that were dropped would stay for ever. So none is
// ever dropped: what no thread reads any more is the room of a later table.

/** Granularity of capacities: small tables share a size and so each other's buffers. */
const granule = 4096;
/** A free buffer is taken for a table that fills at least this part of it. */
const fillMin = 0.25;

/** Buffers that no thread reads at the moment. */
export class Buffers {
  readonly #free: SharedArrayBuffer[] = [];
  /** Octets in all buffers ever made, in use or free. */
  totalSize = 0;

  /** A buffer of at least `size` octets; its content is whatever was there. */
  take(size: number): SharedArrayBuffer {
    let best = -1;
    for (const [i, buffer] of this.#free.entries()) {
      if (buffer.byteLength < size || size < buffer.byteLength * fillMin) continue;
      if (best < 0 || buffer.byteLength < this.#free[best]!.byteLength) best = i;
    }
    if (best >= 0) return this.#free.splice(best, 1)[0]!;
    const buffer = new SharedArrayBuffer(Math.ceil((size * 1.1) / granule) * granule);
    this.totalSize += buffer.byteLength;
    return buffer;
  }

  /** Takes back a buffer that every thread has let go of. */
  giveBack(buffer: SharedArrayBuffer): void {
    this.#free.push(buffer);
  }
}
