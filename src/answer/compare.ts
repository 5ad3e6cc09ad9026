// Compares two tables of one zone, record by record, without making a name or a record of either: a reload of
// a million names is told in a fraction of a second. Used for what a reload changed.
import { TYPE } from '../wire/numbers.ts';
import { findChild, findRrset, nodeWord } from './find.ts';
import { NODE_ROW, none, RRSET_ROW, tailHeaderSize } from './layout.ts';
import { ZoneView } from './tables.ts';

/** Records that are only in one of two tables of one zone, the SOA left out. */
export type RecordChanges = { readonly added: number; readonly removed: number };

/** Counts what came and what went; a record with another TTL is one that came and one that went. */
export function compareTables(before: Uint8Array, after: Uint8Array): RecordChanges {
  const old = new ZoneView('', before);
  const now = new ZoneView('', after);
  const changes = { added: 0, removed: 0 };
  const oldNodes = matchNodes(old, now);
  const isMatched = new Uint8Array(old.nodeCount);
  for (let node = 0; node < now.nodeCount; node++) {
    const oldNode = oldNodes[node]!;
    if (oldNode !== none) isMatched[oldNode] = 1;
    compareNodes(old, oldNode, now, node, changes);
  }
  for (let node = 0; node < old.nodeCount; node++) {
    if (isMatched[node] === 0) changes.removed += countRecords(old, node);
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
  old: ZoneView,
  oldNode: number,
  now: ZoneView,
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
    else if (!sameTails(old, oldRow, now, row)) compareRrsets(old, oldRow, now, row, changes);
  }
  for (const row of rrsetRows(old, oldNode)) {
    const type = old.words[row]! & 0xffff;
    if (type !== TYPE.SOA && findRrset(now, node, type) === none) changes.removed += old.words[row]! >>> 16;
  }
}

function compareRrsets(
  old: ZoneView,
  oldRow: number,
  now: ZoneView,
  row: number,
  changes: { added: number; removed: number },
): void {
  const left = new Set(tails(old, oldRow));
  for (const tail of tails(now, row)) if (!left.delete(tail)) changes.added += 1;
  changes.removed += left.size;
}

function sameTails(old: ZoneView, oldRow: number, now: ZoneView, row: number): boolean {
  const size = now.words[row + RRSET_ROW.tailsSize]!;
  if (old.words[oldRow + RRSET_ROW.tailsSize] !== size) return false;
  const at = now.words[row + RRSET_ROW.tailsAt]!;
  const oldAt = old.words[oldRow + RRSET_ROW.tailsAt]!;
  for (let i = 0; i < size; i++) if (now.octets[at + i] !== old.octets[oldAt + i]) return false;
  return true;
}

/** The tails of an RRset as strings of octets. */
function tails(zone: ZoneView, row: number): string[] {
  const found: string[] = [];
  const start = zone.words[row + RRSET_ROW.tailsAt]!;
  const end = start + zone.words[row + RRSET_ROW.tailsSize]!;
  for (let at = start; at < end; ) {
    const behind = at + tailHeaderSize + ((zone.octets[at + 8]! << 8) | zone.octets[at + 9]!);
    found.push(Buffer.from(zone.octets.subarray(at, behind)).toString('latin1'));
    at = behind;
  }
  return found;
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
