// @ts-check
// How bad things are: members and pools in one word each, and pools in the order in which somebody should
// look at them. Pure.

/** @import { MemberStatus, PoolStatus, Status } from '../control/status.ts' */
/** @import { State } from './state.js' */
import { poolKey } from './state.js';

/** @typedef {'bad' | 'warn' | 'hand' | 'good' | 'none'} Grade */

/** Worst first. */
const grades = /** @type {const} */ (['bad', 'warn', 'hand', 'good', 'none']);

/** Shapes that tell grades apart without their colours. */
export const marks = { bad: '\u2715', warn: '\u25B2', hand: '\u25A0', good: '\u25CF', none: '\u2013' };

/**
 * The hand in force that says something of the state.
 * @param {MemberStatus} member
 */
export function stateHand({ hands }) {
  return hands.find(({ isInForce, state }) => isInForce && state !== undefined);
}

/**
 * @param {MemberStatus} member
 * @returns {Grade}
 */
export function gradeOfMember(member) {
  const { verdict, isDoubted, warning, doubt, heldUntil, last } = member;
  const hand = stateHand(member);
  if (verdict === 'down') return hand === undefined ? 'bad' : hand.state === 'up' ? 'warn' : 'hand';
  if (verdict === 'unchecked') return hand === undefined ? 'none' : 'hand';
  const isOdd = verdict !== 'up' || isDoubted || warning !== undefined || heldUntil !== undefined;
  if (isOdd || doubt?.of === 'failures' || last?.outcome === 'inconclusive') return 'warn';
  return member.hands.some(({ isInForce }) => isInForce) ? 'hand' : 'good';
}

/**
 * @param {PoolStatus} pool
 * @returns {Grade}
 */
export function gradeOfPool({ mode, members }) {
  if (mode !== 'sets') return 'bad';
  return worst(members.map(gradeOfMember)) ?? 'none';
}

/** @param {readonly Grade[]} list */
function worst(list) {
  return grades.find((grade) => list.includes(grade));
}

/**
 * A pool in some words: `1 of 4 down, 1 drained`.
 * @param {PoolStatus} pool
 */
export function summaryOf({ mode, members }) {
  const count = members.length;
  const down = members.filter(({ verdict }) => verdict === 'down').length;
  const byHand = members.filter((member) => member.hands.some(({ isInForce }) => isInForce)).length;
  const unchecked = members.filter(({ verdict }) => verdict === 'unchecked').length;
  const odd = members.filter((member) => gradeOfMember(member) === 'warn').length;
  const words = [];
  if (mode !== 'sets') words.push(mode === 'nodata' ? 'answers NODATA' : 'answers SERVFAIL');
  if (down > 0) words.push(down === count ? `all ${count} down` : `${down} of ${count} down`);
  if (odd > 0) words.push(`${odd} in doubt`);
  if (byHand > 0) words.push(`${byHand} by hand`);
  if (words.length > 0) return words.join(', ');
  if (unchecked === count) return `${count} unchecked`;
  return count === 1 ? '1 up' : `all ${count} up`;
}

/** @param {Status | undefined} status */
export function poolsOf(status) {
  return (status?.zones ?? []).flatMap(({ pools }) => pools);
}

/**
 * The pools that the filter leaves, those that need somebody first, then by name.
 * @param {State} state
 */
export function sortedPools({ status, filter, isTroubleOnly }) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return poolsOf(status)
    .map((pool) => ({ pool, grade: gradeOfPool(pool), key: poolKey(pool) }))
    .filter(({ grade }) => !isTroubleOnly || grade === 'bad' || grade === 'warn' || grade === 'hand')
    .filter(({ pool }) => words.every((word) => textOf(pool).includes(word)))
    .sort((a, b) => grades.indexOf(a.grade) - grades.indexOf(b.grade) || (a.key < b.key ? -1 : 1));
}

/**
 * What a filter looks at.
 * @param {PoolStatus} pool
 */
function textOf({ owner, type, policy, members }) {
  const words = members.flatMap((one) => [one.name, one.address, one.verdict, one.group ?? '', one.why]);
  return [owner, type, policy, ...words].join(' ').toLowerCase();
}

/** Pools that open by themselves: more of them would bury those below. */
const openAtOnce = 12;
const fewPools = 4;

/**
 * Those of them that are shown, and whether they show their members: as somebody wished, else where they need
 * somebody or are few.
 * @param {State} state
 */
export function shownPools(state) {
  const found = sortedPools(state);
  return found.slice(0, state.poolsShown).map((one, i) => {
    const isOdd = one.grade === 'bad' || one.grade === 'warn' || one.grade === 'hand';
    const isOpen = found.length <= fewPools || (isOdd && i < openAtOnce);
    return { ...one, isOpen: state.opened.get(one.key) ?? isOpen };
  });
}
