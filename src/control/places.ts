// The table of places, made of what steerdns.yaml says of them: the networks of the MMDB file first, those
// said by hand over them, the longest last. Only places that some pool serves otherwise than elsewhere are
// in it: the fewer there are, the more clients one response is good for, and the smaller the table is.
// Called by load.ts.
import { createHash } from 'node:crypto';
import { PlaceTree } from '../answer/compileplaces.ts';
import type { Places } from '../answer/settings.ts';
import type { PlacesConfig, PoolConfig } from '../config.ts';
import { errorAt, type Fault, warningAt } from '../faults.ts';
import { placesSizeMax } from '../limits.ts';
import { type Located, walkMmdb } from './mmdb.ts';
import type { Sources } from './sources.ts';

/** A table of places, what it was made of, and what was found to be wrong with it then. */
export type MadePlaces = Places & { readonly key: string; readonly faults: readonly Fault[] };

/**
 * Compiles the places that these pools ask for; undefined where none of them does. Where it would be made of
 * the same as `known` was, that is returned: an MMDB file is not walked again.
 */
export function makePlaces(
  config: PlacesConfig,
  pools: readonly PoolConfig[],
  sources: Pick<Sources, 'digest'>,
  known: MadePlaces | undefined,
): MadePlaces | undefined {
  const used = placesInUse(config, pools);
  if (used.size === 0) return undefined;
  const { names, networks, countries, continents, mmdb } = config;
  const asked = {
    names,
    used: [...used],
    networks,
    countries,
    continents,
    mmdb: mmdb && sources.digest(mmdb.path),
  };
  const key = createHash('sha256').update(JSON.stringify(asked)).digest('hex');
  if (known?.key === key) return known;
  const faults: Fault[] = [];
  const tree = new PlaceTree();
  if (mmdb !== undefined) plantMmdb(tree, config, used, faults);
  for (const { what, place } of [...networks].sort((a, b) => a.what.bits - b.what.bits)) {
    tree.set(what.address, what.bits, used.has(place) ? place : 0);
  }
  const table = tree.compile(names.length);
  if (table !== undefined) return { names, table, key, faults };
  const what = `the table of places would have more than ${placesSizeMax >> 20} MiB`;
  const said = mmdb ?? networks[0]!;
  faults.push(errorAt(said.at, what, 'give places fewer and wider networks'));
  return { names, table: new PlaceTree().compile(0)!, key, faults };
}

/**
 * Numbers of the places that a pool serves otherwise than everywhere else: both are served by all members
 * where neither has members in its order.
 */
function placesInUse({ names, orders }: PlacesConfig, pools: readonly PoolConfig[]): Set<number> {
  const used = new Set<number>();
  for (const { policy, members } of pools) {
    if (policy !== 'nearest') continue;
    const located = new Set([...members.values()].map((member) => member.located));
    const hasMembers = ({ order }: { order: readonly string[] }) => order.some((name) => located.has(name));
    const isElsewhereServed = hasMembers(orders.at(-1)!);
    for (const [i, name] of names.entries()) {
      const order = orders.find(({ place }) => place === name);
      if (order !== undefined && (isElsewhereServed || hasMembers(order))) used.add(i + 1);
    }
  }
  return used;
}

/**
 * Puts the networks of the MMDB file into the tree: by country, and where no place has that, by continent.
 */
function plantMmdb(
  tree: PlaceTree,
  { countries, continents, mmdb }: PlacesConfig,
  used: ReadonlySet<number>,
  faults: Fault[],
): void {
  if (countries.length + continents.length === 0) return;
  const byCountry = new Map(countries.map(({ what, place }) => [what, place]));
  const byContinent = new Map(continents.map(({ what, place }) => [what, place]));
  const seen = new Set<string>();
  const placeOf = ({ country, continent }: Located) => {
    seen.add(`country ${country}`).add(`continent ${continent}`);
    const place = byCountry.get(country) ?? byContinent.get(continent) ?? 0;
    return used.has(place) ? place : 0;
  };
  try {
    walkMmdb(mmdb!.octets, (address, bits, located) => {
      const place = placeOf(located);
      if (place !== 0) tree.set(address, bits, place);
    });
  } catch (error) {
    faults.push(errorAt(mmdb!.at, `this is no MMDB file that can be used: ${(error as Error).message}`));
    return;
  }
  for (const [noun, said] of [
    ['country', countries],
    ['continent', continents],
  ] as const) {
    for (const { what, at } of said) {
      if (seen.has(`${noun} ${what}`)) continue;
      const hint = noun === 'country' ? 'is the code right?' : 'does this file have continents?';
      faults.push(warningAt(at, `the MMDB file has no network in the ${noun} ${what}`, hint));
    }
  }
}
