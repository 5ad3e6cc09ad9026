// @ts-check
// Queries per second by response code over the last quarter of an hour: one chart of all, and a row for each
// code that was sent. Scales are said, and differ between codes: a rare SERVFAIL is to be seen.

/** @import { State } from './state.js' */
import { h } from './elements.js';
import { printRate, printSpan } from './printing.js';
import { niceMax, sparkline } from './spark.js';
import { samplesMax } from './state.js';

/** Samples that a chart begins with; when they are too many it is one of the others. */
const widths = [36, 90, samplesMax];

/** Codes that are always there, so that rows do not come and go. */
const usual = ['NOERROR', 'NXDOMAIN', 'REFUSED', 'SERVFAIL'];

/** @param {State} state */
export function ratesView({ samples, rcodes, sampleMs }) {
  if (rcodes.length === 0) return [h('p', { class: 'quiet' }, 'No rates yet.')];
  const series = rcodes
    .map((name, i) => ({ name, values: samples.map(({ perSecond }) => perSecond[i] ?? 0) }))
    .filter(({ name, values }) => usual.includes(name) || values.some((value) => value > 0))
    .sort((a, b) => rank(a.name) - rank(b.name));
  const totals = samples.map(({ perSecond }) => perSecond.reduce((sum, rate) => sum + rate, 0));
  const now = totals.at(-1) ?? 0;
  const most = Math.max(0, ...totals);
  const max = niceMax(totals);
  const count = widths.find((one) => one >= samples.length) ?? samplesMax;
  const span = printSpan(count * sampleMs);
  return [
    h(
      'div',
      { class: 'total' },
      h('p', { class: 'figure' }, h('strong', {}, printRate(now)), ' queries/s'),
      sparkline(totals, {
        ...{ width: 600, height: 90, count, max, isArea: true, kind: 'wide' },
        label: `Queries per second over ${span}: now ${printRate(now)}, at most ${printRate(most)}`,
      }),
      h('p', { class: 'scale' }, `last ${span}, scale 0 to ${printRate(max)}/s`),
    ),
    h(
      'table',
      { class: 'codes' },
      h('caption', { class: 'hidden' }, 'Responses per second by response code'),
      h('thead', {}, h('tr', {}, ['Code', 'Per second', 'Part', 'Most', `Last ${span}`].map(head))),
      h(
        'tbody',
        {},
        series.map(({ name, values }) => codeRow(name, values, now, count)),
      ),
    ),
  ];
}

/** @param {string} name */
function rank(name) {
  const at = usual.indexOf(name);
  return at < 0 ? usual.length : at;
}

/**
 * @param {string} text
 * @param {number} i
 */
function head(text, i) {
  return h('th', { scope: 'col', class: i > 0 && i < 4 ? 'number' : '' }, text);
}

/**
 * @param {string} name
 * @param {number[]} values
 * @param {number} total
 * @param {number} count of samples that fill the width
 */
function codeRow(name, values, total, count) {
  const now = values.at(-1) ?? 0;
  const most = Math.max(0, ...values);
  const part = total === 0 ? '\u2013' : `${((now / total) * 100).toFixed(1)}%`;
  const isBad = name === 'SERVFAIL' && now > 0;
  return h(
    'tr',
    { key: name, class: isBad ? 'bad' : '' },
    h('th', { scope: 'row' }, isBad ? `\u2715 ${name}` : name),
    h('td', { class: 'number' }, printRate(now)),
    h('td', { class: 'number' }, part),
    h('td', { class: 'number' }, printRate(most)),
    h(
      'td',
      {},
      sparkline(values, {
        ...{ width: 160, height: 22, count, kind: isBad ? 'bad' : '', isArea: true },
        label: `${name}: now ${printRate(now)}, at most ${printRate(most)} per second`,
      }),
    ),
  );
}
