// Where to listen: flags, else what control resolved from the YAML. Control's word is kept in the state
// directory with the checksum of the file it came from, so that the next start can bind before control is up.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ListenAddress } from './channel.ts';
import { writeAnew } from './files.ts';

export type Listen = {
  readonly listen: readonly ListenAddress[];
  readonly workers: number;
  /** Nobody has named these addresses: what this kernel cannot do is left out. */
  readonly isDefault?: boolean;
};

/** What was kept, if steerdns.yaml is still the one that it was read from. */
export function readListen(stateDir: string, configDir: string): Listen | undefined {
  try {
    const kept = JSON.parse(readFileSync(join(stateDir, 'listen.json'), 'utf8')) as Listen & {
      source: string;
    };
    return kept.source === sourceOf(configDir) && kept.listen.length > 0 ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps control's word, best effort: without it the next start waits for control. */
export function keepListen(stateDir: string, configDir: string, kept: Listen): void {
  const path = join(stateDir, 'listen.json');
  const { listen, workers, isDefault = false } = kept;
  try {
    const text = JSON.stringify({ source: sourceOf(configDir), listen, workers, isDefault });
    writeAnew(path, text);
  } catch {
    // a full disk is control's to report; it writes there far more than we do
  }
}

function sourceOf(configDir: string): string {
  try {
    return createHash('sha256')
      .update(readFileSync(join(configDir, 'steerdns.yaml')))
      .digest('hex');
  } catch {
    return '';
  }
}
