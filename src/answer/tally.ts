// hot: counts each response by transport, type and RCODE, by its size, and by its zone: three more cells of a
// thread's row of counters, behind those that counters.ts names. Called by the transports with what respond()
// made; which cell is which is read by control (metrics.ts).
//
//   counters.ts | transport x type x rcode | transport x size, sum of sizes | zones
import { zoneCellsMax } from '../limits.ts';
import type { Response } from '../wire/message.ts';
import { RCODE } from '../wire/numbers.ts';
import { type Query, TRANSPORT } from '../wire/query.ts';
import { counterNames } from './counters.ts';
import { noteQuery } from './querylog.ts';

/** Types that are counted by name. */
const typeNumbers = {
  ...{ A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33, NAPTR: 35, DS: 43 },
  ...{ SVCB: 64, HTTPS: 65, ANY: 255, CAA: 257 },
} as const;
/** Names of the cells: all other types are the first. */
export const tallyTypes = ['other', ...Object.keys(typeNumbers)];
/** RCODEs that are counted by name: all that we send, and a cell for what should not be. */
export const tallyRcodes = ['other', ...Object.keys(RCODE)];
export const tallyTransports = ['udp', 'tcp'] as const;
/** Sizes are counted up to 2^4, 2^5 and so on to 2^16 octets, each with those above the one before. */
export const tallySizes = Array.from({ length: 13 }, (_, i) => 2 ** (i + 4));

/** Where each part begins in a row. */
export const TALLY = {
  codes: counterNames.length,
  sizes: counterNames.length + tallyTransports.length * tallyTypes.length * tallyRcodes.length,
  /** Of each transport a cell per size, then the sum of all. */
  sizesOfTransport: tallySizes.length + 1,
  zones:
    counterNames.length +
    tallyTransports.length * (tallyTypes.length * tallyRcodes.length + tallySizes.length + 1),
} as const;

/** Cells of a row; zone 0 stands for all that have no cell of their own, and for responses of no zone. */
export const rowCells = TALLY.zones + zoneCellsMax;

const typeCells = new Uint8Array(258);
const rcodeCells = new Uint8Array(32);
for (const [name, type] of Object.entries(typeNumbers)) typeCells[type] = tallyTypes.indexOf(name);
for (const [name, rcode] of Object.entries(RCODE)) rcodeCells[rcode] = tallyRcodes.indexOf(name);
const typeCount = tallyTypes.length;
const rcodeCount = tallyRcodes.length;

/** Counts a response of `length` octets; 0 was none and is not counted. */
export function tally(cells: Float64Array, query: Query, response: Response, length: number): void {
  if (length === 0) return;
  noteQuery(query, response, length);
  const transport = query.transport === TRANSPORT.udp ? 0 : 1;
  // What could not be read as far as its question has no type.
  const type = query.questionEnd > query.at + 12 && query.type < 258 ? typeCells[query.type]! : 0;
  const rcode = rcodeCells[response.rcode & 31]!;
  cells[TALLY.codes + (transport * typeCount + type) * rcodeCount + rcode]! += 1;
  const sizes = TALLY.sizes + transport * TALLY.sizesOfTransport;
  const log = 32 - Math.clz32(length - 1);
  cells[sizes + (log < 4 ? 0 : log - 4)]! += 1;
  cells[sizes + TALLY.sizesOfTransport - 1]! += length;
  cells[TALLY.zones + response.zoneCell]! += 1;
}
