// Owner names as keys of the YAML, and origins as names of files.
import { equal, lowercase, nameLength, parseNameText, printName } from '../wire/names.ts';
import type { Reading } from './shape.ts';

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

function isAtOrBelow(name: Uint8Array, origin: Uint8Array): boolean {
  const extra = nameLength(name) - origin.length;
  let at = 0;
  while (at < extra) at += name[at]! + 1;
  return at === extra && equal(name, at, origin, 0);
}
