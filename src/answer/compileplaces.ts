// Writes the table of places, which places.ts reads: prefixes of addresses in, a table out. A binary tree for
// each family takes them one by one; a prefix covers what was said of its addresses before, so the wider ones
// are to come first. Runs in control's loader, never in the server process.
import { strict as assert } from 'node:assert';
import { placesSizeMax } from '../limits.ts';
import { HEADER } from './layout.ts';
import { PLACE_PART, PLACES, placeRow4, placeRow6, placesMagic, placesVersion } from './places.ts';
import { seal } from './store.ts';

/** IPv6 prefixes are at most this long: the table has the first half of an address. */
export const placeBits6 = 64;

/** A link is the first of two slots, for the bits 0 and 1, or below 0: the place ~link, for all below. */
const nowhere = ~0;

export class PlaceTree {
  #links = new Int32Array(1024).fill(nowhere);
  /** Slot 0 is the root of IPv4 and slot 1 that of IPv6. */
  #used = 2;

  /** Puts a prefix of an address of 4 or 16 octets into a place, from 0, nowhere in particular, to 65535. */
  set(address: Uint8Array, bits: number, place: number): void {
    assert(bits <= (address.length === 4 ? 32 : placeBits6) && place <= 0xffff);
    let slot = address.length === 4 ? 0 : 1;
    for (let bit = 0; bit < bits; bit++) {
      const link = this.#links[slot]!;
      if (link === ~place) return;
      slot = (link >= 0 ? link : this.#split(slot, link)) + ((address[bit >> 3]! >> (7 - (bit & 7))) & 1);
    }
    this.#links[slot] = ~place;
  }

  /** The table, for so many places with a name; undefined where it would be larger than its limit. */
  compile(placeCount: number): Uint8Array | undefined {
    const count4 = this.#merge(0);
    const count6 = this.#merge(1);
    const at4 = PLACES.words;
    const at6 = at4 + count4 * placeRow4;
    const end = at6 + count6 * placeRow6;
    if (end * 4 > placesSizeMax) return undefined;
    const words = new Uint32Array(end);
    words[HEADER.magic] = placesMagic;
    words[HEADER.version] = placesVersion;
    words[PLACES.placeCount] = placeCount;
    words[PLACES.v4Count] = count4;
    words[PLACES.v4At] = at4;
    words[PLACES.v6Count] = count6;
    words[PLACES.v6At] = at6;
    const written4 = this.#write(words, at4, placeRow4, 0, 0, 0, 0);
    const written6 = this.#write(words, at6, placeRow6, 1, 0, 0, 0);
    assert(written4 === at6 && written6 === end);
    return seal(new Uint8Array(words.buffer), words);
  }

  /** Makes two halves of one place; returns the first of their slots. */
  #split(slot: number, link: number): number {
    const pair = this.#used;
    this.#used += 2;
    if (this.#used > this.#links.length) {
      const larger = new Int32Array(this.#links.length * 2);
      larger.set(this.#links);
      this.#links = larger;
    }
    this.#links[pair] = link;
    this.#links[pair + 1] = link;
    this.#links[slot] = pair;
    return pair;
  }

  /**
   * Makes one of two halves that are the same; returns how many places lie below the slot, one after
   * another.
   */
  #merge(slot: number): number {
    const pair = this.#links[slot]!;
    if (pair < 0) return 1;
    const count = this.#merge(pair) + this.#merge(pair + 1);
    const half = this.#links[pair]!;
    if (half >= 0 || half !== this.#links[pair + 1]) return count;
    this.#links[slot] = half;
    return 1;
  }

  /** Writes the rows below a slot in the order of addresses, from word `at` on; returns where they end. */
  #write(
    words: Uint32Array,
    at: number,
    rowWords: number,
    slot: number,
    bits: number,
    high: number,
    low: number,
  ): number {
    const link = this.#links[slot]!;
    if (link < 0) {
      words[at] = high;
      if (rowWords === placeRow6) words[at + 1] = low;
      words[at + rowWords - 1] = (~link | (bits << PLACE_PART.lengthShift)) >>> 0;
      return at + rowWords;
    }
    const behind = this.#write(words, at, rowWords, link, bits + 1, high, low);
    const bit = 2 ** (31 - (bits & 31));
    const isHigh = bits < 32;
    return this.#write(
      words,
      behind,
      rowWords,
      link + 1,
      bits + 1,
      isHigh ? high + bit : high,
      isHigh ? low : low + bit,
    );
  }
}
