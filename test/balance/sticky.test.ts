// sticky: quotas are exact, a leaving member moves hardly more than its own clients, a growing one about
// what it grows by; the same on every server, whatever the order; with several addresses each bucket has
// different members, groups kept. Clients are hashed as the server does it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Candidate, PolicySettings } from '../../src/balance/policies/policy.ts';
import { sticky } from '../../src/balance/policies/sticky.ts';
import { weighted } from '../../src/balance/policies/weighted.ts';
import { answerSets, givenShares } from '../../src/balance/sets.ts';
import { stickyBuckets, stickyBucketsOfSeveral, stickySizeMax, weightScale } from '../../src/limits.ts';
import { clientHash } from '../../src/wire/clienthash.ts';
import { candidatesOf, settings, vectors } from './candidates.ts';
import { randomFrom } from './random.ts';

const one = { ...settings, answers: 1 } as const;
const close = (a: number, b: number, within: number) => Math.abs(a - b) <= within;

/** Candidates with these weights, whose names begin with `prefix`. */
function candidatesWith(weights: readonly number[], prefix = 'web'): Candidate[] {
  return candidatesOf(...weights.map((weight, i) => `${prefix}${i} ${weight}`));
}

/** Names of the members of each bucket, joined. */
function buckets(candidates: readonly Candidate[], change: Partial<PolicySettings> = {}): string[] {
  const { sets, pick } = sticky.choose(candidates, { ...one, ...change });
  assert.equal(pick!.by, 'client');
  const names = sets.map(({ members }) =>
    members
      .map((member) => candidates[member]!.member)
      .sort()
      .join(),
  );
  return pick!.by === 'client' ? Array.from(pick!.buckets, (set) => names[set]!) : [];
}

/** Part of the buckets that are given to others. */
function moved(before: readonly string[], after: readonly string[]): number {
  assert.equal(before.length, after.length);
  return before.filter((name, bucket) => name !== after[bucket]).length / before.length;
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, number) => all + number, 0);

describe('one address for each network', () => {
  test('each member has its quota of buckets, to one', () => {
    for (const weights of vectors()) {
      const candidates = candidatesWith(weights);
      const { sets, wanted } = sticky.choose(candidates, one);
      const shares = givenShares(sets, weights.length);
      for (const [member, share] of shares.entries()) {
        const quota = (weights[member]! / sum(weights)) * stickyBuckets;
        assert.ok(close(share * stickyBuckets, quota, 1), `${weights}: m${member} ${share * stickyBuckets}`);
        assert.equal(wanted[member], weights[member]! / sum(weights));
      }
    }
  });

  test('one of n leaving moves at most its own share and one point', () => {
    let worst = 0;
    const others = [10, 24, 40].map((n) => new Array<number>(n).fill(1));
    for (const [run, weights] of [...vectors(), ...others].entries()) {
      if (weights.length === 1) continue;
      const candidates = candidatesWith(weights, `run${run}web`);
      const before = buckets(candidates);
      for (const gone of candidates.keys()) {
        const left = candidates.map((one, i) => (i === gone ? { ...one, isUp: false } : one));
        const extra = moved(before, buckets(left)) - weights[gone]! / sum(weights);
        worst = Math.max(worst, extra);
      }
    }
    assert.ok(worst < 0.01, `${(worst * 100).toFixed(2)} points`);
  });

  test('a weight that grows by so many points moves about as many clients, smoothly', () => {
    const full = candidatesWith([2, 3, 1, 2, 2]);
    let before = buckets(full.map((one, i) => (i === 1 ? { ...one, effective: 0.3 * weightScale } : one)));
    let part = 0.3 / 7.3;
    for (let weight = 0.6; weight <= 3; weight += 0.3) {
      const grown = full.map((one, i) =>
        i === 1 ? { ...one, effective: Math.round(weight * weightScale) } : one,
      );
      const after = buckets(grown);
      const next = weight / (7 + weight);
      const share = after.filter((name) => name === 'web1').length / after.length;
      assert.ok(close(share, next, 1 / stickyBuckets), `${share} for ${next}`);
      assert.ok(moved(before, after) < next - part + 0.01);
      before = after;
      part = next;
    }
  });

  test('the order in which members stand changes nothing, nor what was asked before', () => {
    const lines = ['web1 3', 'web2 2', 'a 1', 'zz 5', 's 0'];
    const first = buckets(candidatesOf(...lines));
    for (const order of [
      [4, 3, 2, 1, 0],
      [2, 0, 4, 1, 3],
    ]) {
      buckets(candidatesWith([1, 2, 3], `other${order.join('')}`));
      assert.deepEqual(buckets(candidatesOf(...order.map((i) => lines[i]!))), first);
    }
  });

  test('what a bucket is given is the same for ever: servers of two versions must agree', () => {
    const given = buckets(candidatesOf('web1 3', 'web2 2', 'web3 1'));
    assert.equal(
      given
        .slice(0, 24)
        .map((name) => name.at(-1))
        .join(''),
      '221121221112211222313322',
    );
    const hash = given.reduce((all, name) => (Math.imul(all, 31) + name.charCodeAt(3)) >>> 0, 0);
    assert.equal(hash, 2809837509);
  });

  test('the lower address of a member is dealt to by its name, another by a name of its own', () => {
    const both = candidatesOf('web1 1', 'web1 1', 'web2 1').map((candidate, i) => {
      return { ...candidate, address: `192.0.2.${3 - i}` };
    });
    const { sets, pick } = sticky.choose(both, one);
    assert.deepEqual(
      givenShares(sets, 3).map((share) => share * stickyBuckets),
      [5462, 5461, 5461],
    );
    const lower = sticky.choose([both[1]!, both[2]!, { ...both[0]!, member: 'web1 192.0.2.3' }], one);
    const indices = [1, 2, 0];
    assert.ok(pick?.by === 'client' && lower.pick?.by === 'client');
    const of = (made: typeof lower, set: number) => made.sets[set]!.members[0]!;
    const given = Array.from(pick.buckets, (set) => of({ ...lower, sets }, set));
    assert.deepEqual(
      Array.from(lower.pick.buckets, (set) => indices[of(lower, set)]!),
      given,
    );
  });

  test('when the lower address of a member leaves, the other one keeps its clients', () => {
    const three = candidatesOf('web1 1', 'web1 1', 'web2 1').map((candidate, i) => {
      return { ...candidate, address: `192.0.2.${i + 1}` };
    });
    const given = (candidates: readonly Candidate[]) => {
      const { sets, pick } = sticky.choose(candidates, one);
      assert.ok(pick?.by === 'client');
      return Array.from(pick.buckets, (set) => String(sets[set]!.members[0]));
    };
    const left = three.map((candidate, i) => (i === 0 ? { ...candidate, isUp: false } : candidate));
    const part = moved(given(three), given(left));
    assert.ok(part < 1 / 3 + 0.01, `${part}`);
  });

  test('standbys wait, and nobody up is nothing to give', () => {
    assert.deepEqual(new Set(buckets(candidatesOf('a 1', 'b 2!', 's 0'))), new Set(['a']));
    assert.deepEqual(new Set(buckets(candidatesOf('a 1!', 'b 2!', 's 0', 't 0'))), new Set(['s', 't']));
    const { sets, wanted } = sticky.choose(candidatesOf('a 1!', 's 0!'), one);
    assert.deepEqual([sets, wanted], [[], [0, 0]]);
  });

  test('the largest pool that can be sticky', () => {
    const candidates = candidatesWith(Array.from({ length: stickySizeMax }, (_, i) => (i % 7) + 1));
    const { sets } = sticky.choose(candidates, one);
    assert.equal(sets.length, stickySizeMax);
  });
});

describe('several addresses for each network', () => {
  test('each bucket has so many different members, and every member its part of the places', () => {
    for (const [run, weights] of vectors().entries()) {
      const k = (run % 3) + 2;
      const { sets } = sticky.choose(candidatesWith(weights), { ...settings, answers: k });
      const size = Math.min(k, weights.length);
      for (const { members } of sets) assert.equal(new Set(members).size, size);
      assert.equal(sum(sets.map(({ share }) => share)), 1);
      const exact = givenShares(answerSets(weights, k), weights.length);
      for (const [member, share] of givenShares(sets, weights.length).entries()) {
        const off = Math.abs(share - exact[member]!) * size * stickyBucketsOfSeveral;
        assert.ok(off <= 1.001, `${weights} k ${k}: m${member} is off by ${off}`);
      }
    }
  });

  test('groups are kept, with the shares of groups', () => {
    const random = randomFrom(5);
    for (let run = 0; run < 40; run++) {
      const lines = Array.from({ length: random.below(8) + 2 }, (_, i) => {
        return `m${i} ${random.below(9) + 1}@g${random.below(4)}`;
      });
      const candidates = candidatesOf(...lines);
      const spread = random.pick(['group', 'one-group'] as const);
      const change = { ...settings, answers: random.below(3) + 2, spread };
      const { sets } = sticky.choose(candidates, change);
      const at = `${lines.join(' ')} k ${change.answers} ${spread}`;
      for (const { members } of sets) {
        const domains = new Set(members.map((member) => candidates[member]!.domain));
        assert.equal(domains.size, spread === 'group' ? members.length : 1, at);
        assert.equal(new Set(members).size, members.length, at);
      }
      const exact = givenShares(weighted.choose(candidates, change).sets, lines.length);
      for (const [member, share] of givenShares(sets, lines.length).entries()) {
        assert.ok(
          close(share, exact[member]!, 4 / stickyBucketsOfSeveral),
          `${at}: ${share} ${exact[member]}`,
        );
      }
    }
  });

  test('who stays is kept: a network loses hardly an address beside that of the one that left', () => {
    const candidates = candidatesWith([3, 2, 2, 1, 1, 1]);
    for (const answers of [2, 3]) {
      const before = buckets(candidates, { answers });
      const left = candidates.map((one, i) => (i === 1 ? { ...one, isUp: false } : one));
      const after = buckets(left, { answers });
      const lost = sum(
        before.map((names, bucket) => {
          const kept = after[bucket]!.split(',');
          return names.split(',').filter((name) => name !== 'web1' && !kept.includes(name)).length;
        }),
      );
      assert.ok(lost / before.length / answers < 0.03, `${lost / before.length / answers}`);
    }
  });
});

describe('which of several addresses stands first', () => {
  /** The member that each bucket has first, by index. */
  const leads = (candidates: readonly Candidate[], answers: number): number[] => {
    const { sets, pick } = sticky.choose(candidates, { ...settings, answers });
    assert.ok(pick?.by === 'client' && pick.firsts !== undefined);
    return Array.from(pick.buckets, (set, bucket) => sets[set]!.members[pick.firsts![bucket]!]!);
  };

  test('each member has its share of the first places', () => {
    for (const [run, weights] of vectors().entries()) {
      const candidates = candidatesWith(weights);
      const answers = (run % 3) + 2;
      if (weights.length === 1) continue;
      const shares = givenShares(sticky.choose(candidates, { ...settings, answers }).sets, weights.length);
      const given = leads(candidates, answers);
      for (const [member, share] of shares.entries()) {
        const part = given.filter((one) => one === member).length / given.length;
        assert.ok(close(part, share, 0.005), `${weights} k ${answers}: m${member} first ${part} of ${share}`);
      }
    }
  });

  test('when a member leaves hardly any first address moves but its own', () => {
    let worst = 0;
    for (const [run, weights] of [
      [1, 1, 1, 1],
      [3, 2, 2, 1, 1, 1],
      [1, 1, 1, 1, 1, 1, 1, 1],
    ].entries()) {
      const candidates = candidatesWith(weights, `lead${run}web`);
      for (const answers of [2, 3]) {
        const before = leads(candidates, answers);
        for (const gone of candidates.keys()) {
          const after = leads(
            candidates.map((one, i) => (i === gone ? { ...one, isUp: false } : one)),
            answers,
          );
          const extra = before.filter((lead, i) => lead !== gone && lead !== after[i]).length;
          worst = Math.max(worst, extra / before.length);
        }
      }
    }
    assert.ok(worst < 0.03, `${worst}`);
  });
});

test('random clients give each member its compiled share, for 1 to 4 addresses', () => {
  // So many that chance alone is off by a hundredth of a point and not by a tenth.
  const clients = 10_000_000;
  const random = randomFrom(77);
  const inBucket = new Float64Array(stickyBuckets);
  const address = new Uint8Array(16);
  for (let i = 0; i < clients; i++) {
    const [high, low] = [random.below(2 ** 32), random.below(2 ** 24)];
    for (let octet = 0; octet < 7; octet++) {
      address[octet] = octet < 4 ? high >>> (octet * 8) : low >>> ((octet - 4) * 8);
    }
    inBucket[clientHash(address, 0, i % 4 === 0 ? 16 : 4) % stickyBuckets]!++;
  }
  for (const weights of vectors()) {
    for (const answers of [1, 2, 3, 4]) {
      const { sets, pick } = sticky.choose(candidatesWith(weights), { ...settings, answers });
      assert.ok(pick?.by === 'client');
      const seen = new Array<number>(weights.length).fill(0);
      for (const [bucket, count] of inBucket.entries()) {
        const { members } = sets[pick.buckets[bucket % pick.buckets.length]!]!;
        for (const member of members) seen[member]! += count / clients / members.length;
      }
      for (const [member, share] of givenShares(sets, weights.length).entries()) {
        assert.ok(
          close(seen[member]!, share, 0.001),
          `${weights} k ${answers}: ${seen[member]} for ${share}`,
        );
      }
    }
  }
});
