// Responses per second by RCODE over the last minutes, for GET /rates: whoever looks after something went
// wrong sees what was before. The server is asked for ten sums every few seconds, and nothing else of what it
// counts.
import { tallyRcodes } from '../answer/tally.ts';
import type { Rcodes, ToServer } from '../serve/channel.ts';
import { type Reply, refusal } from './admin.ts';

/** A minute has some points, and a quarter of an hour is a screen's width of them. */
const sampleMs = 5000;
const samplesMax = 180;

type Sample = { readonly at: number; readonly perSecond: readonly number[] };

export class Rates {
  readonly #send: (message: ToServer) => void;
  readonly #wall: () => number;
  readonly #samples: Sample[] = [];
  #last: { readonly at: number; readonly counts: Float64Array } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (message: ToServer) => void, wall: () => number = Date.now) {
    this.#send = send;
    this.#wall = wall;
  }

  /** Begins to ask; a second one changes nothing. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#send({ kind: 'rcodes?' });
    this.#timer = setInterval(() => this.#send({ kind: 'rcodes?' }), sampleMs).unref();
  }

  /** Takes what the server has sent so far, by RCODE. */
  take({ counts }: Rcodes): void {
    const at = this.#wall();
    const last = this.#last;
    const seconds = last === undefined ? 0 : (at - last.at) / 1000;
    this.#last = { at, counts };
    // A clock that was set back, or two answers at once: there is no rate between the two.
    if (last === undefined || seconds < 0.1) return;
    const perSecond = Array.from(counts, (count, i) => Math.max(0, count - last.counts[i]!) / seconds);
    this.#samples.push({ at, perSecond: perSecond.map((rate) => Math.round(rate * 10) / 10) });
    if (this.#samples.length > samplesMax) this.#samples.shift();
  }

  /** Answers GET /rates. */
  reply(parameters: URLSearchParams): Reply {
    const text = parameters.get('after') ?? '0';
    if (!/^\d{1,15}$/.test(text)) return refusal(400, 'after must be the time of a sample, in milliseconds');
    const samples = this.#samples.filter(({ at }) => at > Number(text));
    return { status: 200, body: { now: this.#wall(), sampleMs, samplesMax, rcodes: tallyRcodes, samples } };
  }
}
