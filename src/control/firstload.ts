// What a new control process loads. After a crash: the copy of what was accepted, never files that somebody
// may be editing. At the start of the server: the operator's files; where they have faults, the copy of what
// was accepted, and where there is none, the zones without a fault.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerConfig } from '../config.ts';
import { refuses } from '../faults.ts';
import type { Loaded } from './load.ts';
import { loadInThread } from './loader.ts';
import { type Running, requestFor } from './reload.ts';
import type { Source } from './sources.ts';
import type { Refusal } from './status.ts';

export type FirstLoad = {
  /** Undefined where nothing at all could be loaded. */
  readonly loaded: Loaded | undefined;
  readonly source: 'config' | 'accepted';
  /** Why the operator's files are not in service as they are, where they were looked at. */
  readonly refused: Refusal | undefined;
};

/** Loads from the folder that the rules above name; `onSettings` hears the operator's settings early. */
export async function firstLoad(
  running: Running,
  acceptedDir: string | undefined,
  recover: boolean,
  onSettings: (server: ServerConfig) => void,
): Promise<FirstLoad> {
  if (recover && acceptedDir !== undefined) {
    const accepted = await attempt(running, acceptedDir);
    if ('loaded' in accepted && accepted.loaded.zones.length > 0 && accepted.loaded.faulty.length === 0) {
      const { loaded } = accepted;
      const isAsItLies = await areSame(loaded.sources, running.configDir);
      return { loaded, source: isAsItLies ? 'config' : 'accepted', refused: undefined };
    }
  }
  const config = await attempt(running, running.configDir, onSettings, acceptedDir);
  const refused = refusalOf(config);
  // After a crash the server still answers from what was in service: better that than less.
  if (recover && refused !== undefined) return { loaded: undefined, source: 'config', refused };
  if (refused !== undefined && acceptedDir !== undefined) {
    const accepted = await attempt(running, acceptedDir);
    if (refusalOf(accepted) === undefined && 'loaded' in accepted) {
      return { loaded: accepted.loaded, source: 'accepted', refused };
    }
  }
  return { loaded: 'loaded' in config ? config.loaded : undefined, source: 'config', refused };
}

/** Says whether the operator's files are those that were accepted: then there is nothing to tell anybody. */
async function areSame(sources: readonly Source[], dir: string): Promise<boolean> {
  for (const { path, content } of sources) {
    const lies = await readFile(join(dir, path)).catch(() => undefined);
    if (lies === undefined || !lies.equals(content)) return false;
  }
  return true;
}

type Attempt = { readonly loaded: Loaded } | { readonly failure: string };

async function attempt(
  running: Running,
  dir: string,
  onSettings?: (server: ServerConfig) => void,
  acceptedDir?: string,
): Promise<Attempt> {
  try {
    return { loaded: await loadInThread({ ...requestFor(running, dir), acceptedDir }, onSettings) };
  } catch (error) {
    return { failure: (error as Error).message };
  }
}

function refusalOf(attempt: Attempt): Refusal | undefined {
  if ('failure' in attempt) return { at: Date.now(), faults: [], failure: attempt.failure };
  const faults = [...attempt.loaded.faults, ...attempt.loaded.losses];
  return refuses(faults) ? { at: Date.now(), faults, failure: undefined } : undefined;
}

/**
 * Whether the settings are the operator's: with a broken or missing steerdns.yaml nobody knows where to
 * listen.
 */
export function isSettled({ faults }: Loaded, configDir: string): boolean {
  const settings = join(configDir, 'steerdns.yaml');
  return !faults.some(
    ({ severity, file }) => severity === 'error' && (file === settings || file === configDir),
  );
}
