// Growing stores of words and of octets, from which compile.ts puts a table together. Numbers of two and four
// octets are written in network order.
import { lowerOctet } from '../wire/hash.ts';

/** 32-bit words, one behind the other. */
export class Words {
  used = 0;
  #words: Uint32Array;

  constructor(room: number) {
    this.#words = new Uint32Array(Math.max(room, 16));
  }

  push(...values: readonly number[]): void {
    if (this.used + values.length > this.#words.length) {
      const larger = new Uint32Array(Math.ceil((this.used + values.length) * 1.5));
      larger.set(this.#words);
      this.#words = larger;
    }
    for (const value of values) this.#words[this.used++] = value;
  }

  get(index: number): number {
    return this.#words[index]!;
  }

  set(index: number, value: number): void {
    this.#words[index] = value;
  }

  /** Adds `value` to one column of rows that are `width` words wide. */
  addToColumn(column: number, width: number, value: number): void {
    for (let at = column; at < this.used; at += width) this.#words[at]! += value;
  }

  view(): Uint32Array {
    return this.#words.subarray(0, this.used);
  }
}

/** Octets, one behind the other. */
export class Octets {
  used = 0;
  #octets: Uint8Array;

  constructor(room: number) {
    this.#octets = new Uint8Array(Math.max(room, 64));
  }

  #room(size: number): void {
    if (this.used + size <= this.#octets.length) return;
    const larger = new Uint8Array(Math.ceil((this.used + size) * 1.5));
    larger.set(this.#octets);
    this.#octets = larger;
  }

  /** Appends from[start, end) and returns the offset at which it now stands. */
  append(from: Uint8Array, start: number, end: number): number {
    const at = this.used;
    this.#room(end - start);
    for (let i = start; i < end; i++) this.#octets[this.used++] = from[i]!;
    return at;
  }

  /** Appends `size` octets from `start` in lowercase and returns the offset at which they stand. */
  appendLowercase(from: Uint8Array, start: number, size: number): number {
    const at = this.append(from, start, start + size);
    for (let i = at; i < this.used; i++) this.#octets[i] = lowerOctet(this.#octets[i]!);
    return at;
  }

  u16(value: number): void {
    this.#room(2);
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

  view(): Uint8Array {
    return this.#octets.subarray(0, this.used);
  }
}
