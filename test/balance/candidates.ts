// Candidates of a few words for the tests of the policies, and how the server draws of what comes of them.
import assert from 'node:assert/strict';
import type { Candidate, PolicySettings } from '../../src/balance/policies/policy.ts';
import { weightMax, weightScale } from '../../src/limits.ts';
import { randomFrom } from './random.ts';

/** What holds where a test says nothing. */
export const settings: PolicySettings = {
  answers: 'auto',
  spread: 'none',
  minUp: 1,
  trickle: 0,
  places: [{ place: '', order: [] }],
};

/** `a 3/2@rack1~eu!`: member a, weight 3, tier 2, in a group and a place, down. */
export function candidatesOf(...lines: readonly string[]): Candidate[] {
  return lines.map((line) => {
    const [, member = '', weight = '1', tier = '1', group, located, down] =
      /^(\w+) (\d+)(?:\/(\d+))?(?:@(\w+))?(?:~(\w+))?(!)?$/.exec(line) ?? assert.fail(line);
    const effective = Math.max(1, Number(weight)) * weightScale;
    const domain = group === undefined ? member : `group ${group}`;
    return {
      member,
      address: member,
      domain,
      tier: Number(tier),
      located,
      isUp: down === undefined,
      weight: Number(weight),
      effective,
    };
  });
}

/** Fifty vectors of weights; the first are those of the operator's daily life. */
export function vectors(): number[][] {
  const random = randomFrom(50);
  const made = [
    [1, 1, 1, 1],
    [3, 1],
    [3, 2, 1, 1],
    [10, 20, 30, 40],
    [100, 1],
    [1, 1, 8],
    [7, 7, 7],
  ];
  while (made.length < 50) {
    const largest = [3, 10, 100, weightMax][made.length % 4]!;
    made.push(Array.from({ length: random.below(9) + 1 }, () => random.below(largest) + 1));
  }
  return made;
}

/** The part of a million responses that each member is given, drawn by phase as the server does. */
export function drawn(
  sets: readonly (readonly number[])[],
  upper: Uint32Array,
  n: number,
  seed: number,
): number[] {
  const responses = 1_000_000;
  const counts = new Float64Array(sets.length);
  let phase = seed >>> 0;
  for (let response = 0; response < responses; response++) {
    phase = (phase + 0x9e3779b9) >>> 0;
    let set = 0;
    while (phase > upper[set]!) set++;
    counts[set]!++;
  }
  const seen = new Array<number>(n).fill(0);
  for (const [i, members] of sets.entries()) {
    for (const member of members) seen[member]! += counts[i]! / members.length / responses;
  }
  return seen;
}
