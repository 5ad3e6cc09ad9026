// The operator's hand: which one is in force, what it makes of a pool beside health, and the countdown of a
// member that is going to leave.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  countdownStep,
  countdownTtl,
  type Hand,
  handText,
  heldAt,
  lay,
  turnsOf,
} from '../../src/balance/hand.ts';
import { choosePool, type Health, type Pool } from '../../src/balance/pool.ts';
import { type Moment, poolState, stateKey } from '../../src/balance/state.ts';
import { handMarginMs } from '../../src/limits.ts';
import { healthFrom, poolOf } from './pools.ts';
import { randomFrom } from './random.ts';

const now = Date.UTC(2026, 10, 28, 12);
const second = 1000;
const drain: Hand = { state: 'drain', reason: 'kernel update', by: 'alice' };
const three = ['a 1 192.0.2.1', 'b 2 192.0.2.2', 'c 3 192.0.2.3'];
const dual = ['a 1 192.0.2.1 2001:db8::1', 'b 1 192.0.2.2 2001:db8::2'];

/** Hands by member. */
function by(hands: Readonly<Record<string, readonly Hand[]>>, at = now): Moment {
  return { handOf: (_, member) => hands[member] ?? [], now: at };
}

/** `A 60: a 0.5 up; b 0 down`, one for each family. */
function said(pool: Pool, healthOf: (endpoint: string) => Health, moment: Moment): string[] {
  return choosePool(pool, healthOf, moment).map(({ family, mode, ttl, standings }) => {
    const all = standings.map(({ member, share, why }) => `${member} ${Number(share.toFixed(4))} ${why}`);
    return `${family === 1 ? 'A' : 'AAAA'} ${mode} ${ttl}: ${all.join('; ')}`;
  });
}

const part = (parts: Readonly<Record<string, Health>>) => (endpoint: string) =>
  parts[endpoint] ?? { verdict: 'up', settled: true };

describe('effective weights', () => {
  const pool = poolOf(three, { answers: 1 });

  test('a part of the weight, and the rest keep their ratio', () => {
    const healthOf = part({ '192.0.2.2': { verdict: 'up', settled: true, part: 0.5 } });
    assert.deepEqual(said(pool, healthOf, { now }), [
      'A sets 60: a 0.2 up; b 0.2 up, gets 50 % of its weight; c 0.6 up',
    ]);
    const degraded = part({ '192.0.2.2': { verdict: 'degraded', settled: true, part: 0.25 } });
    assert.match(said(pool, degraded, { now })[0]!, /b 0.1111 degraded, gets 25 % of its weight/);
  });

  test('the smallest part is not nothing', () => {
    const healthOf = part({ '192.0.2.1': { verdict: 'up', settled: true, part: 1e-9 } });
    const share = choosePool(pool, healthOf)[0]!.standings[0]!.share;
    assert.ok(share > 0 && share < 1e-5);
  });

  test('part 0 is drained by its own word, as long as anything else is up', () => {
    const silent: Health = { verdict: 'up', settled: true, part: 0 };
    assert.deepEqual(said(pool, part({ '192.0.2.3': silent }), { now }), [
      'A sets 60: a 0.3333 up; b 0.6667 up; c 0 up, draining by its own word',
    ]);
    const all = part({ '192.0.2.1': silent, '192.0.2.2': silent, '192.0.2.3': silent });
    assert.match(said(pool, all, { now })[0]!, /c 0.5 up, draining by its own word, given all the same/);
  });

  describe('with the default number of addresses', () => {
    const equals = (n: number, policy = 'weighted') =>
      poolOf(
        Array.from({ length: n }, (_, i) => `m${i} 1 192.0.2.${i + 1}`),
        { policy },
      );
    const tenth = part({ '192.0.2.1': { verdict: 'up', settled: true, part: 0.1 } });

    for (const n of [2, 3, 4, 5]) {
      test(`${n} equal members, and one has a tenth of its weight`, () => {
        const [choice] = choosePool(equals(n), tenth);
        for (const { share, wanted } of choice!.standings) {
          assert.ok(Math.abs(share / wanted - 1) < 0.05, `${share} for ${wanted}`);
        }
        assert.equal(choosePool(equals(n), healthFrom({}))[0]!.answers, Math.min(n, 4));
      });
    }

    test('a part of each member changes nothing, and brings no more addresses than planned', () => {
      const slow = () => ({ verdict: 'degraded', settled: true, part: 0.5 }) as const;
      assert.equal(choosePool(equals(3), slow)[0]!.answers, 3);
      const uneven = poolOf(['a 3 192.0.2.1', 'b 1 192.0.2.2']);
      const third = part({ '192.0.2.1': { verdict: 'up', settled: true, part: 1 / 3 } });
      assert.equal(choosePool(uneven, third)[0]!.answers, 1);
    });

    test('all: who has a part of its weight is in that part of the responses', () => {
      const [choice] = choosePool(equals(4, 'all'), tenth);
      assert.deepEqual(
        choice!.sets.map(({ members, share }) => [members, Number(share.toFixed(4))]),
        [
          [[0, 1, 2, 3], 0.1],
          [[1, 2, 3], 0.9],
        ],
      );
      const slow = () => ({ verdict: 'degraded', settled: true, part: 0.3 }) as const;
      const weights = poolOf(['a 3 192.0.2.1', 'b 7 192.0.2.2'], { policy: 'all' });
      assert.equal(choosePool(weights, slow)[0]!.sets.length, 1);
    });
  });

  test('what a part cannot do is said', () => {
    const tenth = part({ '192.0.2.1': { verdict: 'up', settled: true, part: 0.1 } });
    const why = (lines: string[], change: Partial<Pool>) =>
      choosePool(poolOf(lines, change), tenth)[0]!.standings[0]!.why;
    const two = ['a 1 192.0.2.1', 'b 1 192.0.2.2'];
    assert.equal(why(two, {}), 'up, gets 10 % of its weight');
    assert.equal(
      why(two, { answers: 2 }),
      'up, gets 10 % of its weight, but 50 % of the traffic, not 9 %: it is in too many responses',
    );
    const alone = 'up, gets 10 % of its weight, and all traffic: nobody else serves';
    assert.equal(why(['a 1 192.0.2.1', 's 0 192.0.2.2'], {}), alone);
    assert.equal(why(['a 1/1 192.0.2.1', 'b 1/2 192.0.2.2'], { policy: 'failover' }), alone);
  });

  test('a weight by hand is in place of the configured one, and 0 makes a standby', () => {
    const weight: Hand = { weight: 7, reason: '' };
    assert.deepEqual(said(pool, healthFrom({}), by({ a: [weight] })), [
      'A sets 60: a 0.5833 up, weight 7 by hand; b 0.1667 up; c 0.25 up',
    ]);
    const none: Hand = { weight: 0, reason: '' };
    assert.match(said(pool, healthFrom({}), by({ c: [none] }))[0]!, /c 0 standby, not needed$/);
  });
});

describe('a state by hand', () => {
  const pool = poolOf(three, { answers: 1 });
  const down: Hand = { state: 'down', reason: 'it lies', by: 'bob' };
  const up: Hand = { state: 'up', reason: 'the check is wrong', by: 'bob' };

  test('drain and down take it out, and say who and why', () => {
    assert.deepEqual(said(pool, healthFrom({}), by({ c: [drain] })), [
      'A sets 5: a 0.3333 up; b 0.6667 up; c 0 drained by alice: kernel update',
    ]);
    assert.match(said(pool, healthFrom({}), by({ b: [down] }))[0]!, /b 0 down by bob: it lies; c 0.75 up/);
  });

  test('up puts it in, settled, whatever it says itself', () => {
    const dead = healthFrom({ '192.0.2.1': 'down' });
    assert.deepEqual(said(pool, dead, by({ a: [up] })), [
      'A sets 60: a 0.1667 up by bob: the check is wrong; b 0.3333 up; c 0.5 up',
    ]);
    const silent = part({ '192.0.2.1': { verdict: 'up', settled: true, part: 0 } });
    assert.match(said(pool, silent, by({ a: [up] }))[0]!, /^A sets 60: a 0.1667 up by bob/);
  });

  test('the drained are given before the dead, those that are down by hand never', () => {
    const dead = healthFrom({ '192.0.2.2': 'down', '192.0.2.3': 'down' });
    assert.deepEqual(said(pool, dead, by({ a: [drain] })), [
      'A sets 5: a 1 drained by alice: kernel update; given all the same; b 0 down; c 0 down',
    ]);
    assert.deepEqual(said(pool, dead, by({ a: [down] })), [
      'A sets 5: a 0 down by bob: it lies; b 0.4 down, but all are (when-all-down: all); ' +
        'c 0.6 down, but all are (when-all-down: all)',
    ]);
    const listed = poolOf(three, { whenAllDown: ['a', 'b'] });
    assert.match(said(listed, dead, by({ a: [down] }))[0]!, /a 0 down by bob: it lies; b 1 down, but listed/);
    const all = by({ a: [down], b: [down], c: [down] });
    assert.match(said(pool, healthFrom({}), all)[0]!, /^A nodata 5: /);
  });

  test('what is drained and down comes back only with nobody else', () => {
    const dead = healthFrom({ '192.0.2.1': 'down', '192.0.2.2': 'down', '192.0.2.3': 'down' });
    assert.match(said(pool, dead, by({ a: [drain] }))[0]!, /^A sets 5: a 0 drained by alice: kernel update;/);
    const all = by({ a: [drain], b: [drain], c: [drain] });
    assert.match(said(pool, dead, all)[0]!, /^A sets 5: a 0.1667 drained by alice/);
  });

  test('a family that is all drained is NODATA while the other answers', () => {
    const oneFamily: Moment = { handOf: (_, _member, text) => (text.includes(':') ? [drain] : []), now };
    const [a, aaaa] = choosePool(poolOf(dual), healthFrom({}), oneFamily);
    assert.deepEqual([a!.mode, aaaa!.mode], ['sets', 'nodata']);
  });

  test('what is put up by hand is not what an operator has taken out', () => {
    const alone = poolOf(['a 1 192.0.2.1', 'b 1 192.0.2.2'], { policy: 'failover', minUp: 2, answers: 1 });
    const dead = healthFrom({ '192.0.2.1': 'down', '192.0.2.2': 'down' });
    const [choice] = choosePool(alone, dead, by({ a: [up] }));
    assert.ok(choice!.standings[0]!.share >= 0.5, `${choice!.standings[0]!.share}`);
  });

  test('tiers: a drained member does not count for min-up', () => {
    const tiers = poolOf(['a 1/1 192.0.2.1', 'b 1/1 192.0.2.2', 'c 1/2 192.0.2.3', 'd 1/2 192.0.2.4'], {
      policy: 'failover',
      minUp: 2,
    });
    assert.match(said(tiers, healthFrom({}), by({ a: [drain] }))[0]!, /c 0.5 up, tier 2 in use/);
  });

  test('whoever is taken out or weighed otherwise, the rest keep their ratios', () => {
    const random = randomFrom(7);
    for (let run = 0; run < 500; run++) {
      const lines = Array.from({ length: 2 + random.below(6) }, (_, i) => {
        return `m${i} ${1 + random.below(9)} 192.0.2.${i}`;
      });
      const one = poolOf(lines, { answers: 1 });
      const shares = (moment: Moment) => choosePool(one, healthFrom({}), moment)[0]!.standings;
      const hand = random.pick([drain, down, { weight: 3, reason: '' }, { weight: 0, reason: '' }]);
      const before = shares({ now });
      const after = shares(by({ m0: [hand] }));
      for (let i = 2; i < before.length; i++) {
        const ratio = (row: typeof before) => row[i]!.share / row[1]!.share;
        assert.ok(Math.abs(ratio(before) - ratio(after)) < 1e-9, `${lines.join('; ')} ${handText(hand)}`);
      }
    }
  });
});

describe('time', () => {
  test('a hand is in force from its beginning to before its end', () => {
    const hands = [{ ...drain, from: now, until: now + second }];
    const states = [-1, 0, second - 1, second].map((ms) => heldAt(hands, now + ms).state?.state);
    assert.deepEqual(states, [undefined, 'drain', 'drain', undefined]);
    assert.deepEqual(turnsOf(hands, now - 1), [now, now + second]);
    assert.deepEqual(turnsOf(hands, now), [now + second]);
  });

  test('what is said now cuts what it overlaps, in its own aspect', () => {
    const weight: Hand = { weight: 2, reason: '' };
    const planned: Hand = { ...drain, from: now + 60 * second, until: now + 90 * second };
    const down: Hand = { state: 'down', reason: '' };
    assert.deepEqual(lay([weight], drain, now), [weight, drain]);
    assert.deepEqual(lay([weight, drain, planned], down, now), [weight, down]);
    const short = { ...down, until: now + 10 * second };
    assert.deepEqual(lay([planned], short, now), [planned, short]);
    assert.deepEqual(lay([down], planned, now), [{ ...down, until: planned.from }, planned]);
    assert.deepEqual(lay([weight], { weight: 3, reason: 'x' }, now), [{ weight: 3, reason: 'x' }]);
  });

  test('the countdown: no cached answer outlives the time, whenever it is given', () => {
    for (const ttl of [1, 5, 60, 3600, 86_400]) {
      const leavesAt = now + (ttl + 20) * second;
      const pool = poolOf(three, { answers: 1, ttl: { stable: ttl, unsettled: 5, rrset: {} } });
      const hands = { c: [{ ...drain, from: leavesAt }] };
      let at = now;
      let steps = 0;
      for (; at < leavesAt; steps++) {
        const state = poolState(pool, healthFrom({}), by(hands, at));
        const [choice] = choosePool(pool, healthFrom({}), by(hands, at));
        const { changesAt } = state;
        assert.ok(changesAt !== undefined && changesAt > at, `ttl ${ttl}: stands still at ${leavesAt - at}`);
        for (const set of choice!.sets) {
          const isLeaving = set.members.includes(2);
          const given = set.ttl ?? choice!.ttl;
          if (!isLeaving) assert.equal(given, ttl);
          // Given until a publication after changesAt is in service.
          else {
            const outlives = changesAt + given * 1000 > leavesAt;
            assert.ok(!outlives || changesAt === leavesAt, `ttl ${given} at -${leavesAt - at} ms`);
          }
        }
        at = changesAt;
      }
      assert.equal(at, leavesAt);
      assert.ok(steps <= 3 + Math.min(ttl, 32 + 32 * Math.log2(Math.max(1, ttl / 32))), `${steps} steps`);
    }
    assert.equal(countdownTtl(now + handMarginMs + 10 * second, now), 9);
    assert.equal(countdownTtl(now + handMarginMs + 9001, now), 9);
    assert.equal(countdownTtl(now, now), 0);
    assert.equal(countdownStep(now + handMarginMs, 3), now - 3 * second);
  });

  test('only what is given is counted down, and only for an end that takes it out', () => {
    const pool = poolOf(three, { answers: 1 });
    const soon = now + 10 * second;
    const ttls = (states: Readonly<Record<string, string>>, hand: Hand) =>
      choosePool(pool, healthFrom(states), by({ c: [hand] }))[0]!.sets.map(({ ttl }) => ttl);
    const left = 9;
    assert.deepEqual(ttls({}, { ...drain, from: soon }), [undefined, undefined, left]);
    assert.deepEqual(ttls({}, { state: 'down', reason: '', from: soon }), [undefined, undefined, left]);
    assert.deepEqual(ttls({}, { weight: 0, reason: '', from: soon }), [undefined, undefined, left]);
    assert.deepEqual(ttls({ '192.0.2.3': 'down' }, { ...drain, from: soon }), [undefined, undefined]);
    assert.deepEqual(ttls({}, { ...drain, until: soon }), [undefined, undefined]);
    const up: Hand = { state: 'up', reason: '', until: soon };
    assert.deepEqual(ttls({ '192.0.2.3': 'down' }, up), [undefined, undefined, left]);
    assert.deepEqual(ttls({}, up), [undefined, undefined, undefined]);
  });

  test('a standby that was weighted for a time is counted down to its end, and one in need, too', () => {
    const soon = now + 10 * second;
    const pool = poolOf(['a 1 192.0.2.1', 's 0 192.0.2.2'], { answers: 1 });
    const ttls = (states: Readonly<Record<string, string>>, hand: Hand) =>
      choosePool(pool, healthFrom(states), by({ s: [hand] }))[0]!.sets.map(({ ttl }) => ttl);
    assert.deepEqual(ttls({}, { weight: 1, reason: '', until: soon }), [undefined, 9]);
    assert.deepEqual(ttls({}, { weight: 1, reason: '', from: soon }), [undefined]);
    const stable = { stable: 60, unsettled: 60, rrset: {} };
    const needed = choosePool(
      { ...pool, ttl: stable },
      healthFrom({ '192.0.2.1': 'down' }),
      by({ s: [{ ...drain, from: soon }] }),
    );
    assert.deepEqual(
      needed[0]!.sets.map(({ ttl }) => ttl),
      [9],
    );
    const weighed = { ...pool, ttl: stable, members: pool.members.map((one) => ({ ...one, weight: 1 })) };
    const hands: Hand[] = [
      { weight: 0, reason: '' },
      { ...drain, from: soon },
    ];
    const byHand = choosePool(weighed, healthFrom({ '192.0.2.1': 'down' }), by({ s: hands }));
    assert.deepEqual(
      byHand[0]!.sets.map(({ ttl }) => ttl),
      [9],
    );
  });

  test('health that changes by itself is heard of, the past is not', () => {
    const pool = poolOf(three);
    const at = (changesAt: number) =>
      poolState(pool, part({ '192.0.2.1': { verdict: 'up', settled: true, changesAt } }), { now }).changesAt;
    assert.deepEqual([at(now + 6000), at(now), at(now - 1)], [now + 6000, undefined, undefined]);
  });

  test('equal keys stand for equal choices', () => {
    const random = randomFrom(11);
    const pool = poolOf([...three, 'd 1 192.0.2.4!'], { answers: 2 });
    const choices = new Map<string, string>();
    const verdicts: Health['verdict'][] = ['up', 'down', 'degraded', 'unknown'];
    for (let run = 0; run < 3000; run++) {
      const health: Record<string, Health> = {};
      for (const { addresses } of pool.members) {
        const verdict = random.pick(verdicts);
        const settled = random.pick([true, false]);
        health[addresses[0]!.text] = { verdict, settled, part: random.pick([1, 1, 0.5, 0]) };
      }
      const hand: Hand = {
        ...random.pick([{ state: 'up' }, { state: 'down' }, { weight: 2 }] as const),
        reason: random.pick(['', 'x']),
        ...random.pick([{ by: 'alice' }, {}]),
        ...random.pick([{}, { from: now + 9 * second }, { until: now + 9 * second }]),
      };
      const moment = by({ [random.pick(['a', 'b', 'd'])]: [hand] });
      const key = stateKey(poolState(pool, part(health), moment));
      const made = JSON.stringify(choosePool(pool, part(health), moment));
      assert.equal(choices.get(key) ?? made, made, key);
      choices.set(key, made);
    }
    assert.ok(choices.size > 500);
  });
});

test('who, what and why in words', () => {
  assert.equal(handText(drain), 'drained by alice: kernel update');
  assert.equal(handText({ weight: 2, reason: '' }), 'weight 2 by hand');
});
