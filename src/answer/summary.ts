// hot: how the pool behind an answer is, as the text of an extended error (RFC 8914) for the clients that the
// operator lets see it. Control has written the text into the answer-set table (balance/summary.ts); the
// times that have gone by are filled in here. Called by edns.ts.
import { summarySizeMax } from '../limits.ts';
import { addOption, type Response, writeU16 } from '../wire/message.ts';
import { isInOne } from '../wire/networks.ts';
import { INFO, OPTION } from '../wire/numbers.ts';
import type { Query } from '../wire/query.ts';
import { client } from './client.ts';
import { elapsedMark, SLOT_ROW } from './layout.ts';
import type { Tables } from './tables.ts';

/** Octets of a mark and the second behind it. */
const markSize = 5;

const text = new Uint8Array(2 * summarySizeMax);
const written = { size: 0 };

/**
 * Adds the summary of the pool that the query at hand was answered from; false, and nothing written, where it
 * was answered from none, has none, may not be seen by this client, or does not fit.
 */
export function writeSummary(tables: Tables, query: Query, response: Response, opt: number): boolean {
  const sets = client.sets;
  if (client.slot === 0 || sets === null) return false;
  const size = sets.words[client.slot + SLOT_ROW.textSize]!;
  if (size === 0) return false;
  if (!isInOne(tables.explainTo, query.source, query.sourceAt, query.sourceSize)) return false;
  fillIn(sets.octets, sets.words[client.slot + SLOT_ROW.textAt]!, size, query.nowSeconds);
  const at = addOption(response, opt, OPTION.extendedError, 2 + written.size);
  if (at < 0) return false;
  writeU16(response.octets, at, INFO.other);
  for (let i = 0; i < written.size; i++) response.octets[at + 2 + i] = text[i]!;
  return true;
}

/** Writes the text at octets[at] into `text`, with the time from each moment in it to `now`. */
function fillIn(octets: Uint8Array, at: number, size: number, now: number): void {
  let to = 0;
  for (let p = at; p < at + size; ) {
    if (octets[p] !== elapsedMark) {
      text[to++] = octets[p++]!;
      continue;
    }
    const since = (octets[p + 1]! << 24) | (octets[p + 2]! << 16) | (octets[p + 3]! << 8) | octets[p + 4]!;
    to = writeElapsed(Math.max(0, (now - since) | 0), to);
    p += markSize;
  }
  written.size = to;
}

/** Writes seconds as `41 s`, `12 min`, `5 h` or `3 d` to text[at]; returns where it ends. */
function writeElapsed(seconds: number, at: number): number {
  if (seconds < 120) return writeUnit(writeNumber(seconds, at), 0x73, 0, 0);
  if (seconds < 7200) return writeUnit(writeNumber(Math.floor(seconds / 60), at), 0x6d, 0x69, 0x6e);
  if (seconds < 172_800) return writeUnit(writeNumber(Math.floor(seconds / 3600), at), 0x68, 0, 0);
  return writeUnit(writeNumber(Math.floor(seconds / 86_400), at), 0x64, 0, 0);
}

function writeNumber(number: number, at: number): number {
  let digits = 1;
  for (let rest = number; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  let rest = number;
  for (let i = at + digits - 1; i >= at; i--) {
    text[i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return at + digits;
}

/** A space and up to three letters. */
function writeUnit(at: number, first: number, second: number, third: number): number {
  text[at] = 0x20;
  text[at + 1] = first;
  if (second === 0) return at + 2;
  text[at + 2] = second;
  text[at + 3] = third;
  return at + 4;
}
