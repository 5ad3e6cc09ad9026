// The values that RDATA and TTLs are written with: decimals, times, addresses, strings, hex and base64; text
// to octets and back. Parsers take a range of octets, write where they are told, and answer a number below 0
// for text that is no such value: nothing is cut or wrapped. Used by wire/fields.ts, wire/svcb.ts,
// zone/scan.ts and, for addresses, config.
import { parseEscape } from './names.ts';

/** The text is no number; the number is too large. */
export const NOT_ONE = -1;
export const TOO_LARGE = -2;

/** Parses a decimal from 0 to `max` (below 2^53 / 10). Returns it, or NOT_ONE or TOO_LARGE. */
export function parseDecimal(text: Uint8Array, from: number, to: number, max: number): number {
  if (from === to) return NOT_ONE;
  let value = 0;
  let large = false;
  for (let i = from; i < to; i++) {
    const digit = text[i]! - 48;
    if (digit < 0 || digit > 9) return NOT_ONE;
    value = value * 10 + digit;
    if (value > max) {
      large = true;
      value = 0;
    }
  }
  return large ? TOO_LARGE : value;
}

/** Seconds of a unit letter, any case, as BIND has them; 0 for others. */
function secondsOf(letter: number): number {
  switch (letter | 0x20) {
    case 0x73:
      return 1;
    case 0x6d:
      return 60;
    case 0x68:
      return 3600;
    case 0x64:
      return 86_400;
    case 0x77:
      return 604_800;
    default:
      return 0;
  }
}

/** Parses seconds, plain or with units as in `1h30m`, up to `max`. Returns them, or NOT_ONE or TOO_LARGE. */
export function parseSeconds(text: Uint8Array, from: number, to: number, max: number): number {
  let total = 0;
  let value = 0;
  let digits = 0;
  let withUnits = false;
  let large = false;
  for (let i = from; i < to; i++) {
    const octet = text[i]!;
    if (octet >= 48 && octet <= 57) {
      value = value * 10 + octet - 48;
      digits++;
    } else {
      const seconds = secondsOf(octet);
      if (seconds === 0 || digits === 0) return NOT_ONE;
      total += value * seconds;
      value = 0;
      digits = 0;
      withUnits = true;
    }
    if (value > max || total > max) {
      large = true;
      value = 0;
      total = 0;
    }
  }
  if (withUnits ? digits > 0 : digits === 0) return NOT_ONE;
  return large ? TOO_LARGE : withUnits ? total : value;
}

/**
 * Parses a dotted quad into four octets at `at`; false if it is none. Leading zeros are refused, as BIND
 * does.
 */
export function parseIpv4(text: Uint8Array, from: number, to: number, out: Uint8Array, at: number): boolean {
  let part = 0;
  let value = 0;
  let digits = 0;
  for (let i = from; i < to; i++) {
    const octet = text[i]!;
    if (octet >= 48 && octet <= 57) {
      if (digits > 0 && value === 0) return false;
      value = value * 10 + octet - 48;
      if (value > 255) return false;
      digits++;
    } else {
      if (octet !== 0x2e || digits === 0 || part === 3) return false;
      out[at + part++] = value;
      value = 0;
      digits = 0;
    }
  }
  if (digits === 0 || part !== 3) return false;
  out[at + 3] = value;
  return true;
}

/** The value of a hex digit, or -1. */
export function hexDigit(octet: number): number {
  if (octet >= 48 && octet <= 57) return octet - 48;
  const letter = octet | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 87 : -1;
}

const groups = new Uint8Array(18);

/** Parses an IPv6 address (RFC 4291 §2.2) into 16 octets at `at`; false if it is none. */
export function parseIpv6(text: Uint8Array, from: number, to: number, out: Uint8Array, at: number): boolean {
  let used = 0; // octets in `groups`
  let gap = -1; // where `::` stands, in octets
  let i = from;
  if (text[i] === 0x3a && i < to) {
    if (i + 1 >= to || text[i + 1] !== 0x3a) return false;
    gap = 0;
    i += 2;
  }
  while (i < to) {
    const start = i;
    let value = 0;
    for (let digit: number; i < to && i - start <= 4 && (digit = hexDigit(text[i]!)) >= 0; i++) {
      value = value * 16 + digit;
    }
    if (i < to && text[i] === 0x2e) {
      if (used > 12 || !parseIpv4(text, start, to, groups, used)) return false;
      used += 4;
      break;
    }
    if (i === start || i - start > 4 || used === 16) return false;
    groups[used++] = value >> 8;
    groups[used++] = value & 255;
    if (i === to) break;
    if (text[i] !== 0x3a || ++i === to) return false;
    if (text[i] === 0x3a) {
      if (gap >= 0) return false;
      gap = used;
      i++;
    }
  }
  if (gap < 0 ? used !== 16 : used > 14) return false;
  const head = gap < 0 ? 16 : gap;
  const tail = used - head;
  for (let n = 0; n < head; n++) out[at + n] = groups[n]!;
  for (let n = head; n < 16 - tail; n++) out[at + n] = 0;
  for (let n = 0; n < tail; n++) out[at + 16 - tail + n] = groups[head + n]!;
  return true;
}

/** Prints four octets as a dotted quad. */
export function printIpv4(octets: Uint8Array, at = 0): string {
  return `${octets[at]}.${octets[at + 1]}.${octets[at + 2]}.${octets[at + 3]}`;
}

/**
 * Prints 16 octets as RFC 5952 has it; `::ffff:192.0.2.1` and `::192.0.2.1` in mixed form, as inet_ntop(3)
 * does.
 */
export function printIpv6(octets: Uint8Array, at = 0): string {
  const words = Array.from({ length: 8 }, (_, n) => (octets[at + 2 * n]! << 8) | octets[at + 2 * n + 1]!);
  let best = -1;
  let bestSize = 1; // a single zero is not shortened
  for (let n = 0; n < 8; n++) {
    let end = n;
    while (end < 8 && words[end] === 0) end++;
    if (end - n > bestSize) {
      best = n;
      bestSize = end - n;
    }
  }
  if (best === 0 && (bestSize === 6 || (bestSize === 5 && words[5] === 0xffff))) {
    return `::${bestSize === 5 ? 'ffff:' : ''}${printIpv4(octets, at + 12)}`;
  }
  const hex = words.map((word) => word.toString(16));
  if (best < 0) return hex.join(':');
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + bestSize).join(':')}`;
}

/** Parses an IPv4 or IPv6 address from a string into its 4 or 16 octets; undefined if it is neither. */
export function parseAddressText(text: string): Uint8Array | undefined {
  const octets = new TextEncoder().encode(text);
  const address = new Uint8Array(16);
  if (parseIpv4(octets, 0, octets.length, address, 0)) return address.slice(0, 4);
  return parseIpv6(octets, 0, octets.length, address, 0) ? address : undefined;
}

/** Prints an address of 4 or 16 octets in its one canonical form. */
export function printAddress(octets: Uint8Array): string {
  return octets.length === 4 ? printIpv4(octets) : printIpv6(octets);
}

/**
 * Writes the octets that a string's text means to `out` at `at`; returns their number, or NOT_ONE: a bad
 * escape.
 */
export function parseString(text: Uint8Array, from: number, to: number, out: Uint8Array, at: number): number {
  let end = at;
  for (let i = from; i < to; i++) {
    let octet = text[i]!;
    if (octet === 0x5c) {
      octet = parseEscape(text, i + 1, to);
      if (octet < 0) return NOT_ONE;
      i += text[i + 1]! >= 48 && text[i + 1]! <= 57 ? 3 : 1;
    }
    out[end++] = octet;
  }
  return end - at;
}

const stringText: readonly string[] = Array.from({ length: 256 }, (_, octet) => {
  if (octet < 0x20 || octet >= 0x7f) return `\\${String(octet).padStart(3, '0')}`;
  const character = String.fromCharCode(octet);
  return character === '"' || character === '\\' ? `\\${character}` : character;
});

/** Prints octets as a quoted string. */
export function printString(octets: Uint8Array, at: number, end: number): string {
  let text = '"';
  for (let i = at; i < end; i++) text += stringText[octets[i]!];
  return `${text}"`;
}

/** Prints octets as upper-case hex without blanks. */
export function printHex(octets: Uint8Array, at: number, end: number): string {
  return Buffer.from(octets.buffer, octets.byteOffset + at, end - at)
    .toString('hex')
    .toUpperCase();
}

/** The value of a base64 digit (RFC 4648 §4), 64 for the pad, -1 for others. */
export function base64Digit(octet: number): number {
  if (octet >= 65 && octet <= 90) return octet - 65;
  if (octet >= 97 && octet <= 122) return octet - 71;
  if (octet >= 48 && octet <= 57) return octet + 4;
  return octet === 0x2b ? 62 : octet === 0x2f ? 63 : octet === 0x3d ? 64 : -1;
}

/** Prints octets as padded base64 without blanks. */
export function printBase64(octets: Uint8Array, at: number, end: number): string {
  return Buffer.from(octets.buffer, octets.byteOffset + at, end - at).toString('base64');
}

/** Cuts long hex or base64 into words of 56 characters, as BIND prints them. */
export function inWords(text: string): string {
  let words = text.slice(0, 56);
  for (let at = 56; at < text.length; at += 56) words += ` ${text.slice(at, at + 56)}`;
  return words;
}
