// A pool: the endpoints behind one owner name, and the choice that is made of them for each address family.
// Everything here is pure: members and health in, answer sets out. Called by control/ for publication,
// explain and status alike, so what is said is what is served.
//
// Rules, per family: the policy chooses among what is up, and may find nothing that is fit to be given. A
// family with nothing answers NODATA while the other has something; when neither has, `when-all-down` decides
// for the pool. `all` chooses as if everything were up; members that are listed are given whatever their tier
// is, and as a standby that is needed. An address without a check, or not probed yet, counts as up. Where a
// member has two addresses in one family each is an entry of its own with the member's weight.
import assert from 'node:assert';
import { weightScale } from '../limits.ts';
import { policyNamed } from './policies/index.ts';
import type { Candidate, Decision, PolicySettings } from './policies/policy.ts';
import { givenShares } from './sets.ts';

/** An address family is named by its RR type: A or AAAA. */
export type Family = 1 | 28;

/** One address of a member. */
export type Address = {
  readonly family: Family;
  /** Presentation form, as the zone file says it after canonical printing. */
  readonly text: string;
  /** RDATA: 4 or 16 octets. */
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
};

/** How a response's set is picked out of the sets of a choice. */
export type Pick =
  /** In turn, by their shares. */
  | { readonly by: 'turn' }
  /** By a hash of the client's network: `buckets[hash % buckets.length]` is the set. */
  | { readonly by: 'client'; readonly buckets: Uint16Array }
  /**
   * By the client's place: sets `first` to `first + count - 1` are drawn in turn by their shares, which add
   * up to 1 for each place. The place '' is everywhere else, and always there.
   */
  | {
      readonly by: 'place';
      readonly places: readonly { readonly place: string; readonly first: number; readonly count: number }[];
    };

/** Addresses (indices into `FamilyChoice.addresses`) and the share of responses that carry them. */
export type AnswerSet = { readonly members: readonly number[]; readonly share: number };

/** Why an address is or is not among the answers, for status and explain. */
export type Standing = {
  readonly member: string;
  readonly address: string;
  readonly eligible: boolean;
  /** One clause in words: `up`, `down`, `standby, not needed`, `down, but all are (when-all-down: all)`. */
  readonly why: string;
  /** Part of this family's traffic that the address is given, 0 to 1, and that the weights ask for. */
  readonly share: number;
  readonly wanted: number;
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
  /** TTL of the RRset in seconds. */
  readonly ttl: number;
  /** For NODATA: the SOA's TTL may not be above this. */
  readonly negativeTtlMax: number;
  readonly standings: readonly Standing[];
  /** What the policy says of the pool: `tier 1: 0 of 2 up, fails`. */
  readonly remarks: readonly string[];
};

/** An address in its family, with what is known of it now. */
type Entry = { readonly member: Member; readonly address: Address; readonly health: Health };

/** Which rule said what is given. */
type Rule = 'up' | 'other family' | 'all' | 'none' | 'servfail' | 'listed';

/** What is given and why; `seen` is what the policy made of what is really up. */
type Selection = { readonly rule: Rule; readonly given: Decision; readonly seen: Decision };

const notChecked: Health = { verdict: 'up', settled: true };

/** Chooses for every family in which the pool has addresses, A first. */
export function choosePool(pool: Pool, healthOf: (endpoint: string) => Health): FamilyChoice[] {
  const families = ([1, 28] as const)
    .map((family) => ({ family, entries: entriesOf(pool, family, healthOf) }))
    .filter(({ entries }) => entries.length > 0)
    .map(({ family, entries }) => ({ family, entries, seen: decide(pool, entries.map(candidateOf)) }));
  const somethingIsFit = families.some(({ seen }) => seen.sets.length > 0);
  const somethingIsUp = families.some(({ entries }) => entries.some(isUp));
  return families.map(({ family, entries, seen }) => {
    const selection =
      seen.sets.length > 0
        ? { rule: 'up' as const, given: seen, seen }
        : somethingIsFit
          ? { rule: 'other family' as const, given: nothing, seen }
          : { ...selectWhenAllDown(pool, entries), seen };
    return choiceOf(pool, family, entries, selection, somethingIsUp);
  });
}

function entriesOf(pool: Pool, family: Family, healthOf: (endpoint: string) => Health): Entry[] {
  return pool.members.flatMap((member) =>
    member.addresses
      .filter((address) => address.family === family)
      .map((address) => {
        const health = address.endpoint === undefined ? notChecked : healthOf(address.endpoint);
        return { member, address, health };
      }),
  );
}

function isUp({ health }: Entry): boolean {
  return health.verdict !== 'down';
}

function candidateOf(entry: Entry): Candidate {
  const { name, weight, tier, group } = entry.member;
  // No name of a member has a space, so no group is taken for a member.
  const domain = group === undefined ? name : `group ${group}`;
  const effective = Math.max(1, weight) * weightScale;
  return { member: name, domain, tier, isUp: isUp(entry), weight, effective };
}

function decide(pool: Pool, candidates: readonly Candidate[]): Decision {
  const policy = policyNamed(pool.policy);
  assert(policy !== undefined, `no policy ${pool.policy}`);
  return policy.choose(candidates, pool);
}

function selectWhenAllDown(pool: Pool, entries: readonly Entry[]): Omit<Selection, 'seen'> {
  const { whenAllDown } = pool;
  if (whenAllDown === 'none' || whenAllDown === 'servfail') return { rule: whenAllDown, given: nothing };
  const candidates = entries.map(candidateOf);
  // What is given for want of anything better has no minimum to reach.
  const free = { ...pool, minUp: 1 };
  if (whenAllDown === 'all') {
    const asIfUp = candidates.map((candidate) => ({ ...candidate, isUp: true }));
    return { rule: 'all', given: decide(free, asIfUp) };
  }
  const listed = candidates.map((candidate) => {
    const isListed = whenAllDown.includes(candidate.member);
    return { ...candidate, isUp: isListed, tier: 1, weight: Math.max(1, candidate.weight) };
  });
  return { rule: 'listed', given: decide(free, listed) };
}

const nothing: Decision = { sets: [], wanted: [], notes: [], remarks: [] };

function choiceOf(
  pool: Pool,
  family: Family,
  entries: readonly Entry[],
  { rule, given, seen }: Selection,
  somethingIsUp: boolean,
): FamilyChoice {
  const { sets, wanted, pick = { by: 'turn' } } = given;
  const chosen = new Set(sets.flatMap(({ members }) => members));
  const shares = givenShares(sets, entries.length);
  const { ttl, negativeTtlMax } = ttlOf(pool, family, entries);
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
      const why = isUp(entry)
        ? whyUp(entry, eligible, seen.notes[index]!)
        : whyDown(entry, eligible, rule, somethingIsUp);
      return {
        member: entry.member.name,
        address: entry.address.text,
        eligible,
        why,
        share: shares[index]!,
        wanted: wanted[index] ?? 0,
      };
    }),
    remarks: seen.remarks,
  };
}

function ttlOf(pool: Pool, family: Family, entries: readonly Entry[]) {
  const stable = pool.ttl.stable ?? pool.ttl.rrset[family];
  assert(stable !== undefined, `${pool.owner} has addresses of family ${family} but no TTL for them`);
  const unsettled = Math.min(pool.ttl.unsettled, stable);
  const allSettled = entries.every(({ health }) => health.settled && health.verdict !== 'down');
  return { ttl: allSettled ? stable : unsettled, negativeTtlMax: unsettled };
}

function whyUp(entry: Entry, eligible: boolean, note: string): string {
  if (!eligible) return note === '' ? 'up, not chosen' : note;
  return note === '' ? stateOf(entry) : `${stateOf(entry)}, ${note}`;
}

function whyDown({ member }: Entry, eligible: boolean, rule: Rule, somethingIsUp: boolean): string {
  const reason = somethingIsUp ? 'too few are up' : 'all are';
  switch (rule) {
    case 'up':
      return member.weight === 0 ? 'standby, down' : 'down';
    case 'other family':
      return 'down; the other family answers';
    case 'all':
      if (eligible) return `down, but ${reason} (when-all-down: all)`;
      return member.weight === 0 ? 'standby, down' : 'down';
    case 'listed':
      return eligible ? 'down, but listed in when-all-down' : 'down, not listed in when-all-down';
    case 'none':
    case 'servfail':
      return `down, ${somethingIsUp ? 'and too few are up' : 'as all are'} (when-all-down: ${rule})`;
  }
}

/** The state of an entry that counts as up. */
function stateOf({ address, health }: Entry): string {
  if (address.endpoint === undefined) return 'up, not checked';
  if (health.verdict === 'unknown') return 'up, not probed yet';
  return health.settled ? 'up' : 'up, in doubt';
}
