// Domain names, text to wire and back, and their order. In wire form a name is labels, each behind its length
// octet, ending with the root's zero octet; never compressed here. Case is kept as written and never matters
// in comparisons (RFC 4343). zone/scan.ts parses a million of them: parseName allocates nothing and answers
// errors by number.
import { labelSizeMax, labelsMax, nameSizeMax } from '../limits.ts';
import { lowerOctet } from './hash.ts';

/** Why a text is no name: what parseName returns instead of a length. */
export const NAME = { empty: -1, emptyLabel: -2, labelTooLong: -3, nameTooLong: -4, badEscape: -5 } as const;

/** What to say of each of NAME, by its number. */
export const nameFaults: Readonly<Record<number, { readonly what: string; readonly hint: string }>> = {
  [NAME.empty]: { what: 'the name is empty', hint: 'write @ for the origin' },
  [NAME.emptyLabel]: { what: 'the name has an empty label', hint: 'one dot between labels, none in front' },
  [NAME.labelTooLong]: { what: 'a label is longer than 63 octets', hint: 'RFC 1035 §2.3.4' },
  [NAME.nameTooLong]: {
    what: 'the name is longer than 255 octets',
    hint: 'a name without a final dot is completed with the origin',
  },
  [NAME.badEscape]: {
    what: 'a backslash in the name is not followed by a character or by three digits up to 255',
    hint: 'write \\. for a dot inside a label, \\DDD for an octet',
  },
};

const dot = 0x2e;
const backslash = 0x5c;

/**
 * The octet that an escape means: `\X` is X, `\DDD` a decimal octet (RFC 1035 §5.1). `at` is behind the
 * backslash. Its length in text is 3 where a digit stands there, else 1. Returns -1 for a bad one.
 */
export function parseEscape(text: Uint8Array, at: number, to: number): number {
  if (at >= to) return -1;
  const first = text[at]! - 48;
  if (first < 0 || first > 9) return text[at]!;
  if (at + 3 > to) return -1;
  const second = text[at + 1]! - 48;
  const third = text[at + 2]! - 48;
  if (second < 0 || second > 9 || third < 0 || third > 9) return -1;
  const octet = first * 100 + second * 10 + third;
  return octet > 255 ? -1 : octet;
}

/**
 * Parses the name in `text` from `from` to `to` and writes its wire form into `out` at `at`, where 255 octets
 * must be free. A name without a final dot is completed with `origin` (wire form). Returns the length, or one
 * of NAME.
 */
export function parseName(
  text: Uint8Array,
  from: number,
  to: number,
  origin: Uint8Array,
  out: Uint8Array,
  at: number,
): number {
  if (to - from <= 1) {
    if (to === from) return NAME.empty;
    if (text[from] === dot) {
      out[at] = 0;
      return 1;
    }
    if (text[from] === 0x40) return complete(origin, out, at, at);
  }
  const limit = at + nameSizeMax - 1; // the root label's octet is not to be written over
  let label = at;
  let end = at + 1;
  for (let i = from; i < to; i++) {
    let octet = text[i]!;
    if (octet === dot) {
      const size = end - label - 1;
      if (size === 0) return NAME.emptyLabel;
      if (size > labelSizeMax) return NAME.labelTooLong;
      out[label] = size;
      label = end++;
      continue;
    }
    if (octet === backslash) {
      octet = parseEscape(text, i + 1, to);
      if (octet < 0) return NAME.badEscape;
      i += isDigit(text[i + 1]!) ? 3 : 1;
    }
    if (end >= limit) return end - label > labelSizeMax ? NAME.labelTooLong : NAME.nameTooLong;
    out[end++] = octet;
  }
  const size = end - label - 1;
  if (size === 0) {
    if (end - at > nameSizeMax) return NAME.nameTooLong;
    out[label] = 0;
    return end - at;
  }
  if (size > labelSizeMax) return NAME.labelTooLong;
  out[label] = size;
  return complete(origin, out, at, end);
}

function isDigit(octet: number): boolean {
  return octet >= 48 && octet <= 57;
}

function complete(origin: Uint8Array, out: Uint8Array, at: number, end: number): number {
  const size = end - at + origin.length;
  if (size > nameSizeMax) return NAME.nameTooLong;
  for (let i = 0; i < origin.length; i++) out[end + i] = origin[i]!;
  return size;
}

/** The root in wire form. */
export const root: Uint8Array = new Uint8Array(1);

/**
 * Parses a name from a string; characters beyond ASCII become their UTF-8 octets. Without an origin it is
 * absolute.
 */
export function parseNameText(
  text: string,
  origin: Uint8Array = root,
): { name: Uint8Array } | { name: undefined; what: string; hint: string } {
  const octets = new TextEncoder().encode(text);
  const out = new Uint8Array(nameSizeMax);
  const size = parseName(octets, 0, octets.length, origin, out, 0);
  return size < 0 ? { name: undefined, ...nameFaults[size]! } : { name: out.slice(0, size) };
}

/** How each octet is printed inside a label, as BIND does it. */
const labelText: readonly string[] = Array.from({ length: 256 }, (_, octet) => {
  if (octet <= 0x20 || octet >= 0x7f) return `\\${String(octet).padStart(3, '0')}`;
  const character = String.fromCharCode(octet);
  return '".;\\@$()'.includes(character) ? `\\${character}` : character;
});

/** Prints the name at `at`: absolute, with its final dot, unprintable octets as `\DDD`. */
export function printName(octets: Uint8Array, at = 0): string {
  if (octets[at] === 0) return '.';
  let text = '';
  for (let p = at; octets[p] !== 0; ) {
    const end = p + octets[p]! + 1;
    for (p++; p < end; p++) text += labelText[octets[p]!];
    text += '.';
  }
  return text;
}

/** Length of the name at `at` in octets, the root label counted. The name must be well-formed. */
export function nameLength(octets: Uint8Array, at = 0): number {
  let p = at;
  while (octets[p] !== 0) p += octets[p]! + 1;
  return p + 1 - at;
}

/** Offset behind the uncompressed name at `at`, or -1 if none ends before `end` or it is no name. */
export function skipName(octets: Uint8Array, at: number, end: number): number {
  for (let p = at; p < end; p += octets[p]! + 1) {
    if (octets[p] === 0) return p + 1 - at <= nameSizeMax ? p + 1 : -1;
    if (octets[p]! > labelSizeMax) return -1;
  }
  return -1;
}

/** A lowercase copy of the name at `at`. Length octets are below 64, so no letter is among them. */
export function lowercase(octets: Uint8Array, at = 0): Uint8Array {
  return octets.slice(at, at + nameLength(octets, at)).map(lowerOctet);
}

/** Says whether two names are the same, case ignored. */
export function equal(a: Uint8Array, at: number, b: Uint8Array, bt: number): boolean {
  const size = nameLength(a, at);
  if (size !== nameLength(b, bt)) return false;
  for (let i = 0; i < size; i++) if (lowerOctet(a[at + i]!) !== lowerOctet(b[bt + i]!)) return false;
  return true;
}

/** Orders two labels (length octet at `at` and `bt`) as octets, case ignored: below 0, 0 or above 0. */
export function compareLabels(a: Uint8Array, at: number, b: Uint8Array, bt: number): number {
  const sizeA = a[at]!;
  const sizeB = b[bt]!;
  const size = Math.min(sizeA, sizeB);
  for (let i = 1; i <= size; i++) {
    const difference = lowerOctet(a[at + i]!) - lowerOctet(b[bt + i]!);
    if (difference !== 0) return difference;
  }
  return sizeA - sizeB;
}

const labelsA = new Uint32Array(labelsMax);
const labelsB = new Uint32Array(labelsMax);

/** Canonical order of two names, label by label from the root (RFC 4034 §6.1): below 0, 0 or above 0. */
export function compare(a: Uint8Array, at: number, b: Uint8Array, bt: number): number {
  let i = split(a, at, labelsA);
  let j = split(b, bt, labelsB);
  while (i > 0 && j > 0) {
    const difference = compareLabels(a, labelsA[--i]!, b, labelsB[--j]!);
    if (difference !== 0) return difference;
  }
  return i - j;
}

function split(octets: Uint8Array, at: number, labels: Uint32Array): number {
  let count = 0;
  for (let p = at; octets[p] !== 0; p += octets[p]! + 1) labels[count++] = p;
  return count;
}

/** A name as people write it, with or without its final dot, absolute and lowercase. */
export function absoluteText(name: string): string {
  return name === '.' ? name : `${name.toLowerCase().replace(/\.$/, '')}.`;
}
