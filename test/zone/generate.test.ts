// $GENERATE: what it makes, that BIND makes the same, what is refused and where, and that it ends.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: $GENERATE writes its numbers so
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { generatedRecordsMax, generatedTextMax } from '../../src/limits.ts';
import { printZone } from '../../src/zone/print.ts';
import { missing } from '../tools.ts';
import { byBind } from './bind.ts';
import { lines, load, places, zoneOf } from './memory.ts';

const folder = mkdtempSync(join(tmpdir(), 'steerdns-generate-'));
after(() => rmSync(folder, { recursive: true }));

const made: readonly (readonly [directive: string, records: readonly string[]])[] = [
  ['1-2 h$ A 192.0.2.$', ['h1.t.example. 60 A 192.0.2.1', 'h2.t.example. 60 A 192.0.2.2']],
  ['1-5/3 h$ 1h IN A 192.0.2.$ ; x', ['h1.t.example. 3600 A 192.0.2.1', 'h4.t.example. 3600 A 192.0.2.4']],
  ['0-0 $ IN 5 CNAME a$$b', ['0.t.example. 5 CNAME a\\$b.t.example.']],
  ['1-1 \\$\\\\$ PTR @', ['\\$\\\\1.t.example. 60 PTR t.example.']],
  ['7-7 h MX "10 mail$"', ['h.t.example. 60 MX 10 mail7.t.example.']],
  ['7-7 h TXT "\\"a b; $\\" c\\$"', ['h.t.example. 60 TXT "a b; 7" "c$"']],
  ['10-10 ${-3}-${+1,4}-${0,3,d} NS x.', ['7-0011-010.t.example. 60 NS x.']],
  ['171-171 ${0,4,o}-${0,4,x}-${0,0,X} NS x.', ['0253-00ab-AB.t.example. 60 NS x.']],
  ['26-26 ${0,0,n}.${0,7,N} NS x.', ['a.1.A.1.0.0.t.example. 60 NS x.']],
  ['26-26 ${0,4,n}z NS x.', ['a.1.z.t.example. 60 NS x.']], // even widths end with a dot
  ['26-26 ${0,2,n}z NS x.', ['a.1z.t.example. 60 NS x.']], // but a number may be wider
  ['2147483646-2147483647 $ NS x.', ['2147483646.t.example. 60 NS x.', '2147483647.t.example. 60 NS x.']],
];

test('what it makes', () => {
  for (const [directive, records] of made) {
    const loaded = load(`$TTL 60\n$GENERATE ${directive}`);
    assert.deepEqual(places(loaded.faults), [], directive);
    assert.deepEqual(lines(loaded.records), records);
  }
});

test('BIND makes the same', { skip: missing('named-compilezone') }, () => {
  const text = made.map(([directive], n) => `$ORIGIN o${n}.t.example.\n$generate ${directive}\n`).join('');
  const file = join(folder, 'zone');
  const zone = `$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n${text}`;
  writeFileSync(file, zone);
  assert.equal(printZone(zoneOf(zone)), byBind(file, 't.example.', folder));
});

test('what is refused, and where', () => {
  const cases: readonly (readonly [directive: string, fault: string])[] = [
    ['', '2:11 the record ends where a range as in 1-127 is expected'],
    ['1 a A 1.1.1.1', '2:11 "1" is no range'],
    ['2-1 a A 1.1.1.1', '2:11 "2-1" is no range'],
    ['1-2/0 a A 1.1.1.1', '2:11 "1-2/0" is no range'],
    ['1-2147483648 a A 1.1.1.1', '2:11 "1-2147483648" is no range'],
    [`0-${generatedRecordsMax} a A 1.1.1.1`, '2:11 $GENERATE of 65537 records'],
    ['1-2', '2:14 the record ends where an owner is expected'],
    ['1-2 "a" A 1.1.1.1', '2:16 "a" stands where an owner is expected'],
    ['1-2 a', '2:16 the record ends where an RR type is expected'],
    ['1-2 a 5 IN', '2:21 the record ends where an RR type is expected'],
    ['1-2 a A', '2:18 the record ends where data is expected'],
    ['1-2 a MX 10 mail$', '2:23 "mail$" stands behind the directive'],
    ['1-2 a FOO x$', '2:21 "FOO" is no RR type, for 1'],
    ['1-2 a CH TXT x$', '2:24 class CH is not served, for 1'],
    ['1-2 a ANY x$', '2:21 ANY is a type of questions, not of data, for 1'],
    ['254-300 h$ A 192.0.2.$', '2:24 "192.0.2.256" is no IPv4 address, for 256'],
    ['1-2 a..$ A 1.1.1.1', '2:15 the name has an empty label: "a..1", for 1'],
    ['1-2 ${0,64}x A 1.1.1.1', '2:15 a label is longer than 63 octets'],
    ['1-2 ${0,256} A 1.1.1.1', '2:15 "${0,256}" is no number to put in'],
    ['1-2 ${0,1,z} A 1.1.1.1', '2:15 "${0,1,z}" is no number to put in'],
    ['1-2 ${} A 1.1.1.1', '2:15 "${}" is no number to put in'],
    ['1-2 ${1 A 1.1.1.1', '2:15 "${1" is no number to put in'],
    ['1-2 a A 1.1.1.${2147483648}', '2:19 "${2147483648}" is no number to put in'],
    ['1-3 a${-2} A 1.1.1.1', '2:1 a number below 0 for 1'],
    ['1-2 a MX "10 ( mail"', '2:21 a ( that is never closed, for 1'],
  ];
  for (const [directive, fault] of cases) {
    const { faults } = load(`$TTL 60\n$GENERATE ${directive}\nlast A x`);
    assert.equal(faults.length, 2, directive);
    assert.ok(places(faults)[0]!.startsWith(fault), `${places(faults)[0]} is not ${fault}`);
    assert.equal(faults[1]!.line, 3);
  }
});

test('its records stand at the directive; the owner before it stays, a fault leaves nothing behind', () => {
  const { records, faults } = load(
    '$TTL 60\nown A 1.1.1.1\n$ORIGIN o\n$GENERATE 255-257 h A 1.1.1.$\n A 1.1.1.2\n$GENERATE 1-2 $ NS @',
  );
  assert.equal(faults.length, 1);
  assert.deepEqual(lines(records), [
    'own.t.example. 60 A 1.1.1.1',
    'h.o.t.example. 60 A 1.1.1.255',
    'own.t.example. 60 A 1.1.1.2',
    '1.o.t.example. 60 NS o.t.example.',
    '2.o.t.example. 60 NS o.t.example.',
  ]);
  const places = Array.from({ length: 5 }, (_, i) => records.place(i));
  assert.deepEqual(
    places.map(({ line, column }) => [line, column]),
    [
      [2, 5],
      [4, 19],
      [5, 2],
      [6, 15],
      [6, 15],
    ],
  );
});

test('it ends: 65,536 records by one directive, and bounded text by all of a zone', () => {
  const { records, faults } = load(`$TTL 60\n$GENERATE 1-${generatedRecordsMax} h$ A 192.0.2.1`);
  assert.deepEqual(places(faults), []);
  assert.equal(records.count, generatedRecordsMax);
  const wide = `$TTL 60\n$GENERATE 1-${generatedRecordsMax} $ TXT "${'x'.repeat(255)} ${'$'.repeat(2)}"\n`;
  const many = Math.ceil(generatedTextMax / (generatedRecordsMax * 255));
  assert.match(load(wide.repeat(many)).faults[0]!.what, /\$GENERATEs of this zone make too much/);
});
