// The prober is the first suspect: before a server is taken out of the answers, somebody must have answered
// us. With canaries it is one of them; without, any endpoint will do, of which a sample is asked at once (the
// sweep). No library and no I/O. Called by the monitors, which withhold a verdict until they have an opinion.
//
//   trusted <--- somebody answered since this began to fail, less than a second ago
//   asked   <--- nobody yet: a round of questions is under way, one for all who ask meanwhile
//   doubted <--- nobody answered the round: cut off. Ends with the first answer; after suspicionMaxMs
//                verdicts count again, for a prober that is never believed is no use either
//
// Silences that follow one another closely share that time: a canary that comes and goes is no excuse.
import { suspicionChainMs, suspicionFreshMs, suspicionMaxMs, sweepMax } from '../limits.ts';
import { Canaries, type CanaryState } from './canaries.ts';
import type { Endpoint } from './check.ts';
import type { Clock, Timer } from './clock.ts';
import type { ProbeResult } from './probes/probe.ts';
import { Round } from './round.ts';

/** Whether what the prober sees may be believed. */
export type Opinion = 'trusted' | 'asked' | 'doubted';

/** A time in which nobody answered. `since` is wall clock milliseconds. */
export type Silence = {
  readonly since: number;
  readonly hasCanaries: boolean;
  /** What one of those said who were asked, as `tcp 192.0.2.53 port 53: refused`; '' where none was. */
  readonly why: string;
  /** True once verdicts count again although nobody has answered. */
  readonly isOver: boolean;
};

/** What becomes a log line: a silence begins, its time is over, or somebody answers. */
export type SuspicionEvent = Silence & { readonly kind: 'silent' | 'over' | 'answered'; readonly at: number };

type SuspicionOptions = {
  readonly clock: Clock;
  readonly run: (endpoint: Endpoint) => Promise<ProbeResult>;
  /**
   * Endpoints to sweep, those that are likeliest to answer first; at most sweepMax are asked. None where
   * their silence would say nothing.
   */
  readonly endpoints: () => readonly Endpoint[];
  /** Opinions are not what they were: whoever waits for one asks again. */
  readonly onOpinion: () => void;
  /**
   * Somebody answered after a silence: what began to fail after the last answer before it, whose probe
   * started then (monotonic), failed for our own fault. Never, where silences follow one another closely.
   */
  readonly onAnswer: (lastAnswerAt: number) => void;
  readonly onEvent: (event: SuspicionEvent) => void;
};

const never = Number.NEGATIVE_INFINITY;

export class Suspicion {
  readonly #options: SuspicionOptions;
  readonly #canaries: Canaries;
  /** The newest answer, as far as answers count: monotonic start and end of that probe. */
  #answer = { startedAt: never, endedAt: never };
  /** Start of the newest probe that anybody answered, whether it counts or not. */
  #lifeAt = never;
  #round: Round | undefined;
  #silence: (Silence & { readonly begunAt: number; readonly limit: Timer }) | undefined;
  /** Silences that share their time: when the first began, and when the last ended. Monotonic. */
  #chain = { begunAt: never, endedAt: never };

  constructor(options: SuspicionOptions) {
    this.#options = options;
    this.#canaries = new Canaries({
      clock: options.clock,
      ask: (endpoint) => this.#ask(endpoint),
      onAnswer: (startedAt) => this.#note(startedAt),
      onMiss: (startedAt) => this.#missed(startedAt),
    });
  }

  /** The silence of this moment, undefined: the prober may be believed. */
  get silence(): Silence | undefined {
    if (this.#silence === undefined) return undefined;
    const { since, hasCanaries, why, isOver } = this.#silence;
    return { since, hasCanaries, why, isOver };
  }

  /** Whether there is a silence in which nothing counts that began since then, monotonic. */
  isSilentSince(at: number): boolean {
    return this.#silence !== undefined && !this.#silence.isOver && this.#silence.begunAt <= at;
  }

  /** How each canary is. */
  canaries(): CanaryState[] {
    return this.#canaries.states();
  }

  /** Has exactly these canaries from now on. */
  watch(endpoints: readonly Endpoint[]): void {
    const hadCanaries = this.#hasCanaries;
    this.#canaries.watch(endpoints);
    if (hadCanaries === this.#hasCanaries) return;
    // What was an answer is none of those who are to be asked now; a silence lasts until one of them answers.
    this.#answer = { startedAt: never, endedAt: never };
    this.#endRound();
    if (this.#silence !== undefined) this.#silence = { ...this.#silence, hasCanaries: this.#hasCanaries };
    this.#options.onOpinion();
  }

  stop(): void {
    this.#canaries.watch([]);
    this.#silence?.limit.cancel();
    this.#endRound();
  }

  /** What to think of an endpoint whose failures began at `failsFrom`, monotonic; asks where it must. */
  opinion(failsFrom: number): Opinion {
    if (this.#silence !== undefined) return this.#silence.isOver ? 'trusted' : 'doubted';
    const { startedAt, endedAt } = this.#answer;
    const isFresh = this.#options.clock.now() - endedAt < suspicionFreshMs;
    if (isFresh && startedAt >= failsFrom) return 'trusted';
    if (this.#round !== undefined) return 'asked';
    const asked = this.#hasCanaries ? this.#canaries.endpoints : this.#options.endpoints();
    if (asked.length === 0) return 'trusted';
    this.#askAll(asked.slice(0, sweepMax), false);
    return 'asked';
  }

  #askAll(asked: readonly Endpoint[], isSecond: boolean): void {
    const round = new Round(asked, {
      clock: this.#options.clock,
      ask: (endpoint) => this.#ask(endpoint),
      onAnswer: (at) => this.#note(at),
      onSilence: (why) => {
        this.#round = undefined;
        if (!isSecond && this.#isAnybodyAlive(round.startedAt)) this.#askAll(asked, true);
        else this.#fallSilent(why);
      },
    });
    this.#round = round;
  }

  /** Whether somebody answered since: one lost probe of a canary then says nothing, a second one does. */
  #isAnybodyAlive(startedAt: number): boolean {
    return this.#hasCanaries && this.#lifeAt >= startedAt;
  }

  /** An endpoint answered a probe that started then: enough where there are no canaries. */
  answered(startedAt: number): void {
    this.#lifeAt = Math.max(this.#lifeAt, startedAt);
    if (!this.#hasCanaries) this.#note(startedAt);
  }

  /** The newest result of every endpoint is no answer. */
  nobodyAnswers(): void {
    if (!this.#hasCanaries) this.#fallSilent('');
  }

  get #hasCanaries(): boolean {
    return this.#canaries.endpoints.length > 0;
  }

  async #ask(endpoint: Endpoint): Promise<ProbeResult> {
    try {
      return await this.#options.run(endpoint);
    } catch (error) {
      return { outcome: 'inconclusive', reason: (error as Error).message, latencyMs: 0 }; // ours: no answer
    }
  }

  #note(startedAt: number): void {
    const { clock, onOpinion, onAnswer } = this.#options;
    this.#lifeAt = Math.max(this.#lifeAt, startedAt);
    const lastAnswerAt = this.#answer.startedAt;
    if (startedAt > lastAnswerAt) this.#answer = { startedAt, endedAt: clock.now() };
    const silence = this.#silence;
    if (silence !== undefined) {
      silence.limit.cancel();
      this.#silence = undefined;
      this.#chain.endedAt = clock.now();
      this.#say('answered', silence);
      const isFirst = this.#chain.begunAt === silence.begunAt;
      onAnswer(isFirst ? lastAnswerAt : Number.POSITIVE_INFINITY);
    }
    if (this.#round === undefined || startedAt < this.#round.startedAt) return;
    this.#endRound();
    onOpinion();
  }

  #endRound(): void {
    this.#round?.end();
    this.#round = undefined;
  }

  #missed(startedAt: number): void {
    if (!this.#canaries.haveMissed(this.#isAnybodyAlive(startedAt) ? 2 : 1)) return;
    const { what, reason } = this.#canaries.states()[0]!;
    this.#fallSilent(`${what}: ${reason}`);
  }

  #fallSilent(why: string): void {
    if (this.#silence !== undefined) return;
    const { clock, onOpinion } = this.#options;
    const begunAt = clock.now();
    if (begunAt - this.#chain.endedAt > suspicionChainMs) this.#chain.begunAt = begunAt;
    const leftMs = Math.max(0, this.#chain.begunAt + suspicionMaxMs - begunAt);
    const limit = clock.after(leftMs, () => {
      this.#silence = { ...this.#silence!, isOver: true };
      this.#say('over', this.#silence);
      onOpinion();
    });
    const hasCanaries = this.#hasCanaries;
    this.#silence = { since: clock.wall(), hasCanaries, why, isOver: false, begunAt, limit };
    this.#say('silent', this.#silence);
    onOpinion();
  }

  #say(kind: SuspicionEvent['kind'], { since, hasCanaries, why, isOver }: Silence): void {
    this.#options.onEvent({ kind, since, hasCanaries, why, isOver, at: this.#options.clock.wall() });
  }
}
