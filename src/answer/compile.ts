// Writes the tables that layout.ts describes: a zone and its balanced owners in, a zone table out; choices
// in, an answer-set table out. Runs in control's loader and in the command line, never in the server process.
import { strict as assert } from 'node:assert';
import type { FamilyChoice } from '../balance/pool.ts';
import { bounds } from '../balance/sets.ts';
import { slotOf } from '../wire/hash.ts';
import { CLASS, TYPE } from '../wire/numbers.ts';
import { compressibleTail, targetOffset } from '../wire/rdata.ts';
import { isDuplicate, lowestTtl, sortRecords } from '../zone/rrsets.ts';
import { countLabels, Zone } from '../zone/zone.ts';
import { NameWriter, SHORTEN } from './compress.ts';
import {
  HEADER,
  MODE,
  NODE_ROW,
  none,
  RRSET,
  RRSET_ROW,
  SET_ROW,
  SETS,
  SLOT_ROW,
  setsMagic,
  tableCrc,
  tailHeaderSize,
  version,
  ZONE,
  zoneMagic,
} from './layout.ts';
import { Octets, Words } from './store.ts';
import { TargetLists } from './targets.ts';

/**
 * Compiles a zone into its table. `balancedOwners` are lowercase wire names; their A and AAAA RRsets get
 * slots, in this order, A before AAAA. `id` is 16 hexadecimal digits that change with the content.
 */
export function compileZone(zone: Zone, balancedOwners: readonly Uint8Array[], id: string): Uint8Array {
  const header = new Uint32Array(ZONE.words);
  const nodes = new Words(zone.nodeCount * NODE_ROW.words);
  const rrsets = new Words(zone.records.count * RRSET_ROW.words);
  const lists = new Words(64);
  const octets = new Octets(zone.nodeCount * 8 + zone.records.count * 16);
  const writer = new ZoneWriter(zone, header, nodes, rrsets, lists, octets);
  lists.push(0); // so that no list has index 0, which means: none
  writer.writeNodes(balancedOwners);
  writer.writeBalanced();
  const slots = nameSlots(zone);
  const apexNameAt = octets.append(zone.origin, 0, zone.origin.length);

  header[HEADER.magic] = zoneMagic;
  header[HEADER.version] = version;
  header[HEADER.idHigh] = Number.parseInt(id.slice(0, 8), 16);
  header[HEADER.idLow] = Number.parseInt(id.slice(8, 16), 16);
  header[ZONE.nodeCount] = zone.nodeCount;
  header[ZONE.nodesAt] = ZONE.words;
  header[ZONE.slotsAt] = header[ZONE.nodesAt]! + nodes.used;
  header[ZONE.slotMask] = slots.length - 1;
  header[ZONE.rrsetsAt] = header[ZONE.slotsAt]! + slots.length;
  header[ZONE.rrsetCount] = rrsets.used / RRSET_ROW.words;
  header[ZONE.listsAt] = header[ZONE.rrsetsAt]! + rrsets.used;
  header[ZONE.balancedAt] = header[ZONE.listsAt]! + writer.balancedAt;
  const octetsAt = (header[ZONE.listsAt]! + lists.used) * 4;
  header[ZONE.octetsAt] = octetsAt;
  header[ZONE.apexNameAt] = octetsAt + apexNameAt;
  header[ZONE.apexSize] = zone.origin.length;
  header[ZONE.apexLabels] = countLabels(zone.origin, 0);
  header[ZONE.apexHash] = zone.hash[0]!;
  header[ZONE.recordCount] = writer.recordCount;
  nodes.addToColumn(NODE_ROW.labelAt, NODE_ROW.words, octetsAt);
  rrsets.addToColumn(RRSET_ROW.tailsAt, RRSET_ROW.words, octetsAt);
  return assemble(header, [nodes.view(), slots, rrsets.view(), lists.view()], octets);
}

/** Puts the parts one behind the other and closes the header with length and checksum. */
function assemble(header: Uint32Array, parts: readonly Uint32Array[], octets: Octets): Uint8Array {
  const wordCount = parts.reduce((sum, part) => sum + part.length, header.length);
  const size = Math.ceil((wordCount * 4 + octets.used) / 4) * 4;
  const table = new Uint8Array(size);
  const words = new Uint32Array(table.buffer);
  header[HEADER.length] = size;
  let at = header.length;
  for (const part of parts) {
    words.set(part, at);
    at += part.length;
  }
  words.set(header, 0);
  table.set(octets.view(), at * 4);
  words[HEADER.crc] = tableCrc(table);
  return table;
}

/** Writes nodes, RRsets, target lists and octets of one zone. */
class ZoneWriter {
  recordCount = 0;
  balancedAt = 0;
  readonly #zone: Zone;
  readonly #header: Uint32Array;
  readonly #nodes: Words;
  readonly #rrsets: Words;
  readonly #lists: Words;
  readonly #octets: Octets;
  readonly #names: NameWriter;
  readonly #targets: TargetLists;
  /** The records of the node at hand, in order. */
  readonly #sorted: number[] = [];
  readonly #balanced: { node: number; type: number; rrset: number; order: number }[] = [];

  constructor(zone: Zone, header: Uint32Array, nodes: Words, rrsets: Words, lists: Words, octets: Octets) {
    this.#zone = zone;
    this.#header = header;
    this.#nodes = nodes;
    this.#rrsets = rrsets;
    this.#lists = lists;
    this.#octets = octets;
    this.#names = new NameWriter(zone, octets);
    this.#targets = new TargetLists(zone, lists);
    header[ZONE.soa] = none;
  }

  writeNodes(balancedOwners: readonly Uint8Array[]): void {
    const zone = this.#zone;
    const order = new Map<number, number>();
    for (const [index, owner] of balancedOwners.entries()) {
      const node = zone.find(owner, 0);
      if (node !== Zone.none) order.set(node, index);
    }
    for (let node = 0; node < zone.nodeCount; node++) {
      const first = this.#rrsets.used / RRSET_ROW.words;
      this.#writeRrsets(node, order.get(node));
      const count = this.#rrsets.used / RRSET_ROW.words - first;
      const label = zone.labelAt[node]!;
      const size = node === 0 ? 0 : zone.records.octets[label]! + 1;
      const labelAt = this.#octets.appendLowercase(zone.records.octets, label, size);
      this.#nodes.push(
        zone.hash[node]!,
        zone.parent[node]!,
        labelAt,
        first,
        (zone.flags[node]! << 16) | count,
      );
    }
  }

  /** Writes the node's records RRset by RRset, duplicates left out (RFC 2181 §5). */
  #writeRrsets(node: number, balancedOrder: number | undefined): void {
    const { records } = this.#zone;
    const sorted = this.#sorted;
    sortRecords(this.#zone, node, sorted);
    for (let at = 0, end = 0; at < sorted.length; at = end) {
      const type = records.type[sorted[at]!]!;
      const members: number[] = [];
      for (; end < sorted.length && records.type[sorted[end]!] === type; end++) {
        if (end === at || !isDuplicate(records, sorted[end - 1]!, sorted[end]!)) members.push(sorted[end]!);
      }
      const ttl = records.ttl[lowestTtl(records, sorted, at, end)]!;
      this.#writeRrset(node, members, ttl, balancedOrder);
    }
  }

  #writeRrset(
    node: number,
    members: readonly number[],
    ttl: number,
    balancedOrder: number | undefined,
  ): void {
    assert(members.length < 65_536);
    const type = this.#zone.records.type[members[0]!]!;
    const index = this.#rrsets.used / RRSET_ROW.words;
    const tailsAt = this.#octets.used;
    const leads = targetOffset(type) >= 0;
    this.#names.begin(node, shortening(type, members.length));
    for (const [i, record] of members.entries()) {
      // Two octets of owner stand before every tail in the message.
      const place = this.#octets.used - tailsAt + 2 * (i + 1);
      const target = this.#writeTail(type, ttl, record, place);
      if (leads) this.#targets.add(this.#zone.records.rdataAt[record]! + targetOffset(type), target);
    }
    const isSoa = type === TYPE.SOA && node === 0;
    const compressed = this.#names.compressed && !isSoa ? RRSET.compressed : 0;
    const list = leads ? this.#targets.end() : 0;
    this.#rrsets.push(
      type | (members.length << 16),
      tailsAt,
      this.#octets.used - tailsAt,
      (compressed | list) >>> 0,
    );
    this.recordCount += members.length;
    if (isSoa) this.#describeSoa(index, ttl, members[0]!);
    if (balancedOrder !== undefined && (type === TYPE.A || type === TYPE.AAAA)) {
      this.#balanced.push({ node, type, rrset: index, order: balancedOrder });
    }
  }

  /**
   * Writes one tail, which will stand `place` octets behind the RRset's first in a message; returns the place
   * of the name at targetOffset().
   */
  #writeTail(type: number, ttl: number, record: number, place: number): number {
    const { octets, rdataAt, rdataLength } = this.#zone.records;
    const start = rdataAt[record]!;
    const end = start + rdataLength[record]!;
    this.#octets.u16(type);
    this.#octets.u16(CLASS.IN);
    this.#octets.u32(ttl);
    this.#octets.u16(0);
    const sizedAt = this.#octets.used;
    const nameAt = compressibleTail(type);
    let target = place + tailHeaderSize + Math.max(targetOffset(type), 0);
    if (type === TYPE.SOA) {
      this.#writeSoaRdata(start, end, place + tailHeaderSize);
    } else if (nameAt < 0) {
      this.#octets.append(octets, start, end);
    } else {
      this.#octets.append(octets, start, start + nameAt);
      target = this.#names.write(start + nameAt, end, place + tailHeaderSize + nameAt);
    }
    this.#octets.setU16(sizedAt - 2, this.#octets.used - sizedAt);
    return target;
  }

  /** Both names of a SOA may be compressed (RFC 1035 §3.3.13). */
  #writeSoaRdata(start: number, end: number, place: number): void {
    const { octets } = this.#zone.records;
    const began = this.#octets.used;
    let at = start;
    for (const column of [ZONE.soaPatchMname, ZONE.soaPatchRname]) {
      const behind = nameEnd(octets, at);
      const written = this.#octets.used;
      this.#names.write(at, behind, place + written - began);
      const isShorter = this.#octets.used - written < behind - at;
      this.#header[column] = isShorter ? tailHeaderSize + this.#octets.used - 2 - began : 0;
      at = behind;
    }
    this.#octets.append(octets, at, end);
  }

  #describeSoa(index: number, ttl: number, record: number): void {
    const { octets, rdataAt, rdataLength } = this.#zone.records;
    const numbersAt = octets.byteOffset + rdataAt[record]! + rdataLength[record]! - 20;
    const numbers = new DataView(octets.buffer, numbersAt, 20);
    this.#header[ZONE.soa] = index;
    this.#header[ZONE.serial] = numbers.getUint32(0);
    this.#header[ZONE.negativeTtl] = Math.min(ttl, numbers.getUint32(16));
  }

  /** Numbers the balanced RRsets: by owner in the order asked for, A before AAAA. */
  writeBalanced(): void {
    this.#balanced.sort((a, b) => a.order - b.order || a.type - b.type);
    this.balancedAt = this.#lists.used;
    this.#header[ZONE.balancedCount] = this.#balanced.length;
    for (const [slot, { node, type, rrset }] of this.#balanced.entries()) {
      this.#lists.push(node, type);
      this.#rrsets.set(rrset * RRSET_ROW.words + RRSET_ROW.more, (RRSET.balanced | slot) >>> 0);
    }
  }
}

function nameSlots(zone: Zone): Uint32Array {
  let size = 2;
  while (size < zone.nodeCount * 2) size *= 2;
  const slots = new Uint32Array(size);
  const mask = size - 1;
  for (let node = 0; node < zone.nodeCount; node++) {
    let slot = slotOf(zone.hash[node]!) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = node + 1;
  }
  return slots;
}

function nameEnd(octets: Uint8Array, at: number): number {
  let p = at;
  while (octets[p] !== 0) p += octets[p]! + 1;
  return p + 1;
}

/** Names of CNAMEs are read on the query path, which knows the apex only (alias.ts). */
function shortening(type: number, count: number): number {
  if (type === TYPE.CNAME) return SHORTEN.byApex;
  return count > 1 || type === TYPE.SOA ? SHORTEN.byAll : SHORTEN.byOwner;
}

/** Compiles choices into the answer-set table of the zone table `zoneId`. Choice n is for slot n. */
export function compileSets(zoneId: string, edition: number, choices: readonly FamilyChoice[]): Uint8Array {
  const header = new Uint32Array(SETS.words);
  const slots = new Words(choices.length * SLOT_ROW.words);
  const sets = new Words(64);
  const octets = new Octets(256);
  for (const choice of choices) {
    const firstSet = sets.used / SET_ROW.words;
    const upper = bounds(choice.sets);
    for (const [i, set] of choice.sets.entries()) {
      const tailsAt = octets.used;
      for (const member of set.members) writeAddress(octets, choice, choice.addresses[member]!.rdata);
      const tailSize = (octets.used - tailsAt) / set.members.length;
      sets.push(upper[i]!, set.members.length, tailsAt, tailSize);
    }
    slots.push(MODE[choice.mode], firstSet, choice.sets.length, choice.negativeTtlMax);
  }
  header[HEADER.magic] = setsMagic;
  header[HEADER.version] = version;
  header[HEADER.idHigh] = Number.parseInt(zoneId.slice(0, 8), 16);
  header[HEADER.idLow] = Number.parseInt(zoneId.slice(8, 16), 16);
  header[SETS.edition] = edition;
  header[SETS.slotCount] = choices.length;
  header[SETS.slotsAt] = SETS.words;
  header[SETS.setCount] = sets.used / SET_ROW.words;
  header[SETS.setsAt] = SETS.words + slots.used;
  sets.addToColumn(SET_ROW.tailsAt, SET_ROW.words, (SETS.words + slots.used + sets.used) * 4);
  return assemble(header, [slots.view(), sets.view()], octets);
}

function writeAddress(octets: Octets, choice: FamilyChoice, rdata: Uint8Array): void {
  octets.u16(choice.family);
  octets.u16(CLASS.IN);
  octets.u32(choice.ttl);
  octets.u16(rdata.length);
  octets.append(rdata, 0, rdata.length);
}
