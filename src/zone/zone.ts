// A zone as a tree of names: records in, one node per existing name out, empty non-terminals too (RFC 4592
// §2.2.2). Nodes are rows of typed arrays; node 0 is the apex, a parent's index is always below its
// children's. check.ts walks this tree and answer/compile.ts writes it into the table. Records outside the
// zone belong to no node.
import { labelsMax, nameSizeMax } from '../limits.ts';
import { combineHash, hashLabel, lowerOctet, slotOf } from '../wire/hash.ts';
import { TYPE } from '../wire/numbers.ts';
import type { Records } from './records.ts';

const absent = 0xffffffff;

/** The slots of the owners that are next. */
const foreseen = new Uint32Array(128);

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
  parent: Uint32Array;
  /**
   * Offset in `records.octets` of the node's first label (a length octet, then the label, case as written).
   */
  labelAt: Uint32Array;
  /** Hash of the full name, lowercase, as wire/hash.ts makes it. */
  hash: Uint32Array;
  /** First record of the node, or `none`. */
  first: Uint32Array;
  flags: Uint8Array;
  /** Per record: the next record of the same node in file order, or `none`. */
  readonly next: Uint32Array;
  /** Per record: its node, or `none` where the owner is outside the zone. */
  readonly node: Uint32Array;
  /**
   * From slotOf(hash) to node + 1, 0 where there is none: open addressing in the order of nodes, the smallest
   * power of two that is at most half full. The bits that no index needs are the hash's own: another name is
   * passed by without a look at its node. A zone table has it as it is.
   */
  slots: Uint32Array;
  /** Marks the end of a list and the absence of a node. */
  static readonly none = absent;
  readonly #originLabels: number;
  /** The node above the name last added and that node's name in `records.octets`: siblings mostly follow. */
  #above = absent;
  #aboveAt = 0;
  #aboveSize = 0;

  /** `names` is how many names to make room for. */
  constructor(records: Records, origin: Uint8Array, names: number) {
    this.records = records;
    this.origin = origin;
    this.next = new Uint32Array(records.count);
    this.node = new Uint32Array(records.count);
    this.parent = new Uint32Array(names);
    this.labelAt = new Uint32Array(names);
    this.hash = new Uint32Array(names);
    this.first = new Uint32Array(names);
    this.flags = new Uint8Array(names);
    this.slots = new Uint32Array(slotCount(names));
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
    const { slots } = this;
    const mask = slots.length - 1;
    for (let slot = slotOf(hash) & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!;
      if (entry === 0) return absent;
      if (((entry ^ hash) & ~mask) !== 0) continue;
      const node = (entry & mask) - 1;
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
    const { slots } = this;
    const mask = slots.length - 1;
    const hash = this.hash[node]!;
    let slot = slotOf(hash) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = (hash & ~mask) | (node + 1);
  }

  /**
   * Adds the name of `size` octets at `at` in `records.octets` and every ancestor of it that is missing.
   * Returns its node, `none` outside the zone.
   */
  add(at: number, size: number): number {
    const { octets } = this.records;
    const aboveAt = at + octets[at]! + 1;
    const aboveSize = at + size - aboveAt;
    if (this.#above !== absent && aboveSize === this.#aboveSize && this.#isBelowSame(aboveAt)) {
      const hash = combineHash(this.hash[this.#above]!, hashLabel(octets, at));
      return this.#childMade(this.#above, hash, at);
    }
    const belowApex = splitName(octets, at) - this.#originLabels;
    if (belowApex < 0 || !endsWith(octets, starts[belowApex]!, this.origin)) return absent;
    if (this.nodeCount === 0) this.#push(0, starts[belowApex]!, hashes[belowApex]!);
    let node = 0;
    for (let label = belowApex - 1; label >= 0; label--) {
      if (label === 0) {
        this.#above = node;
        this.#aboveAt = aboveAt;
        this.#aboveSize = aboveSize;
      }
      node = this.#childMade(node, hashes[label]!, starts[label]!);
    }
    return node;
  }

  /**
   * Reads the slots that the owners of these records want if they are siblings of the last. One after
   * the other each would wait for memory; side by side they wait together.
   */
  foresee(from: number, to: number): void {
    if (this.#above === absent) return;
    const { slots } = this;
    const { ownerAt, octets } = this.records;
    const mask = slots.length - 1;
    const above = this.hash[this.#above]!;
    for (let i = from; i < to; i++) {
      foreseen[i - from] = slotOf(combineHash(above, hashLabel(octets, ownerAt[i]!))) & mask;
    }
    for (let i = 0; i < to - from; i++) foreseen[i] = slots[foreseen[i]!]!;
  }

  #isBelowSame(aboveAt: number): boolean {
    const { octets } = this.records;
    for (let i = 0; i < this.#aboveSize; i++) {
      if (octets[aboveAt + i] !== octets[this.#aboveAt + i]) return false;
    }
    return true;
  }

  /** The child of a node that has the label at `at`, made where it is missing. */
  #childMade(parent: number, hash: number, at: number): number {
    const { octets } = this.records;
    const child = this.#child(parent, hash, octets, at);
    if (child !== absent) return child;
    if (octets[at] === 1 && octets[at + 1] === 42) this.flags[parent]! |= NODE.wildcardBelow;
    return this.#push(parent, at, hash);
  }

  #push(parent: number, labelAt: number, hash: number): number {
    const node = this.nodeCount++;
    if (node === this.parent.length) this.#grow();
    this.parent[node] = parent;
    this.labelAt[node] = labelAt;
    this.hash[node] = hash;
    this.first[node] = absent;
    if (this.nodeCount * 2 > this.slots.length) this.makeSlots();
    else this.#insert(node);
    return node;
  }

  /** Makes the slots that these nodes need. */
  makeSlots(): void {
    this.slots = new Uint32Array(slotCount(this.nodeCount));
    for (let node = 0; node < this.nodeCount; node++) this.#insert(node);
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

/** Slots for so many nodes: a power of two, at most half full. */
function slotCount(nodes: number): number {
  let count = 2;
  while (count < nodes * 2) count *= 2;
  return count;
}

/** Makes the tree of a zone's names from its records. `origin` is in wire form, lowercase. */
export function indexZone(records: Records, origin: Uint8Array): Zone {
  const zone = new Zone(records, origin, countRuns(records) + 1);
  const apexAt = records.reserve(origin.length);
  records.octets.set(origin, apexAt);
  records.used += origin.length;
  zone.add(apexAt, origin.length); // the apex exists whatever the file says
  const hasCuts = addOwners(zone);
  // From the last to the first, each before what its node has already: lists in file order, no tails kept.
  for (let i = records.count - 1; i >= 0; i--) {
    const node = zone.node[i]!;
    if (node === absent) continue;
    zone.next[i] = zone.first[node]!;
    zone.first[node] = i;
  }
  for (let node = 1; hasCuts && node < zone.nodeCount; node++) {
    const above = zone.flags[zone.parent[node]!]!;
    if ((above & (NODE.cut | NODE.occluded)) !== 0) zone.flags[node]! |= NODE.occluded;
  }
  if (zone.slots.length > slotCount(zone.nodeCount)) zone.makeSlots(); // names came back later in the file
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

/** Adds the owner of every record and sets the flags that types make; says whether there are zone cuts. */
function addOwners(zone: Zone): boolean {
  const { count, ownerAt, ownerLength, type } = zone.records;
  let hasCuts = false;
  for (let i = 0; i < count; i++) {
    if (i % foreseen.length === 0) zone.foresee(i, Math.min(i + foreseen.length, count));
    const sameOwner = i > 0 && ownerAt[i] === ownerAt[i - 1];
    const node = sameOwner ? zone.node[i - 1]! : zone.add(ownerAt[i]!, ownerLength[i]!);
    zone.node[i] = node;
    zone.next[i] = absent;
    if (node === absent) continue;
    if (type[i] === TYPE.NS && node !== 0) {
      zone.flags[node]! |= NODE.cut;
      hasCuts = true;
    } else if (type[i] === TYPE.CNAME) zone.flags[node]! |= NODE.cname;
    else if (type[i] === TYPE.DNAME) zone.flags[node]! |= NODE.dname;
  }
  return hasCuts;
}

/** Owners that are not that of the record before. */
function countRuns({ count, ownerAt }: Records): number {
  let runs = 0;
  for (let i = 0; i < count; i++) if (i === 0 || ownerAt[i] !== ownerAt[i - 1]) runs++;
  return runs;
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
