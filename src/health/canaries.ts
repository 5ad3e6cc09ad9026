// The canaries: probed all the time, each by its own check, so that it is known that they are silent before a
// verdict hangs on it, and that one of them has been gone for months. No library and no I/O. What their
// answers mean is for suspicion.ts, which also asks them all at once.
import { type Endpoint, placeText } from './check.ts';
import type { Clock, Timer } from './clock.ts';
import type { ProbeResult } from './probes/probe.ts';

/** How a canary is; `since` is the wall clock at which it last began to answer, or ceased to. */
export type CanaryState = {
  /** `tcp 192.0.2.53 port 53` */
  readonly what: string;
  readonly outcome: ProbeResult['outcome'] | undefined;
  readonly reason: string;
  readonly since: number;
};

/** `misses` are its results without an answer since it last gave one. */
type Canary = {
  readonly endpoint: Endpoint;
  misses: number;
  since: number;
  last: ProbeResult | undefined;
  timer: Timer | undefined;
};

type CanariesOptions = {
  readonly clock: Clock;
  /** Probes one; never rejects. */
  readonly ask: (endpoint: Endpoint) => Promise<ProbeResult>;
  /** One answered, or did not answer, a probe that started then, monotonic. */
  readonly onAnswer: (startedAt: number) => void;
  readonly onMiss: (startedAt: number) => void;
};

export class Canaries {
  readonly #options: CanariesOptions;
  #canaries: readonly Canary[] = [];

  constructor(options: CanariesOptions) {
    this.#options = options;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#canaries.map(({ endpoint }) => endpoint);
  }

  /** How each is. */
  states(): CanaryState[] {
    return this.#canaries.map(({ endpoint, last, since }) => {
      const what = placeText(endpoint);
      return { what, outcome: last?.outcome, reason: last?.reason ?? 'not probed yet', since };
    });
  }

  /** Whether there are some, and none has answered so many probes in a row. */
  haveMissed(times: number): boolean {
    return this.#canaries.length > 0 && this.#canaries.every(({ misses }) => misses >= times);
  }

  /** Has exactly these from now on; those that stay go on as they are. */
  watch(endpoints: readonly Endpoint[]): void {
    const before = new Map(this.#canaries.map((canary) => [canary.endpoint.key, canary]));
    const wanted = new Map(endpoints.map((endpoint) => [endpoint.key, endpoint]));
    this.#canaries = [...wanted.values()].map((endpoint) => before.get(endpoint.key) ?? this.#make(endpoint));
    for (const [key, { timer }] of before) if (!wanted.has(key)) timer?.cancel();
    for (const canary of this.#canaries) if (!before.has(canary.endpoint.key)) void this.#probe(canary);
  }

  #make(endpoint: Endpoint): Canary {
    const since = this.#options.clock.wall();
    return { endpoint, misses: 0, since, last: undefined, timer: undefined };
  }

  async #probe(canary: Canary): Promise<void> {
    const { clock, ask, onAnswer, onMiss } = this.#options;
    const { intervalMs, recheckMs } = canary.endpoint.check;
    const startedAt = clock.now();
    const result = await ask(canary.endpoint);
    if (!this.#canaries.includes(canary)) return;
    const isAnswer = result.outcome === 'ok';
    if (canary.last === undefined || isAnswer !== (canary.last.outcome === 'ok')) canary.since = clock.wall();
    canary.last = result;
    canary.misses = isAnswer ? 0 : canary.misses + 1;
    const nextAt = startedAt + (isAnswer ? intervalMs : recheckMs);
    canary.timer = clock.after(Math.max(0, nextAt - clock.now()), () => void this.#probe(canary));
    if (isAnswer) onAnswer(startedAt);
    else onMiss(startedAt);
  }
}
