// What is known of the addresses of a pool at a moment: what health/ says, the operator's hand on it, and
// when either changes by itself. Pure. choosePool() chooses from it; control/ makes a choice anew only where
// stateKey() says that it may be another one.
import assert from 'node:assert';
import { shareErrorWarned } from '../limits.ts';
import { countdownStep, countdownTtl, type HandOf, type Held, handText, heldAt, turnsOf } from './hand.ts';
import type { Address, Family, Health, Member, Pool } from './pool.ts';

/** The operator's hand, and the wall clock in milliseconds that it is measured by. */
export type Moment = {
  readonly handOf?: HandOf;
  readonly now: number;
  /** The longest TTL in seconds of records that follow the pool's members; absent: none do. */
  readonly followersTtl?: number;
};

/** An address in its family, with what is known of it now. */
export type Entry = {
  readonly member: Member;
  readonly address: Address;
  readonly health: Health;
  readonly held: Held;
  /** Seconds that an answer with it may be cached, where it is going to leave at a known time. */
  readonly ttlMax: number | undefined;
  /** The same of a record that leads to it, where it is going to be out at a known time. */
  readonly followerTtlMax: number | undefined;
};

/** What is known of the addresses of one family. */
export type FamilyState = {
  readonly family: Family;
  readonly entries: readonly Entry[];
  readonly ttl: number;
  readonly negativeTtlMax: number;
};

/** What is known of a pool at a moment. */
export type PoolState = {
  /** Those in which the pool has addresses, A first. */
  readonly families: readonly FamilyState[];
  /** Wall clock in milliseconds at which it changes by itself. */
  readonly changesAt: number | undefined;
};

const notChecked: Health = { verdict: 'up', settled: true };

/** Puts together what is known of a pool. */
export function poolState(
  pool: Pool,
  healthOf: (endpoint: string) => Health,
  { handOf = () => [], now, followersTtl = 0 }: Moment,
): PoolState {
  const turns: number[] = [];
  const families = ([1, 5, 28] as const).flatMap((family): FamilyState[] => {
    const known = pool.members.flatMap((member) =>
      member.addresses
        .filter((address) => address.family === family)
        .map((address) => {
          const health = address.endpoint === undefined ? notChecked : healthOf(address.endpoint);
          const hands = handOf(pool.owner, member.name, address.text);
          return { member, address, health, hands, held: heldAt(hands, now) };
        }),
    );
    if (known.length === 0) return [];
    const ttls = ttlsOf(pool, family, known.every(isSettled));
    const entries = known.map(({ hands, ...entry }): Entry => {
      const own = turnsOf(hands, now);
      turns.push(entry.health.changesAt ?? now, ...own);
      /** The TTL that ends before a hand makes it leave, where that is below `ttl`. */
      const counted = (leaves: (before: Known, after: Known) => boolean, ttl: number): number | undefined => {
        const leavesAt = own.find((at) => leaves(entry, { ...entry, held: heldAt(hands, at) }));
        if (leavesAt === undefined || ttl === 0) return undefined;
        const left = countdownTtl(leavesAt, now);
        turns.push(countdownStep(leavesAt, Math.min(left, ttl)));
        return left < ttl ? left : undefined;
      };
      const followerTtlMax = counted((before, after) => isWilling(before) && !isWilling(after), followersTtl);
      return { ...entry, ttlMax: counted(isTakenOut, ttls.ttl), followerTtlMax };
    });
    return [{ family, entries, ...ttls }];
  });
  const changesAt = turns.filter((at) => at > now).reduce((a, b) => Math.min(a, b), Infinity);
  return { families, changesAt: changesAt === Infinity ? undefined : changesAt };
}

/** Equal for two states of one pool whose choices, and what follows its members, are equal. */
export function stateKey({ families }: PoolState): string {
  let key = '';
  for (const { entries } of families) {
    for (const { address, health, held, ttlMax, followerTtlMax } of entries) {
      if (address.endpoint === undefined) key += '-';
      else {
        const letter = health.verdict === 'unknown' ? 'n' : health.verdict.slice(0, 2);
        key += health.settled ? letter.toUpperCase() : letter;
        if (health.part !== undefined && health.part !== 1) key += health.part;
      }
      for (const hand of [held.state, held.weight]) if (hand !== undefined) key += `[${handText(hand)}]`;
      if (ttlMax !== undefined) key += `(${ttlMax})`;
      if (followerTtlMax !== undefined) key += `{${followerTtlMax}}`;
    }
  }
  return key;
}

type Known = Pick<Entry, 'member' | 'health' | 'held'>;

/** Up, or put up by hand; drained or not. */
export function isUp({ health, held }: Known): boolean {
  const state = held.state?.state;
  return state === 'up' || (state !== 'down' && health.verdict !== 'down');
}

/** Up, and takes new clients. */
export function isWilling(entry: Known): boolean {
  const state = entry.held.state?.state;
  return isUp(entry) && state !== 'drain' && (state === 'up' || entry.health.part !== 0);
}

/**
 * Whether it takes new clients before and then does not, or only where it is needed. One that is a standby
 * before and after is taken out as a weighted one is: while it waits no answer holds it.
 */
function isTakenOut(before: Known, after: Known): boolean {
  return isWilling(before) && (!isWilling(after) || (weightOf(before) > 0 && weightOf(after) === 0));
}

/** Up for certain: nothing about it is in doubt. */
export function isSettled({ health, held }: Known): boolean {
  const state = held.state?.state;
  return state === 'up' || (state === undefined && health.settled && health.verdict !== 'down');
}

/** The configured weight, or the one that was set by hand. */
export function weightOf({ member, held }: Known): number {
  return held.weight?.weight ?? member.weight;
}

/** The part of its weight that it gets now; what is put up by hand and would get nothing gets all. */
export function partOf({ health, held }: Known): number {
  const { part = 1 } = health;
  return part === 0 || (held.state?.state === 'up' && health.verdict === 'down') ? 1 : part;
}

/**
 * A part of a weight in words; also that it has no effect, where the share of the traffic that is given says
 * so beside the one that the weights ask for.
 */
export function partText(part: number, share: number, wanted: number): string {
  const text = `gets ${printPercent(part)} of its weight`;
  if (share === 1) return `${text}, and all traffic: nobody else serves`;
  if (share <= wanted + shareErrorWarned) return text;
  const numbers = `${printPercent(share)} of the traffic, not ${printPercent(wanted)}`;
  return `${text}, but ${numbers}: it is in too many responses`;
}

function printPercent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function ttlsOf(pool: Pool, family: Family, allSettled: boolean) {
  const stable = pool.ttl.stable ?? pool.ttl.rrset[family];
  assert(stable !== undefined, `${pool.owner} has addresses of family ${family} but no TTL for them`);
  const unsettled = Math.min(pool.ttl.unsettled, stable);
  return { ttl: allSettled ? stable : unsettled, negativeTtlMax: unsettled };
}
