// Where clients are, from the YAML and an MMDB file to a table: what overrides what, which places are in use,
// and files that are damaged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPlace, PLACE_PART } from '../../src/answer/places.ts';
import { loadConfig } from '../../src/config.ts';
import { walkMmdb } from '../../src/control/mmdb.ts';
import { type MadePlaces, makePlaces } from '../../src/control/places.ts';
import { printFault } from '../../src/faults.ts';
import { parseAddressText, printAddress } from '../../src/wire/literals.ts';
import { writeMmdb } from '../mmdb.ts';

const world = [
  '192.0.2.0/24 DE EU',
  '192.0.2.64/26 FR EU',
  '198.51.100.0/23 US NA',
  '203.0.113.0/24 JP AS',
  '10.0.0.0/8 - EU',
  '2001:db8::/32 DE EU',
  '2001:db9:8000::/33 JP -',
];

const zone = (members: string, policy = 'nearest') => `balance: { www: { policy: ${policy}, ${members} } }`;
const euAndUs = 'members: { 192.0.2.1: { place: eu }, 192.0.2.2: { place: us } }';

function make(
  server: string,
  yaml = zone(euAndUs),
  mmdb: Uint8Array = writeMmdb(world),
  known?: MadePlaces,
): MadePlaces | undefined {
  const text = (content: string) => new TextEncoder().encode(content);
  const files: Readonly<Record<string, Uint8Array>> = {
    'site.example.zone': text(''),
    'site.example.yaml': text(yaml),
    'steerdns.yaml': text(server),
    'country.mmdb': mmdb,
  };
  const { config, faults } = loadConfig(
    '.',
    () => Object.keys(files),
    (path) => files[path]!,
  );
  assert.deepEqual(faults.map(printFault), []);
  const pools = config.zones.flatMap((one) => one.pools);
  return makePlaces(
    config.places,
    pools,
    { digest: (path) => Buffer.from(files[path]!).toString('hex') },
    known,
  );
}

/** The place of each address, by its name. */
function placesOf(made: MadePlaces | undefined, ...texts: readonly string[]): string {
  const words = new Uint32Array(made!.table.buffer);
  return texts
    .map((text) => {
      const address = parseAddressText(text)!;
      const place = findPlace(words, address, 0, address.length) & PLACE_PART.number;
      return place === 0 ? '-' : made!.names[place - 1];
    })
    .join(' ');
}

const everywhere = `mmdb: country.mmdb
places:
  eu: { continents: EU, networks: 198.51.100.128/25, fallback: [us] }
  us: { countries: [US, FR], networks: 192.0.2.192/28 }
  elsewhere: { fallback: us }
`;

test('networks by hand override the MMDB file, and countries override continents', () => {
  const made = make(everywhere);
  assert.deepEqual(made!.faults, []);
  const addresses = ['192.0.2.1', '192.0.2.65', '192.0.2.193', '198.51.100.1', '198.51.100.129', '10.1.1.1'];
  assert.equal(placesOf(made, ...addresses), 'eu us us us eu eu');
  assert.equal(placesOf(made, '203.0.113.1', '192.0.3.1', '2001:db8::1', '2001:db9::1'), '- - eu -');
});

test('every form of MMDB file says the same', () => {
  for (const recordSize of [24, 28, 32] as const) {
    for (const withAliases of [false, true]) {
      const made = make(everywhere, zone(euAndUs), writeMmdb(world, { recordSize, withAliases }));
      assert.equal(placesOf(made, '192.0.2.1', '192.0.2.65', '198.51.101.1', '2001:db8::1'), 'eu us us eu');
      assert.equal(placesOf(made, '2002:c000:201::1', '::ffff:0:1'), '- -', 'tunnels are nowhere');
    }
  }
  const only4 = writeMmdb(
    world.filter((line) => !line.includes(':')),
    { ipVersion: 4 },
  );
  assert.equal(placesOf(make(everywhere, zone(euAndUs), only4), '192.0.2.1', '2001:db8::1'), 'eu -');
});

test('each network of the file is walked once, with its length', () => {
  const seen: string[] = [];
  walkMmdb(writeMmdb(world, { withAliases: true }), (address, bits, { country, continent }) => {
    seen.push(`${printAddress(address)}/${bits} ${country}${continent}`);
  });
  assert.deepEqual(seen, [
    '10.0.0.0/8 EU',
    '192.0.2.0/26 DEEU',
    '192.0.2.64/26 FREU',
    '192.0.2.128/25 DEEU',
    '198.51.100.0/23 USNA',
    '203.0.113.0/24 JPAS',
    '2001:db8::/32 DEEU',
    '2001:db9:8000::/33 JP',
  ]);
});

test('places that are served like elsewhere are not in the table', () => {
  const server = `places:
  eu: { networks: 192.0.2.0/24 }
  us: { networks: 198.51.100.0/24 }
  asia: { networks: [203.0.113.0/24, 192.0.2.128/25] }
`;
  const addresses = ['192.0.2.1', '198.51.100.1', '203.0.113.1', '192.0.2.129'] as const;
  const onlyEu = 'members: { 192.0.2.1: { place: eu } }';
  assert.equal(placesOf(make(server, zone(onlyEu)), ...addresses), 'eu - - -');
  assert.equal(
    placesOf(make(`${server}  elsewhere: { fallback: eu }`, zone(onlyEu)), ...addresses),
    'eu us asia asia',
  );
  assert.equal(make(server, zone('answers: 1', 'weighted')), undefined);
  assert.equal(make(server, zone('answers: 1')), undefined, 'no member is anywhere');
});

test('a table is made again when something of it has changed, and only then', () => {
  const made = make(everywhere);
  assert.equal(make(everywhere, zone(euAndUs), writeMmdb(world), made), made);
  const other = make(everywhere, zone(euAndUs), writeMmdb(world.slice(1)), made);
  assert.notEqual(other, made);
  assert.equal(placesOf(other, '192.0.2.1', '192.0.2.65'), '- us');
  assert.notEqual(
    make(everywhere.replace('198.51.100.128/25', '198.51.100.0/25'), undefined, undefined, made),
    made,
  );
});

test('what is wrong with an MMDB file is said where it is named', () => {
  const faultsOf = (mmdb: Uint8Array, server = everywhere) =>
    make(server, zone(euAndUs), mmdb)!.faults.map(printFault);
  assert.match(
    faultsOf(new Uint8Array(100))[0]!,
    /^steerdns\.yaml:1:7: error: this is no MMDB file that can be used: /,
  );
  const good = writeMmdb(world);
  for (const size of [10, 600, good.length - 50]) {
    const [fault = ''] = faultsOf(good.slice(0, size));
    assert.match(fault, /^steerdns\.yaml:1:7: error: this is no MMDB file/, `${size} octets`);
  }
  // The first node's links lead to itself.
  const round = good.slice();
  round.fill(0, 0, 6);
  assert.match(faultsOf(round)[0]!, /its tree has branches that grow together/);
  const absent = everywhere.replace('[US, FR]', '[US, FR, GB]').replace('EU,', '[EU, OC],');
  assert.deepEqual(faultsOf(good, absent), [
    'steerdns.yaml:4:29: warning: the MMDB file has no network in the country GB (is the code right?)',
    'steerdns.yaml:3:26: warning: the MMDB file has no network in the continent OC ' +
      '(does this file have continents?)',
  ]);
});
