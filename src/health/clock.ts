// The clocks and timers that the monitors run on: given to them, so that a test can have time of its own.

export type Timer = { cancel(): void };

export type Clock = {
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds since 1970. */
  wall(): number;
  after(ms: number, callback: () => void): Timer;
};

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: Date.now,
  after(ms, callback) {
    const timeout = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(timeout) };
  },
};
