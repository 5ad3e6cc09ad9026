// One server per state directory and per run directory. The lock is a listening unix socket: the kernel takes
// it away with its process, so nothing stale can keep a server from starting, and nothing but Node is needed.
// A second server would join the SO_REUSEPORT group of the first unnoticed and answer half of its queries.
import { linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** How long a racer has to overwrite our claim on a stale lock before we believe it. */
const claimMs = 50;

/** Octets in the path of a unix socket (unix(7)). */
const socketPathMax = 107;

export type Lock = { release(): void };

/** Takes the lock, or says who has it. Throws the system's error where the directory cannot be written. */
export async function takeLock(directory: string): Promise<Lock | { readonly fault: string }> {
  const path = join(directory, 'lock');
  const own = `${path}.${process.pid}`;
  if (Buffer.byteLength(own) > socketPathMax) {
    return { fault: `the path ${directory} is too long for a unix socket in it` };
  }
  rmSync(own, { force: true });
  const server = await listen(own);
  const ino = statSync(own).ino;
  const refuse = (): { fault: string } => {
    server.close();
    rmSync(own, { force: true });
    return { fault: `another steerdns uses ${directory}` };
  };
  try {
    linkSync(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (await isAlive(path)) return refuse();
    renameSync(own, path);
    await pause(claimMs);
    if (statSync(path).ino !== ino) return refuse();
  }
  rmSync(own, { force: true });
  return {
    release: () => {
      if (statSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
      server.close();
    },
  };
}

function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}

/** Whether a process listens on the unix socket at `path`. */
export function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Not allowed to knock means that somebody else lives there.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}
