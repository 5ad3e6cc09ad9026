// How long probes take and how late they start, of all endpoints together: wrapped around the probes and the
// clock that the monitors are given, which know nothing of it.
import type { Endpoint } from '../health/check.ts';
import type { Clock } from '../health/clock.ts';
import type { ProbeResult } from '../health/probes/probe.ts';
import { Histogram, type Series } from './families.ts';

/** Seconds. */
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const latenesses = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5];

type Run = (endpoint: Endpoint) => Promise<ProbeResult>;

export class ProbeMeter {
  readonly #durations = new Map<string, Histogram>();
  readonly #lateness = new Histogram(latenesses);

  /** The same probes, their durations counted by kind. */
  run(run: Run): Run {
    return async (endpoint) => {
      const result = await run(endpoint);
      const { kind } = endpoint.check;
      let histogram = this.#durations.get(kind);
      if (histogram === undefined) this.#durations.set(kind, (histogram = new Histogram(durations)));
      histogram.observe(result.latencyMs / 1000);
      return result;
    };
  }

  /** The same clock; how late its timers are is counted. */
  clock(clock: Clock): Clock {
    return {
      ...clock,
      after: (ms, callback) => {
        const due = clock.now() + ms;
        return clock.after(ms, () => {
          this.#lateness.observe(Math.max(0, clock.now() - due) / 1000);
          callback();
        });
      },
    };
  }

  durations(): Series[] {
    return [...this.#durations].flatMap(([probe, histogram]) => histogram.series({ probe }));
  }

  lateness(): Series[] {
    return this.#lateness.series({});
  }
}
