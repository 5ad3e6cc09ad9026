// Waits for whoever is writing a file of the configuration folder: one that changed a moment ago may be half
// of what it is going to be. Blocks its thread, so only the loader's calls it.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeQuietMs, writeWaitMaxMs } from '../limits.ts';

const word = new Int32Array(new SharedArrayBuffer(4));

/**
 * Returns when no file of the folder has changed for `writeQuietMs`; throws an Error for the operator when
 * one is still being written after `writeWaitMaxMs`.
 */
export function waitForWriters(dir: string): void {
  const deadline = performance.now() + writeWaitMaxMs;
  for (;;) {
    const young = youngFile(dir);
    if (young === undefined) return;
    if (performance.now() >= deadline) {
      throw new Error(
        `${young} is still being written after ${writeWaitMaxMs / 1000} s: reload when it is whole`,
      );
    }
    Atomics.wait(word, 0, 0, writeQuietMs / 4);
  }
}

/** A file that changed less than `writeQuietMs` ago; a clock that was set may make that a time to come. */
function youngFile(dir: string): string | undefined {
  const now = Date.now();
  return namesIn(dir)
    .map((name) => join(dir, name))
    .find((path) => {
      const facts = statSync(path, { throwIfNoEntry: false });
      return facts?.isFile() === true && Math.abs(now - facts.mtimeMs) < writeQuietMs;
    });
}

/** A folder that cannot be listed has no writers; what is wrong with it is said when it is loaded. */
function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => /\.(zone|yaml)$/.test(name));
  } catch {
    return [];
  }
}
