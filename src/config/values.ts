// Single values of the YAML as the operator writes them: durations, numbers, names, addresses, each read from
// text.
import { characterStringSizeMax } from '../limits.ts';
import { suggest } from '../near.ts';
import { parseSocketAddress, printSocketAddress } from '../wire/addresses.ts';
import { parseAddressText, printAddress } from '../wire/literals.ts';
import { type Network, parseNetwork } from '../wire/networks.ts';
import { type JsonSchema, looking, type Reading, scalar } from './shape.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms`, `5s`, `1.5m`, `2h`, `1d`, a bare number is seconds; gives milliseconds within the limits. */
export function durationMs(leastMs: number, mostMs: number) {
  const numbers = { type: 'number', minimum: leastMs / 1000, maximum: mostMs / 1000 };
  const looks = { anyOf: [numbers, { type: 'string', pattern: '^\\d+(\\.\\d+)? ?(ms|s|m|h|d)?$' }] };
  return looking(looks, (text: string): Reading<number> => {
    const parts = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)?$/.exec(text);
    if (parts === null)
      return { wrong: `is "${text}", which is no duration`, hint: 'such as 500ms, 5s or 1m' };
    const ms = Math.round(Number(parts[1]) * unitMs[parts[2] ?? 's']!);
    if (ms >= leastMs && ms <= mostMs) return { value: ms };
    return { wrong: `must be from ${printDuration(leastMs)} to ${printDuration(mostMs)}` };
  });
}

/** A TTL: a duration of whole seconds, 0 to 2^31-1 (RFC 2181 §8). */
const anyTtl = durationMs(0, (2 ** 31 - 1) * 1000);
export const ttlSeconds = looking(anyTtl.looks!, (text: string): Reading<number> => {
  const reading = anyTtl(text);
  if (!('value' in reading)) return reading;
  const seconds = reading.value / 1000;
  return Number.isInteger(seconds)
    ? { value: seconds }
    : { wrong: `is "${text}", but TTLs are whole seconds` };
});

/** Prints milliseconds in the largest unit that leaves no rest. */
export function printDuration(ms: number): string {
  if (ms === 0) return '0s';
  const unit = Object.keys(unitMs).findLast((name) => ms % unitMs[name]! === 0) ?? 'ms';
  return `${ms / unitMs[unit]!}${unit}`;
}

/** A whole number within limits, in decimal. */
export function integer(least: number, most: number) {
  return looking(integerLooks(least, most), (text: string): Reading<number> => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return { value: number };
    return { wrong: `is "${text}", but must be a whole number from ${least} to ${most}` };
  });
}

function integerLooks(minimum: number, maximum: number): JsonSchema {
  return {
    anyOf: [
      { type: 'integer', minimum, maximum },
      { type: 'string', pattern: '^\\d{1,15}$' },
    ],
  };
}

/** A whole number within limits, or a word in its place. */
export function integerOr<Word extends string>(word: Word, least: number, most: number) {
  const looks = { anyOf: [{ const: word }, integerLooks(least, most)] };
  return looking(looks, (text: string): Reading<number | Word> => {
    if (text === word) return { value: word };
    const reading = integer(least, most)(text);
    if ('value' in reading) return reading;
    return { wrong: `is "${text}", but must be ${word} or a whole number from ${least} to ${most}` };
  });
}

/** A part of a whole in per cent, `5%` or `2.5 %`, up to `most` of 1; gives the part of 1. */
export function percent(most: number) {
  const looks = { type: 'string', pattern: '^\\d{1,3}(\\.\\d{1,2})? ?%$' };
  return looking(looks, (text: string): Reading<number> => {
    const number = /^\d{1,3}(\.\d{1,2})? ?%$/.test(text) ? Number.parseFloat(text) / 100 : Number.NaN;
    if (number <= most) return { value: number };
    return { wrong: `is "${text}", but must be from 0% to ${most * 100}%`, hint: 'such as 5%' };
  });
}

/** One of these words. */
export function oneOf<Word extends string>(words: readonly Word[]) {
  return looking({ enum: words }, (text: string): Reading<Word> => {
    const word = words.find((choice) => choice === text);
    if (word !== undefined) return { value: word };
    return { wrong: `is "${text}", which does not exist`, hint: suggest(text, words) };
  });
}

/** A socket address in canonical form; port 53 where none is named. */
export const listenAddress = looking({ type: 'string' }, (text: string): Reading<string> => {
  const parsed = parseSocketAddress(text, 53);
  if (parsed !== undefined) return { value: printSocketAddress(parsed.address, parsed.port) };
  const hint = 'such as 192.0.2.1:53, [2001:db8::1]:53 or 0.0.0.0:53';
  return { wrong: `has "${text}", which is no address with a port`, hint };
});

/** A file mode in octal, as for chmod. */
export const fileMode = looking({ type: ['integer', 'string'] }, (text: string): Reading<number> => {
  if (/^(0o?)?[0-7]{3}$/.test(text)) return { value: Number.parseInt(text.slice(-3), 8) };
  return { wrong: `is "${text}", which is no file mode`, hint: 'three octal digits, such as 0660' };
});

/** A word for people and for files: letters, digits, dots, hyphens and underscores. */
export const word = looking(
  { ...scalar, pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$' },
  (text: string): Reading<string> => {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/.test(text)) {
      const hint = 'letters, digits, ".", "-" and "_", at most 63 of them';
      return { wrong: `is "${text}", which is no name`, hint };
    }
    return { value: text };
  },
);

/** A text that is given to whoever asks, as one character-string; null where `none` hides it. */
export const shownText = looking(scalar, (text: string): Reading<string | null> => {
  if (text === 'none') return { value: null };
  if (text === '') return { wrong: 'is empty', hint: 'write none to hide it' };
  const size = Buffer.byteLength(text);
  if (size <= characterStringSizeMax) return { value: text };
  return { wrong: `has ${size} octets of UTF-8, more than the ${characterStringSizeMax} of a string of TXT` };
});

/** A member's name: a word, and no address, because unnamed members are known by theirs. */
export const memberName = looking(word.looks!, (text: string): Reading<string> => {
  if (parseAddressText(text) !== undefined) return { wrong: `is "${text}", but must not be an address` };
  return word(text);
});

/** An address in canonical form. */
export const address = looking({ type: 'string' }, (text: string): Reading<string> => {
  const octets = parseAddressText(text);
  if (octets !== undefined) return { value: printAddress(octets) };
  return { wrong: `"${text}" is no IPv4 or IPv6 address` };
});

/** A network such as 192.0.2.0/24, or one address; for a list of them. */
export const network = looking({ type: 'string' }, (text: string): Reading<Network> => {
  const parsed = parseNetwork(text);
  if ('address' in parsed) return { value: parsed };
  return { wrong: `has "${text}", which ${parsed.wrong}`, hint: parsed.hint };
});

/** The path of a file, as it is written. */
export function filePath(text: string): Reading<string> {
  return text === '' ? { wrong: 'is empty' } : { value: text };
}
