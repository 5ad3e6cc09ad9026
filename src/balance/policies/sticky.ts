// sticky: the clients of one network (a /24 of IPv4, a /56 of IPv6) keep their address for as long as it is
// up, on every server alike. Buckets of networks are dealt to the members by weight (buckets.ts); with one
// address in a response a member that leaves or comes moves hardly more clients than its share.
//
// With several addresses each bucket has different members, with fewer buckets, because each combination is
// an answer set of its own. Groups are dealt to first and then, within what each got, its members. Which
// address stands first is the bucket's too, because many clients take no other.
import { stickyBuckets, stickyBucketsOfSeveral } from '../../limits.ts';
import { deal, dealFirst, type Player } from '../buckets.ts';
import { servingOf, standbyNotes, wantedOf } from '../draw.ts';
import type { AnswerSet } from '../pool.ts';
import type { Candidate, Decision, Policy, PolicySettings } from './policy.ts';

export const sticky: Policy = {
  what: 'the same address for the same network, by weight',
  keys: [],
  autoIsExact: true,
  choose(candidates, { answers, spread }) {
    const serving = servingOf(candidates);
    const notes = standbyNotes(candidates, serving);
    const wanted = wantedOf(candidates, serving);
    const rest = { wanted, notes, remarks: [] };
    if (serving.length === 0) return { sets: [], ...rest };
    const k = answers === 'auto' ? 1 : Math.min(answers, serving.length);
    const entries = entriesOf(candidates, serving);
    if (k === 1) return { ...setsOfOne(entries), ...rest }; // which cannot break a rule about several
    const buckets = allBuckets.subarray(0, stickyBucketsOfSeveral);
    const dealt = spread === 'none' ? dealTo(entries, k, buckets) : dealByDomain(entries, k, spread, buckets);
    return { ...setsOfSeveral(entries, dealt), ...rest };
  },
};

const allBuckets = Uint16Array.from({ length: stickyBuckets }, (_, bucket) => bucket);

/** A candidate that serves, under the name that it is dealt to by. */
type Entry = { readonly index: number; readonly domain: string; readonly player: Player };

/**
 * In the order of names. A member's second address in one family goes by its own name, whether the first one
 * serves or not: with another name it would have other clients.
 */
function entriesOf(candidates: readonly Candidate[], serving: readonly number[]): Entry[] {
  const inOrder = [...candidates.keys()];
  inOrder.sort((a, b) => compare(candidates[a]!.address, candidates[b]!.address));
  const seen = new Set<string>();
  const entries = inOrder.map((index) => {
    const { member, address, domain, effective } = candidates[index]!;
    const name = seen.has(member) ? `${member} ${address}` : member;
    seen.add(member);
    return { index, domain, player: { name, weight: effective } };
  });
  const served = new Set(serving);
  return entries
    .filter(({ index }) => served.has(index))
    .sort((a, b) => compare(a.player.name, b.player.name));
}

/** By UTF-16 code units, which no locale changes. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The candidates of each bucket, k or all of them. */
function dealTo(entries: readonly Entry[], k: number, buckets: Uint16Array): number[][] {
  const players = entries.map(({ player }) => player);
  const dealt = deal(players, k, buckets);
  const size = Math.min(k, players.length);
  return Array.from(buckets, (_, i) =>
    Array.from({ length: size }, (_, pick) => entries[dealt[i * size + pick]!]!.index),
  );
}

function dealByDomain(
  entries: readonly Entry[],
  k: number,
  spread: PolicySettings['spread'],
  buckets: Uint16Array,
): number[][] {
  const names = [...new Set(entries.map(({ domain }) => domain))].sort(compare);
  const groups = names.map((name) => entries.filter(({ domain }) => domain === name));
  const players = groups.map((members, i) => {
    return { name: names[i]!, weight: members.reduce((sum, { player }) => sum + player.weight, 0) };
  });
  const [ofDomains, ofMembers] = spread === 'group' ? [Math.min(k, groups.length), 1] : [1, k];
  const outer = deal(players, ofDomains, buckets);
  const dealt: number[][] = Array.from(buckets, () => []);
  for (const [domain, members] of groups.entries()) {
    const own = buckets.filter((_, i) => outer.subarray(i * ofDomains, (i + 1) * ofDomains).includes(domain));
    for (const [i, given] of dealTo(members, ofMembers, own).entries()) dealt[own[i]!]!.push(...given);
  }
  return dealt;
}

/** The buckets that one address each is dealt into: with their sets, each of one candidate. */
function setsOfOne(entries: readonly Entry[]): Pick<Decision, 'sets' | 'pick'> {
  const players = entries.map(({ player }) => player);
  const dealt = deal(players, 1, allBuckets);
  const counts = new Array<number>(entries.length).fill(0);
  for (const entry of dealt) counts[entry]!++;
  const given = [...entries.keys()].filter((entry) => counts[entry]! > 0);
  const numbers = new Array<number>(entries.length).fill(0);
  for (const [number, entry] of given.entries()) numbers[entry] = number;
  const sets = given.map((entry): AnswerSet => {
    return { members: [entries[entry]!.index], share: counts[entry]! / dealt.length };
  });
  return { sets, pick: { by: 'client', buckets: dealt.map((entry) => numbers[entry]!) } };
}

/** Each combination of candidates as one answer set, with its part of the buckets, and who stands first. */
function setsOfSeveral(
  entries: readonly Entry[],
  dealt: readonly (readonly number[])[],
): Pick<Decision, 'sets' | 'pick'> {
  const numbers = new Map<string, number>();
  const found: { members: readonly number[]; count: number }[] = [];
  const buckets = Uint16Array.from(dealt, (bucket) => {
    const members = [...bucket].sort((a, b) => a - b);
    const key = members.join();
    let number = numbers.get(key);
    if (number === undefined) {
      number = found.length;
      numbers.set(key, number);
      found.push({ members, count: 0 });
    }
    found[number]!.count++;
    return number;
  });
  const sets = found.map(({ members, count }): AnswerSet => ({ members, share: count / dealt.length }));
  const places = new Map(entries.map(({ index }, entry) => [index, entry]));
  const leads = dealFirst(
    entries.map(({ player }) => player.name),
    dealt.map((members) => members.map((index) => places.get(index)!)),
  );
  const firsts = Uint8Array.from(buckets, (set, bucket) => {
    return found[set]!.members.indexOf(entries[leads[bucket]!]!.index);
  });
  return { sets, pick: { by: 'client', buckets, firsts } };
}
