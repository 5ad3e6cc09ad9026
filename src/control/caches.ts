// How long what was answered may still be in somebody's cache: for each address the time at which the last
// answer that held it has run out. The publisher says what goes into service; status and the operator's hand
// ask. A cache that keeps answers for longer than their TTL is beyond us.
import type { FamilyChoice } from '../balance/pool.ts';
import type { Slot } from './publish.ts';

export class Caches {
  readonly #served = new Map<string, readonly Slot[]>();
  /** Wall clock since when anything is known of an owner here. */
  readonly #since = new Map<string, number>();
  /** Wall clock by owner and address, for what is no longer given. */
  readonly #until = new Map<string, number>();

  /** Notes that these choices of a zone, none where it is served no more, have taken the place of others. */
  served(origin: string, slots: readonly Slot[], now: number): void {
    const before = this.#served.get(origin) ?? [];
    for (const { owner, choice } of before) {
      for (const [address, ttl] of ttlsOf(choice)) {
        const key = keyOf(owner, address);
        this.#until.set(key, Math.max(this.#until.get(key) ?? 0, now + ttl * 1000));
      }
    }
    const known = new Set(slots.flatMap(keysOf));
    for (const key of before.flatMap(keysOf)) if (!known.has(key)) this.#until.delete(key);
    const owners = new Set(slots.map(({ owner }) => owner));
    for (const { owner } of before) if (!owners.has(owner)) this.#since.delete(owner);
    for (const owner of owners) if (!this.#since.has(owner)) this.#since.set(owner, now);
    if (slots.length === 0) this.#served.delete(origin);
    else this.#served.set(origin, slots);
  }

  /**
   * When the last cached answer with this address has run out, wall clock; undefined while it is given. What
   * an earlier process gave is taken to have had the longest TTL there is.
   */
  goneAt({ owner, pool, choice }: Slot, address: string): number | undefined {
    if (ttlsOf(choice).has(address)) return undefined;
    const longest = pool.ttl.stable ?? pool.ttl.rrset[choice.family] ?? 0;
    const since = this.#since.get(owner) ?? 0;
    return this.#until.get(keyOf(owner, address)) ?? since + longest * 1000;
  }
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

function keysOf({ owner, choice }: Slot): string[] {
  return choice.addresses.map(({ text }) => keyOf(owner, text));
}

function keyOf(owner: string, address: string): string {
  return `${owner} ${address}`;
}
