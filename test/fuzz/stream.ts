// A TCP connection as a target: the octets of an input come over a socket of ours, cut at places that its
// first octet chooses, to a client that its second octet makes quick or slow. Whatever the cuts and the
// client, the same messages are answered in the same order, and what is kept has its bounds.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { respond } from '../../src/answer/respond.ts';
import { allAlike } from '../../src/answer/settings.ts';
import { messageSizeMax, tcpUnsentMax } from '../../src/limits.ts';
import { Connection, type Service } from '../../src/serve/connection.ts';
import { Response } from '../../src/wire/message.ts';
import { Query, TRANSPORT } from '../../src/wire/query.ts';
import { tablesOf } from '../answering.ts';
import { randomFrom } from '../balance/random.ts';
import { loadCases } from '../cases.ts';
import { queryTarget } from './query.ts';
import { octetsOf, type Target } from './target.ts';

const controlOctets = 2;
/** An input may cost this, and this for each of its messages and chunks. */
const timeFixedMs = 1;
const timePerMessageMs = 0.03;
const timePerChunkMs = 0.02;

const { zones, cases } = loadCases();
/** Without pools a message has the same response each time. */
const tables = tablesOf(zones.map((zone) => ({ ...zone, balance: '', down: [] })));
// Cookies would change with the clock.
tables.adopt({
  sets: [],
  settings: { ...allAlike, identity: 'one', version: 'two', cookieSecrets: undefined, rateLimit: undefined },
});
/** Turns that a connection has asked for: taken here, so that a run is over when it returns. */
const turns: (() => void)[] = [];
const service: Service = {
  tables,
  beforeBatch: () => {},
  closed: () => {},
  awaitsTurn: (connection) => turns.push(() => connection.serve()),
};
const query = new Query();
const response = new Response();
response.writeInto(new Uint8Array(messageSizeMax));
response.sizeMax = messageSizeMax;

/** What the last run may have cost. */
let timeMax = 0;

export const streamTarget: Target = {
  name: 'stream',
  sizeMax: controlOctets + 65_535,
  seeds: seeds(),
  words: words(),
  guide: /\/src\/serve\/(connection|incoming)\.ts/,
  run,
  timeMaxMs: () => timeMax,
};

/** A socket whose other end is the test: what is written is kept, and read when the test says so. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 4242;
  destroyed = false;
  isPaused = false;
  hasEnded = false;
  unsent: Uint8Array[] = [];
  writableLength = 0;
  unsentMost = 0;
  readonly sent: Uint8Array[] = [];
  readonly #isSlow: boolean;

  constructor(isSlow: boolean) {
    super();
    this.#isSlow = isSlow;
  }

  write(octets: Uint8Array): boolean {
    assert.ok(!this.hasEnded, 'written after the end');
    this.unsent.push(octets);
    this.writableLength += octets.length;
    this.unsentMost = Math.max(this.unsentMost, this.writableLength);
    if (!this.#isSlow) this.read();
    return this.writableLength === 0;
  }

  /** The client reads all there is. */
  read(): void {
    this.sent.push(...this.unsent);
    const wasFull = this.writableLength > 0;
    this.unsent = [];
    this.writableLength = 0;
    if (wasFull && this.#isSlow && !this.destroyed) this.emit('drain');
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  cork(): void {}
  uncork(): void {}

  end(): void {
    this.hasEnded = true;
  }

  destroySoon(): void {
    this.hasEnded = true;
  }

  destroy(): void {
    this.destroyed = true;
    this.unsent = [];
    this.writableLength = 0;
  }

  resetAndDestroy(): void {
    this.destroy();
  }
}

function run(input: Uint8Array): number {
  const [cuts = 0, manner = 0] = input;
  const stream = input.subarray(controlOctets);
  const expected = answersTo(stream);
  const chunks = cut(stream, cuts);
  timeMax = timeFixedMs + expected.messages * timePerMessageMs + chunks.length * timePerChunkMs;
  tables.turn = 0;
  const startedAt = performance.now();
  const socket = talk(chunks, (manner & 1) === 1);
  const tookMs = performance.now() - startedAt;
  const sent = Buffer.concat(socket.sent);
  if (!sent.equals(expected.octets)) {
    assert.equal(sent.toString('hex'), Buffer.from(expected.octets).toString('hex'));
  }
  assert.ok(socket.unsentMost <= tcpUnsentMax + 2 + messageSizeMax, `${socket.unsentMost} octets unsent`);
  assert.ok(socket.hasEnded && !socket.destroyed, 'the connection is not closed behind its last answer');
  return tookMs;
}

/** Sends the chunks while they are wanted, then the end; reads when nothing else is to be done. */
function talk(chunks: readonly Uint8Array[], isSlow: boolean): FakeSocket {
  const socket = new FakeSocket(isSlow);
  new Connection(socket as unknown as Socket, service);
  const work = (): void => {
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
  };
  for (const chunk of chunks) {
    for (let tries = 0; socket.isPaused && !socket.hasEnded; tries++) {
      assert.ok(tries < 2, 'paused, and neither a turn nor a reader lets it go on');
      work();
      if (socket.isPaused) socket.read();
    }
    if (socket.hasEnded || socket.destroyed) break;
    socket.emit('data', chunk);
  }
  if (!socket.hasEnded) socket.emit('end');
  for (let size = -1; size !== socket.sent.length; ) {
    size = socket.sent.length;
    work();
    socket.read();
  }
  return socket;
}

/** What must be sent: the responses in order up to the first message that none is due to. */
function answersTo(stream: Uint8Array): { octets: Uint8Array; messages: number } {
  const parts: Uint8Array[] = [];
  tables.turn = 0;
  query.octets = stream;
  query.transport = TRANSPORT.tcp;
  query.sourcePort = 4242;
  for (let at = 0; at + 2 <= stream.length; at += 2 + query.length) {
    query.at = at + 2;
    query.length = (stream[at]! << 8) | stream[at + 1]!;
    if (query.at + query.length > stream.length) break;
    const size = respond(tables, query, response);
    if (size === 0) break;
    parts.push(Uint8Array.of(size >> 8, size), response.octets.slice(0, size));
  }
  return { octets: Buffer.concat(parts), messages: parts.length / 2 };
}

/** Chunks of one octet, of a segment, all at once, or as chance has it, by the octet `how`. */
function cut(stream: Uint8Array, how: number): Uint8Array[] {
  const random = randomFrom(how);
  const sizes = [() => 1, () => 1448, () => 65_536, () => 1 + random.below(4), () => 1 + random.below(3000)];
  const size = sizes[how % sizes.length]!;
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = Math.min(stream.length, at + size());
    chunks.push(stream.slice(at, end));
    at = end;
  }
  return chunks;
}

function framed(message: Uint8Array): Uint8Array {
  return Uint8Array.from([message.length >> 8, message.length & 255, ...message]);
}

function seeds(): Uint8Array[] {
  const asked = cases.flatMap(({ questions }) => questions.map(({ octets }) => framed(octets)));
  const some = (from: number, count: number): Uint8Array => Buffer.concat(asked.slice(from, from + count));
  const large = asked.find((octets) => Buffer.from(octets).includes('forty')) ?? asked[0]!;
  return [0, 1, 2, 3, 4].flatMap((how) =>
    [
      some(how * 20, 20),
      Buffer.concat(Array.from({ length: 200 }, () => large)),
      octetsOf('\0'),
      octetsOf('\xff\xff'),
      octetsOf('\0\0\0\0'),
    ].map((stream) => Uint8Array.from([how, how, ...stream])),
  );
}

function words(): Uint8Array[] {
  const whole = cases.flatMap(({ questions }) => questions.slice(0, 1).map(({ octets }) => framed(octets)));
  return [
    ...whole,
    ...queryTarget.words.slice(0, 20),
    ...['\0\x0c', '\xff\xff', '\0\0', '\0\x11'].map(octetsOf),
  ];
}
