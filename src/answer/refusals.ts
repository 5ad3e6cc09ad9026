// Every way in which a query is refused: one row each. Octets from the network are never exceptional: the
// worst of them ends here, with an RCODE and a counter.

import { RCODE } from '../wire/numbers.ts';
import { READ } from '../wire/query.ts';
import { COUNTER } from './counters.ts';

export type Refusal = {
  readonly rcode: number;
  readonly counter: number;
  /** Whether the question is sent back: not where it could not be read. */
  readonly echoesQuestion: boolean;
  readonly text: string;
};

/** Refusals beyond those that readQuery() itself reports. */
export const REFUSAL = { ...READ, notOurs: 4, otherClass: 5, noAnswer: 6, transfer: 7 } as const;

/** Row n belongs to REFUSAL n; row 0 is unused. */
export const refusals: readonly Refusal[] = [
  { rcode: RCODE.NOERROR, counter: COUNTER.noerror, echoesQuestion: true, text: 'not refused' },
  { rcode: RCODE.FORMERR, counter: COUNTER.formerr, echoesQuestion: false, text: 'the message is malformed' },
  {
    rcode: RCODE.NOTIMP,
    counter: COUNTER.notimp,
    echoesQuestion: false,
    text: 'this opcode is not implemented',
  },
  {
    rcode: RCODE.BADVERS,
    counter: COUNTER.badvers,
    echoesQuestion: true,
    text: 'this EDNS version is not known',
  },
  {
    rcode: RCODE.REFUSED,
    counter: COUNTER.refused,
    echoesQuestion: true,
    text: 'the name is in no zone served here',
  },
  { rcode: RCODE.REFUSED, counter: COUNTER.refused, echoesQuestion: true, text: 'only class IN is served' },
  {
    rcode: RCODE.SERVFAIL,
    counter: COUNTER.servfail,
    echoesQuestion: true,
    text: 'every member of the pool is down',
  },
  {
    rcode: RCODE.NOTIMP,
    counter: COUNTER.notimp,
    echoesQuestion: true,
    text: 'zone transfer is not implemented',
  },
];
