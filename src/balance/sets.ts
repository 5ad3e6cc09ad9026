// Systematic PPS: which answer sets exist for given weights, and what part of the responses each is. Called
// by the policies when health changes; the query path only draws a set by its bounds.
//
// Put the weights end to end, W in all, draw u in [0, W/k) and take the members that lie at u, u + W/k, …
//
//   weights 2 3 1 2, k = 2    |00|111|2|33|    u in [0,1): 0 and 1; u in [1,2): 0 and 2; u in [2,4): 1 and 3
//                              u ─→ u+4 ─→
//
// Every member is in a response with probability exactly k·e/W, so a client that picks within the response
// gives it e/W of the traffic. As u moves each pick only walks forward, so no set comes twice and there are
// at most as many sets as members. All sums are integers below 2^53, in units of 1/k, so nothing is rounded.
import assert from 'node:assert';
import { autoAnswersMax, poolSizeMax, weightMax, weightScale } from '../limits.ts';
import type { AnswerSet } from './pool.ts';

/** Answer sets with exact shares: set i is `part` of `whole` of the responses. */
export type Spread = {
  readonly whole: number;
  readonly sets: readonly { readonly members: readonly number[]; readonly part: number }[];
};

/**
 * Answer sets of at most k members each. Weights are integers from 0 to 2^36; members of weight 0 are in
 * none.
 */
export function answerSets(weights: readonly number[], k: number): AnswerSet[] {
  const { whole, sets } = spread(weights, k);
  return sets.map(({ members, part }) => ({ members, share: part / whole }));
}

/** The same with shares as integer parts of a whole. */
export function spread(weights: readonly number[], k: number): Spread {
  assert(k >= 1 && weights.length <= poolSizeMax, 'a pool is larger than its limit');
  const { certain, others, picks, whole } = divide(weights, k);
  if (picks === 0) return { whole: 1, sets: certain.length === 0 ? [] : [{ members: certain, part: 1 }] };
  // slots[j] is the place in `others` that u + j·W/k lies in; an edge moves one of them on to the next
  // member.
  const slots = [0];
  const edges: { at: number; slot: number; next: number }[] = [];
  let slot = 0;
  let at = 0;
  others.forEach((member, i) => {
    at += weights[member]! * picks; // less than `whole`, else it would be certain: one slot is passed at most
    if (at >= whole) {
      at -= whole;
      slot++;
      if (slot < picks) slots[slot] = at === 0 ? i + 1 : i;
    }
    if (at > 0) edges.push({ at, slot, next: i + 1 });
  });
  edges.sort((a, b) => a.at - b.at);
  const sets: { members: number[]; part: number }[] = [];
  let from = 0;
  const end = (to: number) => {
    if (to === from) return;
    const members = [...certain, ...slots.map((place) => others[place]!)].sort((a, b) => a - b);
    sets.push({ members, part: to - from });
    from = to;
  };
  for (const edge of edges) {
    end(edge.at);
    slots[edge.slot] = edge.next;
  }
  end(whole);
  return { whole, sets };
}

/**
 * Members that are in every response, and the others, of which `picks` are taken; `whole` is the others'
 * weight.
 */
function divide(weights: readonly number[], k: number) {
  const heaviestFirst = [...weights.keys()].filter((member) => weights[member]! > 0);
  heaviestFirst.sort((a, b) => weights[b]! - weights[a]! || a - b);
  let whole = 0;
  for (const weight of weights) {
    const isGood = Number.isInteger(weight) && weight >= 0 && weight <= weightMax * weightScale;
    assert(isGood, 'a weight is no integer within its limits');
    whole += weight;
  }
  let picks = Math.min(k, heaviestFirst.length);
  let certainCount = 0;
  // A certain member takes its weight out of the sum, which may make the next one certain.
  while (picks > 0 && weights[heaviestFirst[certainCount]!]! * picks >= whole) {
    whole -= weights[heaviestFirst[certainCount]!]!;
    picks--;
    certainCount++;
  }
  const inOrder = (from: number, to: number) => heaviestFirst.slice(from, to).sort((a, b) => a - b);
  return { certain: inOrder(0, certainCount), others: inOrder(certainCount, Infinity), picks, whole };
}

/**
 * Addresses per response for `answers: auto`: the most, up to four, that keep the shares within 5 % of the
 * weights.
 */
export function autoAnswers(weights: readonly number[]): number {
  let whole = 0;
  let most = 0;
  let count = 0;
  for (const weight of weights) {
    whole += weight;
    most = Math.max(most, weight);
    if (weight > 0) count++;
  }
  // k <= 1.05 · W / max e, in integers.
  const exact = most === 0 ? 1 : Math.floor((21 * whole) / (20 * most));
  return Math.max(1, Math.min(autoAnswersMax, count, exact));
}

/** The share of traffic that each of n members gets when clients pick any address of their response. */
export function givenShares(sets: readonly AnswerSet[], n: number): number[] {
  const given = new Array<number>(n).fill(0);
  for (const { members, share } of sets) {
    for (const member of members) given[member]! += share / members.length;
  }
  return given;
}

/**
 * Bounds for drawing a set with a 32-bit phase: set i is drawn by phases above bounds[i - 1], up to and
 * including bounds[i]. The last bound is 0xFFFFFFFF, and no set is without a phase, however small its share.
 */
export function bounds(sets: readonly AnswerSet[]): Uint32Array {
  const upper = new Uint32Array(sets.length);
  let share = 0;
  let last = -1;
  for (let i = 0; i < sets.length; i++) {
    share += sets[i]!.share;
    const least = last + 1;
    const most = 0xffffffff - (sets.length - 1 - i);
    last = i === sets.length - 1 ? most : Math.max(least, Math.min(most, Math.round(share * 2 ** 32) - 1));
    upper[i] = last;
  }
  return upper;
}
