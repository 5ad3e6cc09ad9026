// Zones out of strings for the tests of src/zone/: files that exist in memory only, and records as lines of
// text.
import { type Fault, printFault } from '../../src/faults.ts';
import { parseNameText, printName } from '../../src/wire/names.ts';
import { printRdata, typeText } from '../../src/wire/rdata.ts';
import type { Records } from '../../src/zone/records.ts';
import { loadZoneFile } from '../../src/zone/scan.ts';
import { indexZone, type Zone } from '../../src/zone/zone.ts';

/** The wire form of `t.example.`, the origin of all these zones. */
export const origin: Uint8Array = parseNameText('t.example.').name!;

/** Loads /zones/t.example.zone out of `files`; names are below /zones. A string stands for that one file. */
export function load(files: string | Readonly<Record<string, string | Uint8Array>>): {
  records: Records;
  faults: Fault[];
} {
  const all = typeof files === 'string' ? { 't.example.zone': files } : files;
  const read = (path: string): Uint8Array => {
    const content = all[path.slice('/zones/'.length)];
    if (content === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    return typeof content === 'string' ? new TextEncoder().encode(content) : content;
  };
  return loadZoneFile('/zones/t.example.zone', origin, { root: '/zones', read, realpath: (path) => path });
}

/** Loads a zone that must have no fault, and makes its tree. */
export function zoneOf(text: string): Zone {
  const { records, faults } = load(text);
  if (faults.length > 0) throw new Error(faults.map(printFault).join('\n'));
  return indexZone(records, origin);
}

/** The records as `owner ttl type rdata`, in file order. */
export function lines(records: Records): string[] {
  return Array.from({ length: records.count }, (_, i) => {
    const at = records.rdataAt[i]!;
    const rdata = printRdata(records.type[i]!, records.octets, at, at + records.rdataLength[i]!);
    const owner = printName(records.octets, records.ownerAt[i]!);
    return `${owner} ${records.ttl[i]} ${typeText(records.type[i]!)} ${rdata}`;
  });
}

/** The faults as `line:column what`, in the order in which they were found. */
export function places(faults: readonly Fault[]): string[] {
  return faults.map((fault) => `${fault.line}:${fault.column} ${fault.what}`);
}
