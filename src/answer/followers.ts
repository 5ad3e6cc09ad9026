// Which RRsets of a zone follow the members of its pools (balance/follow.ts): found in the zone when its
// table is compiled, and read back from the table with all that control needs to follow. Never on the query
// path.
import { canFollow, type Follower, type FollowingRecord, hasHints } from '../balance/follow.ts';
import type { Pool } from '../balance/pool.ts';
import { hintsOf, svcTargetAt } from '../wire/hints.ts';
import { printAddress } from '../wire/literals.ts';
import { lowercase, nameLength, printName } from '../wire/names.ts';
import { TYPE } from '../wire/numbers.ts';
import { targetOffset } from '../wire/rdata.ts';
import { Zone } from '../zone/zone.ts';
import type { ZoneReader } from './read.ts';

/** Says of a zone's records whether they lead to members of its balanced owners. */
export class Followed {
  readonly #zone: Zone;
  /** By node: above 0 for a balanced owner. */
  readonly #orders: Uint32Array;
  /** Addresses of balanced owners, as text. */
  readonly #members = new Set<string>();

  constructor(zone: Zone, orders: Uint32Array) {
    this.#zone = zone;
    this.#orders = orders;
    if (!orders.some((order) => order > 0)) return;
    for (const [node, order] of orders.entries()) {
      if (order > 0) for (const text of this.#addresses(node)) this.#members.add(text);
    }
  }

  /** Whether the record, of `node` and this type, leads to a member; an RRset with one that does follows. */
  leads(node: number, type: number, record: number): boolean {
    if (!canFollow(type)) return false;
    const { octets, rdataAt, rdataLength } = this.#zone.records;
    const at = rdataAt[record]!;
    const rdata = octets.slice(at, at + rdataLength[record]!);
    const target = this.#zone.find(rdata, targetAt(type));
    const isSelf = hasHints(type) && rdata[svcTargetAt] === 0;
    if (this.#isMember(isSelf ? node : target)) return true;
    return hasHints(type) && hintsOf(rdata).some((hint) => this.#members.has(printAddress(hint)));
  }

  #isMember(node: number): boolean {
    if (node === Zone.none) return false;
    if (this.#orders[node]! > 0) return true;
    const addresses = this.#addresses(node);
    return addresses.length > 0 && addresses.every((text) => this.#members.has(text));
  }

  #addresses(node: number): string[] {
    const { records, next, first } = this.#zone;
    const texts: string[] = [];
    for (let i = first[node]!; i !== Zone.none; i = next[i]!) {
      const at = records.rdataAt[i]!;
      if (records.type[i] !== TYPE.A && records.type[i] !== TYPE.AAAA) continue;
      texts.push(printAddress(records.octets.slice(at, at + records.rdataLength[i]!)));
    }
    return texts;
  }
}

/** Where the name of the target stands in the RDATA. */
function targetAt(type: number): number {
  return hasHints(type) ? svcTargetAt : targetOffset(type);
}

/** The followers of a table, in the order of their slots, which stand behind those of the pools. */
export function readFollowers(reader: ZoneReader, pools: readonly Pool[]): Follower[] {
  const owners = new Set(pools.map(({ owner }) => owner));
  const members = new Set(
    pools.flatMap((pool) => pool.members.flatMap((member) => member.addresses.map(({ text }) => text))),
  );
  return reader
    .slots()
    .filter(({ type }) => canFollow(type))
    .map(({ owner, type }) => {
      const { ttl, rdata } = reader.rrset(owner, type)!;
      const records = rdata.map((octets) => recordOf(reader, owners, members, owner, type, octets.slice()));
      return { owner, type, ttl, records };
    });
}

function recordOf(
  reader: ZoneReader,
  owners: ReadonlySet<string>,
  members: ReadonlySet<string>,
  owner: string,
  type: number,
  rdata: Uint8Array,
): FollowingRecord {
  const at = targetAt(type);
  const isSelf = hasHints(type) && rdata[at] === 0;
  const name = rdata.subarray(at, at + nameLength(rdata, at));
  const target = isSelf ? owner : printName(lowercase(name));
  const node = targetOffset(type) < 0 ? undefined : reader.node(target);
  const record = { rdata, ...(node === undefined ? {} : { target: { node, at } }) };
  if (owners.has(target)) return { ...record, pool: target };
  const addresses = [TYPE.A, TYPE.AAAA].flatMap((family) => {
    return (reader.rrset(target, family)?.rdata ?? []).map((octets) => printAddress(octets));
  });
  const areMembers = addresses.length > 0 && addresses.every((text) => members.has(text));
  return areMembers ? { ...record, addresses } : record;
}
