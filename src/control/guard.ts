// What a load would lose that nobody takes away by hand every day: a file that breaks off, a zone that
// shrank, a name that was balanced and is gone, a serial that went back. Each is a fault that refuses a
// reload unless it is forced. Only what was accepted before is read. Called by load.ts for the daemon.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ZoneReader } from '../answer/read.ts';
import { errorAt, type Fault, type Place } from '../faults.ts';
import { lostRecordsMin, lostRecordsShareMax } from '../limits.ts';
import { TYPE } from '../wire/numbers.ts';
import type { ZoneChange } from './diff.ts';
import type { LoadedZone } from './load.ts';
import type { Source } from './sources.ts';

const force = 'if that is meant: steerdns reload --force';

/**
 * Files that are the beginning of what was accepted under their name and no more: a copy that was cut short
 * reads as a sound zone that denies the names of its end. `acceptedDir` holds what was accepted.
 */
export function cutFiles(sources: readonly Source[], dir: string, acceptedDir: string): Fault[] {
  return sources.flatMap(({ path, content }) => {
    const accepted = join(acceptedDir, path);
    const size = statSync(accepted, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= content.length) return [];
    const before = readFileSync(accepted).subarray(0, content.length);
    if (!before.equals(content)) return [];
    const what = `the file ends after ${content.length} of the ${size} octets in service: was it cut short?`;
    return [errorAt(endOf(join(dir, path), content), what, force)];
  });
}

/** What a zone in service would lose; `after` is undefined where its file is gone. */
export function zoneLosses(
  before: LoadedZone,
  after: LoadedZone | undefined,
  change: ZoneChange | undefined,
  table: Uint8Array | undefined,
): Fault[] {
  const place: Place = { file: (after ?? before).sources[0]!, line: 1, column: 1 };
  const refuse = (what: string) => errorAt(place, what, force);
  if (after === undefined) return [refuse(`zone ${before.origin} is no longer there`)];
  if (change === undefined) return [];
  const losses: Fault[] = [];
  const lost = before.records - after.records;
  if (lost >= lostRecordsMin && lost > before.records * lostRecordsShareMax) {
    losses.push(refuse(`${lost} of the ${before.records} records that are in service are no longer there`));
  }
  // RFC 1982 §3.2; secondaries and caches of transfers would keep the newer number and the older content.
  if (((after.serial - before.serial) | 0) < 0 && change.added + change.removed > 0) {
    losses.push(refuse(`the serial went back from ${before.serial} to ${after.serial}, with other records`));
  }
  return [...losses, ...poolLosses(before, after, table).map(refuse)];
}

/** Names that were balanced and have nothing left to give. */
function poolLosses(before: LoadedZone, after: LoadedZone, table: Uint8Array | undefined): string[] {
  const balanced = new Set(after.pools.map(({ owner }) => owner));
  const gone = before.pools.filter(({ owner }) => !balanced.has(owner));
  if (gone.length === 0 || table === undefined) return [];
  const reader = new ZoneReader(table);
  const types = [TYPE.A, TYPE.AAAA, TYPE.CNAME];
  return gone
    .filter(({ owner }) => types.every((type) => reader.rrset(owner, type) === undefined))
    .map(({ owner, members }) => `${owner} was balanced over ${members.length} members and has none now`);
}

/** Behind the last octet of a file. */
function endOf(file: string, content: Uint8Array): Place {
  let line = 1;
  for (let at = content.indexOf(10); at >= 0; at = content.indexOf(10, at + 1)) line++;
  const column = content.length - (content.lastIndexOf(10) + 1) + 1;
  return { file, line, column };
}
