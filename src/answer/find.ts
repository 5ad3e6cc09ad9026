// hot: RFC 1034 §4.3.2 as one walk down the tree of existing names that stops at the first miss. Finds zones
// in the directory, nodes in a zone and RRsets at a node; what it finds are numbers, and nothing is ever
// thrown.
import { combineHash, hashLabel, slotOf } from '../wire/hash.ts';
import type { Labels } from '../wire/labels.ts';
import { TYPE } from '../wire/numbers.ts';
import { FLAG, NODE_ROW, none, RRSET_ROW } from './layout.ts';
import type { Tables, ZoneView } from './tables.ts';

/** Where the walk ended. */
export const FOUND = {
  /** The name exists and `node` is its node. */
  exact: 0,
  /** The name does not exist; `node` is the source of synthesis (RFC 4592 §3.3.1). */
  wildcard: 1,
  /** The name lies at or below a zone cut, `node` (RFC 1034 §4.3.2 step 3b). */
  referral: 2,
  /** The name does not exist and no wildcard covers it; `node` is the closest encloser. */
  nxdomain: 3,
  /** An ancestor, `node`, has a DNAME (RFC 6672 §3.2 step 3C). */
  dname: 4,
} as const;

/** Result of find(), overwritten by the next call. */
export const found = { node: 0 };

const starLabel = Uint8Array.of(1, 42);
const starHash = hashLabel(starLabel, 0);

/** Index of the zone with the longest apex that the name from label `first` on lies in, or -1. */
export function findZone(tables: Tables, name: Labels, first: number): number {
  const directory = tables.directory;
  const mask = tables.directoryMask;
  for (let label = first; label <= name.count; label++) {
    const hash = name.hashes[label]!;
    for (let slot = slotOf(hash) & mask; directory[slot] !== 0; slot = (slot + 1) & mask) {
      const zone = tables.zones[directory[slot]! - 1]!;
      if (zone.apexHash === hash && isApex(zone, name, label)) return directory[slot]! - 1;
    }
  }
  return -1;
}

function isApex(zone: ZoneView, name: Labels, label: number): boolean {
  const start = name.starts[label]!;
  const size = zone.apexSize;
  if (name.size - start !== size) return false;
  const at = zone.apexNameAt;
  for (let i = 0; i < size; i++) if (name.octets[start + i] !== zone.octets[at + i]) return false;
  return true;
}

/**
 * Walks from the apex towards the name, which lies in the zone. Returns one of FOUND; the node is in `found`.
 */
export function find(zone: ZoneView, name: Labels, type: number): number {
  let node = 0;
  for (let label = name.count - zone.apexLabels - 1; label >= 0; label--) {
    const flags = nodeWord(zone, node, NODE_ROW.countAndFlags);
    if ((flags & (FLAG.cut | FLAG.dname)) !== 0) {
      found.node = node;
      return (flags & FLAG.cut) !== 0 ? FOUND.referral : FOUND.dname;
    }
    const child = findChild(zone, node, name.hashes[label]!, name.octets, name.starts[label]!);
    if (child === none) {
      if ((flags & FLAG.wildcardBelow) === 0) {
        found.node = node;
        return FOUND.nxdomain;
      }
      const hash = combineHash(nodeWord(zone, node, NODE_ROW.hash), starHash);
      found.node = findChild(zone, node, hash, starLabel, 0);
      return FOUND.wildcard;
    }
    node = child;
  }
  found.node = node;
  // RFC 4035 §3.1.4.1: DS belongs to the parent's side of a cut, everything else there to the child.
  if ((nodeWord(zone, node, NODE_ROW.countAndFlags) & FLAG.cut) !== 0 && type !== TYPE.DS)
    return FOUND.referral;
  return FOUND.exact;
}

/** The child of `parent` whose label stands at octets[at] and whose full name has this hash, or `none`. */
export function findChild(
  zone: ZoneView,
  parent: number,
  hash: number,
  octets: Uint8Array,
  at: number,
): number {
  const words = zone.words;
  const mask = zone.slotMask;
  for (let slot = slotOf(hash) & mask; ; slot = (slot + 1) & mask) {
    const entry = words[zone.slotsAt + slot]!;
    if (entry === 0) return none;
    if (((entry ^ hash) & ~mask) !== 0) continue; // another name's, said by the slot itself
    const node = (entry & mask) - 1;
    const row = zone.nodesAt + node * NODE_ROW.words;
    if (words[row] !== hash || words[row + NODE_ROW.parent] !== parent || node === 0) continue;
    if (sameLabel(zone.octets, words[row + NODE_ROW.labelAt]!, octets, at)) return node;
  }
}

function sameLabel(a: Uint8Array, at: number, b: Uint8Array, bt: number): boolean {
  const size = a[at]!;
  for (let i = 0; i <= size; i++) if (a[at + i] !== b[bt + i]) return false;
  return true;
}

/** A word of a node's row. */
export function nodeWord(zone: ZoneView, node: number, column: number): number {
  return zone.words[zone.nodesAt + node * NODE_ROW.words + column]!;
}

/** Word index of the row of the node's RRset of this type, or `none`. */
export function findRrset(zone: ZoneView, node: number, type: number): number {
  const count = nodeWord(zone, node, NODE_ROW.countAndFlags) & 0xffff;
  let row = zone.rrsetsAt + nodeWord(zone, node, NODE_ROW.firstRrset) * RRSET_ROW.words;
  for (let i = 0; i < count; i++) {
    if ((zone.words[row]! & 0xffff) === type) return row;
    row += RRSET_ROW.words;
  }
  return none;
}
