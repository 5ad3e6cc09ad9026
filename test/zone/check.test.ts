// What makes a zone wrong as a whole: which faults, at which record, and whether they refuse the zone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsMax } from '../../src/limits.ts';
import { checkZone } from '../../src/zone/check.ts';
import { indexZone } from '../../src/zone/zone.ts';
import { load, origin, zoneOf } from './memory.ts';

const head = '$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n';

function faultsOf(text: string): string[] {
  return checkZone(zoneOf(text), 't.example.zone')
    .sort((a, b) => a.line - b.line)
    .map(({ severity, line, column, what }) => `${severity} ${line}:${column} ${what}`);
}

/** Each case: the records behind `head`, from line 5 on, and the faults. */
const cases: readonly (readonly [shows: string, records: string, faults: readonly string[]])[] = [
  ['a right zone', 'www CNAME ns\nsub NS ns\nsub DS 1 8 9 00\nother.sub2 NS x.example.\n', []],
  ['a wildcard NS', '*.w NS ns', ['warning 5:5 *.w.t.example. NS: a wildcard delegates nothing']],
  ['a second SOA', '@ SOA ns h 2 2 3 4 5', ['error 5:3 t.example. has more than one SOA']],
  ['the same SOA again', '@ SOA ns H 1 2 3 4 5', ['warning 5:3 t.example. SOA stands here again']],
  [
    'a SOA below the apex',
    'a SOA ns h 1 2 3 4 5',
    ['error 5:3 a SOA at a.t.example., which is not the apex'],
  ],
  [
    'data outside the zone, said once for an owner',
    'a.example. A 1.1.1.1\n A 1.1.1.2\nexample. A 1.1.1.1\nat.example. A 1.1.1.1',
    [
      'error 5:12 a.example. is outside the zone',
      'error 7:10 example. is outside the zone',
      'error 8:13 at.example. is outside the zone',
    ],
  ],
  [
    'a CNAME beside other data',
    'a TXT x\nb A 1.1.1.1\na CNAME b',
    ['error 7:3 a.t.example. has a CNAME and TXT too'],
  ],
  ['a CNAME at the apex', '@ CNAME ns', ['error 5:3 t.example. has a CNAME and SOA too']],
  [
    'a CNAME beside what signs it',
    'a CNAME ns\na NSEC b CNAME NSEC\na RRSIG CNAME 8 3 60 20300101000000 20200101000000 1 @ AA==',
    [],
  ],
  ['two CNAMEs', 'a CNAME ns\na CNAME ns2', ['error 6:3 a.t.example. has more than one CNAME']],
  ['two DNAMEs', 'a DNAME ns\na DNAME ns2', ['error 6:3 a.t.example. has more than one DNAME']],
  ['the same CNAME twice', 'a CNAME ns\na CNAME NS', ['warning 6:3 a.t.example. CNAME stands here again']],
  [
    'different TTLs',
    'a 5 A 1.1.1.1\nb A 1.1.1.1\na 7 A 1.1.1.0\na 7 TXT x',
    ['warning 7:5 TTL 7 in an RRset of TTL 5'],
  ],
  [
    'different TTLs, the lowest of which stands last',
    'a 7 A 1.1.1.1\na 5 A 1.1.1.2\na 5 A 1.1.1.3',
    ['warning 5:5 TTL 7 in an RRset of TTL 5'],
  ],
  [
    'duplicates',
    'a A 1.1.1.1\nb A 1.1.1.1\nA A 1.1.1.1\na MX 1 NS\na MX 1 ns\na HTTPS 1 NS\na HTTPS 1 ns',
    ['warning 7:3 A.t.example. A stands here again', 'warning 9:3 a.t.example. MX stands here again'],
  ],
  [
    'targets that are aliases',
    'c CNAME ns\n@ NS c\na MX 1 c\na SRV 1 1 1 C',
    [
      'error 6:3 NS c.t.example. is an alias',
      'warning 7:3 MX c.t.example. is an alias',
      'warning 8:3 SRV C.t.example. is an alias',
    ],
  ],
  [
    'targets that are aliases by DNAME, and a delegation to an alias',
    'd DNAME other.\n@ NS x.d\na MX 1 y.z.D\nc CNAME ns\nsub NS c\nsub2 NS x.d',
    [
      'error 6:3 NS x.d.t.example. is an alias',
      'warning 7:3 MX y.z.D.t.example. is an alias',
      'warning 9:5 NS c.t.example. is an alias',
      'warning 10:6 NS x.d.t.example. is an alias',
    ],
  ],
  ['a DNAME beside other data', 'd DNAME x.\nd A 1.1.1.1\nd TXT x', []],
  ['a DNAME beside a CNAME', 'd DNAME x.\nd CNAME y.', ['error 6:3 d.t.example. has a CNAME and DNAME too']],
  [
    'names below a DNAME, said once for each',
    'a.b.d A 1.1.1.1\na.b.d TXT x\nd DNAME x.\nc.d CNAME x.\nd2 A 1.1.1.1',
    [
      'error 5:7 a.b.d.t.example. stands below the DNAME of d.t.example.',
      'error 8:5 c.d.t.example. stands below the DNAME of d.t.example.',
    ],
  ],
  ['a DNAME at the apex', '@ DNAME x.\n', ['error 4:4 ns.t.example. stands below the DNAME of t.example.']],
  [
    'a DNAME at and below a zone cut',
    'sub NS ns\nsub DNAME x.\nd.sub DNAME x.\na.d.sub A 1.1.1.1',
    [
      'warning 6:5 sub.t.example. DNAME is never answered: the name is delegated',
      'warning 7:7 d.sub.t.example. DNAME is never answered: the name is delegated',
    ],
  ],
  [
    'a delegation below a delegation',
    'sub NS ns\nx.sub NS ns\nx.sub DS 1 8 9 00\nx.sub A 1.1.1.1',
    [
      'warning 6:7 x.sub.t.example. NS is never answered: the name is delegated',
      'warning 7:7 x.sub.t.example. DS is never answered: the name is delegated',
    ],
  ],
  ['a DS at the apex', '@ DS 1 8 9 00', ['error 5:3 a DS at the apex']],
  [
    'TTLs that differ, and a duplicate with another TTL',
    'a 1 A 1.1.1.1\na 2 A 1.1.1.2\na 3 A 1.1.1.1',
    [
      'warning 6:5 TTL 2 in an RRset of TTL 1',
      'warning 7:5 a.t.example. A stands here again',
      'warning 7:5 TTL 3 in an RRset of TTL 1',
    ],
  ],
  [
    'targets without an address',
    '@ NS no\na MX 1 no\na SRV 1 1 1 txt\ntxt TXT x',
    [
      'error 5:3 NS no.t.example. has no address',
      'warning 6:3 MX no.t.example. has no address',
      'warning 7:3 SRV txt.t.example. has no address',
    ],
  ],
  ['targets that need none', 'a MX 0 .\na SRV 0 0 0 .\na MX 1 b.other.\n@ NS ns.example.', []],
  [
    'targets that a wildcard answers for',
    '*.w A 1.1.1.1\n*.v CNAME ns\n@ NS a.b.w\na MX 1 c.v\na MX 1 w',
    ['warning 8:3 MX c.v.t.example. is an alias', 'warning 9:3 MX w.t.example. has no address'],
  ],
  [
    'a delegation to a server inside it, without glue',
    'sub NS ns.sub\nsub2 NS sub2',
    ['error 5:5 NS ns.sub.t.example. has no glue', 'error 6:6 NS sub2.t.example. has no glue'],
  ],
  [
    'a delegation with glue, also in another delegation',
    'sub NS ns.sub\nns.sub AAAA ::1\ns2 NS s2\ns2 A 1.1.1.1\ns3 NS x.sub',
    [],
  ],
  ['a wildcard is no glue', 'sub NS ns.sub\n*.sub A 1.1.1.1', ['error 5:5 NS ns.sub.t.example. has no glue']],
  [
    'a delegation to a missing name of this zone',
    'sub NS nowhere',
    ['error 5:5 NS nowhere.t.example. has no address'],
  ],
  [
    'data below a zone cut',
    'sub NS ns\nsub MX 1 ns\nwww.sub A 1.1.1.1\nwww.sub MX 1 nowhere\n',
    [
      'warning 6:5 sub.t.example. MX is never answered: the name is delegated',
      'warning 8:9 www.sub.t.example. MX is never answered: the name is delegated',
    ],
  ],
  [
    'an RRset that no message can carry',
    `a TXT ${'x '.repeat(32_000)}\nb TXT ${'x '.repeat(32_700)}`,
    ['error 6:3 b.t.example. TXT: an RRset of 65412 octets'],
  ],
];

test('what is wrong with a zone', () => {
  for (const [shows, records, faults] of cases) assert.deepEqual(faultsOf(head + records), faults, shows);
});

test('without SOA or NS: errors that stand at the beginning of the file', () => {
  const faults = checkZone(zoneOf('a 5 A 1.1.1.1'), 'x.zone');
  assert.deepEqual(
    faults.map(({ severity, file, line, what }) => `${severity} ${file}:${line} ${what}`),
    ['error x.zone:1 no SOA at t.example.', 'error x.zone:1 no NS at t.example.'],
  );
  assert.equal(checkZone(zoneOf(''))[0]!.file, '/zones/t.example.zone');
});

test('nothing is missing that may be among what could not be read', () => {
  const { records, faults } = load({
    't.example.zone': '$TTL 5\n@ SOA ns h x 2 3 4 5\n@ NS ns\n@ MX 1 ns\nns A 192.0.2.256\nsub NS a.sub',
  });
  assert.deepEqual(
    faults.map(({ line }) => line),
    [2, 5],
  );
  const zone = indexZone(records, origin);
  assert.deepEqual(checkZone(zone, 'x.zone', false), []);
  assert.equal(checkZone(zone, 'x.zone').length, 4);
});

test('a fault in an included file names that file', () => {
  const { records } = load({ 't.example.zone': `${head}$INCLUDE a.inc`, 'a.inc': '\nother. A 1.1.1.1' });
  const [fault] = checkZone(indexZone(records, origin));
  assert.equal(`${fault!.file}:${fault!.line}`, '/zones/a.inc:2');
});

test('warnings are bounded, and hide no error', () => {
  const duplicates = (count: number) => `a A 1.1.1.1\n${'a A 1.1.1.1\n'.repeat(count)}`;
  assert.equal(faultsOf(head + duplicates(faultsMax)).length, faultsMax);
  const faults = faultsOf(`${head}${duplicates(200)}c CNAME a\nc A 1.1.1.1\n`);
  assert.equal(faults.length, faultsMax + 2);
  assert.match(faults[faultsMax]!, /^warning .*more than 100 warnings in this zone/);
  assert.match(faults.at(-1)!, /^error .*c\.t\.example\. has a CNAME and A too/);
});

test('what stands twice counts once for the size of an RRset', () => {
  const faults = faultsOf(`${head}${'a A 1.1.1.1\n'.repeat(10_000)}`);
  assert.ok(faults.every((fault) => fault.startsWith('warning')));
});

test('errors are bounded', () => {
  const faults = faultsOf(head + Array.from({ length: 200 }, (_, n) => `a${n} SOA . . 1 1 1 1 1`).join('\n'));
  assert.equal(faults.length, faultsMax + 1);
  assert.match(faults.at(-1)!, /^error .*more than 100 errors in this zone/);
});

test('a large RRset is checked in reasonable time', () => {
  const addresses = Array.from({ length: 4000 }, (_, n) => `a A 10.0.${n >> 8}.${n & 255}`);
  assert.deepEqual(faultsOf(head + addresses.join('\n')), []);
});
