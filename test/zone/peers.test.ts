// Zones that hold every RR type and every syntax: named-compilezone, ldns-read-zone and our canonical zone
// agree. ldns prints in a notation of its own (hex in small letters, blanks, LOC with leading zeros, records
// in file order), so BIND reads what ldns printed and makes the canonical zone of it: our printer and our
// parser take no part on that side.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { refuses } from '../../src/faults.ts';
import { rowOf, typeFromString, typeText } from '../../src/wire/rdata.ts';
import { checkZone } from '../../src/zone/check.ts';
import { printZone } from '../../src/zone/print.ts';
import { loadZoneFile } from '../../src/zone/scan.ts';
import { indexZone, type Zone } from '../../src/zone/zone.ts';
import { find, missing } from '../tools.ts';
import { byBind, hashesLast } from './bind.ts';
import { origin, places } from './memory.ts';

const skip = missing('named-compilezone') || missing('ldns-read-zone');
const folder = mkdtempSync(join(tmpdir(), 'steerdns-peers-'));
after(() => rmSync(folder, { recursive: true }));
cpSync('test/zone/data', folder, { recursive: true });

function zoneFrom(file: string): Zone {
  const root = dirname(file);
  const { records, faults } = loadZoneFile(file, origin, { root, read: (path) => readFileSync(path) });
  assert.deepEqual(places(faults), []);
  const zone = indexZone(records, origin);
  assert.ok(!refuses(checkZone(zone)));
  return zone;
}

const canonicalByBind = (file: string) => hashesLast(byBind(file, 't.example.', folder));

/**
 * What BIND makes of what ldns makes of a file. ldns leaves a quote in an owner name as it is, which begins a
 * string for every reader: it gets its backslash here.
 */
function byLdns(file: string): string {
  const printed = join(folder, 'ldns');
  const text = execFileSync(find('ldns-read-zone')!, [file], { encoding: 'latin1', stdio: 'pipe' });
  const owners = text.replace(/^[^\t]+/gm, (owner) => owner.replaceAll('"', '\\"'));
  writeFileSync(printed, owners, 'latin1');
  return canonicalByBind(printed);
}

/** Every type in use; the registry's experiments are read and printed too. */
const inUse =
  'A NS CNAME SOA PTR MX TXT AAAA SRV NAPTR DNAME CAA HTTPS SVCB TLSA SMIMEA SSHFP DS CDS DNSKEY CDNSKEY ' +
  'RRSIG NSEC NSEC3 NSEC3PARAM CSYNC ZONEMD LOC HINFO RP AFSDB X25 ISDN RT KX CERT APL IPSECKEY DHCID HIP ' +
  'OPENPGPKEY URI EUI48 EUI64 NID L32 L64 LP SPF TALINK MINFO';

test('types.zone holds every type in use, each by its name, and some by number', () => {
  const { records } = zoneFrom(join(folder, 'types.zone'));
  const held = new Set(records.type.subarray(0, records.count));
  for (const mnemonic of inUse.split(' ')) {
    const type = typeFromString(mnemonic)!;
    assert.ok(rowOf(type)?.fields !== undefined && held.has(type), mnemonic);
  }
  assert.ok([...held].some((type) => typeText(type).startsWith('TYPE')));
});

test('every type: BIND, ldns and we agree', { skip }, () => {
  const file = join(folder, 'types.zone');
  const ours = hashesLast(printZone(zoneFrom(file)));
  assert.equal(ours, canonicalByBind(file));
  assert.equal(ours, byLdns(file));
});

test('every syntax: BIND and we agree, and ldns on what we print', { skip }, () => {
  const file = join(folder, 'whole.zone');
  const comment = 'c'.repeat(65_536);
  const blanks = ' '.repeat(65_536);
  const text = `${readFileSync(file, 'latin1')}long A 192.0.2.60 ; ${comment}\nblank${blanks}A 192.0.2.61`;
  writeFileSync(file, text);
  const ours = printZone(zoneFrom(file));
  assert.equal(hashesLast(ours), canonicalByBind(file));
  // ldns has neither $INCLUDE nor $GENERATE and reads lines of 10 KiB: it gets the canonical zone.
  const printed = join(folder, 'printed');
  writeFileSync(printed, ours);
  assert.equal(hashesLast(ours), byLdns(printed));
  // BIND takes a byte order mark for an owner.
  writeFileSync(file, `\ufeff${text}`);
  assert.equal(printZone(zoneFrom(file)), ours);
});

test('a record of 64 KiB on one line: BIND and we agree', { skip }, () => {
  const file = join(folder, 'long.zone');
  const strings = ` "${'\\065'.repeat(254)}"`.repeat(255);
  writeFileSync(file, `$TTL 1h\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\na TXT${strings}`);
  assert.equal(printZone(zoneFrom(file)), canonicalByBind(file));
});
