// The model's own idea of a pool: which members a policy gives, and which answer sets exist for them, by
// trying every place on the line of weights. Reads the plain YAML of the cases. Shares no code with
// src/balance. Used by model.ts.
import { isIP } from 'node:net';
import { parse } from 'yaml';
import { absolute, lower, type Row, sameName, types } from './rows.ts';

type ModelMember = {
  readonly name?: string;
  readonly weight?: number;
  readonly tier?: number;
  readonly group?: string;
  readonly check?: string;
};

export type ModelPool = {
  readonly policy: string;
  /** Answers are of one address per group. */
  readonly grouped: boolean;
  readonly minUp: number;
  readonly trickles: boolean;
  readonly answers: 'auto' | number;
  readonly stable: number | undefined;
  readonly unsettled: number;
  readonly whenAllDown: 'all' | 'none' | 'servfail' | readonly string[];
  readonly checked: boolean;
  readonly members: Readonly<Record<string, ModelMember>>;
};

export type ModelChoice = {
  readonly mode: 'sets' | 'nodata' | 'servfail';
  /** Addresses as text. */
  readonly sets: readonly (readonly string[])[];
  readonly ttl: number;
  readonly negativeTtlMax: number;
};

type Written = {
  balance?: Record<
    string,
    {
      check?: string;
      policy?: string;
      spread?: string;
      'min-up'?: number;
      trickle?: string;
      answers?: 'auto' | number;
      ttl?: { stable?: string | number; unsettled?: string | number };
      'when-all-down'?: ModelPool['whenAllDown'];
      members?: ModelPool['members'];
    } | null
  >;
};

const seconds = (text: string | number): number => Number.parseInt(String(text), 10);

/** The pools of a zone's YAML, by owner, lowercase. */
export function readPools(yaml: string, origin: string): Map<string, ModelPool> {
  const written = (parse(yaml) ?? {}) as Written;
  return new Map(
    Object.entries(written.balance ?? {}).map(([owner, pool]) => [
      lower(absolute(owner, origin)),
      {
        policy: pool?.policy ?? 'weighted',
        grouped: pool?.spread === 'group',
        minUp: pool?.['min-up'] ?? 1,
        trickles: Number.parseFloat(pool?.trickle ?? '0') > 0,
        answers: pool?.answers ?? 'auto',
        stable: pool?.ttl?.stable === undefined ? undefined : seconds(pool.ttl.stable),
        unsettled: pool?.ttl?.unsettled === undefined ? 5 : seconds(pool.ttl.unsettled),
        whenAllDown: pool?.['when-all-down'] ?? 'all',
        checked: pool?.check !== undefined,
        members: keyed(pool?.members ?? {}, origin),
      },
    ]),
  );
}

/** Members by address, or by name where they are names. */
const keyed = (members: ModelPool['members'], origin: string): ModelPool['members'] =>
  Object.fromEntries(
    Object.entries(members).map(([key, said]) => [isIP(key) ? key : lower(absolute(key, origin)), said]),
  );

/** The names that the YAML gives a CNAME beside its own target. */
export const otherTargets = (pool: ModelPool, cname: Row): Row[] =>
  Object.keys(pool.members)
    .filter((data) => !sameName(data, cname.data))
    .map((data) => ({ ...cname, data }));

type Entry = {
  readonly data: string;
  readonly name: string;
  readonly weight: number;
  readonly tier: number;
  /** What fails together. */
  readonly domain: string;
  readonly up: boolean;
};

/** The choice for one RRset, `rows`, of the owner whose records are `here`. */
export function choose(
  pool: ModelPool,
  rows: readonly Row[],
  here: readonly Row[],
  down: ReadonlySet<string>,
): ModelChoice {
  const isAlias = rows[0]!.type === types.CNAME;
  const all = isAlias
    ? rows
    : here.filter((row) => row.type === 1 || row.type === 28).sort((a, b) => a.type - b.type);
  const said = <Key extends keyof ModelMember>(name: string, key: Key) =>
    Object.entries(pool.members).find(
      ([data, member]) => (member.name ?? data) === name && member[key] !== undefined,
    )?.[1][key];
  const entryOf = ({ data }: Row): Entry => {
    const name = pool.members[data]?.name ?? data;
    const weight = said(name, 'weight') ?? 1;
    const group = pool.grouped ? said(name, 'group') : undefined;
    const domain = pool.grouped ? (group === undefined ? `alone ${name}` : `in ${group}`) : data;
    return {
      data,
      name,
      weight,
      tier: said(name, 'tier') ?? 1,
      domain,
      up: !((pool.checked || said(name, 'check') !== undefined) && down.has(data)),
    };
  };
  const order = [...new Set(all.map((row) => entryOf(row).name))];
  const mine = rows.map(entryOf).sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const others = all.filter((row) => row.type !== rows[0]!.type).map(entryOf);
  const stable = pool.stable ?? rows[0]!.ttl;
  const unsettled = Math.min(pool.unsettled, stable);
  const ttl = mine.every((entry) => entry.up) ? stable : unsettled;
  const choice = (mode: ModelChoice['mode'], sets: readonly string[][] = []): ModelChoice => ({
    mode,
    sets,
    ttl,
    negativeTtlMax: unsettled,
  });
  const given = (parts: readonly (readonly Entry[])[]): ModelChoice =>
    parts.length === 0
      ? choice('nodata')
      : choice(
          'sets',
          parts.flatMap((entries) => setsOf(entries, isAlias ? 1 : countOf(pool))),
        );

  const serving = partsOf(pool, mine, pool.minUp);
  if (serving.length > 0) return given(serving);
  if (partsOf(pool, others, pool.minUp).length > 0) return choice('nodata'); // the other family answers
  const { whenAllDown } = pool;
  if (whenAllDown === 'none') return choice('nodata');
  if (whenAllDown === 'servfail') return choice('servfail');
  if (whenAllDown === 'all') {
    // Too few in every tier are better than what is down.
    const few = partsOf(pool, mine, 1);
    if (few.length > 0) return given(few);
    if (partsOf(pool, others, 1).length > 0) return choice('nodata');
    const asIfUp = mine.map((entry) => ({ ...entry, up: true }));
    return given(partsOf(pool, asIfUp, 1));
  }
  const listed = mine.filter((entry) => whenAllDown.includes(entry.name));
  return given(listed.length === 0 ? [] : [listed]);
}

/** What is answered from: of each part some responses; none where nothing is fit. */
function partsOf(pool: ModelPool, entries: readonly Entry[], minUp: number): (readonly Entry[])[] {
  const up = entries.filter((entry) => entry.up);
  if (pool.policy !== 'failover') return up.length === 0 ? [] : [preferred(up)];
  const healthy: (readonly Entry[])[] = [];
  for (let tier = 1; tier <= 100; tier++) {
    const serving = preferred(up.filter((entry) => entry.tier === tier));
    if (new Set(serving.map(({ name }) => name)).size >= minUp) healthy.push(serving);
  }
  return healthy.slice(0, pool.trickles ? 2 : 1);
}

/** The number of addresses; with the policy `all` there is no need to be exact. */
const countOf = ({ policy, answers }: ModelPool): 'auto' | number =>
  policy === 'all' && answers === 'auto' ? 32 : answers;

/** Members with weight, else the standbys. */
const preferred = (entries: readonly Entry[]): readonly Entry[] =>
  entries.some((entry) => entry.weight > 0) ? entries.filter((entry) => entry.weight > 0) : entries;

type Domain = { readonly weight: number; readonly members: readonly { data: string; weight: number }[] };

/**
 * Every set that some place u draws: a domain that k·e ≥ W puts into every answer gives the member at u of
 * its own line; the others lie on one line, on which the members at u, u + W/k, u + 2W/k … are taken.
 */
function setsOf(entries: readonly Entry[], answers: 'auto' | number): string[][] {
  const names = [...new Set(entries.map(({ domain }) => domain))];
  let rest = names.map((name): Domain => {
    const own = entries.filter(({ domain }) => domain === name);
    const members = own.map(({ data, weight }) => ({ data, weight: Math.max(1, weight) }));
    return { weight: sum(members), members };
  });
  const most = Math.max(...rest.map((domain) => domain.weight));
  let k =
    answers === 'auto' ? Math.max(1, Math.min(4, Math.floor((1.05 * sum(rest)) / most + 1e-9))) : answers;
  k = Math.min(k, rest.length);
  const always: Domain[] = [];
  for (;;) {
    const certain = [...rest].sort((a, b) => b.weight - a.weight)[0];
    if (!certain || k === 0 || certain.weight * k < sum(rest)) break;
    always.push(certain);
    rest = rest.filter((domain) => domain !== certain);
    k--;
  }
  const line = rest.flatMap(({ members }) => members);
  // Fine enough that no two edges lie within one step.
  const steps = always.reduce((product, { weight }) => product * weight, Math.max(1, sum(line)));
  const sets = new Map<string, string[]>();
  for (let step = 0; step < steps; step++) {
    const u = (step + 0.5) / steps;
    const set = always.map(({ members, weight }) => memberAt(members, u * weight));
    for (let pick = 0; pick < k; pick++) set.push(memberAt(line, ((u + pick) * sum(line)) / k));
    sets.set([...set].sort().join(), set);
  }
  return [...sets.values()];
}

const sum = (parts: readonly { readonly weight: number }[]): number =>
  parts.reduce((all, { weight }) => all + weight, 0);

function memberAt(entries: readonly { data: string; weight: number }[], place: number): string {
  let end = 0;
  return entries.find((entry) => place < (end += entry.weight))!.data;
}

/** A zone as far as its SRV records need it. */
type Followed = {
  readonly rows: readonly Row[];
  readonly pools: ReadonlyMap<string, ModelPool>;
  readonly down: ReadonlySet<string>;
};

/** SRV records as they follow the members that they lead to: without those whose target is out. */
export function following({ rows, pools, down }: Followed, srv: readonly Row[]): Row[] {
  const addressesOf = (name: string) =>
    rows.filter((row) => sameName(row.owner, name) && (row.type === types.A || row.type === types.AAAA));
  /** Of an address the pools that watch it, by the TTL that they have in doubt. */
  const watching = (data: string) =>
    [...pools].filter(
      ([owner, { checked }]) => checked && addressesOf(owner).some((row) => row.data === data),
    );
  const isMember = (data: string) =>
    [...pools.keys()].some((owner) => addressesOf(owner).some((row) => row.data === data));
  const isOut = (data: string) => watching(data).length > 0 && down.has(data);
  let ttl = srv[0]!.ttl;
  const left = srv.filter((row) => {
    const target = row.data.split(' ').at(-1)!;
    const addresses = addressesOf(target).map(({ data }) => data);
    const leads = pools.has(lower(target)) || (addresses.length > 0 && addresses.every(isMember));
    if (!leads) return true;
    const doubts = addresses.filter(isOut).flatMap((data) => watching(data));
    const own = doubts.filter(([owner]) => !pools.has(lower(target)) || owner === lower(target));
    ttl = Math.min(ttl, ...own.map(([, { unsettled }]) => unsettled));
    return !addresses.every(isOut);
  });
  return (left.length === 0 ? srv : left).map((row) => ({ ...row, ttl }));
}
