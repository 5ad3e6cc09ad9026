// Writes a zone table, which layout.ts describes: a zone and its balanced owners in, a table out. Runs in
// control's loader and in the command line, never in the server process.
import { strict as assert } from 'node:assert';
import { canFollow } from '../balance/follow.ts';
import { nameLength } from '../wire/names.ts';
import { CLASS, TYPE } from '../wire/numbers.ts';
import { compressibleTail, targetOffset } from '../wire/rdata.ts';
import { isDuplicate, lowestTtl, sortRecords } from '../zone/rrsets.ts';
import { countLabels, Zone } from '../zone/zone.ts';
import { NameWriter, SHORTEN } from './compress.ts';
import { Followed } from './followers.ts';
import {
  HEADER,
  NODE_ROW,
  none,
  RRSET,
  RRSET_ROW,
  tailHeaderSize,
  version,
  ZONE,
  zoneMagic,
} from './layout.ts';
import { Octets, seal, Words } from './store.ts';
import { TargetLists } from './targets.ts';

/** Followers have their slots behind those of every pool, in the order of their nodes. */
const followerOrder = 0xffffffff;

/** Words that a record adds to target lists at most: a count, and a pair for its target. */
const listWordsMax = 3;

/**
 * Compiles a zone into its table. `balancedOwners` are lowercase wire names; their A, AAAA or CNAME gets a
 * slot, in this order, A before AAAA; behind them the RRsets that follow their members. `id` is 16
 * hexadecimal digits that change with the content.
 */
export function compileZone(zone: Zone, balancedOwners: readonly Uint8Array[], id: string): Uint8Array {
  const { records, slots } = zone;
  const slotsAt = ZONE.words + zone.nodeCount * NODE_ROW.words;
  const octetsAt = (slotsAt + slots.length) * 4;
  // Labels and RDATA stand in the zone's octets too and become no longer. Memory never touched costs nothing.
  const octetsMax = records.used + records.count * tailHeaderSize + zone.origin.length;
  const rowsMax = records.count * (RRSET_ROW.words + listWordsMax) + balancedOwners.length * 4;
  const writer = new ZoneWriter(zone, octetsAt, octetsAt + octetsMax + (rowsMax + 2) * 4);
  writer.writeNodes(balancedOwners);
  const { header, octets, words } = writer;
  words.set(slots, slotsAt);
  header[HEADER.magic] = zoneMagic;
  header[HEADER.version] = version;
  header[HEADER.idHigh] = Number.parseInt(id.slice(0, 8), 16);
  header[HEADER.idLow] = Number.parseInt(id.slice(8, 16), 16);
  header[ZONE.nodeCount] = zone.nodeCount;
  header[ZONE.nodesAt] = ZONE.words;
  header[ZONE.slotsAt] = slotsAt;
  header[ZONE.slotMask] = slots.length - 1;
  header[ZONE.octetsAt] = octetsAt;
  header[ZONE.apexNameAt] = octets.append(zone.origin, 0, zone.origin.length);
  header[ZONE.apexSize] = zone.origin.length;
  header[ZONE.apexLabels] = countLabels(zone.origin, 0);
  header[ZONE.apexHash] = zone.hash[0]!;
  header[ZONE.recordCount] = writer.recordCount;
  return writer.finish();
}

/** Writes nodes, RRsets, target lists and octets of one zone: nodes and octets where they are to stay. */
class ZoneWriter {
  recordCount = 0;
  readonly header: Uint32Array;
  readonly octets: Octets;
  /** The table, with more room behind the octets than will be needed. */
  readonly words: Uint32Array;
  readonly #table: Uint8Array;
  readonly #zone: Zone;
  readonly #rrsets: Words;
  readonly #lists = new Words(64);
  readonly #names: NameWriter;
  readonly #targets: TargetLists;
  /** The records of the node at hand, in order. */
  readonly #sorted: number[] = [];
  /** By node: 1 and the place of a balanced owner in the order asked for, else 0. */
  readonly #orders: Uint32Array;
  readonly #balanced: { node: number; type: number; rrset: number; order: number; compressed: number }[] = [];

  #followed: Followed | undefined;

  constructor(zone: Zone, octetsAt: number, sizeMax: number) {
    const { count } = zone.records;
    this.#table = new Uint8Array(Math.ceil(sizeMax / 4) * 4);
    this.words = new Uint32Array(this.#table.buffer);
    this.header = this.words.subarray(0, ZONE.words);
    this.header[ZONE.soa] = none;
    this.octets = new Octets(this.#table, octetsAt);
    this.#zone = zone;
    this.#rrsets = new Words(count * RRSET_ROW.words);
    this.#orders = new Uint32Array(zone.nodeCount);
    this.#names = new NameWriter(zone, this.octets);
    this.#targets = new TargetLists(zone, this.#lists);
    this.#lists.push(0); // so that no list has index 0, which means: none
  }

  writeNodes(balancedOwners: readonly Uint8Array[]): void {
    const zone = this.#zone;
    const { words } = this;
    for (const [index, owner] of balancedOwners.entries()) {
      const node = zone.find(owner, 0);
      if (node !== Zone.none) this.#orders[node] = index + 1;
    }
    if (balancedOwners.length > 0) this.#followed = new Followed(zone, this.#orders);
    for (let node = 0; node < zone.nodeCount; node++) {
      const first = this.#rrsets.used / RRSET_ROW.words;
      this.#writeRrsets(node);
      const count = this.#rrsets.used / RRSET_ROW.words - first;
      const label = zone.labelAt[node]!;
      const size = node === 0 ? 0 : zone.records.octets[label]! + 1;
      const row = ZONE.words + node * NODE_ROW.words;
      words[row + NODE_ROW.hash] = zone.hash[node]!;
      words[row + NODE_ROW.parent] = zone.parent[node]!;
      words[row + NODE_ROW.labelAt] = this.octets.appendLowercase(zone.records.octets, label, size);
      words[row + NODE_ROW.firstRrset] = first;
      words[row + NODE_ROW.countAndFlags] = (zone.flags[node]! << 16) | count;
    }
    this.#writeBalanced();
  }

  /** Puts RRsets and lists behind the octets; the table is then whole. */
  finish(): Uint8Array {
    const { header } = this;
    const rrsets = this.#rrsets.view();
    const lists = this.#lists.view();
    const rrsetsAt = this.octets.end();
    const listsAt = rrsetsAt + rrsets.length;
    header[ZONE.rrsetsAt] = rrsetsAt;
    header[ZONE.rrsetCount] = rrsets.length / RRSET_ROW.words;
    header[ZONE.listsAt] = listsAt;
    header[ZONE.balancedAt]! += listsAt;
    const size = (listsAt + lists.length) * 4;
    const { words } = this;
    words.set(rrsets, rrsetsAt);
    words.set(lists, listsAt);
    return seal(this.#table.subarray(0, size), header);
  }

  /** Writes the node's records RRset by RRset, duplicates left out (RFC 2181 §5). */
  #writeRrsets(node: number): void {
    const { records, first, next } = this.#zone;
    const record = first[node]!;
    if (record === Zone.none) return;
    const sorted = this.#sorted;
    if (next[record] === Zone.none) {
      sorted[0] = record;
      this.#writeRrset(node, records.type[record]!, records.ttl[record]!, 0, 1);
      return;
    }
    sortRecords(this.#zone, node, sorted);
    for (let at = 0, end = 0; at < sorted.length; at = end) {
      const type = records.type[sorted[at]!]!;
      while (end < sorted.length && records.type[sorted[end]!] === type) end++;
      const ttl = records.ttl[lowestTtl(records, sorted, at, end)]!;
      let kept = at + 1;
      for (let i = at + 1; i < end; i++) {
        if (!isDuplicate(records, sorted[kept - 1]!, sorted[i]!)) sorted[kept++] = sorted[i]!;
      }
      this.#writeRrset(node, type, ttl, at, kept);
    }
  }

  /** Writes the RRset whose records are those of `#sorted` between `from` and `to`. */
  #writeRrset(node: number, type: number, ttl: number, from: number, to: number): void {
    const count = to - from;
    assert(count < 65_536);
    const { octets } = this;
    const tailsAt = octets.used;
    const leads = targetOffset(type) >= 0;
    const isSoa = type === TYPE.SOA && node === 0;
    const hasNames = type === TYPE.SOA || compressibleTail(type) >= 0;
    if (hasNames) this.#names.begin(node, shortening(type, count));
    for (let i = from; i < to; i++) {
      const record = this.#sorted[i]!;
      // Two octets of owner stand before every tail in the message.
      const place = octets.used - tailsAt + 2 * (i - from + 1);
      const target = this.#writeTail(type, ttl, record, place);
      if (leads) this.#targets.add(this.#zone.records.rdataAt[record]! + targetOffset(type), target);
    }
    const compressed = hasNames && this.#names.compressed && !isSoa ? RRSET.compressed : 0;
    const list = leads ? this.#targets.end() : 0;
    const row = this.#rrsets.take(RRSET_ROW.words);
    this.#rrsets.set(row + RRSET_ROW.typeAndCount, type | (count << 16));
    this.#rrsets.set(row + RRSET_ROW.tailsAt, tailsAt);
    this.#rrsets.set(row + RRSET_ROW.tailsSize, octets.used - tailsAt);
    this.#rrsets.set(row + RRSET_ROW.more, (compressed | list) >>> 0);
    this.recordCount += count;
    if (isSoa) this.#describeSoa(row / RRSET_ROW.words, ttl, this.#sorted[from]!);
    const order = this.#orders[node]!;
    if (order !== 0 && (type === TYPE.A || type === TYPE.CNAME || type === TYPE.AAAA)) {
      this.#balanced.push({ node, type, rrset: row, order, compressed });
    } else if (this.#followed !== undefined && canFollow(type)) {
      const follows = this.#sorted.slice(from, to).some((one) => this.#followed!.leads(node, type, one));
      if (follows) this.#balanced.push({ node, type, rrset: row, order: followerOrder, compressed });
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
    this.octets.u16(type);
    this.octets.u16(CLASS.IN);
    this.octets.u32(ttl);
    this.octets.u16(0);
    const sizedAt = this.octets.used;
    const nameAt = compressibleTail(type);
    let target = place + tailHeaderSize + Math.max(targetOffset(type), 0);
    if (type === TYPE.SOA) {
      this.#writeSoaRdata(start, end, place + tailHeaderSize);
    } else if (nameAt < 0) {
      this.octets.append(octets, start, end);
    } else {
      this.octets.append(octets, start, start + nameAt);
      target = this.#names.write(start + nameAt, end, place + tailHeaderSize + nameAt);
    }
    this.octets.setU16(sizedAt - 2, this.octets.used - sizedAt);
    return target;
  }

  /** Both names of a SOA may be compressed (RFC 1035 §3.3.13). */
  #writeSoaRdata(start: number, end: number, place: number): void {
    const { octets } = this.#zone.records;
    const began = this.octets.used;
    let at = start;
    for (const column of [ZONE.soaPatchMname, ZONE.soaPatchRname]) {
      const behind = at + nameLength(octets, at);
      const written = this.octets.used;
      this.#names.write(at, behind, place + written - began);
      const isShorter = this.octets.used - written < behind - at;
      this.header[column] = isShorter ? tailHeaderSize + this.octets.used - 2 - began : 0;
      at = behind;
    }
    this.octets.append(octets, at, end);
  }

  #describeSoa(index: number, ttl: number, record: number): void {
    const { octets, rdataAt, rdataLength } = this.#zone.records;
    const numbersAt = octets.byteOffset + rdataAt[record]! + rdataLength[record]! - 20;
    const numbers = new DataView(octets.buffer, numbersAt, 20);
    this.header[ZONE.soa] = index;
    this.header[ZONE.serial] = numbers.getUint32(0);
    this.header[ZONE.negativeTtl] = Math.min(ttl, numbers.getUint32(16));
  }

  /** Numbers the RRsets with slots: by owner in the order asked for, A before AAAA; then followers. */
  #writeBalanced(): void {
    this.#balanced.sort((a, b) => a.order - b.order || a.node - b.node || a.type - b.type);
    this.header[ZONE.balancedAt] = this.#lists.used;
    this.header[ZONE.balancedCount] = this.#balanced.length;
    for (const [slot, { node, type, rrset, compressed }] of this.#balanced.entries()) {
      this.#lists.push(node, type);
      this.#rrsets.set(rrset + RRSET_ROW.more, (RRSET.balanced | compressed | slot) >>> 0);
    }
  }
}

/** Names of CNAMEs are read on the query path, which knows the apex only (alias.ts). */
function shortening(type: number, count: number): number {
  if (type === TYPE.CNAME) return SHORTEN.byApex;
  return count > 1 || type === TYPE.SOA ? SHORTEN.byAll : SHORTEN.byOwner;
}
