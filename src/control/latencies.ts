// How long the last probes of each endpoint took, for the small charts of the page: wrapped around the probes
// as probemeter.ts is. A probe costs one store; an endpoint has a quarter of a KiB.
import type { Endpoint } from '../health/check.ts';
import type { ProbeResult } from '../health/probes/probe.ts';

/** Five minutes at the usual pace. */
const keptMax = 60;

type Run = (endpoint: Endpoint) => Promise<ProbeResult>;
type Ring = { readonly cells: Float32Array; written: number };

export class Latencies {
  readonly #isWatched: (key: string) => boolean;
  readonly #rings = new Map<string, Ring>();
  /** With more rings than this, those of endpoints that are gone are looked for. */
  #sweepAt = 1024;

  constructor(isWatched: (key: string) => boolean) {
    this.#isWatched = isWatched;
  }

  /** The same probes; what they take is noted. */
  run(run: Run): Run {
    return async (endpoint) => {
      const result = await run(endpoint);
      const ring = this.#ringOf(endpoint.key);
      ring.cells[ring.written++ % keptMax] = result.outcome === 'ok' ? result.latencyMs : Number.NaN;
      return result;
    };
  }

  /** Milliseconds, the oldest first; null for each probe that had no success. */
  of(key: string): (number | null)[] {
    const ring = this.#rings.get(key);
    if (ring === undefined) return [];
    const { cells, written } = ring;
    const count = Math.min(written, keptMax);
    return Array.from({ length: count }, (_, i) => {
      const ms = cells[(written - count + i) % keptMax]!;
      return Number.isNaN(ms) ? null : Math.round(ms * 100) / 100;
    });
  }

  /** Endpoints that have some. */
  get size(): number {
    return this.#rings.size;
  }

  #ringOf(key: string): Ring {
    let ring = this.#rings.get(key);
    if (ring !== undefined) return ring;
    if (this.#rings.size >= this.#sweepAt) this.#sweep();
    ring = { cells: new Float32Array(keptMax), written: 0 };
    this.#rings.set(key, ring);
    return ring;
  }

  /** A sweep is dear, and so comes only when there are twice as many as were left by the one before. */
  #sweep(): void {
    for (const key of this.#rings.keys()) if (!this.#isWatched(key)) this.#rings.delete(key);
    this.#sweepAt = Math.max(1024, 2 * this.#rings.size);
  }
}
