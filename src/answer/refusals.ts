// Every way in which a query is refused: one row each. Octets from the network are never exceptional: the
// worst of them ends here, with an RCODE, an extended error and a counter.

import { INFO, RCODE } from '../wire/numbers.ts';
import { READ } from '../wire/query.ts';
import { COUNTER } from './counters.ts';

export type Refusal = {
  readonly rcode: number;
  readonly counter: number;
  /** Whether the question is sent back, and OPT: not where they could not be read. */
  readonly echoesQuestion: boolean;
  /** INFO-CODE of the extended error (RFC 8914), -1 for none. */
  readonly info: number;
  readonly text: string;
  /** The text as EXTRA-TEXT. */
  readonly octets: Uint8Array;
};

/** Refusals beyond those that readQuery() itself reports. */
export const REFUSAL = {
  ...READ,
  notOurs: 4,
  otherClass: 5,
  noAnswer: 6,
  transfer: 7,
  badCookie: 8,
} as const;

/** Row n belongs to REFUSAL n; row 0 is unused. */
export const refusals: readonly Refusal[] = [
  bare(RCODE.NOERROR, COUNTER.noerror, 'not refused'),
  bare(RCODE.FORMERR, COUNTER.formerr, 'the message is malformed'),
  bare(RCODE.NOTIMP, COUNTER.notimp, 'this opcode is not implemented'),
  row(RCODE.BADVERS, COUNTER.badvers, INFO.notSupported, 'this EDNS version is not known'),
  row(RCODE.REFUSED, COUNTER.refused, INFO.notAuthoritative, 'the name is in no zone served here'),
  row(RCODE.REFUSED, COUNTER.refused, INFO.notSupported, 'only class IN is served'),
  row(RCODE.SERVFAIL, COUNTER.servfail, INFO.other, 'every member of the pool is down'),
  row(RCODE.NOTIMP, COUNTER.notimp, INFO.notSupported, 'zone transfer is not implemented'),
  row(RCODE.BADCOOKIE, COUNTER.badcookie, -1, 'ask again with this cookie'),
];

function row(rcode: number, counter: number, info: number, text: string): Refusal {
  return { rcode, counter, info, text, echoesQuestion: true, octets: new TextEncoder().encode(text) };
}

/** A refusal that is a header and nothing else: the question could not be read, or means nothing to us. */
function bare(rcode: number, counter: number, text: string): Refusal {
  return { ...row(rcode, counter, -1, text), echoesQuestion: false };
}
