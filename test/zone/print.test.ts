// The canonical zone, octet for octet what named-compilezone of BIND prints for the same file.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { refuses } from '../../src/faults.ts';
import { parseNameText } from '../../src/wire/names.ts';
import { checkZone } from '../../src/zone/check.ts';
import { printZone, printZoneChunks } from '../../src/zone/print.ts';
import { loadZoneFile } from '../../src/zone/scan.ts';
import { indexZone, type Zone } from '../../src/zone/zone.ts';
import { missing } from '../tools.ts';
import { goldens } from '../wire/golden.ts';
import { byBind, hashesLast } from './bind.ts';
import { places, zoneOf } from './memory.ts';

const skip = missing('named-compilezone');
const folder = mkdtempSync(join(tmpdir(), 'steerdns-print-'));
after(() => rmSync(folder, { recursive: true }));

function zoneFrom(file: string, origin: string): Zone {
  const name = parseNameText(origin).name!;
  const { records, faults } = loadZoneFile(file, name, {
    root: dirname(file),
    read: (path) => readFileSync(path),
  });
  assert.deepEqual(places(faults), []);
  return indexZone(records, name);
}

const head = '$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n';
const zones = readdirSync('zones').filter((name) => name.endsWith('.zone'));

for (const name of zones) {
  test(`zones/${name} prints as BIND prints it, and nothing is wrong with it`, { skip }, () => {
    const origin = name.replace(/zone$/, '');
    const zone = zoneFrom(join('zones', name), origin);
    assert.deepEqual(checkZone(zone), []);
    assert.equal(printZone(zone), byBind(join('zones', name), origin, folder));
  });
}

test('the torture zone prints as BIND prints it', { skip }, () => {
  const file = 'test/zone/data/torture.zone';
  const zone = zoneFrom(file, 't.example.');
  assert.ok(!refuses(checkZone(zone)));
  assert.equal(printZone(zone), byBind(file, 't.example.', folder));
});

test('every type prints as BIND prints it, and BIND reads the same from our wire form', { skip }, () => {
  const below = goldens.filter((golden) => golden.type !== 'SOA'); // BIND takes it at the apex only
  const text = below.map((golden, n) => `r${n} ${golden.type} ${golden.text}`).join('\n');
  const zone = zoneOf(head + text);
  const file = join(folder, 'types');
  writeFileSync(file, `${head}${text}\n`);
  const bind = byBind(file, 't.example.', folder);
  assert.equal(hashesLast(printZone(zone)), hashesLast(bind));
  writeFileSync(file, generic(zone));
  assert.equal(byBind(file, 't.example.', folder), bind);
});

/** The zone with all RDATA as octets (RFC 3597). */
function generic(zone: Zone): string {
  const { records } = zone;
  let text = `$TTL 60\n`;
  for (let i = 0; i < records.count; i++) {
    const at = records.rdataAt[i]!;
    const size = records.rdataLength[i]!;
    const owner = Buffer.from(
      records.octets.buffer,
      records.ownerAt[i]! + 1,
      records.octets[records.ownerAt[i]!]!,
    );
    const hex = Buffer.from(records.octets.buffer, at, size).toString('hex');
    text += `${i < 2 ? '@' : owner} TYPE${records.type[i]} \\# ${size} ${hex}\n`;
  }
  return text;
}

test('RRsets are put together: lowest TTL, no duplicates, types and names in order', () => {
  const zone = zoneOf(
    `${head}b 6 TXT b\na.b A 1.1.1.1\nB 5 TXT b\nb 7 A 1.1.1.2\nb 7 A 1.1.1.1\n` +
      'b NS x.\n*.b A 1.1.1.1\nb 9 TXT a',
  );
  assert.deepEqual(
    printZone(zone)
      .trim()
      .replace(/[\t ]+/g, ' ')
      .split('\n'),
    [
      't.example. 60 IN SOA ns.t.example. h.t.example. 1 2 3 4 5',
      't.example. 60 IN NS ns.t.example.',
      'b.t.example. 60 IN NS x.',
      'b.t.example. 7 IN A 1.1.1.1',
      'b.t.example. 7 IN A 1.1.1.2',
      'b.t.example. 5 IN TXT "a"',
      'b.t.example. 5 IN TXT "b"',
      '*.b.t.example. 60 IN A 1.1.1.1',
      'a.b.t.example. 60 IN A 1.1.1.1',
      'ns.t.example. 60 IN A 192.0.2.1',
    ],
  );
});

test('what is printed is read again and prints the same; a large zone comes in chunks of whole lines', () => {
  const records = Array.from({ length: 5000 }, (_, n) => `h${n % 977}.x${n % 7} TXT "${n}"`);
  const zone = zoneOf(head + records.join('\n'));
  const chunks = [...printZoneChunks(zone)];
  assert.ok(chunks.length > 3);
  for (const chunk of chunks) assert.ok(chunk.endsWith('\n'));
  assert.equal(printZone(zoneOf(chunks.join(''))), chunks.join(''));
});
