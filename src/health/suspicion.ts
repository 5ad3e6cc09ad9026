// The prober is the first suspect: before a server is taken out of the answers, somebody must have answered
// us. With canaries it is one of them; without, any endpoint will do, of which a sample is asked at once (the
// sweep). No library and no I/O. Called by the monitors, which withhold a verdict until they have an opinion.
//
//   trusted <--- somebody answered since this began to fail, less than a second ago
//   asked   <--- nobody yet: a round of questions is under way, one for all who ask meanwhile
//   doubted <--- nobody answered the round: cut off. Ends with the first answer; after suspicionMaxMs
//                verdicts count again, for a prober that is never believed is no use either
//
// Canaries are probed all the time, so that it is known that they are silent before a verdict hangs on it.
import {
  suspicionFreshMs,
  suspicionMaxMs,
  suspicionTimeoutMs,
  sweepAtOnceMax,
  sweepLeast,
  sweepMax,
} from '../limits.ts';
import type { Endpoint } from './check.ts';
import type { Clock, Timer } from './clock.ts';
import type { ProbeResult } from './probes/probe.ts';

/** Whether what the prober sees may be believed. */
export type Opinion = 'trusted' | 'asked' | 'doubted';

/** A time in which nobody answered. `since` is wall clock milliseconds. */
export type Silence = {
  readonly since: number;
  readonly hasCanaries: boolean;
  /** True once verdicts count again although nobody has answered. */
  readonly isOver: boolean;
};

/** What becomes a log line: a silence begins, its time is over, or somebody answers. */
export type SuspicionEvent = Silence & { readonly kind: 'silent' | 'over' | 'answered'; readonly at: number };

type SuspicionOptions = {
  readonly clock: Clock;
  readonly run: (endpoint: Endpoint) => Promise<ProbeResult>;
  /** Endpoints to sweep, those that answered last first; at most sweepMax are asked. */
  readonly endpoints: () => readonly Endpoint[];
  /** Opinions are not what they were: whoever waits for one asks again. */
  readonly onOpinion: () => void;
  /** Somebody answered after a silence: what failed in it failed for our own fault. */
  readonly onAnswer: () => void;
  readonly onEvent: (event: SuspicionEvent) => void;
};

/** A canary; `misses` are its results without an answer since it last gave one. */
type Canary = { readonly endpoint: Endpoint; misses: number; timer: Timer | undefined };

export class Suspicion {
  readonly #options: SuspicionOptions;
  #canaries: Canary[] = [];
  /** The newest answer, as far as answers count: monotonic start and end of that probe. */
  #answer = { startedAt: Number.NEGATIVE_INFINITY, endedAt: Number.NEGATIVE_INFINITY };
  /** The round of questions that is under way. */
  #round: { readonly startedAt: number; readonly end: (isAnswered: boolean) => void } | undefined;
  #silence: (Silence & { readonly begunAt: number; readonly limit: Timer }) | undefined;
  #isStopped = false;

  constructor(options: SuspicionOptions) {
    this.#options = options;
  }

  /** The silence of this moment, undefined: the prober may be believed. */
  get silence(): Silence | undefined {
    if (this.#silence === undefined) return undefined;
    const { since, hasCanaries, isOver } = this.#silence;
    return { since, hasCanaries, isOver };
  }

  /** Has exactly these canaries from now on. */
  watch(endpoints: readonly Endpoint[]): void {
    const before = new Map(this.#canaries.map((canary) => [canary.endpoint.key, canary]));
    const isOtherKind = before.size > 0 !== endpoints.length > 0;
    this.#canaries = endpoints.map((endpoint) => {
      const known = before.get(endpoint.key);
      before.delete(endpoint.key);
      return known ?? { endpoint, misses: 0, timer: undefined };
    });
    for (const { timer } of before.values()) timer?.cancel();
    // What was an answer, or a silence, is none of those who are to be asked now.
    if (isOtherKind) this.#begin();
    for (const canary of this.#canaries) if (canary.timer === undefined) void this.#ask(canary);
  }

  stop(): void {
    this.#isStopped = true;
    for (const { timer } of this.#canaries) timer?.cancel();
    this.#silence?.limit.cancel();
    this.#round?.end(false);
  }

  /** What to think of an endpoint whose failures began at `failsFrom`, monotonic; asks where it must. */
  opinion(failsFrom: number): Opinion {
    if (this.#silence !== undefined) return this.#silence.isOver ? 'trusted' : 'doubted';
    const { startedAt, endedAt } = this.#answer;
    const isFresh = this.#options.clock.now() - endedAt < suspicionFreshMs;
    if (isFresh && startedAt >= failsFrom) return 'trusted';
    if (this.#round !== undefined) return 'asked';
    const canaries = this.#canaries.map(({ endpoint }) => endpoint);
    const asked = canaries.length > 0 ? canaries : this.#options.endpoints();
    if (canaries.length === 0 && asked.length < sweepLeast) return 'trusted';
    this.#askAll(asked.slice(0, sweepMax));
    return 'asked';
  }

  /** An endpoint answered a probe that started then: enough where there are no canaries. */
  answered(startedAt: number): void {
    if (this.#canaries.length === 0) this.#note(startedAt);
  }

  /** The newest result of every endpoint is no answer. */
  nobodyAnswers(): void {
    if (this.#canaries.length === 0) this.#fallSilent();
  }

  #begin(): void {
    this.#answer = { startedAt: Number.NEGATIVE_INFINITY, endedAt: Number.NEGATIVE_INFINITY };
    this.#round?.end(true);
    this.#silence?.limit.cancel();
    const wasSilent = this.#silence !== undefined;
    this.#silence = undefined;
    if (wasSilent) this.#options.onAnswer();
  }

  #note(startedAt: number): void {
    if (startedAt > this.#answer.startedAt) {
      this.#answer = { startedAt, endedAt: this.#options.clock.now() };
    }
    if (this.#round !== undefined && startedAt >= this.#round.startedAt) this.#round.end(true);
    const silence = this.#silence;
    if (silence === undefined || startedAt < silence.begunAt) return;
    silence.limit.cancel();
    this.#silence = undefined;
    this.#say('answered', silence);
    this.#options.onAnswer();
  }

  /** Probes a canary, again and again. */
  async #ask(canary: Canary): Promise<void> {
    const { clock } = this.#options;
    const { check } = canary.endpoint;
    const startedAt = clock.now();
    canary.timer = clock.after(check.intervalMs, () => void this.#ask(canary));
    const outcome = await this.#outcome(canary.endpoint);
    if (this.#isStopped || !this.#canaries.includes(canary)) return;
    if (outcome === 'ok') {
      canary.misses = 0;
      this.#note(startedAt);
      return;
    }
    // A result that says nothing may be one of a pause of our own: only the second is a miss.
    canary.misses += outcome === 'fail' ? 2 : 1;
    canary.timer.cancel();
    const nextAt = Math.max(clock.now(), startedAt + check.recheckMs);
    canary.timer = clock.after(nextAt - clock.now(), () => void this.#ask(canary));
    if (this.#canaries.every(({ misses }) => misses >= 2)) this.#fallSilent();
  }

  /** Asks all of these, some at a time, until one answers or the time is over. */
  #askAll(asked: readonly Endpoint[]): void {
    const { clock, onOpinion } = this.#options;
    let isOpen = true;
    let next = 0;
    let underWay = 0;
    const end = (isAnswered: boolean) => {
      if (!isOpen) return;
      isOpen = false;
      timer.cancel();
      this.#round = undefined;
      if (this.#isStopped) return;
      if (!isAnswered) this.#fallSilent();
      onOpinion();
    };
    const askNext = () => {
      const endpoint = asked[next++];
      if (!isOpen || endpoint === undefined) return;
      underWay++;
      const startedAt = clock.now();
      void this.#outcome(endpoint).then((outcome) => {
        underWay--;
        if (!isOpen) return;
        if (outcome === 'ok') this.#note(startedAt);
        askNext();
        if (underWay === 0) end(false);
      });
    };
    const timer = clock.after(suspicionTimeoutMs, () => end(false));
    this.#round = { startedAt: clock.now(), end };
    for (let i = 0; i < sweepAtOnceMax; i++) askNext();
  }

  async #outcome(endpoint: Endpoint): Promise<ProbeResult['outcome']> {
    try {
      return (await this.#options.run(endpoint)).outcome;
    } catch {
      return 'inconclusive'; // a mistake of ours is no answer
    }
  }

  #fallSilent(): void {
    if (this.#silence !== undefined) return;
    const { clock } = this.#options;
    const limit = clock.after(suspicionMaxMs, () => {
      this.#silence = { ...this.#silence!, isOver: true };
      this.#say('over', this.#silence);
      this.#options.onOpinion();
    });
    const hasCanaries = this.#canaries.length > 0;
    this.#silence = { since: clock.wall(), hasCanaries, isOver: false, begunAt: clock.now(), limit };
    this.#say('silent', this.#silence);
    this.#options.onOpinion();
  }

  #say(kind: SuspicionEvent['kind'], { since, hasCanaries, isOver }: Silence): void {
    this.#options.onEvent({ kind, since, hasCanaries, isOver, at: this.#options.clock.wall() });
  }
}
