// The YAML of a name joined with the zone's addresses: members, endpoints, and the faults between two files.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressSet, type MemberConfig, makePool, type PoolConfig } from '../../src/balance/members.ts';
import { choosePool } from '../../src/balance/pool.ts';
import { printFault } from '../../src/faults.ts';
import { type Check, checkDefaults } from '../../src/health/check.ts';
import { poolSizeMax } from '../../src/limits.ts';
import { parseAddressText } from '../../src/wire/literals.ts';
import { parseNameText } from '../../src/wire/names.ts';

const web: Check = { kind: 'http', port: 80, options: {}, ...checkDefaults };
const admin: Check = { ...web, port: 8081 };

/** Members stand in lines of their own, from line 10 on. */
function configOf(
  members: Readonly<Record<string, Partial<MemberConfig>>>,
  change: Partial<PoolConfig> = {},
): PoolConfig {
  const entries = Object.entries(members).map(([address, said], i): [string, MemberConfig] => {
    const place = { file: 'x.yaml', line: 10 + i, column: 7 };
    const unsaid = {
      name: undefined,
      weight: undefined,
      tier: undefined,
      group: undefined,
      located: undefined,
      check: undefined,
    };
    return [address, { ...unsaid, place, ...said }];
  });
  return {
    owner: 'www.site.example.',
    check: web,
    policy: 'weighted',
    answers: 'auto',
    spread: 'none',
    minUp: 1,
    trickle: 0,
    places: [{ place: '', order: [] }],
    settingPlaces: new Map(),
    ttl: { stable: undefined, unsettled: 5 },
    whenAllDown: 'all',
    whenAllDownPlaces: [],
    members: new Map(entries),
    place: { file: 'x.yaml', line: 3, column: 3 },
    ...change,
  };
}

function zoneOf(...texts: string[]): AddressSet[] {
  const octets = texts.map((text) => parseAddressText(text)!);
  return [
    { family: 1 as const, ttl: 60, rdata: octets.filter(({ length }) => length === 4) },
    { family: 28 as const, ttl: 90, rdata: octets.filter(({ length }) => length === 16) },
  ].filter(({ rdata }) => rdata.length > 0);
}

function faultsOf(config: PoolConfig, ...zone: string[]): string[] {
  return makePool(config, zoneOf(...zone)).faults.map(printFault);
}

test('every address of the zone is a member, weight 1, unless said otherwise', () => {
  const { pool, endpoints, faults } = makePool(
    configOf({
      '192.0.2.1': { name: 'web1', weight: 3 },
      '2001:db8::1': { name: 'web1' },
      '192.0.2.9': { weight: 0, check: admin },
    }),
    zoneOf('192.0.2.1', '192.0.2.2', '192.0.2.9', '2001:db8::1'),
  );
  assert.deepEqual(faults, []);
  const members = pool.members.map(({ name, weight, addresses }) => [
    name,
    weight,
    ...addresses.map((a) => a.text),
  ]);
  assert.deepEqual(members, [
    ['web1', 3, '192.0.2.1', '2001:db8::1'],
    ['192.0.2.2', 1, '192.0.2.2'],
    ['192.0.2.9', 0, '192.0.2.9'],
  ]);
  assert.deepEqual(pool.ttl, { stable: undefined, unsettled: 5, rrset: { 1: 60, 28: 90 } });
  assert.deepEqual(
    endpoints.map(({ address, check }) => `${address} ${check.port}`),
    ['192.0.2.1 80', '192.0.2.2 80', '192.0.2.9 8081', '2001:db8::1 80'],
  );
  const keys = pool.members.flatMap(({ addresses }) => addresses.map(({ endpoint }) => endpoint));
  assert.deepEqual(new Set(keys), new Set(endpoints.map(({ key }) => key)));
});

test('without a check nothing is watched', () => {
  const { pool, endpoints } = makePool(configOf({}, { check: undefined }), zoneOf('192.0.2.1'));
  assert.deepEqual(endpoints, []);
  assert.equal(pool.members[0]!.addresses[0]!.endpoint, undefined);
});

test('faults between the two files', () => {
  assert.deepEqual(
    faultsOf(configOf({ '192.0.2.11': {}, '198.51.100.77': {} }), '192.0.2.12', '192.0.2.13'),
    [
      'x.yaml:10:7: error: 192.0.2.11 is no address of www.site.example. in the zone' +
        ' (did you mean "192.0.2.12"?)',
      'x.yaml:11:7: error: 198.51.100.77 is no address of www.site.example. in the zone' +
        ' (one of: 192.0.2.12, 192.0.2.13)',
    ],
  );
  assert.deepEqual(faultsOf(configOf({ '192.0.2.1': {} })), [
    'x.yaml:3:3: error: www.site.example. is balanced, but the zone has no A, AAAA or CNAME record for it' +
      ' (add its addresses to the zone file, or remove it here)',
  ]);
  const absent = configOf({ '192.0.2.1': { name: 'web1' } }, { whenAllDown: ['web1'] });
  assert.equal(faultsOf(absent, '192.0.2.2').length, 1);
  const named = configOf({ '192.0.2.1': { name: 'a', weight: 2 }, '2001:db8::1': { name: 'a', weight: 3 } });
  assert.deepEqual(faultsOf(named, '192.0.2.1', '2001:db8::1'), [
    'x.yaml:11:7: error: member "a" has the weight 3 here and 2 at another address' +
      ' (addresses with one name are one member with one weight; give it once)',
  ]);
  const whenAllDownPlaces = [1, 2].map((column) => ({ file: 'x.yaml', line: 5, column }));
  const listed = configOf(
    { '192.0.2.1': { name: 'web1' } },
    { whenAllDown: ['web1', 'web'], whenAllDownPlaces },
  );
  assert.deepEqual(faultsOf(listed, '192.0.2.1'), [
    'x.yaml:5:2: error: when-all-down names "web", which is no member of www.site.example.' +
      ' (did you mean "web1"?)',
  ]);
});

test('a tier and a group are said once for a member, like its weight', () => {
  const { pool, faults } = makePool(
    configOf({
      '192.0.2.1': { name: 'a', tier: 2 },
      '2001:db8::1': { name: 'a', group: 'rack1' },
      '192.0.2.2': {},
    }),
    zoneOf('192.0.2.1', '192.0.2.2', '2001:db8::1'),
  );
  assert.deepEqual(faults, []);
  assert.deepEqual(
    pool.members.map(({ name, weight, tier, group }) => [name, weight, tier, group]),
    [
      ['a', 1, 2, 'rack1'],
      ['192.0.2.2', 1, 1, undefined],
    ],
  );
  const twice = configOf({
    '192.0.2.1': { name: 'a', tier: 2, group: 'rack1' },
    '2001:db8::1': { name: 'a', tier: 1, group: 'rack2' },
  });
  assert.deepEqual(faultsOf(twice, '192.0.2.1', '2001:db8::1'), [
    'x.yaml:11:7: error: member "a" has the tier 1 here and 2 at another address' +
      ' (addresses with one name are one member with one tier; give it once)',
    'x.yaml:11:7: error: member "a" has the group rack2 here and rack1 at another address' +
      ' (addresses with one name are one member with one group; give it once)',
  ]);
});

test('settings that cannot do what they are for are warned of, at their place', () => {
  const settingPlaces = new Map(
    ['spread', 'min-up', 'trickle'].map((key, i) => [key, { file: 'x.yaml', line: 5 + i, column: 9 }]),
  );
  const warned = (change: Partial<PoolConfig>, members: Parameters<typeof configOf>[0], ...zone: string[]) =>
    faultsOf(configOf(members, { policy: 'failover', settingPlaces, ...change }), ...zone);
  const four = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1'];
  const tiers = { '192.0.2.3': { tier: 2 }, '2001:db8::1': { tier: 2, group: 'x' } };
  assert.deepEqual(warned({ minUp: 2 }, tiers, ...four), [
    'x.yaml:6:9: warning: min-up is 2, but tier 2 never has more than 1 in use in A: it always fails' +
      ' (at most 1)',
    'x.yaml:6:9: warning: min-up is 2, but tier 2 never has more than 1 in use in AAAA: it always fails' +
      ' (at most 1)',
  ]);
  assert.deepEqual(warned({ minUp: 1, trickle: 0.1, spread: 'group' }, tiers, ...four), []);
  assert.deepEqual(warned({ minUp: 2 }, { '192.0.2.2': { weight: 0 } }, '192.0.2.1', '192.0.2.2'), [
    'x.yaml:6:9: warning: min-up is 2, but tier 1 never has more than 1 in use in A: it always fails' +
      ' (at most 1)',
  ]);
  assert.deepEqual(warned({ trickle: 0.1, spread: 'group' }, {}, '192.0.2.1'), [
    'x.yaml:7:9: warning: there is no tier for the trickle (give some of the members "tier: 2")',
    'x.yaml:5:9: warning: no member has a group, so each is its own' +
      ' (give the members groups, as in "group: rack1")',
  ]);
});

/** A CNAME of the zone with this target. */
const aliasOf = (target: string): AddressSet[] => [
  { family: 5, ttl: 60, rdata: [parseNameText(target).name!] },
];

test('the target of a CNAME and the names beside it are members, of which each response has one', () => {
  const { pool, endpoints, faults } = makePool(
    configOf({ 'lb2.site.example.': { name: 'two', weight: 3 }, 'cdn.example.net.': {} }, { policy: 'all' }),
    aliasOf('LB1.site.example.'),
  );
  assert.deepEqual(faults, []);
  assert.deepEqual(
    pool.members.map(({ name, weight, addresses }) => [name, weight, addresses.map(({ text }) => text)]),
    [
      ['lb1.site.example.', 1, ['lb1.site.example.']],
      ['two', 3, ['lb2.site.example.']],
      ['cdn.example.net.', 1, ['cdn.example.net.']],
    ],
  );
  assert.equal(pool.answers, 1);
  assert.deepEqual(pool.ttl.rrset, { 5: 60 });
  assert.deepEqual(
    endpoints.map(({ address }) => address),
    ['lb1.site.example.', 'lb2.site.example.', 'cdn.example.net.'],
  );
  const [choice, ...others] = choosePool(pool, () => ({ verdict: 'up', settled: true }));
  assert.deepEqual(others, []);
  assert.deepEqual([choice!.family, choice!.answers], [5, 1]);
  assert.deepEqual(
    choice!.standings.map(({ share }) => share),
    [0.2, 0.6, 0.2],
  );
});

test('what the YAML says of the zone’s own target holds for it', () => {
  const { pool } = makePool(configOf({ 'lb1.site.example.': { weight: 0 } }), aliasOf('lb1.site.example.'));
  assert.deepEqual(
    pool.members.map(({ name, weight }) => [name, weight]),
    [['lb1.site.example.', 0]],
  );
});

test('names and addresses are not mixed, and an alias leads elsewhere, once', () => {
  const settingPlaces = new Map([['answers', { file: 'x.yaml', line: 5, column: 14 }]]);
  const mixed = configOf(
    { '192.0.2.1': {}, 'www.site.example.': {}, 'lb2.site.example.': {} },
    { answers: 2, settingPlaces },
  );
  assert.deepEqual(makePool(mixed, aliasOf('lb1.site.example.')).faults.map(printFault), [
    'x.yaml:10:7: error: 192.0.2.1 is an address, but www.site.example. is a CNAME in the zone' +
      ' (its members are names, such as lb1.site.example.)',
    'x.yaml:11:7: error: www.site.example. cannot be an alias of itself',
    'x.yaml:5:14: error: answers is 2, but www.site.example. is a CNAME in the zone' +
      ' (a response has one CNAME: remove it)',
  ]);
  assert.deepEqual(faultsOf(configOf({ 'lb2.site.example.': {} }), '192.0.2.1'), [
    'x.yaml:10:7: error: lb2.site.example. is no address of www.site.example. in the zone' +
      ' (names are members where the zone has a CNAME for the owner; here they are addresses)',
  ]);
});

test('the largest pool, and one past it', () => {
  const texts = (n: number) => Array.from({ length: n }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  assert.deepEqual(faultsOf(configOf({}), ...texts(poolSizeMax)), []);
  assert.match(
    faultsOf(configOf({}), ...texts(poolSizeMax + 1))[0]!,
    /has 4097 addresses of one family \(at most 4096 can be balanced\)/,
  );
});
