// Writes an answer-set table, which layout.ts describes: choices in, a table out. Called by control at each
// health change, and by tests; never in the server process.
import { strict as assert } from 'node:assert';
import type { RecordsChoice } from '../balance/follow.ts';
import type { AnswerSet, FamilyChoice } from '../balance/pool.ts';
import { bounds } from '../balance/sets.ts';
import type { Summary } from '../balance/summary.ts';
import { CLASS } from '../wire/numbers.ts';
import {
  BUCKET,
  elapsedMark,
  HEADER,
  MODE,
  none,
  PLACE,
  SET_ROW,
  SETS,
  SLOT_ROW,
  setsMagic,
  tailHeaderSize,
  version,
} from './layout.ts';
import { PLACES } from './places.ts';
import type { Places } from './settings.ts';
import { Octets, seal, Words } from './store.ts';

/** What a slot answers with, and how its pool is, for those who may see it. */
export type SlotChoice = (FamilyChoice & { readonly summary?: Summary | undefined }) | RecordsChoice;

/** How a slot's set is picked, as its row has it; `at` is an index into the lists. */
type Picked = {
  readonly mode: number;
  readonly at: number;
  readonly size: number;
  readonly upper: Uint32Array;
};

/**
 * Compiles choices into the answer-set table of the zone table `zoneId`. Choice n is for slot n; places that
 * they name are numbered as in `places`, which threads must have.
 */
export function compileSets(
  zoneId: string,
  edition: number,
  choices: readonly SlotChoice[],
  places: Places | undefined = undefined,
): Uint8Array {
  const lists = new Words(64);
  lists.push(0); // so that no list has index 0, which means: none
  const numbers = new Map(['', ...(places?.names ?? [])].map((name, number) => [name, number]));
  const texts = choices.map((choice) => summaryOctets(('summary' in choice && choice.summary) || []));
  const picked = choices.map((choice) => writePick(lists, choice, numbers));
  const setCount = choices.reduce((sum, choice) => sum + setsOf(choice), 0);
  const setsAt = SETS.words + choices.length * SLOT_ROW.words;
  const listsAt = setsAt + setCount * SET_ROW.words;
  const octetsAt = (listsAt + lists.used) * 4;
  const textSize = texts.reduce((sum, { length }) => sum + length, 0);
  const table = new Uint8Array(octetsAt + Math.ceil((choices.reduce(addTails, 0) + textSize) / 4) * 4);
  const header = new Uint32Array(table.buffer);
  const octets = new Octets(table, octetsAt);
  header.set(lists.view(), listsAt);
  let set = 0;
  for (const [slot, choice] of choices.entries()) {
    const { mode, at, size, upper } = picked[slot]!;
    const text = texts[slot]!;
    const textAt = octets.append(text, 0, text.length);
    const negativeTtlMax = choice.mode === 'records' ? none : choice.negativeTtlMax;
    const head = [mode, set, setsOf(choice), negativeTtlMax];
    const row = [...head, at === 0 ? 0 : listsAt + at, size, textAt, text.length];
    header.set(row, SETS.words + slot * SLOT_ROW.words);
    if (choice.mode === 'records') {
      header.set([none, choice.records.length, octets.used, 0], setsAt + set++ * SET_ROW.words);
      for (const { rdata } of choice.records) writeTail(octets, choice.type, choice.ttl, rdata);
      continue;
    }
    for (const [i, { members, ttl = choice.ttl }] of choice.sets.entries()) {
      const first = choice.addresses[members[0]!]!.rdata.length;
      const row = [upper[i]!, members.length, octets.used, tailHeaderSize + first];
      header.set(row, setsAt + set++ * SET_ROW.words);
      for (const member of members) writeTail(octets, choice.family, ttl, choice.addresses[member]!.rdata);
    }
  }
  octets.end();
  header[HEADER.magic] = setsMagic;
  header[HEADER.version] = version;
  header[HEADER.idHigh] = Number.parseInt(zoneId.slice(0, 8), 16);
  header[HEADER.idLow] = Number.parseInt(zoneId.slice(8, 16), 16);
  header[SETS.edition] = edition;
  header[SETS.slotCount] = choices.length;
  header[SETS.slotsAt] = SETS.words;
  header[SETS.setCount] = setCount;
  header[SETS.setsAt] = setsAt;
  header[SETS.placesId] = places === undefined ? 0 : placesId(places);
  return seal(table, header);
}

/** A summary as the table has it: moments are a mark and four octets. */
function summaryOctets(summary: Summary): Uint8Array {
  const parts = summary.map((part) => {
    if (typeof part === 'string') return Buffer.from(part);
    const moment = Buffer.of(elapsedMark, 0, 0, 0, 0);
    moment.writeUInt32BE(part >>> 0, 1);
    return moment;
  });
  return Buffer.concat(parts);
}

/** What the table of places is known by: its checksum. */
export function placesId({ table }: Places): number {
  return new DataView(table.buffer, table.byteOffset).getUint32(PLACES.crc * 4, true);
}

function setsOf(choice: SlotChoice): number {
  return choice.mode === 'records' ? 1 : choice.sets.length;
}

/** Writes the list that a slot needs; where every client has the same sets, they are drawn in turn. */
function writePick(lists: Words, choice: SlotChoice, numbers: ReadonlyMap<string, number>): Picked {
  if (choice.mode === 'records') return writeTargets(lists, choice);
  const { mode, sets, pick } = choice;
  const at = lists.used;
  if (mode !== 'sets') return { mode: MODE[mode], at: 0, size: 0, upper: new Uint32Array(0) };
  if (pick.by === 'client' && (sets.length > 1 || pick.firsts !== undefined)) {
    writeBuckets(lists, pick, sets);
    const upper = new Uint32Array(sets.length).fill(none);
    return { mode: MODE.client, at, size: pick.buckets.length, upper };
  }
  if (pick.by === 'place' && pick.places.length > 1) {
    const size = writePlaces(lists, pick.places, numbers);
    return { mode: MODE.place, at, size, upper: placeBounds(sets, pick.places) };
  }
  return { mode: MODE.turn, at: 0, size: 0, upper: bounds(sets) };
}

/** The list of targets whose addresses are additional, and the octets of all tails. */
function writeTargets(lists: Words, { records }: RecordsChoice): Picked {
  const targets = new Map<number, number>();
  let size = 0;
  for (const [i, { rdata, target }] of records.entries()) {
    // Two octets of owner stand before every tail in the message.
    const place = size + 2 * (i + 1) + tailHeaderSize + (target?.at ?? 0);
    const isNew = target !== undefined && !targets.has(target.node);
    if (isNew && place <= PLACE.max) targets.set(target.node, place);
    size += tailHeaderSize + rdata.length;
  }
  const at = targets.size === 0 ? 0 : lists.used;
  if (at > 0) lists.push(targets.size, ...[...targets].flat());
  return { mode: MODE.records, at, size, upper: new Uint32Array(0) };
}

/** Two buckets to a word. */
function writeBuckets(
  lists: Words,
  { buckets, firsts }: { readonly buckets: Uint16Array; readonly firsts?: Uint8Array },
  sets: readonly AnswerSet[],
): void {
  const count = buckets.length;
  assert(count > 0 && (count & (count - 1)) === 0, 'the number of buckets is no power of two');
  assert(
    buckets.every((set) => set < sets.length && set <= BUCKET.set),
    'a bucket has a set that is not there',
  );
  const half = (i: number) => {
    const set = buckets[i] ?? 0;
    const part = Math.ceil(((firsts?.[i] ?? 0) * BUCKET.firstParts) / sets[set]!.members.length);
    return set | (Math.min(part, BUCKET.firstParts - 1) << BUCKET.firstShift);
  };
  for (let i = 0; i < count; i += 2) lists.push((half(i) | (half(i + 1) << 16)) >>> 0);
}

type PlacesOfPick = readonly { readonly place: string; readonly first: number; readonly count: number }[];

/** A word for every place up to the last one that the pick names; returns how many. */
function writePlaces(lists: Words, places: PlacesOfPick, numbers: ReadonlyMap<string, number>): number {
  const elsewhere = places.find(({ place }) => place === '');
  assert(elsewhere !== undefined, 'a pick by place has nothing for everywhere else');
  const firsts: number[] = [elsewhere.first];
  for (const { place, first } of places) {
    const number = numbers.get(place);
    // A place of which the table of places knows nothing has no clients.
    if (number !== undefined) firsts[number] = first;
  }
  for (let number = 0; number < firsts.length; number++) lists.push(firsts[number] ?? elsewhere.first);
  return firsts.length;
}

/** Bounds that begin anew with the sets of each place. */
function placeBounds(sets: readonly AnswerSet[], places: PlacesOfPick): Uint32Array {
  const upper = new Uint32Array(sets.length).fill(none);
  for (const { first, count } of places) {
    assert(count > 0 && first + count <= sets.length, 'a place without sets');
    upper.set(bounds(sets.slice(first, first + count)), first);
  }
  return upper;
}

function addTails(sum: number, choice: SlotChoice): number {
  const sizesOf = (all: readonly { readonly rdata: Uint8Array }[]) =>
    all.reduce((size, { rdata }) => size + tailHeaderSize + rdata.length, 0);
  if (choice.mode === 'records') return sum + sizesOf(choice.records);
  const { sets, addresses } = choice;
  return sets.reduce((octets, { members }) => octets + sizesOf(members.map((one) => addresses[one]!)), sum);
}

function writeTail(octets: Octets, type: number, ttl: number, rdata: Uint8Array): void {
  octets.u16(type);
  octets.u16(CLASS.IN);
  octets.u32(ttl);
  octets.u16(rdata.length);
  octets.append(rdata, 0, rdata.length);
}
