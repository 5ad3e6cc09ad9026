// What happened, as one bounded list: verdicts that turned over, reloads, publications, the operator's hand.
// Control adds; the stream of events, webhooks and the timeline read. Ids go up, over restarts too, so that a
// reader who was away says where it was and gets what came since, or is told that there was more.
import type { EventKind } from '../config/eventkinds.ts';
import { eventsKeptMax } from '../limits.ts';

export type Event = {
  readonly id: number;
  /** Wall clock in milliseconds. */
  readonly at: number;
  readonly kind: EventKind;
  /** One line for people, the same as in the log. */
  readonly text: string;
  /** What programs need to know, by kind. */
  readonly data: Readonly<Record<string, unknown>>;
};

type Listener = (event: Event) => void;

export class Events {
  readonly #kept: Event[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #counts = new Map<EventKind, number>();
  readonly #keptMax: number;
  readonly #wall: () => number;
  #lastId: number;
  /** Id of the newest event that is no longer kept, or that an earlier process may have had. */
  #before: number;

  /** Ids begin above those of an earlier process: milliseconds pass faster than events come. */
  constructor(wall: () => number = Date.now, keptMax = eventsKeptMax) {
    this.#wall = wall;
    this.#keptMax = keptMax;
    this.#lastId = wall();
    this.#before = this.#lastId;
  }

  /** Adds an event and tells everybody. */
  add(kind: EventKind, text: string, data: Event['data'] = {}): Event {
    const event = { id: ++this.#lastId, at: this.#wall(), kind, text, data };
    this.#kept.push(event);
    if (this.#kept.length > this.#keptMax) this.#before = this.#kept.shift()!.id;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    for (const listener of this.#listeners) listener(event);
    return event;
  }

  /** The events after this id, oldest first, and whether there were more that are not kept. */
  after(id: number): { readonly events: readonly Event[]; readonly isGap: boolean } {
    return { events: this.#kept.filter((event) => event.id > id), isGap: id < this.#before };
  }

  /** Id of the newest event. */
  get lastId(): number {
    return this.#lastId;
  }

  /** How many of a kind were added. */
  count(kind: EventKind): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** Calls `listener` for each event from now on, until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
