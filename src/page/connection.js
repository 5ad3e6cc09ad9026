// @ts-check
// The bar at the top: whether the page is connected and how old is what it shows, who looks, and what the
// server is.

/** @import { State } from './state.js' */
import { h } from './elements.js';
import { printMoment, printSpan } from './printing.js';
import { serverNow } from './state.js';

/** A status that is older than this is said to be old. */
const oldMs = 15_000;

/**
 * @param {State} state
 * @param {{ retry(): void }} actions
 */
export function connectionView({ connection, status, statusAt }, { retry }) {
  const { phase, fault, retryAt, since } = connection;
  const age = Date.now() - statusAt;
  const ageText = status === undefined ? 'nothing was shown yet' : `what is shown is ${printSpan(age)} old`;
  if (phase === 'connecting') return [h('p', { class: 'link wait' }, mark('\u25CB'), 'Connecting\u2026')];
  if (phase === 'live') {
    if (age > oldMs) return [h('p', { class: 'link wait' }, mark('\u25B2'), `Live, but ${ageText}`)];
    return [h('p', { class: 'link live' }, mark('\u25CF'), `Live, ${printSpan(age)} old`)];
  }
  const waitMs = Math.max(0, retryAt - Date.now());
  const next = waitMs === 0 ? 'trying again\u2026' : `next try in ${Math.ceil(waitMs / 1000)} s`;
  return [
    h(
      'p',
      { class: 'link lost' },
      mark('\u2715'),
      h('strong', {}, `Not connected since ${printMoment(since, Date.now())}`),
      ` (${fault}): ${ageText}; ${next}. `,
      h('button', { type: 'button', class: 'small', onclick: retry }, 'Try now'),
    ),
  ];
}

/** @param {string} sign */
function mark(sign) {
  return h('span', { class: 'mark', 'aria-hidden': 'true' }, sign);
}

/**
 * @param {State} state
 * @param {{ signOut(): void }} actions
 */
export function tokenView({ token }, { signOut }) {
  if (token === undefined) return [];
  const { name = '', scope, until } = token;
  const end = until === undefined ? '' : `, until ${printMoment(until, Date.now())}`;
  const may = scope === 'operate' ? 'may operate' : 'may only look';
  return [
    h('span', { class: 'who' }, h('bdi', {}, name), ` ${may}${end}`),
    h('button', { type: 'button', class: 'small', onclick: signOut }, 'Sign out'),
  ];
}

/**
 * Facts of the server in a line.
 * @param {State} state
 */
export function factsView(state) {
  const { status } = state;
  if (status === undefined) return [];
  const { server, control, version } = status;
  const now = serverNow(state);
  /** @type {[string, string][]} */
  const facts = [['Version', version]];
  if (server !== undefined) {
    facts.push(['Up', printSpan(now - server.startedAt)]);
    facts.push(['Generation', String(server.generation)]);
    facts.push(['Engine', `${server.engine}, ${server.workers.length} threads`]);
    facts.push(['Memory', `${Math.round(server.memory.rss / 1e6)} MB`]);
  }
  if (control.loadedAt !== undefined) facts.push(['Loaded', printMoment(control.loadedAt, now)]);
  if (server !== undefined) facts.push(['Listening', server.listen.join(' ')]);
  return facts.map(([name, value]) =>
    h('div', { key: name }, h('dt', {}, name), h('dd', {}, h('bdi', {}, value))),
  );
}
