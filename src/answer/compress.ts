// Name compression at compile time (RFC 1035 §4.1.4): writes the names that end RDATA, shortened by what
// stands in the message before them anyway, and says where a name will stand. A pointer depends on the
// response, so a placeholder stands in its place (layout.ts: PLACE); emit.ts makes pointers of them. Letters
// count as written. Called by compile.ts, RRset by RRset.
import { sameOctets } from '../wire/bytes.ts';
import { lowerOctet } from '../wire/hash.ts';
import type { Zone } from '../zone/zone.ts';
import { PLACE } from './layout.ts';
import type { Octets } from './store.ts';

/** Which names the RRset at hand may be shortened by. */
export const SHORTEN = { byApex: 0, byOwner: 1, byAll: 2 } as const;

/** Writes the names of one RRset after the other. */
export class NameWriter {
  /** Whether a placeholder was written since begin(). */
  compressed = false;
  readonly #zone: Zone;
  readonly #out: Octets;
  #node = 0;
  /** Size of the owner's name; 0: nothing may point at it. */
  #ownerSize = 0;
  #remembers = false;
  /** Suffixes of the RRset's names so far, from 1 on: offset in the zone's octets, place, the one before. */
  readonly #at: number[] = [0];
  readonly #place: number[] = [0];
  readonly #before: number[] = [0];
  /** By size of the suffix: the last of them, or 0. */
  readonly #last = new Uint16Array(256);

  constructor(zone: Zone, out: Octets) {
    this.#zone = zone;
    this.#out = out;
  }

  /** Begins with an RRset of this node. */
  begin(node: number, shorten: number): void {
    const { origin, records, parent, labelAt } = this.#zone;
    this.compressed = false;
    this.#node = node;
    this.#ownerSize = 0;
    this.#remembers = shorten === SHORTEN.byAll;
    if (this.#at.length > 1) {
      this.#at.length = this.#place.length = this.#before.length = 1;
      this.#last.fill(0);
    }
    if (shorten === SHORTEN.byApex || node === 0 || isWildcard(this.#zone, node)) return;
    this.#ownerSize = origin.length;
    for (let n = node; n !== 0; n = parent[n]!) this.#ownerSize += records.octets[labelAt[n]!]! + 1;
  }

  /**
   * Writes the name that stands from `at` to `end` in the zone's octets; its first octet will stand `place`
   * octets behind the RRset's first. Returns the place to point at for this name, a PLACE or such a distance.
   */
  write(at: number, end: number, place: number): number {
    const { octets } = this.#zone.records;
    for (let p = at; octets[p] !== 0; p += octets[p]! + 1) {
      const known = this.#find(p, end);
      if (known !== 0) {
        this.#out.append(octets, at, p);
        this.#out.u16(0xc000 | known);
        this.compressed = true;
        return p === at ? known : place;
      }
      if (this.#remembers) this.#remember(p, end, place + p - at);
    }
    this.#out.append(octets, at, end);
    return place;
  }

  /** The place of this suffix, or 0. */
  #find(at: number, end: number): number {
    const size = end - at;
    const { origin, records } = this.#zone;
    if (size === origin.length && sameOctets(records.octets, at, origin, 0, size)) return PLACE.apex;
    if (size === this.#ownerSize && this.#isOwner(at)) return PLACE.owner;
    for (let i = this.#last[size]!; i !== 0; i = this.#before[i]!) {
      if (sameOctets(records.octets, at, records.octets, this.#at[i]!, size)) return this.#place[i]!;
    }
    return 0;
  }

  #remember(at: number, end: number, place: number): void {
    if (place > PLACE.max || (place & 0xff) === 0) return;
    this.#before.push(this.#last[end - at]!);
    this.#last[end - at] = this.#at.length;
    this.#at.push(at);
    this.#place.push(place);
  }

  /** Compares with the owner's name in lowercase: the question holds it, in letters of its own. */
  #isOwner(at: number): boolean {
    const { origin, records, parent, labelAt } = this.#zone;
    let p = at;
    for (let n = this.#node; n !== 0; n = parent[n]!) {
      const label = labelAt[n]!;
      const size = records.octets[label]!;
      for (let i = 0; i <= size; i++) {
        if (records.octets[p++] !== lowerOctet(records.octets[label + i]!)) return false;
      }
    }
    return sameOctets(records.octets, p, origin, 0, origin.length);
  }
}

/** A wildcard's RRset is answered under other names than its own (RFC 4592 §3.3.1). */
function isWildcard(zone: Zone, node: number): boolean {
  const { octets } = zone.records;
  const label = zone.labelAt[node]!;
  return octets[label] === 1 && octets[label + 1] === 0x2a;
}
