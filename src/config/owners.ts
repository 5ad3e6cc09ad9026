// Names as keys of the YAML, of owners and of members, and origins as names of files.
import { equal, lowercase, nameLength, parseNameText, printName } from '../wire/names.ts';
import type { Reading } from './shape.ts';
import { address } from './values.ts';

/** The origin that a zone file is named after, `site.example.` for `site.example.zone`. */
export function originOf(name: string): Reading<string> {
  if (name === '' || name.endsWith('.')) return { wrong: 'is not named after an origin' };
  const parsed = parseNameText(name);
  if (parsed.name === undefined)
    return { wrong: `is not named after an origin: ${parsed.what}`, hint: parsed.hint };
  return { value: printName(lowercase(parsed.name)) };
}

/** The owner name of a key: `@` is the origin, and a name without a final dot is below it. */
export function ownerName(key: string, origin: string): Reading<string> {
  const originWire = parseNameText(origin).name!;
  const parsed = parseNameText(key, originWire);
  if (parsed.name === undefined) return { wrong: `is no owner: ${parsed.what}`, hint: parsed.hint };
  if (!isAtOrBelow(parsed.name, originWire)) {
    return { wrong: `is not in ${origin}`, hint: 'keys without a final dot are relative to the origin' };
  }
  return { value: printName(lowercase(parsed.name)) };
}

/** The key of a member: an address, or a name, below the origin where it has no final dot. */
export function memberKey(key: string, origin: string): Reading<string> {
  const reading = address(key);
  if ('value' in reading || /[:/]|^[\d.]+$/.test(key)) return reading;
  const parsed = parseNameText(key, parseNameText(origin).name!);
  if (parsed.name !== undefined) return { value: printName(lowercase(parsed.name)) };
  return { wrong: `"${key}" is no address and no name: ${parsed.what}`, hint: parsed.hint };
}

function isAtOrBelow(name: Uint8Array, origin: Uint8Array): boolean {
  const extra = nameLength(name) - origin.length;
  let at = 0;
  while (at < extra) at += name[at]! + 1;
  return at === extra && equal(name, at, origin, 0);
}
