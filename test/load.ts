// Queries for end-to-end tests: one question with its answer, and a load of many per second that knows of
// every query whether it was answered. Many sockets, so that all workers get their part and no receive buffer
// of ours runs over; what is late is caught up in small bursts, because a burst that overruns our own sockets
// would look like a loss.
import { createSocket, type Socket } from 'node:dgram';
import { decode, encode, type Message } from './wire.ts';

const typeA = 1;
const typeAAAA = 28;
const socketCount = 16;
const tickMs = 2;
const burstMax = 64;
const receiveBufferSize = 4 << 20;

export type LoadOptions = {
  readonly port: number;
  readonly address?: string;
  readonly name: string;
  /** 1 (A) unless said otherwise. */
  readonly type?: number;
  /** Queries per second. */
  readonly rate: number;
  /** Ends by itself after so many queries. */
  readonly count?: number;
  /** Called for each response with times of performance.now(); the octets are valid during the call. */
  readonly onResponse?: (octets: Uint8Array, sentAt: number, receivedAt: number) => void;
};

/** What became of a load. */
export type LoadReport = {
  readonly sent: number;
  readonly answered: number;
  readonly unanswered: number;
  /** Responses to no open query: doubled or late. */
  readonly unexpected: number;
  readonly latencyMsMax: number;
};

type Asker = { readonly socket: Socket; readonly open: Map<number, number>; id: number };

export class Load {
  sent = 0;
  answered = 0;
  unexpected = 0;
  latencyMsMax = 0;
  readonly #options: LoadOptions;
  readonly #query: Uint8Array;
  readonly #askers: readonly Asker[];
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #report: Promise<LoadReport> | undefined;

  /** Starts asking. */
  static async start(options: LoadOptions): Promise<Load> {
    const six = options.address?.includes(':') === true;
    const query = encode({ id: 0, name: absolute(options.name), type: options.type ?? typeA });
    const askers = Array.from({ length: socketCount }, () => ({
      socket: createSocket({ type: six ? 'udp6' : 'udp4', recvBufferSize: receiveBufferSize }),
      open: new Map<number, number>(),
      id: Math.floor(Math.random() * 0x10000),
    }));
    await Promise.all(
      askers.map(
        ({ socket }) =>
          new Promise<void>((resolve) =>
            socket.connect(options.port, options.address ?? '127.0.0.1', () => resolve()),
          ),
      ),
    );
    return new Load(options, query, askers);
  }

  private constructor(options: LoadOptions, query: Uint8Array, askers: readonly Asker[]) {
    this.#options = options;
    this.#query = query;
    this.#askers = askers;
    for (const asker of askers) {
      asker.socket.on('message', (octets) => this.#take(asker, octets));
      asker.socket.on('error', () => {}); // a port that nobody listens on: the query stays unanswered
      asker.socket.unref(); // a test that failed must not be kept alive by its load
    }
    this.#timer = setInterval(() => this.#tick(), tickMs).unref();
  }

  /** Queries without an answer at this moment, those just sent among them. */
  get open(): number {
    return this.#askers.reduce((sum, { open }) => sum + open.size, 0);
  }

  /** Whether all queries of `count` are sent. */
  get isOver(): boolean {
    return this.#timer === undefined;
  }

  /** Stops asking, gives the last answers `graceMs` to come, and closes. */
  stop(graceMs = 2000): Promise<LoadReport> {
    this.#report ??= this.#stop(graceMs);
    return this.#report;
  }

  async #stop(graceMs: number): Promise<LoadReport> {
    this.#stopAsking();
    const deadline = performance.now() + graceMs;
    while (this.open > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    const unanswered = this.open;
    await Promise.all(
      this.#askers.map(({ socket }) => new Promise<void>((resolve) => socket.close(() => resolve()))),
    );
    const { sent, answered, unexpected, latencyMsMax } = this;
    return { sent, answered, unanswered, unexpected, latencyMsMax };
  }

  #stopAsking(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const { rate, count = Number.POSITIVE_INFINITY } = this.#options;
    const due = Math.min(count, Math.ceil(((performance.now() - this.#startedAt) / 1000) * rate));
    for (let burst = 0; this.sent < due && burst < burstMax; burst++) this.#ask();
    if (this.sent >= count) this.#stopAsking();
  }

  #ask(): void {
    const asker = this.#askers[this.sent % socketCount]!;
    while (asker.open.has(asker.id)) asker.id = (asker.id + 1) & 0xffff;
    const query = Buffer.from(this.#query);
    query.writeUInt16BE(asker.id, 0);
    asker.open.set(asker.id, performance.now());
    asker.id = (asker.id + 1) & 0xffff;
    this.sent += 1;
    asker.socket.send(query);
  }

  #take(asker: Asker, octets: Buffer): void {
    const id = octets.length < 12 ? -1 : octets.readUInt16BE(0);
    const sentAt = asker.open.get(id);
    if (sentAt === undefined) {
      this.unexpected += 1;
      return;
    }
    const now = performance.now();
    asker.open.delete(id);
    this.answered += 1;
    this.latencyMsMax = Math.max(this.latencyMsMax, now - sentAt);
    this.#options.onResponse?.(octets, sentAt, now);
  }
}

function absolute(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}

/** Asks `count` queries at `rate` and waits for the answers. */
export async function askMany(options: LoadOptions & { readonly count: number }): Promise<LoadReport> {
  const load = await Load.start(options);
  while (!load.isOver) await new Promise((resolve) => setTimeout(resolve, tickMs));
  return load.stop();
}

/** Asks once over UDP, with RD set where it is `recursive`; throws when no answer comes in time. */
export function ask(
  port: number,
  name: string,
  { type = typeA, address = '127.0.0.1', timeoutMs = 2000, recursive = false } = {},
): Promise<Message> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const id = Math.floor(Math.random() * 0x10000);
    const finish = (act: () => void) => {
      clearTimeout(timer);
      socket.close();
      act();
    };
    const timer = setTimeout(
      () => finish(() => reject(new Error(`no answer for ${name} within ${timeoutMs} ms`))),
      timeoutMs,
    );
    socket.on('error', (error) => finish(() => reject(error)));
    socket.on('message', (octets) => {
      if (octets.readUInt16BE(0) !== id) return;
      try {
        const message = decode(octets);
        finish(() => resolve(message));
      } catch (error) {
        finish(() => reject(error));
      }
    });
    const bits = recursive ? ['rd'] : [];
    socket.send(encode({ id, bits, name: absolute(name), type }), port, address);
  });
}

/** The A and AAAA addresses in the answer section of a decoded response, in their order. */
export function addressesOf({ answer }: Message): string[] {
  return answer.filter(({ type }) => type === typeA || type === typeAAAA).map(({ data }) => data);
}

/**
 * The A addresses in the answer section as octets give them: quick, for every response of a load. Throws on
 * what is not a response with answers of our own making.
 */
export function readAddresses(octets: Uint8Array): string[] {
  const addresses: string[] = [];
  const answers = (octets[6]! << 8) | octets[7]!;
  let at = skipName(octets, 12) + 4;
  for (let i = 0; i < answers; i++) {
    at = skipName(octets, at);
    const type = (octets[at]! << 8) | octets[at + 1]!;
    const length = (octets[at + 8]! << 8) | octets[at + 9]!;
    at += 10;
    if (type === typeA) {
      addresses.push(`${octets[at]}.${octets[at + 1]}.${octets[at + 2]}.${octets[at + 3]}`);
    }
    at += length;
  }
  if (at > octets.length) throw new Error('the response breaks off');
  return addresses;
}

function skipName(octets: Uint8Array, at: number): number {
  for (;;) {
    const length = octets[at];
    if (length === undefined) throw new Error('the response breaks off');
    if (length >= 0xc0) return at + 2;
    if (length === 0) return at + 1;
    at += length + 1;
  }
}
