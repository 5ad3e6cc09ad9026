// @ts-check
// What happened, newest first, in the words of the log; a verdict has the results it came of below it.

/** @import { Event } from '../control/events.ts' */
/** @import { State } from './state.js' */
import { h } from './elements.js';
import { marks } from './judge.js';
import { plural, printMoment } from './printing.js';
import { serverNow } from './state.js';

/** @typedef {readonly { at: number, outcome: string, reason: string }[]} Results */

/**
 * @param {State} state
 * @param {{ more(): void }} actions
 */
export function timelineView(state, { more }) {
  const events = state.events.filter(({ kind }) => state.withPublications || kind !== 'publication');
  const now = serverNow(state);
  if (events.length === 0) {
    return [h('p', { class: 'quiet' }, 'Nothing has happened since the control process started.')];
  }
  const rest = events.length - state.eventsShown;
  return [
    state.isGap &&
      h('p', { class: 'quiet' }, '\u25B2 There may have been more that the server no longer has.'),
    h(
      'ol',
      { class: 'events' },
      events.slice(0, state.eventsShown).map((event) => eventView(event, now)),
    ),
    rest > 0 && h('p', {}, h('button', { type: 'button', onclick: more }, `Show more (${rest} left)`)),
  ];
}

/** @param {Event} event */
function gradeOf({ kind, data }) {
  if (kind === 'verdict') return data.to === 'down' ? 'bad' : data.to === 'up' ? 'good' : 'warn';
  if (kind === 'unjudged' || (kind === 'prober' && data.kind !== 'answered')) return 'warn';
  if (kind === 'reload') return data.ok === false ? 'bad' : 'none';
  return kind === 'hand' ? 'hand' : kind === 'publication' ? 'none' : 'good';
}

/**
 * @param {Event} event
 * @param {number} now
 */
export function eventView(event, now) {
  const grade = gradeOf(event);
  const results = /** @type {Results | undefined} */ (event.data.evidence) ?? [];
  return h(
    'li',
    { key: event.id, class: grade },
    h('time', { datetime: new Date(event.at).toISOString() }, printMoment(event.at, now)),
    h('span', { class: 'mark', 'aria-hidden': 'true' }, marks[grade]),
    h(
      'div',
      {},
      h('span', { class: 'kind' }, event.kind),
      h('bdi', { class: 'what' }, event.text),
      results.length > 0 &&
        h(
          'details',
          {},
          h('summary', {}, `judged by ${plural(results.length, 'result')}`),
          h(
            'ol',
            {},
            results.map(({ at, outcome, reason }) =>
              h(
                'li',
                { class: outcome },
                h('span', { class: 'ago' }, `${((at - event.at) / 1000).toFixed(1)} s`),
                h('span', { class: 'outcome' }, outcome),
                h('bdi', {}, reason),
              ),
            ),
          ),
        ),
    ),
  );
}
