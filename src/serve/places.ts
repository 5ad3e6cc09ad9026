// Where a thread that runs on Node's own sockets listens. What the server has bound already comes as a
// descriptor. What has not, for want of libc or because it was not there at the start, the thread binds for
// itself: an address that no interface has is tried again until one has it, as NSD and Knot wait for it.
import type { MessagePort } from 'node:worker_threads';
import { listenRetryMs } from '../limits.ts';
import { printSocketAddress } from '../wire/addresses.ts';
import type { ThreadReport } from './inbox.ts';

/** One address to listen on. */
export type Place = {
  readonly address: string;
  readonly port: number;
  /** A bound socket for the thread to take and to close; absent where the thread has to bind. */
  readonly fd?: number;
  /** More descriptors of the same socket: a Node server accepts one connection in a turn of its loop. */
  readonly moreFds?: readonly number[];
  /** Left out where the kernel does not know the family: nobody has asked for just this address. */
  readonly isOptional?: boolean;
};

/** What the thread shares with the server about the descriptors that it was given. */
export type Given = {
  /** Cell 0 is 1 once the thread opens them: until then they are the server's to close. */
  readonly taken: Int32Array;
};

function keyOf({ address, port }: Place): string {
  return printSocketAddress(address, port);
}

export class Places<Socket> {
  readonly #given: Given;
  readonly #port: MessagePort;
  readonly #wanted: () => readonly Place[];
  readonly #open: (place: Place) => Promise<Socket>;
  readonly #sockets = new Map<string, Socket>();
  /** What the log has been told of. */
  readonly #told = new Set<string>();

  /** For the places that `wanted` gives, at any time; `open` binds one, or rejects with the error. */
  constructor(
    given: Given,
    port: MessagePort,
    wanted: () => readonly Place[],
    open: (place: Place) => Promise<Socket>,
  ) {
    this.#given = given;
    this.#port = port;
    this.#wanted = wanted;
    this.#open = open;
  }

  /** The sockets that are open at this moment. */
  get opened(): Iterable<Socket> {
    return this.#sockets.values();
  }

  /** Opens what can be opened, tells the server, and goes on looking; rejects with what is wrong. */
  async open(): Promise<void> {
    Atomics.store(this.#given.taken, 0, 1);
    for (const place of this.#wanted()) await this.#openOne(place, true);
    this.#tell({ kind: 'listening' });
    setInterval(() => void this.#again(), listenRetryMs).unref();
  }

  async #again(): Promise<void> {
    for (const place of this.#wanted()) await this.#openOne(place, false);
  }

  async #openOne(place: Place, isStart: boolean): Promise<void> {
    const key = keyOf(place);
    if (this.#sockets.has(key)) return;
    try {
      this.#sockets.set(key, await this.#open(place));
      if (!isStart) this.#tell({ kind: 'note', what: `${key} is there now and is listened on` });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const isLater = code === 'EADDRNOTAVAIL' || (code === 'EAFNOSUPPORT' && place.isOptional === true);
      if (isStart && !isLater) throw error;
      if (this.#told.has(key)) return;
      this.#told.add(key);
      this.#tell({ kind: 'note', what: `not listening on ${key} yet: ${message}` });
    }
  }

  #tell(report: ThreadReport): void {
    this.#port.postMessage(report);
  }
}
