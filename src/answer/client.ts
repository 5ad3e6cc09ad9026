// hot: who asks, as far as answers depend on it. respond() says which query is at hand, a draw (emit.ts) asks
// here which answer sets are for its client, and edns.ts reads the scope that came of it. The client's
// network is that of the client subnet option where the operator has that switched on and the query names
// one, else that of the source.
import { clientBits4, clientBits6, clientHash } from '../wire/clienthash.ts';
import { isMapped } from '../wire/networks.ts';
import { Query } from '../wire/query.ts';
import { SETS, SLOT_ROW } from './layout.ts';
import { findPlace, PLACE_PART } from './places.ts';
import type { SetsView, Tables } from './tables.ts';

/**
 * The query at hand, and the SCOPE PREFIX-LENGTH of its response: bits of the client subnet that the answer
 * depends on so far, 0: it is the same for everybody (RFC 7871 §7.2.1). `slot` is the word index of the slot
 * of `sets` that the answer comes from, kept where somebody may see its summary; 0: from none. `first` is
 * that of the client's BUCKET, for a set that is drawn by it.
 */
export const client = { query: new Query(), scope: 0, first: 0, slot: 0, sets: null as SetsView | null };

/**
 * The address of the option that readSubnet() has read, filled up with zeros, and its size, 4 or 16.
 * `before`: bits of the option's address that stand before it, 96 for an IPv4 address in IPv6 clothes.
 */
const subnet = new Uint8Array(16);
const read = { size: 0, before: 0 };

/**
 * Reads the client subnet into `subnet`; false where there is none to go by: a prefix of no bits asks us not
 * to look at the client (RFC 7871 §7.1.2).
 */
function readSubnet(query: Query): boolean {
  if (!query.hasEdns || query.subnetSize === 0) return false;
  const octets = query.octets;
  const at = query.subnetAt;
  if (octets[at + 2] === 0) return false;
  read.size = octets[at + 1] === 1 ? 4 : 16;
  const given = query.subnetSize - 4;
  for (let i = 0; i < read.size; i++) subnet[i] = i < given ? octets[at + 4 + i]! : 0;
  read.before = 0;
  if (read.size === 16 && octets[at + 2]! >= 96 && isMapped(subnet, 0)) {
    read.size = 4;
    read.before = 96;
    subnet.copyWithin(0, 12);
  }
  return true;
}

/**
 * Widens the scope to `bits`. More than the client has sent says that with more the answer might be another
 * (RFC 7871 §7.2.1): it is the one for the first network in what was sent.
 */
function depend(bits: number): void {
  if (bits > client.scope) client.scope = bits;
}

/** The BUCKET of the client at hand in the slot at word `row`. */
export function bucketOfClient(tables: Tables, sets: SetsView, row: number, asksSubnet: boolean): number {
  const query = client.query;
  let hash = 0;
  if (asksSubnet && tables.clientSubnet && readSubnet(query)) {
    depend(read.before + (read.size === 4 ? clientBits4 : clientBits6));
    hash = clientHash(subnet, 0, read.size);
  } else {
    const skipped = query.sourceSize === 16 && isMapped(query.source, query.sourceAt) ? 12 : 0;
    hash = clientHash(query.source, query.sourceAt + skipped, query.sourceSize - skipped);
  }
  const bucket = hash & (sets.words[row + SLOT_ROW.pickSize]! - 1);
  const pair = sets.words[sets.words[row + SLOT_ROW.pickAt]! + (bucket >>> 1)]!;
  return (bucket & 1) === 0 ? pair & 0xffff : pair >>> 16;
}

/** The first set, counted from the slot's first, of those that are drawn for the client's place. */
export function setOfPlace(tables: Tables, sets: SetsView, row: number, asksSubnet: boolean): number {
  const at = sets.words[row + SLOT_ROW.pickAt]!;
  const places = tables.places;
  // Sets that were compiled for another table of places count theirs otherwise; new ones are on their way.
  if (places === null || sets.words[SETS.placesId] !== tables.placesId) return sets.words[at]!;
  const query = client.query;
  let found = 0;
  if (asksSubnet && tables.clientSubnet && readSubnet(query)) {
    found = findPlace(places, subnet, 0, read.size);
    depend(read.before + (found >>> PLACE_PART.lengthShift));
  } else {
    const skipped = query.sourceSize === 16 && isMapped(query.source, query.sourceAt) ? 12 : 0;
    found = findPlace(places, query.source, query.sourceAt + skipped, query.sourceSize - skipped);
  }
  const place = found & PLACE_PART.number;
  return place < sets.words[row + SLOT_ROW.pickSize]! ? sets.words[at + place]! : sets.words[at]!;
}
