// Reads a zone table back into names and records: for explain, the reload's difference, status and the
// printing of what is served. Never on the query path; it may allocate.
import { Labels, readLabels } from '../wire/labels.ts';
import { parseNameText, printName, root } from '../wire/names.ts';
import { TYPE } from '../wire/numbers.ts';
import { compressibleTail } from '../wire/rdata.ts';
import { findChild } from './find.ts';
import { NODE_ROW, none, PLACE, RRSET, RRSET_ROW, tableId, tailHeaderSize, ZONE } from './layout.ts';
import { ZoneView } from './tables.ts';

/** One record as it stands in a table; names in the RDATA are uncompressed. */
export type TableRecord = {
  readonly owner: string;
  readonly type: number;
  readonly ttl: number;
  readonly rdata: Uint8Array;
};

/** An RRset as it stands in a table. */
export type TableRrset = { readonly ttl: number; readonly rdata: readonly Uint8Array[] };

/** A zone table, open for reading. The table must be whole (tableFault() says so). */
export class ZoneReader {
  readonly id: string;
  readonly origin: string;
  readonly serial: number;
  readonly recordCount: number;
  readonly nameCount: number;
  readonly #octets: Uint8Array;
  readonly #words: Uint32Array;
  readonly #apex: Uint8Array;
  readonly #view: ZoneView;

  constructor(table: Uint8Array) {
    this.#octets = table;
    this.#words = new Uint32Array(table.buffer, table.byteOffset, table.length >>> 2);
    const at = this.#words[ZONE.apexNameAt]!;
    this.#apex = table.slice(at, at + this.#words[ZONE.apexSize]!);
    this.id = tableId(this.#words);
    this.origin = printName(this.#apex, 0);
    this.serial = this.#words[ZONE.serial]!;
    this.recordCount = this.#words[ZONE.recordCount]!;
    this.nameCount = this.#words[ZONE.nodeCount]!;
    this.#view = new ZoneView(this.origin, table);
  }

  /** The RRsets with slots; choice n of an answer-set table is for slot n. */
  slots(): { readonly owner: string; readonly type: number }[] {
    const at = this.#words[ZONE.balancedAt]!;
    return Array.from({ length: this.#words[ZONE.balancedCount]! }, (_, slot) => ({
      owner: this.name(this.#words[at + slot * 2]!),
      type: this.#words[at + slot * 2 + 1]!,
    }));
  }

  /** Every existing name, empty non-terminals too: absolute, lowercase, with the final dot. */
  *names(): Iterable<string> {
    for (let node = 0; node < this.nameCount; node++) yield this.name(node);
  }

  /** The RRset of a name (as names() gives it) and type. */
  rrset(owner: string, type: number): TableRrset | undefined {
    const node = this.#node(owner);
    return node === undefined ? undefined : this.#rrsets(node).find((rrset) => rrset.type === type);
  }

  /** The types that a name has; empty for an empty non-terminal, undefined where the name does not exist. */
  types(owner: string): number[] | undefined {
    const node = this.#node(owner);
    return node === undefined ? undefined : this.#rrsets(node).map((rrset) => rrset.type);
  }

  /** Every record, name by name. */
  *records(): Iterable<TableRecord> {
    for (let node = 0; node < this.nameCount; node++) {
      const owner = this.name(node);
      for (const { type, ttl, rdata } of this.#rrsets(node))
        for (const one of rdata) yield { owner, type, ttl, rdata: one };
    }
  }

  /** The node of a name, undefined where it does not exist. */
  node(owner: string): number | undefined {
    return this.#node(owner);
  }

  /** A node's name: absolute, with the final dot. */
  name(node: number): string {
    return printName(this.#wireName(node), 0);
  }

  #wireName(node: number): Uint8Array {
    const labels: Uint8Array[] = [];
    for (let n = node; n !== 0; n = this.#nodeWord(n, NODE_ROW.parent)) {
      const at = this.#nodeWord(n, NODE_ROW.labelAt);
      labels.push(this.#octets.subarray(at, at + this.#octets[at]! + 1));
    }
    return Buffer.concat([...labels, this.#apex]);
  }

  /** The node of a name, whatever stands above it: cuts are of no meaning here. */
  #node(owner: string): number | undefined {
    const { name = root } = parseNameText(owner);
    const labels = new Labels();
    readLabels(labels, name, 0, name.length);
    const belowApex = labels.count - this.#view.apexLabels;
    if (belowApex < 0 || labels.hashes[belowApex] !== this.#view.apexHash) return undefined;
    let node = 0;
    for (let label = belowApex - 1; label >= 0; label--) {
      node = findChild(this.#view, node, labels.hashes[label]!, labels.octets, labels.starts[label]!);
      if (node === none) return undefined;
    }
    return node;
  }

  #nodeWord(node: number, column: number): number {
    return this.#words[this.#words[ZONE.nodesAt]! + node * NODE_ROW.words + column]!;
  }

  /** The RRsets of a node, as find() gives it. */
  rrsets(node: number): (TableRrset & { readonly type: number })[] {
    return this.#rrsets(node);
  }

  #rrsets(node: number): { type: number; ttl: number; rdata: Uint8Array[] }[] {
    const count = this.#nodeWord(node, NODE_ROW.countAndFlags) & 0xffff;
    const first = this.#words[ZONE.rrsetsAt]! + this.#nodeWord(node, NODE_ROW.firstRrset) * RRSET_ROW.words;
    return Array.from({ length: count }, (_, i) => this.#rrset(node, first + i * RRSET_ROW.words));
  }

  #rrset(node: number, row: number): { type: number; ttl: number; rdata: Uint8Array[] } {
    const type = this.#words[row]! & 0xffff;
    const start = this.#words[row + RRSET_ROW.tailsAt]!;
    const tails = this.#octets.subarray(start, start + this.#words[row + RRSET_ROW.tailsSize]!);
    const view = new DataView(tails.buffer, tails.byteOffset);
    const hasPlaceholders =
      type === TYPE.SOA || (this.#words[row + RRSET_ROW.more]! & RRSET.compressed) !== 0;
    // Places count as in a message, where an owner of two octets stands before every tail.
    const rrset = new Uint8Array(tails.length + 2 * (this.#words[row]! >>> 16));
    const rdata: Uint8Array[] = [];
    let end = 0;
    for (let at = 0; at < tails.length; ) {
      const size = tailHeaderSize + view.getUint16(at + 8);
      rrset.set(tails.subarray(at, at + size), end + 2);
      end += 2 + size;
      at += size;
      const start = end - size + tailHeaderSize;
      rdata.push(hasPlaceholders ? this.#expand(node, type, rrset, start, end) : rrset.slice(start, end));
    }
    return { type, ttl: view.getUint32(4), rdata };
  }

  /** RDATA with its names written out. */
  #expand(node: number, type: number, rrset: Uint8Array, start: number, end: number): Uint8Array {
    const firstAt = start + Math.max(compressibleTail(type), 0);
    const parts: Uint8Array[] = [rrset.subarray(start, firstAt)];
    let at = firstAt;
    for (let names = type === TYPE.SOA ? 2 : 1; names > 0; names--) {
      parts.push(this.#nameAt(node, rrset, at));
      at = nameEnd(rrset, at);
    }
    return Buffer.concat([...parts, rrset.subarray(at, end)]);
  }

  /** The name that begins at `at` of an RRset, what its placeholder stands for included. */
  #nameAt(node: number, rrset: Uint8Array, at: number): Uint8Array {
    const end = nameEnd(rrset, at);
    if (rrset[end - 1] === 0) return rrset.subarray(at, end);
    const place = ((rrset[end - 2]! & 0x3f) << 8) | rrset[end - 1]!;
    const labels = rrset.subarray(at, end - 2);
    if (place === PLACE.apex) return Buffer.concat([labels, this.#apex]);
    if (place === PLACE.owner) return Buffer.concat([labels, this.#wireName(node)]);
    return Buffer.concat([labels, this.#nameAt(node, rrset, place)]);
  }
}

/** Offset behind the name at `at`, which ends with the root or with a placeholder. */
function nameEnd(octets: Uint8Array, at: number): number {
  let p = at;
  while (octets[p] !== 0 && octets[p]! < 0xc0) p += octets[p]! + 1;
  return octets[p] === 0 ? p + 1 : p + 2;
}
