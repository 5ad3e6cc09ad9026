// What every policy is: a pure function from the addresses of a pool, with what is known of them, to answer
// sets. It knows nothing of DNS, time or probes, so explain, simulation and the tests call it as the server
// does. It also says what it thought: a note on each address, and remarks on the pool as a whole.
import type { AnswerSet, Pick } from '../pool.ts';

/** An address of one family of a pool. */
export type Candidate = {
  /** Its member's name: the same as long as the operator does not rename it, so hashes of it are stable. */
  readonly member: string;
  /** As text; a member may have several of one family. */
  readonly address: string;
  /** What fails together: equal for the members of one group; a member without a group is its own. */
  readonly domain: string;
  /** From 1; lower ones come first. */
  readonly tier: number;
  /** The place that its member is in, where the operator has said one. */
  readonly located: string | undefined;
  readonly isUp: boolean;
  /** Configured weight, 0 (standby) to 2^20. */
  readonly weight: number;
  /** Weight at this moment, in units of 2^-16, above 0; that of a standby is for when it is needed. */
  readonly effective: number;
};

/** What the operator says of the pool; a policy reads what it needs. */
export type PolicySettings = {
  readonly answers: 'auto' | number;
  /** `group`: at most one address of a domain in a response; `one-group`: all are of one domain. */
  readonly spread: 'none' | 'group' | 'one-group';
  /** Members that must be up for a tier to be healthy. */
  readonly minUp: number;
  /** Part of the responses that the next tier gets, 0 to 1. */
  readonly trickle: number;
  /** Where clients are; the last one is everywhere else, '', and always there. */
  readonly places: readonly PlaceOrder[];
};

/**
 * A place of clients, and the places whose members serve it, best first: itself, and what it falls back on.
 */
export type PlaceOrder = { readonly place: string; readonly order: readonly string[] };

/** What a policy makes of its candidates, which `sets` name by their indices. */
export type Decision = {
  /** None where nothing is fit to be given: then `when-all-down` decides. */
  readonly sets: readonly AnswerSet[];
  /** How a response's set is picked; absent: in turn. */
  readonly pick?: Pick;
  /** Part of the traffic that the weights ask for, for each candidate. */
  readonly wanted: readonly number[];
  /** For each candidate that is up: why it is or is not given, as a clause; empty where that is plain. */
  readonly notes: readonly string[];
  /** On the pool, for status and explain: `tier 1: 0 of 2 up, fails`. */
  readonly remarks: readonly string[];
  /** Those of the remarks that need somebody: others stand in for those who should serve. */
  readonly alarms?: readonly string[];
};

export type Policy = {
  /** One line for the operator. */
  readonly what: string;
  /** Keys of the YAML that only some policies read; with any other policy they are a fault. */
  readonly keys: readonly ('tier' | 'min-up' | 'trickle' | 'place')[];
  /** Whether with `answers: auto` everybody gets what the weights ask for, or nearly. */
  readonly autoIsExact: boolean;
  /** Candidates stand in the pool's order and are at least one. */
  readonly choose: (candidates: readonly Candidate[], settings: PolicySettings) => Decision;
};
