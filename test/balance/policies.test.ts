// The policies: shares as drawn over a million responses, what a withdrawal leaves as it was, how tiers and
// groups behave, and what each says of it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { policies } from '../../src/balance/policies/index.ts';
import type { Candidate, PolicySettings } from '../../src/balance/policies/policy.ts';
import { autoAnswers, bounds, givenShares, groupedSets } from '../../src/balance/sets.ts';
import { allAnswersMax, poolSizeMax, weightMax, weightScale } from '../../src/limits.ts';
import { candidatesOf, drawn, settings, vectors } from './candidates.ts';
import { randomFrom } from './random.ts';

const close = (a: number, b: number, within = 1e-12) => Math.abs(a - b) <= within;

/** Pools of these weights under each policy, with tiers and with groups. */
const kinds: [name: string, policy: keyof typeof policies, change: Partial<PolicySettings>][] = [
  ['weighted', 'weighted', {}],
  ['weighted, one of a group', 'weighted', { spread: 'group' }],
  ['failover with a trickle', 'failover', { trickle: 0.05 }],
  ['failover with a trickle, one of a group', 'failover', { trickle: 0.125, spread: 'group' }],
  ['weighted, all of one group', 'weighted', { spread: 'one-group' }],
  ['failover with a trickle, all of one group', 'failover', { trickle: 0.125, spread: 'one-group' }],
  ['all', 'all', {}],
  ['all, all of one group', 'all', { spread: 'one-group' }],
  ['all, one of a group', 'all', { spread: 'group' }],
];

function poolOf(weights: readonly number[], withTiers: boolean, withGroups: boolean): Candidate[] {
  const lines = weights.map((weight, i) => {
    const group = withGroups && i % 4 !== 3 ? `@g${i % 3}` : '';
    return `m${i} ${weight}${withTiers ? `/${(i % 2) + 1}` : ''}${group}`;
  });
  return candidatesOf(...lines);
}

describe('over a million responses every member is within 0.1 percentage points of its share', () => {
  for (const [name, policy, change] of kinds) {
    test(name, () => {
      for (const [run, weights] of vectors().entries()) {
        for (const answers of [1, 2, 3, 4]) {
          const at = `${weights.join(':')} k ${answers}`;
          const candidates = poolOf(weights, policy === 'failover', change.spread !== undefined);
          const { sets } = policies[policy].choose(candidates, { ...settings, ...change, answers });
          const shares = givenShares(sets, weights.length);
          const seen = drawn(
            sets.map(({ members }) => members),
            bounds(sets),
            weights.length,
            run * 7919,
          );
          for (const [member, share] of shares.entries()) {
            assert.ok(close(seen[member]!, share, 0.001), `${at}: m${member} ${seen[member]} for ${share}`);
          }
        }
      }
    });
  }
});

/** Shares by definition: a domain that k·e >= W holds is in every response, the others by their weights. */
function sharesByDefinition(weights: readonly number[], domains: readonly string[], k: number): number[] {
  const sumOf = (domain: string) =>
    weights.reduce((sum, weight, i) => (domains[i] === domain ? sum + weight : sum), 0);
  let others = [...new Set(domains)];
  const size = Math.min(k, others.length);
  let picks = size;
  const included = new Map<string, number>();
  for (;;) {
    const whole = others.reduce((sum, domain) => sum + sumOf(domain), 0);
    const certain = others.find((domain) => sumOf(domain) * picks >= whole);
    if (certain === undefined || picks === 0) {
      for (const domain of others) included.set(domain, (picks * sumOf(domain)) / whole);
      return weights.map((weight, i) => {
        const domain = domains[i]!;
        return ((weight / sumOf(domain)) * included.get(domain)!) / size;
      });
    }
    included.set(certain, 1);
    picks--;
    others = others.filter((domain) => domain !== certain);
  }
}

describe('one address of a group', () => {
  test('never two of a domain, no more sets than members, and the shares of the definition', () => {
    const random = randomFrom(6);
    for (let run = 0; run < 3000; run++) {
      const n = random.below(12) + 1;
      const largest = random.pick([1, 3, 100, weightMax * weightScale]);
      const weights = Array.from({ length: n }, () => random.below(largest) + 1);
      const domains = weights.map(() => `d${random.below(random.pick([2, 4, 12]))}`);
      const k = random.below(6) + 1;
      const at = `${weights.join(' ')} in ${domains.join(' ')}, k ${k}`;
      const sets = groupedSets(weights, domains, k);
      const size = Math.min(k, new Set(domains).size);
      assert.ok(sets.length <= n, at);
      assert.equal(new Set(sets.map(({ members }) => members.join())).size, sets.length, at);
      for (const { members, share } of sets) {
        assert.ok(share > 0, at);
        assert.equal(members.length, size, at);
        assert.equal(new Set(members.map((member) => domains[member])).size, size, at);
      }
      assert.ok(
        close(
          sets.reduce((sum, { share }) => sum + share, 0),
          1,
        ),
        at,
      );
      const expected = sharesByDefinition(weights, domains, k);
      for (const [member, share] of givenShares(sets, n).entries()) {
        assert.ok(close(share, expected[member]!, 1e-9), `${at}: ${member} ${share} for ${expected[member]}`);
      }
    }
  });

  test('each for itself is what there is without groups', () => {
    const candidates = candidatesOf('a 10', 'b 20', 'c 30', 'd 40');
    const choose = (spread: 'none' | 'group') =>
      policies.weighted.choose(candidates, { ...settings, spread }).sets.map(({ members }) => members.join());
    assert.deepEqual(choose('group'), choose('none'));
  });

  test('auto takes as many as the groups allow to be exact', () => {
    const choose = (...lines: string[]) =>
      policies.weighted.choose(candidatesOf(...lines), { ...settings, spread: 'group' });
    // Two racks of the same weight: two addresses; three members of four in one rack: one.
    assert.equal(choose('a 1@x', 'b 1@y', 'c 1@x', 'd 1@y').sets[0]!.members.length, 2);
    const uneven = choose('a 1@x', 'b 1@x', 'c 1@x', 'd 1');
    assert.equal(uneven.sets[0]!.members.length, autoAnswers([3, 1]));
    for (const share of givenShares(uneven.sets, 4)) assert.ok(close(share, 0.25));
    assert.equal(choose('a 1@x', 'b 1@x', 'c 1@x').sets[0]!.members.length, 1);
  });

  test('the largest pool', () => {
    const random = randomFrom(7);
    const weights = Array.from({ length: poolSizeMax }, () => (random.below(weightMax) + 1) * weightScale);
    for (const groups of [1, 3, 64, poolSizeMax]) {
      const domains = weights.map((_, i) => `d${i % groups}`);
      for (const k of [1, 4, 40]) {
        const sets = groupedSets(weights, domains, k);
        assert.ok(sets.length <= poolSizeMax);
        const expected = sharesByDefinition(weights, domains, k).slice(0, 20);
        const given = givenShares(sets, poolSizeMax);
        for (const [member, share] of expected.entries()) assert.ok(close(given[member]!, share, 1e-9));
        if (groups === poolSizeMax) break; // the definition is slow with as many domains
      }
    }
  });
});

describe('all addresses of one group', () => {
  const shares = (lines: readonly string[], answers: 'auto' | number) => {
    const { sets } = policies.weighted.choose(candidatesOf(...lines), {
      ...settings,
      answers,
      spread: 'one-group',
    });
    const groups = sets.map(({ members }) => [
      ...new Set(members.map((member) => lines[member]!.split('@')[1])),
    ]);
    assert.ok(groups.every((names) => names.length === 1));
    return { sets, given: givenShares(sets, lines.length) };
  };

  test('a group has the sum of its weights, and as many of its members as are asked for', () => {
    const { sets, given } = shares(['a 1@x', 'b 1@x', 'c 1@x', 'd 2@y', 'e 1@y'], 2);
    assert.deepEqual(new Set(sets.map(({ members }) => members.length)), new Set([2]));
    for (const [i, weight] of [1, 1, 1].entries()) assert.ok(close(given[i]!, weight / 6));
    assert.ok(close(given[3]! + given[4]!, 0.5));
  });

  test('auto is exact in each group by itself', () => {
    const weights = [5, 5, 5, 5, 3, 1, 1, 7];
    const groups = ['x', 'x', 'x', 'x', 'y', 'y', 'y', 'z'];
    const lines = weights.map((weight, i) => `m${i} ${weight}@${groups[i]}`);
    const { sets, given } = shares(lines, 'auto');
    for (const [i, weight] of weights.entries()) assert.ok(close(given[i]!, weight / 32), `${given}`);
    const sizes = Object.fromEntries(sets.map(({ members }) => [groups[members[0]!], members.length]));
    assert.deepEqual(sizes, { x: 4, y: 1, z: 1 });
  });

  test('whatever weights: no set twice, none of two groups, and the shares of groups', () => {
    const random = randomFrom(9);
    for (let run = 0; run < 500; run++) {
      const n = random.below(9) + 1;
      const lines = Array.from({ length: n }, (_, i) => `m${i} ${random.below(50) + 1}@g${random.below(4)}`);
      const { sets, given } = shares(lines, random.below(4) + 1);
      assert.equal(new Set(sets.map(({ members }) => members.join())).size, sets.length);
      assert.ok(
        close(
          given.reduce((sum, share) => sum + share, 0),
          1,
        ),
      );
      const whole = lines.reduce((sum, line) => sum + Number(line.split(/[ @]/)[1]), 0);
      for (const group of ['g0', 'g1', 'g2', 'g3']) {
        const members = lines.flatMap((line, i) => (line.endsWith(group) ? [i] : []));
        const part = members.reduce((sum, i) => sum + Number(lines[i]!.split(/[ @]/)[1]), 0) / whole;
        assert.ok(
          close(
            members.reduce((sum, i) => sum + given[i]!, 0),
            part,
          ),
        );
      }
    }
  });
});

test('after any withdrawal the rest keep their ratios, where the weights can be exact', () => {
  const random = randomFrom(8);
  for (let run = 0; run < 500; run++) {
    const n = random.below(7) + 2;
    const weights = Array.from({ length: n }, () => random.below(20) + 1);
    const gone = random.below(n);
    for (const [name, policy, change] of kinds) {
      if (policy === 'all') continue; // gives all the same, see below
      const before = poolOf(weights, policy === 'failover', change.spread !== undefined);
      const after = before.map((candidate, i) => (i === gone ? { ...candidate, isUp: false } : candidate));
      const chosen = { ...settings, ...change, answers: 1 } as const;
      const sharesOf = (candidates: readonly Candidate[]) =>
        givenShares(policies[policy].choose(candidates, chosen).sets, n);
      const [was, is] = [sharesOf(before), sharesOf(after)];
      assert.equal(is[gone], 0);
      const at = `${name}: ${weights.join(':')} without ${gone}: ${was} then ${is}`;
      // Within a tier: when it has nobody left, the next one takes its place.
      const tier = (member: number) => before[member]!.tier;
      for (let a = 0; a < n; a++) {
        for (let b = 0; b < a; b++) {
          if (a === gone || b === gone || tier(a) !== tier(b)) continue;
          assert.ok(close(is[a]! * was[b]!, is[b]! * was[a]!), at);
        }
      }
      assert.ok(
        close(
          is.reduce((sum, share) => sum + share, 0),
          1,
        ),
        at,
      );
    }
  }
});

describe('all', () => {
  const choose = (lines: readonly string[], change: Partial<PolicySettings> = {}) =>
    policies.all.choose(candidatesOf(...lines), { ...settings, ...change });

  test('every member that is up in one set, with equal shares whatever the weights', () => {
    const { sets, wanted } = choose(['a 5', 'b 1', 'c 1!', 'd 2', 's 0']);
    assert.deepEqual(sets, [{ members: [0, 1, 3], share: 1 }]);
    assert.deepEqual(wanted, [5 / 8, 1 / 8, 0, 2 / 8, 0]);
    assert.deepEqual(choose(['a 5!', 's 0', 't 0']).sets, [{ members: [1, 2], share: 1 }]);
    assert.deepEqual(choose(['a 5!']).sets, []);
  });

  test('at the limit, one past it, and above it by hand', () => {
    const lines = (n: number) => Array.from({ length: n }, (_, i) => `m${i} 1`);
    assert.equal(choose(lines(allAnswersMax)).sets.length, 1);
    const past = choose(lines(allAnswersMax + 1)).sets;
    assert.ok(past.every(({ members }) => members.length === allAnswersMax));
    for (const share of givenShares(past, allAnswersMax + 1))
      assert.ok(close(share, 1 / (allAnswersMax + 1)));
    assert.equal(choose(lines(40), { answers: 40 }).sets[0]!.members.length, 40);
    assert.equal(choose(lines(40), { answers: 3 }).sets[0]!.members.length, 3);
  });
});

describe('failover', () => {
  const choose = (lines: readonly string[], change: Partial<PolicySettings> = {}) =>
    policies.failover.choose(candidatesOf(...lines), { ...settings, answers: 1, ...change });
  const shares = (lines: readonly string[], change: Partial<PolicySettings> = {}) =>
    givenShares(choose(lines, change).sets, lines.length).map((share) => Number(share.toFixed(6)));
  const three = ['a 3/1', 'b 1/1', 'c 1/2', 'd 4/2', 'e 1/5'];
  const down = (...names: string[]) => three.map((line) => (names.includes(line[0]!) ? `${line}!` : line));

  test('the first tier with a member up, each by its own weights', () => {
    assert.deepEqual(shares(three), [0.75, 0.25, 0, 0, 0]);
    assert.deepEqual(shares(down('a')), [0, 1, 0, 0, 0]);
    assert.deepEqual(shares(down('a', 'b')), [0, 0, 0.2, 0.8, 0]);
    assert.deepEqual(shares(down('a', 'b', 'c', 'd')), [0, 0, 0, 0, 1]);
    assert.deepEqual(shares(down('a', 'b', 'c', 'd', 'e')), [0, 0, 0, 0, 0]);
  });

  test('a tier below min-up is passed over; members count, not addresses', () => {
    assert.deepEqual(shares(down('a'), { minUp: 2 }), [0, 0, 0.2, 0.8, 0]);
    assert.deepEqual(choose(down('a', 'c'), { minUp: 2 }).sets, []);
    assert.deepEqual(shares(['a 1/1', 'a 1/1', 'b 1/2', 'c 1/2'], { minUp: 2 }), [0, 0, 0.5, 0.5]);
  });

  test('the trickle is for the next healthy tier, and stays where there is none', () => {
    const trickle = { trickle: 0.05 };
    assert.deepEqual(shares(three, trickle), [0.7125, 0.2375, 0.01, 0.04, 0]);
    assert.deepEqual(shares(down('c', 'd'), trickle), [0.7125, 0.2375, 0, 0, 0.05]);
    assert.deepEqual(shares(down('c', 'd', 'e'), trickle), [0.75, 0.25, 0, 0, 0]);
    assert.deepEqual(shares(down('a', 'b', 'c'), trickle), [0, 0, 0, 0.95, 0.05]);
    const { wanted } = choose(three, trickle);
    assert.deepEqual(
      wanted.map((part) => Number(part.toFixed(6))),
      shares(three, trickle),
    );
  });

  test('a standby serves its tier where nothing else of the tier is up, and counts for min-up then', () => {
    const lines = ['a 1/1', 's 0/1', 'b 1/2'];
    assert.deepEqual(shares(lines), [1, 0, 0]);
    assert.deepEqual(shares(['a 1/1!', ...lines.slice(1)]), [0, 1, 0]);
    assert.deepEqual(shares(['a 1/1!', 's 0/1!', 'b 1/2']), [0, 0, 1]);
    assert.deepEqual(shares(['a 1/1', 's 0/1', 'b 1/2', 'c 1/2'], { minUp: 2 }), [0, 0, 0.5, 0.5]);
    assert.deepEqual(shares(['a 1/1!', 's 0/1', 't 0/1', 'b 1/2'], { minUp: 2 }), [0, 0.5, 0.5, 0]);
  });

  test('with one tier it is weighted', () => {
    const lines = ['a 3', 'b 1!', 'c 2', 's 0'];
    const { sets, wanted, notes, remarks } = policies.weighted.choose(candidatesOf(...lines), settings);
    assert.deepEqual(choose(lines, { answers: 'auto' }), { sets, wanted, notes, remarks, alarms: [] });
  });

  test('it says of each tier what it does, and why', () => {
    const said = (lines: readonly string[], change: Partial<PolicySettings> = {}) => {
      const { notes, remarks } = choose(lines, change);
      return { notes, remarks };
    };
    assert.deepEqual(said(down('a', 'b'), { trickle: 0.025 }), {
      notes: [
        'tier 1 fails',
        'tier 1 fails',
        'tier 2 in use',
        'tier 2 in use',
        'tier 5 gets a trickle of 2.5 %',
      ],
      remarks: [
        'tier 1: 0 of 2 up, fails',
        'tier 2: 2 of 2 up, in use',
        'tier 5: 1 of 1 up, gets a trickle of 2.5 %',
      ],
    });
    assert.deepEqual(said(['a 1/1', 'b 1/1!', 'c 1/2', 'd 1/2', 'e 1/3', 'f 1/3'], { minUp: 2 }).remarks, [
      'tier 1: 1 of 2 up, fails: min-up is 2',
      'tier 2: 2 of 2 up, in use',
      'tier 3: 2 of 2 up, not needed',
    ]);
    assert.deepEqual(said(['a 1/1!', 's 0/1', 'b 1/2']), {
      notes: ['', 'standby in use', 'tier 2 not needed'],
      remarks: ['tier 1: 1 of 1 standbys up, in use', 'tier 2: 1 of 1 up, not needed'],
    });
    assert.deepEqual(choose(down('a', 'b')).alarms, ['tier 1: 0 of 2 up, fails']);
    assert.deepEqual(choose(down()).alarms, []);
    assert.deepEqual(said(['a 1!'], { minUp: 2 }).remarks, ['tier 1: 0 of 1 up, fails: min-up is 2']);
  });
});
