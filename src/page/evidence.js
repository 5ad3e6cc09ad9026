// @ts-check
// All that is known of one member, in a dialog: what it is probed by, its last results with their reasons,
// how long they took, and what happened to it.

/** @import { Evidence } from '../control/evidence.ts' */
/** @import { State } from './state.js' */
import { h } from './elements.js';
import { marks } from './judge.js';
import {
  plural,
  printCount,
  printLatency,
  printMoment,
  printOwner,
  printSetting,
  printSpan,
} from './printing.js';
import { niceMax, sparkline } from './spark.js';
import { serverNow } from './state.js';
import { table } from './tables.js';
import { eventView } from './timeline.js';

const eventsMax = 10;

/**
 * @param {State} state
 * @param {{ close(): void }} actions
 */
export function evidenceView(state, { close }) {
  if (state.evidence === undefined) return [];
  const { place, evidence, fault } = state.evidence;
  const { member, pool } = place;
  return [
    h(
      'header',
      {},
      h(
        'h2',
        { id: 'evidence-title' },
        h('bdi', {}, member.name),
        ' of ',
        h('bdi', {}, printOwner(pool.owner)),
        ` ${pool.type}`,
      ),
      h('button', { type: 'button', class: 'small', onclick: close }, 'Close'),
    ),
    fault !== undefined && h('p', { class: 'fault', role: 'alert' }, `\u2715 ${fault}`),
    evidence === undefined && fault === undefined && h('p', { class: 'quiet' }, 'Asking the server\u2026'),
    evidence !== undefined && foundView(state, evidence),
    eventsOf(state),
  ];
}

/**
 * @param {State} state
 * @param {Evidence} evidence
 */
function foundView(state, { address, endpoint }) {
  if (endpoint === undefined) {
    return [h('p', {}, h('bdi', {}, address), ': no check looks at it, it is given whatever it does.')];
  }
  const { verdict, since, check, counts, failures, successes, heldUntil, warning, latencies, recent } =
    endpoint;
  const now = serverNow(state);
  const port = check.port === 0 ? '' : ` port ${check.port}`;
  const [timeout, recheck] = [printSetting(check.timeoutMs), printSetting(check.recheckMs)];
  const { ok, fail, inconclusive } = counts;
  const inRow = (/** @type {number} */ count) => `${plural(count, 'success', 'successes')} in a row`;
  /** @type {[string, string][]} */
  const facts = [
    ['Verdict', `${verdict} for ${printSpan(now - since)}, since ${printMoment(since, now)}`],
    ['Probe', `${check.kind} ${address}${port} every ${printSetting(check.intervalMs)}, timeout ${timeout}`],
    [
      'Turns over',
      `down after ${plural(check.fall, 'failure')}, up after ${inRow(check.rise)}; in doubt every ${recheck}`,
    ],
    ['Now counts', `${plural(failures, 'failure')}, ${inRow(successes)}`],
    [
      'Since watched',
      `${printCount(ok)} ok, ${printCount(fail)} failed, ${printCount(inconclusive)} inconclusive`,
    ],
  ];
  if (heldUntil !== undefined && heldUntil > now)
    facts.push(['Held', `until ${printMoment(heldUntil, now)}: it flaps`]);
  if (warning !== undefined) facts.push(['Warning', warning]);
  return [
    h(
      'dl',
      { class: 'facts' },
      facts.map(([name, text]) => h('div', {}, h('dt', {}, name), h('dd', {}, h('bdi', {}, text)))),
    ),
    h('h3', {}, 'Latency'),
    latencyChart(latencies),
    h('h3', {}, 'Last results'),
    resultTable(recent, now),
  ];
}

/** @param {readonly (number | null)[]} latencies */
function latencyChart(latencies) {
  if (latencies.length === 0) return h('p', { class: 'quiet' }, 'No probe yet.');
  const known = /** @type {number[]} */ (latencies.filter((one) => one !== null)).sort((a, b) => a - b);
  const failed = latencies.length - known.length;
  const max = niceMax(known);
  const middle = known[Math.floor(known.length / 2)];
  const words = [`last ${plural(latencies.length, 'probe')}, scale 0 to ${printLatency(max)}`];
  if (middle !== undefined)
    words.push(`median ${printLatency(middle)}, most ${printLatency(known.at(-1) ?? 0)}`);
  if (failed > 0) words.push(`${failed} without a success (ticks at the bottom)`);
  const label = words.join('; ');
  return [
    sparkline(latencies, {
      width: 600,
      height: 90,
      count: 60,
      max,
      label,
      marksGaps: true,
      isArea: true,
      kind: 'wide',
    }),
    h('p', { class: 'scale' }, label),
  ];
}

/**
 * @param {NonNullable<Evidence['endpoint']>['recent']} recent
 * @param {number} now
 */
function resultTable(recent, now) {
  if (recent.length === 0) return h('p', { class: 'quiet' }, 'None yet.');
  const marked = { ok: `${marks.good} ok`, fail: `${marks.bad} fail`, inconclusive: '? inconclusive' };
  const columns = [
    { name: 'Time' },
    { name: 'Outcome' },
    { name: 'Took', kind: /** @type {const} */ ('number') },
    { name: 'Reason' },
  ];
  const rows = [...recent].reverse().map(({ at, outcome, latencyMs, reason }, i) => ({
    key: `${at} ${i}`,
    kind: outcome,
    cells: [printMoment(at, now), marked[outcome], printLatency(latencyMs), h('bdi', {}, reason)],
  }));
  return table('Last results, the newest first', columns, rows);
}

/** @param {State} state */
function eventsOf({ evidence, events, skew }) {
  if (evidence === undefined) return null;
  const { member } = evidence.place;
  const own = events.filter(({ data }) => data.address === member.address).slice(0, eventsMax);
  if (own.length === 0) return null;
  return [
    h('h3', {}, 'What happened to it'),
    h(
      'ol',
      { class: 'events' },
      own.map((one) => eventView(one, Date.now() + skew)),
    ),
  ];
}
