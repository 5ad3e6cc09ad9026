// Asks a name server as a client does, for verify and doctor: over UDP from a few sockets, so that each of
// its workers gets a part, and over TCP. What is no response to an open query of ours (another ID, another
// question) is ignored, as RFC 5452 §9.1 has it.

import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import type { QueryOptions } from '../health/dnsclient.ts';
import { type DnsResponse, readCookie, readResponse, writeQuery } from '../health/dnsclient.ts';
import { parseSocketAddress, printSocketAddress, type SocketAddress } from '../wire/addresses.ts';
import { absoluteText } from '../wire/names.ts';
import { textOf, type Values } from './command.ts';

/** What came of a query: a response, or in words why there is none. */
export type Reply =
  | { readonly response: DnsResponse; readonly octets: number; readonly cookie: Buffer | undefined }
  | { readonly lost: string };

export type Question = { readonly name: string; readonly type: number } & QueryOptions;

/** Reads `192.0.2.1#53`, `192.0.2.1:53`, `[2001:db8::1]:53` or an address alone, perhaps after `@`. */
export function parseServer(text: string): SocketAddress | undefined {
  const plain = text.replace(/^@/, '');
  const [, address, port] = /^(.+)#(\d{1,5})$/.exec(plain) ?? [];
  if (address === undefined) return parseSocketAddress(plain, 53);
  const parsed = parseSocketAddress(address, 53);
  const isPort = Number(port) >= 1 && Number(port) <= 65_535;
  return parsed && isPort ? { address: parsed.address, port: Number(port) } : undefined;
}

/** Reads a flag that names a server; undefined: it is not there. */
export function serverFlag(
  values: Values,
  flag: string,
): SocketAddress | undefined | { readonly error: string } {
  const text = textOf(values, flag);
  if (text === undefined) return undefined;
  return parseServer(text) ?? { error: `--${flag} is an address such as 192.0.2.1#53, not "${text}"` };
}

/** The server's sentence for a failed connection or exchange. */
function lostText({ code, message }: NodeJS.ErrnoException, { address, port }: SocketAddress): string {
  const who = printSocketAddress(address, port);
  if (code === 'ECONNREFUSED') return `nobody listens on ${who}`;
  if (code === 'ENETUNREACH' || code === 'EHOSTUNREACH') return `there is no way to ${who}`;
  return `${who}: ${message}`;
}

type Open = {
  readonly question: Question;
  readonly settle: (reply: Reply) => void;
};

/** A few connected UDP sockets to one server. */
export class UdpAsker {
  readonly server: SocketAddress;
  readonly timeoutMs: number;
  readonly #sockets: readonly { readonly socket: Socket; readonly open: Map<number, Open>; id: number }[];
  #next = 0;

  static async open(server: SocketAddress, sockets: number, timeoutMs: number): Promise<UdpAsker> {
    const kind = server.address.includes(':') ? 'udp6' : 'udp4';
    const made = Array.from({ length: sockets }, () => createSocket(kind));
    await Promise.all(
      made.map(
        (socket) =>
          new Promise<void>((resolve, reject) => {
            socket.once('error', reject);
            socket.connect(server.port, server.address, (error?: Error) => {
              socket.off('error', reject);
              if (error === undefined || error === null) resolve();
              else reject(error);
            });
          }),
      ),
    ).catch((error: NodeJS.ErrnoException) => {
      for (const socket of made) socket.close();
      throw new Error(lostText(error, server));
    });
    return new UdpAsker(server, made, timeoutMs);
  }

  private constructor(server: SocketAddress, sockets: readonly Socket[], timeoutMs: number) {
    this.server = server;
    this.timeoutMs = timeoutMs;
    this.#sockets = sockets.map((socket) => ({ socket, open: new Map(), id: randomInt(65_536) }));
    for (const { socket, open } of this.#sockets) {
      socket.on('message', (message) => take(open, message));
      socket.on('error', (error) => {
        const lost = lostText(error, server);
        for (const { settle } of [...open.values()]) settle({ lost });
      });
    }
  }

  /** The address that the server sees, but for what is translated on the way. */
  get source(): string {
    return this.#sockets[0]!.socket.address().address;
  }

  /** Asks once, from the next socket; what does not come in time is lost. */
  ask(question: Question): Promise<Reply> {
    const asker = this.#sockets[this.#next++ % this.#sockets.length]!;
    do asker.id = (asker.id + 1) & 0xffff;
    while (asker.open.has(asker.id));
    const { id, open, socket } = asker;
    return new Promise((resolve) => {
      const settle = (reply: Reply) => {
        clearTimeout(timer);
        open.delete(id);
        resolve(reply);
      };
      const timer = setTimeout(() => settle({ lost: 'no answer in time' }), this.timeoutMs);
      open.set(id, { question, settle });
      const { name, type, ...options } = question;
      socket.send(writeQuery(name, type, id, options), (error) => {
        if (error) settle({ lost: lostText(error, this.server) });
      });
    });
  }

  /** Asks until there is an answer, `tries` times at most. */
  async askUntil(question: Question, tries: number): Promise<Reply> {
    let reply = await this.ask(question);
    for (let i = 1; 'lost' in reply && i < tries; i++) reply = await this.ask(question);
    return reply;
  }

  close(): void {
    for (const { socket } of this.#sockets) socket.close();
  }
}

function take(open: ReadonlyMap<number, Open>, message: Buffer): void {
  if (message.length < 2) return;
  const asked = open.get(message.readUInt16BE(0));
  const reply = asked && replyTo(asked.question, message);
  if (reply !== undefined) asked!.settle(reply);
}

/** The response that a message is to a question; undefined where it is none. */
function replyTo({ name, type, cookie }: Question, message: Buffer): Reply | undefined {
  const response = readResponse(message);
  if (response === undefined || !response.isResponse) return undefined;
  const { question } = response;
  // Some servers leave the question out of an error (RFC 1035 §4.1.1 lets a FORMERR do so).
  const isSame = question && question.type === type && absoluteText(question.name) === absoluteText(name);
  if (question !== undefined && !isSame) return undefined;
  return { response, octets: message.length, cookie: cookie && readCookie(message, cookie.subarray(0, 8)) };
}

/** Asks over UDP until there is an answer, `tries` times at most. */
export async function askUdp(
  server: SocketAddress,
  question: Question,
  timeoutMs: number,
  tries: number,
): Promise<Reply> {
  try {
    const asker = await UdpAsker.open(server, 1, timeoutMs);
    const reply = await asker.askUntil(question, tries);
    asker.close();
    return reply;
  } catch (error) {
    return { lost: (error as Error).message };
  }
}

/** Asks once over TCP. */
export function askTcp(server: SocketAddress, question: Question, timeoutMs: number): Promise<Reply> {
  const { name, type, ...options } = question;
  const id = randomInt(65_536);
  const query = writeQuery(name, type, id, options);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(query.length);
  return new Promise((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    let received = Buffer.alloc(0);
    const settle = (reply: Reply) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reply);
    };
    const timer = setTimeout(() => settle({ lost: 'no answer in time' }), timeoutMs);
    socket.on('error', (error) => settle({ lost: lostText(error, server) }));
    socket.on('end', () => settle({ lost: 'the connection was closed without an answer' }));
    socket.on('connect', () => socket.write(Buffer.concat([length, query])));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const message = received.subarray(2, 2 + received.readUInt16BE(0));
      const reply = message.length >= 2 && message.readUInt16BE(0) === id && replyTo(question, message);
      settle(reply || { lost: 'what came is no answer to what was asked' });
    });
  });
}
