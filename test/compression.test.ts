// Names as pointers where pointers end: responses at the very limit, RRsets that reach beyond the 14 bits of
// a pointer, and tables read back into the records they were made of.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZoneReader } from '../src/answer/read.ts';
import { Answering, tablesOf } from './answering.ts';
import { randomFrom } from './balance/random.ts';
import { type CaseZone, readZone } from './cases.ts';
import { rowKeys } from './compare.ts';
import { expected, worldOf } from './model.ts';
import { dataFromWire, type Row, types } from './rows.ts';
import { decode, encode, readName } from './wire.ts';
import { randomZones } from './zones.ts';

const zoneOf = (origin: string, lines: readonly string[]): CaseZone => {
  const soa = '@ SOA ns.elsewhere.invalid. admin.elsewhere.invalid. 1 3600 600 86400 60';
  const text = `$TTL 60\n${soa}\n@ NS ns.elsewhere.invalid.\n${lines.join('\n')}\n`;
  return { origin, text, rows: readZone(text, origin), balance: '', down: [] };
};
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test('a referral is sent whole up to its last octet, and truncated one octet earlier', () => {
  const lines = numbers(13).flatMap((i) => [
    `cut NS a-server-of-a-name-${i}.cut`,
    `a-server-of-a-name-${i}.cut A 192.0.2.${i}`,
    `a-server-of-a-name-${i}.cut AAAA 2001:db8::${i + 1}`,
  ]);
  const answering = new Answering(tablesOf([zoneOf('limit.test.', lines)]));
  const ask = (size: number, transport: 'udp' | 'tcp') =>
    answering.ask(encode({ name: 'x.cut.limit.test.', type: types.A!, edns: { size } }), transport)!;
  const whole = ask(512, 'tcp');
  assert.ok(whole.length < 1232, `${whole.length}`);
  assert.deepEqual(ask(whole.length, 'udp').slice(12), whole.slice(12));
  assert.equal(decode(ask(whole.length - 1, 'udp')).tc, true);
});

test('beyond the reach of a pointer names are written out and additional records left out', () => {
  const hosts = numbers(900);
  const lines = hosts.flatMap((i) => [`mx MX ${i} host${i}.of.a.farm`, `host${i}.of.a.farm A 192.0.2.1`]);
  const zone = zoneOf('far.test.', lines);
  const answering = new Answering(tablesOf([zone]));
  const query = encode({ name: 'mx.far.test.', type: types.MX! });
  const message = decode(answering.ask(query, 'tcp')!);
  const { answer, additional } = expected(worldOf([zone]), query, 'tcp');
  assert.deepEqual(rowKeys(message.answer), rowKeys(answer[0]!));
  const all = new Set(rowKeys(additional[0]!));
  assert.ok(rowKeys(message.additional).every((row) => all.has(row)));
  // An MX takes 24 octets or one more: header and question, then so many before octet 16,384.
  assert.ok(
    message.additional.length > 600 && message.additional.length < 690,
    `${message.additional.length}`,
  );
});

test('behind the longest chain of the longest names an RRset has pointers that arrive', () => {
  const long = (i: number) =>
    numbers(3)
      .map((n) => `${'x'.repeat(60)}${i}${n}`)
      .join('.');
  const lines = [
    ...numbers(15).map((i) => `${long(i + 10)} CNAME ${long(i + 11)}`),
    ...numbers(900).map((i) => `${long(25)} MX ${i} host${i}.shared-by-two-${i >> 1}.invalid.`),
  ];
  const zone = zoneOf(`${'z'.repeat(40)}.test.`, lines);
  const answering = new Answering(tablesOf([zone]));
  const query = encode({ name: `${long(10)}.${zone.origin}`, type: types.MX! });
  const message = decode(answering.ask(query, 'tcp')!);
  assert.deepEqual(rowKeys(message.answer), rowKeys(expected(worldOf([zone]), query, 'tcp').answer[0]!));
});

test('names are shared at every distance from the beginning of an RRset', () => {
  const label = 'l'.repeat(60);
  const lines = numbers(60).flatMap((i) => [
    `o${i} MX 1 ${label}.${label}.${label}.${'m'.repeat(i + 1)}.invalid.`,
    `o${i} MX 2 first.of.two.example.`,
    `o${i} MX 3 second.of.two.example.`,
  ]);
  const zone = zoneOf('distance.test.', lines);
  const answering = new Answering(tablesOf([zone]));
  for (const i of numbers(60)) {
    const query = encode({ name: `o${i}.distance.test.`, type: types.MX! });
    const { answer } = decode(answering.ask(query, 'tcp')!);
    assert.deepEqual(rowKeys(answer), rowKeys(expected(worldOf([zone]), query, 'tcp').answer[0]!));
  }
});

test('a table is read back into the records of its zone', () => {
  const shared = numbers(300).flatMap((i) => [
    `mx MX ${i} host${i}.of.${i % 2 === 0 ? 'A.Farm' : 'a.farm'}.invalid.`,
    `ptr PTR host${i}.below.ptr.read.test.`,
    `*.wild MX ${i} host${i}.*.wild`,
  ]);
  const zones = [
    zoneOf('read.test.', [
      ...shared,
      'deep.er NS deep.er',
      'deep.er NS ns.DEEP.er',
      'deep.er A 192.0.2.2',
      'ns.deep.er A 192.0.2.1',
    ]),
    ...randomZones(randomFrom(5), 24).map((zone) => ({ ...zone, rows: readZone(zone.text, zone.origin) })),
  ];
  const tables = tablesOf(zones);
  for (const zone of zones) {
    const view = tables.zones.find(({ origin }) => origin === zone.origin)!;
    const read = [...new ZoneReader(view.octets).records()].map(
      ({ owner, type, ttl, rdata }): Row => ({
        ...{ owner, type, class: 1, ttl },
        data: dataFromWire(type, rdata, 0, rdata.length, (at) => readName(rdata, at, false)),
      }),
    );
    const lowest = (row: Row): number =>
      Math.min(...zone.rows.filter((other) => sameRrset(row, other)).map(({ ttl }) => ttl));
    const written = zone.rows.map((row) => ({ ...row, ttl: lowest(row) }));
    assert.deepEqual(rowKeys(read), [...new Set(rowKeys(written))], zone.text);
  }
});

const sameRrset = (a: Row, b: Row): boolean =>
  a.type === b.type && a.owner.toLowerCase() === b.owner.toLowerCase();
