// nearest: who serves each place, the shares there over a million draws, what happens when everything of a
// place is down, and what is said of it. Which sets a client may get, of every kind of pick.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setsFor } from '../../src/balance/clients.ts';
import { nearest } from '../../src/balance/policies/nearest.ts';
import type { Decision, PolicySettings } from '../../src/balance/policies/policy.ts';
import { choosePool } from '../../src/balance/pool.ts';
import { bounds, givenShares } from '../../src/balance/sets.ts';
import { parseAddressText } from '../../src/wire/literals.ts';
import { candidatesOf, drawn, settings, vectors } from './candidates.ts';
import { healthFrom, poolOf } from './pools.ts';

const places = [
  { place: 'eu', order: ['eu', 'us'] },
  { place: 'us', order: ['us'] },
  { place: 'asia', order: ['asia', 'us', 'eu'] },
  { place: '', order: [] },
];

function choose(lines: readonly string[], change: Partial<PolicySettings> = {}): Decision {
  return nearest.choose(candidatesOf(...lines), { ...settings, answers: 1, places, ...change });
}

/** Shares of each candidate in one place. */
function sharesIn({ sets, pick }: Decision, place: string, n: number): number[] {
  assert.ok(pick?.by === 'place');
  const { first, count } = pick.places.find((one) => one.place === place)!;
  return givenShares(sets.slice(first, first + count), n).map((share) => Number(share.toFixed(6)));
}

const four = ['a 3~eu', 'b 1~eu', 'c 1~us', 'd 1'];
const down = (...names: string[]) => four.map((line) => (names.includes(line[0]!) ? `${line}!` : line));

describe('who serves a place', () => {
  const served = (lines: readonly string[], change: Partial<PolicySettings> = {}) => {
    const decision = choose(lines, change);
    return Object.fromEntries(places.map(({ place }) => [place, sharesIn(decision, place, lines.length)]));
  };

  test('its own members by their weights, else those of the next in its order', () => {
    assert.deepEqual(served(four), {
      eu: [0.75, 0.25, 0, 0],
      us: [0, 0, 1, 0],
      asia: [0, 0, 1, 0],
      '': [0.5, 0.166667, 0.166667, 0.166667],
    });
    assert.deepEqual(served(down('a')).eu, [0, 1, 0, 0]);
    assert.deepEqual(served(down('a', 'b')).eu, [0, 0, 1, 0]);
    assert.deepEqual(served(down('c')).asia, [0.75, 0.25, 0, 0]);
  });

  test('everything that is up where nothing of its order is', () => {
    assert.deepEqual(served(down('c')).us, [0.6, 0.2, 0, 0.2]);
    assert.deepEqual(served(down('a', 'b', 'c')).asia, [0, 0, 0, 1]);
    assert.deepEqual(choose(down('a', 'b', 'c', 'd')).sets, []);
  });

  test('elsewhere has an order where one is said', () => {
    const ordered = places.map((one) => (one.place === '' ? { place: '', order: ['us'] } : one));
    assert.deepEqual(served(four, { places: ordered })[''], [0, 0, 1, 0]);
    assert.deepEqual(choose(four, { places: ordered }).wanted, [0, 0, 1, 0]);
  });

  test('a standby serves its place where nothing else of the place is up', () => {
    const lines = ['a 1~eu', 's 0~eu', 'c 1~us'];
    assert.deepEqual(served(lines).eu, [1, 0, 0]);
    assert.deepEqual(served(['a 1~eu!', ...lines.slice(1)]).eu, [0, 1, 0]);
    assert.deepEqual(served(['a 1~eu!', ...lines.slice(1)])[''], [0, 0, 1]);
  });

  test('places that are served by the same members have the same sets', () => {
    const { sets, pick } = choose(four);
    assert.ok(pick?.by === 'place');
    const firsts = pick.places.map(({ place, first, count }) => `${place} ${first} ${count}`);
    assert.deepEqual(firsts, ['eu 0 2', 'us 2 1', 'asia 2 1', ' 3 4']);
    assert.equal(sets.length, 7);
  });
});

test('over a million responses in each place members are within 0.1 points of their shares', () => {
  for (const [run, weights] of vectors().entries()) {
    for (const answers of [1, 2, 3, 4]) {
      const lines = weights.map((weight, i) => `m${i} ${weight}~${['eu', 'us', 'eu', 'asia'][i % 4]}`);
      const { sets, pick } = choose(lines, { answers });
      assert.ok(pick?.by === 'place');
      const once = new Map(pick.places.map((one) => [one.first, one]));
      for (const { place, first, count } of once.values()) {
        const own = sets.slice(first, first + count);
        const members = own.map((set) => set.members);
        const seen = drawn(members, bounds(own), weights.length, run * 104729);
        for (const [member, share] of givenShares(own, weights.length).entries()) {
          const at = `${weights.join(':')} k ${answers} in ${place}: m${member}`;
          assert.ok(Math.abs(seen[member]! - share) <= 0.001, `${at} ${seen[member]} for ${share}`);
        }
      }
    }
  }
});

test('after a withdrawal the rest of its place keep their ratios, and other places everything', () => {
  const before = choose(['a 3~eu', 'b 2~eu', 'c 1~eu', 'd 1~us']);
  const after = choose(['a 3~eu', 'b 2~eu!', 'c 1~eu', 'd 1~us']);
  assert.deepEqual(sharesIn(before, 'eu', 4), [0.5, 0.333333, 0.166667, 0]);
  assert.deepEqual(sharesIn(after, 'eu', 4), [0.75, 0, 0.25, 0]);
  assert.deepEqual(sharesIn(after, 'us', 4), sharesIn(before, 'us', 4));
});

test('it says who serves each place, and why', () => {
  const { notes, remarks, alarms } = choose(['a 3~eu', 'b 1~eu!', 'c 1~us!', 'd 1', 's 0~eu']);
  assert.deepEqual(alarms, ['us: served by everything that is up: nothing of us is up']);
  assert.deepEqual(remarks, [
    'eu: a 100 % (1 of 2 up)',
    'us: served by everything that is up: nothing of us is up',
    'asia: served by eu: nothing of asia, us is up',
    'elsewhere: served by everything that is up',
  ]);
  assert.deepEqual(
    notes.filter((_, i) => i !== 1 && i !== 2),
    ['serves everybody', 'serves us, elsewhere', 'standby, not needed'],
  );
  const others = choose(['a 1~eu', 'd 1'], { places: [...places.slice(0, 1), { place: '', order: ['eu'] }] });
  assert.deepEqual(others.notes, ['serves everybody', 'serves only where everybody must']);
  assert.deepEqual(others.remarks, ['eu: a 100 % (1 of 1 up)', 'elsewhere: served by eu']);
  const none = choose(['a 1~eu'], { places: [{ place: 'asia', order: ['asia', 'eu'] }, places[3]!] });
  assert.equal(none.remarks[0], 'asia: served by eu: no member is in asia');
  const many = choose(Array.from({ length: 12 }, (_, i) => `m${i} 1~eu`));
  assert.match(many.remarks[0]!, /^eu: m0 8\.3 %, .*m7 8\.3 %, and 4 more \(12 of 12 up\)$/);
});

describe('which sets a client may get', () => {
  const lines = ['a 1~eu 192.0.2.1', 'b 1~eu 192.0.2.2', 'c 1~us 192.0.2.3'];
  const ask = (policy: string, from: string, place = '', states: Record<string, string> = {}) => {
    const pool = poolOf(lines, { policy, answers: 1, places, whenAllDown: 'none' });
    const [choice] = choosePool(pool, healthFrom(states));
    const { sets, reason, ...rest } = setsFor(choice!, { address: parseAddressText(from)!, place });
    const members = sets.flatMap((set) => set.members.map((member) => 'abc'[member]));
    const whole = sets.reduce((sum, { share }) => sum + share, 0);
    return { members: members.join(''), whole, reason, ...rest };
  };

  test('in turn: any', () => {
    const reason = 'in turn, whoever asks';
    const expected = { members: 'abc', whole: 1, reason, bucket: undefined, place: undefined };
    assert.deepEqual(ask('weighted', '198.51.100.1'), expected);
  });

  test('by bucket: one, the same for the network', () => {
    const given = ask('sticky', '198.51.100.1');
    assert.deepEqual(ask('sticky', '198.51.100.254'), given);
    assert.equal(given.whole, 1);
    assert.equal(given.members.length, 1);
    assert.equal(given.reason, `the network 198.51.100.0/24 is in bucket ${given.bucket} of 16384`);
    assert.match(
      ask('sticky', '2001:db8:1:2ff::1').reason,
      /^the network 2001:db8:1:200::\/56 is in bucket /,
    );
  });

  test('by place: those of its place, of elsewhere where that is not known', () => {
    const inEu = ask('nearest', '198.51.100.1', 'eu');
    assert.deepEqual(
      [inEu.members, inEu.whole, inEu.place, inEu.reason],
      ['ab', 1, 'eu', 'the client is in eu'],
    );
    const nowhere = ask('nearest', '198.51.100.1');
    assert.deepEqual([nowhere.members, nowhere.place], ['abc', '']);
    assert.equal(nowhere.reason, 'the client is in no place');
    assert.equal(ask('nearest', '198.51.100.1', 'mars').place, '');
  });

  test('nothing, where there is nothing', () => {
    const states = { '192.0.2.1': 'down', '192.0.2.2': 'down', '192.0.2.3': 'down' };
    for (const policy of ['weighted', 'sticky', 'nearest']) {
      const { members, reason } = ask(policy, '198.51.100.1', 'eu', states);
      assert.deepEqual([members, reason], ['', 'there is nothing to give']);
    }
  });
});
