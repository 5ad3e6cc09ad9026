// The YAML as a target: a zone's file and, behind a separator, steerdns.yaml, both in memory; what is good is
// made into pools, chosen from and compiled into answer sets.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { compileSets } from '../../src/answer/compilesets.ts';
import { setsMagic, tableFault } from '../../src/answer/layout.ts';
import { makePool } from '../../src/balance/members.ts';
import { choosePool } from '../../src/balance/pool.ts';
import { type LoadedConfig, loadConfig } from '../../src/config.ts';
import { printFault, refuses } from '../../src/faults.ts';
import { repeated, type Target } from './target.ts';

const separator = 0x1c;
const id = '0123456789abcdef';
const names = ['site.example.yaml', 'site.example.zone', 'steerdns.yaml'];
/** A load may cost this, and this for each octet: see timeMaxMs() below. */
const timeFixedMs = 1;
const timePerOctetMs = 0.02;
const addresses = [
  { family: 1, ttl: 300, rdata: [1, 2, 3, 4].map((last) => Uint8Array.of(192, 0, 2, last)) },
  {
    family: 28,
    ttl: 300,
    rdata: [Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])],
  },
] as const;

/** Octets read by the last run. */
let cost = 0;

export const yamlTarget: Target = {
  name: 'yaml',
  sizeMax: 65_535,
  seeds: seeds(),
  large: large(),
  words: words(),
  guide: /\/src\/(config|balance)/,
  run,
  // Linear: the library wants a few microseconds for an octet of good YAML, and more where each is a node.
  timeMaxMs: () => timeFixedMs + cost * timePerOctetMs,
};

function run(input: Uint8Array): number {
  const cut = input.indexOf(separator);
  const files: readonly Uint8Array[] = [
    cut < 0 ? input : input.subarray(0, cut),
    new Uint8Array(0),
    cut < 0 ? new Uint8Array(0) : input.subarray(cut + 1),
  ];
  cost = input.length;
  const startedAt = performance.now();
  const loaded = loadConfig(
    '.',
    () => names,
    (path) => files[names.indexOf(path)]!,
  );
  const tookMs = performance.now() - startedAt;
  checkFaults(loaded, files);
  checkPools(loaded, input.length);
  return tookMs;
}

function checkFaults({ faults }: LoadedConfig, files: readonly Uint8Array[]): void {
  // The library ends lines at a carriage return, too.
  const linesOf = files.map(
    (octets) => octets.filter((octet) => octet === 0x0a || octet === 0x0d).length + 1,
  );
  for (const fault of faults) {
    const octets = files[names.indexOf(fault.file)];
    assert.ok(octets !== undefined, `fault of another file: ${printFault(fault)}`);
    const lines = linesOf[names.indexOf(fault.file)]!;
    const isPlace = fault.line >= 1 && fault.line <= lines + 1 && fault.column >= 1;
    assert.ok(isPlace && fault.column <= octets.length + 1, `fault without a place: ${printFault(fault)}`);
    assert.match(printFault(fault), /^\P{Cc}+$/u);
  }
}

/** What is good can be chosen from: shares that add up, whoever is down. */
function checkPools({ config, faults }: LoadedConfig, salt: number): void {
  const zone = config.zones[0];
  assert.ok(zone !== undefined);
  assert.ok(zone.isWhole || refuses(faults), 'a pool is left out and nothing is said');
  const verdicts = ['up', 'down', 'unknown'] as const;
  const choices = zone.pools.flatMap((poolConfig, n) => {
    const { pool, faults: ownFaults } = makePool(poolConfig, addresses);
    for (const fault of ownFaults) assert.match(printFault(fault), /^\P{Cc}+$/u);
    if (refuses(ownFaults)) return [];
    const healthOf = (endpoint: string): { verdict: 'up' | 'down' | 'unknown'; settled: boolean } => ({
      verdict: verdicts[(salt + n + endpoint.length + endpoint.charCodeAt(endpoint.length - 1)) % 3]!,
      settled: salt % 2 === 0,
    });
    return choosePool(pool, healthOf);
  });
  for (const { mode, sets, pick } of choices) {
    const parts = pick.by === 'place' ? pick.places : [{ first: 0, count: sets.length }];
    for (const { first, count } of parts) {
      const sum = sets.slice(first, first + count).reduce((all, { share }) => all + share, 0);
      assert.ok(mode === 'sets' ? Math.abs(sum - 1) < 1e-9 : sum === 0, `shares add up to ${sum}`);
    }
  }
  if (choices.length > 0) assert.equal(tableFault(compileSets(id, 1, choices), setsMagic), undefined);
}

function seeds(): Uint8Array[] {
  const texts = readFileSync(new URL('../config/faults.txt', import.meta.url), 'utf8')
    .split(/^== /m)
    .slice(1)
    .map((text) => {
      const file = (name: string): string =>
        (/^(?:\| .*\n)*/.exec(text.split(`-- ${name}\n`)[1] ?? '')?.[0] ?? '').replace(/^\| /gm, '');
      return `${file('site.example.yaml')}\x1c${file('steerdns.yaml')}`;
    });
  const site = readFileSync(new URL('../../zones/site.example.yaml', import.meta.url), 'utf8');
  const balance =
    'checks:\n  web: { type: http, port: 80, path: /x }\nbalance:\n' +
    '  "@": { check: web, answers: 2, ttl: { stable: 1h, unsettled: 5 }, when-all-down: servfail,\n' +
    '    members: { 192.0.2.1: { weight: 3, name: a }, 192.0.2.2: { weight: 0 },\n' +
    '      192.0.2.3: { name: b } } }\n' +
    '  www: { check: web, answers: auto, when-all-down: none }\n' +
    '  api: &a { check: web, when-all-down: [a, 192.0.2.4], members: { 192.0.2.1: { name: a } } }\n' +
    '  old: *a\n  new: { policy: weighted }\n' +
    '  tiers: { policy: failover, min-up: 2, trickle: 5%, spread: group,\n' +
    '    members: { 192.0.2.1: { tier: 2, group: r1 }, 192.0.2.2: { group: r1 } } }\n' +
    '  every: { policy: all, answers: 3 }\n';
  return [...texts, site, balance].map((text) => new Uint8Array(Buffer.from(text)));
}

function words(): Uint8Array[] {
  return [
    ...[
      'checks:',
      'balance:',
      'listen:',
      'workers:',
      'control:',
      'mode:',
      'group:',
      'type:',
      'port:',
      'path:',
    ],
    ...['host:', 'expect:', 'body:', 'interval:', 'timeout:', 'fall:', 'rise:', 'recheck:', 'verify-tls:'],
    ...[
      'check:',
      'policy:',
      'answers:',
      'ttl:',
      'stable:',
      'unsettled:',
      'when-all-down:',
      'members:',
      'weight:',
      'tier:',
      'spread:',
      'min-up:',
      'trickle:',
      'failover',
    ],
    ...[
      'name:',
      'http',
      'https',
      'tcp',
      'auto',
      'weighted',
      'all',
      'none',
      'servfail',
      'method:',
      'HEAD',
      '"@"',
    ],
    ...[
      '\n',
      '\n  ',
      '\n    ',
      ' ',
      ': ',
      ':',
      ', ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '[[',
      '{{',
      '&a ',
      '*a',
      '!!str ',
    ],
    ...[
      '"',
      "'",
      '|\n',
      '>\n',
      '? ',
      '---\n',
      '...\n',
      '%YAML 1.2\n',
      '#',
      '\t',
      '\r',
      '\u0085',
      '\u2028',
      '\x1c',
    ],
    ...[
      '0',
      '-1',
      '1e309',
      '0x10',
      '0o777',
      '65536',
      '4294967296',
      '1.5',
      '1h',
      '500ms',
      'null',
      '~',
      'true',
    ],
    ...[
      '192.0.2.1',
      '192.0.2.4',
      '2001:db8::1',
      '::1',
      '__proto__',
      'constructor',
      '<<: *a',
      'site.example.',
    ],
    ...['\ufeff', '\u{1f600}', '\ud800'],
  ].map((word) => new Uint8Array(Buffer.from(word)));
}

function large(): Uint8Array[] {
  const size = 16_384;
  const pieces = [
    '[',
    '{',
    '- ',
    '? ',
    'a: {',
    'a:\n',
    '"',
    "'",
    '\t',
    '\r',
    '\n',
    ' ',
    '# ',
    '&a ',
    '!a ',
    '*a\n',
  ];
  const lines = ['---\n', '...\n', '%YAML 1.2\n', 'a: |\n', ': ', 'a\n', 'a', '\xff', '\x1c'];
  const between: readonly [string, string, string?][] = [
    ['a: &a [', 'x,', ']\nb: [*a,*a,*a]'],
    ['a: "', '\\x41', '"'],
    ['a: >\n', '  b\n'],
    ['balance:\n  www: { when-all-down: [', 'a,', '] }'],
    ['balance:\n', '  www: {}\n'],
    ['\x1clisten: [', '1,', ']'],
    ['\x1crate-limit: { exempt: [', '10.0.0.0/8,', '] }'],
    ['checks:\n  w: { type: http, expect: [', '200,', '] }'],
    ['checks:\n  w: { type: http, path: "/', '%2', '" }'],
    ['checks:\n  w: { type: http, host: "', 'a.', '" }'],
    ['checks:\n  w: { ', 'typ', ': http }'],
  ];
  return [
    ...[...pieces, ...lines].map((piece) => repeated(size, '', piece)),
    ...between.map(([before, piece, behind]) => repeated(size, before, piece, behind)),
  ];
}
