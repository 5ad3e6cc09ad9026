// Compares two tables of one zone, record by record, without making a name or a record of what is the same in
// both: a reload of a million names is told in a fraction of a second. Used for what a reload changed.
import { TYPE } from '../wire/numbers.ts';
import { findChild, findRrset, nodeWord } from './find.ts';
import { NODE_ROW, none, RRSET_ROW } from './layout.ts';
import { ZoneReader } from './read.ts';
import { ZoneView } from './tables.ts';

/** Records that are only in one of two tables of one zone, the SOA left out. */
export type RecordChanges = {
  readonly added: number;
  readonly removed: number;
  /** Names that had records and exist no more. */
  readonly namesGone: number;
};

/** A table, to be walked and to be read. */
type Side = { readonly view: ZoneView; readonly reader: ZoneReader };

/** Counts what came and what went; a record with another TTL is one that came and one that went. */
export function compareTables(before: Uint8Array, after: Uint8Array): RecordChanges {
  const old: Side = { view: new ZoneView('', before), reader: new ZoneReader(before) };
  const now: Side = { view: new ZoneView('', after), reader: new ZoneReader(after) };
  const changes = { added: 0, removed: 0, namesGone: 0 };
  const oldNodes = matchNodes(old.view, now.view);
  const isMatched = new Uint8Array(old.view.nodeCount);
  for (let node = 0; node < now.view.nodeCount; node++) {
    const oldNode = oldNodes[node]!;
    if (oldNode !== none) isMatched[oldNode] = 1;
    compareNodes(old, oldNode, now, node, changes);
  }
  for (let node = 0; node < old.view.nodeCount; node++) {
    if (isMatched[node] !== 0) continue;
    const records = countRecords(old.view, node);
    changes.removed += records;
    if (records > 0) changes.namesGone += 1;
  }
  return changes;
}

/**
 * For each node of `now` the node of the same name in `old`, or `none`. A parent's index is below its
 * children's.
 */
function matchNodes(old: ZoneView, now: ZoneView): Uint32Array {
  const matches = new Uint32Array(now.nodeCount).fill(none);
  matches[0] = 0;
  for (let node = 1; node < now.nodeCount; node++) {
    const parent = matches[nodeWord(now, node, NODE_ROW.parent)]!;
    if (parent === none) continue;
    const hash = nodeWord(now, node, NODE_ROW.hash);
    matches[node] = findChild(old, parent, hash, now.octets, nodeWord(now, node, NODE_ROW.labelAt));
  }
  return matches;
}

function compareNodes(
  { view: old, reader: oldReader }: Side,
  oldNode: number,
  { view: now, reader }: Side,
  node: number,
  changes: { added: number; removed: number },
): void {
  if (oldNode === none) {
    changes.added += countRecords(now, node);
    return;
  }
  for (const row of rrsetRows(now, node)) {
    const type = now.words[row]! & 0xffff;
    if (type === TYPE.SOA) continue;
    const oldRow = findRrset(old, oldNode, type);
    if (oldRow === none) changes.added += now.words[row]! >>> 16;
    else if (!sameTails(old, oldRow, now, row)) {
      const left = new Set(records(oldReader, oldNode, type));
      for (const record of records(reader, node, type)) if (!left.delete(record)) changes.added += 1;
      changes.removed += left.size;
    }
  }
  for (const row of rrsetRows(old, oldNode)) {
    const type = old.words[row]! & 0xffff;
    if (type !== TYPE.SOA && findRrset(now, node, type) === none) changes.removed += old.words[row]! >>> 16;
  }
}

/** The records of an RRset, names written out, as strings of octets. */
function records(reader: ZoneReader, node: number, type: number): string[] {
  const { ttl, rdata } = reader.rrsets(node).find((rrset) => rrset.type === type)!;
  return rdata.map((octets) => `${ttl} ${Buffer.from(octets).toString('latin1')}`);
}

function sameTails(old: ZoneView, oldRow: number, now: ZoneView, row: number): boolean {
  const size = now.words[row + RRSET_ROW.tailsSize]!;
  if (old.words[oldRow + RRSET_ROW.tailsSize] !== size) return false;
  const at = now.words[row + RRSET_ROW.tailsAt]!;
  const oldAt = old.words[oldRow + RRSET_ROW.tailsAt]!;
  for (let i = 0; i < size; i++) if (now.octets[at + i] !== old.octets[oldAt + i]) return false;
  return true;
}

function rrsetRows(zone: ZoneView, node: number): number[] {
  const count = nodeWord(zone, node, NODE_ROW.countAndFlags) & 0xffff;
  const first = zone.rrsetsAt + nodeWord(zone, node, NODE_ROW.firstRrset) * RRSET_ROW.words;
  return Array.from({ length: count }, (_, i) => first + i * RRSET_ROW.words);
}

function countRecords(zone: ZoneView, node: number): number {
  return rrsetRows(zone, node)
    .filter((row) => (zone.words[row]! & 0xffff) !== TYPE.SOA)
    .reduce((sum, row) => sum + (zone.words[row]! >>> 16), 0);
}
