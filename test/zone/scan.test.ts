// Master files to records: what is read, what is refused and where, and that nothing is lost on the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsMax, includeDepthMax, includesMax } from '../../src/limits.ts';
import { lines, load, places } from './memory.ts';

/** Each case: what it shows, the file, the records. */
const accepted: readonly (readonly [shows: string, file: string, records: readonly string[]])[] = [
  [
    'an owner left out',
    'a 5 A 1.1.1.1\n  5 A 1.1.1.2\n',
    ['a.t.example. 5 A 1.1.1.1', 'a.t.example. 5 A 1.1.1.2'],
  ],
  [
    'class and TTL in either order',
    'a 5 IN A 1.1.1.1\na IN 6 A 1.1.1.2\na CLASS1 7 A 1.1.1.3',
    ['a.t.example. 5 A 1.1.1.1', 'a.t.example. 6 A 1.1.1.2', 'a.t.example. 7 A 1.1.1.3'],
  ],
  ['no newline at the end', 'a 5 A 1.1.1.1', ['a.t.example. 5 A 1.1.1.1']],
  [
    'CRLF and tabs',
    'a\t5\tA\t1.1.1.1\r\n\t5\tTXT\tx\r\n\r\n',
    ['a.t.example. 5 A 1.1.1.1', 'a.t.example. 5 TXT "x"'],
  ],
  ['no newline behind a comment', 'a 5 A 1.1.1.1 ; x', ['a.t.example. 5 A 1.1.1.1']],
  ['no newline behind a directive', 'a 5 A 1.1.1.1\n$ORIGIN x.', ['a.t.example. 5 A 1.1.1.1']],
  ['no newline behind blanks', 'a 5 A 1.1.1.1\n \t ', ['a.t.example. 5 A 1.1.1.1']],
  ['no newline behind a parenthesis', 'a 5 MX ( 1\n@ )', ['a.t.example. 5 MX 1 t.example.']],
  ['no newline behind a quote', 'a 5 TXT "x"', ['a.t.example. 5 TXT "x"']],
  [
    'CRLF in parentheses, behind comments, directives and quotes, and at the end',
    '$TTL 5 ; x\r\n$ORIGIN b\r\na TXT ( "x" ; y\r\n\r\n "z"\r\n)\r\n A 1.1.1.1 ;\r\n;\r',
    ['a.b.t.example. 5 TXT "x" "z"', 'a.b.t.example. 5 A 1.1.1.1'],
  ],
  [
    'a byte order mark before a directive and CRLF',
    '\ufeff$TTL 5\r\na A 1.1.1.1\r\n',
    ['a.t.example. 5 A 1.1.1.1'],
  ],
  ['a byte order mark before a blank line', '\ufeff\n@ 5 NS @', ['t.example. 5 NS t.example.']],
  ['a byte order mark alone', '\ufeff', []],
  [
    '@ in every place of a name, and escaped where it is none',
    '@ 5 SOA @ @ 1 2 3 4 5\n\\@ 5 NS \\@\n@ 5 MX 1 a@b\n@ 5 TXT @\n$ORIGIN @\n$ORIGIN o.@\n@ 5 NS @',
    [
      't.example. 5 SOA t.example. t.example. 1 2 3 4 5',
      '\\@.t.example. 5 NS \\@.t.example.',
      't.example. 5 MX 1 a\\@b.t.example.',
      't.example. 5 TXT "@"',
      'o.\\@.t.example. 5 NS o.\\@.t.example.',
    ],
  ],
  [
    'escapes in owners, names, strings, $ORIGIN',
    '\\097\\.\\\\\\;\\(\\ \\" 5 NS \\000\\255\n$ORIGIN \\111.\\044\n@ 5 TXT \\\\\\"\\;\\( "\\065\\\\;(" \\(',
    [
      'a\\.\\\\\\;\\(\\032\\".t.example. 5 NS \\000\\255.t.example.',
      'o.,.t.example. 5 TXT "\\\\\\";(" "A\\\\;(" "("',
    ],
  ],
  ['a byte order mark', '\ufeffa 5 A 1.1.1.1', ['a.t.example. 5 A 1.1.1.1']],
  ['@ and the root', '@ 5 NS @\na 5 NS .', ['t.example. 5 NS t.example.', 'a.t.example. 5 NS .']],
  [
    'owners called like types, classes and TTLs',
    'A 5 A 1.1.1.1\nIN 5 IN A 1.1.1.2\n300 5 A 1.1.1.3\nTXT 5 TXT IN',
    [
      'A.t.example. 5 A 1.1.1.1',
      'IN.t.example. 5 A 1.1.1.2',
      '300.t.example. 5 A 1.1.1.3',
      'TXT.t.example. 5 TXT "IN"',
    ],
  ],
  [
    'parentheses over lines, comments in them',
    'a 5 MX ( 10 ; ten\n\nb ) ; done\nc 5 TXT (a) (b\n) "c ; ( d"',
    ['a.t.example. 5 MX 10 b.t.example.', 'c.t.example. 5 TXT "a" "b" "c ; ( d"'],
  ],
  ['a record that begins with a parenthesis', '( a 5\n A 1.1.1.1 )', ['a.t.example. 5 A 1.1.1.1']],
  ['strings side by side', 'a 5 TXT "x""y"z', ['a.t.example. 5 TXT "x" "y" "z"']],
  ['escapes', 'a\\.b 5 TXT \\"a\\ b \\059 "\\\\"', ['a\\.b.t.example. 5 TXT "\\"a b" ";" "\\\\"']],
  ['an owner that begins with a dollar', '\\$TTL 5 A 1.1.1.1', ['\\$TTL.t.example. 5 A 1.1.1.1']],
  [
    '$ORIGIN, relative too',
    '$ORIGIN b\na 5 A 1.1.1.1\n$origin c\n@ 5 NS a\n$ORIGIN d.\n@ 5 A 1.1.1.2',
    ['a.b.t.example. 5 A 1.1.1.1', 'c.b.t.example. 5 NS a.c.b.t.example.', 'd. 5 A 1.1.1.2'],
  ],
  [
    'the owner stays through $ORIGIN and faultless blanks',
    'a 5 A 1.1.1.1\n$ORIGIN b\n \n;\n 5 A 1.1.1.2',
    ['a.t.example. 5 A 1.1.1.1', 'a.t.example. 5 A 1.1.1.2'],
  ],
  [
    '$TTL holds from there on',
    '$TTL 1h\na A 1.1.1.1\na 5 A 1.1.1.2\na A 1.1.1.3\n$TTL 2\na A 1.1.1.4',
    [
      'a.t.example. 3600 A 1.1.1.1',
      'a.t.example. 5 A 1.1.1.2',
      'a.t.example. 3600 A 1.1.1.3',
      'a.t.example. 2 A 1.1.1.4',
    ],
  ],
  [
    'without $TTL the last TTL',
    'a 5 A 1.1.1.1\na A 1.1.1.2\na 1h30m A 1.1.1.3\na A 1.1.1.4',
    [
      'a.t.example. 5 A 1.1.1.1',
      'a.t.example. 5 A 1.1.1.2',
      'a.t.example. 5400 A 1.1.1.3',
      'a.t.example. 5400 A 1.1.1.4',
    ],
  ],
  [
    'without either the minimum of the SOA, as in BIND',
    '@ SOA a b 1 2 3 4 77\na A 1.1.1.1\na 5 A 1.1.1.2\na A 1.1.1.3',
    [
      't.example. 77 SOA a.t.example. b.t.example. 1 2 3 4 77',
      'a.t.example. 77 A 1.1.1.1',
      'a.t.example. 5 A 1.1.1.2',
      'a.t.example. 77 A 1.1.1.3',
    ],
  ],
  [
    'TTLs of 0 and of 31 bits',
    'a 0 A 1.1.1.1\na 2147483647 A 1.1.1.2',
    ['a.t.example. 0 A 1.1.1.1', 'a.t.example. 2147483647 A 1.1.1.2'],
  ],
  ['case as written', 'WwW 5 Mx 1 MaiL', ['WwW.t.example. 5 MX 1 MaiL.t.example.']],
  ['nothing', '', []],
  ['nothing but a comment', '; x', []],
];

test('what is read', () => {
  for (const [shows, file, records] of accepted) {
    const loaded = load(file);
    assert.deepEqual(places(loaded.faults), [], shows);
    assert.deepEqual(lines(loaded.records), records, shows);
  }
});

const refused: readonly (readonly [shows: string, file: string, faults: readonly string[]])[] = [
  ['a bad value', 'a 5 A 999.1.1.1\nb 5 A 1.1.1.1', ['1:7 "999.1.1.1" is no IPv4 address']],
  [
    'several faults in one file',
    'a 5 A x\nb 5 A 1.1.1.1\nc 5 FOO x\nd 5 MX 65536 x',
    ['1:7 "x" is no IPv4 address', '3:5 "FOO" is no RR type', '4:8 65536 is too large for a number'],
  ],
  ['an owner that is not in the first column', 'a 5 A 1.1.1.1\n  b 5 A 1.1.1.2', ['2:3 "b" is no RR type']],
  ['a type left out', 'a 5 1.1.1.1', ['1:5 "1.1.1.1" stands where an RR type is expected']],
  ['a TTL that is none', 'a 1h30 A 1.1.1.1', ['1:3 "1h30" is neither a TTL nor an RR type']],
  ['a TTL beyond 31 bits', 'a 2147483648 A 1.1.1.1', ['1:3 a TTL of 2147483648 is too large']],
  ['nothing behind the owner', 'a', ['1:2 the record ends where an RR type is expected']],
  [
    'another class',
    'a 5 CH TXT x\nb 5 CLASS4 A 1.1.1.1\nc NONE A 1.1.1.1',
    ['1:5 class CH is not served', '2:5 class CLASS4 is not served', '3:3 class NONE is not served'],
  ],
  [
    'a type of questions',
    'a 5 ANY x\nb 5 TYPE0 \\# 0\nc 5 OPT \\# 0',
    [
      '1:5 ANY is a type of questions, not of data',
      '2:5 TYPE0 is a type of questions, not of data',
      '3:5 OPT is a type of questions, not of data',
    ],
  ],
  [
    'a bad owner; what follows it is looked at',
    'a..b 5 A 1.1.1.1\n 5 A x',
    ['1:1 the name has an empty label: "a..b"', '2:6 "x" is no IPv4 address'],
  ],
  ['no owner at all', ' 5 A 1.1.1.1', ['1:2 a record without an owner, and none stands before it']],
  [
    'no TTL at all, said once',
    'a A 1.1.1.1\nb A 1.1.1.2',
    ['1:3 a record without a TTL, and none is given before it'],
  ],
  [
    'quotes that are not closed',
    'a 5 TXT "x\nb 5 TXT "y\\"\nc 5 A x',
    [
      '1:9 a quoted string is not closed on its line',
      '2:9 a quoted string is not closed on its line',
      '3:7 "x" is no IPv4 address',
    ],
  ],
  [
    'a backslash at the end of a line',
    'a 5 TXT x\\\nb 5 A x',
    ['1:10 a backslash at the end of a line', '2:7 "x" is no IPv4 address'],
  ],
  [
    'a parenthesis too many',
    'a 5 A 1.1.1.1 )\nb 5 A x',
    ['1:15 a ) without a ( before it', '2:7 "x" is no IPv4 address'],
  ],
  [
    'a parenthesis that is never closed: the next record is found again',
    'a 5 MX ( 10\n  b\n ; x\n\nc 5 A x\nd 5 A y',
    ['1:8 a ( that is never closed', '5:7 "x" is no IPv4 address', '6:7 "y" is no IPv4 address'],
  ],
  ['a parenthesis that is never closed, at the end', 'a 5 A ( 1.1.1.1', ['1:7 a ( that is never closed']],
  ['a quoted name', '"a" 5 A 1.1.1.1', ['1:2 quotes in a name: "a"']],
  [
    'carriage returns inside lines',
    'a 5 A 1.1.1.1\rb 5 A 1.1.1.2\n; x\rc 5 A 1.1.1.3\n\r\n',
    ['1:14 a carriage return inside a line', '2:4 a carriage return inside a line'],
  ],
  [
    'a blank left out before a SvcParam',
    'a 5 HTTPS 1 svc.alpn="h2"',
    ['1:13 quotes in a name: "svc.alpn="h2""'],
  ],
  ['a backslash before CRLF', 'a 5 TXT x\\\r\n', ['1:10 a backslash at the end of a line']],
  ['columns count characters', 'a 5 TXT "äöü" x="y z"', ['1:15 a quoted string begins inside a word']],
  [
    'unknown directives',
    '$FOO\n$FOO 1\n$ORIGIN\n$ORIGIN a b\n$TTL x\n$TTL 1 2',
    [
      '1:1 $FOO is not supported',
      '2:1 $FOO is not supported',
      '3:8 the record ends where a domain name is expected',
      '4:11 "b" stands behind the directive',
      '5:6 "x" stands where a TTL is expected',
      '6:8 "2" stands behind the directive',
    ],
  ],
];

test('what is refused, where, and that the scan goes on', () => {
  for (const [shows, file, faults] of refused) {
    const loaded = load(file);
    assert.deepEqual(places(loaded.faults), faults, shows);
    for (const fault of loaded.faults) assert.equal(fault.file, '/zones/t.example.zone');
  }
});

test('lines of 64 KiB: a record as large as can be, a comment, blanks; one octet more is a fault', () => {
  const string = `"${'x'.repeat(255)}"`;
  const full = Array(255).fill(string).join(' '); // 65,280 octets
  const rest = (size: number) => ` "${'y'.repeat(size - 1)}"`;
  const long = 65_536;
  const text = (size: number) =>
    `a 5 TXT ${full}${rest(size)}\n;${'c'.repeat(long)}\nb 5${' '.repeat(long)}A 1.1.1.1`;
  const { records, faults } = load(text(255));
  assert.deepEqual(places(faults), []);
  assert.deepEqual([...records.rdataLength.subarray(0, 2)], [65_535, 4]);
  assert.deepEqual(places(load(text(256)).faults), ['1:10 RDATA of 65536 octets']);
  const word = load(`a 5 TXT ${'x'.repeat(long)}\nb 5 A 1.1.1.1`);
  assert.deepEqual(places(word.faults), ['1:9 a string of 65536 octets']);
  assert.equal(word.records.count, 1);
  assert.deepEqual(places(load(`${'x'.repeat(long)} 5 A 1.1.1.1`).faults).length, 1);
});

test('an included file may have its byte order mark, CRLF and no newline at its end', () => {
  const { records, faults } = load({
    't.example.zone': '\ufeff$TTL 5\r\n$INCLUDE a.inc\r\nlast A 1.1.1.2',
    'a.inc': '\ufeffa A 1.1.1.1\r\n\tTXT x',
  });
  assert.deepEqual(places(faults), []);
  assert.deepEqual(lines(records), [
    'a.t.example. 5 A 1.1.1.1',
    'a.t.example. 5 TXT "x"',
    'last.t.example. 5 A 1.1.1.2',
  ]);
});

test('a record with a fault leaves nothing behind', () => {
  const { records } = load('a 5 A 1.1.1.1\nb 5 TXT x "y\nc 5 MX 1 a..b\n 5 A 1.1.1.2\n');
  assert.deepEqual(lines(records), ['a.t.example. 5 A 1.1.1.1', 'c.t.example. 5 A 1.1.1.2']);
});

test('records know their place, and owners in a row share their octets', () => {
  const { records } = load('\n\nwww 5 A 1.1.1.1\nwww 5 A 1.1.1.2\n IN\t5 TXT ( x\n y )\nWWW 5 A 1.1.1.3');
  const places = Array.from({ length: 4 }, (_, i) => records.place(i));
  assert.deepEqual(
    places.map(({ line, column }) => [line, column]),
    [
      [3, 7],
      [4, 7],
      [5, 7],
      [7, 7],
    ],
  );
  assert.equal(records.ownerAt[1], records.ownerAt[0]);
  assert.equal(records.ownerAt[2], records.ownerAt[0]);
  assert.notEqual(records.ownerAt[3], records.ownerAt[0]); // case as written
});

test('faults are bounded, and it is said that there may be more', () => {
  const { faults } = load('a 5 A x\n'.repeat(faultsMax + 50));
  assert.equal(faults.length, faultsMax + 1);
  assert.match(faults.at(-1)!.what, /the rest of it is not read/);
  assert.equal(load('a 5 A x\n'.repeat(faultsMax - 1)).faults.length, faultsMax - 1);
});

test('faults of a file are bounded however often it is included', () => {
  const { faults } = load({ 't.example.zone': '$INCLUDE inc\n'.repeat(50), inc: 'a 5 A x\n'.repeat(60) });
  assert.equal(faults.length, faultsMax + 1);
});

test('a file that cannot be read is a fault at its beginning', () => {
  const { faults } = load({});
  assert.deepEqual(places(faults), [
    '1:1 cannot read /zones/t.example.zone: there is no such file or folder',
  ]);
});

test('$INCLUDE reads in place; origin and owner come back, $TTL stays', () => {
  const { records, faults } = load({
    't.example.zone':
      '$TTL 5\n$ORIGIN o\na A 1.1.1.1\n$INCLUDE d/one.inc p\n A 1.1.1.2\n$INCLUDE "d/t\\119o.inc"',
    'd/one.inc': 'x A 1.1.1.3\n$ORIGIN q\n@ A 1.1.1.4\n$TTL 6\n$INCLUDE two.inc\n',
    'd/two.inc': 'y A 1.1.1.5',
  });
  assert.deepEqual(places(faults), []);
  assert.deepEqual(lines(records), [
    'a.o.t.example. 5 A 1.1.1.1',
    'x.p.o.t.example. 5 A 1.1.1.3',
    'q.p.o.t.example. 5 A 1.1.1.4',
    'y.q.p.o.t.example. 6 A 1.1.1.5',
    'a.o.t.example. 6 A 1.1.1.2',
    'y.o.t.example. 6 A 1.1.1.5',
  ]);
  assert.deepEqual(records.files, ['/zones/t.example.zone', '/zones/d/one.inc', '/zones/d/two.inc']);
  assert.deepEqual([...records.file.subarray(0, 6)], [0, 1, 1, 2, 0, 2]);
});

test('faults in an included file stand in that file, those of $INCLUDE where it is written', () => {
  const { faults } = load({
    't.example.zone': '$TTL 5\n$INCLUDE one.inc\n$INCLUDE gone.inc\n$INCLUDE\n$INCLUDE one.inc a..b\na A x',
    'one.inc': ' A 1.1.1.1\nb A y',
  });
  assert.deepEqual(
    faults.map((fault) => `${fault.file.slice(7)}:${fault.line}:${fault.column} ${fault.what}`),
    [
      'one.inc:1:2 a record without an owner, and none stands before it',
      'one.inc:2:5 "y" is no IPv4 address',
      't.example.zone:3:10 cannot read /zones/gone.inc: there is no such file or folder',
      't.example.zone:4:9 the record ends where a file name is expected',
      't.example.zone:5:18 the name has an empty label: "a..b"',
      't.example.zone:6:5 "x" is no IPv4 address',
    ],
  );
});

test('$INCLUDE ends: cycles, depth, number', () => {
  const cycle = load({
    't.example.zone': '$INCLUDE a',
    a: '$INCLUDE b',
    b: '$INCLUDE a\n$INCLUDE t.example.zone',
  });
  assert.deepEqual(places(cycle.faults), [
    '1:10 /zones/a includes itself',
    '2:10 /zones/t.example.zone includes itself',
  ]);
  const chain = (depth: number) => {
    const files: Record<string, string> = {
      't.example.zone': '$INCLUDE 1',
      [String(depth)]: 'a 5 A 1.1.1.1',
    };
    for (let n = 1; n < depth; n++) files[String(n)] = `$INCLUDE ${n + 1}`;
    return load(files);
  };
  assert.deepEqual(places(chain(includeDepthMax).faults), []);
  assert.match(chain(includeDepthMax + 1).faults[0]!.what, /nested deeper than 8 levels/);
  const many = (count: number) => load({ 't.example.zone': '$INCLUDE a\n'.repeat(count), a: '' }).faults;
  assert.deepEqual(many(includesMax), []);
  assert.match(many(includesMax + 1)[0]!.what, /more than 1000 files/);
});

test('any octets give records or faults, and never a throw', () => {
  const alphabet = 'a.@\\"();$ \t\n\r=,#1230INAMXTXT\0\u00ff';
  let state = 1;
  const below = (n: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % n;
  };
  for (let round = 0; round < 3000; round++) {
    const text = Uint8Array.from({ length: below(80) }, () => alphabet.charCodeAt(below(alphabet.length)));
    const { records, faults } = load({ 't.example.zone': text });
    assert.equal(lines(records).length, records.count);
    for (const fault of faults) assert.ok(fault.line >= 1 && fault.column >= 1 && fault.what !== '');
  }
});
