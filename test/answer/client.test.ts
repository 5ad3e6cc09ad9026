// Draws that depend on the client: by its bucket and by its place, from the source's address or from the
// client subnet of the query, and the scope that the response then names (RFC 7871 §7.2.1).
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileSets } from '../../src/answer/compilesets.ts';
import { HEADER, SETS, setsMagic, tableFault, tableId } from '../../src/answer/layout.ts';
import { findPlace, placesFault } from '../../src/answer/places.ts';
import { respond } from '../../src/answer/respond.ts';
import { allAlike, type Settings } from '../../src/answer/settings.ts';
import type { Tables } from '../../src/answer/tables.ts';
import type { FamilyChoice, Pick } from '../../src/balance/pool.ts';
import { clientHash } from '../../src/wire/clienthash.ts';
import { parseAddressText } from '../../src/wire/literals.ts';
import { Response } from '../../src/wire/message.ts';
import { Query, TRANSPORT } from '../../src/wire/query.ts';
import { tablesOf } from '../answering.ts';
import { randomFrom } from '../balance/random.ts';
import { parseCases } from '../cases.ts';
import { placesTable } from '../places.ts';
import { types } from '../rows.ts';
import { decode, encode } from '../wire.ts';

const { zones } = parseCases(
  'client.test.ts',
  `zone client.test.
$TTL 60
@      SOA  ns.client.test. admin.client.test. 1 3600 600 86400 60
@      NS   ns.client.test.
ns     A    192.0.2.1
www    A    192.0.2.10
www    A    192.0.2.11
www    A    192.0.2.12
www    A    192.0.2.13
alias  CNAME www
mail   MX   10 www
end
balance client.test.
balance:
  www: { answers: 1 }
end
`,
);

/** West is 1, east 2, and a /20 has an exception in it. */
const table = placesTable(
  [
    ['0.0.0.0/2', 0],
    ['64.0.0.0/3', 0],
    ['96.0.0.0/4', 0],
    ['112.0.0.0/4', 1],
    ['128.0.0.0/2', 2],
    ['192.0.0.0/18', 0],
    ['192.0.64.0/20', 1],
    ['192.0.80.0/24', 2],
    ['192.0.81.0/24', 1],
    ['192.0.82.0/23', 1],
    ['192.0.84.0/22', 1],
    ['192.0.88.0/21', 1],
    ['192.0.96.0/19', 0],
    ['192.0.128.0/17', 0],
    ['192.1.0.0/16', 0],
    ['192.2.0.0/15', 0],
    ['192.4.0.0/14', 0],
    ['192.8.0.0/13', 0],
    ['192.16.0.0/12', 0],
    ['192.32.0.0/11', 0],
    ['192.64.0.0/10', 0],
    ['193.0.0.0/8', 0],
    ['194.0.0.0/7', 0],
    ['196.0.0.0/6', 0],
    ['200.0.0.0/5', 0],
    ['208.0.0.0/4', 0],
    ['224.0.0.0/3', 0],
    ['::/3', 0],
    ['2000::/4', 1],
    ['3000::/4', 0],
    ['4000::/2', 0],
    ['8000::/63', 2],
    ['8000:0:0:2::/64', 1],
    ['8000:0:0:3::/64', 0],
  ],
  2,
);
const places = { table, names: ['west', 'east'] };

/** Four sets of one address each, picked so. */
function choice(pick: Pick, shares: readonly number[] = [0.25, 0.25, 0.25, 0.25]): FamilyChoice {
  const addresses = shares.map((_, i) => ({
    family: 1 as const,
    text: `192.0.2.${10 + i}`,
    rdata: Uint8Array.of(192, 0, 2, 10 + i),
    endpoint: undefined,
  }));
  const sets = shares.map((share, i) => ({ members: [i], share }));
  return {
    ...{ family: 1, mode: 'sets', answers: 1, ttl: 60, negativeTtlMax: 5, standings: [], remarks: [] },
    ...{ addresses, sets, pick },
  } as const;
}

/** Asks as clients of any address do, with and without a client subnet. */
class Clients {
  readonly tables: Tables = tablesOf(zones);
  readonly counts = new Float64Array(8);
  readonly #query = new Query();
  readonly #response = new Response();

  constructor(pick: Pick, change: Partial<Settings> = {}, shares?: readonly number[]) {
    const zone = this.tables.zones[0]!;
    const sets = compileSets(tableId(zone.words), 1, [choice(pick, shares)], places);
    assert.equal(tableFault(sets, setsMagic), undefined);
    this.tables.adopt({
      sets: [{ origin: zone.origin, table: sets, counts: this.counts }],
      settings: {
        ...allAlike,
        ...{ identity: '', version: '', cookieSecrets: undefined, rateLimit: undefined, places },
        ...change,
      },
    });
    this.#response.writeInto(new Uint8Array(4096));
    this.#response.sizeMax = 1232;
  }

  /** The last octet of the address given, and the scope, -1 where the response names none. */
  ask(source: string, subnet?: string, name = 'www.client.test.', type = types.A!): [number, number] {
    const query = this.#query;
    const option = subnet === undefined ? undefined : { code: 8, data: subnetData(subnet) };
    query.octets = encode({
      name,
      type,
      ...(option === undefined ? {} : { edns: { size: 1232, options: [option] } }),
    });
    query.length = query.octets.length;
    query.transport = TRANSPORT.udp;
    const address = parseAddressText(source)!;
    query.source = Uint8Array.of(0, 0, 0, ...address); // as in a batch, somewhere
    query.sourceAt = 3;
    query.sourceSize = address.length;
    const length = respond(this.tables, query, this.#response);
    const message = decode(this.#response.octets.slice(0, length));
    const given = message.answer.at(-1)!;
    const drawn = given.type === types.A ? given : message.additional.at(-1)!;
    const back = message.edns?.options[0]?.data;
    assert.deepEqual(back && [...back].toSpliced(3, 1), option?.data.toSpliced(3, 1));
    return [Number(drawn.data.split('.').at(-1)), back?.[3] ?? -1];
  }
}

/** FAMILY, SOURCE PREFIX-LENGTH, SCOPE PREFIX-LENGTH, ADDRESS (RFC 7871 §6). */
function subnetData(text: string): number[] {
  const [address, length] = text.split('/');
  const octets = parseAddressText(address!)!;
  const bits = Number(length);
  return [0, octets.length === 4 ? 1 : 2, bits, 0, ...octets.slice(0, Math.ceil(bits / 8))];
}

describe('a draw by the client’s bucket', () => {
  const buckets = Uint16Array.from({ length: 64 }, (_, i) => i % 4);
  const pick: Pick = { by: 'client', buckets };
  const bucketOf = (text: string): number => {
    const octets = parseAddressText(text)!;
    return 10 + buckets[clientHash(octets, 0, octets.length) % 64]!;
  };

  it('gives everybody in a network the same, again and again, and counts the set', () => {
    const clients = new Clients(pick);
    for (let i = 0; i < 200; i++) {
      const source = i % 2 === 0 ? `10.0.${i}.7` : `2001:db8:0:${i.toString(16)}00::1`;
      const before = clients.counts.slice();
      const [given] = clients.ask(source);
      assert.equal(given, bucketOf(source), source);
      assert.equal(clients.counts[given - 10], before[given - 10]! + 1);
    }
    assert.deepEqual(clients.ask('10.0.3.1'), clients.ask('::ffff:10.0.3.200'), 'IPv4 in IPv6 clothes');
    assert.deepEqual(clients.ask('10.0.3.1'), clients.ask('10.0.3.9', undefined, 'alias.client.test.'));
  });

  it('goes by the source, and the scope is 0, where the client subnet is off', () => {
    const clients = new Clients(pick);
    for (let i = 0; i < 32; i++) {
      assert.deepEqual(clients.ask('10.0.0.1', `10.1.${i}.0/24`), [bucketOf('10.0.0.1'), 0]);
    }
  });

  it('goes by the client subnet where that is on, and says how much of it counts', () => {
    const clients = new Clients(pick, { clientSubnet: true });
    for (const [subnet, scope, counts] of [
      ['10.1.2.0/24', 24, '10.1.2.0'],
      ['10.1.2.77/32', 24, '10.1.2.0'],
      ['10.1.0.0/16', 24, '10.1.0.0'],
      ['10.1.2.0/23', 24, '10.1.2.0'],
      ['2001:db8:1:200::/56', 56, '2001:db8:1:200::'],
      ['2001:db8:1:2ff::/64', 56, '2001:db8:1:200::'],
      ['2001:db8::/32', 56, '2001:db8::'],
      ['::ffff:10.1.2.77/128', 120, '10.1.2.0'],
      ['::ffff:10.1.0.0/112', 120, '10.1.0.0'],
    ] as const) {
      assert.deepEqual(clients.ask('192.0.2.99', subnet), [bucketOf(counts), scope], subnet);
    }
    assert.deepEqual(clients.ask('10.9.9.9', '0.0.0.0/0'), [bucketOf('10.9.9.9'), 0], 'privacy');
    assert.deepEqual(clients.ask('10.9.9.9', '::/0'), [bucketOf('10.9.9.9'), 0], 'privacy');
    assert.deepEqual(clients.ask('10.9.9.9'), [bucketOf('10.9.9.9'), -1], 'none sent');
    const [, scope] = clients.ask('10.9.9.9', '10.1.2.0/24', 'alias.client.test.');
    assert.equal(scope, 24, 'behind an alias');
  });

  it('leaves additional records to the source, and an answer that is everybody’s has scope 0', () => {
    const clients = new Clients(pick, { clientSubnet: true });
    for (let i = 0; i < 16; i++) {
      const [given, scope] = clients.ask('10.9.9.9', `10.1.${i}.0/24`, 'mail.client.test.', types.MX);
      assert.deepEqual([given, scope], [bucketOf('10.9.9.9'), 0]);
    }
    assert.equal(clients.ask('10.9.9.9', '10.1.2.0/24', 'ns.client.test.')[1], 0);
  });

  it('gives a million random clients of both families the compiled shares', () => {
    const parts = [0.4, 0.3, 0.2, 0.1];
    const size = 4096;
    const compiled = new Uint16Array(size).fill(3);
    compiled.fill(0, 0, 1638).fill(1, 1638, 2867).fill(2, 2867, 3686);
    const clients = new Clients({ by: 'client', buckets: compiled }, {}, parts);
    const random = randomFrom(11);
    const query = new Query();
    query.octets = encode({ name: 'www.client.test.', type: types.A! });
    query.length = query.octets.length;
    query.source = new Uint8Array(16);
    const response = new Response();
    response.writeInto(new Uint8Array(512));
    response.sizeMax = 512;
    const draws = 1_000_000;
    for (let i = 0; i < draws; i++) {
      query.sourceSize = i % 2 === 0 ? 4 : 16;
      for (let at = 0; at < 8; at++) query.source[at] = random.below(256);
      respond(clients.tables, query, response);
    }
    for (const [set, count] of [...clients.counts].slice(0, 4).entries()) {
      const share = compiled.filter((one) => one === set).length / size;
      assert.ok(Math.abs(count / draws - share) < 0.001, `set ${set}: ${count / draws}, compiled ${share}`);
    }
  });

  it('is no draw by bucket where there is one set: nothing depends on the client', () => {
    const clients = new Clients({ by: 'client', buckets: new Uint16Array(4) }, { clientSubnet: true }, [1]);
    assert.deepEqual(clients.ask('10.0.0.1', '10.1.2.0/24'), [10, 0]);
  });
});

describe('a draw by the client’s place', () => {
  const pick: Pick = {
    by: 'place',
    places: [
      { place: '', first: 0, count: 1 },
      { place: 'east', first: 1, count: 1 },
      { place: 'west', first: 2, count: 2 },
    ],
  };
  const shares = [1, 1, 0.75, 0.25];

  it('finds the place of a source, of both families', () => {
    const clients = new Clients(pick, {}, shares);
    assert.equal(clients.ask('10.0.0.1')[0], 10);
    assert.equal(clients.ask('130.0.0.1')[0], 11);
    assert.equal(clients.ask('::ffff:130.0.0.1')[0], 11);
    assert.equal(clients.ask('255.255.255.255')[0], 10);
    assert.equal(clients.ask('8000:0:0:1::1')[0], 11);
    assert.equal(clients.ask('ffff::')[0], 10);
    const given = Array.from({ length: 1000 }, () => clients.ask('2001:db8::1')[0]);
    const first = given.filter((one) => one === 12).length;
    assert.ok(Math.abs(first - 750) <= 3, `${first} of 1000`);
    assert.equal(given.filter((one) => one === 13).length, 1000 - first);
  });

  it('answers for the row of the client subnet, whose length is the scope', () => {
    const clients = new Clients(pick, { clientSubnet: true }, shares);
    assert.deepEqual(clients.ask('10.0.0.1', '130.1.2.0/24'), [11, 2]);
    assert.deepEqual(clients.ask('10.0.0.1', '192.0.80.0/24'), [11, 24]);
    assert.deepEqual(clients.ask('10.0.0.1', '192.0.80.7/32'), [11, 24]);
    assert.equal(clients.ask('10.0.0.1', '192.0.83.0/24')[1], 23);
    // Not long enough to say which row: the first of them, and what would have been enough.
    assert.deepEqual(clients.ask('10.0.0.1', '192.0.80.0/20'), [11, 24]);
    assert.deepEqual(clients.ask('10.0.0.1', '8000:0:0:1::/64'), [11, 63]);
    assert.deepEqual(clients.ask('10.0.0.1', '8000:0:0:3::/64'), [10, 64]);
    assert.deepEqual(clients.ask('130.0.0.1', '0.0.0.0/0'), [11, 0]);
    assert.deepEqual(clients.ask('10.0.0.1', '::ffff:192.0.80.7/128'), [11, 96 + 24]);
  });

  it('is that of everywhere else without places, and with others than the sets were compiled for', () => {
    const none = new Clients(pick, { places: undefined, clientSubnet: true }, shares);
    assert.deepEqual(none.ask('130.0.0.1', '130.1.2.0/24'), [10, 0]);
    const other = placesTable(
      [
        ['0.0.0.0/0', 2],
        ['::/0', 2],
      ],
      2,
    );
    const others = new Clients(pick, { places: { ...places, table: other } }, shares);
    assert.deepEqual(others.ask('130.0.0.1'), [10, -1]);
  });
});

describe('the table of places', () => {
  it('is refused where it is not whole', () => {
    assert.equal(placesFault(table), undefined);
    assert.match(placesFault(table.slice(0, 20))!, /cut off/);
    assert.match(placesFault(table.slice(0, -4))!, /cut off/);
    for (let at = 0; at < table.length; at++) {
      const damaged = table.slice();
      damaged[at]! ^= 1;
      assert.notEqual(placesFault(damaged), undefined, `octet ${at}`);
    }
    assert.match(placesFault(placesTable([['::/0', 0]], 0))!, /rows/);
  });

  it('finds the row of every address at its edges', () => {
    const words = new Uint32Array(table.buffer);
    const found = (text: string): [number, number] => {
      const octets = parseAddressText(text)!;
      const word = findPlace(words, octets, 0, octets.length);
      return [word & 0xffff, word >>> 16];
    };
    assert.deepEqual(found('0.0.0.0'), [0, 2]);
    assert.deepEqual(found('111.255.255.255'), [0, 4]);
    assert.deepEqual(found('112.0.0.0'), [1, 4]);
    assert.deepEqual(found('191.255.255.255'), [2, 2]);
    assert.deepEqual(found('192.0.79.255'), [1, 20]);
    assert.deepEqual(found('192.0.80.0'), [2, 24]);
    assert.deepEqual(found('192.0.80.255'), [2, 24]);
    assert.deepEqual(found('192.0.81.0'), [1, 24]);
    assert.deepEqual(found('255.255.255.255'), [0, 3]);
    assert.deepEqual(found('::'), [0, 3]);
    assert.deepEqual(found('2fff::'), [1, 4]);
    assert.deepEqual(found('8000::1:ffff:0:0:1'), [2, 63]);
    assert.deepEqual(found('8000:0:0:2:ffff::'), [1, 64]);
  });
});

it('a set table says which table of places it is for', () => {
  const zoneId = '0123456789abcdef';
  const made = new Uint32Array(compileSets(zoneId, 1, [], places).buffer);
  assert.equal(made[SETS.placesId], new Uint32Array(table.buffer)[HEADER.crc]);
  assert.equal(new Uint32Array(compileSets(zoneId, 1, []).buffer)[SETS.placesId], 0);
});
