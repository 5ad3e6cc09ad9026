// What leaves a pool without a member: looked for at every moment at which a hand begins or ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hand } from '../../src/balance/hand.ts';
import type { Pool } from '../../src/balance/pool.ts';
import { firstEmptied } from '../../src/control/emptied.ts';
import { type HandRow, withHand, withoutHands } from '../../src/control/hands.ts';
import { healthFrom, poolOf } from '../balance/pools.ts';

const now = Date.UTC(2026, 10, 28, 12);
const hour = 3_600_000;
const site = poolOf(['web1 1 192.0.2.1', 'web2 1 192.0.2.2 2001:db8::2']);
const owner = site.owner;
const drain = (from?: number, until?: number) => hand('drain', from, until);

/** Hours from now on. */
function hand(state: 'drain' | 'up' | 'down', from?: number, until?: number): Hand {
  const at = (hours: number) => now + hours * hour;
  return {
    state,
    ...(from === undefined ? {} : { from: at(from) }),
    ...(until === undefined ? {} : { until: at(until) }),
    reason: '',
  };
}

/** Lays the hands one after the other, unasked. */
function laid(...hands: readonly [member: string, hand: Hand][]): readonly HandRow[] {
  const begin: readonly HandRow[] = [];
  return hands.reduce((rows, [member, one]) => withHand(rows, [{ owner, member }], one, now).rows, begin);
}

/** The hour and family that a change leaves empty, as `3 1`; nothing where it leaves none. */
function emptied(
  before: readonly HandRow[],
  after: readonly HandRow[],
  verdicts: Readonly<Record<string, string>> = {},
  pools: readonly Pool[] = [site],
): string {
  const found = firstEmptied(pools, before, after, healthFrom(verdicts), now);
  return found === undefined ? '' : `${(found.at - now) / hour} ${found.family}`;
}

test('at once, in one family or in all', () => {
  assert.equal(emptied([], laid(['web1', drain()])), '');
  assert.equal(emptied([], laid(['web2', drain()])), '0 28');
  assert.equal(emptied(laid(['web2', drain()]), laid(['web2', drain()], ['web1', drain()])), '0 1');
  assert.equal(emptied([], laid(['web1', drain()]), { '192.0.2.2': 'down' }), '0 1');
});

test('when a planned hand begins beside one that is laid now', () => {
  const planned: [string, Hand] = ['web1', drain(3)];
  const before = laid(planned);
  assert.equal(emptied([], before), '');
  const after = laid(planned, ['web2', drain(2)]);
  assert.equal(emptied(before, after, { '2001:db8::2': 'down' }), '3 1');
  assert.equal(emptied(before, laid(planned, ['web2', drain(0.5, 3)]), { '2001:db8::2': 'down' }), '');
});

test('when a hand ends that holds up what is down', () => {
  const isUp: [string, Hand] = ['web1', hand('up', undefined, 1)];
  const verdicts = { '192.0.2.1': 'down', '2001:db8::2': 'down' };
  assert.equal(emptied(laid(isUp), laid(isUp, ['web2', drain()]), verdicts), '1 1');
  assert.equal(emptied(laid(isUp), [], { ...verdicts, '192.0.2.2': 'down' }), '0 1', 'released');
});

test('what is empty already, then, is nobody’s fault', () => {
  const before = laid(['web1', drain(3)], ['web2', drain(3)]);
  assert.equal(emptied(before, laid(['web1', drain(3)], ['web2', drain(3)], ['web1', hand('up', 1, 2)])), '');
  assert.equal(emptied(before, withoutHands(before, [{ owner, member: 'web1' }], 'all').rows), '');
});

test('when the hand would have ended that a longer one takes the place of', () => {
  const before = laid(['web1', drain()], ['web2', drain(undefined, 2)]);
  assert.equal(emptied(before, laid(['web1', drain()], ['web2', drain()])), '2 1');
});

test('of several pools the one that is empty first', () => {
  const other = { ...site, owner: 'api.site.example.' };
  const rows = (at: number, later: number) => [
    ...laid(['web1', drain(at)], ['web2', drain(at)]),
    ...laid(['web1', drain(later)], ['web2', drain(later)]).map((row) => ({ ...row, owner: other.owner })),
  ];
  assert.equal(emptied([], rows(5, 4), {}, [site, other]), '4 1');
  assert.equal(emptied([], rows(4, 5), {}, [site, other]), '4 1');
  assert.equal(emptied([], rows(5, 4), {}, [site]), '5 1');
});
