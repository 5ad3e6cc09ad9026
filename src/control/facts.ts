// The server's own facts, asked for over the channel: they come at once or not at all. Used by control.ts for
// status.
import { factsTimeoutMs } from '../limits.ts';
import type { Facts, ToServer } from '../serve/channel.ts';

export class FactsDesk {
  readonly #send: (message: ToServer) => void;
  readonly #awaited = new Map<number, (facts: Facts | undefined) => void>();
  #ticket = 0;

  constructor(send: (message: ToServer) => void) {
    this.#send = send;
  }

  /** Asks; resolves with undefined where no answer comes in time. */
  ask(): Promise<Facts | undefined> {
    const ticket = ++this.#ticket;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(undefined), factsTimeoutMs);
      const settle = (facts: Facts | undefined) => {
        clearTimeout(timer);
        this.#awaited.delete(ticket);
        resolve(facts);
      };
      this.#awaited.set(ticket, settle);
      this.#send({ kind: 'facts?', ticket });
    });
  }

  /** Takes what the server answered. */
  take(facts: Facts): void {
    this.#awaited.get(facts.ticket)?.(facts);
  }
}
