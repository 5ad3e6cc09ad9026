// Shared buffers are used again: memory levels off however often tables change.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Buffers } from '../../src/serve/buffers.ts';

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
});
