// The lab's own queries: a steady stream for one name, and what came back. Each response that carries k
// addresses counts 1/k for each of them: that is the traffic they are given by clients that pick any. Asked
// from several ports, so that the kernel spreads the queries over all workers.
import { createSocket, type Socket } from 'node:dgram';
import { readAddresses, writeQuery } from '../../health/dnsclient.ts';

/** Queries per second: enough for a share to settle in seconds, little enough to go unnoticed. */
const loadPerSecond = 200;
/** Responses over which shares are measured: ten seconds' worth. */
export const windowSize = 2000;
/** A query without a response after this is unanswered, as for most resolvers. */
const answerTimeoutMs = 1000;
const portCount = 8;
const tickMs = 5;
/** After a stall (a laptop that slept) the missed queries are not made up for beyond this. */
const burstMax = 20;

/** What the load has seen. */
export type LoadCounts = {
  readonly sent: number;
  readonly answered: number;
  readonly unanswered: number;
  /** Responses without an address: an RCODE, or NODATA. */
  readonly empty: number;
  /** Responses in the last second. */
  readonly perSecond: number;
  /** When the latest query was found unanswered, wall clock in milliseconds. */
  readonly unansweredAt: number | undefined;
  /** Responses on which `shares` rests. */
  readonly measured: number;
  /** Address -> its part of the traffic, 0 to 1. */
  readonly shares: ReadonlyMap<string, number>;
};

export class Load {
  readonly #to: { readonly address: string; readonly port: number };
  readonly #question: Buffer;
  readonly #window = new Window(windowSize);
  readonly #rate = new Rate();
  #ports: AskingPort[] = [];
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  /** Queries that should have been sent by now, those after a stall left out. */
  #skipped = 0;
  #sent = 0;
  #answered = 0;
  #unanswered = 0;
  #empty = 0;
  #unansweredAt: number | undefined;

  /** `name` is absolute, with or without the final dot. */
  constructor(to: { readonly address: string; readonly port: number }, name: string) {
    this.#to = to;
    this.#question = writeQuery(name);
  }

  start(): void {
    const { address, port } = this.#to;
    this.#ports = Array.from({ length: portCount }, () => {
      return new AskingPort(address, port, this.#question, (message) => this.#take(message));
    });
    this.#startedAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const port of this.#ports) port.close();
    this.#ports = [];
  }

  /** Measures shares anew: what was wanted has changed. */
  forgetShares(): void {
    this.#window.clear();
  }

  counts(): LoadCounts {
    return {
      sent: this.#sent,
      answered: this.#answered,
      unanswered: this.#unanswered,
      empty: this.#empty,
      perSecond: this.#rate.perSecond(performance.now()),
      unansweredAt: this.#unansweredAt,
      measured: this.#window.size,
      shares: this.#window.shares(),
    };
  }

  #tick(): void {
    const now = performance.now();
    const owed = Math.floor(((now - this.#startedAt) * loadPerSecond) / 1000) - this.#sent - this.#skipped;
    this.#skipped += Math.max(0, owed - burstMax);
    for (let left = Math.min(owed, burstMax); left > 0; left--) {
      this.#ports[this.#sent++ % portCount]!.ask(now);
    }
    const late = this.#ports.reduce((sum, port) => sum + port.forget(now - answerTimeoutMs), 0);
    if (late === 0) return;
    this.#unanswered += late;
    this.#unansweredAt = Date.now();
  }

  #take(message: Buffer): void {
    this.#answered++;
    this.#rate.count(performance.now());
    const addresses = readAddresses(message);
    if (addresses.length === 0) this.#empty++;
    else this.#window.add(addresses);
  }
}

/** One source port with its queries under way. */
class AskingPort {
  readonly #socket: Socket;
  readonly #query: Buffer;
  readonly #to: { readonly address: string; readonly port: number };
  /** Query id -> when it was sent; in the order of sending. */
  readonly #waiting = new Map<number, number>();
  #id = Math.floor(Math.random() * 65_536);

  constructor(address: string, port: number, query: Buffer, take: (message: Buffer) => void) {
    this.#to = { address, port };
    this.#query = Buffer.from(query);
    this.#socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    this.#socket.on('error', () => {}); // what could not be sent is unanswered
    this.#socket.on('message', (message) => {
      const isResponse = message.length >= 12 && (message[2]! & 0x80) !== 0;
      if (isResponse && this.#waiting.delete(message.readUInt16BE(0))) take(message);
    });
  }

  ask(now: number): void {
    this.#id = (this.#id + 1) & 0xffff;
    this.#query.writeUInt16BE(this.#id, 0);
    this.#waiting.set(this.#id, now);
    // A copy: dgram looks the address up first and would send the next query's id.
    this.#socket.send(Buffer.from(this.#query), this.#to.port, this.#to.address, () => {});
  }

  /** Gives up queries sent before this time; returns how many. */
  forget(before: number): number {
    let late = 0;
    for (const [id, sentAt] of this.#waiting) {
      if (sentAt > before) break;
      this.#waiting.delete(id);
      late++;
    }
    return late;
  }

  close(): void {
    this.#socket.close();
  }
}

/** The last responses, and what part of the traffic they give to each address. */
export class Window {
  readonly #sizeMax: number;
  /** Oldest first, from `#first` on in a ring. */
  readonly #responses: (readonly string[])[] = [];
  #first = 0;
  readonly #parts = new Map<string, number>();

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#responses.length;
  }

  add(addresses: readonly string[]): void {
    if (this.#responses.length < this.#sizeMax) this.#responses.push(addresses);
    else {
      this.#count(this.#responses[this.#first]!, -1);
      this.#responses[this.#first] = addresses;
      this.#first = (this.#first + 1) % this.#sizeMax;
    }
    this.#count(addresses, 1);
  }

  clear(): void {
    this.#responses.length = 0;
    this.#first = 0;
    this.#parts.clear();
  }

  shares(): Map<string, number> {
    const total = Math.max(1, this.size);
    return new Map([...this.#parts].map(([address, parts]) => [address, Math.max(0, parts / total)]));
  }

  #count(addresses: readonly string[], sign: 1 | -1): void {
    for (const address of addresses) {
      this.#parts.set(address, (this.#parts.get(address) ?? 0) + sign / addresses.length);
    }
  }
}

/** Events in the last whole second, counted by tenths. */
class Rate {
  readonly #counts = new Uint32Array(11);
  /** The tenth of a second, since the start of the clock, that each count is for. */
  readonly #tenths = new Float64Array(11).fill(-1);

  count(now: number): void {
    const tenth = Math.floor(now / 100);
    const at = tenth % 11;
    if (this.#tenths[at] !== tenth) this.#counts[at] = 0;
    this.#tenths[at] = tenth;
    this.#counts[at]!++;
  }

  perSecond(now: number): number {
    const current = Math.floor(now / 100);
    return this.#counts.reduce((sum, count, at) => {
      const age = current - this.#tenths[at]!;
      return age >= 1 && age <= 10 ? sum + count : sum;
    }, 0);
  }
}
