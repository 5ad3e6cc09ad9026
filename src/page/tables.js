// @ts-check
// A table of results: said to be one in so many words, because on narrow screens it is laid out as cards, and
// then a browser no longer takes it for a table.

/** @import { Content } from './elements.js' */
import { h } from './elements.js';

/** @typedef {{ readonly name: string, readonly kind?: 'head' | 'number' }} Column */
/** @typedef {{ readonly key: string, readonly kind: string, readonly cells: readonly Content[] }} Row */

/**
 * @param {string} caption for those who do not see where it stands
 * @param {readonly Column[]} columns
 * @param {readonly Row[]} rows
 */
export function table(caption, columns, rows) {
  const classOf = (/** @type {Column | undefined} */ column) => (column?.kind === 'number' ? 'number' : '');
  const heads = columns.map((column) =>
    h('th', { scope: 'col', role: 'columnheader', class: classOf(column) }, column.name),
  );
  const lines = rows.map(({ key, kind, cells }) =>
    h(
      'tr',
      { key, class: kind, role: 'row' },
      cells.map((cell, i) => {
        const isHead = columns[i]?.kind === 'head';
        const role = isHead ? { scope: 'row', role: 'rowheader' } : { role: 'cell' };
        return h(isHead ? 'th' : 'td', { ...role, class: classOf(columns[i]) }, cell);
      }),
    ),
  );
  return h(
    'table',
    { class: 'results', role: 'table' },
    h('caption', { class: 'hidden' }, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, heads)),
    h('tbody', { role: 'rowgroup' }, lines),
  );
}
