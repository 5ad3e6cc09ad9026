// hot: RRsets copied from a table into a response: owner pointer, tail, apex pointer. Draws from answer sets
// happen here too. Everything returns whether it fitted; nothing is half written.
import { labelsMax } from '../limits.ts';
import type { Labels } from '../wire/labels.ts';
import { addCount, type Response, writeU32 } from '../wire/message.ts';
import { TYPE } from '../wire/numbers.ts';
import { COUNTER } from './counters.ts';
import { findRrset, nodeWord } from './find.ts';
import { MODE, NODE_ROW, none, RRSET, RRSET_ROW, SET_ROW, SLOT_ROW, tailHeaderSize, ZONE } from './layout.ts';
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
 * a pointer.
 */
export const anchors = { owner: 12, apex: 12, name: 12, split: labelsMax, tail: 0, target: 0 };

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
    return drawSet(tables, zone, zone.sets, more & RRSET.number, section, response);
  }
  const type = words[row]! & 0xffff;
  const count = words[row]! >>> 16;
  const size = words[row + RRSET_ROW.tailsSize]!;
  if (response.end + size + count * 2 > response.limit) return WROTE.tooBig;
  const at = words[row + RRSET_ROW.tailsAt]!;
  if (type === TYPE.SOA) writeSoa(zone, at, size, response);
  else if (count > 1 && (type === TYPE.A || type === TYPE.AAAA)) {
    tables.turn = (tables.turn + golden) >>> 0;
    writeTurned(zone.octets, at, count, size / count, tables.turn, response);
  } else writeTails(zone.octets, at, size, (more & RRSET.compressed) !== 0, response);
  addCount(response, section, count);
  return WROTE.all;
}

/** Draws one answer set of a slot: one add, no random numbers. */
function drawSet(
  tables: Tables,
  zone: ZoneView,
  sets: SetsView,
  slot: number,
  section: number,
  response: Response,
): number {
  const words = sets.words;
  const row = sets.slotsAt + slot * SLOT_ROW.words;
  const mode = words[row]!;
  if (mode !== MODE.sets) return mode === MODE.nodata ? WROTE.nodata : WROTE.servfail;
  const phase = (zone.phases[slot]! + golden) >>> 0;
  zone.phases[slot] = phase;
  let set = words[row + SLOT_ROW.firstSet]!;
  let setRow = sets.setsAt + set * SET_ROW.words;
  while (words[setRow]! < phase) {
    set++;
    setRow += SET_ROW.words;
  }
  const count = words[setRow + SET_ROW.count]!;
  const tailSize = words[setRow + SET_ROW.tailSize]!;
  if (response.end + count * (tailSize + 2) > response.limit) return WROTE.tooBig;
  let turn = 0;
  if (count > 1) {
    turn = (zone.turns[slot]! + golden) >>> 0;
    zone.turns[slot] = turn;
  }
  writeTurned(sets.octets, words[setRow + SET_ROW.tailsAt]!, count, tailSize, turn, response);
  addCount(response, section, count);
  sets.counts[set]! += 1;
  tables.counters[COUNTER.balanced]! += 1;
  return WROTE.all;
}

/** Writes `count` tails of one size, beginning with the one that the phase `turn` points at. */
function writeTurned(
  from: Uint8Array,
  at: number,
  count: number,
  tailSize: number,
  turn: number,
  response: Response,
): void {
  const octets = response.octets;
  const pointer = anchors.owner;
  let to = response.end;
  let index = Math.floor((turn / 0x100000000) * count);
  for (let left = count; left > 0; left--) {
    octets[to++] = 0xc0 | (pointer >>> 8);
    octets[to++] = pointer;
    let p = at + index * tailSize;
    for (const end = p + tailSize; p < end; p++) octets[to++] = from[p]!;
    index = index + 1 === count ? 0 : index + 1;
  }
  response.end = to;
}

/**
 * Writes tails of any size in order; where `compressed`, those that end with C0 01 get the apex's pointer.
 */
function writeTails(
  from: Uint8Array,
  at: number,
  size: number,
  compressed: boolean,
  response: Response,
): void {
  const octets = response.octets;
  const pointer = anchors.owner;
  let to = response.end;
  let p = at;
  while (p < at + size) {
    octets[to++] = 0xc0 | (pointer >>> 8);
    octets[to++] = pointer;
    const end = p + tailHeaderSize + ((from[p + 8]! << 8) | from[p + 9]!);
    while (p < end) octets[to++] = from[p++]!;
    if (compressed && from[end - 1] === 1 && from[end - 2] === 0xc0) pointToApex(octets, to - 2);
  }
  response.end = to;
}

function writeSoa(zone: ZoneView, at: number, size: number, response: Response): void {
  const start = response.end + 2;
  writeTails(zone.octets, at, size, false, response);
  const mname = zone.words[ZONE.soaPatchMname]!;
  const rname = zone.words[ZONE.soaPatchRname]!;
  if (mname !== 0) pointToApex(response.octets, start + mname);
  if (rname !== 0) pointToApex(response.octets, start + rname);
}

function pointToApex(octets: Uint8Array, at: number): void {
  octets[at] = 0xc0 | (anchors.apex >>> 8);
  octets[at + 1] = anchors.apex;
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
  return sets.words[sets.slotsAt + (more & RRSET.number) * SLOT_ROW.words] === MODE.sets;
}

/** The bound a slot sets to the SOA's TTL of its NODATA, in seconds. */
export function negativeTtlMax(zone: ZoneView, row: number): number {
  const sets = zone.sets;
  if (sets === null) return none;
  const slot = zone.words[row + RRSET_ROW.more]! & RRSET.number;
  return sets.words[sets.slotsAt + slot * SLOT_ROW.words + SLOT_ROW.negativeTtlMax]!;
}

/** Writes the addresses of an RRset's targets into the additional section; false where one did not fit. */
export function writeTargets(tables: Tables, zone: ZoneView, row: number, response: Response): boolean {
  const more = zone.words[row + RRSET_ROW.more]!;
  if ((more & RRSET.balanced) !== 0) return true;
  const list = more & RRSET.number;
  if (list === 0) return true;
  const at = zone.listsAt + list;
  const count = zone.words[at]!;
  let fitted = true;
  for (let i = 1; i <= count; i++) {
    const node = zone.words[at + i]!;
    if (!writeTarget(tables, zone, node, TYPE.A, response)) fitted = false;
    if (!writeTarget(tables, zone, node, TYPE.AAAA, response)) fitted = false;
  }
  return fitted;
}

/**
 * Writes one address RRset of `node`, whose name is not in the message yet. The RRset is written with
 * pointers to where the name will stand, so far behind that the name, which ends in a pointer to the apex,
 * then takes the place of the first of them.
 */
function writeTarget(
  tables: Tables,
  zone: ZoneView,
  node: number,
  type: number,
  response: Response,
): boolean {
  const row = findRrset(zone, node, type);
  const start = response.end;
  if (row === none || start - response.at > 0x3fff) return true;
  response.end = start + ownerSize(zone, node) - 2;
  anchors.owner = start - response.at;
  const wrote = writeRrset(tables, zone, row, SECTION.additional, response);
  if (wrote !== WROTE.all) {
    response.end = start;
    return wrote !== WROTE.tooBig;
  }
  writeOwner(zone, node, start, response.octets);
  return true;
}

/** Octets of a node's name when the apex is a pointer. */
function ownerSize(zone: ZoneView, node: number): number {
  let size = 2;
  for (let n = node; n !== 0; n = nodeWord(zone, n, NODE_ROW.parent)) {
    size += zone.octets[nodeWord(zone, n, NODE_ROW.labelAt)]! + 1;
  }
  return size;
}

function writeOwner(zone: ZoneView, node: number, start: number, octets: Uint8Array): void {
  let to = start;
  for (let n = node; n !== 0; n = nodeWord(zone, n, NODE_ROW.parent)) {
    const at = nodeWord(zone, n, NODE_ROW.labelAt);
    const end = at + zone.octets[at]!;
    for (let p = at; p <= end; p++) octets[to++] = zone.octets[p]!;
  }
  pointToApex(octets, to);
}
