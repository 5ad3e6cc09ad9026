// SRV, SVCB and HTTPS records that lead to members of pools follow what is known of them: a record whose
// target has nothing but members that are out is left out, and so are hints that are. Pure; called by control
// with the states of a zone's pools, whenever answer sets are made.
//
// Out is what takes no new clients: down, drained or put down by hand, draining by its own word. A pool's
// choice does not count: a standby that is not needed is no reason to hide the record that leads to it, which
// has a priority of its own. An address is out where every pool that watches it, or that somebody has a hand
// on it in, says so. Where all records would be left out, all are given as they are.
//
// What is going to be out at a known time is counted down, as in the pool's own answers: the TTL of what
// leads to it ends before that time.
import { hintsOf, withoutHints } from '../wire/hints.ts';
import { printAddress } from '../wire/literals.ts';
import { TYPE } from '../wire/numbers.ts';
import type { Pool } from './pool.ts';
import { type Entry, isSettled, isWilling, type PoolState } from './state.ts';

/** One record, with what it leads to. */
export type FollowingRecord = {
  readonly rdata: Uint8Array;
  /** The owner of the pool that it leads to, or addresses that are members, as text; undefined: nobody's. */
  readonly pool?: string;
  readonly addresses?: readonly string[];
  /** For additional records: the node of the target in the zone table, and where its name stands in RDATA. */
  readonly target?: { readonly node: number; readonly at: number };
};

/** An RRset that follows; it has a slot in the zone table behind those of the pools. */
export type Follower = {
  readonly owner: string;
  readonly type: number;
  readonly ttl: number;
  readonly records: readonly FollowingRecord[];
};

/** What is given of a follower. */
export type RecordsChoice = {
  readonly mode: 'records';
  readonly type: number;
  readonly ttl: number;
  readonly records: readonly Pick<FollowingRecord, 'rdata' | 'target'>[];
  /** How many records were left out. */
  readonly leftOut: number;
  /** Members' addresses, as text, to which the records lead by themselves, and not by a pool's answers. */
  readonly addresses: readonly string[];
};

/** What is known of an owner or an address: whether it is out, and the TTL where that may soon change. */
type Known = { readonly isOut: boolean; readonly ttl: number };

/** An entry of an owner or an address; one that is only going to be in somebody's hand has no say before. */
type Seen = { readonly entry: Entry; readonly unsettled: number; readonly hasSay: boolean };

/** Chooses for every follower of a zone, from the states of its pools. */
export function followAll(
  followers: readonly Follower[],
  pools: readonly Pool[],
  states: readonly PoolState[],
): RecordsChoice[] {
  if (followers.length === 0) return [];
  const owners = new Map<string, Known>();
  const seen = new Map<string, Seen[]>();
  for (const [i, { owner, ttl }] of pools.entries()) {
    const entries = states[i]!.families.flatMap((family) => family.entries);
    const { unsettled } = ttl;
    owners.set(owner, knownOf(entries.map((entry) => ({ entry, unsettled, hasSay: true }))));
    for (const entry of entries) {
      const hasSay = entry.address.endpoint !== undefined || entry.held.state !== undefined;
      const of = seen.get(entry.address.text);
      if (of === undefined) seen.set(entry.address.text, [{ entry, unsettled, hasSay }]);
      else of.push({ entry, unsettled, hasSay });
    }
  }
  const addresses = new Map([...seen].map(([text, entries]) => [text, knownOf(entries)]));
  return followers.map((follower) => follow(follower, owners, addresses));
}

function knownOf(all: readonly Seen[]): Known {
  const having = all.filter(({ hasSay }) => hasSay);
  const doubtful = having.filter(({ entry }) => !isSettled(entry)).map(({ unsettled }) => unsettled);
  // It is out when the last of them is.
  const staying = all.filter(({ entry, hasSay }) => {
    return isWilling(entry) && (hasSay || entry.followerTtlMax !== undefined);
  });
  const counted = staying.map(({ entry }) => entry.followerTtlMax ?? Infinity);
  return {
    isOut: having.length > 0 && having.every(({ entry }) => !isWilling(entry)),
    ttl: Math.min(...doubtful, counted.length === 0 ? Infinity : Math.max(...counted)),
  };
}

function follow(
  { type, ttl, records: all }: Follower,
  owners: ReadonlyMap<string, Known>,
  addresses: ReadonlyMap<string, Known>,
): RecordsChoice {
  let least = ttl;
  const look = (known: Known | undefined): boolean => {
    if (known !== undefined) least = Math.min(least, known.ttl);
    return known?.isOut === true;
  };
  const isHintOut = (hint: Uint8Array) => look(addresses.get(printAddress(hint)));
  const left = all.flatMap((record): FollowingRecord[] => {
    const { rdata, pool, addresses: leadsTo = [] } = record;
    const outs =
      pool === undefined ? leadsTo.map((text) => look(addresses.get(text))) : [look(owners.get(pool))];
    const kept = hasHints(type) ? withoutHints(rdata, isHintOut) : rdata;
    return outs.length > 0 && outs.every((out) => out) ? [] : [{ ...record, rdata: kept }];
  });
  const records = left.length === 0 ? all : left;
  const held = addressesOf(type, records).filter((text) => addresses.has(text));
  return {
    mode: 'records',
    type,
    ttl: least,
    records,
    leftOut: all.length - records.length,
    addresses: held,
  };
}

/** The addresses that records lead to by themselves: their hints, and those of a target without a pool. */
export function addressesOf(type: number, records: readonly FollowingRecord[]): string[] {
  const texts = records.flatMap(({ rdata, addresses = [] }) => {
    return hasHints(type) ? [...addresses, ...hintsOf(rdata).map((hint) => printAddress(hint))] : addresses;
  });
  return [...new Set(texts)];
}

/** Whether records of this type may name addresses as hints. */
export function hasHints(type: number): boolean {
  return type === TYPE.SVCB || type === TYPE.HTTPS;
}

/** Whether records of this type follow what they lead to. */
export function canFollow(type: number): boolean {
  return type === TYPE.SRV || hasHints(type);
}
