// A pool: the endpoints behind one owner name, and the choice that is made of them for each address family.
// Everything here is pure: members and health in, answer sets out. Called by control/ for publication, explain and
// status alike, so what is said is what is served.

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
