// Everything that the operator's folder says, as one value: settings, zones compiled into tables, pools, and
// every fault of all files at once. Run inline by `steerdns check` and in a thread of its own by the daemon
// (loader.ts). A zone whose sources and balanced owners are those of a table that is there already keeps that
// table.
import assert from 'node:assert';
import { createHash } from 'node:crypto';
import { compileZone } from '../answer/compile.ts';
import { readFollowers } from '../answer/followers.ts';
import { tableFault, version as tableVersion, zoneMagic } from '../answer/layout.ts';
import { ZoneReader } from '../answer/read.ts';
import type { Follower } from '../balance/follow.ts';
import { type AddressSet, makePool } from '../balance/members.ts';
import type { Family, Pool } from '../balance/pool.ts';
import { loadConfig, type PoolConfig, type ServerConfig, type ZoneConfig } from '../config.ts';
import { boundFaults, type Fault, refuses, sortFaults } from '../faults.ts';
import type { Endpoint } from '../health/check.ts';
import { parseNameText, printName } from '../wire/names.ts';
import { TYPE } from '../wire/numbers.ts';
import { checkZone } from '../zone/check.ts';
import { loadZoneFile } from '../zone/scan.ts';
import { indexZone, NODE, Zone } from '../zone/zone.ts';
import { diffZone, type ZoneChange } from './diff.ts';
import { cutFiles, zoneLosses } from './guard.ts';
import { type MadePlaces, makePlaces } from './places.ts';
import { type Source, Sources } from './sources.ts';
import { openTable, TableFiles, type TablePlace } from './tablefiles.ts';
import { targetFaults } from './targets.ts';

/** One zone that can be taken into service. */
export type LoadedZone = {
  /** Absolute, lowercase, with the final dot. */
  readonly origin: string;
  /** 16 hexadecimal digits that change with the sources and the balanced owners. */
  readonly id: string;
  /** Where the table stands in which file, in octets; the file is '' where no folder for tables was given. */
  readonly file: string;
  readonly at: number;
  readonly length: number;
  readonly serial: number;
  readonly records: number;
  readonly names: number;
  /** In the order of the table's slots. */
  readonly pools: readonly Pool[];
  /** By owner: a digest of everything about the pool but the health of its members. */
  readonly poolKeys: ReadonlyMap<string, string>;
  /** RRsets that lead to members, in the order of the table's slots, behind those of the pools. */
  readonly followers: readonly Follower[];
  /** One per key. */
  readonly endpoints: readonly Endpoint[];
  /** Paths of the files the table was made from, the zone file first. */
  readonly sources: readonly string[];
  readonly warnings: readonly Fault[];
};

export type Loaded = {
  readonly server: ServerConfig;
  /** Where clients are; undefined where nothing depends on it. */
  readonly places: MadePlaces | undefined;
  /** Zones without an error. */
  readonly zones: readonly LoadedZone[];
  /** Origins that are left out because of errors. */
  readonly faulty: readonly string[];
  /** All faults, sorted. */
  readonly faults: readonly Fault[];
  /** What is not as in the zones known before, removed ones too. */
  readonly changes: readonly ZoneChange[];
  /** What would be lost that nobody takes away every day: it refuses a reload unless that is forced. */
  readonly losses: readonly Fault[];
  /** Every file that the zones and settings were read from; those of faulty zones left out. */
  readonly sources: readonly Source[];
};

export type LoadRequest = {
  readonly dir: string;
  /** Where tables are written and found again (tablefiles.ts); undefined: tables are made and let go. */
  readonly tablesDir: string | undefined;
  /** Zones in service, to compare with. */
  readonly known: readonly LoadedZone[];
  /** Places in service, to be used again. */
  readonly knownPlaces?: MadePlaces | undefined;
  /** Where what was accepted before lies, to compare files with; undefined: they are not looked at. */
  readonly acceptedDir?: string | undefined;
  /** The only zone that is read anew; everything else is as it was accepted. */
  readonly only?: string | undefined;
};

/** Is told how far a load is, often. */
export type Tell = (text: string, isNew?: boolean) => void;

/**
 * Loads the folder. Faults are in the result; only a mistake of our own is thrown. `onSettings` is told the
 * server's settings before any zone is read, where the YAML has no errors.
 */
export function loadAll(
  { dir, tablesDir, known, knownPlaces, acceptedDir, only }: LoadRequest,
  onSettings: (server: ServerConfig) => void = () => {},
  tell: Tell = () => {},
): Loaded {
  const sources = new Sources(dir, only === undefined ? undefined : { acceptedDir: acceptedDir!, only });
  const { list, read, isOpenToAll } = sources;
  const { config, faults, settingsFiles } = loadConfig(dir, list, read, isOpenToAll);
  if (!refuses(faults)) onSettings(config.server);
  const tables = tablesDir === undefined ? undefined : new TableFiles(tablesDir, known);
  const knownByOrigin = new Map(known.map((zone) => [zone.origin, zone]));
  const pools = config.zones.flatMap((zone) => zone.pools);
  const places = makePlaces(config.places, pools, sources, knownPlaces);
  const all = [...faults, ...(places?.faults ?? [])];
  const accepted = [...settingsFiles];
  const zones: LoadedZone[] = [];
  const faulty: string[] = [];
  const changes: (ZoneChange | undefined)[] = [];
  const losses: Fault[] = [];
  const origins = new Set(config.zones.map(({ origin }) => origin));
  for (const zone of config.zones) {
    const before = knownByOrigin.get(zone.origin);
    knownByOrigin.delete(zone.origin);
    sources.enter(zone.origin);
    const loaded = loadZone(zone, origins, sources, tables, before, tell);
    all.push(...loaded.faults);
    const ownFaults = faults.filter(({ file }) => file === zone.yamlFile || file === zone.file);
    if (loaded.zone === undefined || refuses(ownFaults) || !zone.isWhole) {
      faulty.push(zone.origin);
      continue;
    }
    zones.push(loaded.zone);
    changes.push(loaded.change);
    losses.push(...(loaded.losses ?? []));
    accepted.push(...loaded.zone.sources, ...(zone.yamlFile === undefined ? [] : [zone.yamlFile]));
  }
  tables?.close();
  for (const gone of knownByOrigin.values()) {
    if (faulty.includes(gone.origin)) continue;
    changes.push(diffZone(gone, undefined, openServed));
    losses.push(...zoneLosses(gone, undefined, undefined, undefined));
  }
  const collected = sources.collect(accepted);
  if (acceptedDir !== undefined) losses.push(...cutFiles(collected, dir, acceptedDir));
  return {
    server: config.server,
    places,
    zones,
    faulty,
    faults: sortFaults(all),
    changes: changes.filter((change) => change !== undefined),
    losses: sortFaults(losses),
    sources: collected,
  };
}

type LoadedOrNot = {
  readonly zone: LoadedZone | undefined;
  readonly faults: readonly Fault[];
  readonly change?: ZoneChange | undefined;
  readonly losses?: readonly Fault[];
};

function loadZone(
  config: ZoneConfig,
  origins: ReadonlySet<string>,
  sources: Sources,
  tables: TableFiles | undefined,
  before: LoadedZone | undefined,
  tell: Tell,
): LoadedOrNot {
  const owners = config.pools.map(({ owner }) => wireName(owner));
  const reused = tables === undefined ? undefined : reuseTable(config, owners, sources, tables, before);
  const made = reused ?? makeTable(config, owners, sources, tables, tell);
  const pools = config.pools.map((pool, i) => makePool(pool, made.addresses(owners[i]!)));
  const between = pools.flatMap((pool) => pool.faults);
  if (made.table !== undefined) {
    const aliases = pools.map(({ pool }, i) => ({ config: config.pools[i]!, targets: namesOf(pool) }));
    between.push(...targetFaults(config.origin, made.table, aliases, origins));
  }
  const faults = [...made.faults, ...boundFaults(sortFaults(between))];
  if (refuses(faults) || made.table === undefined) return { zone: undefined, faults };
  const reader = new ZoneReader(made.table);
  const served = pools.map(({ pool }) => pool);
  const endpoints = new Map(
    pools.flatMap((pool) => pool.endpoints.map((endpoint) => [endpoint.key, endpoint])),
  );
  const zone: LoadedZone = {
    origin: config.origin,
    id: reader.id,
    ...made.place,
    serial: reader.serial,
    records: reader.recordCount,
    names: reader.nameCount,
    pools: served,
    followers: readFollowers(reader, served),
    poolKeys: new Map(pools.map(({ pool }) => [pool.owner, poolDigest(pool)])),
    endpoints: [...endpoints.values()],
    sources: made.sources,
    warnings: made.faults,
  };
  if (tables === undefined) return { zone, faults };
  const { table } = made;
  const change = diffZone(before, zone, (side) => (side === zone ? table : openServed(side)));
  const losses = before === undefined ? [] : zoneLosses(before, zone, change, table);
  return { zone, faults, change, losses };
}

/** The names that a pool leads to, where it is a CNAME. */
function namesOf({ members }: Pool): Uint8Array[] {
  const addresses = members.flatMap((member) => member.addresses);
  return addresses.filter(({ family }) => family === TYPE.CNAME).map(({ rdata }) => rdata);
}

/** Reads a zone file again, for printing. */
export function openZone(dir: string, file: string, origin: string): Zone {
  const { read } = new Sources(dir);
  const originName = wireName(origin);
  return indexZone(loadZoneFile(file, originName, { root: dir, read }).records, originName);
}

/** A zone's table and what went with its making. */
type MadeTable = {
  readonly table: Uint8Array | undefined;
  readonly place: TablePlace;
  readonly sources: readonly string[];
  readonly faults: readonly Fault[];
  /** A, AAAA or CNAME of a balanced owner. */
  readonly addresses: (owner: Uint8Array) => AddressSet[];
};

/** Finds the table that these sources make, from the zone in service or from before a crash. */
function reuseTable(
  { file, origin }: ZoneConfig,
  owners: readonly Uint8Array[],
  sources: Sources,
  tables: TableFiles,
  before: LoadedZone | undefined,
): MadeTable | undefined {
  // After a crash what is in service came from the accepted copy: its paths are not those of this folder.
  const isHere = before?.sources[0] === file;
  const paths = isHere ? before.sources : [file];
  try {
    const id = zoneId(origin, paths, owners, sources);
    const found = before?.id === id ? before : tables.find(id);
    if (found === undefined) return undefined;
    const table = openTable(found);
    if (tableFault(table, zoneMagic) !== undefined) return undefined;
    const reader = new ZoneReader(table);
    const addresses = (owner: Uint8Array) => addressesIn(reader, printName(owner));
    const { file: path, at, length } = found;
    const place = tables.keep({ file: path, at, length }, table);
    return { table, place, sources: paths, faults: isHere ? before.warnings : [], addresses };
  } catch {
    return undefined; // no such table, or a source is gone: loading says what is wrong, if anything
  }
}

function makeTable(
  { file, origin, pools }: ZoneConfig,
  owners: readonly Uint8Array[],
  sources: Sources,
  tables: TableFiles | undefined,
  tell: Tell,
): MadeTable {
  const originName = wireName(origin);
  const { dir: root, read } = sources;
  const scanned = loadZoneFile(file, originName, { root, read, tell: (what) => tell(`${origin} ${what}`) });
  tell(
    `${origin} ${scanned.records.count.toLocaleString('en-US')} records, being checked and compiled`,
    true,
  );
  const zone = indexZone(scanned.records, originName);
  const faults = [
    ...scanned.faults,
    ...checkZone(zone, file, !refuses(scanned.faults)),
    ...cutFaults(zone, pools, owners),
  ];
  const paths = scanned.records.files;
  const addresses = (owner: Uint8Array) => addressesOf(zone, owner);
  const nowhere = { file: '', at: 0, length: 0 };
  if (refuses(faults)) return { table: undefined, place: nowhere, sources: paths, faults, addresses };
  const id = zoneId(origin, paths, owners, sources);
  const table = compileZone(zone, owners, id);
  const place = tables?.add(table) ?? { ...nowhere, length: table.length };
  return { table, place, sources: paths, faults, addresses };
}

/** Addresses below a cut are the child's: nothing we answer there is more than glue (RFC 1034 §4.2.1). */
function cutFaults(zone: Zone, pools: readonly PoolConfig[], owners: readonly Uint8Array[]): Fault[] {
  return pools.flatMap((pool, i): Fault[] => {
    const node = zone.find(owners[i]!, 0);
    if (node === Zone.none || (zone.flags[node]! & (NODE.cut | NODE.occluded)) === 0) return [];
    const what = `${pool.owner} is balanced, but it is delegated to other servers`;
    return [
      { severity: 'error', ...pool.place, what, hint: 'balance it in the zone that it is delegated to' },
    ];
  });
}

function isFamily(type: number): type is Family {
  return type === TYPE.A || type === TYPE.AAAA || type === TYPE.CNAME;
}

/** The RRsets of a name in a zone that can be balanced, with octets of their own. */
function addressesOf(zone: Zone, owner: Uint8Array): AddressSet[] {
  const { records, next, first } = zone;
  const node = zone.find(owner, 0);
  const rrsets: { family: Family; ttl: number; rdata: Uint8Array[] }[] = [];
  for (let i = node === Zone.none ? Zone.none : first[node]!; i !== Zone.none; i = next[i]!) {
    const family = records.type[i]!;
    if (!isFamily(family)) continue;
    let rrset = rrsets.find((candidate) => candidate.family === family);
    if (rrset === undefined) rrsets.push((rrset = { family, ttl: records.ttl[i]!, rdata: [] }));
    rrset.ttl = Math.min(rrset.ttl, records.ttl[i]!); // RFC 2181 §5.2, as compile.ts has it
    const at = records.rdataAt[i]!;
    const rdata = records.octets.slice(at, at + records.rdataLength[i]!);
    if (!rrset.rdata.some((other) => Buffer.compare(other, rdata) === 0)) rrset.rdata.push(rdata);
  }
  return rrsets.sort((a, b) => a.family - b.family);
}

/** The same, from a table. */
function addressesIn(reader: ZoneReader, owner: string): AddressSet[] {
  return ([TYPE.A, TYPE.CNAME, TYPE.AAAA] as const).flatMap((family) => {
    const rrset = reader.rrset(owner, family);
    return rrset === undefined
      ? []
      : [{ family, ttl: rrset.ttl, rdata: rrset.rdata.map((octets) => octets.slice()) }];
  });
}

/** Changes with anything that the table is made from, and with the form of tables. */
function zoneId(
  origin: string,
  paths: readonly string[],
  owners: readonly Uint8Array[],
  sources: Sources,
): string {
  const hash = createHash('sha256').update(`${tableVersion} ${origin}\n`);
  for (const path of paths) hash.update(`${sources.digest(path)}\n`);
  for (const owner of owners) hash.update(owner);
  return hash.digest('hex').slice(0, 16);
}

function poolDigest(pool: Pool): string {
  const text = JSON.stringify(pool, (_, value: unknown) =>
    value instanceof Uint8Array ? [...value] : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Reads a table in service, for comparison; undefined where somebody has cleared the run directory. */
function openServed(place: TablePlace): Uint8Array | undefined {
  try {
    return openTable(place);
  } catch {
    return undefined;
  }
}

function wireName(text: string): Uint8Array {
  const { name } = parseNameText(text);
  assert(name !== undefined, `${text} is no name`); // config.ts has checked it
  return name;
}
