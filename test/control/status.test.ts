// What a status says of a pool's members, from choices, hands and what is still in caches.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hand } from '../../src/balance/hand.ts';
import { choosePool } from '../../src/balance/pool.ts';
import { Caches } from '../../src/control/caches.ts';
import { Hands } from '../../src/control/hands.ts';
import type { Slot } from '../../src/control/publish.ts';
import { nothingGiven } from '../../src/control/shares.ts';
import { type MemberStatus, poolStatus } from '../../src/control/status.ts';
import type { EndpointState } from '../../src/health/state.ts';
import { healthFrom, poolOf } from '../balance/pools.ts';

const now = 10_000_000;
const pool = poolOf(['web1 1 192.0.2.1', 'web2 1 192.0.2.2', 'web3 0 192.0.2.3'], { answers: 1 });

/** How web2 and web3 stand a minute after these hands were laid on them. */
function stand(hand: Hand, more: Partial<EndpointState> = {}): readonly MemberStatus[] {
  const hands = new Hands();
  hands.set(['web2', 'web3'].map((member) => ({ owner: pool.owner, member, hand, at: now })));
  const caches = new Caches();
  const slot = (handOf = hands.handOf): Slot => {
    const [choice] = choosePool(pool, healthFrom({}), { handOf, now });
    return { pool, owner: pool.owner, choice: choice! };
  };
  const serve = (one: Slot) => caches.served('site.', { slots: [one], followers: [], records: [] }, now);
  serve(slot(() => []));
  serve(slot());
  const well = { verdict: 'up', settled: true, failures: 0, successes: 0, check: { fall: 3, rise: 2 } };
  const monitors = { state: () => ({ ...well, ...more }) as EndpointState };
  const held = { hands, caches, now: now + 60_000 };
  return poolStatus(slot(), { monitors, given: nothingGiven, held }).members.slice(1);
}

const gone = (members: readonly MemberStatus[]) => members.map(({ goneAt }) => goneAt !== undefined);

test('when the last cached answer is gone is said of what is out, not of whoever has another weight', () => {
  const of = { reason: '', by: 'alice' };
  assert.deepEqual(gone(stand({ ...of, state: 'drain' })), [true, true]);
  assert.deepEqual(gone(stand({ ...of, state: 'down' })), [true, true]);
  assert.deepEqual(gone(stand({ ...of, weight: 0 })), [true, true]);
  assert.deepEqual(gone(stand({ ...of, state: 'up' })), [false, false]);
  // A standby that is not needed, whatever its weight is going to be.
  const standby = poolOf(['web1 1/1 192.0.2.1', 'web2 1/2 192.0.2.2'], { policy: 'failover' });
  const hands = new Hands();
  hands.set([{ owner: standby.owner, member: 'web2', hand: { ...of, weight: 5 }, at: now }]);
  const [choice] = choosePool(standby, healthFrom({}), { handOf: hands.handOf, now });
  const slot = { pool: standby, owner: standby.owner, choice: choice! };
  const held = { hands, caches: new Caches(), now };
  const monitors = { state: () => undefined };
  const { members } = poolStatus(slot, { monitors, given: nothingGiven, held });
  assert.deepEqual([members[1]!.eligible, members[1]!.goneAt], [false, undefined]);
});

test('its own word to drain is overruled by a hand that puts it up', () => {
  const of = { reason: '', by: 'alice' };
  assert.deepEqual(gone(stand({ ...of, weight: 5, from: now + 120_000 }, { part: 0 })), [false, true]);
  assert.deepEqual(gone(stand({ ...of, state: 'up' }, { part: 0 })), [false, false]);
});
