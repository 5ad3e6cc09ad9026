// What survives a restart: the tables in service, in the state directory. Control writes, the server reads at
// its start, before control is up, and answers from them. One manifest names everything that belongs together
// and is renamed into place last, so a crash at any moment leaves the old state or the new one, never a
// mixture.
//
//   manifest.json        { version, savedAt, accepted, zones, sets }
//   tables/<id>.table    zone tables; tables/sets-<edition>.table: answer-set tables
//   accepted/<name>/     the sources that the zone tables were made from
//
// Lengths are checked here; the reader of a table checks its version and checksum (answer/layout.ts).
import { readFileSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { eachOf } from '../eachof.ts';
import { keptAtOnceMax } from '../limits.ts';

const manifestVersion = 1;

type Manifest = {
  readonly version: number;
  /** When it was last known to be in service, milliseconds since 1970. */
  readonly savedAt: number;
  /** Name of the folder below accepted/, absent where nothing was accepted yet. */
  readonly accepted?: string;
  readonly zones: readonly { origin: string; id: string; file: string; length: number }[];
  readonly sets: readonly { origin: string; edition: number; file: string; length: number }[];
};

/** What is in service, to be kept; zone tables are copied from the files they are in. */
export type ToKeep = {
  readonly savedAt: number;
  readonly accepted: string | undefined;
  readonly zones: readonly { origin: string; id: string; path: string; at: number; length: number }[];
  readonly sets: readonly { origin: string; edition: number; table: Uint8Array }[];
};

export type Kept = {
  readonly savedAt: number;
  readonly accepted: string | undefined;
  readonly zones: readonly { origin: string; id: string; table: Uint8Array }[];
  readonly sets: readonly { origin: string; edition: number; table: Uint8Array }[];
};

/** Replaces what is kept. Rejects with the system's error; what was kept before is then still whole. */
export async function writeKept(stateDir: string, toKeep: ToKeep): Promise<void> {
  const tablesDir = join(stateDir, 'tables');
  await mkdir(tablesDir, { recursive: true, mode: 0o700 });
  const zones = toKeep.zones.map(({ origin, id, length }) => ({ origin, id, file: `${id}.table`, length }));
  // Side by side: the disk then flushes many files at once.
  await eachOf(toKeep.zones, keptAtOnceMax, async ({ id, path, at, length }) => {
    const to = join(tablesDir, `${id}.table`);
    if (!(await hasLength(to, length))) await writeDurably(to, await readPart(path, at, length));
  });
  const sets: Manifest['sets'][number][] = [];
  for (const { origin, edition, table } of toKeep.sets) {
    const file = `sets-${edition}.table`;
    if (!(await hasLength(join(tablesDir, file), table.length)))
      await writeDurably(join(tablesDir, file), table);
    sets.push({ origin, edition, file, length: table.length });
  }
  const manifest: Manifest = {
    version: manifestVersion,
    savedAt: toKeep.savedAt,
    ...(toKeep.accepted === undefined ? {} : { accepted: toKeep.accepted }),
    zones,
    sets,
  };
  await writeDurably(join(stateDir, 'manifest.json'), JSON.stringify(manifest));
  await removeOthers(tablesDir, new Set([...zones, ...sets].map(({ file }) => file)));
  await removeOthers(
    join(stateDir, 'accepted'),
    new Set(toKeep.accepted === undefined ? [] : [toKeep.accepted]),
  );
}

/** Reads what was kept, or says why it cannot be used. Every table is a fresh, aligned run of octets. */
export function readKept(stateDir: string): Kept | { readonly fault: string } {
  const manifest = readManifest(stateDir);
  if ('fault' in manifest) return manifest;
  try {
    const read = (file: string, length: number): Uint8Array => {
      const table = new Uint8Array(readFileSync(join(stateDir, 'tables', basename(file))));
      if (table.length !== length) throw new Error(`${file} has ${table.length} octets, not ${length}`);
      return table;
    };
    return {
      savedAt: manifest.savedAt,
      accepted: manifest.accepted,
      zones: manifest.zones.map(({ origin, id, file, length }) => ({
        origin,
        id,
        table: read(file, length),
      })),
      sets: manifest.sets.map(({ origin, edition, file, length }) => ({
        origin,
        edition,
        table: read(file, length),
      })),
    };
  } catch (error) {
    return { fault: `kept tables cannot be read: ${(error as Error).message}` };
  }
}

/** Reads the manifest alone: enough to find the accepted sources and the last editions. */
export function readManifest(stateDir: string): Manifest | { readonly fault: string } {
  let text: string;
  try {
    text = readFileSync(join(stateDir, 'manifest.json'), 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { fault: code === 'ENOENT' ? 'nothing was kept' : message };
  }
  try {
    const manifest = JSON.parse(text) as Manifest;
    if (manifest.version !== manifestVersion)
      return { fault: `kept by another version (${manifest.version})` };
    if (
      !Array.isArray(manifest.zones) ||
      !Array.isArray(manifest.sets) ||
      !Number.isFinite(manifest.savedAt)
    ) {
      return { fault: 'manifest.json is not complete' };
    }
    return manifest;
  } catch {
    return { fault: 'manifest.json is damaged' };
  }
}

/** Writes a file so that after a crash it has its old content or the new, whole. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  await replaceDurably(path, async (temporary) => {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

async function readPart(path: string, at: number, length: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const part = new Uint8Array(length);
    const { bytesRead } = await file.read(part, 0, length, at);
    if (bytesRead !== length) throw new Error(`${path} is shorter than it was`);
    return part;
  } finally {
    await file.close();
  }
}

async function replaceDurably(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await write(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // the first error is the one to report
    throw error;
  }
  await syncPath(dirname(path));
  written.add(path);
}

/** Flushes a file, or a folder's entries, to the disk. */
async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Files that this process wrote: another's may be damaged, whatever its length. */
const written = new Set<string>();

async function hasLength(path: string, length: number): Promise<boolean> {
  return written.has(path) && (await stat(path).catch(() => undefined))?.size === length;
}

async function removeOthers(dir: string, keep: ReadonlySet<string>): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  for (const name of names) if (!keep.has(name)) await rm(join(dir, name), { recursive: true, force: true });
}
