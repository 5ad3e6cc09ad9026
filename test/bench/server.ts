// The life of a server under measurement: spawned in the foreground in a process group of its own, ended by
// that group on every way out of the bench, Ctrl-C and exceptions included; `setpriv --pdeathsig` ends it
// even when the bench itself is killed. Its folder is a fresh temporary one and goes with it. Called by
// bench.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../ports.ts';
import type { Peer } from './peers.ts';

const stopTimeoutMs = 10_000;

const running = new Set<Server>();

/** A server that runs, or has ended by itself: see `log()`. */
export class Server {
  readonly peer: Peer;
  readonly port: number;
  readonly spawnedAt: number;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  /** Starts the command; the caller has written the configuration into `folder`. */
  constructor(peer: Peer, port: number, folder: string, command: readonly string[]) {
    this.peer = peer;
    this.port = port;
    this.#folder = folder;
    const output = openSync(join(folder, 'bench.log'), 'w');
    this.spawnedAt = performance.now();
    const [program = '', ...args] = ['setpriv', '--pdeathsig', 'KILL', ...command];
    this.#child = spawn(program, args, { cwd: folder, detached: true, stdio: ['ignore', output, output] });
    closeSync(output);
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', () => resolve()); // no such program
    });
    running.add(this);
  }

  /** The process whose tree is measured; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The last lines that the server wrote, for the message that says why it cannot be measured. */
  log(): string {
    const lines = readFileSync(join(this.#folder, 'bench.log'), 'utf8').trim().split('\n');
    return lines.slice(-8).join('\n');
  }

  /** Asks the server to end, waits, and kills what is left of its group. */
  async stop(): Promise<void> {
    if (!this.hasEnded) this.#child.kill('SIGTERM');
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, stopTimeoutMs);
    });
    await Promise.race([this.#ended, limit]);
    clearTimeout(timer);
    this.kill();
  }

  /** Kills the whole group now and removes the folder. */
  kill(): void {
    running.delete(this);
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // the group is empty: all have ended
    }
    try {
      rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // a folder left in the temporary directory must not keep the next server alive
    }
  }
}

/** Ends what runs on every way out; to be called once, before the first server. */
export function endServersOnExit(): void {
  process.on('exit', () => {
    for (const server of running) server.kill();
  });
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => process.exit(143));
  process.on('SIGHUP', () => process.exit(129));
}

/** Configures a peer in a fresh folder on a free port and starts it, pinned to `core` where one is given. */
export async function startServer(peer: Peer, names: number, core: number | undefined): Promise<Server> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), `bench-${peer.key}-`)); // nothing waits from here on
  try {
    const command = peer.configure({ folder, port, names });
    const pinned = core === undefined ? command : ['taskset', '-c', String(core), ...command];
    return new Server(peer, port, folder, pinned);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
