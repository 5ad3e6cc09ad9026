// @ts-check
// What the page knows, as one value that views are made of: main.js owns it, live.js fills it, nobody else
// writes.

/** @import { Evidence } from '../control/evidence.ts' */
/** @import { Event } from '../control/events.ts' */
/** @import { Explanation } from '../control/explain.ts' */
/** @import { MemberStatus, PoolStatus, Status } from '../control/status.ts' */

/** @typedef {{ at: number, perSecond: number[] }} Sample */
/** @typedef {{ name?: string, scope: 'read' | 'operate', until?: number }} TokenInfo */
/**
 * `lost`: nobody answers, `retryAt` says when it is tried again, by the clock of this browser.
 * @typedef {'connecting' | 'live' | 'lost'} Phase
 * @typedef {{ phase: Phase, since: number, retryAt: number, fault: string }} Connection
 */
/** @typedef {{ pool: PoolStatus, member: MemberStatus }} Place */

/**
 * @typedef {object} State
 * @property {TokenInfo | undefined} token
 * @property {Status | undefined} status
 * @property {number} statusAt when the status came, by the clock of this browser
 * @property {number} skew what the server's clock is ahead of this browser's, in milliseconds
 * @property {Connection} connection
 * @property {readonly Event[]} events newest first
 * @property {boolean} isGap whether there were events that are not here
 * @property {readonly string[]} rcodes
 * @property {number} sampleMs
 * @property {readonly Sample[]} samples
 * @property {Map<string, readonly (number | null)[]>} latencies by latencyKey()
 * @property {Map<string, boolean>} opened pools that somebody opened or closed, by poolKey()
 * @property {string} filter
 * @property {boolean} isTroubleOnly
 * @property {number} poolsShown
 * @property {number} eventsShown
 * @property {number} windowMs of the timeline
 * @property {boolean} withPublications
 * @property {{ place: Place, evidence?: Evidence, fault?: string } | undefined} evidence
 * @property {{ explanation?: Explanation, fault?: string, isAsking?: boolean }} explained
 */

/** Events that are kept here. */
export const eventsMax = 1000;
/** Pools and events that are shown at first, and with each wish for more. */
export const poolsStep = 50;
export const eventsStep = 25;
/** Points of a chart. */
export const samplesMax = 180;

/** @returns {State} */
export function emptyState() {
  return {
    token: undefined,
    status: undefined,
    statusAt: 0,
    skew: 0,
    connection: { phase: 'connecting', since: Date.now(), retryAt: 0, fault: '' },
    events: [],
    isGap: false,
    rcodes: [],
    sampleMs: 5000,
    samples: [],
    latencies: new Map(),
    opened: new Map(),
    filter: '',
    isTroubleOnly: false,
    poolsShown: poolsStep,
    eventsShown: eventsStep,
    windowMs: 3_600_000,
    withPublications: false,
    evidence: undefined,
    explained: {},
  };
}

/**
 * The server's clock.
 * @param {State} state
 */
export function serverNow({ skew }) {
  return Date.now() + skew;
}

/** @param {{ readonly owner: string, readonly type: string }} pool */
export function poolKey({ owner, type }) {
  return `${owner} ${type}`;
}

/**
 * @param {{ readonly owner: string, readonly type: string }} pool
 * @param {{ readonly address: string }} member
 */
export function latencyKey(pool, { address }) {
  return `${poolKey(pool)} ${address}`;
}
