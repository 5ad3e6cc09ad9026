// A clock that moves only when told: an hour of the monitors costs what its probes cost. `simulate` runs on
// it, and the tests of everything that is given a clock. Nothing here waits.
import type { Clock, Timer } from './clock.ts';

/** Begins at 0 on the monotonic clock and at `wallStart` on the wall's. */
export class VirtualClock implements Clock {
  #now = 0;
  #timers: { at: number; callback: () => void }[] = [];
  readonly #wallStart: number;

  constructor(wallStart = Date.UTC(2026, 0, 1)) {
    this.#wallStart = wallStart;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wallStart + this.#now;
  }

  after(ms: number, callback: () => void): Timer {
    const timer = { at: this.#now + ms, callback };
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timers[middle]!.at <= timer.at) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return {
      cancel: () => {
        const index = this.#timers.indexOf(timer);
        if (index >= 0) this.#timers.splice(index, 1);
      },
    };
  }

  get timerCount(): number {
    return this.#timers.length;
  }

  /** Lets time pass while nothing runs, as when the process is stopped. */
  sleep(ms: number): Promise<void> {
    this.#now += ms;
    return this.advance(0);
  }

  /** Runs every timer that is due within the time, and all promises between two of them. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await promisesDone();
    while (this.#timers.length > 0 && this.#timers[0]!.at <= end) {
      const timer = this.#timers.shift()!;
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await promisesDone();
    }
    this.#now = end;
  }
}

function promisesDone(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
