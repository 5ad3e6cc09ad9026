// A pool: the endpoints behind one owner name, and the choice that is made of them for each address family.
// Everything here is pure: members and health in, answer sets out. Called by control/ for publication,
// explain and status alike, so what is said is what is served.
//
// Rules, per family: weighted members that are up, else standbys (weight 0) that are up, else nothing. A
// family with nothing answers NODATA while the other has something; when neither has, `when-all-down` decides
// for the pool. An address without a check, or not probed yet, counts as up. Where a member has two addresses
// in one family each is an entry of its own with the member's weight.
import assert from 'node:assert';
import { weightScale } from '../limits.ts';
import { policyNamed } from './policies/index.ts';
import type { Candidate } from './policies/policy.ts';
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
  readonly addresses: readonly Address[];
};

export type WhenAllDown = 'all' | 'none' | 'servfail' | readonly string[];

/** What the operator says of one owner name, with the addresses of the zone filled in. */
export type Pool = {
  /** Absolute owner name in presentation form, lowercase, with the final dot: `www.site.example.` */
  readonly owner: string;
  readonly policy: string;
  readonly answers: 'auto' | number;
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
  readonly verdict: 'up' | 'down' | 'unknown';
  /** False while it is failing, recovering or down: the answer's TTL is then the unsettled one. */
  readonly settled: boolean;
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
  /** Part of this family's traffic that the address is given, 0 to 1. */
  readonly share: number;
};

/** The choice for one family of a pool. */
export type FamilyChoice = {
  readonly family: Family;
  /** `nodata` and `servfail` carry no sets. */
  readonly mode: 'sets' | 'nodata' | 'servfail';
  readonly addresses: readonly Address[];
  readonly sets: readonly AnswerSet[];
  /** Addresses per response, k. 0 where mode is not `sets`. */
  readonly answers: number;
  /** TTL of the RRset in seconds. */
  readonly ttl: number;
  /** For NODATA: the SOA's TTL may not be above this. */
  readonly negativeTtlMax: number;
  readonly standings: readonly Standing[];
};

/** An address in its family, with what is known of it now. */
type Entry = { readonly member: Member; readonly address: Address; readonly health: Health };

/** Which addresses of a family are given (indices), and which rule said so. */
type Selection = {
  readonly rule: 'up' | 'standby' | 'other family' | 'all' | 'none' | 'servfail' | 'listed';
  readonly chosen: readonly number[];
};

const notChecked: Health = { verdict: 'up', settled: true };

/** Chooses for every family in which the pool has addresses, A first. */
export function choosePool(pool: Pool, healthOf: (endpoint: string) => Health): FamilyChoice[] {
  const families = ([1, 28] as const)
    .map((family) => ({ family, entries: entriesOf(pool, family, healthOf) }))
    .filter(({ entries }) => entries.length > 0)
    .map(({ family, entries }) => ({ family, entries, eligible: selectUp(entries) }));
  const somethingIsUp = families.some(({ eligible }) => eligible !== undefined);
  return families.map(({ family, entries, eligible }) => {
    const selection =
      eligible ??
      (somethingIsUp ? { rule: 'other family' as const, chosen: [] } : selectWhenAllDown(pool, entries));
    return choiceOf(pool, family, entries, selection);
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

function selectUp(entries: readonly Entry[]): Selection | undefined {
  const up = indicesOf(entries, ({ health }) => health.verdict !== 'down');
  const weighted = up.filter((index) => entries[index]!.member.weight > 0);
  if (weighted.length > 0) return { rule: 'up', chosen: weighted };
  return up.length > 0 ? { rule: 'standby', chosen: up } : undefined;
}

function selectWhenAllDown(pool: Pool, entries: readonly Entry[]): Selection {
  const { whenAllDown } = pool;
  if (whenAllDown === 'none' || whenAllDown === 'servfail') return { rule: whenAllDown, chosen: [] };
  if (whenAllDown !== 'all') {
    return { rule: 'listed', chosen: indicesOf(entries, ({ member }) => whenAllDown.includes(member.name)) };
  }
  const weighted = indicesOf(entries, ({ member }) => member.weight > 0);
  return { rule: 'all', chosen: weighted.length > 0 ? weighted : indicesOf(entries, () => true) };
}

function indicesOf(entries: readonly Entry[], wanted: (entry: Entry) => boolean): number[] {
  return [...entries.keys()].filter((index) => wanted(entries[index]!));
}

function choiceOf(
  pool: Pool,
  family: Family,
  entries: readonly Entry[],
  { rule, chosen }: Selection,
): FamilyChoice {
  const sets = chosen.length === 0 ? [] : drawnSets(pool, entries, chosen);
  const given = new Set(chosen);
  const shares = givenShares(sets, entries.length);
  const { ttl, negativeTtlMax } = ttlOf(pool, family, entries);
  const emptyMode = rule === 'servfail' ? 'servfail' : 'nodata';
  return {
    family,
    mode: sets.length > 0 ? 'sets' : emptyMode,
    addresses: entries.map(({ address }) => address),
    sets,
    answers: Math.max(0, ...sets.map(({ members }) => members.length)),
    ttl,
    negativeTtlMax,
    standings: entries.map((entry, index) => {
      const eligible = given.has(index);
      const why = whyOf(entry, rule, eligible);
      return {
        member: entry.member.name,
        address: entry.address.text,
        eligible,
        why,
        share: shares[index]!,
      };
    }),
  };
}

/** Lets the policy choose among the chosen entries; sets come back as indices of entries. */
function drawnSets(pool: Pool, entries: readonly Entry[], chosen: readonly number[]): AnswerSet[] {
  const policy = policyNamed(pool.policy);
  assert(policy !== undefined, `no policy ${pool.policy}`);
  const candidates = chosen.map((index): Candidate => {
    const { name, weight } = entries[index]!.member;
    // A standby that is needed counts as one part.
    const needed = Math.max(1, weight);
    return { member: name, weight: needed, effective: needed * weightScale };
  });
  return policy.choose(candidates, { answers: pool.answers }).map(({ members, share }) => ({
    members: members.map((candidate) => chosen[candidate]!),
    share,
  }));
}

function ttlOf(pool: Pool, family: Family, entries: readonly Entry[]) {
  const stable = pool.ttl.stable ?? pool.ttl.rrset[family];
  assert(stable !== undefined, `${pool.owner} has addresses of family ${family} but no TTL for them`);
  const unsettled = Math.min(pool.ttl.unsettled, stable);
  const allSettled = entries.every(({ health }) => health.settled && health.verdict !== 'down');
  return { ttl: allSettled ? stable : unsettled, negativeTtlMax: unsettled };
}

function whyOf(entry: Entry, rule: Selection['rule'], eligible: boolean): string {
  const standby = entry.member.weight === 0;
  if (entry.health.verdict !== 'down') {
    if (eligible) return standby ? `${stateOf(entry)}, standby in use` : stateOf(entry);
    return 'standby, not needed';
  }
  switch (rule) {
    case 'up':
    case 'standby':
      return standby ? 'standby, down' : 'down';
    case 'other family':
      return 'down; the other family answers';
    case 'all':
      return eligible ? 'down, but all are (when-all-down: all)' : 'standby, down';
    case 'listed':
      return eligible ? 'down, but listed in when-all-down' : 'down, not listed in when-all-down';
    case 'none':
    case 'servfail':
      return `down, as all are (when-all-down: ${rule})`;
  }
}

/** The state of an entry that counts as up. */
function stateOf({ address, health }: Entry): string {
  if (address.endpoint === undefined) return 'up, not checked';
  if (health.verdict === 'unknown') return 'up, not probed yet';
  return health.settled ? 'up' : 'up, in doubt';
}
