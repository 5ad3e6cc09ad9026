// A reload, and the start, which is the same with nothing before it. All of the new is made before anything
// of the old is touched: a fault at any step leaves the server as it was and goes back to whoever asked. One
// at a time.
import { linkSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { originOf } from '../config/owners.ts';
import { type Fault, refuses } from '../faults.ts';
import type { Monitors } from '../health/monitor.ts';
import { firstRoundMaxMs } from '../limits.ts';
import { log } from '../log.ts';
import { suggest } from '../near.ts';
import { type Reply, refusal } from './admin.ts';
import type { ZoneChange } from './diff.ts';
import type { Keeper } from './keep.ts';
import type { Loaded, LoadedZone, LoadRequest } from './load.ts';
import { loadInThread } from './loader.ts';
import type { Publisher } from './publish.ts';
import { settingsOf } from './settings.ts';
import type { Source } from './sources.ts';

/** What control has in service and what it works with. */
export type Running = {
  readonly configDir: string;
  readonly tablesDir: string;
  readonly monitors: Monitors;
  readonly publisher: Publisher;
  readonly keeper: Keeper;
  /** Member names by endpoint, for the log. */
  names: ReadonlyMap<string, string>;
  /** What the copy in the run directory holds: digests by path. */
  copied: ReadonlyMap<string, string>;
  /**
   * What is in service, without contents of files; undefined until the first publication. Assigned in
   * takeIntoService() only.
   */
  loaded: Loaded | undefined;
};

/** What came of a reload, as the control socket gives it. */
export type ReloadReport = {
  readonly ok: boolean;
  /** The generation in service now, new or as before, and when its files were loaded. */
  readonly generation: number;
  readonly servingSince?: number | undefined;
  readonly changes: readonly ZoneChange[];
  /** Nothing was taken into service, as was asked for. */
  readonly isDryRun: boolean;
  /** What is, or would be, lost: unless the reload was forced, why it was refused. */
  readonly losses: readonly Fault[];
  /** Keys of steerdns.yaml whose change is in service with them. */
  readonly settings: readonly string[];
  /** Why it was refused; else warnings. */
  readonly faults: readonly Fault[];
  /** Why it failed where no file is at fault. */
  readonly failure: string | undefined;
  /** What the operator must know besides: settings that need a restart. */
  readonly notes: readonly string[];
  readonly tookMs: number;
};

/** What whoever asks for a reload may ask for. */
export type ReloadOptions = {
  /** Only says what would change. */
  readonly isDryRun?: boolean;
  /** Takes losses into service too. */
  readonly isForced?: boolean;
  /** Origin of the only zone that is read anew. */
  readonly only?: string | undefined;
};

/** Reads the options of `POST /reload?dry-run&force&zone=…`, or says what is wrong with them. */
export function reloadOptions(parameters: URLSearchParams): ReloadOptions | Reply {
  const zone = parameters.get('zone');
  const isDryRun = parameters.has('dry-run');
  const isForced = parameters.has('force');
  if (zone === null) return { isDryRun, isForced };
  const origin = originOf(zone === '.' ? zone : zone.replace(/\.$/, ''));
  return 'value' in origin
    ? { isDryRun, isForced, only: origin.value }
    : refusal(400, `"${zone}" ${origin.wrong}`, 'reload ZONE');
}

/** Takes the operator's files into service, whole or not at all. */
export async function reload(running: Running, options: ReloadOptions = {}): Promise<ReloadReport> {
  const { isDryRun = false, isForced = false, only } = options;
  const startedAt = performance.now();
  const before = running.loaded;
  let loaded: Loaded | undefined;
  let failure: string | undefined;
  try {
    const request = { ...requestFor(running, running.configDir), only };
    if (only !== undefined) checkPartial(request);
    loaded = await loadInThread(request);
    if (only !== undefined) checkFound(only, loaded, running);
    if (isSound(loaded, isForced) && !isDryRun) failure = await takeIntoService(running, loaded);
  } catch (error) {
    failure = (error as Error).message;
  }
  const ok = loaded !== undefined && failure === undefined && isSound(loaded, isForced);
  if (ok && !isDryRun) {
    running.keeper.accept(loaded!.sources);
    await copyAccepted(running, loaded!.sources);
  }
  await removeTables(running);
  return {
    ok,
    generation: running.publisher.generation,
    isDryRun,
    changes: ok || isDryRun ? (loaded?.changes ?? []) : [],
    losses: loaded?.losses ?? [],
    settings: ok && before !== undefined ? changedSettings(before, loaded!) : [],
    faults: loaded?.faults ?? [],
    failure,
    notes: ok && before !== undefined ? notesOn(before, loaded!) : [],
    tookMs: performance.now() - startedAt,
  };
}

function checkPartial({ acceptedDir }: LoadRequest): void {
  if (acceptedDir === undefined) throw new Error('what is in service could not be copied: reload everything');
}

/** A zone that was nowhere is a mistake in the command, not in a file. */
function checkFound(only: string, { zones, faulty }: Loaded, { publisher }: Running): void {
  const served = publisher.zones().map(({ origin }) => origin);
  const known = [...served, ...faulty, ...zones.map(({ origin }) => origin)];
  if (known.includes(only)) return;
  const hint = suggest(only, served);
  throw new Error(`there is no zone ${only}${hint === '' ? '' : ` (${hint})`}`);
}

function isSound({ faults, losses }: Loaded, isForced: boolean): boolean {
  return !refuses(faults) && (isForced || losses.length === 0);
}

/** Loads a folder for comparison with what is in service. */
export function requestFor({ tablesDir, publisher, copied, loaded }: Running, dir: string): LoadRequest {
  const acceptedDir = copied.size > 0 ? copyOf(tablesDir) : undefined;
  return { dir, tablesDir, known: publisher.zones(), knownPlaces: loaded?.places, acceptedDir };
}

/** Where a control process that crashes begins again. */
function copyOf(tablesDir: string): string {
  return join(dirname(tablesDir), 'accepted');
}

/** Probes what is new, publishes, and only then lets go of what was; returns why it failed, if it did. */
export async function takeIntoService(running: Running, loaded: Loaded): Promise<string | undefined> {
  const { monitors, publisher } = running;
  const before = endpointsOf(running.loaded?.zones ?? []);
  const after = endpointsOf(loaded.zones);
  running.names = memberNames(loaded.zones);
  monitors.watchCanaries(loaded.server.canaries);
  monitors.watch([...before, ...after]);
  await firstResults(monitors); // so that a server that is down is never handed out because it is new
  const { fault } = await publisher.publishZones(loaded.zones, settingsOf(loaded));
  // The files' contents go as soon as they are copied: a big zone's text is as big as its table.
  if (fault === undefined) running.loaded = { ...loaded, sources: [] };
  monitors.watch(fault === undefined ? after : before);
  monitors.watchCanaries(running.loaded?.server.canaries ?? []);
  return fault;
}

/**
 * Copies what is now in service into the run directory: a control process that crashes begins again from
 * there.
 */
export async function copyAccepted(running: Running, sources: readonly Source[]): Promise<void> {
  const folder = copyOf(running.tablesDir);
  const made = `${folder}.new`;
  const copied = new Map<string, string>();
  const folders = new Set<string>();
  try {
    await rm(made, { recursive: true, force: true });
    for (const { path, digest, content } of sources) {
      const to = join(made, path);
      if (!folders.has(dirname(to))) await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      folders.add(dirname(to));
      const isSame = running.copied.get(path) === digest && isLinked(join(folder, path), to);
      if (!isSame) await writeFile(to, content, { mode: 0o600 });
      copied.set(path, digest);
    }
    await rm(folder, { recursive: true, force: true });
    await rename(made, folder);
    running.copied = copied;
  } catch (error) {
    running.copied = new Map();
    log.error(`what was accepted cannot be copied: ${(error as Error).message}`);
  }
}

/** Links a file that stayed the same: for ten thousand zones much less than to write it again. */
function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch {
    return false; // gone, or a file system without links
  }
}

/** Resolves when every endpoint has been probed once, or after the time that a start may take. */
async function firstResults(monitors: Monitors): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, firstRoundMaxMs);
  });
  await Promise.race([monitors.firstRound(), enough]);
  clearTimeout(timer);
}

/** Every endpoint of the zones, once. */
export function endpointsOf(zones: readonly LoadedZone[]) {
  return [...new Map(zones.flatMap((zone) => zone.endpoints.map((one) => [one.key, one]))).values()];
}

/** Names of members by endpoint: where pools differ, one that somebody gave wins over a bare address. */
/** Names of members by endpoint; of several names of one the last. */
export function memberNames(zones: readonly LoadedZone[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const pool of zones.flatMap(({ pools }) => pools)) {
    for (const { name, addresses } of pool.members) {
      for (const { endpoint, text } of addresses) {
        if (endpoint !== undefined && (name !== text || !names.has(endpoint))) names.set(endpoint, name);
      }
    }
  }
  return names;
}

/** Removes files of zone tables of which none is in service: of an earlier generation or a refused one. */
export async function removeTables({ tablesDir, publisher }: Running): Promise<void> {
  const served = new Set(publisher.zones().map(({ file }) => basename(file)));
  const names = await readdir(tablesDir).catch(() => []);
  for (const name of names) {
    if (!served.has(name)) await rm(join(tablesDir, name), { force: true }).catch(() => {});
  }
}

/** Settings that threads answer with from now on. */
function changedSettings(before: Loaded, after: Loaded): string[] {
  const keys = {
    identity: 'identity',
    version: 'version',
    cookies: 'cookies',
    'rate-limit': 'rateLimit',
    'client-subnet': 'clientSubnet',
    'explain-to': 'explainTo',
    'query-log': 'queryLog',
    'metrics.series-max': 'seriesMax',
    canaries: 'canaries',
    http: 'http',
    webhooks: 'webhooks',
  } as const;
  const changed = Object.entries(keys).flatMap(([name, key]) =>
    isDeepStrictEqual(before.server[key], after.server[key]) ? [] : [name],
  );
  return before.places?.key === after.places?.key ? changed : [...changed, 'places'];
}

/** Settings that were read again but are used only at a start. */
function notesOn(before: Loaded, after: Loaded): string[] {
  return (['listen', 'workers', 'control'] as const)
    .filter((key) => !isDeepStrictEqual(before.server[key], after.server[key]))
    .map((key) => `${key} changed: restart the server for it`);
}
