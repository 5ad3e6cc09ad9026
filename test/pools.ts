// The model's own idea of a pool: which answer sets exist for the members that are up, by trying every place
// on the line of weights. Reads the plain YAML of the cases. Shares no code with src/balance. Used by
// model.ts.
import { parse } from 'yaml';
import { absolute, lower, type Row } from './rows.ts';

export type ModelPool = {
  readonly answers: 'auto' | number;
  readonly stable: number | undefined;
  readonly unsettled: number;
  readonly whenAllDown: 'all' | 'none' | 'servfail' | readonly string[];
  readonly checked: boolean;
  readonly members: Readonly<Record<string, { readonly name?: string; readonly weight?: number }>>;
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
        answers: pool?.answers ?? 'auto',
        stable: pool?.ttl?.stable === undefined ? undefined : seconds(pool.ttl.stable),
        unsettled: pool?.ttl?.unsettled === undefined ? 5 : seconds(pool.ttl.unsettled),
        whenAllDown: pool?.['when-all-down'] ?? 'all',
        checked: pool?.check !== undefined,
        members: pool?.members ?? {},
      },
    ]),
  );
}

type Entry = { readonly data: string; readonly name: string; readonly weight: number; readonly up: boolean };

/** The choice for one RRset, `rows`, of the owner whose records are `here`. */
export function choose(
  pool: ModelPool,
  rows: readonly Row[],
  here: readonly Row[],
  down: ReadonlySet<string>,
): ModelChoice {
  const all = here.filter((row) => row.type === 1 || row.type === 28).sort((a, b) => a.type - b.type);
  const weightOf = (name: string): number =>
    Object.entries(pool.members).find(([data, member]) => (member.name ?? data) === name)?.[1].weight ?? 1;
  const entryOf = ({ data }: Row): Entry => {
    const name = pool.members[data]?.name ?? data;
    return { data, name, weight: weightOf(name), up: !(pool.checked && down.has(data)) };
  };
  const order = [...new Set(all.map((row) => entryOf(row).name))];
  const mine = rows.map(entryOf).sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const stable = pool.stable ?? rows[0]!.ttl;
  const unsettled = Math.min(pool.unsettled, stable);
  const ttl = mine.every((entry) => entry.up) ? stable : unsettled;
  const nothing = (mode: 'nodata' | 'servfail'): ModelChoice => ({
    mode,
    sets: [],
    ttl,
    negativeTtlMax: unsettled,
  });
  const given = (entries: readonly Entry[]): ModelChoice =>
    entries.length === 0
      ? nothing('nodata')
      : { mode: 'sets', sets: setsOf(entries, pool.answers), ttl, negativeTtlMax: unsettled };

  const up = mine.filter((entry) => entry.up);
  if (up.length > 0) return given(preferred(up));
  if (all.map(entryOf).some((entry) => entry.up)) return nothing('nodata'); // the other family answers
  const { whenAllDown } = pool;
  if (whenAllDown === 'all') return given(preferred(mine));
  if (whenAllDown === 'none') return nothing('nodata');
  if (whenAllDown === 'servfail') return nothing('servfail');
  return given(mine.filter((entry) => whenAllDown.includes(entry.name)));
}

/** Members with weight, else the standbys. */
const preferred = (entries: readonly Entry[]): readonly Entry[] =>
  entries.some((entry) => entry.weight > 0) ? entries.filter((entry) => entry.weight > 0) : entries;

/**
 * Every set that some place u on the line draws: the members at u, u + W/k, u + 2W/k …, those at k·e ≥ W
 * apart.
 */
function setsOf(entries: readonly Entry[], answers: 'auto' | number): string[][] {
  let rest = entries.map((entry) => ({ data: entry.data, weight: Math.max(1, entry.weight) }));
  const sum = (): number => rest.reduce((all, entry) => all + entry.weight, 0);
  const most = Math.max(...rest.map((entry) => entry.weight));
  let k = answers === 'auto' ? Math.max(1, Math.min(4, Math.floor((1.05 * sum()) / most + 1e-9))) : answers;
  k = Math.min(k, rest.length);
  const always: string[] = [];
  for (;;) {
    const certain = [...rest].sort((a, b) => b.weight - a.weight)[0];
    if (!certain || k === 0 || certain.weight * k < sum()) break;
    always.push(certain.data);
    rest = rest.filter((entry) => entry !== certain);
    k--;
  }
  const whole = sum();
  const sets = new Map<string, string[]>();
  for (let u = 0; u < Math.max(1, whole); u++) {
    const set = [...always];
    for (let pick = 0; pick < k; pick++) set.push(memberAt(rest, (u + pick * whole) / k));
    sets.set([...set].sort().join(), set);
  }
  return [...sets.values()];
}

function memberAt(entries: readonly { data: string; weight: number }[], place: number): string {
  let end = 0;
  return entries.find((entry) => place < (end += entry.weight))!.data;
}
