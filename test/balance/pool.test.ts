// Who is eligible: the rules of a pool, case by case, and what must hold whatever the weights and the health.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { policies } from '../../src/balance/policies/index.ts';
import { type Address, choosePool, type Pool } from '../../src/balance/pool.ts';
import { healthFrom, healths, outcome, poolOf } from './pools.ts';
import { randomFrom } from './random.ts';

const two = ['a 1 192.0.2.1', 'b 1 192.0.2.2'];
const dual = ['a 1 192.0.2.1 2001:db8::1', 'b 1 192.0.2.2 2001:db8::2'];
const spare = ['a 1 192.0.2.1', 'b 3 192.0.2.2', 's 0 192.0.2.9', 't 0 192.0.2.10'];
const allDown = { '192.0.2.1': 'down', '192.0.2.2': 'down', '2001:db8::1': 'down', '2001:db8::2': 'down' };
const spareDown = { ...allDown, '192.0.2.9': 'down', '192.0.2.10': 'down' };

type Case = [what: string, pool: Pool, states: Readonly<Record<string, string>>, expected: string[]];

const cases: Case[] = [
  ['all up', poolOf(two), {}, ['A sets k 2 ttl 60 neg 5: 192.0.2.1 0.5, 192.0.2.2 0.5']],
  ['one down', poolOf(two), { '192.0.2.1': 'down' }, ['A sets k 1 ttl 5 neg 5: 192.0.2.2 1']],
  ['one down for long', poolOf(two), { '192.0.2.1': 'long down' }, ['A sets k 1 ttl 5 neg 5: 192.0.2.2 1']],
  [
    'one recovering is still down',
    poolOf(two),
    { '192.0.2.1': 'recovering' },
    ['A sets k 1 ttl 5 neg 5: 192.0.2.2 1'],
  ],
  [
    'one failing is still given, with the short TTL',
    poolOf(two),
    { '192.0.2.1': 'failing' },
    ['A sets k 2 ttl 5 neg 5: 192.0.2.1 0.5, 192.0.2.2 0.5'],
  ],
  [
    'not probed yet counts as up',
    poolOf(two),
    { '192.0.2.1': 'unknown', '192.0.2.2': 'down' },
    ['A sets k 1 ttl 5 neg 5: 192.0.2.1 1'],
  ],
  [
    'not checked counts as up',
    poolOf(['a 1 192.0.2.1!', two[1]!]),
    allDown,
    ['A sets k 1 ttl 5 neg 5: 192.0.2.1 1'],
  ],
  [
    'a pool without a check keeps its TTL whatever happens',
    poolOf(['a 1 192.0.2.1!', 'b 1 192.0.2.2!']),
    allDown,
    ['A sets k 2 ttl 60 neg 5: 192.0.2.1 0.5, 192.0.2.2 0.5'],
  ],
  [
    'weights',
    poolOf(['a 3 192.0.2.1', 'b 1 192.0.2.2']),
    {},
    ['A sets k 1 ttl 60 neg 5: 192.0.2.1 0.75, 192.0.2.2 0.25'],
  ],
  [
    'answers by hand',
    poolOf(['a 3 192.0.2.1', 'b 1 192.0.2.2', 'c 1 192.0.2.3'], { answers: 2 }),
    {},
    ['A sets k 2 ttl 60 neg 5: 192.0.2.1 0.5, 192.0.2.2 0.25, 192.0.2.3 0.25'],
  ],
  [
    'answers are no more than those that are up',
    poolOf(two, { answers: 3 }),
    { '192.0.2.2': 'down' },
    ['A sets k 1 ttl 5 neg 5: 192.0.2.1 1'],
  ],
  ['standbys wait', poolOf(spare), {}, ['A sets k 1 ttl 60 neg 5: 192.0.2.1 0.25, 192.0.2.2 0.75']],
  [
    'standbys wait for the last',
    poolOf(spare),
    { '192.0.2.2': 'down' },
    ['A sets k 1 ttl 5 neg 5: 192.0.2.1 1'],
  ],
  [
    'standbys step in, as equals',
    poolOf(spare),
    allDown,
    ['A sets k 2 ttl 5 neg 5: 192.0.2.9 0.5, 192.0.2.10 0.5'],
  ],
  [
    'a standby that is down does not',
    poolOf(spare),
    { ...allDown, '192.0.2.9': 'down' },
    ['A sets k 1 ttl 5 neg 5: 192.0.2.10 1'],
  ],
  [
    'standbys step in for their family alone',
    poolOf(['a 1 192.0.2.1 2001:db8::1', 's 0 192.0.2.9 2001:db8::9']),
    { '2001:db8::1': 'down' },
    ['A sets k 1 ttl 60 neg 5: 192.0.2.1 1', 'AAAA sets k 1 ttl 5 neg 5: 2001:db8::9 1'],
  ],
  [
    'a member counts in each family by its own address',
    poolOf(dual),
    { '2001:db8::1': 'down' },
    ['A sets k 2 ttl 60 neg 5: 192.0.2.1 0.5, 192.0.2.2 0.5', 'AAAA sets k 1 ttl 5 neg 5: 2001:db8::2 1'],
  ],
  [
    'a family with nothing up says so while the other answers',
    poolOf(dual),
    { '2001:db8::1': 'down', '2001:db8::2': 'down' },
    ['A sets k 2 ttl 60 neg 5: 192.0.2.1 0.5, 192.0.2.2 0.5', 'AAAA nodata k 0 ttl 5 neg 5'],
  ],
  [
    'the same the other way round, though the policy is servfail',
    poolOf(dual, { whenAllDown: 'servfail' }),
    { '192.0.2.1': 'down', '192.0.2.2': 'down' },
    ['A nodata k 0 ttl 5 neg 5', 'AAAA sets k 2 ttl 120 neg 5: 2001:db8::1 0.5, 2001:db8::2 0.5'],
  ],
  [
    'all down: all',
    poolOf(dual),
    allDown,
    [
      'A sets k 2 ttl 5 neg 5: 192.0.2.1 0.5, 192.0.2.2 0.5',
      'AAAA sets k 2 ttl 5 neg 5: 2001:db8::1 0.5, 2001:db8::2 0.5',
    ],
  ],
  [
    'all down: all keeps the weights and leaves standbys out',
    poolOf(spare),
    spareDown,
    ['A sets k 1 ttl 5 neg 5: 192.0.2.1 0.25, 192.0.2.2 0.75'],
  ],
  [
    'all down: all of a pool of standbys',
    poolOf(['s 0 192.0.2.9', 't 0 192.0.2.10']),
    spareDown,
    ['A sets k 2 ttl 5 neg 5: 192.0.2.9 0.5, 192.0.2.10 0.5'],
  ],
  [
    'all down: none',
    poolOf(dual, { whenAllDown: 'none' }),
    allDown,
    ['A nodata k 0 ttl 5 neg 5', 'AAAA nodata k 0 ttl 5 neg 5'],
  ],
  [
    'all down: servfail',
    poolOf(dual, { whenAllDown: 'servfail' }),
    allDown,
    ['A servfail k 0 ttl 5 neg 5', 'AAAA servfail k 0 ttl 5 neg 5'],
  ],
  [
    'all down: a list, NODATA in the family where it has no address',
    poolOf(['a 1 192.0.2.1 2001:db8::1', 'b 1 192.0.2.2'], { whenAllDown: ['b'] }),
    allDown,
    ['A sets k 1 ttl 5 neg 5: 192.0.2.2 1', 'AAAA nodata k 0 ttl 5 neg 5'],
  ],
  [
    'all down: a list may name standbys',
    poolOf(spare, { whenAllDown: ['a', 's'] }),
    spareDown,
    ['A sets k 2 ttl 5 neg 5: 192.0.2.1 0.5, 192.0.2.9 0.5'],
  ],
  [
    'TTLs by hand, and the lower counts as unsettled',
    poolOf(two, { ttl: { stable: 3, unsettled: 5, rrset: { 1: 60 } } }),
    { '192.0.2.1': 'down' },
    ['A sets k 1 ttl 3 neg 3: 192.0.2.2 1'],
  ],
  [
    'a stable TTL of its own goes before that of the RRset',
    poolOf(two, { ttl: { stable: 30, unsettled: 5, rrset: { 1: 60 } } }),
    {},
    ['A sets k 2 ttl 30 neg 5: 192.0.2.1 0.5, 192.0.2.2 0.5'],
  ],
  [
    'two addresses of a member in one family are entries with its weight each',
    poolOf(['a 1 192.0.2.1 192.0.2.2', 'b 2 192.0.2.3'], { answers: 1 }),
    {},
    ['A sets k 1 ttl 60 neg 5: 192.0.2.1 0.25, 192.0.2.2 0.25, 192.0.2.3 0.5'],
  ],
  ['a pool without addresses', poolOf([]), {}, []],
];

describe('the rules of a pool', () => {
  for (const [what, pool, states, expected] of cases) {
    test(what, () => assert.deepEqual(outcome(pool, states), expected));
  }
});

describe('why an address is given or not', () => {
  const why = (pool: Pool, states: Readonly<Record<string, string>>) =>
    choosePool(pool, healthFrom(states)).flatMap(({ standings }) =>
      standings.map(({ member, eligible, why }) => `${member} ${eligible ? 'in' : 'out'}: ${why}`),
    );
  const pool = poolOf(['a 1 192.0.2.1', 'b 1 192.0.2.2', 'c 1 192.0.2.3!', 's 0 192.0.2.9']);
  const checked = poolOf(['a 1 192.0.2.1', 's 0 192.0.2.9']);
  const checkedDown = { '192.0.2.1': 'down', '192.0.2.9': 'down' };

  test('while there is something to give', () => {
    assert.deepEqual(why(pool, { '192.0.2.1': 'down', '192.0.2.2': 'failing' }), [
      'a out: down',
      'b in: up, in doubt',
      'c in: up, not checked',
      's out: standby, not needed',
    ]);
    assert.deepEqual(why(pool, { '192.0.2.1': 'unknown', '192.0.2.9': 'down' }), [
      'a in: up, not probed yet',
      'b in: up',
      'c in: up, not checked',
      's out: standby, down',
    ]);
    assert.deepEqual(why(checked, { '192.0.2.1': 'down' }), ['a out: down', 's in: up, standby in use']);
  });

  test('when all are down', () => {
    const said = (whenAllDown: Pool['whenAllDown']) => why({ ...checked, whenAllDown }, checkedDown);
    assert.deepEqual(said('all'), ['a in: down, but all are (when-all-down: all)', 's out: standby, down']);
    assert.deepEqual(said(['s']), [
      'a out: down, not listed in when-all-down',
      's in: down, but listed in when-all-down',
    ]);
    assert.deepEqual(said('none'), [
      'a out: down, as all are (when-all-down: none)',
      's out: down, as all are (when-all-down: none)',
    ]);
    assert.equal(said('servfail')[0], 'a out: down, as all are (when-all-down: servfail)');
    const other = why(poolOf(['a 1 192.0.2.1 2001:db8::1']), { '192.0.2.1': 'down' });
    assert.deepEqual(other, ['a out: down; the other family answers', 'a in: up']);
  });
});

test('whatever weights and health: only the eligible are given, and the shares are theirs', () => {
  const random = randomFrom(4);
  const states = Object.keys(healths);
  for (let run = 0; run < 2000; run++) {
    const count = random.below(7) + 1;
    const lines = Array.from({ length: count }, (_, i) => {
      const addresses = [`192.0.2.${i}`, `2001:db8::${i}`, `192.0.2.${i} 2001:db8::${i}`, `192.0.2.${i}!`];
      const where = random.pick(['', '', '/2', '/3', '@x', '/2@x', '@y']) + random.pick(['', '~eu', '~us']);
      return `m${i} ${random.below(4)}${where} ${random.pick(addresses)}`;
    });
    const whenAllDown = random.pick(['all', 'none', 'servfail', ['m0']] as const);
    const pool = poolOf(lines, {
      whenAllDown,
      policy:
        run % 40 === 0 ? 'sticky' : random.pick(Object.keys(policies).filter((one) => one !== 'sticky')),
      answers: random.pick(['auto', 1, 2, 9] as const),
      spread: random.pick(['none', 'group', 'one-group'] as const),
      places: [
        { place: 'eu', order: ['eu', 'us'] },
        { place: 'asia', order: ['asia', 'us'] },
        { place: '', order: random.pick([[], ['us']]) },
      ],
      trickle: random.pick([0, 0.05, 0.5]),
    });
    const health: Record<string, string> = {};
    for (const { addresses } of pool.members) {
      for (const { text } of addresses) health[text] = random.pick(states);
    }
    const healthOf = healthFrom(health);
    const isUp = ({ endpoint }: Address) => endpoint === undefined || healthOf(endpoint).verdict !== 'down';
    const nothingIsUp = pool.members.every(({ addresses }) => !addresses.some(isUp));
    for (const choice of choosePool(pool, healthOf)) {
      const at = `run ${run}: ${lines.join('; ')} ${JSON.stringify(health)}`;
      const upHere = choice.addresses.filter(isUp);
      assert.equal(choice.standings.length, choice.addresses.length, at);
      assert.equal(choice.mode === 'sets', choice.sets.length > 0, at);
      if (upHere.length > 0) assert.equal(choice.mode, 'sets', at);
      else if (!nothingIsUp) assert.equal(choice.mode, 'nodata', at);
      const wholes =
        choice.pick.by === 'place'
          ? choice.pick.places.map(({ first, count }) => choice.sets.slice(first, first + count))
          : [choice.sets];
      for (const sets of wholes) {
        const total = sets.reduce((sum, { share }) => sum + share, 0);
        if (choice.mode === 'sets') assert.ok(Math.abs(total - 1) < 1e-12, at);
        if (pool.policy !== 'sticky') assert.ok(sets.length <= choice.addresses.length, at);
      }
      for (const { members, share } of choice.sets) {
        assert.ok(share > 0 && members.length > 0 && members.length <= choice.answers, at);
        for (const member of members) {
          assert.ok(choice.standings[member]!.eligible, at);
          if (!nothingIsUp) assert.ok(isUp(choice.addresses[member]!), at);
        }
      }
      const given = choice.standings.reduce((sum, { share }) => sum + share, 0);
      assert.ok(Math.abs(given - (choice.mode === 'sets' ? 1 : 0)) < 1e-12, at);
      for (const { eligible, share } of choice.standings) {
        if (choice.pick.by === 'place') assert.ok(eligible || share === 0, at);
        else assert.equal(eligible, share > 0, at);
      }
    }
  }
});

test('a policy that nobody has is a mistake of ours; every policy says what it does', () => {
  assert.throws(() => choosePool(poolOf(two, { policy: 'toString' }), healthFrom({})));
  for (const { what } of Object.values(policies)) assert.match(what, /^\w.+\w$/);
});

test('a thousand members are chosen from without growing pains', () => {
  const lines = Array.from({ length: 1000 }, (_, i) => `m${i} ${(i % 9) + 1} 10.0.${i >> 8}.${i & 255}`);
  const [choice] = choosePool(poolOf(lines), healthFrom({}));
  assert.equal(choice!.answers, 4);
  assert.ok(choice!.sets.length <= 1000);
});
