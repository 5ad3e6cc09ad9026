// The sign of life that systemd waits for comes from a query: the server asks itself over UDP through a
// socket that it answers on, as a client would, and says that it lives when a response has come. A server
// whose threads hang or whose sockets are gone says nothing, and systemd starts another. Each query has a
// port of its own, so that the kernel gives it to one worker and to another; a lost one is repeated at
// once, because under a flood the kernel drops ours like any other.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { watchdogAnswerMaxMs } from '../limits.ts';
import type { SocketAddress } from '../wire/addresses.ts';
import { parseNameText } from '../wire/names.ts';
import { CLASS, TYPE } from '../wire/numbers.ts';

/** What a watchdog is told of the server. */
export type Watched = {
  /** The addresses that are answered on at this moment. */
  addresses(): readonly SocketAddress[];
  /** The origin of a zone that is served; undefined where there is none. */
  origin(): string | undefined;
};

export class Watchdog {
  readonly #watched: Watched;
  readonly #everyMs: number;
  readonly #isAlive: () => void;
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;
  #isStopped = false;

  /** Begins at once; `isAlive` is called for a response, and is due within `dueMs`. */
  constructor(dueMs: number, watched: Watched, isAlive: () => void) {
    this.#watched = watched;
    this.#isAlive = isAlive;
    this.#everyMs = dueMs / 3;
    void this.#look();
  }

  /** Ends the asking. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const patienceMs = Math.min(this.#everyMs, watchdogAnswerMaxMs);
    const addresses = this.#watched.addresses();
    const one = addresses[this.#turn++ % Math.max(addresses.length, 1)];
    const isAnswered = one !== undefined && (await ask(one, this.#watched.origin() ?? '.', patienceMs));
    if (this.#isStopped) return;
    if (isAnswered) this.#isAlive();
    // An address that cannot be asked fails at once, and asking in a circle would eat a core.
    const again = isAnswered ? this.#everyMs : patienceMs / 10;
    this.#timer = setTimeout(() => void this.#look(), again).unref();
  }
}

const wildcards: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Whether a query for the SOA of a name is answered there, by whatever response. */
export function ask({ address, port }: SocketAddress, name: string, timeoutMs: number): Promise<boolean> {
  const id = randomInt(65_536);
  const query = soaQuery(name, id);
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const end = (isAnswered: boolean): void => {
      clearTimeout(timer);
      socket.close();
      resolve(isAnswered);
    };
    const timer = setTimeout(() => end(false), timeoutMs).unref();
    socket.once('error', () => end(false));
    socket.on('message', (message) => {
      if (message.length >= 12 && message.readUInt16BE(0) === id && message[2]! >= 0x80) end(true);
    });
    socket.connect(port, wildcards[address] ?? address, (error?: Error) => {
      if (error === undefined) socket.send(query);
    });
  });
}

/** A query as RFC 1035 §4.1 has it, without EDNS. */
function soaQuery(name: string, id: number): Uint8Array {
  const owner = parseNameText(name).name!;
  const query = new Uint8Array(12 + owner.length + 4);
  const view = new DataView(query.buffer);
  view.setUint16(0, id);
  view.setUint16(4, 1);
  query.set(owner, 12);
  view.setUint16(12 + owner.length, TYPE.SOA);
  view.setUint16(12 + owner.length + 2, CLASS.IN);
  return query;
}
