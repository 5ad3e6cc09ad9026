// Tiers, groups and health together: what a pool is answered with, and why.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { choosePool, type Pool } from '../../src/balance/pool.ts';
import type { Moment } from '../../src/balance/state.ts';
import { healthFrom, outcome, poolOf } from './pools.ts';
import { randomFrom } from './random.ts';

describe('tiers and health', () => {
  const pool = poolOf(['a 1/1 192.0.2.1', 'b 1/1 192.0.2.2', 'c 1/2 192.0.2.3', 'd 0/2 192.0.2.4'], {
    policy: 'failover',
    answers: 1,
  });
  const why = (change: Partial<Pool>, ...downs: number[]) => {
    const states = Object.fromEntries(downs.map((last) => [`192.0.2.${last}`, 'down']));
    return choosePool({ ...pool, ...change }, healthFrom(states)).flatMap(({ mode, standings, remarks }) => [
      mode,
      ...standings.map(({ member, eligible, why }) => `${member} ${eligible ? 'in' : 'out'}: ${why}`),
      ...remarks,
    ]);
  };

  test('what is in use, and why the rest is not', () => {
    assert.deepEqual(why({}, 1), [
      'sets',
      'a out: down',
      'b in: up',
      'c out: tier 2 not needed',
      'd out: tier 2 not needed',
      'tier 1: 1 of 2 up, in use',
      'tier 2: 1 of 1 up, not needed',
    ]);
    assert.deepEqual(why({}, 1, 2), [
      'sets',
      'a out: down',
      'b out: down',
      'c in: up, tier 2 in use',
      'd out: standby, not needed',
      'tier 1: 0 of 2 up, fails',
      'tier 2: 1 of 1 up, in use',
    ]);
  });

  test('too few are up: they are given, or when-all-down says something else', () => {
    const down = [1, 3, 4];
    assert.deepEqual(why({ minUp: 2 }, ...down), [
      'sets',
      'a out: down',
      'b in: up, tier 1 fails: min-up is 2',
      'c out: down',
      'd out: standby, down',
      'tier 1: 1 of 2 up, fails: min-up is 2',
      'tier 2: 0 of 1 up, fails: min-up is 2',
    ]);
    assert.deepEqual(why({ minUp: 2, whenAllDown: 'none' }, ...down).slice(0, 3), [
      'nodata',
      'a out: down, and too few are up (when-all-down: none)',
      'b out: tier 1 fails: min-up is 2',
    ]);
    assert.deepEqual(why({ minUp: 2, whenAllDown: ['b', 'd'] }, ...down).slice(0, 5), [
      'sets',
      'a out: down, not listed in when-all-down',
      'b in: up, tier 1 fails: min-up is 2',
      'c out: down, not listed in when-all-down',
      'd in: down, but listed in when-all-down',
    ]);
  });

  test('no dead member is given while one is up, drained or not', () => {
    const random = randomFrom(12);
    for (let run = 0; run < 2000; run++) {
      const count = random.below(6) + 1;
      const addressOf = (i: number) => random.pick([`192.0.2.${i}`, `192.0.2.${i} 2001:db8::${i}`]);
      const lines = Array.from({ length: count }, (_, i) => {
        return `m${i} ${random.below(3)}/${random.below(3) + 1} ${addressOf(i)}`;
      });
      const some = poolOf(lines, { policy: 'failover', minUp: random.below(4) + 1 });
      const texts = some.members.flatMap(({ addresses }) => addresses.map(({ text }) => text));
      const dead = texts.filter(() => random.below(3) > 0);
      const drained = texts.filter(() => random.below(4) === 0);
      const moment: Moment = {
        handOf: (_, _member, text) => (drained.includes(text) ? [{ state: 'drain', reason: '' }] : []),
        now: 0,
      };
      if (dead.length === texts.length) continue;
      const choices = choosePool(
        some,
        healthFrom(Object.fromEntries(dead.map((one) => [one, 'down']))),
        moment,
      );
      const given = choices.flatMap(({ standings }) => standings.filter(({ eligible }) => eligible));
      const at = `${lines.join('; ')} min-up ${some.minUp}, dead ${dead}, drained ${drained}`;
      assert.ok(given.length > 0, at);
      for (const { address } of given) assert.ok(!dead.includes(address), `${at}: ${address}`);
    }
  });

  test('tiers are judged in each family, and one that has a healthy tier answers for both', () => {
    const dual = poolOf(['a 1/1 192.0.2.1 2001:db8::1', 'b 1/1 192.0.2.2', 'c 1/2 192.0.2.3'], {
      policy: 'failover',
      minUp: 2,
      whenAllDown: 'servfail',
    });
    assert.deepEqual(outcome(dual, {}), [
      'A sets k 2 ttl 60 neg 5: 192.0.2.1 0.5, 192.0.2.2 0.5',
      'AAAA nodata k 0 ttl 120 neg 5',
    ]);
    assert.deepEqual(outcome(dual, { '192.0.2.1': 'down' }), [
      'A servfail k 0 ttl 5 neg 5',
      'AAAA servfail k 0 ttl 120 neg 5',
    ]);
  });

  test('what the weights ask for stands beside what is given', () => {
    const [choice] = choosePool(
      poolOf(['a 3 192.0.2.1', 'b 1 192.0.2.2'], { policy: 'all' }),
      healthFrom({}),
    );
    const shares = choice!.standings.map(({ share, wanted }) => [share, wanted]);
    assert.deepEqual(shares, [
      [0.5, 0.75],
      [0.5, 0.25],
    ]);
  });

  test('two addresses of one member are one domain, and a group holds several', () => {
    const lines = ['a 1 192.0.2.1 192.0.2.2', 'b 1@x 192.0.2.3', 'c 1@x 192.0.2.4'];
    const [choice] = choosePool(poolOf(lines, { spread: 'group' }), healthFrom({}));
    assert.deepEqual(choice!.sets, [
      { members: [0, 2], share: 0.5 },
      { members: [1, 3], share: 0.5 },
    ]);
  });
});
