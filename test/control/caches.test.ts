// When the last cached answer with an address has run out: by the longest TTL that it was given with, and by
// when that was taken out of service.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hand } from '../../src/balance/hand.ts';
import { choosePool, type Pool } from '../../src/balance/pool.ts';
import { Caches } from '../../src/control/caches.ts';
import type { Slot } from '../../src/control/publish.ts';
import { healthFrom, poolOf } from '../balance/pools.ts';

const pool = poolOf(['a 1 192.0.2.1 2001:db8::1', 'b 1 192.0.2.2'], { answers: 1 });
const now = 1_000_000;

function slotsOf(states: Readonly<Record<string, string>>, hand?: Hand, which: Pool = pool): Slot[] {
  const handOf = (_: string, member: string) => (member === 'a' && hand !== undefined ? [hand] : []);
  const choices = choosePool(which, healthFrom(states), { handOf, now });
  return choices.map((choice) => ({ pool: which, owner: which.owner, choice }));
}

test('what is given is never gone; from when it is not, the longest TTL counts', () => {
  const caches = new Caches();
  const [all, doubtful, without] = [
    slotsOf({}),
    slotsOf({ '192.0.2.1': 'failing' }),
    slotsOf({ '192.0.2.1': 'down' }),
  ];
  caches.served('site.', all, now); // TTL 60
  assert.equal(caches.goneAt(all[0]!, '192.0.2.1'), undefined);
  caches.served('site.', doubtful, now + 10_000); // TTL 5
  caches.served('site.', without, now + 20_000);
  assert.equal(caches.goneAt(without[0]!, '192.0.2.1'), now + 70_000);
  assert.equal(caches.goneAt(without[0]!, '192.0.2.2'), undefined);
  caches.served('site.', all, now + 30_000);
  caches.served('site.', without, now + 100_000);
  assert.equal(caches.goneAt(without[0]!, '192.0.2.1'), now + 160_000);
  assert.equal(caches.goneAt(slotsOf({}, undefined)[1]!, '2001:db8::1'), undefined);
});

test('what was counted down is gone when it goes', () => {
  const caches = new Caches();
  const leaving = slotsOf({}, { state: 'drain', reason: '', from: now + 1200 });
  caches.served('site.', leaving, now); // TTL 0 with it, 60 without
  const gone = slotsOf({}, { state: 'drain', reason: '' });
  caches.served('site.', gone, now + 1200);
  assert.equal(caches.goneAt(gone[0]!, '192.0.2.1'), now + 1200);
});

test('what an earlier process gave may be cached for the longest TTL', () => {
  const caches = new Caches();
  const gone = slotsOf({}, { state: 'drain', reason: '' });
  caches.served('site.', gone, now);
  caches.served('site.', gone, now + 9000);
  assert.equal(caches.goneAt(gone[0]!, '192.0.2.1'), now + 60_000);
});

test('a zone that is no longer served, and an address that it no longer has, are forgotten', () => {
  const caches = new Caches();
  const gone = slotsOf({}, { state: 'drain', reason: '' });
  caches.served('site.', slotsOf({}), now);
  caches.served('site.', gone, now);
  caches.served('site.', slotsOf({}, undefined, poolOf(['b 1 192.0.2.2'])), now + 1000);
  caches.served('site.', gone, now + 2000);
  assert.equal(caches.goneAt(gone[0]!, '192.0.2.1'), now + 60_000); // as if it had never been given
  caches.served('site.', [], now + 3000);
  caches.served('site.', gone, now + 4000);
  assert.equal(caches.goneAt(gone[0]!, '192.0.2.1'), now + 64_000);
});
