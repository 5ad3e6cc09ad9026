// SRV, SVCB and HTTPS records that lead to members of pools follow what is known of them: a record whose
// target has nothing but members that are out is left out, and so are hints that are. Pure; called by control
// with the states of a zone's pools, whenever answer sets are made.
//
// Out is what takes no new clients: down, drained or put down by hand, draining by its own word. A pool's
// choice does not count: a standby that is not needed is no reason to hide the record that leads to it, which
// has a priority of its own. An address is out where every pool that watches it, or that somebody has a hand
// on it in, says so. Where all records would be left out, all are given as they are.
import { withoutHints } from '../wire/hints.ts';
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
};

/** What is known of an owner or an address: whether it is out, and the TTL where that is not settled. */
type Known = { readonly isOut: boolean; readonly ttl: number };

/** Chooses for every follower of a zone, from the states of its pools. */
export function followAll(
  followers: readonly Follower[],
  pools: readonly Pool[],
  states: readonly PoolState[],
): RecordsChoice[] {
  if (followers.length === 0) return [];
  const owners = new Map<string, Known>();
  const seen = new Map<string, { entry: Entry; unsettled: number }[]>();
  for (const [i, { owner, ttl }] of pools.entries()) {
    const entries = states[i]!.families.flatMap((family) => family.entries);
    owners.set(owner, knownOf(entries.map((entry) => ({ entry, unsettled: ttl.unsettled }))));
    for (const entry of entries) {
      if (entry.address.endpoint === undefined && entry.held.state === undefined) continue;
      const of = seen.get(entry.address.text);
      if (of === undefined) seen.set(entry.address.text, [{ entry, unsettled: ttl.unsettled }]);
      else of.push({ entry, unsettled: ttl.unsettled });
    }
  }
  const addresses = new Map([...seen].map(([text, entries]) => [text, knownOf(entries)]));
  return followers.map((follower) => follow(follower, owners, addresses));
}

function knownOf(all: readonly { readonly entry: Entry; readonly unsettled: number }[]): Known {
  const doubtful = all.filter(({ entry }) => !isSettled(entry));
  return {
    isOut: all.length > 0 && all.every(({ entry }) => !isWilling(entry)),
    ttl: Math.min(...doubtful.map(({ unsettled }) => unsettled)),
  };
}

function follow(
  { type, ttl, records }: Follower,
  owners: ReadonlyMap<string, Known>,
  addresses: ReadonlyMap<string, Known>,
): RecordsChoice {
  let least = ttl;
  const look = (known: Known | undefined): boolean => {
    if (known !== undefined) least = Math.min(least, known.ttl);
    return known?.isOut === true;
  };
  const isHintOut = (hint: Uint8Array) => look(addresses.get(printAddress(hint)));
  const given = records.flatMap(({ rdata, pool, addresses: leadsTo = [], target }) => {
    const outs =
      pool === undefined ? leadsTo.map((text) => look(addresses.get(text))) : [look(owners.get(pool))];
    const kept = hasHints(type) ? withoutHints(rdata, isHintOut) : rdata;
    const isOut = outs.length > 0 && outs.every((out) => out);
    return isOut ? [] : [{ rdata: kept, ...(target === undefined ? {} : { target }) }];
  });
  const leftOut = given.length === 0 ? 0 : records.length - given.length;
  return { mode: 'records', type, ttl: least, records: given.length === 0 ? records : given, leftOut };
}

/** Whether records of this type may name addresses as hints. */
export function hasHints(type: number): boolean {
  return type === TYPE.SVCB || type === TYPE.HTTPS;
}

/** Whether records of this type follow what they lead to. */
export function canFollow(type: number): boolean {
  return type === TYPE.SRV || hasHints(type);
}
