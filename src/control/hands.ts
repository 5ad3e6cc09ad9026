// The operator's hands: which are in force or planned, on what. Values, not objects: a command makes new rows
// of the old ones, looks at what would come of them, and only then are they set. control.ts owns the one
// `Hands`; keep.ts writes its rows to the state directory.
//
// A row names owner, member and perhaps an address, as they were when the hand was laid. Where the
// configuration has no such member any more the row is inert: it changes nothing, waits, and status says so.
import { type Hand, type HandOf, lay } from '../balance/hand.ts';
import type { Pool } from '../balance/pool.ts';
import { ownerText, type Target } from './selectors.ts';

/** One hand on one target. */
export type HandRow = Target & {
  readonly hand: Hand;
  /** Wall clock in milliseconds at which it was laid. */
  readonly at: number;
};

/** Lays a hand on the targets; gives the new rows and those that it displaced or cut short. */
export function withHand(
  rows: readonly HandRow[],
  targets: readonly Target[],
  hand: Hand,
  now: number,
): { readonly rows: readonly HandRow[]; readonly displaced: readonly HandRow[] } {
  const isTouched = targetFilter(targets);
  const displaced: HandRow[] = [];
  const kept = rows.flatMap((row) => {
    if (!isTouched(row)) return [row];
    const left = lay([row.hand], hand, now).slice(0, -1);
    if (left[0] !== row.hand) displaced.push(row);
    return left.map((cut) => ({ ...row, hand: cut }));
  });
  return { rows: [...kept, ...targets.map((target) => ({ ...target, hand, at: now }))], displaced };
}

/** Takes hands off the targets, all or only drains; gives the new rows and those that were lifted. */
export function withoutHands(
  rows: readonly HandRow[],
  targets: readonly Target[],
  which: 'all' | 'drain',
): { readonly rows: readonly HandRow[]; readonly lifted: readonly HandRow[] } {
  const isTouched = targetFilter(targets);
  const isLifted = (row: HandRow) => isTouched(row) && (which === 'all' || row.hand.state === which);
  return { rows: rows.filter((row) => !isLifted(row)), lifted: rows.filter(isLifted) };
}

/** A target that is a whole member touches what lies on its addresses too. */
function targetFilter(targets: readonly Target[]): (row: HandRow) => boolean {
  const keys = new Set(targets.map(targetKey));
  return ({ owner, member, address }) =>
    keys.has(targetKey({ owner, member })) ||
    (address !== undefined && keys.has(targetKey({ owner, member, address })));
}

function targetKey({ owner, member, address = '' }: Target): string {
  return `${owner} ${member} ${address}`;
}

/** The rows as the choice of addresses wants them: what lies on an address goes before its member's. */
export function handOfRows(rows: readonly HandRow[]): HandOf {
  const byTarget = new Map<string, Hand[]>();
  for (const row of rows) {
    const key = targetKey(row);
    const hands = byTarget.get(key);
    if (hands === undefined) byTarget.set(key, [row.hand]);
    else hands.push(row.hand);
  }
  const none: readonly Hand[] = [];
  if (byTarget.size === 0) return () => none;
  return (owner, member, address) => {
    const own = byTarget.get(targetKey({ owner, member, address }));
    const whole = byTarget.get(targetKey({ owner, member }));
    return own === undefined || whole === undefined ? (own ?? whole ?? none) : [...own, ...whole];
  };
}

/** Rows whose member, or address of it, none of the pools has. */
export function inertRows(rows: readonly HandRow[], pools: readonly Pool[]): HandRow[] {
  if (rows.length === 0) return [];
  const known = new Set<string>();
  for (const { owner, members } of pools) {
    for (const { name, addresses } of members) {
      known.add(targetKey({ owner, member: name }));
      for (const { text } of addresses) known.add(targetKey({ owner, member: name, address: text }));
    }
  }
  return rows.filter((row) => !known.has(targetKey(row)));
}

/**
 * Reads rows that were kept: those that are sound, and whom the others were on, as far as they say it;
 * undefined where the text is no list of rows at all.
 */
export function parseRows(text: string): { rows: readonly HandRow[]; lost: readonly string[] } | undefined {
  let hands: unknown;
  try {
    hands = (JSON.parse(text) as { hands?: unknown } | null)?.hands;
  } catch {
    return undefined;
  }
  if (!Array.isArray(hands)) return undefined;
  const lost = hands.filter((row) => !isRow(row)).map(whoseRow);
  return { rows: hands.filter(isRow), lost: [...new Set(lost)] };
}

function whoseRow(row: unknown): string {
  const { owner, member, address } = (row ?? {}) as Record<keyof HandRow, unknown>;
  if (typeof owner !== 'string' || typeof member !== 'string') return 'nobody knows whom';
  return `${typeof address === 'string' ? address : member}@${ownerText(owner)}`;
}

/** Rows as they are kept. */
export function printRows(rows: readonly HandRow[]): string {
  return JSON.stringify({ hands: rows });
}

function isRow(row: unknown): row is HandRow {
  const { owner, member, address, hand, at } = (row ?? {}) as HandRow;
  const { state, weight, from, until, reason, by } = hand ?? {};
  const isText = (value: unknown) => typeof value === 'string';
  const isTime = (value: unknown) => value === undefined || Number.isFinite(value);
  const isState = state === undefined || ['up', 'down', 'drain'].includes(state);
  const isWeight = weight === undefined || (Number.isInteger(weight) && weight >= 0);
  const isOne = (state === undefined) !== (weight === undefined);
  const areTexts = [owner, member, reason, address ?? '', by ?? ''].every(isText);
  return areTexts && isState && isWeight && isOne && isTime(from) && isTime(until) && Number.isFinite(at);
}

/** The hands of this moment. */
export class Hands {
  #rows: readonly HandRow[] = [];
  #handOf: HandOf = handOfRows([]);

  /** Given to choosePool() and the publisher; follows every change. */
  readonly handOf: HandOf = (...target) => this.#handOf(...target);

  /** Those that are not over. */
  get rows(): readonly HandRow[] {
    return this.#rows;
  }

  set(rows: readonly HandRow[]): void {
    this.#rows = rows;
    this.#handOf = handOfRows(rows);
  }

  /** Forgets those that are over, and gives them. */
  expire(now: number): HandRow[] {
    const over = this.#rows.filter(({ hand: { until = Infinity } }) => until <= now);
    if (over.length > 0) this.set(this.#rows.filter((row) => !over.includes(row)));
    return over;
  }
}
