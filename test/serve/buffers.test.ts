// Shared buffers are used again: memory levels off however often tables change.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Buffers, joinPages } from '../../src/serve/buffers.ts';
import { libcFault } from '../../src/serve/libc.ts';

describe('shared buffers', () => {
  it('are large enough, and the same one comes back', () => {
    const buffers = new Buffers();
    const first = buffers.take(10_000);
    assert.ok(first.byteLength >= 10_000);
    buffers.giveBack(first);
    assert.equal(buffers.take(9_000), first);
    assert.notEqual(buffers.take(9_000), first);
  });

  it('of a much larger table are not spent on a small one', () => {
    const buffers = new Buffers();
    const large = buffers.take(1 << 20);
    buffers.giveBack(large);
    assert.notEqual(buffers.take(4096), large);
    assert.equal(buffers.take(1 << 20), large);
  });

  it('of small tables are used again too', () => {
    const buffers = new Buffers();
    for (let i = 0; i < 1000; i++) buffers.giveBack(buffers.take(140 + (i % 50)));
    assert.equal(buffers.totalSize, 256);
  });

  it('level off while a table grows and shrinks a little', () => {
    const buffers = new Buffers();
    let inService = buffers.take(1 << 20);
    for (let i = 0; i < 200; i++) {
      const next = buffers.take((1 << 20) + (i % 7) * 1000);
      buffers.giveBack(inService);
      inService = next;
    }
    assert.ok(buffers.totalSize <= 6 << 20, `${buffers.totalSize} octets`);
  });

  it('of a large table hold the same octets on huge pages, and have them where the kernel gives any', () => {
    const table = new Uint8Array(new Buffers().take(24 << 20), 0, 23 << 20);
    for (let at = 0; at < table.length; at += 509) table[at] = at % 251;
    const before = hugePages();
    joinPages(table);
    for (let at = 0; at < table.length; at += 509) assert.equal(table[at], at % 251);
    if (isOffered()) assert.ok(hugePages() > before, 'no page is huge');
    joinPages(table.subarray(0, 4096)); // too small to gain anything
  });
});

/** KiB of this process on huge pages. */
function hugePages(): number {
  const text = readFileSync('/proc/self/smaps_rollup', 'latin1');
  return Number(/AnonHugePages:\s+(\d+)/.exec(text)?.[1] ?? 0);
}

/** Whether the kernel gives huge pages to who asks, and libc can be asked through. */
function isOffered(): boolean {
  const path = '/sys/kernel/mm/transparent_hugepage/enabled';
  return libcFault === undefined && existsSync(path) && !readFileSync(path, 'latin1').includes('[never]');
}
