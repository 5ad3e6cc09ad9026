// SVCB and HTTPS records that follow the members of pools: targets and hints, as a zone that was loaded has
// them and as they are given. SRV records have their cases in cases/follow.txt.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { followAll } from '../../src/balance/follow.ts';
import type { Hand } from '../../src/balance/hand.ts';
import { poolState } from '../../src/balance/state.ts';
import { loadAll } from '../../src/control/load.ts';
import { hintsOf, withoutHints } from '../../src/wire/hints.ts';
import { parseAddressText, printAddress } from '../../src/wire/literals.ts';
import { printRdata, typeText } from '../../src/wire/rdata.ts';

const folder = mkdtempSync(join(tmpdir(), 'follow-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const zone = `$TTL 120
@      SOA   ns h 1 3600 600 86400 90
@      NS    ns
ns     A     192.0.2.1
www    A     192.0.2.11
www    A     192.0.2.12
www    AAAA  2001:db8::11
web2   A     192.0.2.12
www    HTTPS 1 . alpn=h2 ipv4hint=192.0.2.11,192.0.2.12 ipv6hint=2001:db8::11
@      HTTPS 0 www
two    HTTPS 1 web2 alpn=h2 ipv4hint=192.0.2.12
two    HTTPS 2 ns ipv4hint=192.0.2.1,192.0.2.12
must   SVCB  1 ns mandatory=ipv4hint ipv4hint=192.0.2.12
far    SVCB  1 elsewhere.invalid. ipv4hint=198.51.100.1
_s     SRV   1 1 80 elsewhere.invalid.
`;
const yaml = `checks: { web: { type: tcp, port: 80 } }
balance: { www: { check: web, ttl: { unsettled: 9s } } }
`;

/** What is given of each follower while these addresses are down, or in somebody's hand. */
function given(
  down: readonly string[],
  hands: Readonly<Record<string, Hand>> = {},
  settings = yaml,
): Record<string, string[]> {
  writeFileSync(join(folder, 'x.test.zone'), zone);
  writeFileSync(join(folder, 'x.test.yaml'), settings);
  const { zones, faults } = loadAll({ dir: folder, tablesDir: undefined, known: [] });
  assert.deepEqual(faults, []);
  const [{ pools, followers, endpoints }] = zones as [(typeof zones)[number]];
  const addressOf = new Map(endpoints.map(({ key, address }) => [key, address]));
  const states = pools.map((pool) =>
    poolState(
      pool,
      (key) => {
        const isDown = down.includes(addressOf.get(key)!);
        return isDown ? { verdict: 'down', settled: true } : { verdict: 'up', settled: true };
      },
      {
        now: 0,
        followersTtl: 120,
        handOf: (_owner, _member, address) => (hands[address] === undefined ? [] : [hands[address]]),
      },
    ),
  );
  const choices = followAll(followers, pools, states);
  return Object.fromEntries(
    followers.map(({ owner, type }, i) => [
      `${owner} ${typeText(type)}`,
      choices[i]!.records.map(
        ({ rdata }) => `${choices[i]!.ttl} ${printRdata(type, rdata).replaceAll('"', '')}`,
      ),
    ]),
  );
}

const well = {
  'x.test. HTTPS': ['120 0 www.x.test.'],
  'www.x.test. HTTPS': ['120 1 . alpn=h2 ipv4hint=192.0.2.11,192.0.2.12 ipv6hint=2001:db8::11'],
  'two.x.test. HTTPS': [
    '120 1 web2.x.test. alpn=h2 ipv4hint=192.0.2.12',
    '120 2 ns.x.test. ipv4hint=192.0.2.1,192.0.2.12',
  ],
  'must.x.test. SVCB': ['120 1 ns.x.test. mandatory=ipv4hint ipv4hint=192.0.2.12'],
};

test('what leads to a member follows, and is given whole while all is well', () => {
  assert.deepEqual(given([]), well);
});

test('records and hints that lead to what is down are left out, but a mandatory hint', () => {
  assert.deepEqual(given(['192.0.2.12']), {
    'x.test. HTTPS': ['9 0 www.x.test.'],
    'www.x.test. HTTPS': ['9 1 . alpn=h2 ipv4hint=192.0.2.11 ipv6hint=2001:db8::11'],
    'two.x.test. HTTPS': ['9 2 ns.x.test. ipv4hint=192.0.2.1'],
    'must.x.test. SVCB': ['9 1 ns.x.test. mandatory=ipv4hint ipv4hint=192.0.2.12'],
  });
});

test('a hint of which nothing is left goes', () => {
  const { 'www.x.test. HTTPS': records } = given(['2001:db8::11']);
  assert.deepEqual(records, ['9 1 . alpn=h2 ipv4hint=192.0.2.11,192.0.2.12']);
});

test('where all records would be left out, all are given as they are', () => {
  const all = given(['192.0.2.11', '192.0.2.12', '2001:db8::11']);
  assert.deepEqual(all['www.x.test. HTTPS'], [well['www.x.test. HTTPS'][0]!.replace('120', '9')]);
  assert.deepEqual(all['x.test. HTTPS'], ['9 0 www.x.test.']);
});

test('a member in the operator’s hand is out, or is not', () => {
  const drained = given([], { '192.0.2.12': { state: 'drain', reason: '' } });
  assert.deepEqual(drained['two.x.test. HTTPS'], ['9 2 ns.x.test. ipv4hint=192.0.2.1']);
  const kept = given(['192.0.2.12'], { '192.0.2.12': { state: 'up', reason: '' } });
  assert.deepEqual(kept, well);
});

test('what is going to be drained is counted down, the whole record with its last address', () => {
  const at = (seconds: number): Hand => ({ state: 'drain', from: seconds * 1000, reason: '' });
  const soon = given([], { '192.0.2.12': at(21) });
  const ttls = (all: Record<string, string[]>) =>
    Object.values(all).map(([record]) => Number(record!.split(' ')[0]));
  assert.deepEqual(ttls(soon), [120, 20, 20, 20]); // www has two more addresses, so its alias stays
  const all = { '192.0.2.11': at(21), '192.0.2.12': at(31), '2001:db8::11': at(11) };
  assert.deepEqual(ttls(given([], all)), [30, 10, 30, 30]);
  assert.deepEqual(ttls(given(['192.0.2.11', '2001:db8::11'], { '192.0.2.12': at(21) })), [9, 9, 20, 20]);
  assert.deepEqual(given([], { '192.0.2.12': at(7200) }), well);
});

test('an address without a check is counted down too, and has no say before', () => {
  const unchecked = yaml.replace('check: web, ', '');
  const all = given([], { '192.0.2.12': { state: 'drain', from: 21_000, reason: '' } }, unchecked);
  assert.deepEqual(all['www.x.test. HTTPS'], [well['www.x.test. HTTPS'][0]!.replace('120', '20')]);
});

test('hints are read and taken out by octets', () => {
  const four = ['192.0.2.1', '192.0.2.2'].flatMap((text) => [...parseAddressText(text)!]);
  const six = [...parseAddressText('2001:db8::1')!];
  // Priority 1, the target x., alpn, ipv4hint, ech, ipv6hint, a key of its own.
  const alpn = [0, 1, 0, 3, 2, 104, 50];
  const [ech, own] = [
    [0, 5, 0, 1, 7],
    [0, 99, 0, 0],
  ];
  const head = [0, 1, 1, 120, 0];
  const whole = Uint8Array.of(...head, ...alpn, 0, 4, 0, 8, ...four, ...ech, 0, 6, 0, 16, ...six, ...own);
  assert.deepEqual(
    hintsOf(whole).map((hint) => printAddress(hint)),
    ['192.0.2.1', '192.0.2.2', '2001:db8::1'],
  );
  assert.deepEqual(
    withoutHints(whole, () => false),
    whole,
  );
  const none = withoutHints(whole, () => true);
  assert.deepEqual(none, Uint8Array.of(...head, ...alpn, ...ech, ...own));
  const one = withoutHints(whole, (hint) => printAddress(hint) !== '192.0.2.2');
  assert.deepEqual(one, Uint8Array.of(...head, ...alpn, 0, 4, 0, 4, ...four.slice(4), ...ech, ...own));
  assert.deepEqual(
    withoutHints(Uint8Array.of(0, 0, 0), () => true),
    Uint8Array.of(0, 0, 0),
  );
});
