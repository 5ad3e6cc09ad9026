// @ts-check
// Members that turned over lately as lanes over one span of time: a thin line while up, a high block while
// down, half as high where degraded, so that shape says what colour says too.

/** @import { Event } from '../control/events.ts' */
/** @import { State } from './state.js' */
import { h } from './elements.js';
import { poolsOf } from './judge.js';
import { printMoment, printSpan } from './printing.js';
import { serverNow } from './state.js';

const lanesMax = 16;
const namesMax = 3;
const width = 1000;
const height = 20;

/** @typedef {{ from: number, to: number, verdict: string }} Segment */
/** @typedef {{ key: string, name: string, place: string, turns: Event[] }} Lane */

/** Heights of a verdict's block. */
const heights = new Map([
  ['up', 3],
  ['degraded', 10],
  ['down', 18],
]);

/** @param {State} state */
export function lanesView(state) {
  const now = serverNow(state);
  const start = now - state.windowMs;
  const lanes = lanesOf(state, start);
  if (lanes.length === 0) {
    return [h('p', { class: 'quiet' }, `No verdict turned over in the last ${printSpan(state.windowMs)}.`)];
  }
  const more = lanes.length - lanesMax;
  return [
    h(
      'ul',
      { class: 'lanes', 'aria-label': 'Verdicts over time' },
      lanes.slice(0, lanesMax).map((lane) => laneView(lane, start, now)),
    ),
    h(
      'p',
      { class: 'axis', 'aria-hidden': 'true' },
      [0, 0.25, 0.5, 0.75].map((part) =>
        h('span', {}, printMoment(start + part * state.windowMs, now).slice(-8, -3)),
      ),
      h('span', {}, 'now'),
    ),
    h(
      'p',
      { class: 'legend' },
      ['up', 'degraded', 'down', 'unknown'].map((verdict) => h('span', {}, sample(verdict), verdict)),
    ),
    more > 0 && h('p', { class: 'quiet' }, `and ${more} more; the list below has them all`),
  ];
}

/**
 * The lanes with a turn in the window, the one that turned last first. A first verdict is no turn.
 * @param {State} state
 * @param {number} start
 */
function lanesOf({ events, status }, start) {
  const names = namesOf(status);
  /** @type {Map<string, Lane>} */
  const lanes = new Map();
  for (const event of events) {
    if (event.kind !== 'verdict') continue;
    const { key, address, port, probe, member } = event.data;
    const id = String(key ?? `${address} ${port}`);
    const place = `${probe} ${address}${port === 0 ? '' : ` port ${port}`}`;
    const lane = lanes.get(id) ?? {
      key: id,
      name: names.get(String(address)) ?? String(member ?? address),
      place,
      turns: [],
    };
    lane.turns.unshift(event);
    lanes.set(id, lane);
  }
  const isTurn = (/** @type {Event} */ { at, data }) => at >= start && data.from !== 'unknown';
  return [...lanes.values()].filter(({ turns }) => turns.some(isTurn));
}

/**
 * What an address is called: of several names the first ones.
 * @param {State['status']} status
 */
function namesOf(status) {
  /** @type {Map<string, string>} */
  const names = new Map();
  for (const { name, address } of poolsOf(status).flatMap((pool) => pool.members)) {
    const known = names.get(address)?.split(', ') ?? [];
    if (!known.includes(name) && known.length < namesMax) names.set(address, [...known, name].join(', '));
  }
  return names;
}

/**
 * @param {Lane} lane
 * @param {number} start
 * @param {number} now
 */
function laneView({ key, name, place, turns }, start, now) {
  const segments = segmentsOf(turns, start, now);
  const last = turns.at(-1);
  const count = turns.filter(({ at }) => at >= start).length;
  const label = `${count} turns; ${last?.data.to} since ${printMoment(last?.at ?? now, now)}`;
  const x = (/** @type {number} */ at) => Math.round(((at - start) / (now - start)) * width * 10) / 10;
  return h(
    'li',
    { key },
    h(
      'span',
      { class: 'who', title: place },
      h('bdi', { class: 'name' }, name),
      h('bdi', { class: 'address' }, place),
    ),
    h(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
      segments.map(({ from, to, verdict }) => block(verdict, x(from), Math.max(2, x(to) - x(from)), height)),
    ),
    h('span', { class: `verdict ${last?.data.to}` }, String(last?.data.to)),
  );
}

/**
 * @param {readonly Event[]} turns oldest first
 * @param {number} start
 * @param {number} now
 */
function segmentsOf(turns, start, now) {
  /** @type {Segment[]} */
  const segments = [];
  let from = start;
  let verdict = String(turns[0]?.data.from);
  for (const { at, data } of turns) {
    if (at > from) segments.push({ from, to: at, verdict });
    from = Math.max(start, at);
    verdict = String(data.to);
  }
  segments.push({ from, to: now, verdict });
  return segments;
}

/**
 * @param {string} verdict
 * @param {number} x
 * @param {number} wide
 * @param {number} floor
 */
function block(verdict, x, wide, floor) {
  const high = heights.get(verdict) ?? 1;
  return h('rect', {
    class: heights.has(verdict) ? verdict : 'unknown',
    x,
    y: floor - high - 1,
    width: wide,
    height: high,
  });
}

/** @param {string} verdict */
function sample(verdict) {
  return h('svg', { viewBox: '0 0 24 20', 'aria-hidden': 'true' }, block(verdict, 0, 24, height));
}
