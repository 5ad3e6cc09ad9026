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

const of = (slots: Slot[]) => ({ slots, followers: [], records: [] });

test('what is given is never gone; from when it is not, the longest TTL counts', () => {
  const caches = new Caches();
  const [all, doubtful, without] = [
    slotsOf({}),
    slotsOf({ '192.0.2.1': 'failing' }),
    slotsOf({ '192.0.2.1': 'down' }),
  ];
  caches.served('site.', of(all), now); // TTL 60
  assert.equal(caches.goneAt(all[0]!, '192.0.2.1'), undefined);
  caches.served('site.', of(doubtful), now + 10_000); // TTL 5
  caches.served('site.', of(without), now + 20_000);
  assert.equal(caches.goneAt(without[0]!, '192.0.2.1'), now + 70_000);
  assert.equal(caches.goneAt(without[0]!, '192.0.2.2'), undefined);
  caches.served('site.', of(all), now + 30_000);
  caches.served('site.', of(without), now + 100_000);
  assert.equal(caches.goneAt(without[0]!, '192.0.2.1'), now + 160_000);
  assert.equal(caches.goneAt(slotsOf({}, undefined)[1]!, '2001:db8::1'), undefined);
});

test('what was counted down is gone when it goes', () => {
  const caches = new Caches();
  const leaving = slotsOf({}, { state: 'drain', reason: '', from: now + 1200 });
  caches.served('site.', of(leaving), now); // TTL 0 with it, 60 without
  const gone = slotsOf({}, { state: 'drain', reason: '' });
  caches.served('site.', of(gone), now + 1200);
  assert.equal(caches.goneAt(gone[0]!, '192.0.2.1'), now + 1200);
});

test('records that lead to an address hold it too, each with its own TTL', () => {
  const caches = new Caches();
  const rdata = Uint8Array.of(0, 1, 0, 0, 4, 0, 8, 192, 0, 2, 1, 192, 0, 2, 2);
  const followers = [{ owner: 'www.site.', type: 65, ttl: 3600, records: [{ rdata }] }];
  const give = (slots: Slot[], ttl: number, addresses: string[], at: number, all = followers) =>
    caches.served('site.', { slots, followers: all, records: [{ ttl, addresses }] }, at);
  const [given, gone] = [slotsOf({}), slotsOf({}, { state: 'drain', reason: '' })];
  give(given, 3600, ['192.0.2.1', '192.0.2.2'], now);
  give(given, 19, ['192.0.2.1', '192.0.2.2'], now + 1000);
  assert.equal(caches.goneAt(gone[0]!, '192.0.2.1'), undefined);
  give(gone, 5, ['192.0.2.2'], now + 20_000);
  assert.equal(caches.goneAt(gone[0]!, '192.0.2.1'), now + 3_601_000);
  give(gone, 3600, ['192.0.2.2'], now + 30_000);
  assert.equal(caches.goneAt(gone[0]!, '192.0.2.1'), now + 3_601_000);
  // What an earlier process gave; and an RRset without the address is no reason to wait.
  const restarted = new Caches();
  restarted.served('site.', { slots: gone, followers, records: [{ ttl: 5, addresses: [] }] }, now);
  assert.equal(restarted.goneAt(gone[0]!, '192.0.2.1'), now + 3_600_000);
  restarted.served('site.', of(gone), now + 1000);
  assert.equal(restarted.goneAt(gone[0]!, '192.0.2.1'), now + 60_000);
});

test('what an earlier process gave may be cached for the longest TTL', () => {
  const caches = new Caches();
  const gone = slotsOf({}, { state: 'drain', reason: '' });
  caches.served('site.', of(gone), now);
  caches.served('site.', of(gone), now + 9000);
  assert.equal(caches.goneAt(gone[0]!, '192.0.2.1'), now + 60_000);
});

test('a zone that is no longer served, and an address that it no longer has, are forgotten', () => {
  const caches = new Caches();
  const gone = slotsOf({}, { state: 'drain', reason: '' });
  caches.served('site.', of(slotsOf({})), now);
  caches.served('site.', of(gone), now);
  caches.served('site.', of(slotsOf({}, undefined, poolOf(['b 1 192.0.2.2']))), now + 1000);
  caches.served('site.', of(gone), now + 2000);
  assert.equal(caches.goneAt(gone[0]!, '192.0.2.1'), now + 60_000); // as if it had never been given
  caches.served('site.', undefined, now + 3000);
  caches.served('site.', of(gone), now + 4000);
  assert.equal(caches.goneAt(gone[0]!, '192.0.2.1'), now + 64_000);
});
