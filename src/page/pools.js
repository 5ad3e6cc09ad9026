// @ts-check
// Pools, those that need somebody first: a line each, and below it, where it is open, a table of its members.

/** @import { PoolStatus } from '../control/status.ts' */
/** @import { Place, State } from './state.js' */
/** @import { Grade } from './judge.js' */
import { h } from './elements.js';
import { marks, poolsOf, shownPools, sortedPools, summaryOf } from './judge.js';
import { memberRow } from './members.js';
import { plural, printCount, printOwner, printShare } from './printing.js';

/**
 * @typedef {object} PoolActions
 * @property {(key: string, isOpen: boolean) => void} toggle
 * @property {() => void} more
 * @property {(place: Place) => void} evidence
 * @property {(place: Place) => void} drain
 * @property {(place: Place) => void} undrain
 */

/**
 * @param {State} state
 * @param {PoolActions} actions
 */
export function poolsView(state, actions) {
  if (state.status === undefined) return [];
  const count = poolsOf(state.status).length;
  const found = sortedPools(state);
  if (count === 0) return [h('p', { class: 'quiet' }, 'Nothing is balanced: no zone has a pool.')];
  if (found.length === 0) return [h('p', { class: 'quiet' }, 'No pool matches.')];
  const rest = found.length - state.poolsShown;
  return [
    shownPools(state).map((one) => poolView(state, one, actions)),
    rest > 0 &&
      h(
        'p',
        { key: ' more' },
        h('button', { type: 'button', onclick: actions.more }, `Show more (${plural(rest, 'pool')} left)`),
      ),
  ];
}

/** @param {State} state */
export function poolCount(state) {
  const all = poolsOf(state.status).length;
  const found = sortedPools(state).length;
  return found === all ? plural(all, 'pool') : `${printCount(found)} of ${plural(all, 'pool')}`;
}

/**
 * @param {State} state
 * @param {{ pool: PoolStatus, grade: Grade, key: string, isOpen: boolean }} one
 * @param {PoolActions} actions
 */
function poolView(state, { pool, grade, key, isOpen }, actions) {
  const id = `pool ${key}`.replace(/[^a-z0-9]/gi, (sign) => `_${sign.codePointAt(0)?.toString(16)}`);
  return h(
    'section',
    { key, class: `pool ${grade}`, 'data-pool': printOwner(pool.owner) },
    h(
      'h3',
      {},
      h(
        'button',
        {
          type: 'button',
          'aria-expanded': String(isOpen),
          'aria-controls': id,
          onclick: () => actions.toggle(key, !isOpen),
        },
        h('span', { class: 'arrow', 'aria-hidden': 'true' }, isOpen ? '\u25BE' : '\u25B8'),
        h('span', { class: 'mark', 'aria-hidden': 'true' }, marks[grade]),
        h('bdi', { class: 'name' }, printOwner(pool.owner)),
        h('span', { class: 'type' }, pool.type),
        h('span', { class: 'summary' }, summaryOf(pool)),
      ),
    ),
    h('div', { class: 'inside', id, hidden: !isOpen }, isOpen && insideView(state, pool, actions)),
  );
}

/** @param {PoolStatus} pool */
function metaText(pool) {
  const { policy, mode, answers, ttl, isSettled, responses, type } = pool;
  const count = type === 'CNAME' ? '1 name' : plural(answers, 'address', 'addresses');
  const what = mode === 'sets' ? `${count} per response` : mode === 'nodata' ? 'NODATA' : 'SERVFAIL';
  const short = isSettled ? '' : ' (short: not settled)';
  return `${policy}, ${what}, TTL ${ttl} s${short}, ${plural(responses, 'response')}`;
}

const columns = ['Member', 'Verdict', 'For', 'Last result', 'Latency', 'Share', 'Wanted', 'Given', 'Actions'];
const numbers = new Set(['For', 'Share', 'Wanted', 'Given']);

/**
 * @param {State} state
 * @param {PoolStatus} pool
 * @param {PoolActions} actions
 */
function insideView(state, pool, actions) {
  return [
    h('p', { class: 'meta' }, metaText(pool)),
    pool.remarks.map((remark) => h('p', { class: 'remark' }, h('bdi', {}, remark))),
    shareBar(pool),
    h(
      'table',
      { class: 'members', role: 'table' },
      h('caption', { class: 'hidden' }, `Members of ${printOwner(pool.owner)} ${pool.type}`),
      h(
        'thead',
        { role: 'rowgroup' },
        h(
          'tr',
          { role: 'row' },
          columns.map((name) =>
            h('th', { scope: 'col', role: 'columnheader', class: numbers.has(name) ? 'number' : '' }, name),
          ),
        ),
      ),
      h(
        'tbody',
        { role: 'rowgroup' },
        pool.members.map((member) => memberRow(state, { pool, member }, actions)),
      ),
    ),
  ];
}

/**
 * How the traffic of a pool is divided, as one bar.
 * @param {PoolStatus} pool
 */
function shareBar({ members }) {
  let x = 0;
  const parts = members.filter(({ share }) => share > 0);
  const words = parts.map(({ name, share }) => `${name} ${printShare(share)}`);
  const label = `Shares: ${words.join(', ') || 'none'}`;
  return h(
    'svg',
    {
      class: 'division',
      viewBox: '0 0 1000 8',
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': label,
    },
    h('rect', { class: 'ground', x: 0, y: 0, width: 1000, height: 8 }),
    members.map(({ name, address, share }, i) => {
      if (share === 0) return null;
      const from = x;
      x += share * 1000;
      const gap = from === 0 ? 0 : 3;
      const width = Math.max(0, Math.round(share * 10_000) / 10 - gap);
      const rect = {
        class: `part part${i % 3}`,
        x: Math.round((from + gap) * 10) / 10,
        y: 0,
        width,
        height: 8,
      };
      return h('rect', { key: address, ...rect }, h('title', {}, `${name} ${printShare(share)}`));
    }),
  );
}
