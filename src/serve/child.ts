// The control child: started, spoken to, restarted with back-off when it dies. While it is gone the threads
// answer from the last tables; nothing here waits for it.
import type { ChildProcess } from 'node:child_process';
import { controlPulseMs, controlSilentMaxMs } from '../limits.ts';
import { spawnMain } from '../spawn.ts';
import type { Start, ToControl, ToServer } from './channel.ts';
import type { User } from './privileges.ts';

/** What the server wants to know of the child. */
export type ChildWatch = {
  /** Who the child is to become: given while this process is root and is not to stay it. */
  user(): User | undefined;
  /** The first message for a child that has just been started. */
  start(recover: boolean): Start;
  message(message: ToServer): void;
  died(why: string, restarts: number): void;
};

/** A child that was forked ahead of its start. */
let prepared: ChildProcess | undefined;

/**
 * Forks the first child now: it reads its modules while the server reads its own, and does nothing before its
 * start.
 */
export function prepareControl(user: User | undefined): void {
  try {
    prepared = fork(user).on('error', () => {}); // start() tries again then, and says what is wrong
  } catch {
    // the same
  }
}

/** Ends a prepared child that was not started. */
export function dropPrepared(): void {
  prepared?.kill('SIGKILL');
  prepared = undefined;
}

function fork(user: User | undefined): ChildProcess {
  const who = user === undefined ? [] : ['--user', `${user.name ?? user.uid}:${user.gid}`];
  return spawnMain(['control', ...who], ['ignore', 'inherit', 'inherit', 'ipc']);
}

/** A child that lived this long had a good start: its next death is not part of a series. */
const goodLifeMs = 60_000;
const backOffMs = [100, 500, 1000, 2000, 5000, 10_000];

export class ControlChild {
  restarts = 0;
  readonly #watch: ChildWatch;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #deathsInSeries = 0;
  #isStopping = false;
  #heardAt = 0;
  #lookedAt = performance.now();
  readonly #pulse: NodeJS.Timeout;

  constructor(watch: ChildWatch) {
    this.#watch = watch;
    this.#pulse = setInterval(() => this.#look(), controlPulseMs);
  }

  /** Starts it; `recover` after a crash. */
  start(recover: boolean): void {
    this.#startedAt = performance.now();
    let child: ChildProcess;
    try {
      child = prepared?.connected === true ? prepared : fork(this.#watch.user());
      prepared = undefined;
    } catch (error) {
      this.#willRestart((error as Error).message); // no memory, no process ids: later, perhaps
      return;
    }
    this.#child = child;
    this.#heardAt = performance.now();
    child.on('message', (message) => {
      this.#heardAt = performance.now();
      this.#watch.message(message as ToServer);
    });
    child.on('error', (error) => this.#died(child, error.message));
    child.on('exit', (code, signal) => this.#died(child, signal ?? `exit code ${code}`));
    this.send(this.#watch.start(recover));
  }

  /** Sends a message; one for a child that is gone is lost, and the next child asks anew. */
  send(message: ToControl): void {
    if (this.#child?.connected === true) this.#child.send(message, () => {});
  }

  /** Process id, for tests and the status file; undefined while it is gone. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Asks it to end, and ends it after `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#pulse);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.send({ kind: 'stop' });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    await ended;
    clearTimeout(timer);
  }

  /** Ends a child that has been silent for too long: it hangs, and health with it. */
  #look(): void {
    const now = performance.now();
    // Where this process or the machine stood still, so may the child have.
    const wasHeldUp = now - this.#lookedAt > 2 * controlPulseMs;
    this.#lookedAt = now;
    if (wasHeldUp) this.#heardAt = now;
    if (this.#child !== undefined && now - this.#heardAt > controlSilentMaxMs) this.#child.kill('SIGKILL');
  }

  #died(child: ChildProcess, why: string): void {
    if (child !== this.#child || this.#isStopping) return;
    this.#child = undefined;
    this.#willRestart(why);
  }

  #willRestart(why: string): void {
    this.#deathsInSeries = performance.now() - this.#startedAt > goodLifeMs ? 1 : this.#deathsInSeries + 1;
    this.restarts += 1;
    this.#watch.died(why, this.restarts);
    const delay = backOffMs[Math.min(this.#deathsInSeries, backOffMs.length) - 1]!;
    setTimeout(() => {
      if (!this.#isStopping) this.start(true);
    }, delay);
  }
}
