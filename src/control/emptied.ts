// Whether a change of hands leaves a pool without a member that takes clients, now or at any time to come:
// hands begin and end by themselves, and then nobody is asked. Pure; called by handverbs.ts before a hand is
// laid. Health is taken to stay what it is.
import { turnsOf } from '../balance/hand.ts';
import type { Family, Health, Pool } from '../balance/pool.ts';
import { isWilling, type Moment, poolState } from '../balance/state.ts';
import { type HandRow, handOfRows } from './hands.ts';

/** A family of a pool that loses its last member, and the wall clock in milliseconds at which it does. */
export type Emptied = { readonly pool: Pool; readonly family: Family; readonly at: number };

/** Finds the first moment from now on at which one has nobody that had somebody under the rows before. */
export function firstEmptied(
  pools: readonly Pool[],
  before: readonly HandRow[],
  after: readonly HandRow[],
  healthOf: (endpoint: string) => Health,
  now: number,
): Emptied | undefined {
  const [handsBefore, handsAfter] = [before, after].map(handOfRows);
  const willing = (pool: Pool, moment: Moment) =>
    poolState(pool, healthOf, moment).families.map(({ entries }) => entries.filter(isWilling).length);
  const turns = new Map(pools.map(({ owner }) => [owner, new Set([now])]));
  for (const { owner, hand } of [...before, ...after]) {
    for (const at of turnsOf([hand], now)) turns.get(owner)?.add(at);
  }
  const moments = pools.flatMap((pool) => [...turns.get(pool.owner)!].map((at) => ({ pool, at })));
  for (const { pool, at } of moments.sort((a, b) => a.at - b.at)) {
    const had = willing(pool, { handOf: handsBefore!, now: at });
    const has = willing(pool, { handOf: handsAfter!, now: at });
    const lost = has.findIndex((count, i) => count === 0 && had[i]! > 0);
    if (lost < 0) continue;
    const { family } = poolState(pool, healthOf, { now: at }).families[lost]!;
    return { pool, family, at };
  }
  return undefined;
}
