// Where a lab lives: one folder per user, at a place that is known beforehand, so that other terminals find
// the lab and what a killed one left behind is found by the next. All of it is removed at the end. Also:
// which configuration the daemon runs on, and how an operator types our commands.
import {
  accessSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve, sep } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isAlive } from '../../serve/lock.ts';

export type Place = {
  readonly dir: string;
  /** The lab's own socket. */
  readonly labPath: string;
  /** The daemon's control socket. */
  readonly controlPath: string;
  readonly stateDir: string;
};

/** The port that the packaged zones check. */
export const portDefault = 8080;
/** A daemon that was left behind has this long to end. */
const leftoverEndMs = 5000;
const lookMs = 50;

/** This user's lab, whether it runs or not. */
export function labPlace(uid: number = process.getuid?.() ?? 0): Place {
  const dir = join(tmpdir(), `steerdns-lab-${uid}`);
  return {
    dir,
    labPath: join(dir, 'lab.sock'),
    controlPath: join(dir, 'control.sock'),
    stateDir: join(dir, 'state'),
  };
}

/**
 * Makes the folder; a sentence where it is not ours alone, for anybody may write to a folder of temporary
 * files.
 */
export function makePlace({ dir }: Place): string | undefined {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const found = lstatSync(dir);
  const isOurs = found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid);
  return isOurs && (found.mode & 0o022) === 0
    ? undefined
    : `${dir} belongs to somebody else or is open to others: remove it, or set TMPDIR to another folder`;
}

/** Ends the daemon of a lab that was killed, and removes what it left; the lab's own socket stays. */
export async function clearPlace({ dir, stateDir }: Place): Promise<void> {
  const lock = join(stateDir, 'lock');
  if (await isAlive(lock)) {
    // Whoever holds the lock wrote its pid, so this is no other process that got the number later.
    const { pid } = JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGTERM');
    const deadline = performance.now() + leftoverEndMs;
    while (await isAlive(lock)) {
      if (performance.now() > deadline) throw new Error(`process ${pid} of an earlier lab does not end`);
      await pause(lookMs);
    }
  }
  for (const name of readdirSync(dir)) {
    if (name !== 'lab.sock') rmSync(join(dir, name), { recursive: true, force: true });
  }
}

export function removePlace({ dir }: Place): void {
  rmSync(dir, { recursive: true, force: true });
}

/** The zones that come with the package. */
const packaged = fileURLToPath(new URL('../../../zones', import.meta.url));

/**
 * The folder that the daemon reads: the packaged zones themselves where they are the operator's to edit, else
 * a copy. A copy as well where the checks must look at another port.
 */
export function configFolder({ dir }: Place, port: number, zones: string = packaged): string {
  if (port === portDefault && !zones.split(sep).includes('node_modules') && isWritable(zones)) return zones;
  const copy = join(dir, 'zones');
  mkdirSync(copy, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(zones)) {
    const to = join(copy, name);
    if (!name.endsWith('.yaml')) copyFileSync(join(zones, name), to);
    else {
      const text = readFileSync(join(zones, name), 'utf8');
      writeFileSync(to, text.replaceAll(/^(\s+port:\s*)8080\b/gm, `$1${port}`));
    }
  }
  return copy;
}

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** How whoever runs this program types it: `steerdns`, or what runs it from source or from dist. */
export function invocation(script: string = process.argv[1] ?? '', cwd: string = process.cwd()): string {
  if (basename(script) === 'steerdns') return 'steerdns';
  return `${script.endsWith('.ts') ? 'npx tsx' : 'node'} ${shortPath(script, cwd)}`;
}

/** A path as it is typed here: relative where it lies below. */
export function shortPath(path: string, cwd: string = process.cwd()): string {
  const below = relative(cwd, resolve(cwd, path));
  return below.startsWith('..') ? resolve(cwd, path) : below;
}
