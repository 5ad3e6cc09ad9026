// A zone file as a target: read, checked, compiled, printed and answered from, all in memory. Octets behind
// a separator are the file that it may include. What is accepted must come back the same from its own print.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { compareTables } from '../../src/answer/compare.ts';
import { compileZone } from '../../src/answer/compile.ts';
import { tableFault, zoneMagic } from '../../src/answer/layout.ts';
import { Tables } from '../../src/answer/tables.ts';
import { type Fault, printFault, refuses } from '../../src/faults.ts';
import { faultsMax } from '../../src/limits.ts';
import { parseNameText } from '../../src/wire/names.ts';
import { TYPE } from '../../src/wire/numbers.ts';
import { checkZone } from '../../src/zone/check.ts';
import { printZone } from '../../src/zone/print.ts';
import { loadZoneFile } from '../../src/zone/scan.ts';
import { indexZone, type Zone } from '../../src/zone/zone.ts';
import { Answering } from '../answering.ts';
import { loadCases } from '../cases.ts';
import { goldens } from '../wire/golden.ts';
import { decode } from '../wire.ts';
import { octetsOf, repeated, type Target } from './target.ts';

const separator = 0x1c;
const file = '/zones/t.example.zone';
const origin = parseNameText('t.example.').name!;
const id = '0123456789abcdef';
const questionsMax = 16;
const head = '$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n';
/** A load may cost this, and this for each octet that was read or made: see timeMaxMs() below. */
const timeFixedMs = 1;
const timePerOctetMs = 0.003;
/** What a record costs beside its octets: rows of columns, a node, places in a table. */
const octetsPerRecord = 64;
/** Large $GENERATEs have their own limits and tests; here they would only take time. */
const largeGenerate = /\$generate[\s\S]{0,40}-\s*\d{4}/i;

/** Octets read and made by the last run. */
let cost = 0;

export const zoneTarget: Target = {
  name: 'zone',
  sizeMax: 65_535,
  seeds: seeds(),
  large: large(),
  words: words(),
  guide: /\/src\/(zone\/|answer\/(compile|store)|wire\/(?!query|labels|message))/,
  run,
  // Linear: what the worst text that we know takes while its coverage is counted, twice over. That text is of
  // parentheses that are never closed: the scan goes on from each, a hundred times. Records count with what
  // they are made into: a long $ORIGIN, a $GENERATE or a file included a thousand times pay for themselves.
  timeMaxMs: () => timeFixedMs + cost * timePerOctetMs,
};

type Loaded = { readonly zone: Zone; readonly faults: readonly Fault[] };

function load(main: Uint8Array, included: Uint8Array): Loaded {
  const { records, faults } = loadZoneFile(file, origin, {
    root: '/zones',
    read: (path) => {
      const octets = path === file ? main : path === '/zones/inc' ? included : undefined;
      if (octets === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
      cost += octets.length;
      return octets;
    },
    realpath: (path) => path,
  });
  const zone = indexZone(records, origin);
  return { zone, faults: [...faults, ...checkZone(zone)] };
}

function run(input: Uint8Array, isThorough: boolean): number {
  const cut = input.indexOf(separator);
  const main = cut < 0 ? input : input.subarray(0, cut);
  const included = cut < 0 ? new Uint8Array(0) : input.subarray(cut + 1);
  cost = input.length;
  if (largeGenerate.test(Buffer.from(input.buffer, input.byteOffset, input.length).toString('latin1')))
    return 0;
  const startedAt = performance.now();
  const { zone, faults } = load(main, included);
  const isGood = !refuses(faults);
  const table = isGood ? compileZone(zone, balanced(zone), id) : undefined;
  const tookMs = performance.now() - startedAt;
  const { records } = zone;
  cost += records.used + octetsPerRecord * (records.count + zone.nodeCount);
  checkFaults(faults, [main, included]);
  if (table === undefined) return tookMs;
  assert.equal(tableFault(table, zoneMagic), undefined);
  if (isThorough) checkPrinted(zone, table);
  if (isThorough) checkAnswers(zone, table);
  return tookMs;
}

/** Each fault stands somewhere in its file, and can be said. */
function checkFaults(faults: readonly Fault[], files: readonly Uint8Array[]): void {
  assert.ok(faults.length <= 4 * faultsMax, `${faults.length} faults`);
  for (const fault of faults) {
    const octets = files[fault.file === file ? 0 : 1]!;
    let lines = 1;
    for (const octet of octets) if (octet === 0x0a) lines++;
    const isPlace = fault.line >= 1 && fault.line <= lines + 1 && fault.column >= 1;
    assert.ok(isPlace && fault.column <= octets.length + 1, `fault without a place: ${printFault(fault)}`);
    assert.match(printFault(fault), /^\P{Cc}+$/u);
  }
}

/** Printed and read again it is the same zone. */
function checkPrinted(zone: Zone, table: Uint8Array): void {
  const text = printZone(zone);
  const again = load(octetsOf(text), new Uint8Array(0));
  assert.deepEqual(again.faults.filter(({ severity }) => severity === 'error').map(printFault), []);
  assert.equal(printZone(again.zone), text);
  const changes = compareTables(table, compileZone(again.zone, balanced(again.zone), id));
  assert.deepEqual(changes, { added: 0, removed: 0, namesGone: 0 });
}

/** What the zone says of its own names decodes. */
function checkAnswers(zone: Zone, table: Uint8Array): void {
  const tables = new Tables();
  tables.adopt({ zones: [{ origin: 't.example.', table }], sets: [] });
  const answering = new Answering(tables);
  const { records } = zone;
  const step = Math.max(1, Math.floor(records.count / questionsMax));
  for (let i = 0; i < records.count; i += step) {
    const owner = records.octets.slice(records.ownerAt[i]!, records.ownerAt[i]! + records.ownerLength[i]!);
    for (const type of [records.type[i]!, TYPE.A, TYPE.ANY]) {
      const ask = [1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...owner, type >> 8, type & 255, 0, 1];
      for (const transport of ['tcp', 'udp'] as const) {
        const response = answering.ask(Uint8Array.from(ask), transport);
        assert.ok(response !== undefined);
        decode(response);
      }
    }
  }
}

/** The first owners of addresses that are not delegated, as if they had pools. */
function balanced(zone: Zone): Uint8Array[] {
  const owners: Uint8Array[] = [];
  for (let node = 0; node < zone.nodeCount && owners.length < 2; node++) {
    const first = zone.first[node]!;
    if (first < zone.records.count && zone.records.type[first] === TYPE.A && (zone.flags[node]! & 3) === 0)
      owners.push(zone.name(node));
  }
  return owners;
}

function seeds(): Uint8Array[] {
  const data = (name: string): string =>
    readFileSync(new URL(`../zone/data/${name}`, import.meta.url), 'latin1');
  const { zones } = loadCases();
  const texts = [
    head,
    `${data('torture.zone')}\x1c${data('torture.inc')}`,
    `${head}$INCLUDE inc\n$INCLUDE inc below\nwww A 192.0.2.9\n\x1cwww A 192.0.2.7\n`,
    `${head}$GENERATE 1-3 \${0,2,o}.\${1,4,X} TXT "\${-1,5,n} \\$ \${0,2}"\n`,
    `${head}$GENERATE 0-3 x\${-1} A 192.0.2.1\n`,
    `${head}@ DS 1 13 2 ${'0a'.repeat(32)}\nx TYPE65280 \\# 65536 00\n$INCLUDE "a\\x"\n$INCLUDE nothing\n`,
    `${head}$GENERATE 1-20/2 h\${0,3,d} IN A 192.0.2.$\n$GENERATE 1-3 $ 60 TXT "\${-1,4,x} \${0,8,N} $$"\n`,
    `${head}w (\n A\n 192.0.2.2 ) ; c\n * A 192.0.2.4\n sub NS ns.sub\nns.sub A 192.0.2.5\n`,
    ...zones.map(({ origin: name, text }) => text.replaceAll(name, 't.example.')),
    ...goldens.filter(({ type }) => type !== 'SOA').map(({ type, text }) => `${head}r ${type} ${text}\n`),
  ];
  return texts.map(octetsOf);
}

function words(): Uint8Array[] {
  const types = [...new Set(goldens.map(({ type }) => type))];
  const data = goldens.map(({ type, text }) => `${type} ${text}`);
  return [
    ...types.map((type) => ` ${type} `),
    ...data,
    ...data.map((one) => `\nx ${one}\n`),
    ...[
      '\n',
      '\r\n',
      ' ',
      '\t',
      '"',
      '(',
      ')',
      ' ( ',
      ' )\n',
      ';',
      '\\',
      '\\000',
      '\\255',
      '\\.',
      '\\256',
      '@',
      '*',
      '.',
    ],
    ...[
      '$TTL 1w\n',
      '\n$ORIGIN ',
      '\n$ORIGIN a.b\n',
      '\n$INCLUDE inc\n',
      '\n$INCLUDE inc x\n',
      '\x1c',
      ' IN ',
      ' CH ',
    ],
    ...[
      '\n$GENERATE 1-9 ',
      '$',
      '$$',
      '$' + '{1,2,x}',
      '$' + '{-1,99,N}',
      '4294967295',
      '2147483648',
      '65536',
      '-1',
      '0',
    ],
    ...[
      '\\# 0',
      '\\# 4 C0000201',
      ' TYPE65280 \\# 3 010203',
      ' CLASS1 ',
      'key="a b"',
      'alpn=h2',
      '::1',
      '192.0.2.3',
    ],
    ...[
      '*.',
      'a.',
      `${'x'.repeat(63)}.`,
      `${'y.'.repeat(100)}`,
      't.example.',
      ' NS ',
      ' CNAME ',
      ' DNAME ',
      ' SOA ',
    ],
  ].map(octetsOf);
}

function large(): Uint8Array[] {
  const pieces = [
    'a A (\n',
    '(',
    '"',
    '"\n',
    '\\',
    'a X\n',
    'a TXT x\n',
    '@\n',
    '$\n',
    '(;\n',
    '\t\n',
    '\r\n',
    '\r',
  ];
  const between: readonly [string, string, string?][] = [
    [`$ORIGIN ${'a.'.repeat(120)}\n`, 'a A 1.1.1.1\n'],
    ['s SVCB 1 . ', 'key100=x '],
    ['s SVCB 1 . mandatory=', 'port,'],
    ['s SVCB 1 . alpn=', 'a,'],
    ['s SVCB 1 . key100="', '\\,', '"'],
    ['n NSEC a ', 'TYPE999 '],
    ['p APL ', '1:1.2.3.4/32 '],
    ['k DNSKEY 1 3 8 ', 'AAAA '],
    ['k TYPE999 \\# 9999 ', '00 '],
    ['t TXT ', 'a '],
    ['( ', 'x '],
    ['a A (', ';x\n'],
    ['', '$INCLUDE inc\n', `\x1c${'a A 1.1.1.1\n'.repeat(999)}`],
    ['', '$INCLUDE inc\n', `\x1c${';\n'.repeat(9999)}`],
    ['', '$GENERATE 1-9 a$ A 1.1.1.1\n'],
  ];
  const numbered = (line: (i: number) => string): Uint8Array =>
    octetsOf(head + Array.from({ length: 2000 }, (_, i) => `${line(i)}\n`).join(''));
  return [
    ...pieces.map((piece) => repeated(65_535, head, piece)),
    ...between.map(([before, piece, behind]) => repeated(65_535, head + before, piece, behind)),
    numbered((i) => `a TXT "${i}"`),
    numbered((i) => `a TYPE${1000 + i} \\# 0`),
    numbered((i) => `c NS n${i}.c`),
    numbered((i) => `c${i} CNAME c${i + 1}`),
    numbered((i) => `d${i} DNAME d${i + 1}`),
    numbered((i) => `m MX 1 h${i}\nh${i} A 192.0.2.1`),
  ];
}
