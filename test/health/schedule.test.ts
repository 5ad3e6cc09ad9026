// Slots: the interval is never exceeded, starts stay spread, and whatever came between, an endpoint finds its
// slots.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextSlot, phaseHash } from '../../src/health/schedule.ts';
import { randomOf } from './virtual.ts';

test('after a start on a slot the next is 0.91 to 0.99 intervals later', () => {
  for (const intervalMs of [500, 5000, 60_000]) {
    for (let index = 0; index < 200; index++) {
      const hash = phaseHash(`endpoint ${index}`);
      let at = nextSlot(0, intervalMs, hash);
      for (let round = 0; round < 200; round++) {
        const next = nextSlot(at, intervalMs, hash);
        const share = (next - at) / intervalMs;
        assert.ok(share > 0.9 && share < 0.9901, `${share} of ${intervalMs}`);
        at = next;
      }
    }
  }
});

test('after any start the next is in the future and at most an interval later', () => {
  const random = randomOf(1);
  for (let index = 0; index < 10_000; index++) {
    const startedAt = random() * 1e9;
    const next = nextSlot(startedAt, 5000, phaseHash(`endpoint ${index}`));
    assert.ok(next > startedAt && next - startedAt < 5000, String(next - startedAt));
  }
});

test('a timer that fires up to a millisecond early does not run its slot twice', () => {
  for (let index = 0; index < 2000; index++) {
    const hash = phaseHash(`endpoint ${index}`);
    const slot = nextSlot(0, 5000, hash);
    assert.ok(nextSlot(slot - 0.9, 5000, hash) - slot > 4000);
  }
});

test('jitter is there, and starts of many endpoints are spread evenly', () => {
  const hash = phaseHash('endpoint');
  const gaps = new Set<number>();
  for (let round = 0, at = 0; round < 50; round++) {
    const next = nextSlot(at, 5000, hash);
    gaps.add(Math.round(next - at));
    at = next;
  }
  assert.ok(gaps.size > 25);
  const tenths = new Array<number>(10).fill(0);
  for (let index = 0; index < 10_000; index++) {
    const at = nextSlot(1e6, 5000, phaseHash(`http 192.0.2.${index & 255} ${index}`));
    tenths[Math.floor((at % 4750) / 475)]!++;
  }
  for (const count of tenths) assert.ok(Math.abs(count - 1000) < 150, tenths.join(' '));
});
