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
  checkWeights(weights, k);
  const { certain, others, picks, whole } = divide(weights, k);
  if (picks === 0) return { whole: 1, sets: certain.length === 0 ? [] : [{ members: certain, part: 1 }] };
  const places: Places = { slots: [...certain], edges: [] };
  layOut(others, weights, whole, picks, 1, places);
  return { whole, sets: sweep(places, whole) };
}

/**
 * Answer sets of at most k members, of which no two are of one domain; `domains` names that of each member.
 * A domain is drawn by the sum of its weights and one of its members by its own: the members of a domain
 * lie side by side on the line, which is less than a step long, so that two picks never meet there.
 *
 * A domain that is in every response has a line of its own, a step long. All steps are 1 here: places are
 * quotients of integers below 2^53, of which equal ones are equal numbers, so that no set is one of rounding.
 */
export function groupedSets(weights: readonly number[], domains: readonly string[], k: number): AnswerSet[] {
  checkWeights(weights, k);
  const membersOf = new Map<string, number[]>();
  weights.forEach((weight, member) => {
    if (weight === 0) return;
    const members = membersOf.get(domains[member]!);
    if (members === undefined) membersOf.set(domains[member]!, [member]);
    else members.push(member);
  });
  const groups = [...membersOf.values()];
  const sums = groups.map((members) => members.reduce((sum, member) => sum + weights[member]!, 0));
  const { certain, others, picks, whole } = divide(sums, k);
  const places: Places = { slots: [], edges: [] };
  for (const group of certain) layOut(groups[group]!, weights, sums[group]!, 1, sums[group]!, places);
  const line = others.flatMap((group) => groups[group]!);
  if (picks > 0) layOut(line, weights, whole, picks, whole, places);
  if (places.slots.length === 0) return [];
  return sweep(places, 1).map(({ members, part }) => ({ members, share: part }));
}

/** The picks of a response: who is picked at u = 0, and each u at which a pick moves to the next member. */
type Places = {
  readonly slots: number[];
  readonly edges: { readonly at: number; readonly slot: number; readonly next: number }[];
};

/** Adds the picks on one line of members, `whole` long; u is counted in `unit`. */
function layOut(
  line: readonly number[],
  weights: readonly number[],
  whole: number,
  picks: number,
  unit: number,
  { slots, edges }: Places,
): void {
  let slot = slots.length;
  const end = slot + picks;
  slots.push(line[0]!);
  let at = 0;
  line.forEach((member, i) => {
    // At most `whole`, else it would be certain: one pick is passed at most.
    at += weights[member]! * picks;
    if (at >= whole) {
      at -= whole;
      slot++;
      if (slot < end) slots.push(at === 0 ? line[i + 1]! : member);
    }
    if (at > 0) edges.push({ at: at / unit, slot, next: line[i + 1]! });
  });
}

/** Moves u from 0 to its end: between two edges all responses are the same. */
function sweep({ slots, edges }: Places, end: number): { members: number[]; part: number }[] {
  const sets: { members: number[]; part: number }[] = [];
  const inOrder = [...edges].sort((a, b) => a.at - b.at);
  let from = 0;
  const until = (to: number) => {
    if (to > from) sets.push({ members: [...slots].sort((a, b) => a - b), part: to - from });
    from = to;
  };
  for (const { at, slot, next } of inOrder) {
    until(at);
    slots[slot] = next;
  }
  until(end);
  return sets;
}

function checkWeights(weights: readonly number[], k: number): void {
  assert(k >= 1 && weights.length <= poolSizeMax, 'a pool is larger than its limit');
  for (const weight of weights) {
    const isGood = Number.isInteger(weight) && weight >= 0 && weight <= weightMax * weightScale;
    assert(isGood, 'a weight is no integer within its limits');
  }
}

/**
 * Members that are in every response, and the others, of which `picks` are taken; `whole` is the others'
 * weight.
 */
export function divide(weights: readonly number[], k: number) {
  const heaviestFirst = [...weights.keys()].filter((member) => weights[member]! > 0);
  heaviestFirst.sort((a, b) => weights[b]! - weights[a]! || a - b);
  let whole = weights.reduce((sum, weight) => sum + weight, 0);
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
