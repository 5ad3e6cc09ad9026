// How long what was answered may still be in somebody's cache: for each address the time at which the last
// answer that held it has run out. The publisher says what goes into service; status and the operator's hand
// ask. A cache that keeps answers for longer than their TTL is beyond us.
//
// An address is held by the answers of its pool, and by the SRV, SVCB and HTTPS records of its zone that lead
// to it by themselves: hints, and targets that have no pool. A record whose target is a pool leads to what
// that pool answers by then.
import { addressesOf, type Follower, type RecordsChoice } from '../balance/follow.ts';
import type { FamilyChoice } from '../balance/pool.ts';
import type { Slot } from './publish.ts';

/** What of a zone is in service. */
export type InService = {
  readonly slots: readonly Slot[];
  readonly followers: readonly Follower[];
  /** What is given of the followers, in their order. */
  readonly records: readonly Pick<RecordsChoice, 'ttl' | 'addresses'>[];
};

type Zone = InService & {
  /** The longest TTL in seconds with which records lead to an address: now, and when all is well. */
  readonly followed: ReadonlyMap<string, number>;
  readonly followedMax: ReadonlyMap<string, number>;
};

const nothing: Zone = { slots: [], followers: [], records: [], followed: new Map(), followedMax: new Map() };

export class Caches {
  readonly #served = new Map<string, Zone>();
  /** Where an owner is, and the wall clock since when anything is known of it here. */
  readonly #owners = new Map<string, { readonly origin: string; readonly since: number }>();
  /** Wall clock by owner and address, and by zone and address for records, for what is no longer given. */
  readonly #until = new Map<string, number>();

  /** Notes what has taken the place of what was in service of a zone; undefined: it is served no more. */
  served(origin: string, zone: InService | undefined, now: number): void {
    const before = this.#served.get(origin) ?? nothing;
    const after = zone === undefined ? nothing : followed(zone, before);
    for (const { owner, choice } of before.slots) this.#noteUntil(owner, ttlsOf(choice), now);
    this.#noteUntil(recordsOf(origin), before.followed, now);
    const known = new Set(keysOf(origin, after));
    for (const key of keysOf(origin, before)) if (!known.has(key)) this.#until.delete(key);
    const owners = new Set(after.slots.map(({ owner }) => owner));
    for (const { owner } of before.slots) if (!owners.has(owner)) this.#owners.delete(owner);
    for (const owner of owners) if (!this.#owners.has(owner)) this.#owners.set(owner, { origin, since: now });
    if (after.slots.length === 0) this.#served.delete(origin);
    else this.#served.set(origin, after);
  }

  #noteUntil(holder: string, ttls: ReadonlyMap<string, number>, now: number): void {
    for (const [address, ttl] of ttls) {
      const key = keyOf(holder, address);
      this.#until.set(key, Math.max(this.#until.get(key) ?? 0, now + ttl * 1000));
    }
  }

  /**
   * When the last cached answer with this address has run out, wall clock; undefined while it is given. What
   * an earlier process gave is taken to have had the longest TTL there is.
   */
  goneAt({ owner, pool, choice }: Slot, address: string): number | undefined {
    const { origin = '', since = 0 } = this.#owners.get(owner) ?? {};
    const zone = this.#served.get(origin) ?? nothing;
    if (ttlsOf(choice).has(address) || zone.followed.has(address)) return undefined;
    const longest = pool.ttl.stable ?? pool.ttl.rrset[choice.family] ?? 0;
    const own = this.#until.get(keyOf(owner, address)) ?? since + longest * 1000;
    const recordsMax = zone.followedMax.get(address);
    if (recordsMax === undefined) return own;
    return Math.max(own, this.#until.get(keyOf(recordsOf(origin), address)) ?? since + recordsMax * 1000);
  }
}

/** Looks up what records lead to; what they may lead to only where they are others than before. */
function followed(zone: InService, before: Zone): Zone {
  const { followers, records } = zone;
  const followedMax =
    followers === before.followers
      ? before.followedMax
      : longest(followers.map(({ type, ttl, records: all }) => ({ ttl, addresses: addressesOf(type, all) })));
  return { ...zone, followed: longest(records), followedMax };
}

/** The longest TTL by address. */
function longest(given: readonly { readonly ttl: number; readonly addresses: readonly string[] }[]) {
  const ttls = new Map<string, number>();
  for (const { ttl, addresses } of given) {
    for (const text of addresses) ttls.set(text, Math.max(ttls.get(text) ?? 0, ttl));
  }
  return ttls;
}

/** The longest TTL in seconds with which each address is given. */
function ttlsOf({ sets, addresses, ttl: usual }: FamilyChoice): Map<string, number> {
  const ttls = new Map<string, number>();
  for (const { members, ttl = usual } of sets) {
    for (const member of members) {
      const { text } = addresses[member]!;
      ttls.set(text, Math.max(ttls.get(text) ?? 0, ttl));
    }
  }
  return ttls;
}

function keysOf(origin: string, { slots, followedMax }: Zone): string[] {
  const own = slots.flatMap(({ owner, choice }) => choice.addresses.map(({ text }) => keyOf(owner, text)));
  return [...own, ...[...followedMax.keys()].map((text) => keyOf(recordsOf(origin), text))];
}

/** Who holds what the records of a zone lead to; an owner may be named like the zone. */
function recordsOf(origin: string): string {
  return `records of ${origin}`;
}

function keyOf(holder: string, address: string): string {
  return `${holder} ${address}`;
}
