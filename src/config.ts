// The YAML as a Config, or every fault in it: steerdns.yaml (optional) and, beside each ORIGIN.zone, an
// optional ORIGIN.yaml. Only the names of zone files are looked at; their content is zone/'s. The door of
// yaml and valibot: nothing outside this file and config/ may import them. Called by control/ at each reload
// and by `check`; files come through the two functions it is given, so a reload can read the operator's files
// or the accepted ones.
import { join } from 'node:path';
import * as v from 'valibot';
import type { PoolConfig } from './balance/members.ts';
import { type Checks, checksLook, readChecks } from './config/checks.ts';
import type { Beside } from './config/contents.ts';
import { originOf } from './config/owners.ts';
import { type PlacesConfig, placesDefaults } from './config/places.ts';
import { poolDefaults, poolsLook, readPools, type Shared } from './config/pools.ts';
import { readServer, type ServerConfig, serverDefaults } from './config/server.ts';
import { elsewhere, map, shaped, valueAt } from './config/shape.ts';
import { parseYaml, type YamlMap } from './config/yaml.ts';
import { boundFaults, errorAt, type Fault, type Place, sortFaults, whyUnreadable } from './faults.ts';
import { checkDefaults } from './health/check.ts';
import { nearest } from './near.ts';

export type { PlacesConfig, PoolConfig, ServerConfig };

export type ZoneConfig = {
  /** Absolute, lowercase, with the final dot. */
  readonly origin: string;
  /** Path of the zone file. */
  readonly file: string;
  /** Path of the YAML beside it: faults with this file are faults of this zone. */
  readonly yamlFile: string | undefined;
  /** Pools without faults of their own or of their checks. */
  readonly pools: readonly PoolConfig[];
  /**
   * False where a pool is left out, or the YAML cannot be read: served as it is, dead servers would be given.
   */
  readonly isWhole: boolean;
};

export type Config = {
  readonly server: ServerConfig;
  readonly places: PlacesConfig;
  readonly zones: readonly ZoneConfig[];
};

/** Reads a file whole; throws a NodeJS.ErrnoException. */
export type Read = (path: string) => Uint8Array;
/** Names of the files in a folder; throws a NodeJS.ErrnoException. */
export type List = (dir: string) => readonly string[];

/** What was loaded; what has faults is left out of `config`, or is as if it were not said. */
export type LoadedConfig = {
  readonly config: Config;
  /** In the order of files and lines; the first of each file. */
  readonly faults: readonly Fault[];
  /** Every YAML file that was read and every zone file that was found. */
  readonly files: readonly string[];
  /** Checks by name, of each zone by its origin, and of steerdns.yaml under ''; undefined: with faults. */
  readonly checks: ReadonlyMap<string, Checks['byName']>;
  /** The files that settings are read from beside the zones' own: steerdns.yaml and what any YAML names. */
  readonly settingsFiles: readonly string[];
};

/** What holds where the YAML says nothing, for the documentation. */
export const defaults = { server: serverDefaults, check: checkDefaults, pool: poolDefaults } as const;

const serverFile = 'steerdns.yaml';

/** What holds where steerdns.yaml cannot be read: what it defines for others may all be there. */
const nothingKnown = {
  server: serverDefaults,
  checks: { byName: new Map(), complete: false },
  places: { ...placesDefaults, isComplete: false },
};

/** Loads everything that stands in the YAML of a folder. Nothing throws but mistakes of our own. */
export function loadConfig(
  dir: string,
  list: List,
  read: Read,
  isOpenToAll: (path: string) => boolean = () => false,
): LoadedConfig {
  const faults: Fault[] = [];
  const listed = attempt(() => list(dir), `the folder ${dir}`, startOf(dir), faults) ?? [];
  const names = listed.filter((name) => !name.startsWith('.')).sort();
  const zoneNames = names.filter((name) => name.endsWith('.zone'));
  const yamlNames = new Set(names.filter((name) => name.endsWith('.yaml')));
  if (faults.length === 0) faults.push(...fileFaults(dir, names));
  const parse = (name: string): YamlMap | undefined => {
    const path = join(dir, name);
    if (!yamlNames.has(name)) return { kind: 'map', place: startOf(path), entries: [] };
    const octets = attempt(() => read(path), 'this file', startOf(path), faults);
    return octets === undefined ? undefined : parseYaml(path, octets, faults);
  };
  const settingsFiles = [join(dir, serverFile)];
  const beside: Beside = {
    dir,
    read: (path, place) => {
      settingsFiles.push(path);
      return attempt(() => read(path), path, place, faults);
    },
    isOpenToAll,
    environment: process.env,
  };
  const serverRoot = parse(serverFile);
  const { server, checks, places } =
    serverRoot === undefined ? nothingKnown : readServer(serverRoot, beside, faults);
  const zones = new Map<string, ZoneConfig>();
  const allChecks = new Map([['', checks.byName]]);
  for (const name of zoneNames) {
    const file = join(dir, name);
    const origin = originOf(withoutEnding(name));
    const double = 'value' in origin ? zones.get(origin.value) : undefined;
    if ('wrong' in origin) {
      faults.push(errorAt(startOf(file), `this zone file ${origin.wrong}`, origin.hint ?? nameHint));
    } else if (double !== undefined) {
      faults.push(errorAt(startOf(file), `${double.file} is the zone file of ${origin.value} already`));
    } else {
      const yamlName = `${withoutEnding(name)}.yaml`;
      const yamlFile = yamlNames.has(yamlName) && yamlName !== serverFile ? join(dir, yamlName) : undefined;
      const root = yamlFile === undefined ? undefined : parse(yamlName);
      const shared = { checks, places };
      const pools = root && readZoneYaml(root, origin.value, shared, beside, allChecks, faults);
      const isWhole = yamlFile === undefined || pools?.length === poolCount(root);
      zones.set(origin.value, { origin: origin.value, file, yamlFile, pools: pools ?? [], isWhole });
    }
  }
  const files = [...yamlNames, ...zoneNames].map((name) => join(dir, name));
  return {
    config: { server, places, zones: [...zones.values()] },
    faults: boundFaults(sortFaults(faults)),
    files,
    checks: allChecks,
    settingsFiles,
  };
}

/** The whole of a zone's YAML. */
export const zoneShape = map({
  checks: v.optional(elsewhere(checksLook)),
  balance: v.optional(elsewhere(poolsLook)),
});

function readZoneYaml(
  root: YamlMap,
  origin: string,
  shared: Shared,
  beside: Beside,
  allChecks: Map<string, Checks['byName']>,
  faults: Fault[],
): PoolConfig[] {
  shaped(root, zoneShape, faults);
  const own = readChecks(valueAt(root, 'checks'), beside, faults);
  // A zone's own check takes the place of one with its name in steerdns.yaml.
  const byName = new Map([...shared.checks.byName, ...own.byName]);
  const checks = { byName, complete: shared.checks.complete };
  allChecks.set(origin, own.byName);
  return readPools(valueAt(root, 'balance'), origin, { ...shared, checks }, faults);
}

function poolCount(root: YamlMap | undefined): number {
  const balance = root && valueAt(root, 'balance');
  return balance?.kind === 'map' ? balance.entries.length : 0;
}

const nameHint = 'a zone file is named after its origin: site.example.zone';

/** Faults of the names of the files themselves. */
function fileFaults(dir: string, names: readonly string[]): Fault[] {
  const zoneNames = new Set(names.filter((name) => name.endsWith('.zone')));
  const faults: Fault[] = [];
  if (zoneNames.size === 0) {
    faults.push(errorAt(startOf(dir), 'there is no zone file in this folder', nameHint));
  }
  for (const name of names) {
    const place = startOf(join(dir, name));
    const zoneName = `${withoutEnding(name)}.zone`;
    if (name.endsWith('.yml')) {
      faults.push(errorAt(place, 'this file is not read', `name it ${withoutEnding(name)}.yaml`));
    } else if (name.endsWith('.yaml') && name !== serverFile && !zoneNames.has(zoneName)) {
      const near = nearest(zoneName, [...zoneNames, 'steerdns.zone']);
      const meant = near === undefined ? undefined : `${withoutEnding(near)}.yaml`;
      const hint =
        meant === undefined ? `settings of the server stand in ${serverFile}` : `did you mean ${meant}?`;
      faults.push(errorAt(place, `there is no zone file ${zoneName} beside this file`, hint));
    }
  }
  return faults;
}

function withoutEnding(name: string): string {
  return name.slice(0, name.lastIndexOf('.'));
}

function startOf(file: string): Place {
  return { file, line: 1, column: 1 };
}

/** What the operating system refuses is a fault like any other. */
function attempt<T>(action: () => T, what: string, place: Place, faults: Fault[]): T | undefined {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    faults.push(errorAt(place, `${what} cannot be read: ${whyUnreadable(error as NodeJS.ErrnoException)}`));
    return undefined;
  }
}
