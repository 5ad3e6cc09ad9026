// Reads a zone table back into names and records: for explain, the reload's difference, status and the
// printing of what is served. Never on the query path; it may allocate.
import type { Family } from '../balance/pool.ts';
import { printName } from '../wire/names.ts';
import { TYPE } from '../wire/numbers.ts';
import { compressibleTail } from '../wire/rdata.ts';
import { NODE_ROW, none, RRSET_ROW, tableId, tailHeaderSize, ZONE } from './layout.ts';

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
  #nodes: Map<string, number> | undefined;

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
  }

  /** The balanced RRsets; choice n of an answer-set table is for slot n. */
  slots(): { readonly owner: string; readonly family: Family }[] {
    const at = this.#words[ZONE.balancedAt]!;
    return Array.from({ length: this.#words[ZONE.balancedCount]! }, (_, slot) => ({
      owner: this.name(this.#words[at + slot * 2]!),
      family: this.#words[at + slot * 2 + 1]! as Family,
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

  #node(owner: string): number | undefined {
    if (this.#nodes === undefined) {
      this.#nodes = new Map();
      for (let node = 0; node < this.nameCount; node++) this.#nodes.set(this.name(node), node);
    }
    return this.#nodes.get(owner);
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
    return Array.from({ length: count }, (_, i) => this.#rrset(first + i * RRSET_ROW.words));
  }

  #rrset(row: number): { type: number; ttl: number; rdata: Uint8Array[] } {
    const type = this.#words[row]! & 0xffff;
    const start = this.#words[row + RRSET_ROW.tailsAt]!;
    const end = start + this.#words[row + RRSET_ROW.tailsSize]!;
    const view = new DataView(this.#octets.buffer, this.#octets.byteOffset);
    const rdata: Uint8Array[] = [];
    for (let at = start; at < end; ) {
      const behind = at + tailHeaderSize + view.getUint16(at + 8);
      rdata.push(this.#expand(type, at + tailHeaderSize, behind));
      at = behind;
    }
    return { type, ttl: view.getUint32(start + 4), rdata };
  }

  /** RDATA with the placeholders of the apex filled in. */
  #expand(type: number, start: number, end: number): Uint8Array {
    const stored = this.#octets.subarray(start, end);
    if (type === TYPE.SOA && this.#words[ZONE.soa] !== none) return this.#expandSoa(stored);
    if (stored[stored.length - 1] !== 1 || stored[stored.length - 2] !== 0xc0 || compressibleTail(type) < 0)
      return stored.slice();
    return Buffer.concat([stored.subarray(0, stored.length - 2), this.#apex]);
  }

  #expandSoa(stored: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    let from = 0;
    for (const column of [ZONE.soaPatchMname, ZONE.soaPatchRname]) {
      const patch = this.#words[column]!;
      if (patch === 0) continue;
      parts.push(stored.subarray(from, patch - tailHeaderSize), this.#apex);
      from = patch - tailHeaderSize + 2;
    }
    return Buffer.concat([...parts, stored.subarray(from)]);
  }
}
