// The state and the run directory of a server: made where they are missing, the user's where the server is to
// be that user, and locked, because one server has them for itself.
import { mkdirSync, statSync } from 'node:fs';
import { type Lock, takeLock } from './lock.ts';
import { canEnter, makeOwn, type User } from './privileges.ts';

export type Directories = {
  readonly stateDir: string;
  readonly runDir: string;
  readonly user?: User | undefined;
};

/** Makes and locks both directories; a sentence where one of them cannot be had. */
export async function claimDirectories(directories: Directories): Promise<Lock | { readonly fault: string }> {
  try {
    const fault = makeDirectories(directories);
    return fault === undefined ? await takeLocks([directories.stateDir, directories.runDir]) : { fault };
  } catch (error) {
    return { fault: `cannot use the state or run directory: ${(error as Error).message}` };
  }
}

function makeDirectories({ stateDir, runDir, user }: Directories): string | undefined {
  if (user !== undefined) {
    const fault = makeOwn(stateDir, 0o700, user) ?? makeOwn(runDir, 0o755, user);
    const closed = fault === undefined && [stateDir, runDir].find((one) => !canEnter(one, user));
    if (closed === undefined || closed === false) return fault;
    const hint = 'chmod a+x that folder, or choose another with --state and --control';
    return `${closed} cannot be reached by ${user.name ?? user.uid}: a folder above it is closed (${hint})`;
  }
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  mkdirSync(runDir, { recursive: true, mode: 0o755 });
  // In a folder that all may write, such as /tmp, somebody else may have made it first.
  if (statSync(runDir).uid !== process.getuid?.() && process.getuid?.() !== 0)
    return `the run directory ${runDir} belongs to somebody else`;
  return undefined;
}

/** Takes the locks of these directories, all or none. */
async function takeLocks(directories: readonly string[]): Promise<Lock | { readonly fault: string }> {
  const locks: Lock[] = [];
  const release = () => {
    for (const lock of locks) lock.release();
  };
  for (const directory of new Set(directories)) {
    const lock = await takeLock(directory);
    if ('fault' in lock) {
      release();
      return lock;
    }
    locks.push(lock);
  }
  return { release };
}
