// hot: RRsets copied from a table into a response: owner pointer, tail, and pointers in place of what the
// tail leaves open. Draws from answer sets happen here too. Everything returns whether it fitted; nothing is
// half written.
import { labelsMax } from '../limits.ts';
import type { Labels } from '../wire/labels.ts';
import { addCount, copyOctets, type Response, writeU32 } from '../wire/message.ts';
import { TYPE } from '../wire/numbers.ts';
import { bucketOfClient, client, setOfPlace } from './client.ts';
import { COUNTER } from './counters.ts';
import { findRrset } from './find.ts';
import {
  BUCKET,
  MODE,
  none,
  PLACE,
  RRSET,
  RRSET_ROW,
  SET_ROW,
  SLOT_ROW,
  tailHeaderSize,
  ZONE,
} from './layout.ts';
import type { SetsView, Tables, ZoneView } from './tables.ts';

/** Columns of the header's counts. */
export const SECTION = { answer: 6, authority: 8, additional: 10 } as const;

/** What came of writing an RRset. */
export const WROTE = { all: 0, tooBig: 1, nodata: 2, servfail: 3 } as const;

/**
 * 2^32 divided by the golden ratio: adding it again and again visits 32-bit phases evenly (a Weyl sequence).
 */
const golden = 0x9e3779b9;

/**
 * Where names stand that a response can point at, as offsets in the message; respond() sets them. They stay
 * below 2^14 because names and CNAMEs are all that comes before. Of the name being answered, labels from
 * `split` on are not written where it is but at `tail`: a CNAME's target that ends in its zone's apex ends in
 * a pointer. `rrset` is where the RRset written last begins; an address RRset of more than one RR has no use
 * for it and leaves it alone.
 */
export const anchors = { owner: 12, apex: 12, name: 12, split: labelsMax, tail: 0, target: 0, rrset: 0 };

/** Where a label of the name being answered stands in the message. */
export function placeOf(name: Labels, label: number): number {
  if (label < anchors.split) return anchors.name + name.starts[label]!;
  return anchors.tail + name.starts[label]! - name.starts[anchors.split]!;
}

/** Writes the RRset whose row is at word `row`, drawn from the answer sets where it is balanced. */
export function writeRrset(
  tables: Tables,
  zone: ZoneView,
  row: number,
  section: number,
  response: Response,
): number {
  const words = zone.words;
  const more = words[row + RRSET_ROW.more]!;
  if ((more & RRSET.balanced) !== 0 && zone.sets !== null) {
    return drawSet(tables, zone, zone.sets, more & RRSET.number, -1, section, response);
  }
  const type = words[row]! & 0xffff;
  const count = words[row]! >>> 16;
  const size = words[row + RRSET_ROW.tailsSize]!;
  if (response.end + size + count * 2 > response.limit) return WROTE.tooBig;
  const at = words[row + RRSET_ROW.tailsAt]!;
  if (type === TYPE.SOA) writeSoa(zone, at, size, response);
  else if (count > 1 && (type === TYPE.A || type === TYPE.AAAA)) {
    tables.turn = (tables.turn + golden) >>> 0;
    const first = Math.floor((tables.turn / 0x100000000) * count);
    writeTurned(zone.view, at, count, size / count, first, response);
  } else writeTails(zone.view, at, size, (more & RRSET.compressed) !== 0, response);
  addCount(response, section, count);
  return WROTE.all;
}

/**
 * Draws one answer set of a slot, of those from `first` on: one add, no random numbers. Without `first`, -1,
 * what the slot answers with decides; what is drawn in turn, as most is, looks at nothing else. Which address
 * stands first says the place of the phase between the bounds of its set: a second phase would go in step
 * with the first, and some members would stand first with hardly anybody.
 */
function drawSet(
  tables: Tables,
  zone: ZoneView,
  sets: SetsView,
  slot: number,
  first: number,
  section: number,
  response: Response,
): number {
  const words = sets.words;
  const row = sets.slotsAt + slot * SLOT_ROW.words;
  let set = first;
  if (set < 0) {
    if (words[row] !== MODE.turn || tables.explains) {
      return drawOther(tables, zone, sets, slot, section, response);
    }
    set = words[row + SLOT_ROW.firstSet]!;
  }
  const phase = (zone.phases[slot]! + golden) >>> 0;
  zone.phases[slot] = phase;
  let setRow = sets.setsAt + set * SET_ROW.words;
  let from = 0;
  while (words[setRow]! < phase) {
    from = words[setRow]! + 1;
    set++;
    setRow += SET_ROW.words;
  }
  const count = words[setRow + SET_ROW.count]!;
  const tailSize = words[setRow + SET_ROW.tailSize]!;
  if (response.end + count * (tailSize + 2) > response.limit) return WROTE.tooBig;
  let index = 0;
  if (count > 1) {
    const isClients = words[row] === MODE.client;
    const part = isClients ? client.first / BUCKET.firstParts : (phase - from) / (words[setRow]! - from + 1);
    index = Math.floor(part * count);
  }
  writeTurned(sets.view, words[setRow + SET_ROW.tailsAt]!, count, tailSize, index, response);
  addCount(response, section, count);
  sets.counts[set]! += 1;
  tables.counters[COUNTER.balanced]! += 1;
  return WROTE.all;
}

/**
 * The same for whatever else there is. The client subnet counts for the answer only: what is additional is no
 * tailored response, and has no scope.
 */
function drawOther(
  tables: Tables,
  zone: ZoneView,
  sets: SetsView,
  slot: number,
  section: number,
  response: Response,
): number {
  const row = sets.slotsAt + slot * SLOT_ROW.words;
  const mode = sets.words[row]!;
  const isAnswer = section === SECTION.answer;
  if (tables.explains && isAnswer) {
    client.slot = row;
    client.sets = sets;
  }
  let first = sets.words[row + SLOT_ROW.firstSet]!;
  if (mode === MODE.records) return writeRecords(sets, row, first, section, response);
  if (mode > MODE.place) return mode === MODE.nodata ? WROTE.nodata : WROTE.servfail;
  if (mode === MODE.client) {
    const bucket = bucketOfClient(tables, sets, row, isAnswer);
    first += bucket & BUCKET.set;
    client.first = bucket >>> BUCKET.firstShift;
  } else if (mode === MODE.place) first += setOfPlace(tables, sets, row, isAnswer);
  return drawSet(tables, zone, sets, slot, first, section, response);
}

/** Writes what is given of an RRset that follows its members: it is not drawn, there is one set. */
function writeRecords(sets: SetsView, row: number, set: number, section: number, response: Response): number {
  const setRow = sets.setsAt + set * SET_ROW.words;
  const count = sets.words[setRow + SET_ROW.count]!;
  const size = sets.words[row + SLOT_ROW.pickSize]!;
  if (response.end + size + count * 2 > response.limit) return WROTE.tooBig;
  writeTails(sets.view, sets.words[setRow + SET_ROW.tailsAt]!, size, false, response);
  addCount(response, section, count);
  sets.counts[set]! += 1;
  return WROTE.all;
}

/** Writes `count` tails of one size, beginning with the one that is `first`, from 0, of them. */
function writeTurned(
  from: DataView,
  at: number,
  count: number,
  tailSize: number,
  first: number,
  response: Response,
): void {
  const octets = response.octets;
  const pointer = anchors.owner;
  let to = response.end;
  let index = first;
  for (let left = count; left > 0; left--) {
    octets[to++] = 0xc0 | (pointer >>> 8);
    octets[to++] = pointer;
    copyOctets(response, to, from, at + index * tailSize, tailSize);
    to += tailSize;
    index = index + 1 === count ? 0 : index + 1;
  }
  response.end = to;
}

/** Writes tails of any size in order; where `compressed`, placeholders become pointers. */
function writeTails(from: DataView, at: number, size: number, compressed: boolean, response: Response): void {
  const octets = response.octets;
  const pointer = anchors.owner;
  let to = response.end;
  let p = at;
  anchors.rrset = to - response.at;
  while (p < at + size) {
    octets[to++] = 0xc0 | (pointer >>> 8);
    octets[to++] = pointer;
    const tailSize = tailHeaderSize + from.getUint16(p + tailHeaderSize - 2);
    copyOctets(response, to, from, p, tailSize);
    to += tailSize;
    p += tailSize;
    if (compressed && octets[to - 1] !== 0) writePointer(octets, to - 2);
  }
  response.end = to;
}

function writeSoa(zone: ZoneView, at: number, size: number, response: Response): void {
  const start = response.end + 2;
  writeTails(zone.view, at, size, false, response);
  const mname = zone.words[ZONE.soaPatchMname]!;
  const rname = zone.words[ZONE.soaPatchRname]!;
  if (mname !== 0) writePointer(response.octets, start + mname);
  if (rname !== 0) writePointer(response.octets, start + rname);
}

/** Makes a pointer of the placeholder at octets[at]. */
function writePointer(octets: Uint8Array, at: number): void {
  const place = ((octets[at]! & 0x3f) << 8) | octets[at + 1]!;
  const pointer =
    place === PLACE.apex ? anchors.apex : place === PLACE.owner ? anchors.owner : anchors.rrset + place;
  octets[at] = 0xc0 | (pointer >>> 8);
  octets[at + 1] = pointer;
}

/** Writes the zone's SOA into the authority section with the negative TTL, at most `ttlMax` (RFC 2308 §3). */
export function writeNegativeSoa(zone: ZoneView, ttlMax: number, response: Response): boolean {
  const soa = zone.words[ZONE.soa]!;
  if (soa === none) return true;
  const row = zone.rrsetsAt + soa * RRSET_ROW.words;
  const size = zone.words[row + RRSET_ROW.tailsSize]!;
  if (response.end + size + 2 > response.limit) return false;
  const start = response.end;
  anchors.owner = anchors.apex;
  writeSoa(zone, zone.words[row + RRSET_ROW.tailsAt]!, size, response);
  const negativeTtl = zone.words[ZONE.negativeTtl]!;
  writeU32(response.octets, start + 6, Math.min(negativeTtl, ttlMax));
  addCount(response, SECTION.authority, 1);
  return true;
}

/** Whether the RRset would be answered with: a balanced one may have nothing to give at the moment. */
export function hasAnswer(zone: ZoneView, row: number): boolean {
  const sets = zone.sets;
  const more = zone.words[row + RRSET_ROW.more]!;
  if ((more & RRSET.balanced) === 0 || sets === null) return true;
  return sets.words[sets.slotsAt + (more & RRSET.number) * SLOT_ROW.words]! <= MODE.records;
}

/** The bound a slot sets to the SOA's TTL of its NODATA, in seconds. */
export function negativeTtlMax(zone: ZoneView, row: number): number {
  const sets = zone.sets;
  if (sets === null) return none;
  const slot = zone.words[row + RRSET_ROW.more]! & RRSET.number;
  return sets.words[sets.slotsAt + slot * SLOT_ROW.words + SLOT_ROW.negativeTtlMax]!;
}

/**
 * Writes the addresses of the targets of the RRset that was written last, `row`, into the additional section;
 * false where one did not fit. Their owners point at the targets.
 */
export function writeTargets(tables: Tables, zone: ZoneView, row: number, response: Response): boolean {
  const more = zone.words[row + RRSET_ROW.more]!;
  let words = zone.words;
  let list = more & RRSET.number;
  if ((more & RRSET.balanced) !== 0) {
    const sets = zone.sets;
    if (sets === null) return true;
    const slot = sets.slotsAt + list * SLOT_ROW.words;
    if (sets.words[slot] !== MODE.records) return true;
    words = sets.words;
    list = words[slot + SLOT_ROW.pickAt]!;
  } else if (list !== 0) list += zone.listsAt;
  if (list === 0) return true;
  const end = list + words[list]! * 2;
  const owner = anchors.owner;
  const rrset = anchors.rrset;
  let fitted = true;
  for (let at = list + 1; at < end; at += 2) {
    const node = words[at]!;
    const place = words[at + 1]!;
    anchors.owner = place === PLACE.apex ? anchors.apex : place === PLACE.owner ? owner : rrset + place;
    if (anchors.owner > 0x3fff) continue; // no pointer reaches so far
    if (!writeTarget(tables, zone, node, TYPE.A, response)) fitted = false;
    if (!writeTarget(tables, zone, node, TYPE.AAAA, response)) fitted = false;
  }
  return fitted;
}

/** Writes one address RRset of `node`; false where it does not fit. */
function writeTarget(
  tables: Tables,
  zone: ZoneView,
  node: number,
  type: number,
  response: Response,
): boolean {
  const row = findRrset(zone, node, type);
  return row === none || writeRrset(tables, zone, row, SECTION.additional, response) !== WROTE.tooBig;
}
