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
/** At once, on Linux 6.1 and later; before that the kernel does it in its own time. */
const MADV_COLLAPSE = 25;
const pageSize = 4096;

/**
 * Gives a large table huge pages, best effort: names are looked up all over it, and with small pages much of
 * a look-up is the walk to the page. For a table that is in service already: to fill it takes twice as long
 * where the kernel has to find huge pages first.
 */
export function joinPages(table: Uint8Array): void {
  if (table.length < hugePagesMin || libcFault !== undefined) return;
  const start = libc().address(table);
  const skipped = (pageSize - Number(start % BigInt(pageSize))) % pageSize;
  const size = Math.floor((table.length - skipped) / pageSize) * pageSize;
  libc().madvise(start + BigInt(skipped), size, MADV_HUGEPAGE);
  libc().madvise(start + BigInt(skipped), size, MADV_COLLAPSE);
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
    return new SharedArrayBuffer(capacity);
  }

  /** Takes back a buffer that every thread has let go of. */
  giveBack(buffer: SharedArrayBuffer): void {
    const free = this.#free.get(buffer.byteLength);
    if (free === undefined) this.#free.set(buffer.byteLength, [buffer]);
    else free.push(buffer);
  }
}
