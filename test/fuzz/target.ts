// What the fuzzer tries: one function of ours that takes octets from outside, with what must hold for any
// octets at all. One file per target; fuzz.ts has their list.

/** A target. What it finds wrong it throws. */
export type Target = {
  readonly name: string;
  /** Octets of the longest input. */
  readonly sizeMax: number;
  /** Good inputs, from which all others come. */
  readonly seeds: readonly Uint8Array[];
  /** Long inputs that are tried once and not mutated: one thing over and over, for time. */
  readonly large?: readonly Uint8Array[];
  /** What mutations put in whole: words of the grammar. */
  readonly words: readonly Uint8Array[];
  /** URLs of the source files whose blocks guide the search. */
  readonly guide: RegExp;
  /**
   * Tries one input and gives the time that our code took for it, in milliseconds. `isThorough`: with the
   * checks, too, that cost far more than what they check.
   */
  run(input: Uint8Array, isThorough: boolean): number;
  /** What the last input may have cost at the least of many times, in milliseconds. */
  timeMaxMs(): number;
};

/** Text as octets, a character each. */
export const octetsOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

/** A piece between two others, so often that the whole is `size` octets long. */
export function repeated(size: number, before: string, piece: string, behind = ''): Uint8Array {
  const room = size - before.length - behind.length;
  return octetsOf(before + piece.repeat(Math.floor(room / piece.length)) + behind);
}

/** Octets as they stand in a report. */
export const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
