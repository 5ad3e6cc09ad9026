// @ts-check
// What needs somebody, in the server's words and order; the first thing of the page. A second, hidden place
// says it to screen readers, and only when it has changed.

/** @import { Attention } from '../control/attention.ts' */
/** @import { State } from './state.js' */
import { h } from './elements.js';
import { marks, poolsOf } from './judge.js';
import { plural, printMoment, printSpan } from './printing.js';
import { serverNow } from './state.js';

/** What is shown at once: the pools below are to be seen too. */
const alertsMax = 8;
const detailsMax = 20;

/** @param {State} state */
export function attentionView(state) {
  const { status } = state;
  if (status === undefined) return [h('p', { class: 'headline' }, 'Asking the server\u2026')];
  const { attention } = status;
  if (attention.length === 0) {
    const members = poolsOf(status).flatMap((pool) => pool.members).length;
    return [
      h(
        'p',
        { class: 'headline good' },
        h('span', { class: 'mark', 'aria-hidden': 'true' }, '\u25CF'),
        h('strong', {}, 'All is well.'),
        ` ${plural(poolsOf(status).length, 'pool')}, ${plural(members, 'member')}; nothing needs anybody.`,
      ),
    ];
  }
  const now = serverNow(state);
  const items = attention.map((one, i) => alertView(one, i, now));
  const more = items.length - alertsMax;
  return [
    h('ul', { key: 'first', class: 'alerts' }, items.slice(0, alertsMax)),
    more > 0 &&
      h(
        'details',
        { key: 'rest', class: 'rest' },
        h('summary', {}, `and ${plural(more, 'more thing')}`),
        h('ul', { class: 'alerts' }, items.slice(alertsMax)),
      ),
  ];
}

/**
 * @param {Attention} attention
 * @param {number} i
 * @param {number} now
 */
function alertView({ severity, what, since, details }, i, now) {
  const isError = severity === 'error';
  const when = since === undefined ? '' : `for ${printSpan(now - since)}, since ${printMoment(since, now)}`;
  return h(
    'li',
    { key: `${what} ${i}`, class: isError ? 'bad' : 'warn' },
    h('span', { class: 'mark', 'aria-hidden': 'true' }, isError ? marks.bad : marks.warn),
    h(
      'div',
      {},
      h('span', { class: 'hidden' }, isError ? 'Error: ' : 'Warning: '),
      h('bdi', { class: 'what' }, what),
      when !== '' && h('span', { class: 'since' }, when),
      details.length > 0 && detailList(details),
    ),
  );
}

/** @param {readonly string[]} details */
function detailList(details) {
  const more = details.length - detailsMax;
  return h(
    'ul',
    { class: 'details' },
    details.slice(0, detailsMax).map((detail) => h('li', {}, h('bdi', {}, detail))),
    more > 0 && h('li', {}, `and ${more} more (steerdns check has them all)`),
  );
}

/**
 * What a screen reader is told.
 * @param {State} state
 */
export function announcement({ status, connection }) {
  if (connection.phase === 'lost') return `Not connected: ${connection.fault}.`;
  if (status === undefined) return '';
  const { attention } = status;
  if (attention.length === 0) return 'All is well.';
  return `${plural(attention.length, 'thing needs', 'things need')} attention: ${attention
    .slice(0, 5)
    .map(({ what }) => what)
    .join('; ')}`;
}

/**
 * What the tab says.
 * @param {State} state
 */
export function titleOf({ status, connection }) {
  const name = `steerdns ${location.hostname}`;
  if (connection.phase === 'lost') return `? ${name}`;
  const errors = status?.attention.filter(({ severity }) => severity === 'error').length ?? 0;
  return errors > 0 ? `\u2715 ${errors} \u00B7 ${name}` : name;
}
