// @ts-check
// Small charts of lines as SVG: latencies of a member, rates of an RCODE. The numbers stand beside them as
// text; a chart says in its label what there is to see.

import { h } from './elements.js';

/** @typedef {import('./elements.js').Described} Described */

/**
 * A line through values, gaps where there is none; gaps have a tick at the bottom where `marksGaps`.
 * @param {readonly (number | null)[]} values the oldest first
 * @param {{ width: number, height: number, label: string, count: number, max?: number, marksGaps?: boolean,
 *   isArea?: boolean, kind?: string }} look `count`: values that fill the width
 * @returns {Described}
 */
export function sparkline(values, look) {
  const { width, height, label, count, marksGaps = false, isArea = false, kind = '' } = look;
  const max = look.max ?? niceMax(values);
  const step = width / Math.max(1, count - 1);
  const x = (/** @type {number} */ i) => round(width - (values.length - 1 - i) * step);
  const y = (/** @type {number} */ value) => round(height - 1 - (value / max) * (height - 3));
  const lines = runsOf(values);
  const paths = lines.map((run) => run.map(([i, value]) => `${x(i)} ${y(value)}`).join(' L'));
  return h(
    'svg',
    { class: `spark ${kind}`, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    h('line', { class: 'base', x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 }),
    isArea &&
      lines.map((run, i) => {
        const [first, last] = [run[0]?.[0] ?? 0, run.at(-1)?.[0] ?? 0];
        return h('path', { class: 'area', d: `M${x(first)} ${height} L${paths[i]} L${x(last)} ${height}Z` });
      }),
    paths.map((path, i) => {
      const [[at, value] = [0, 0]] = lines[i] ?? [];
      if (lines[i]?.length === 1) return h('circle', { class: 'dot', cx: x(at), cy: y(value), r: 1.2 });
      return h('path', { class: 'line', d: `M${path}` });
    }),
    marksGaps &&
      values.map((value, i) =>
        value === null ? h('line', { class: 'gap', x1: x(i), x2: x(i), y1: height - 6, y2: height }) : null,
      ),
  );
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/**
 * Neighbours that have values, each with its index.
 * @param {readonly (number | null)[]} values
 */
function runsOf(values) {
  /** @type {[number, number][][]} */
  const runs = [];
  let run = /** @type {[number, number][] | undefined} */ (undefined);
  for (const [i, value] of values.entries()) {
    if (value === null) run = undefined;
    else if (run === undefined) runs.push((run = [[i, value]]));
    else run.push([i, value]);
  }
  return runs;
}

/**
 * The top of a scale: 1, 2 or 5 times a power of ten, above all values.
 * @param {readonly (number | null)[]} values
 */
export function niceMax(values) {
  const max = values.reduce((/** @type {number} */ most, value) => Math.max(most, value ?? 0), 0);
  if (max <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= max) ?? 10);
}
