// One TCP connection: octets in, messages cut out of them by their two-octet length (RFC 1035 §4.2.2),
// responses back. A client that does not read is not read from; one that begins a message and does not finish
// it is cut.
import type { Socket } from 'node:net';
import { respond } from '../answer/respond.ts';
import type { Tables } from '../answer/tables.ts';
import { messageSizeMax, tcpIdleTimeoutMs, tcpMessageTimeoutMs, tcpUnsentMax } from '../limits.ts';
import { parseAddressText } from '../wire/literals.ts';
import { Response } from '../wire/message.ts';
import { Query, TRANSPORT } from '../wire/query.ts';
import { stampTime } from './clock.ts';

/** What a connection needs of the stream worker. */
export type Service = {
  readonly tables: Tables;
  /** Called before queries are answered: the moment to adopt new tables. */
  beforeBatch(): void;
  /** Something came on the connection. */
  touched(connection: Connection): void;
  closed(connection: Connection): void;
};

/** Queries answered for one connection before others have their turn. */
const turnMax = 64;

const query = new Query();
const response = new Response();
const scratch = new Uint8Array(messageSizeMax + 2);
query.transport = TRANSPORT.tcp;
response.octets = scratch;
response.at = 2;
response.sizeMax = messageSizeMax;

/** A connection from accept to close. */
export class Connection {
  readonly #socket: Socket;
  readonly #service: Service;
  /** The client's address. */
  readonly #source: Uint8Array;
  /** Octets received and not yet answered. */
  #pending: Uint8Array = new Uint8Array(0);
  #deadline = performance.now() + tcpIdleTimeoutMs;
  #isScheduled = false;
  /** The client asks no more; what it has asked is still answered. */
  #hasEnded = false;

  constructor(socket: Socket, service: Service) {
    this.#socket = socket;
    this.#service = service;
    this.#source = parseAddressText(socket.remoteAddress?.split('%')[0] ?? '') ?? new Uint8Array(4);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => this.#serve());
    socket.on('error', () => this.destroy());
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#serve();
    });
    socket.on('close', () => service.closed(this));
  }

  /** Whether its time is over, at `now` of performance.now(). */
  isOverdue(now: number): boolean {
    return now > this.#deadline;
  }

  /** Closes at once: a half-open connection would stay. */
  destroy(): void {
    this.#service.closed(this);
    this.#socket.destroy();
  }

  /** Closes when what was answered has been sent. */
  end(): void {
    this.#socket.destroySoon();
  }

  #receive(chunk: Uint8Array): void {
    this.#service.touched(this);
    const wasWithin = this.#pending.length > 0;
    this.#pending = wasWithin ? Buffer.concat([this.#pending, chunk]) : chunk;
    // A message has its whole time from its first octet on: a drip of octets does not buy more.
    if (!wasWithin) this.#deadline = performance.now() + tcpMessageTimeoutMs;
    this.#serve();
  }

  /** Answers what is complete, as long as the client reads and others are not kept waiting. */
  #serve(): void {
    if (this.#isScheduled || this.#socket.destroyed) return;
    this.#service.beforeBatch();
    const octets = this.#pending;
    let at = 0;
    let answered = 0;
    this.#socket.cork();
    while (octets.length - at >= 2 && answered < turnMax && this.#socket.writableLength < tcpUnsentMax) {
      const length = (octets[at]! << 8) | octets[at + 1]!;
      if (octets.length - at - 2 < length) break;
      if (!this.#answer(octets, at + 2, length)) return;
      at += 2 + length;
      answered += 1;
    }
    this.#socket.uncork();
    this.#keep(octets, at, answered);
  }

  /** Answers one message; false when the connection was cut because it is no query. */
  #answer(octets: Uint8Array, at: number, length: number): boolean {
    query.octets = octets;
    query.at = at;
    query.length = length;
    query.sourcePort = this.#socket.remotePort ?? 1;
    query.source = this.#source;
    query.sourceSize = this.#source.length;
    stampTime(query);
    const size = respond(this.#service.tables, query, response);
    if (size === 0) {
      this.destroy();
      return false;
    }
    scratch[0] = size >>> 8;
    scratch[1] = size;
    this.#socket.write(Buffer.from(scratch.subarray(0, size + 2)));
    return true;
  }

  /** Keeps what is left, and decides who moves next: the client, or we. */
  #keep(octets: Uint8Array, at: number, answered: number): void {
    const left = octets.length - at;
    if (at > 0) this.#pending = left === 0 ? new Uint8Array(0) : octets.subarray(at);
    if (answered > 0) {
      this.#deadline = performance.now() + (left === 0 ? tcpIdleTimeoutMs : tcpMessageTimeoutMs);
    }
    const isFull = this.#socket.writableLength >= tcpUnsentMax;
    const hasMore = left >= 2 && left - 2 >= ((octets[at]! << 8) | octets[at + 1]!);
    if (isFull || hasMore) this.#socket.pause();
    else this.#socket.resume();
    if (isFull) this.#deadline = performance.now() + tcpIdleTimeoutMs; // it has this long to read
    if (!isFull && !hasMore && this.#hasEnded) this.#socket.end();
    if (isFull || !hasMore) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#serve();
    });
  }
}
