// @ts-check
// One member of a pool as a row of its table: verdict, since when and why, latency, shares, and what can be
// done.

/** @import { MemberStatus } from '../control/status.ts' */
/** @import { PoolActions } from './pools.js' */
/** @import { Place, State } from './state.js' */
import { h } from './elements.js';
import { gradeOfMember, marks, stateHand } from './judge.js';
import { printLatency, printMoment, printOwner, printShare, printSpan } from './printing.js';
import { sparkline } from './spark.js';
import { latencyKey, serverNow } from './state.js';

/** As many as the server keeps of each endpoint. */
const latenciesShown = 60;

/**
 * @param {State} state
 * @param {Place} place
 * @param {PoolActions} actions
 */
export function memberRow(state, place, actions) {
  const { pool, member } = place;
  const { name, address, verdict, since, share, wanted, given } = member;
  const now = serverNow(state);
  const grade = gradeOfMember(member);
  const key = `${name} ${address}`;
  return h(
    'tr',
    { key, role: 'row', class: `member ${grade}`, 'data-member': name, 'data-verdict': verdict },
    h(
      'th',
      { scope: 'row', role: 'rowheader', class: 'who' },
      h('bdi', { class: 'name' }, name),
      name !== address && h('bdi', { class: 'address' }, address),
      placeText(member) !== '' && h('span', { class: 'place' }, placeText(member)),
    ),
    cell(
      'Verdict',
      'verdict',
      h('span', { class: 'mark', 'aria-hidden': 'true' }, marks[grade]),
      h('span', { class: 'word' }, verdict),
      remarksOf(member, now).map((remark) => h('bdi', { class: 'note' }, remark)),
    ),
    cell('For', 'number for', since === undefined ? '\u2013' : printSpan(now - since)),
    cell('Last result', 'reason', h('bdi', {}, resultText(member))),
    latencyCell(state.latencies.get(latencyKey(pool, member)) ?? [], member),
    cell('Share', 'number share', printShare(share), shareGauge(member)),
    cell('Wanted', 'number wanted', printShare(wanted)),
    cell('Given', 'number given', printShare(given)),
    cell('Actions', 'actions', buttonsOf(state, place, actions)),
  );
}

/**
 * @param {string} label
 * @param {string} kind
 * @param {...import('./elements.js').Content} content
 */
function cell(label, kind, ...content) {
  return h('td', { role: 'cell', class: kind, 'data-label': label }, ...content);
}

/** @param {MemberStatus} member */
function resultText({ last, verdict }) {
  return last?.reason ?? (verdict === 'unchecked' ? 'not checked' : 'none yet');
}

/** @param {MemberStatus} member */
function placeText({ tier, group, weight }) {
  const parts = [];
  if (tier !== 1) parts.push(`tier ${tier}`);
  if (group !== undefined) parts.push(`group ${group}`);
  if (weight !== 1) parts.push(`weight ${weight}`);
  return parts.join(', ');
}

/**
 * What there is to say beside the verdict.
 * @param {MemberStatus} member
 * @param {number} now
 */
function remarksOf(member, now) {
  const { hands, doubt, warning, heldUntil, isDoubted, isStartingSlowly, part, goneAt, verdict } = member;
  const notes = hands.map(({ isInForce, state, weight, from, until, by, reason }) => {
    const what = state === undefined ? `weight ${weight}` : state === 'drain' ? 'drained' : state;
    const begin = isInForce || from === undefined ? '' : `, from ${printMoment(from, now)}`;
    const end = until === undefined ? '' : `, until ${printMoment(until, now)}`;
    return `${what} by ${by ?? 'hand'}${reason === '' ? '' : `: ${reason}`}${begin}${end}`;
  });
  if (doubt !== undefined) {
    const { of, count, enough } = doubt;
    notes.push(count < enough ? `${count} of ${enough} ${of}` : `${count} ${of}`);
  }
  if (isDoubted) notes.push('would be down, but the prober itself is suspected');
  if (heldUntil !== undefined && heldUntil > now)
    notes.push(`flaps: held until ${printMoment(heldUntil, now)}`);
  if (isStartingSlowly) notes.push(`slow start, ${Math.round(part * 100)}% of its weight`);
  else if (part < 1 && verdict !== 'down') notes.push(`asks for ${Math.round(part * 100)}% of its weight`);
  if (warning !== undefined) notes.push(warning);
  if (goneAt !== undefined && goneAt > now)
    notes.push(`last cached answer gone in ${printSpan(goneAt - now)}`);
  return notes;
}

/**
 * @param {readonly (number | null)[]} latencies
 * @param {MemberStatus} member
 */
function latencyCell(latencies, { verdict, name }) {
  if (verdict === 'unchecked') return cell('Latency', 'latency', h('span', { class: 'quiet' }, 'not probed'));
  const last = latencies.at(-1);
  const text = last === undefined ? '\u2013' : last === null ? 'failed' : printLatency(last);
  const failed = latencies.filter((one) => one === null).length;
  const slowest = latencies.reduce((/** @type {number} */ most, one) => Math.max(most, one ?? 0), 0);
  const most = `at most ${printLatency(slowest)}, ${failed} failed`;
  const label = `Latency of ${name}, last ${latencies.length} probes: now ${text}, ${most}`;
  const look = { width: 120, height: 24, count: latenciesShown, label, marksGaps: true };
  return cell(
    'Latency',
    'latency',
    latencies.length > 0 && sparkline(latencies, look),
    h('span', { class: 'value' }, text),
  );
}

/**
 * The share it gets, with a mark where the share is that its weight asks for.
 * @param {MemberStatus} member
 */
function shareGauge({ share, wanted }) {
  const at = Math.round(wanted * 98 * 10) / 10;
  return h(
    'svg',
    { class: 'gauge', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    h('rect', { class: 'ground', x: 0, y: 1, width: 100, height: 4 }),
    h('rect', { class: 'fill', x: 0, y: 1, width: Math.round(share * 1000) / 10, height: 4 }),
    wanted > 0 && h('rect', { class: 'wish', x: at, y: 0, width: 2, height: 6 }),
  );
}

/**
 * @param {State} state
 * @param {Place} place
 * @param {PoolActions} actions
 */
function buttonsOf({ token }, place, { evidence, drain, undrain }) {
  const { pool, member } = place;
  const who = `${member.name} of ${printOwner(pool.owner)}`;
  const button = (/** @type {string} */ label, /** @type {() => void} */ onclick, key = label) =>
    h('button', { key, type: 'button', class: 'small', 'aria-label': `${label}: ${who}`, onclick }, label);
  const isDrained = stateHand(member)?.state === 'drain';
  const [text, act] = isDrained ? ['Undrain', undrain] : ['Drain', drain];
  return [
    button('Evidence', () => evidence(place)),
    // One button whichever it is, so that it keeps the focus when it turns.
    token?.scope === 'operate' && button(text, () => act(place), 'hand'),
  ];
}
