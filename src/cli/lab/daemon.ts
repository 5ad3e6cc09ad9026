// The lab's daemon: the real `serve` in a child process, asked over its control socket like any other. What
// it logs comes in lines; its own log is the lab's best account of what happens.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Status } from '../../control/status.ts';
import { spawnMain } from '../../spawn.ts';
import { exchange } from '../client.ts';
import type { Place } from './place.ts';

/** Something that happened; `at` is wall clock in milliseconds. */
export type Happening = {
  readonly at: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
};

export type DaemonWatch = {
  happened(happening: Happening): void;
  /** It ended by itself; `why` is its last complaint. */
  ended(why: string): void;
};

/** It drains and stops within about two seconds. */
const stopMs = 6000;

export class Daemon {
  readonly #controlPath: string;
  readonly #watch: DaemonWatch;
  readonly #child: ChildProcess;
  readonly #exit: Promise<void>;
  #complaint = '';
  #isStopping = false;

  constructor(place: Place, config: string, listen: string, watch: DaemonWatch) {
    this.#controlPath = place.controlPath;
    this.#watch = watch;
    process.env.STEERDNS_LOG = 'info'; // we read it
    const where = ['--state', place.stateDir, '--control', place.controlPath];
    const args = ['serve', '--config', config, '--listen', listen, ...where];
    this.#child = spawnMain(args, ['ignore', 'ignore', 'pipe', 'ipc']);
    // Even where a mistake of ours ends this process.
    const endWithUs = (): boolean => this.#child.kill('SIGTERM');
    process.once('exit', endWithUs);
    createInterface({ input: this.#child.stderr! }).on('line', (line) => this.#take(line));
    this.#exit = new Promise((resolve) => {
      this.#child.once('error', (error) => (this.#complaint = error.message));
      // `close`, not `exit`: its last lines have come by then.
      this.#child.once('close', (code, signal) => {
        resolve();
        process.off('exit', endWithUs);
        const why =
          this.#complaint === '' ? `it ended with ${signal ?? `exit code ${code}`}` : this.#complaint;
        if (!this.#isStopping) this.#watch.ended(why);
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it says of itself; undefined while nobody answers on the control socket. */
  async status(): Promise<Status | undefined> {
    try {
      const { status, body } = await exchange(this.#controlPath, 'GET', '/status');
      return status === 200 ? (body as Status) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Ends it, and waits for that. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopMs);
    await this.#exit;
    clearTimeout(timer);
  }

  #take(line: string): void {
    if (this.#isStopping) return;
    const happening = readLogLine(line, Date.now());
    if (line.startsWith('steerdns: ')) this.#complaint = happening.text;
    this.#watch.happened(happening);
  }
}

/**
 * Reads a line of the daemon's log; what is none, such as a complaint about a flag, is an error as it stands.
 */
export function readLogLine(line: string, now: number): Happening {
  try {
    const { level, time, msg } = JSON.parse(line) as { level: string; time: string; msg?: string };
    const known = level === 'info' || level === 'warn' ? level : level === 'debug' ? 'info' : 'error';
    return { at: Date.parse(time), level: known, text: msg ?? '' };
  } catch {
    return { at: now, level: 'error', text: line.replace(/^steerdns: /, '') };
  }
}
