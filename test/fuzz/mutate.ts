// One input out of others: octets changed, moved, doubled and left out, words of the target's grammar put in,
// now and then all of it blown up to the largest size. Everything comes from the seed.
import type { randomFrom } from '../balance/random.ts';

type Random = ReturnType<typeof randomFrom>;

/** Octets at which length fields, label types and signed numbers turn over. */
const edges = [0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xfe, 0xff] as const;
const stepsMax = 6;
/** One input in so many is blown up: those are slow, and say little else. */
const largeEvery = 2000;

export class Mutator {
  readonly #random: Random;
  readonly #words: readonly Uint8Array[];
  readonly #octets: Uint8Array;
  #size = 0;

  constructor(random: Random, words: readonly Uint8Array[], sizeMax: number) {
    this.#random = random;
    this.#words = words;
    this.#octets = new Uint8Array(sizeMax);
  }

  /** A new input from `from`, with a part of `other` perhaps. */
  mutated(from: Uint8Array, other: Uint8Array): Uint8Array {
    this.#octets.set(from);
    this.#size = from.length;
    for (let left = this.#random.below(stepsMax); left >= 0; left--) this.#step(other);
    if (this.#random.below(largeEvery) === 0) this.#blowUp();
    return this.#octets.slice(0, this.#size);
  }

  #step(other: Uint8Array): void {
    const random = this.#random;
    const octets = this.#octets;
    const at = random.below(this.#size + 1);
    const isWithin = at < this.#size;
    const size = 1 + random.below(random.pick([2, 8, 64]));
    switch (random.below(12)) {
      case 0:
      case 1:
        if (isWithin) octets[at]! ^= 1 << random.below(8);
        break;
      case 2:
        if (isWithin) octets[at] = random.pick(edges);
        break;
      case 3:
        if (isWithin) octets[at] = random.below(256);
        break;
      case 4:
        if (isWithin) octets[at]! += random.below(9) - 4;
        break;
      case 5:
        this.#remove(at, size);
        break;
      case 6:
        this.#insert(at, octets.slice(Math.min(at, this.#size), Math.min(at + size, this.#size)));
        break;
      case 7:
        this.#insert(at, Uint8Array.of(random.below(256)));
        break;
      case 8:
      case 9:
        if (this.#words.length > 0) this.#putWord(at, random.pick(this.#words));
        break;
      case 10:
        this.#splice(at, other);
        break;
      default:
        this.#size = random.below(4) === 0 ? at : this.#size;
    }
  }

  /** A word between others, or over them. */
  #putWord(at: number, word: Uint8Array): void {
    if (this.#random.below(3) === 0 && at + word.length <= this.#size) this.#octets.set(word, at);
    else this.#insert(at, word);
  }

  /** A piece of another input, or all that follows there. */
  #splice(at: number, other: Uint8Array): void {
    const from = this.#random.below(other.length + 1);
    if (this.#random.below(2) === 0) {
      const size = Math.min(other.length - from, this.#octets.length - at);
      this.#octets.set(other.subarray(from, from + size), at);
      this.#size = at + size;
    } else this.#insert(at, other.subarray(from, from + this.#random.below(64)));
  }

  #insert(at: number, piece: Uint8Array): void {
    if (this.#size + piece.length > this.#octets.length) return;
    this.#octets.copyWithin(at + piece.length, at, this.#size);
    this.#octets.set(piece, at);
    this.#size += piece.length;
  }

  #remove(at: number, size: number): void {
    const end = Math.min(at + size, this.#size);
    this.#octets.copyWithin(at, end, this.#size);
    this.#size -= end - at;
  }

  /** Repeats a piece until the input is as long as it may be: what grows faster than its input shows here. */
  #blowUp(): void {
    const octets = this.#octets;
    const from = this.#random.below(this.#size + 1);
    const piece = octets.slice(from, Math.min(this.#size, from + 1 + this.#random.below(80)));
    if (piece.length === 0) return;
    const tail = octets.slice(from, this.#size);
    let at = from;
    for (; at + piece.length + tail.length <= octets.length; at += piece.length) octets.set(piece, at);
    octets.set(tail, at);
    this.#size = at + tail.length;
  }
}
