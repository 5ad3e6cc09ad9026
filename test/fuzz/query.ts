// respond() as a target, with the zones of the cases. The first two octets of an input choose how the message
// came, the rest is the message:
//
//   | room 3, transport 1; 15: port 0 | rate limit 1, IPv6 1, ours 1; 7: never; age of cookies 3 |
import assert from 'node:assert/strict';
import { makeRateTable } from '../../src/answer/ratelimit.ts';
import { respond } from '../../src/answer/respond.ts';
import { allAlike } from '../../src/answer/settings.ts';
import { Tables } from '../../src/answer/tables.ts';
import { messageSizeMax } from '../../src/limits.ts';
import { Response } from '../../src/wire/message.ts';
import { Query, TRANSPORT } from '../../src/wire/query.ts';
import { tablesOf } from '../answering.ts';
import { type CaseZone, loadCases } from '../cases.ts';
import { ednsOf } from '../compare.ts';
import { udpLimit } from '../model.ts';
import { nameOctets, types } from '../rows.ts';
import { decode, encode } from '../wire.ts';
import { octetsOf, type Target } from './target.ts';

const margin = 16;
const filler = 0xa5;
/** The rooms that transports give: a batch worker's, TCP's, and odd ones. */
const rooms = [1232, messageSizeMax, 512, 513, 600, 1000, 4096, 1231] as const;
/** What one query may cost, whatever its length. */
const timeMaxMs = 1;

const { zones: ofCases, cases } = loadCases();
const zones = [...ofCases, ...wideZones()];
const tables = tablesOf(zones);
const limited = limitedTables();
/** Without pools the same query has the same response each time. */
const steady = tablesOf(zones.map((zone) => ({ ...zone, balance: '', down: [] })));

const controlOctets = 2;
const query = new Query();
const octets = new Uint8Array(messageSizeMax + 2 * margin);
query.octets = octets;
query.at = margin;
query.source = Uint8Array.from([0x20, 1, 0xd, 0xb8, ...new Uint8Array(8), 192, 0, 2, 1]);
const responses = rooms.map((room) => {
  const response = new Response();
  response.writeInto(new Uint8Array(room + 2 * margin).fill(filler));
  response.at = margin;
  response.sizeMax = room;
  return response;
});
/** When the cookies of the seeds were made. */
const startSeconds = 1_800_000_000;
const ages = [0, 60, 2000, 4000, -60, -1000, 2 ** 31, 2 ** 31 - 1] as const;

export const queryTarget: Target = {
  name: 'query',
  sizeMax: 2 + messageSizeMax,
  seeds: seeds(),
  words: words(),
  guide: /\/src\/(answer|wire)\//,
  run,
  timeMaxMs: () => timeMaxMs,
};

function run(input: Uint8Array, isThorough: boolean): number {
  const length = Math.max(0, input.length - controlOctets);
  const [control = 0, more = 0] = input;
  octets.set(input.subarray(Math.min(controlOctets, input.length)), margin);
  octets.fill(filler, margin + length, margin + length + margin);
  const response = responses[(control >> 1) & 7]!;
  query.length = length;
  query.transport = (control & 1) === 0 ? TRANSPORT.udp : TRANSPORT.tcp;
  query.sourcePort = (control & 0xf0) === 0xf0 ? 0 : 4242;
  query.sourceSize = (more & 2) === 0 ? 4 : 16;
  query.sourceAt = 16 - query.sourceSize;
  query.isOurs = (more & 0x1c) === 0x1c;
  query.nowMicros = (query.nowMicros + 1000) >>> 0;
  query.nowSeconds = (startSeconds + ages[more >> 5]!) >>> 0;
  const isLimited = (more & 1) === 1;
  const startedAt = performance.now();
  const size = respond(isLimited ? limited : tables, query, response);
  const tookMs = performance.now() - startedAt;
  check(size, response, length, isLimited);
  if (isThorough) checkThoroughly(size, response, length);
  return tookMs;
}

/** Cheap: for each of millions. */
function check(size: number, response: Response, length: number, isLimited: boolean): void {
  const from = octets;
  const to = response.octets;
  const isSilent = length < 12 || (from[margin + 2]! & 0x80) !== 0 || query.sourcePort === 0 || query.isOurs;
  const isDropped = size === 0 && isLimited && query.transport === TRANSPORT.udp;
  if (isSilent ? size !== 0 : size === 0 && !isDropped)
    assert.fail(`${size} octets where ${isSilent ? 'silence' : 'a response'} is due`);
  for (let i = 0; i < margin; i++) {
    if (to[i] !== filler) assert.fail('written before the response');
    if (to[margin + response.sizeMax + i] !== filler) assert.fail('written behind the room of the response');
  }
  if (size === 0) return;
  if (size < 12 || size > response.sizeMax) assert.fail(`length ${size} of at most ${response.sizeMax}`);
  if (to[margin] !== from[margin] || to[margin + 1] !== from[margin + 1]) assert.fail('another ID');
  const opcodeAndRd = 0x79;
  if ((to[margin + 2]! & (0x80 | opcodeAndRd)) !== (0x80 | (from[margin + 2]! & opcodeAndRd)))
    assert.fail('QR, opcode or RD');
  if (query.transport === TRANSPORT.udp && size > 512) {
    const limit = udpLimit(ednsOf(from.subarray(margin, margin + length)));
    if (size > limit) assert.fail(`${size} octets to a client that takes ${limit}`);
  }
}

/** What costs more than the response: it decodes, and what stands around the query changes nothing. */
function checkThoroughly(size: number, response: Response, length: number): void {
  for (let i = 0; i < margin; i++) {
    if (octets[i] !== 0 && octets[i] !== filler) assert.fail('written before the query');
    if (octets[margin + length + i] !== filler) assert.fail('written behind the query');
  }
  if (size > 0) decode(response.octets.subarray(margin, margin + size));
  const found = [0x00, 0xff, 0xc0].map((around) => {
    octets.fill(around, margin + length, margin + length + margin);
    for (const zone of steady.zones) {
      zone.phases.fill(0);
    }
    steady.turn = 0;
    const again = respond(steady, query, response);
    if (again > 0) decode(response.octets.subarray(margin, margin + again));
    return Buffer.from(response.octets.subarray(margin, margin + again)).toString('hex');
  });
  assert.deepEqual(found.slice(1), [found[0], found[0]], 'read behind the query');
}

/** Zones in which next to nothing fits: names as long as they may be wherever a name may stand. */
function wideZones(): CaseZone[] {
  const name = (letter: string, under = 'invalid.'): string =>
    `${`${letter.repeat(59)}.`.repeat(4).slice(0, 253 - under.length)}.${under}`.replace('..', '.');
  const origin = 'wide.test.';
  const text = [
    `$TTL 60\n@ SOA ${name('m')} ${name('r')} 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1`,
    `alias CNAME ${name('c')}\nloop CNAME ${name('l', origin)}\n${name('l', origin)} CNAME loop`,
    `old DNAME ${name('d').slice(60)}\nring DNAME gnir\ngnir DNAME ring\nbig CNAME ${'b'.repeat(60)}.old`,
    ...Array.from(
      { length: 20 },
      (_, i) => `chain${i} CNAME ${'c'.repeat(40)}${i}\n${'c'.repeat(40)}${i} CNAME chain${i + 1}`,
    ),
    ...[...'abcdef'].map((letter) => `cut NS ${name(letter)}`),
    ...[1, 2, 3, 4, 5, 6].map(
      (i) => `few NS ${'n'.repeat(60)}${i}.few\n${'n'.repeat(60)}${i}.few A 192.0.2.${i}`,
    ),
  ].join('\n');
  return [{ origin, text: `${text}\n`, rows: [], balance: '', down: [] }];
}

function seeds(): Uint8Array[] {
  const asked = cases.flatMap(({ questions }) => questions.map((question) => question.octets));
  const long = Uint8Array.from([...encode({ name: 'a.test.', type: types.A! }), ...new Uint8Array(1500)]);
  const wide = [
    '',
    'x.',
    'alias.',
    'old.',
    'x.old.',
    `${'x'.repeat(50)}.old.`,
    'chain0.',
    'x.ring.',
    'big.',
    'loop.',
    'x.cut.',
    'x.few.',
  ].map((owner) => encode({ name: `${owner}wide.test.`, type: types.A!, edns: { size: 512 } }));
  // Wide answers over UDP; the others by whatever transport and room comes next.
  return [
    ...[...asked, long].map((message, i) => Uint8Array.from([i & 15, i & 3, ...message])),
    ...wide.map((message) => Uint8Array.from([0, 0, ...message])),
    ...withCookies(),
  ];
}

/** Queries with cookies that were made here, from both kinds of client, and that ask for all else. */
function withCookies(): Uint8Array[] {
  const client = [1, 2, 3, 4, 5, 6, 7, 8];
  const asking = (data: readonly number[]): Uint8Array =>
    encode({
      name: 'www.basic.test.',
      type: types.A!,
      edns: { size: 1232, options: [{ code: 10, data }, ...[3, 11].map((code) => ({ code, data: [] }))] },
    });
  return [0, 2].flatMap((from) => {
    const first = Uint8Array.from([0, from, ...asking(client)]);
    run(first, false);
    const response = responses[0]!;
    const answered = decode(response.octets.subarray(response.at, response.end));
    const made = answered.edns!.options.find(({ code }) => code === 10)!.data;
    return [
      first,
      ...[0, 1, 2, 3].map((age) => Uint8Array.from([0, from | 1 | (age << 5), ...asking([...made])])),
    ];
  });
}

/** The same zones with a rate limit that is soon reached. */
function limitedTables(): Tables {
  const made = new Tables(undefined, makeRateTable());
  made.adopt({
    zones: tables.zones.map((zone) => ({ origin: zone.origin, table: zone.octets })),
    sets: [],
    settings: {
      ...allAlike,
      identity: 'one of ours',
      version: 'a version',
      cookieSecrets: [new Uint8Array(16).fill(7), new Uint8Array(16).fill(8)],
      rateLimit: { responsesPerSecond: 5, slip: 2, exempt: [] },
    },
  });
  return made;
}

function words(): Uint8Array[] {
  const option = (code: number, ...data: number[]): number[] => [0, code, 0, data.length, ...data];
  const opt = (...options: number[]): number[] =>
    [0, 0, 41, 4, 208, 0, 0, 0, 0, 0].concat(options.length, options);
  // NSID, ECS, cookies of every length that means something, keepalive, padding, EDE.
  const options = [
    option(3),
    option(8, 0, 1, 24, 0, 192, 0, 2),
    option(8, 0, 2, 56, 0, 32, 1, 13, 184, 0, 0, 0),
    option(10, 1, 2, 3, 4, 5, 6, 7, 8),
    option(10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8),
    option(11),
    option(11, 0, 100),
    option(12, 0, 0, 0, 0),
    option(15, 0, 18),
  ];
  const names = ['version.bind.', 'id.server.', 'hostname.bind.', ...zones.map(({ origin }) => origin)];
  const numbers = [...new Set(Object.values(types))].map((type) => [type >> 8, type & 255]);
  return [
    opt(),
    ...options,
    ...options.map((one) => opt(...one)),
    ...names.map((name) => [...nameOctets(name)]),
    ...numbers,
    ...numbers.map((type) => [...type, 0, 1]),
    [0, 16, 0, 3],
    [0xc0, 0x0c],
    [0, 1, 0, 0, 0, 0, 0, 0],
    [0, 1, 0, 0, 0, 0, 0, 1],
    [0, 1, 0, 0, 0, 1, 0, 0],
    [0x3f, ...octetsOf('x'.repeat(63))],
    [1, 0x2a],
  ].map((word) => Uint8Array.from(word));
}
