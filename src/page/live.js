// @ts-check
// Keeps the state as the server is: the stream of events says when something happened, and then the status is
// asked for; besides, every few seconds, for what moves without an event. A cut connection is tried again
// with growing pauses, and the state says so all the while.

/** @import { Event } from '../control/events.ts' */
/** @import { PoolLatencies } from '../control/evidence.ts' */
/** @import { State } from './state.js' */
import { Api, Refused } from './api.js';
import { shownPools } from './judge.js';
import { eventsMax, latencyKey, samplesMax } from './state.js';
import { follow } from './stream.js';

/** The status is asked for this often, and when an event came after the shorter time. */
const pollMs = 5000;
const eventPauseMs = 150;
/** A status that takes long is asked for less often: this many times as long lies between two. */
const pollToDuration = 20;
const retryMinMs = 1000;
const retryMaxMs = 30_000;
/** Of one question for latencies: owners, and octets of their names in the URL. */
const ownersMax = 64;
const urlMax = 6000;

export class Live {
  /**
   * @param {State} state
   * @param {{ onChange(): void, onSignedOut(why: string): void }} listener
   */
  constructor(state, listener) {
    this.state = state;
    this.listener = listener;
    /** @type {AbortController} */
    this.end = new AbortController();
    this.api = new Api('', this.end.signal);
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
    this.end = new AbortController();
    this.api = new Api(token, this.end.signal);
    this.lastId = 0;
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
        this.state.token = await this.api.get('token');
        await this.#catchUp();
        const both = AbortSignal.any([signal, link.signal]);
        const onOpen = () => {
          pauseMs = retryMinMs;
          this.#connect('live', '', 0);
          void this.refresh();
        };
        await follow(this.api, this.lastId, both, {
          onOpen,
          onEvent: (event) => this.#take(event),
          onMissed: () => {
            this.state.isGap = true; // what is still kept follows
          },
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

  /** Takes the events that are not known yet. */
  async #catchUp() {
    const { state } = this;
    const isFirst = this.lastId === 0;
    const { lastId, isGap, events } = await this.api.get(
      'events',
      isFirst ? {} : { after: String(this.lastId) },
    );
    if (!isFirst && isGap) state.isGap = true;
    state.events = [.../** @type {Event[]} */ (events).reverse(), ...state.events].slice(0, eventsMax);
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
    const isWrong = (/** @type {unknown} */ error) => error instanceof Refused && error.status === 400;
    try {
      await Promise.all([this.#status(), this.#rates()]);
      // Charts are not worth a connection: what the server does not understand is left out.
      await this.#latencies().catch((error) => isWrong(error) || Promise.reject(error));
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

  /** Of the pools that are open and have something that is probed, some at a time. */
  async #latencies() {
    const { state } = this;
    const open = shownPools(state).filter((one) => one.isOpen);
    const probed = open.filter(({ pool }) => pool.members.some(({ verdict }) => verdict !== 'unchecked'));
    const owners = [...new Set(probed.map(({ pool }) => pool.owner))];
    while (owners.length > 0) {
      /** @type {[string, string][]} */
      const asked = [];
      for (let length = 0; owners.length > 0 && asked.length < ownersMax && length < urlMax; ) {
        const owner = /** @type {string} */ (owners.shift());
        asked.push(['owner', owner]);
        length += encodeURIComponent(owner).length;
      }
      const { pools } = await this.api.get('latencies', asked);
      for (const pool of /** @type {PoolLatencies[]} */ (pools)) {
        for (const member of pool.members) state.latencies.set(latencyKey(pool, member), member.latencies);
      }
    }
  }
}
