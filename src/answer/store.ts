// Stores of words and of octets, from which compile.ts and compilesets.ts put tables together. Numbers of two
// and four octets are written in network order.
import { strict as assert } from 'node:assert';
import { lowerOctet } from '../wire/hash.ts';
import { HEADER, tableCrc } from './layout.ts';

/** 32-bit words, one behind the other, as many as there come. */
export class Words {
  used = 0;
  #words: Uint32Array;

  constructor(room: number) {
    this.#words = new Uint32Array(Math.max(room, 16));
  }

  /** Makes room for `count` more words and returns the index of the first; they are not cleared. */
  take(count: number): number {
    const at = this.used;
    this.used += count;
    if (this.used > this.#words.length) {
      const larger = new Uint32Array(Math.ceil(this.used * 1.5));
      larger.set(this.#words);
      this.#words = larger;
    }
    return at;
  }

  push(...values: readonly number[]): void {
    let at = this.take(values.length);
    for (const value of values) this.#words[at++] = value;
  }

  set(index: number, value: number): void {
    this.#words[index] = value;
  }

  view(): Uint32Array {
    return this.#words.subarray(0, this.used);
  }
}

/** Octets, one behind the other, in a run of octets that is long enough for all of them. */
export class Octets {
  used: number;
  readonly #octets: Uint8Array;

  /** Writes into `octets` from `at` on. */
  constructor(octets: Uint8Array, at: number) {
    this.#octets = octets;
    this.used = at;
  }

  /** Appends from[start, end) and returns the offset at which it now stands. */
  append(from: Uint8Array, start: number, end: number): number {
    const octets = this.#octets;
    const at = this.used;
    let used = at;
    for (let i = start; i < end; i++) octets[used++] = from[i]!;
    this.used = used;
    return at;
  }

  /** Appends `size` octets from `start` in lowercase and returns the offset at which they stand. */
  appendLowercase(from: Uint8Array, start: number, size: number): number {
    const octets = this.#octets;
    const at = this.used;
    for (let i = 0; i < size; i++) octets[at + i] = lowerOctet(from[start + i]!);
    this.used = at + size;
    return at;
  }

  u16(value: number): void {
    this.#octets[this.used++] = value >>> 8;
    this.#octets[this.used++] = value;
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  setU16(at: number, value: number): void {
    this.#octets[at] = value >>> 8;
    this.#octets[at + 1] = value;
  }

  /** Ends the run with zeros up to a multiple of four; the index of the word that follows. */
  end(): number {
    while (this.used % 4 !== 0) this.#octets[this.used++] = 0;
    assert(this.used <= this.#octets.length); // beyond the end nothing would have been written
    return this.used / 4;
  }
}

/** Closes the header of a whole table with its length and checksum. */
export function seal(table: Uint8Array, header: Uint32Array): Uint8Array {
  header[HEADER.length] = table.length;
  header[HEADER.crc] = tableCrc(table);
  return table;
}
