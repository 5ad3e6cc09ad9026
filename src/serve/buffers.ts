// Shared buffers for tables, used again and again. A worker that allocates nothing never collects garbage,
// and V8 does not count shared memory as pressure: buffers that were dropped would stay for ever. So none is
// ever dropped: what no thread reads any more is the room of a later table of its size class. Classes are
// powers of two, so that a table which grows a little keeps its class; pages that are never touched cost
// nothing.

import { hugePagesMin } from '../limits.ts';
import { libc, libcFault } from './libc.ts';

/** Smallest class: many tables are a few hundred octets. */
const capacityMin = 256;

const MADV_HUGEPAGE = 14;
const pageSize = 4096;

/**
 * Asks for huge pages, best effort: names are looked up all over a big table, and with small pages most of a
 * look-up is the walk to the page.
 */
function adviseHugePages(buffer: SharedArrayBuffer): void {
  if (libcFault !== undefined) return;
  const start = libc().address(new Uint8Array(buffer)); // koffi knows no shared buffer by itself
  const skipped = (pageSize - Number(start % BigInt(pageSize))) % pageSize;
  const size = Math.floor((buffer.byteLength - skipped) / pageSize) * pageSize;
  libc().madvise(start + BigInt(skipped), size, MADV_HUGEPAGE);
}

/** Buffers that no thread reads at the moment, by capacity. */
export class Buffers {
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  /** Octets in all buffers ever made, in use or free. */
  totalSize = 0;

  /** A buffer of at least `size` octets; its content is whatever was there. */
  take(size: number): SharedArrayBuffer {
    let capacity = capacityMin;
    while (capacity < size) capacity *= 2;
    const free = this.#free.get(capacity)?.pop();
    if (free !== undefined) return free;
    this.totalSize += capacity;
    const buffer = new SharedArrayBuffer(capacity);
    if (capacity >= hugePagesMin) adviseHugePages(buffer);
    return buffer;
  }

  /** Takes back a buffer that every thread has let go of. */
  giveBack(buffer: SharedArrayBuffer): void {
    const free = this.#free.get(buffer.byteLength);
    if (free === undefined) this.#free.set(buffer.byteLength, [buffer]);
    else free.push(buffer);
  }
}
