// One TCP connection: octets in, messages answered in their order, responses back (RFC 7766). It always waits
// for one of four things, each with its time: for a query, for the rest of one, for the client to read, or
// for its turn. A client that does not read is not read from.
import type { Socket } from 'node:net';
import { respond } from '../answer/respond.ts';
import type { Tables } from '../answer/tables.ts';
import { tally } from '../answer/tally.ts';
import {
  messageSizeMax,
  tcpIdleTimeoutMs,
  tcpMessageTimeoutMs,
  tcpReadTimeoutMs,
  tcpTurnMax,
  tcpUnsentMax,
} from '../limits.ts';
import { parseAddress } from '../wire/addresses.ts';
import { Response } from '../wire/message.ts';
import { Query, TRANSPORT } from '../wire/query.ts';
import { stampTime } from './clock.ts';
import { clientOf, type Held } from './connections.ts';
import { Incoming } from './incoming.ts';

/** What a connection needs of the stream worker. */
export type Service = {
  readonly tables: Tables;
  /** Called before queries are answered: the moment to adopt new tables. */
  beforeBatch(): void;
  closed(connection: Connection): void;
  /** It has more to answer: serve() is to be called when it is its turn. */
  awaitsTurn(connection: Connection): void;
};

/** What a connection waits for, and how long; its own turn comes in any case. */
const timeoutsMs = {
  query: tcpIdleTimeoutMs,
  rest: tcpMessageTimeoutMs,
  reader: tcpReadTimeoutMs,
  turn: Number.POSITIVE_INFINITY,
} as const;

/** A response or two. */
const pooledSizeMax = 512;

const nowhere = new Uint8Array(4);

const query = new Query();
const response = new Response();
/** Responses of one turn: the last may begin just below the limit, and be as long as a message can. */
const scratch = new Uint8Array(tcpUnsentMax + 2 + messageSizeMax);
query.transport = TRANSPORT.tcp;
response.writeInto(scratch);
response.sizeMax = messageSizeMax;

/**
 * The first `size` octets of `scratch`. One answer comes from Buffer's pool and is sent at once; what may
 * have to wait for its reader gets memory of its own, or it would keep its neighbours in the pool too.
 */
function copyOf(size: number): Buffer {
  const octets = scratch.subarray(0, size);
  if (size < pooledSizeMax) return Buffer.from(octets);
  const copy = Buffer.allocUnsafeSlow(size);
  copy.set(octets);
  return copy;
}

/** A connection from accept to close. */
export class Connection implements Held {
  /** The client, as connections.ts counts them. */
  readonly client: string;
  heardAt = performance.now();
  readonly #socket: Socket;
  readonly #service: Service;
  /** The client's address, 4 or 16 octets, and port. */
  readonly #source: Uint8Array;
  readonly #sourcePort: number;
  readonly #incoming = new Incoming();
  #awaits: keyof typeof timeoutsMs = 'query';
  #deadline = this.heardAt + timeoutsMs.query;
  /** The client asks no more; what it has asked is still answered. */
  #hasEnded = false;
  #isStopping = false;
  /** Nothing is answered any more: what was is being sent. */
  #isFinished = false;

  constructor(socket: Socket, service: Service) {
    this.#socket = socket;
    this.#service = service;
    this.#source = parseAddress(socket.remoteAddress?.split('%')[0] ?? '') ?? nowhere;
    this.#sourcePort = socket.remotePort ?? 0;
    this.client = clientOf(this.#source);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => {
      if (this.#awaits === 'reader') this.serve();
    });
    socket.on('error', () => this.destroy());
    socket.on('end', () => {
      this.#hasEnded = true;
      if (this.#awaits !== 'turn') this.serve();
    });
    socket.on('close', () => service.closed(this));
  }

  /** Whether its time is over, at `now` of performance.now(). */
  isOverdue(now: number): boolean {
    return now > this.#deadline;
  }

  /** Whether it waits for a query: nothing of it is in work, and closing it loses nothing. */
  get isIdle(): boolean {
    return this.#awaits === 'query' && this.#socket.writableLength === 0;
  }

  /** Closes at once: a half-open connection would stay. What is unsent is not left for the kernel to keep. */
  destroy(): void {
    this.#service.closed(this);
    if (this.#socket.writableLength > 0) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Closes as soon as what has begun to come is answered: at once where it is idle. */
  stop(): void {
    this.#isStopping = true;
    if (this.isIdle) this.destroy();
    else if (this.#awaits === 'query') this.#finish();
  }

  #receive(chunk: Uint8Array): void {
    this.heardAt = performance.now();
    this.#incoming.take(chunk);
    if (this.#awaits !== 'turn' && this.#awaits !== 'reader') this.serve();
  }

  /** Answers what is whole, as long as the client reads and others are not kept waiting. */
  serve(): void {
    if (this.#socket.destroyed || this.#isFinished) return;
    this.#service.beforeBatch();
    const incoming = this.#incoming;
    const room = tcpUnsentMax - this.#socket.writableLength;
    let size = 0;
    let answered = 0;
    let isSilent = false;
    for (let length = incoming.length; length >= 0 && answered < tcpTurnMax && size < room; ) {
      const written = this.#answer(length, size + 2);
      isSilent = written === 0;
      if (isSilent) break;
      scratch[size] = written >>> 8;
      scratch[size + 1] = written;
      size += 2 + written;
      answered += 1;
      incoming.drop(length);
      length = incoming.length;
    }
    if (size > 0) this.#socket.write(copyOf(size));
    if (isSilent) this.#finish();
    else this.#wait(answered > 0);
  }

  /** Answers the next message into `scratch` at `to`: here a query is given what it is. 0: no answer. */
  #answer(length: number, to: number): number {
    query.octets = this.#incoming.octets;
    query.at = this.#incoming.at + 2;
    query.length = length;
    query.sourcePort = this.#sourcePort;
    query.source = this.#source;
    query.sourceSize = this.#source.length;
    stampTime(query);
    response.at = to;
    const { tables } = this.#service;
    const size = respond(tables, query, response);
    tally(tables.counters, query, response, size);
    return size;
  }

  /** Decides what is waited for; the time of what was waited for already goes on. */
  #wait(hasAnswered: boolean): void {
    const was = this.#awaits;
    if (this.#socket.writableLength >= tcpUnsentMax) this.#awaits = 'reader';
    else if (this.#incoming.length >= 0) this.#awaits = 'turn';
    else this.#awaits = this.#incoming.size > 0 ? 'rest' : 'query';
    // A message has its whole time from its first octet on: a drip of octets does not buy more.
    if (hasAnswered || this.#awaits !== was) this.#deadline = performance.now() + timeoutsMs[this.#awaits];
    if (this.#awaits === 'reader' || this.#awaits === 'turn') {
      this.#socket.pause();
      if (this.#awaits === 'turn') this.#service.awaitsTurn(this);
      return;
    }
    this.#incoming.settle();
    if (this.#hasEnded || (this.#isStopping && this.#awaits === 'query')) this.#finish();
    else this.#socket.resume();
  }

  /** Closes when what was answered has been sent, or when the client does not read it in time. */
  #finish(): void {
    this.#isFinished = true;
    this.#awaits = 'reader';
    this.#deadline = performance.now() + timeoutsMs.reader;
    this.#incoming.clear();
    this.#socket.destroySoon();
  }
}
