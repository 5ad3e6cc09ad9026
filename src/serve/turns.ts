// Whose turn it is to be answered. Connections that have asked more than is answered at once queue here,
// first come first served, and only some of them are served before the event loop looks at what is new: so a
// client that comes is accepted, and one that asks its first query is answered, in time that does not grow
// with the number of those that pipeline.
import { tcpTurnsMax } from '../limits.ts';

/** One that takes a turn. */
export type Taker = { serve(): void };

export class Turns<T extends Taker> {
  #queue: T[] = [];
  #next = 0;
  #isScheduled = false;

  /** Takes its turn later; each is in the queue once at most. */
  add(taker: T): void {
    this.#queue.push(taker);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    this.#isScheduled = false;
    // Who is added meanwhile stands behind those that are there.
    const end = Math.min(this.#queue.length, this.#next + tcpTurnsMax);
    while (this.#next < end) this.#queue[this.#next++]!.serve();
    if (this.#next < this.#queue.length) this.#schedule();
    if (this.#next * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#next);
    this.#next = 0;
  }
}
