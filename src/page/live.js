// @ts-check
// Keeps the state as the server is: the stream of events says when something happened, and then the status is
// asked for; besides, every few seconds, for what moves without an event. A cut connection is tried again
// with growing pauses, and the state says so all the while.

/** @import { Event } from '../control/events.ts' */
/** @import { PoolLatencies } from '../control/evidence.ts' */
/** @import { State } from './state.js' */
import { Api, Refused } from './api.js';
import { isOpen, poolsOf, sortedPools } from './judge.js';
import { eventsMax, latencyKey, samplesMax } from './state.js';
import { follow } from './stream.js';

/** The status is asked for this often, and when an event came after the shorter time. */
const pollMs = 5000;
const eventPauseMs = 150;
/** A status that takes long is asked for less often: this many times as long lies between two. */
const pollToDuration = 20;
const retryMinMs = 1000;
const retryMaxMs = 30_000;
const ownersMax = 64;

export class Live {
  /**
   * @param {State} state
   * @param {{ onChange(): void, onSignedOut(why: string): void }} listener
   */
  constructor(state, listener) {
    this.state = state;
    this.listener = listener;
    this.api = new Api('');
    /** @type {AbortController} */
    this.end = new AbortController();
    this.wake = () => {};
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.durationMs = 0;
    this.isRefreshing = false;
    this.isStaleBefore = false;
  }

  /**
   * Begins with a token.
   * @param {string} token
   */
  start(token) {
    this.api = new Api(token);
    this.end = new AbortController();
    this.#connect('connecting', '', 0);
    void this.#run(this.end.signal);
  }

  stop() {
    this.end.abort();
    clearTimeout(this.timer);
    this.wake();
  }

  /** Tries again at once, or asks for what is new. */
  now() {
    if (this.state.connection.phase === 'live') void this.refresh();
    else this.wake();
  }

  /** @param {AbortSignal} signal */
  async #run(signal) {
    let pauseMs = retryMinMs;
    while (!signal.aborted) {
      const link = new AbortController();
      this.cut = () => link.abort();
      try {
        if (this.state.token === undefined) this.state.token = await this.api.get('token');
        await this.#catchUp();
        const both = AbortSignal.any([signal, link.signal]);
        const onOpen = () => {
          pauseMs = retryMinMs;
          this.#connect('live', '', 0);
          void this.refresh();
        };
        const after = this.state.events[0]?.id ?? this.lastId;
        await follow(this.api, after, both, {
          onOpen,
          onEvent: (event) => this.#take(event),
          onMissed: () => void this.#catchUp().catch(() => link.abort()),
        });
        throw new Refused(0, 'the connection was closed', '');
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused && error.status === 401) return this.listener.onSignedOut(error.message);
        clearTimeout(this.timer);
        const waitMs = pauseMs * (0.8 + Math.random() * 0.4);
        const fault = error instanceof Refused ? error.message : 'the connection was cut';
        this.#connect('lost', fault, Date.now() + waitMs);
        pauseMs = Math.min(retryMaxMs, pauseMs * 2);
        await this.#pause(waitMs);
      }
    }
  }

  lastId = 0;
  cut = () => {};

  /** @param {number} ms */
  #pause(ms) {
    return /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      })
    );
  }

  /**
   * @param {State['connection']['phase']} phase
   * @param {string} fault
   * @param {number} retryAt
   */
  #connect(phase, fault, retryAt) {
    const { connection } = this.state;
    const since = connection.phase === phase ? connection.since : Date.now();
    this.state.connection = { phase, since, retryAt, fault };
    this.listener.onChange();
  }

  /** Takes the list of events as the server has it. */
  async #catchUp() {
    const { lastId, events } = await this.api.get('events');
    const known = new Set(this.state.events.map(({ id }) => id));
    const fresh = /** @type {Event[]} */ (events).filter(({ id }) => !known.has(id));
    this.state.isGap = known.size > 0 && events.length > 0 && fresh.length === events.length;
    this.state.events = [...this.state.events, ...fresh].sort((a, b) => b.id - a.id).slice(0, eventsMax);
    this.lastId = lastId;
    this.listener.onChange();
  }

  /** @param {Event} event */
  #take(event) {
    this.lastId = event.id;
    this.state.events = [event, ...this.state.events].slice(0, eventsMax);
    this.#plan(eventPauseMs);
    this.listener.onChange();
  }

  /** @param {number} ms */
  #plan(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), ms);
  }

  /** Asks for everything that is shown; one at a time. */
  async refresh() {
    if (this.isRefreshing) {
      this.isStaleBefore = true;
      return;
    }
    this.isRefreshing = true;
    this.isStaleBefore = false;
    const { signal } = this.end;
    const startedAt = Date.now();
    try {
      await Promise.all([this.#status(), this.#rates()]);
      await this.#latencies();
      this.durationMs = Date.now() - startedAt;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && error.status === 401) this.listener.onSignedOut(error.message);
      else this.cut();
      return;
    } finally {
      this.isRefreshing = false;
    }
    if (signal.aborted || this.state.connection.phase !== 'live') return;
    const pauseMs = Math.max(document.hidden ? 6 * pollMs : pollMs, pollToDuration * this.durationMs);
    this.#plan(this.isStaleBefore ? eventPauseMs : pauseMs);
    this.listener.onChange();
  }

  async #status() {
    const { state } = this;
    state.status = await this.api.get('status');
    state.statusAt = Date.now();
    state.skew = (state.status?.now ?? state.statusAt) - state.statusAt;
    this.listener.onChange();
  }

  async #rates() {
    const { state } = this;
    const last = state.samples.at(-1)?.at ?? 0;
    const { rcodes, samples, sampleMs } = await this.api.get('rates', { after: String(last) });
    state.samples = [...state.samples, ...samples].slice(-samplesMax);
    state.rcodes = rcodes;
    state.sampleMs = sampleMs;
  }

  /** Of the pools that are open, and no more than are on a screen or some. */
  async #latencies() {
    const { state } = this;
    const count = poolsOf(state.status).length;
    const shown = sortedPools(state).slice(0, state.poolsShown);
    const open = shown.filter((one, i) => isOpen(state, one, count, i));
    const owners = [...new Set(open.map(({ pool }) => pool.owner))].slice(0, ownersMax);
    if (owners.length === 0) return;
    const { pools } = await this.api.get(
      'latencies',
      owners.map((owner) => ['owner', owner]),
    );
    for (const pool of /** @type {PoolLatencies[]} */ (pools)) {
      for (const member of pool.members) state.latencies.set(latencyKey(pool, member), member.latencies);
    }
  }
}
