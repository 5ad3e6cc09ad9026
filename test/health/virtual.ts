// Virtual time for tests of the monitors: a world of servers whose behaviour is a function of it. Nothing
// here waits; a second costs what its probes cost.
import { checkDefaults, type Endpoint, endpointKey } from '../../src/health/check.ts';
import type { NotedSuspicion } from '../../src/health/doubts.ts';
import { type MonitorEvent, Monitors } from '../../src/health/monitor.ts';
import type { ProbeResult } from '../../src/health/probes/probe.ts';
import { VirtualClock } from '../../src/health/virtualclock.ts';

/** What a server does with a probe that starts now; a number: it answers after so many milliseconds. */
export type Behaviour = 'ok' | 'refuse' | 'silent' | 'inconclusive' | 'hang' | 'throw' | number;

export const okMs = 5;

export type Start = { readonly key: string; readonly at: number; inFlight: number };

/** Monitors over servers that behave as `behaviour` says; everything that happens is written down. */
export class World {
  readonly clock: VirtualClock;
  readonly monitors: Monitors;
  readonly starts: Start[] = [];
  readonly events: MonitorEvent[] = [];
  readonly changes: string[] = [];
  inFlight = 0;

  readonly suspicions: NotedSuspicion[] = [];
  readonly #says: (endpoint: Endpoint) => ProbeResult['said'];

  /** Where `suspects` is false every failure is believed; `says` is what servers say of their weight. */
  constructor(
    behaviour: (endpoint: Endpoint, now: number) => Behaviour,
    clock = new VirtualClock(),
    suspects: boolean | ((endpoint: Endpoint) => boolean) = false,
    says: (endpoint: Endpoint) => ProbeResult['said'] = () => undefined,
  ) {
    this.#says = says;
    this.clock = clock;
    this.monitors = new Monitors({
      clock,
      run: (endpoint) => this.#probe(endpoint, behaviour(endpoint, clock.now())),
      onChange: (keys) => this.changes.push(...keys),
      onEvent: (event) => this.events.push(event),
      onSuspicion: (event) => this.suspicions.push(event),
      isRemote: typeof suspects === 'boolean' ? () => suspects : suspects,
    });
  }

  /** Time between two moments of the log: when the endpoint turned to the verdict, on the monotonic clock. */
  turnedAt(key: string, to: string, after: number): number {
    const wallStart = this.clock.wall() - this.clock.now();
    const found = this.events.find(
      (event) =>
        event.kind === 'turned' && event.key === key && event.to === to && event.at - wallStart >= after,
    );
    return found === undefined ? Number.POSITIVE_INFINITY : found.at - wallStart;
  }

  #probe(endpoint: Endpoint, behaviour: Behaviour): Promise<ProbeResult> {
    this.inFlight++;
    this.starts.push({ key: endpoint.key, at: this.clock.now(), inFlight: this.inFlight });
    if (behaviour === 'throw') throw new Error('a mistake');
    if (behaviour === 'hang') return new Promise(() => {});
    const [word, okAfterMs] =
      typeof behaviour === 'number' ? (['ok', behaviour] as const) : [behaviour, okMs];
    const latencyMs = { ok: okAfterMs, refuse: 1, silent: endpoint.check.timeoutMs, inconclusive: 1 }[word];
    const outcome = word === 'ok' || word === 'inconclusive' ? word : 'fail';
    return new Promise((resolve) => {
      this.clock.after(latencyMs, () => {
        this.inFlight--;
        const said = this.#says(endpoint);
        resolve({ outcome, reason: word, latencyMs, ...(said && { said }) });
      });
    });
  }
}

/** Endpoint number `index` with the default timing, unless changed. */
export function endpointOf(index: number, changed: Partial<Endpoint['check']> = {}): Endpoint {
  const check = { kind: 'http', port: 80, options: {}, ...checkDefaults, ...changed };
  const address = `192.0.${index >>> 8}.${index & 255}`;
  return { key: endpointKey(check, address), address, check };
}

export function endpointsOf(count: number, changed: Partial<Endpoint['check']> = {}): Endpoint[] {
  return Array.from({ length: count }, (_, index) => endpointOf(index, changed));
}

/** Seeded random numbers from 0 to 1 (mulberry32). */
export function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
