// A zone as a tree of names: records in, one node per existing name out, empty non-terminals too (RFC 4592
// §2.2.2). Nodes are rows of typed arrays; node 0 is the apex, a parent's index is always below its
// children's. check.ts walks this tree and answer/compile.ts writes it into the table. Records outside the
// zone belong to no node.
import { labelsMax, nameSizeMax } from '../limits.ts';
import { combineHash, hashLabel, lowerOctet, slotOf } from '../wire/hash.ts';
import { TYPE } from '../wire/numbers.ts';
import type { Records } from './records.ts';

const absent = 0xffffffff;

/** Flags of a node. */
export const NODE = {
  /** Has NS records and is not the apex: a zone cut. */
  cut: 1,
  /** Lies below a cut: occluded, never answered from, but its addresses may be glue. */
  occluded: 2,
  /** Has a CNAME record. */
  cname: 4,
  /** Has a child whose label is `*`. */
  wildcardBelow: 8,
  /** Has a DNAME record. */
  dname: 16,
} as const;

/** The names of one zone. Column n of every array describes node n. */
export class Zone {
  readonly records: Records;
  /** The zone's name in wire form, lowercase. */
  readonly origin: Uint8Array;
  nodeCount = 0;
  /** The node's parent; the apex is its own. */
  parent = new Uint32Array(64);
  /**
   * Offset in `records.octets` of the node's first label (a length octet, then the label, case as written).
   */
  labelAt = new Uint32Array(64);
  /** Hash of the full name, lowercase, as wire/hash.ts makes it. */
  hash = new Uint32Array(64);
  /** First record of the node, or `none`. */
  first = new Uint32Array(64);
  flags = new Uint8Array(64);
  /** Per record: the next record of the same node in file order, or `none`. */
  readonly next: Uint32Array;
  /** Per record: its node, or `none` where the owner is outside the zone. */
  readonly node: Uint32Array;
  /** Marks the end of a list and the absence of a node. */
  static readonly none = absent;
  readonly #originLabels: number;
  #slots = new Uint32Array(256).fill(absent);

  constructor(records: Records, origin: Uint8Array) {
    this.records = records;
    this.origin = origin;
    this.next = new Uint32Array(records.count).fill(absent);
    this.node = new Uint32Array(records.count).fill(absent);
    this.#originLabels = countLabels(origin, 0);
  }

  /** Finds the node of a name (wire form at `at`, any case), or `none`. */
  find(octets: Uint8Array, at: number): number {
    const belowApex = splitName(octets, at) - this.#originLabels;
    if (belowApex < 0 || !endsWith(octets, starts[belowApex]!, this.origin)) return absent;
    let node = 0;
    for (let label = belowApex - 1; label >= 0; label--) {
      node = this.#child(node, hashes[label]!, octets, starts[label]!);
      if (node === absent) return absent;
    }
    return node;
  }

  /** The node's full name in wire form, case as written. */
  name(node: number): Uint8Array {
    const name = new Uint8Array(nameSizeMax);
    const { octets } = this.records;
    let used = 0;
    for (let n = node; n !== 0; n = this.parent[n]!) {
      const at = this.labelAt[n]!;
      const size = octets[at]! + 1;
      name.set(octets.subarray(at, at + size), used);
      used += size;
    }
    name.set(this.origin, used);
    return name.slice(0, used + this.origin.length);
  }

  #child(parent: number, hash: number, octets: Uint8Array, at: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = slotOf(hash) & mask; ; slot = (slot + 1) & mask) {
      const node = this.#slots[slot]!;
      if (node === absent) return absent;
      if (
        this.hash[node] === hash &&
        this.parent[node] === parent &&
        node !== 0 &&
        sameLabel(this.records.octets, this.labelAt[node]!, octets, at)
      ) {
        return node;
      }
    }
  }

  #insert(node: number): void {
    const mask = this.#slots.length - 1;
    let slot = slotOf(this.hash[node]!) & mask;
    while (this.#slots[slot] !== absent) slot = (slot + 1) & mask;
    this.#slots[slot] = node;
  }

  /** Adds the name's node and every ancestor's that is missing; returns `none` outside the zone. */
  add(octets: Uint8Array, at: number): number {
    const belowApex = splitName(octets, at) - this.#originLabels;
    if (belowApex < 0 || !endsWith(octets, starts[belowApex]!, this.origin)) return absent;
    if (this.nodeCount === 0) this.#push(0, starts[belowApex]!, hashes[belowApex]!);
    let node = 0;
    for (let label = belowApex - 1; label >= 0; label--) {
      const start = starts[label]!;
      const hash = hashes[label]!;
      let child = this.#child(node, hash, octets, start);
      if (child === absent) {
        child = this.#push(node, start, hash);
        if (octets[start] === 1 && octets[start + 1] === 42) this.flags[node]! |= NODE.wildcardBelow;
      }
      node = child;
    }
    return node;
  }

  #push(parent: number, labelAt: number, hash: number): number {
    const node = this.nodeCount++;
    if (node === this.parent.length) this.#grow();
    this.parent[node] = parent;
    this.labelAt[node] = labelAt;
    this.hash[node] = hash;
    this.first[node] = absent;
    if (this.nodeCount * 2 > this.#slots.length) {
      this.#slots = new Uint32Array(this.#slots.length * 2).fill(absent);
      for (let n = 0; n < node; n++) this.#insert(n);
    }
    this.#insert(node);
    return node;
  }

  #grow(): void {
    const rows = this.parent.length * 2;
    const wider = (from: Uint32Array): Uint32Array<ArrayBuffer> => {
      const to = new Uint32Array(rows);
      to.set(from);
      return to;
    };
    this.parent = wider(this.parent);
    this.labelAt = wider(this.labelAt);
    this.hash = wider(this.hash);
    this.first = wider(this.first);
    const flags = new Uint8Array(rows);
    flags.set(this.flags);
    this.flags = flags;
  }
}

/** Makes the tree of a zone's names from its records. `origin` is in wire form, lowercase. */
export function indexZone(records: Records, origin: Uint8Array): Zone {
  const zone = new Zone(records, origin);
  zone.records.reserve(origin.length);
  zone.records.octets.set(origin, zone.records.used);
  zone.add(zone.records.octets, zone.records.used); // the apex exists whatever the file says
  zone.records.used += origin.length;
  let seen = new Uint32Array(records.count + 1); // by node: its last record so far
  for (let i = 0; i < records.count; i++) {
    const sameOwner = i > 0 && records.ownerAt[i] === records.ownerAt[i - 1];
    const node = sameOwner ? zone.node[i - 1]! : zone.add(records.octets, records.ownerAt[i]!);
    zone.node[i] = node;
    if (node === absent) continue;
    if (node >= seen.length) {
      const wider = new Uint32Array(Math.max(node + 1, seen.length * 2));
      wider.set(seen);
      seen = wider;
    }
    if (zone.first[node] === absent) zone.first[node] = i;
    else zone.next[seen[node]!] = i;
    seen[node] = i;
    const type = records.type[i]!;
    if (type === TYPE.NS && node !== 0) zone.flags[node]! |= NODE.cut;
    if (type === TYPE.CNAME) zone.flags[node]! |= NODE.cname;
    if (type === TYPE.DNAME) zone.flags[node]! |= NODE.dname;
  }
  for (let node = 1; node < zone.nodeCount; node++) {
    const above = zone.flags[zone.parent[node]!]!;
    if ((above & (NODE.cut | NODE.occluded)) !== 0) zone.flags[node]! |= NODE.occluded;
  }
  return zone;
}

/**
 * The node of the name at `at` or of its nearest ancestor that exists; `none` if the name is outside the
 * zone.
 */
export function closestEncloser(zone: Zone, octets: Uint8Array, at: number): number {
  for (let p = at; ; p += octets[p]! + 1) {
    const node = zone.find(octets, p);
    if (node !== absent || octets[p] === 0) return node;
  }
}

const wildcardName = new Uint8Array(258);

/**
 * The node that answers for a name: its own, or the wildcard at its closest encloser (RFC 4592 §3.3.1), or
 * `none`.
 */
export function sourceOf(zone: Zone, octets: Uint8Array, at: number, encloser: number): number {
  const own = zone.find(octets, at);
  if (own !== absent || (zone.flags[encloser]! & NODE.wildcardBelow) === 0) return own;
  wildcardName.set([1, 0x2a]);
  wildcardName.set(zone.name(encloser), 2);
  return zone.find(wildcardName, 0);
}

/** Where the labels of the name last split start, and the hash of the name from each label on. */
const starts = new Uint32Array(labelsMax);
const hashes = new Uint32Array(labelsMax);

/** Splits the name at `at` into `starts` and `hashes`; returns the number of labels without the root. */
function splitName(octets: Uint8Array, at: number): number {
  let count = 0;
  let p = at;
  for (; octets[p] !== 0; p += octets[p]! + 1) starts[count++] = p;
  starts[count] = p;
  hashes[count] = 0;
  for (let label = count - 1; label >= 0; label--) {
    hashes[label] = combineHash(hashes[label + 1]!, hashLabel(octets, starts[label]!));
  }
  return count;
}

/** Labels of the name at `at`, without the root. */
export function countLabels(octets: Uint8Array, at: number): number {
  let count = 0;
  for (let p = at; octets[p] !== 0; p += octets[p]! + 1) count++;
  return count;
}

function endsWith(octets: Uint8Array, at: number, origin: Uint8Array): boolean {
  for (let i = 0; i < origin.length; i++) if (lowerOctet(octets[at + i]!) !== origin[i]) return false;
  return true;
}

function sameLabel(a: Uint8Array, at: number, b: Uint8Array, bt: number): boolean {
  const size = a[at]!;
  if (size !== b[bt]) return false;
  for (let i = 1; i <= size; i++) if (lowerOctet(a[at + i]!) !== lowerOctet(b[bt + i]!)) return false;
  return true;
}
