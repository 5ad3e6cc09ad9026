// Who may have a TCP connection: so many in all, and a share of them for each client address. What is too
// many pushes out a connection that has been silent for longest, of that client or of all: it has had its
// chance, and RFC 7766 §6.2.3 lets a server close what is idle at any time, while whoever just came has a
// question. So a flood of connections is at most a flood: it never keeps the next client waiting. (Knot and
// gdnsd do the same; NSD and BIND refuse the new one, and with BIND's defaults 150 silent clients shut the
// door.)
import { tcpClientShare } from '../limits.ts';

/** What is known of a connection here. */
export type Held = {
  readonly client: string;
  /** When octets last came, by performance.now(). */
  readonly heardAt: number;
};

/** Fewest connections that one client may have, however few there are in all. */
const clientMin = 8;

export class Connections<T extends Held> {
  readonly #max: number;
  readonly #clientMax: number;
  readonly #byClient = new Map<string, Set<T>>();
  size = 0;

  /** For at most `max` connections in all. */
  constructor(max: number) {
    this.#max = max;
    this.#clientMax = Math.max(clientMin, Math.floor(max / tcpClientShare));
  }

  /** Whether this client has as many as one may have. */
  isClientFull(client: string): boolean {
    return (this.#byClient.get(client)?.size ?? 0) >= this.#clientMax;
  }

  /** Whether there are as many as there may be. */
  get isFull(): boolean {
    return this.size >= this.#max;
  }

  /** The connection that has been silent for longest: of one client, or of all. */
  quietest(client?: string): T | undefined {
    const sets = client === undefined ? this.#byClient.values() : [this.#byClient.get(client) ?? []];
    let found: T | undefined;
    for (const set of sets) {
      for (const one of set) if (found === undefined || one.heardAt < found.heardAt) found = one;
    }
    return found;
  }

  add(connection: T): void {
    const held = this.#byClient.get(connection.client);
    if (held === undefined) this.#byClient.set(connection.client, new Set([connection]));
    else held.add(connection);
    this.size += 1;
  }

  remove(connection: T): void {
    const held = this.#byClient.get(connection.client);
    if (held?.delete(connection) !== true) return;
    this.size -= 1;
    if (held.size === 0) this.#byClient.delete(connection.client);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const held of this.#byClient.values()) yield* held;
  }
}

/** Who a client is: an IPv4 address, or a /56 of IPv6, which is what a customer is given (RFC 6177 §2). */
export function clientOf(address: Uint8Array): string {
  return Buffer.from(address.buffer, address.byteOffset, address.length === 4 ? 4 : 7).toString('latin1');
}
