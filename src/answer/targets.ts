// The target lists of a zone table: for an RRset of NS, MX, SRV … the names it leads to that have addresses
// in this zone, each with the node that has them and the place in the message where the name stands already.
// Called by compile.ts.
import { lowerOctet } from '../wire/hash.ts';
import { TYPE } from '../wire/numbers.ts';
import { closestEncloser, NODE, sourceOf, Zone } from '../zone/zone.ts';
import type { Words } from './store.ts';

/** Collects the targets of one RRset after the other. */
export class TargetLists {
  readonly #zone: Zone;
  readonly #lists: Words;
  readonly #hasWildcards: boolean;
  readonly #nodes: number[] = [];
  readonly #places: number[] = [];
  /** Names that the wildcard of a node stands for, lowercase: several names may have one node. */
  readonly #synthesised: string[] = [];

  constructor(zone: Zone, lists: Words) {
    this.#zone = zone;
    this.#lists = lists;
    this.#hasWildcards = zone.flags.some((flags) => (flags & NODE.wildcardBelow) !== 0);
  }

  /** Adds the target whose name stands at `at` in the zone's octets and will stand at `place`. */
  add(at: number, place: number): void {
    const { octets } = this.#zone.records;
    const own = this.#zone.find(octets, at);
    const node = own === Zone.none ? this.#synthesises(octets, at) : own;
    if (node === Zone.none || !this.#hasAddress(node)) return;
    if (own === Zone.none) {
      const name = lowercaseName(octets, at);
      if (this.#synthesised.includes(name)) return;
      this.#synthesised.push(name);
    } else if (this.#nodes.includes(node)) return;
    this.#nodes.push(node);
    this.#places.push(place);
  }

  /** Writes the list and begins another; returns its index, 0 where it is empty. */
  end(): number {
    if (this.#nodes.length === 0) return 0;
    const index = this.#lists.used;
    this.#lists.push(this.#nodes.length);
    for (const [i, node] of this.#nodes.entries()) this.#lists.push(node, this.#places[i]!);
    this.#nodes.length = this.#places.length = this.#synthesised.length = 0;
    return index;
  }

  /** The wildcard that makes a name that does not exist, unless another zone or a DNAME answers for it. */
  #synthesises(octets: Uint8Array, at: number): number {
    if (!this.#hasWildcards) return Zone.none;
    const encloser = closestEncloser(this.#zone, octets, at);
    if (encloser === Zone.none) return Zone.none;
    if ((this.#zone.flags[encloser]! & (NODE.cut | NODE.occluded | NODE.dname)) !== 0) return Zone.none;
    return sourceOf(this.#zone, octets, at, encloser);
  }

  #hasAddress(node: number): boolean {
    const { records, next, first } = this.#zone;
    for (let i = first[node]!; i !== Zone.none; i = next[i]!) {
      if (records.type[i] === TYPE.A || records.type[i] === TYPE.AAAA) return true;
    }
    return false;
  }
}

function lowercaseName(octets: Uint8Array, at: number): string {
  let end = at;
  while (octets[end] !== 0) end += octets[end]! + 1;
  return String.fromCharCode(...octets.subarray(at, end).map(lowerOctet));
}
