// What every policy is: a pure function from the members that may be given to answer sets. It knows nothing
// of DNS, time or health, so explain, simulation and the tests call it as the server does.
import type { AnswerSet } from '../pool.ts';

/** An address that may be given now. */
export type Candidate = {
  /** Its member's name: the same as long as the operator does not rename it, so hashes of it are stable. */
  readonly member: string;
  /** Configured weight, 1 to 2^20. */
  readonly weight: number;
  /** Weight at this moment, in units of 2^-16, above 0. */
  readonly effective: number;
};

export type PolicySettings = { readonly answers: 'auto' | number };

export type Policy = {
  /** One line for the operator. */
  readonly what: string;
  /** Candidates stand in the pool's order and are at least one; set members are indices into them. */
  readonly choose: (candidates: readonly Candidate[], settings: PolicySettings) => AnswerSet[];
};
