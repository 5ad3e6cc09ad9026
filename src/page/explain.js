// @ts-check
// How a name is answered, step by step, as the server explains it.

/** @import { ExplainedPool, ExplainedSet } from '../control/explainpool.ts' */
/** @import { MemberStatus } from '../control/status.ts' */
/** @import { State } from './state.js' */
import { h } from './elements.js';
import { gradeOfMember, marks } from './judge.js';
import { plural, printShare } from './printing.js';
import { table } from './tables.js';

const setsMax = 24;

/** @param {State} state */
export function explainView({ explained }) {
  const { explanation, fault, isAsking } = explained;
  if (isAsking === true) return [h('p', { class: 'quiet' }, 'Asking the server\u2026')];
  if (fault !== undefined) return [h('p', { class: 'fault' }, '\u2715 ', h('bdi', {}, fault))];
  if (explanation === undefined) return [];
  const { name, type, steps, pools, response } = explanation;
  const { rcode, authoritative, answer, authority, additional, size } = response;
  return [
    h('h3', {}, h('bdi', {}, name), ` ${type}: `, h('strong', {}, rcode)),
    h(
      'ol',
      { class: 'steps' },
      steps.map(({ step, text }) => h('li', {}, h('span', { class: 'kind' }, step), h('bdi', {}, text))),
    ),
    pools.map(poolView),
    h(
      'p',
      { class: 'meta' },
      `Response: ${rcode}${authoritative ? ', authoritative' : ''}; answer ${answer}, `,
      `authority ${authority}, `,
      `additional ${additional}; ${plural(size, 'octet')}.`,
    ),
  ];
}

/** @type {readonly import('./tables.js').Column[]} */
const columns = [
  { name: 'Member', kind: 'head' },
  { name: 'Address' },
  { name: 'Share', kind: 'number' },
  { name: 'Why' },
];

/** @param {MemberStatus} member */
function rowOf(member) {
  const { name, address, share, why } = member;
  const mark = marks[gradeOfMember(member)];
  const cells = [
    h('bdi', {}, name),
    h('bdi', {}, address),
    printShare(share),
    [`${mark} `, h('bdi', {}, why)],
  ];
  return { key: `${name} ${address}`, kind: gradeOfMember(member), cells };
}

/** @param {ExplainedPool} pool */
function poolView({ owner, members, sets, client, remarks, policy, ttl, type }) {
  return [
    h(
      'p',
      {},
      h('bdi', {}, owner),
      ` ${type}: ${policy}, TTL ${ttl} s, ${plural(sets.length, 'answer set')}`,
    ),
    remarks.map((remark) => h('p', { class: 'remark' }, h('bdi', {}, remark))),
    table(`Members behind the ${type} records`, columns, members.map(rowOf)),
    setsView('Answer sets', sets),
    client !== undefined && [
      h('p', {}, 'Client ', h('bdi', {}, client.address), ': ', h('bdi', {}, client.reason)),
      setsView('What this client may get', client.sets),
    ],
  ];
}

/**
 * @param {string} caption
 * @param {readonly ExplainedSet[]} sets
 */
function setsView(caption, sets) {
  if (sets.length === 0) return null;
  const more = sets.length - setsMax;
  return h(
    'details',
    { open: sets.length <= 6 },
    h('summary', {}, `${caption} (${sets.length})`),
    h(
      'ul',
      { class: 'sets' },
      sets
        .slice(0, setsMax)
        .map(({ share, addresses, place }) =>
          h(
            'li',
            {},
            h('span', { class: 'number' }, printShare(share)),
            place === undefined ? '' : ` ${place === '' ? 'elsewhere' : place}`,
            ' ',
            h('bdi', {}, addresses.join(' ')),
          ),
        ),
      more > 0 && h('li', {}, `and ${more} more`),
    ),
  );
}
