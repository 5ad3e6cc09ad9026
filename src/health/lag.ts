// How long this process was held up: its event loop blocked, the process stopped, the machine suspended. A
// probe that suffered from it says nothing about the server. A coarse timer compares when it should have run
// with when it ran.
//
//   tick      due           ran
//    |---------|~~~~~~~~~~~~~|
//         ^before       ^after
//
// total() grows by ran - due. What is overdue at this moment counts already, so a deadline that fires
// before our own late tick sees the lag all the same. awake() grows by the rest, on the monotonic clock
// alone: a clock that somebody sets must not make old what is young, or young what is old.
import { lagTickMs } from '../limits.ts';

/** Timers are late by a millisecond or two all the time; that is no lag. */
const toleranceMs = 5;

export class LagMeter {
  readonly #monotonic: () => number;
  readonly #wall: () => number;
  #total = 0;
  /** Lag that the monotonic clock shows too. */
  #monotonicTotal = 0;
  #tickAt: number;
  #tickWallAt: number;

  /**
   * Both clocks in milliseconds: the monotonic one stands still while the machine sleeps, the wall clock does
   * not.
   */
  constructor(monotonic: () => number, wall: () => number) {
    this.#monotonic = monotonic;
    this.#wall = wall;
    this.#tickAt = monotonic();
    this.#tickWallAt = wall();
  }

  /**
   * Lag in milliseconds since the meter was made; the difference of two calls is the lag between them. A wall
   * clock that was set forward looks like sleep: one round of probes is void then, which harms nobody.
   */
  total(): number {
    return this.#total + lateBy(Math.max(this.#sinceTick(), this.#wall() - this.#tickWallAt));
  }

  /** Monotonic milliseconds without those in which this process was held up. */
  awake(): number {
    return this.#monotonic() - this.#monotonicTotal - lateBy(this.#sinceTick());
  }

  /** To be called every lagTickMs; when it is not, that is the lag. */
  tick(): void {
    this.#total = this.total();
    this.#monotonicTotal += lateBy(this.#sinceTick());
    this.#tickAt = this.#monotonic();
    this.#tickWallAt = this.#wall();
  }

  #sinceTick(): number {
    return this.#monotonic() - this.#tickAt;
  }
}

function lateBy(passedMs: number): number {
  const late = passedMs - lagTickMs;
  return late > toleranceMs ? late : 0;
}

let processLag: LagMeter | undefined;

/** The meter of this process; it ticks from the first call on and keeps no process alive. */
export function lagMeter(): LagMeter {
  if (processLag === undefined) {
    const meter = new LagMeter(() => performance.now(), Date.now);
    setInterval(() => meter.tick(), lagTickMs).unref();
    processLag = meter;
  }
  return processLag;
}
