// Answer sets: shares are exact, sets are few, and drawing them by phase keeps to the shares.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerSets, autoAnswers, bounds, givenShares, spread } from '../../src/balance/sets.ts';
import { poolSizeMax, weightMax, weightScale } from '../../src/limits.ts';
import { randomFrom } from './random.ts';

/** Parts of the whole in which each member occurs. */
function occurrences(weights: readonly number[], k: number): { parts: number[]; whole: number } {
  const { whole, sets } = spread(weights, k);
  const parts = new Array<number>(weights.length).fill(0);
  for (const { members, part } of sets) for (const member of members) parts[member]! += part;
  return { parts, whole };
}

/** Members that are in every response, by the definition: the heaviest while k·e >= W. */
function certainByDefinition(weights: readonly number[], k: number): Set<number> {
  const certain = new Set<number>();
  for (;;) {
    const others = [...weights.keys()].filter((member) => !certain.has(member) && weights[member]! > 0);
    const sum = others.reduce((total, member) => total + weights[member]!, 0);
    const picks = Math.min(k - certain.size, others.length);
    const next = others.filter((member) => weights[member]! * picks >= sum);
    if (picks === 0 || next.length === 0) return certain;
    const heaviest = next.reduce((a, b) => (weights[b]! > weights[a]! ? b : a));
    certain.add(heaviest);
  }
}

function checkExact(weights: readonly number[], k: number): void {
  const at = `weights ${weights.join(' ')}, k ${k}`;
  const { whole, sets } = spread(weights, k);
  const { parts } = occurrences(weights, k);
  const certain = certainByDefinition(weights, k);
  const positive = weights.filter((weight) => weight > 0).length;
  const size = Math.min(k, positive);
  const picks = size - certain.size;
  const others = weights.reduce((sum, weight, member) => (certain.has(member) ? sum : sum + weight), 0);
  assert.ok(sets.length <= weights.length, at);
  assert.equal(
    new Set(sets.map(({ members }) => members.join())).size,
    sets.length,
    `${at}: a set comes twice`,
  );
  assert.equal(
    sets.reduce((sum, { part }) => sum + part, 0),
    whole,
    at,
  );
  for (const { members, part } of sets) {
    assert.ok(part > 0 && Number.isInteger(part), at);
    assert.equal(members.length, size, at);
    assert.deepEqual(
      members,
      [...new Set(members)].sort((a, b) => a - b),
      at,
    );
  }
  weights.forEach((weight, member) => {
    if (certain.has(member)) assert.equal(parts[member], whole, at);
    // part / whole = picks · weight / others, exactly
    else assert.equal(BigInt(parts[member]!) * BigInt(others), BigInt(picks * weight) * BigInt(whole), at);
  });
}

const spikeVectors = [
  { weights: [3, 2, 1, 1], k: 1 },
  { weights: [1, 1, 1, 1], k: 4 },
  { weights: [10, 20, 30, 40], k: 2 },
  { weights: [5, 5, 4, 3, 2, 1], k: 3 },
  { weights: [7, 1, 1, 1], k: 1 },
];

describe('answer sets', () => {
  test('10/20/30/40 two at a time: the three sets of the textbook', () => {
    assert.deepEqual(answerSets([10, 20, 30, 40], 2), [
      { members: [0, 2], share: 0.2 },
      { members: [1, 3], share: 0.4 },
      { members: [2, 3], share: 0.4 },
    ]);
  });

  test('shares are exact for 60 weight vectors and k of 1 to 4, and far beyond what auto would take', () => {
    const random = randomFrom(1);
    const vectors = spikeVectors.map(({ weights }) => weights);
    while (vectors.length < 60) {
      const largest = [3, 10, 100, weightMax][vectors.length % 4]!;
      vectors.push(Array.from({ length: random.below(12) + 1 }, () => random.below(largest) + 1));
    }
    for (const weights of vectors) {
      for (const k of [1, 2, 3, 4, 5, 8, 100]) checkExact(weights, k);
    }
  });

  test('members of weight 0 are in no set; without weights there are no sets', () => {
    checkExact([0, 5, 0, 3, 0], 1);
    assert.deepEqual(answerSets([0, 5, 0], 2), [{ members: [1], share: 1 }]);
    assert.deepEqual(answerSets([], 1), []);
    assert.deepEqual(answerSets([0, 0], 3), []);
  });

  test('a member too heavy for k is in every response, and one may make the next so', () => {
    assert.deepEqual(answerSets([8, 1, 1], 2), [
      { members: [0, 1], share: 0.5 },
      { members: [0, 2], share: 0.5 },
    ]);
    // 100·3 >= 112, then 10·2 >= 12, then two of weight 1 share the last place.
    assert.deepEqual(answerSets([1, 10, 1, 100], 3), [
      { members: [0, 1, 3], share: 0.5 },
      { members: [1, 2, 3], share: 0.5 },
    ]);
  });

  test('the largest pool with the largest weights stays exact', () => {
    const random = randomFrom(2);
    const scaled = (n: number) =>
      Array.from({ length: n }, () => (random.below(weightMax) + 1) * weightScale);
    for (const n of [1000, poolSizeMax]) {
      checkExact(new Array<number>(n).fill(weightMax * weightScale), 4);
      for (const k of [1, 4]) checkExact(scaled(n), k);
    }
    checkExact(scaled(1000), 40);
    assert.throws(() => answerSets([weightMax * weightScale + 1], 1));
    assert.throws(() => answerSets(scaled(poolSizeMax + 1), 1));
  });
});

describe('how many addresses auto takes', () => {
  for (const [weights, expected] of [
    [[1, 1, 1, 1], 4],
    [[1, 1, 1, 1, 1, 1], 4],
    [[1, 1], 2],
    [[5], 1],
    [[3, 1], 1],
    [[3, 2, 1, 1], 2],
    [[10, 20, 30, 40], 2],
    [[7, 1, 1, 1], 1],
    [[100, 100, 100, 105], 4], // within 5 %
    [[100, 100, 100, 107], 3],
    [[20, 19], 2], // 1.05 · 39 / 20 = 2.05
    [[20, 18], 1], // 1.05 · 38 / 20 = 1.995
  ] as const) {
    test(`${weights.join(':')} takes ${expected}`, () => assert.equal(autoAnswers(weights), expected));
  }

  test('with auto every given share is within 5 % of the weight', () => {
    const random = randomFrom(3);
    for (let run = 0; run < 500; run++) {
      const weights = Array.from({ length: random.below(9) + 1 }, () => random.below(20) + 1);
      const sum = weights.reduce((a, b) => a + b, 0);
      const given = givenShares(answerSets(weights, autoAnswers(weights)), weights.length);
      weights.forEach((weight, member) => {
        const wanted = weight / sum;
        assert.ok(given[member]! >= (wanted / 1.05) * 0.999999, weights.join());
      });
    }
  });
});

describe('drawing by phase', () => {
  test('bounds grow, end with the largest phase, and match the shares', () => {
    for (const { weights, k } of spikeVectors) {
      const sets = answerSets(weights, k);
      const upper = bounds(sets);
      assert.equal(upper.at(-1), 0xffffffff);
      upper.forEach((bound, i) => {
        const phases = bound - (upper[i - 1] ?? -1);
        assert.ok(Math.abs(phases / 2 ** 32 - sets[i]!.share) < 1e-9);
      });
    }
  });

  test('no set is without a phase, however small its share', () => {
    const tiny = (share: number) => ({ members: [0], share });
    for (const shares of [
      [1e-15, 1 - 2e-15, 1e-15],
      [1 - 2e-15, 1e-15, 1e-15],
      [1e-15, 1e-15, 1 - 2e-15],
    ]) {
      const upper = bounds(shares.map(tiny));
      for (const [i, bound] of upper.entries()) {
        assert.ok(bound > (upper[i - 1] ?? -1), `${shares} gives ${upper}`);
      }
      assert.equal(upper.at(-1), 0xffffffff);
    }
    assert.deepEqual([...bounds([tiny(1)])], [0xffffffff]);
    assert.deepEqual([...bounds([])], []);
  });

  test('after 1000 responses no share is off by more than 0.1 percentage points', () => {
    for (const { weights, k } of spikeVectors) {
      const sets = answerSets(weights, k);
      const upper = bounds(sets);
      const sum = weights.reduce((a, b) => a + b, 0);
      const seen = new Array<number>(weights.length).fill(0);
      let phase = 12345;
      for (let response = 0; response < 1000; response++) {
        phase = (phase + 0x9e3779b9) >>> 0;
        const { members } = sets[upper.findIndex((bound) => phase <= bound)]!;
        for (const member of members) seen[member]! += 1 / members.length / 1000;
      }
      const drift = Math.max(...seen.map((share, member) => Math.abs(share - weights[member]! / sum)));
      assert.ok(drift < 0.001 + 1e-9, `${weights.join(':')} drifts ${drift}`);
    }
  });
});
