// What must hold for any octets and for any zone, tried with thousands of them from fixed seeds: respond()
// never throws and never says more than it may, the table agrees with the model, and what does not fit is
// truncated and nothing else. A failure names its seed and its octets.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Answering, tablesOf } from './answering.ts';
import { randomFrom } from './balance/random.ts';
import { type CaseZone, type Expectation, loadCases, readZone, type Transport } from './cases.ts';
import { differences, ednsOf, sameRows } from './compare.ts';
import { expected, NearLimit, udpLimit, type World, worldOf } from './model.ts';
import { types } from './rows.ts';
import { decode, encode } from './wire.ts';
import { randomAsk, randomZones } from './zones.ts';

type Random = ReturnType<typeof randomFrom>;

const transports: readonly Transport[] = ['udp', 'tcp'];

/** Asks table and model the same; returns what differs, or undefined where the model cannot say. */
function compare(
  answering: Answering,
  world: World,
  octets: Uint8Array,
  transport: Transport,
): string[] | undefined {
  const response = answering.ask(octets, transport);
  let expect: Expectation;
  try {
    expect = expected(world, octets, transport);
  } catch (error) {
    if (!(error instanceof NearLimit)) throw error;
    decode(response!);
    return response!.length <= udpLimit(ednsOf(octets)) ? undefined : ['longer than allowed'];
  }
  return differences(response, octets, transport, expect);
}

const shown = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

describe('any octets', () => {
  const { zones, cases } = loadCases();
  const answering = new Answering(tablesOf(zones));
  const world = worldOf(zones);
  const valid = cases
    .flatMap(({ questions }) => questions.map(({ octets }) => octets))
    .filter((o) => o.length >= 12);

  it('random octets are answered as the model says, or not at all', () => {
    const random = randomFrom(1);
    for (let i = 0; i < 20_000; i++) {
      const octets = Uint8Array.from({ length: random.below(80) }, () => random.below(256));
      if (octets.length > 12 && i % 2 === 0) octets.set([0, 0, 0, 1, 0, 0, 0, 0, 0, random.below(3)], 2);
      const transport = random.pick(transports);
      assert.deepEqual(
        compare(answering, world, octets, transport) ?? [],
        [],
        `${transport} ${shown(octets)}`,
      );
    }
  });

  it('valid queries with something changed are answered as the model says', () => {
    const random = randomFrom(2);
    for (let i = 0; i < 12_000; i++) {
      let octets = random.pick(valid);
      for (let n = random.below(4); n >= 0; n--) octets = mutated(octets, random, valid);
      const transport = random.pick(transports);
      assert.deepEqual(
        compare(answering, world, octets, transport) ?? [],
        [],
        `${transport} ${shown(octets)}`,
      );
    }
  });

  it('a response fits into whatever room the transport has', () => {
    const random = randomFrom(3);
    for (let i = 0; i < 5000; i++) {
      const octets = random.pick(valid);
      const sizeMax = 512 + random.below(1000); // Answering.ask() holds it to that
      const response = answering.ask(octets, random.pick(transports), 1, sizeMax);
      if (response) decode(response);
    }
  });

  it('truncates what is one octet too long, and nothing that fits', () => {
    for (const [name, type] of [
      ['forty.big.test.', types.A!],
      ['www.cut.big.test.', types.A!],
    ] as const) {
      const ask = (size: number, transport: Transport): Uint8Array =>
        answering.ask(encode({ name, type, edns: { size } }), transport)!;
      const whole = ask(1232, 'tcp');
      assert.ok(whole.length > 512 && whole.length < 1232);
      assert.equal(ask(whole.length, 'udp').length, whole.length);
      const fits = decode(ask(whole.length, 'udp'));
      assert.equal(fits.tc, false);
      assert.ok(
        sameRows(fits.answer, decode(whole).answer) && sameRows(fits.additional, decode(whole).additional),
      );
      const cut = decode(ask(whole.length - 1, 'udp'));
      assert.deepEqual([cut.tc, cut.answer, cut.authority, cut.additional], [true, [], [], []]);
    }
  });
});

/** One change to a message. */
function mutated(octets: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  const list = [...octets];
  const at = random.below(list.length);
  const change = random.below(8);
  if (change === 0) list[at]! ^= 1 << random.below(8);
  else if (change === 1) list[at] = random.pick([0, 1, 0x3f, 0x40, 0x80, 0xc0, 0xff, random.below(256)]);
  else if (change === 2) list.splice(at, 1 + random.below(4));
  else if (change === 3) list.splice(at, 0, ...list.slice(0, random.below(12)));
  else if (change === 4) list.length = at;
  else if (change === 5)
    list.push(0, 0, 41, random.below(6), random.below(256), 0, random.below(2), 0, 0, 0, 0);
  else if (change === 6) list[4 + random.below(8)] = random.below(3);
  else list.splice(12, list.length, ...random.pick(others).slice(12));
  return Uint8Array.from(list);
}

describe('any zone', () => {
  for (const seed of [10, 11, 12, 13]) {
    it(`table and model agree on random zones and questions (seed ${seed})`, () => {
      const random = randomFrom(seed);
      const zones: CaseZone[] = randomZones(random, 24).map((zone) => ({
        ...zone,
        rows: readZone(zone.text, zone.origin),
      }));
      const answering = new Answering(tablesOf(zones));
      const world = worldOf(zones);
      let unsaid = 0;
      for (let i = 0; i < 4000; i++) {
        const octets = encode(randomAsk(random, zones));
        const transport = random.pick(transports);
        const found = compare(answering, world, octets, transport);
        if (found === undefined) unsaid++;
        const zone = zones.find(
          ({ origin }) => (found ?? []).length > 0 && shown(octets).includes(hexOf(origin)),
        );
        assert.deepEqual(
          found ?? [],
          [],
          `${transport} ${shown(octets)}\n${zone?.text}\n${zone?.balance}\ndown ${zone?.down}`,
        );
      }
      assert.ok(unsaid < 400, `the model could not say ${unsaid} times`);
    });
  }
});

/** A name's first label as it stands in a message. */
const hexOf = (name: string): string => Buffer.from(name.split('.')[0]!).toString('hex');

describe('shares', () => {
  it('weights 3:2:1:1 over 7000 responses, each share within half a percentage point', () => {
    const origin = 'shares.test.';
    const text = [
      '$TTL 60\n@ SOA ns.elsewhere.test. admin.elsewhere.test. 1 3600 600 86400 60\n@ NS ns.elsewhere.test.',
      ...[1, 2, 3, 4].map((i) => `www A 192.0.2.${i}`),
    ].join('\n');
    const balance =
      'balance:\n  www: { answers: 1, members: { 192.0.2.1: { weight: 3 }, 192.0.2.2: { weight: 2 } } }\n';
    const zone: CaseZone = { origin, text: `${text}\n`, rows: readZone(text, origin), balance, down: [] };
    const answering = new Answering(tablesOf([zone]));
    const counts = new Map<string, number>();
    const query = encode({ name: 'www.shares.test.', type: types.A! });
    for (let i = 0; i < 7000; i++) {
      const [row] = decode(answering.ask(query, 'udp')!).answer;
      counts.set(row!.data, (counts.get(row!.data) ?? 0) + 1);
    }
    for (const [i, weight] of [3, 2, 1, 1].entries()) {
      const share = counts.get(`192.0.2.${i + 1}`)! / 7000;
      assert.ok(Math.abs(share - weight / 7) < 0.005, `${share} in place of ${weight}/7`);
    }
  });
});
