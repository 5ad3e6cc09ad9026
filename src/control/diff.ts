// What a reload changes, zone by zone, for whoever asked for it: serials, records that came and went, members
// of pools. Works on the tables before and after, so it says what is served, not what files look like.
import { compareTables, type RecordChanges } from '../answer/compare.ts';
import type { Pool } from '../balance/pool.ts';

/** One zone that is not as it was. */
export type ZoneChange = {
  readonly origin: string;
  readonly kind: 'new' | 'removed' | 'changed';
  /** SOA serials, undefined where the zone was or is not there. */
  readonly serialBefore: number | undefined;
  readonly serialAfter: number | undefined;
  /** Records without the SOA; a record with another TTL is one that went and one that came. */
  readonly added: number;
  readonly removed: number;
  /** Names that had records and exist no more. */
  readonly namesGone: number;
  readonly pools: readonly PoolChange[];
  /** The line for the operator. */
  readonly text: string;
};

export type PoolChange = { readonly owner: string; readonly before: number; readonly after: number };

/** What is known of one side of a zone; `open` gives its table when the records have to be compared. */
export type ZoneSide = {
  readonly origin: string;
  readonly id: string;
  /** Where its table is; '' where it was not written. */
  readonly file: string;
  readonly at: number;
  readonly length: number;
  readonly serial: number;
  readonly records: number;
  readonly names: number;
  readonly pools: readonly Pool[];
  readonly poolKeys: ReadonlyMap<string, string>;
};

/** Compares a zone before and after; undefined where nothing changed. */
export function diffZone(
  before: ZoneSide | undefined,
  after: ZoneSide | undefined,
  open: (zone: ZoneSide) => Uint8Array | undefined,
): ZoneChange | undefined {
  const there = after ?? before;
  if (there === undefined) return undefined;
  const { added, removed, namesGone } =
    before !== undefined && after !== undefined
      ? before.id === after.id
        ? { added: 0, removed: 0, namesGone: 0 }
        : compareSides(before, after, open)
      : { added: after?.records ?? 0, removed: before?.records ?? 0, namesGone: before?.names ?? 0 };
  const pools = diffPools(before, after);
  const serials = { serialBefore: before?.serial, serialAfter: after?.serial };
  const changed = added + removed + pools.length > 0 || before?.serial !== after?.serial;
  if (!changed) return undefined;
  const kind = before === undefined ? 'new' : after === undefined ? 'removed' : 'changed';
  const change = { origin: there.origin, kind, ...serials, added, removed, namesGone, pools } as const;
  return { ...change, text: printChange(change) };
}

function diffPools(before: ZoneSide | undefined, after: ZoneSide | undefined): PoolChange[] {
  const members = (zone: ZoneSide | undefined, owner: string) =>
    zone?.pools.find((pool) => pool.owner === owner)?.members.length ?? 0;
  const owners = new Set([...(before?.poolKeys.keys() ?? []), ...(after?.poolKeys.keys() ?? [])]);
  return [...owners]
    .filter((owner) => before?.poolKeys.get(owner) !== after?.poolKeys.get(owner))
    .map((owner) => ({ owner, before: members(before, owner), after: members(after, owner) }));
}

/** Where a table is gone, what was in it is not known: everything went and everything came. */
function compareSides(
  before: ZoneSide,
  after: ZoneSide,
  open: (zone: ZoneSide) => Uint8Array | undefined,
): RecordChanges {
  const [was, is] = [open(before), open(after)];
  if (was === undefined || is === undefined)
    return { added: after.records, removed: before.records, namesGone: 0 };
  return compareTables(was, is);
}

/** Prints `site.example: serial 7 -> 8, +1 -0 records, www 2 -> 3 members`. */
function printChange(change: Omit<ZoneChange, 'text'>): string {
  const { origin, kind, serialBefore, serialAfter, added, removed, namesGone, pools } = change;
  const parts: string[] = [];
  if (kind === 'new') parts.push(`new, serial ${serialAfter}`, `${added} records`);
  if (kind === 'removed') parts.push(`removed, serial ${serialBefore}`, `${removed} records`);
  if (kind === 'changed') {
    if (serialBefore !== serialAfter) parts.push(`serial ${serialBefore} -> ${serialAfter}`);
    else if (added + removed > 0) parts.push(`serial ${serialAfter} as before`);
    if (added + removed > 0) parts.push(`+${added} -${removed} records`);
    if (namesGone > 0) parts.push(`${namesGone} ${namesGone === 1 ? 'name disappears' : 'names disappear'}`);
  }
  for (const { owner, before, after } of pools)
    parts.push(poolText(relativeName(owner, origin), before, after));
  return `${origin === '.' ? '.' : origin.replace(/\.$/, '')}: ${parts.join(', ')}`;
}

function poolText(owner: string, before: number, after: number): string {
  if (before === after) return `${owner} balanced anew`;
  if (before === 0) return `${owner} ${after} ${after === 1 ? 'member' : 'members'}`;
  return after === 0 ? `${owner} no longer balanced` : `${owner} ${before} -> ${after} members`;
}

/** An owner as the zone file would write it: `www` of `www.site.example.`, `@` for the apex. */
export function relativeName(owner: string, origin: string): string {
  if (owner === origin) return '@';
  const end = origin === '.' ? '.' : `.${origin}`;
  return owner.endsWith(end) ? owner.slice(0, owner.length - end.length) : owner;
}
