// GET /events: what is kept, as JSON, or a stream of server-sent events that begins where the reader says it
// was (Last-Event-ID) and goes on until one side ends it. A reader that does not keep up is dropped and
// counted: it comes back with its last id and misses nothing that is still kept.
import type { ServerResponse } from 'node:http';
import { type EventKind, eventKinds } from '../config/eventkinds.ts';
import { eventStreamBeatMs, eventStreamRetryMs, eventStreamsMax, eventStreamUnsentMax } from '../limits.ts';
import { suggest } from '../near.ts';
import { type Caller, type Reply, refusal } from './admin.ts';
import type { Event, Events } from './events.ts';

type Wish = { readonly after: number | undefined; readonly kinds: ReadonlySet<string> };

export class EventStreams {
  readonly #events: Events;
  readonly #open = new Set<ServerResponse>();
  /** Readers that did not keep up. */
  dropped = 0;

  constructor(events: Events) {
    this.#events = events;
  }

  /** Streams that are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Answers GET /events. */
  reply(parameters: URLSearchParams, { request, token }: Caller): Reply {
    const wish = readWish(parameters, request.headers['last-event-id']);
    if (typeof wish === 'string') return refusal(400, wish);
    const { after, kinds } = wish;
    if (request.headers.accept?.includes('text/event-stream') === true) {
      if (this.#open.size >= eventStreamsMax) return refusal(503, 'too many streams of events are open');
      return {
        status: 200,
        body: '',
        stream: (response) => this.#stream(response, after, kinds, token?.until),
      };
    }
    const { events, isGap } = this.#events.after(after ?? 0);
    const wanted = events.filter(({ kind }) => kinds.has(kind));
    return { status: 200, body: { lastId: this.#events.lastId, isGap, events: wanted } };
  }

  /** `until`: wall clock at which who reads may no longer; undefined: for ever. */
  #stream(
    response: ServerResponse,
    after: number | undefined,
    kinds: ReadonlySet<string>,
    until: number | undefined,
  ): void {
    const { socket } = response;
    socket?.setTimeout(0);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`retry: ${eventStreamRetryMs}\n\n`);
    if (after !== undefined) {
      const { events, isGap } = this.#events.after(after);
      if (isGap) response.write('event: missed\ndata: {}\n\n');
      for (const event of events) if (kinds.has(event.kind)) response.write(printEvent(event));
    }
    this.#open.add(response);
    let wasBehind = false;
    const drop = () => {
      this.dropped += 1;
      end();
      socket?.destroy();
    };
    const stop = this.#events.listen((event) => {
      if (!kinds.has(event.kind)) return;
      response.write(printEvent(event));
      if (response.writableLength > eventStreamUnsentMax) drop();
    });
    const beat = setInterval(() => {
      if (until !== undefined && Date.now() >= until) return void response.end();
      const isBehind = response.writableLength > 0;
      if (isBehind && wasBehind) return drop();
      wasBehind = isBehind;
      response.write(':\n\n'); // so that both sides notice when the other is gone
    }, eventStreamBeatMs).unref();
    const end = () => {
      stop();
      clearInterval(beat);
      this.#open.delete(response);
    };
    response.once('close', end);
  }
}

/** One event as text/event-stream has it. */
function printEvent(event: Event): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}

function readWish(parameters: URLSearchParams, header: string | string[] | undefined): Wish | string {
  const text = parameters.get('after') ?? header;
  if (text !== undefined && !/^\d{1,15}$/.test(String(text))) return 'after must be the id of an event';
  const given = parameters.get('kinds');
  const kinds = given === null ? Object.keys(eventKinds) : given.split(',');
  const unknown = kinds.find((kind) => !Object.hasOwn(eventKinds, kind));
  if (unknown !== undefined) {
    const all = Object.keys(eventKinds) as EventKind[];
    return `there is no kind of events ${JSON.stringify(unknown)}: ${suggest(unknown, all)}`;
  }
  return { after: text === undefined ? undefined : Number(text), kinds: new Set(kinds) };
}
