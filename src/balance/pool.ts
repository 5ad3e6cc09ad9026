// A pool: the endpoints behind one owner name, and the choice that is made of them for each address family.
// Everything here is pure: members, health and the operator's hand in, answer sets out. Called by control/
// for publication, explain and status alike, so what is said is what is served.
//
// What is known of each address at a moment is put together in state.ts; equal states make equal choices.
//
// Rules, per family: the policy chooses among what is up, and may find nothing that is fit to be given. A
// family with nothing answers NODATA while the other has something. When neither has, what is up but drained
// is given; when there is none of that either, `when-all-down` decides for the pool. `all` chooses among what
// is up, though it be too few, and as if everything were up where nothing is; members that are listed are
// given whatever their tier is, and as a standby that is needed; what the operator has drained or put down is
// not among them while there is anything else. An address without a check, or not probed yet, counts as up.
// Where a member has two addresses in one family each is an entry of its own with the member's weight.
import assert from 'node:assert';
import { weightScale } from '../limits.ts';
import { handText } from './hand.ts';
import { policyNamed } from './policies/index.ts';
import type { Candidate, Decision, PolicySettings } from './policies/policy.ts';
import { givenShares } from './sets.ts';
import {
  type Entry,
  type FamilyState,
  isUp,
  isWilling,
  type Moment,
  type PoolState,
  partOf,
  partText,
  poolState,
  weightOf,
} from './state.ts';

/**
 * An address family is named by its RR type: A or AAAA. Where a pool's members are names, targets of a CNAME,
 * that is the one family it has: beside a CNAME there is nothing else (RFC 1034 §3.6.2).
 */
export type Family = 1 | 5 | 28;

/** One address of a member, or the name that it is. */
export type Address = {
  readonly family: Family;
  /** Presentation form: an address as it is printed, a name absolute and lowercase with the final dot. */
  readonly text: string;
  /** RDATA: 4 or 16 octets, or the name's wire form. */
  readonly rdata: Uint8Array;
  /** The monitor that judges it (endpointKey() of health/), or undefined: not checked, counts as up. */
  readonly endpoint: string | undefined;
};

/** A member's place in a pool: two addresses with one name (an A and an AAAA) are one member. */
export type Member = {
  /** Its `name` in the YAML, else its address. */
  readonly name: string;
  /** Configured weight, an integer from 0 (standby) to 2^20. */
  readonly weight: number;
  /** For policies that have tiers: from 1, the first one. */
  readonly tier: number;
  /** What fails together has one group; undefined: it fails by itself. */
  readonly group: string | undefined;
  /** The place that it is in, for policies that look at the client's. */
  readonly located: string | undefined;
  /** Words by which the operator's hand finds it; nothing else reads them. */
  readonly labels?: readonly string[];
  readonly addresses: readonly Address[];
};

export type WhenAllDown = 'all' | 'none' | 'servfail' | readonly string[];

/** What the operator says of one owner name, with the addresses of the zone filled in. */
export type Pool = PolicySettings & {
  /** Absolute owner name in presentation form, lowercase, with the final dot: `www.site.example.` */
  readonly owner: string;
  readonly policy: string;
  /** Seconds. `stable` is undefined where the RRset's own TTL counts; `rrset` holds those. */
  readonly ttl: {
    readonly stable: number | undefined;
    readonly unsettled: number;
    readonly rrset: Readonly<Partial<Record<Family, number>>>;
  };
  readonly whenAllDown: WhenAllDown;
  readonly members: readonly Member[];
};

/** What health/ says of one endpoint at this moment. */
export type Health = {
  readonly verdict: 'up' | 'degraded' | 'down' | 'unknown';
  /** False while it is failing, recovering or down: the answer's TTL is then the unsettled one. */
  readonly settled: boolean;
  /**
   * Part of its weight that it gets now, 0 to 1: slow start, what it says of itself, degraded; absent: all.
   * 0: no new clients, though it is up.
   */
  readonly part?: number;
  /** Wall clock in milliseconds at which `part` changes by itself. */
  readonly changesAt?: number | undefined;
  /** Wall clock in milliseconds at which the verdict became what it is, and the latest result, for people. */
  readonly since?: number;
  readonly last?: { readonly reason: string } | undefined;
};

/** Health as the monitors know it; of what they do not watch nothing is known. */
export function healthFrom(monitors: { state(endpoint: string): Health | undefined }) {
  return (endpoint: string): Health => monitors.state(endpoint) ?? { verdict: 'unknown', settled: false };
}

/** How a response's set is picked out of the sets of a choice. */
export type Pick =
  /** In turn, by their shares. */
  | { readonly by: 'turn' }
  /**
   * By a hash of the client's network: `buckets[hash % buckets.length]` is the set, and `firsts` has which of
   * its members, from 0, stands first, in a circle with the others behind it; absent: the first one.
   */
  | { readonly by: 'client'; readonly buckets: Uint16Array; readonly firsts?: Uint8Array }
  /**
   * By the client's place: sets `first` to `first + count - 1` are drawn in turn by their shares, which add
   * up to 1 for each place; places may have the same sets. The place '' is everywhere else, and always there.
   */
  | {
      readonly by: 'place';
      readonly places: readonly { readonly place: string; readonly first: number; readonly count: number }[];
    };

/** Addresses (indices into `FamilyChoice.addresses`) and the share of responses that carry them. */
export type AnswerSet = {
  readonly members: readonly number[];
  readonly share: number;
  /** Seconds, where it is less than the choice's: one of its members leaves soon. */
  readonly ttl?: number;
};

/** Why an address is or is not among the answers, for status and explain. */
export type Standing = {
  readonly member: string;
  readonly address: string;
  readonly eligible: boolean;
  /** One clause in words: `up`, `down`, `standby, not needed`, `down, but all are (when-all-down: all)`. */
  readonly why: string;
  /**
   * Part of this family's traffic that the address is given, 0 to 1, and that the weights ask for. Where the
   * client's place decides: of the traffic from everywhere else; the remarks say what each place gets.
   */
  readonly share: number;
  readonly wanted: number;
  /** TTL in seconds of the answers that hold it, where it is going to leave and that is counted down. */
  readonly countedTtl: number | undefined;
};

/** The choice for one family of a pool. */
export type FamilyChoice = {
  readonly family: Family;
  /** `nodata` and `servfail` carry no sets. */
  readonly mode: 'sets' | 'nodata' | 'servfail';
  readonly addresses: readonly Address[];
  readonly sets: readonly AnswerSet[];
  readonly pick: Pick;
  /** Addresses per response, k. 0 where mode is not `sets`. */
  readonly answers: number;
  /** TTL of the RRset in seconds, where its set says nothing else. */
  readonly ttl: number;
  /** For NODATA: the SOA's TTL may not be above this. */
  readonly negativeTtlMax: number;
  readonly standings: readonly Standing[];
  /** What the policy says of the pool: `tier 1: 0 of 2 up, fails`. */
  readonly remarks: readonly string[];
  /** Those of the remarks that need somebody. */
  readonly alarms?: readonly string[];
};

/** Which rule said what is given. */
type Rule = 'up' | 'other family' | 'all' | 'none' | 'servfail' | 'listed';

/** What is given and why; `seen` is what the policy made of what is really up. */
type Selection = { readonly rule: Rule; readonly given: Decision; readonly seen: Decision };

/** Chooses for every family in which the pool has addresses, A first. */
export function choosePool(
  pool: Pool,
  healthOf: (endpoint: string) => Health,
  moment: Moment = { now: 0 },
): FamilyChoice[] {
  return chooseFrom(pool, poolState(pool, healthOf, moment));
}

/** Chooses for every family of a state. */
export function chooseFrom(pool: Pool, { families }: PoolState): FamilyChoice[] {
  const decideAll = ({ minUp, isFit }: Attempt) =>
    families.map(({ entries }) => decide({ ...pool, minUp }, entries, isFit));
  const isGood = (decision: Decision) => decision.sets.length > 0;
  const attempts = attemptsOf(pool);
  const seen = decideAll(attempts[0]!);
  let last = seen;
  for (const attempt of attempts.slice(1)) if (!last.some(isGood)) last = decideAll(attempt);
  const somethingIsUp = families.some(({ entries }) => entries.some(isUp));
  return families.map((state, i) => {
    const select = (): Omit<Selection, 'seen'> => {
      if (isGood(last[i]!)) return { rule: 'up', given: last[i]! };
      if (last.some(isGood)) return { rule: 'other family', given: nothing };
      return selectWhenAllDown(pool, state.entries);
    };
    return choiceOf(state, { ...select(), seen: seen[i]! }, somethingIsUp);
  });
}

/** Whom the policy may choose among, and how many must be up in a tier. */
type Attempt = { readonly minUp: number; readonly isFit: (entry: Entry) => boolean };

/**
 * What is tried in turn until a family has something to give. `all` is for when nothing is up: with too few,
 * those are given before the dead. Who has said anything else for that case has it.
 */
function attemptsOf({ minUp, whenAllDown }: Pool): Attempt[] {
  const minima = whenAllDown === 'all' && minUp > 1 ? [minUp, 1] : [minUp];
  return minima.flatMap((least) => [
    { minUp: least, isFit: isWilling },
    { minUp: least, isFit: isUp },
  ]);
}

function candidateOf(entry: Entry, isFit: boolean): Candidate {
  const { name, tier, group, located } = entry.member;
  const weight = weightOf(entry);
  // No name of a member has a space, so no group is taken for a member.
  const domain = group === undefined ? name : `group ${group}`;
  const effective = Math.max(1, Math.round(Math.max(1, weight) * partOf(entry) * weightScale));
  const address = entry.address.text;
  return { member: name, address, domain, tier, located, isUp: isFit, weight, effective };
}

/** What the policy makes of the entries that are fit. */
function decide(pool: Pool, entries: readonly Entry[], isFit: (entry: Entry) => boolean): Decision {
  return decideAmong(
    pool,
    entries.map((entry) => candidateOf(entry, isFit(entry))),
  );
}

function decideAmong(pool: Pool, candidates: readonly Candidate[]): Decision {
  const policy = policyNamed(pool.policy);
  assert(policy !== undefined, `no policy ${pool.policy}`);
  return policy.choose(candidates, pool);
}

function selectWhenAllDown(pool: Pool, entries: readonly Entry[]): Omit<Selection, 'seen'> {
  const { whenAllDown } = pool;
  if (whenAllDown === 'none' || whenAllDown === 'servfail') return { rule: whenAllDown, given: nothing };
  // What is given for want of anything better has no minimum to reach.
  const free = { ...pool, minUp: 1 };
  const states = entries.map(({ held }) => held.state?.state);
  const isInService = (index: number) => states[index] === undefined || states[index] === 'up';
  const someAre = entries.some((_, index) => isInService(index));
  const isLeftAlone = (index: number) => (someAre ? isInService(index) : states[index] !== 'down');
  if (whenAllDown === 'all') {
    const asIfUp = entries.map((entry, index) => candidateOf(entry, isLeftAlone(index)));
    return { rule: 'all', given: decideAmong(free, asIfUp) };
  }
  const listed = entries.map((entry, index) => {
    const isListed = whenAllDown.includes(entry.member.name) && states[index] !== 'down';
    return { ...candidateOf(entry, isListed), tier: 1, weight: Math.max(1, weightOf(entry)) };
  });
  return { rule: 'listed', given: decideAmong(free, listed) };
}

const nothing: Decision = { sets: [], wanted: [], notes: [], remarks: [] };

function choiceOf(
  { family, entries, ttl, negativeTtlMax }: FamilyState,
  { rule, given, seen }: Selection,
  somethingIsUp: boolean,
): FamilyChoice {
  const { wanted, pick = { by: 'turn' } } = given;
  const sets = given.sets.map((set) => counted(set, entries));
  const chosen = new Set(sets.flatMap(({ members }) => members));
  const shares = givenShares(setsElsewhere(sets, pick), entries.length);
  const emptyMode = rule === 'servfail' ? 'servfail' : 'nodata';
  return {
    family,
    mode: sets.length > 0 ? 'sets' : emptyMode,
    addresses: entries.map(({ address }) => address),
    sets,
    pick,
    answers: Math.max(0, ...sets.map(({ members }) => members.length)),
    ttl,
    negativeTtlMax,
    standings: entries.map((entry, index) => {
      const eligible = chosen.has(index);
      const given = { share: shares[index]!, wanted: wanted[index] ?? 0 };
      return {
        member: entry.member.name,
        address: entry.address.text,
        eligible,
        why: whyOf(entry, { eligible, rule, note: seen.notes[index]!, somethingIsUp, ...given }),
        ...given,
        countedTtl: eligible ? entry.ttlMax : undefined,
      };
    }),
    remarks: seen.remarks,
    alarms: seen.alarms ?? [],
  };
}

/** The sets of which the shares of a choice are told. */
function setsElsewhere(sets: readonly AnswerSet[], pick: Pick): readonly AnswerSet[] {
  if (pick.by !== 'place') return sets;
  const { first, count } = pick.places.find(({ place }) => place === '')!;
  return sets.slice(first, first + count);
}

/** With the TTL of the member that leaves first, where one does. */
function counted(set: AnswerSet, entries: readonly Entry[]): AnswerSet {
  let ttl: number | undefined;
  for (const member of set.members) {
    const { ttlMax } = entries[member]!;
    if (ttlMax !== undefined && (ttl === undefined || ttlMax < ttl)) ttl = ttlMax;
  }
  return ttl === undefined ? set : { ...set, ttl };
}

/** What the reason is told from. */
type Why = {
  readonly eligible: boolean;
  readonly share: number;
  readonly wanted: number;
  readonly rule: Rule;
  readonly note: string;
  readonly somethingIsUp: boolean;
};

function whyOf(entry: Entry, why: Why): string {
  const { eligible, rule, note, somethingIsUp } = why;
  const { state } = entry.held;
  if (state !== undefined && state.state !== 'up') {
    return eligible ? `${handText(state)}; given all the same` : handText(state);
  }
  if (!isUp(entry)) return whyDown(entry, eligible, rule, somethingIsUp);
  if (!isWilling(entry)) {
    const own = 'up, draining by its own word';
    return eligible ? `${own}, given all the same` : own;
  }
  if (!eligible) return note === '' ? 'up, not chosen' : note;
  return note === '' ? stateOf(entry, why) : `${stateOf(entry, why)}, ${note}`;
}

function whyDown(entry: Entry, eligible: boolean, rule: Rule, somethingIsUp: boolean): string {
  const down = weightOf(entry) === 0 ? 'standby, down' : 'down';
  switch (rule) {
    case 'up':
      return down;
    case 'other family':
      return 'down; the other family answers';
    case 'all':
      return eligible ? 'down, but all are (when-all-down: all)' : down;
    case 'listed':
      return eligible ? 'down, but listed in when-all-down' : 'down, not listed in when-all-down';
    case 'none':
    case 'servfail':
      return `down, ${somethingIsUp ? 'and too few are up' : 'as all are'} (when-all-down: ${rule})`;
  }
}

/** The state of an entry that counts as up. */
function stateOf(entry: Entry, { share, wanted }: Why): string {
  const { address, health, held } = entry;
  const part = partOf(entry);
  const words = [held.state === undefined ? verdictText(address, health) : handText(held.state)];
  if (held.weight !== undefined) words.push(handText(held.weight));
  if (part !== 1) words.push(partText(part, share, wanted));
  return words.join(', ');
}

function verdictText({ endpoint }: Address, { verdict, settled }: Health): string {
  if (endpoint === undefined) return 'up, not checked';
  if (verdict === 'unknown') return 'up, not probed yet';
  if (verdict === 'degraded') return settled ? 'degraded' : 'degraded, in doubt';
  return settled ? 'up' : 'up, in doubt';
}

/** A family as the type of its records. */
export function familyText(family: Family): 'A' | 'CNAME' | 'AAAA' {
  return family === 1 ? 'A' : family === 5 ? 'CNAME' : 'AAAA';
}
