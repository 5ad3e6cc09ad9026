// A round of questions: some are asked at once, more where nobody answers soon, until one answers or the time
// is over. No library and no I/O. Called by suspicion.ts.
import { sweepAtOnceMax, sweepPatienceMs } from '../limits.ts';
import { type Endpoint, placeText } from './check.ts';
import type { Clock } from './clock.ts';
import type { ProbeResult } from './probes/probe.ts';

/** A probe ends by itself at its deadline: what its last words are is worth waiting for. */
const graceMs = 50;

type RoundOptions = {
  readonly clock: Clock;
  /** Probes one; never rejects. */
  readonly ask: (endpoint: Endpoint) => Promise<ProbeResult>;
  /** One answered a probe that started then, monotonic. */
  readonly onAnswer: (startedAt: number) => void;
  /** It ended by itself: nobody answered, as somebody did who gave this reason. */
  readonly onSilence: (reason: string) => void;
};

export class Round {
  readonly startedAt: number;
  readonly #options: RoundOptions;
  readonly #asked: readonly Endpoint[];
  #next = 0;
  #underWay = 0;
  #isOpen = true;
  #reason = '';
  #timers: { cancel(): void }[] = [];

  /** Begins: it lasts as long as the longest timeout of those asked. */
  constructor(asked: readonly Endpoint[], options: RoundOptions) {
    const { clock } = options;
    this.#asked = asked;
    this.#options = options;
    this.startedAt = clock.now();
    const limitMs = graceMs + Math.max(...asked.map(({ check }) => check.timeoutMs));
    this.#timers.push(clock.after(limitMs, () => this.#close()));
    this.#askMore();
  }

  /** Ends it: what is still answered is not heard. */
  end(): void {
    this.#isOpen = false;
    for (const timer of this.#timers) timer.cancel();
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.end();
    this.#options.onSilence(this.#reason);
  }

  #askMore(): void {
    for (let i = 0; i < sweepAtOnceMax; i++) this.#askNext();
    if (!this.#isOpen || this.#next >= this.#asked.length) return;
    this.#timers[1] = this.#options.clock.after(sweepPatienceMs, () => this.#askMore());
  }

  #askNext(): void {
    const endpoint = this.#asked[this.#next];
    if (!this.#isOpen || endpoint === undefined) return;
    this.#next++;
    this.#underWay++;
    const startedAt = this.#options.clock.now();
    void this.#options.ask(endpoint).then(({ outcome, reason }) => {
      this.#underWay--;
      if (!this.#isOpen) return;
      if (outcome === 'ok') return this.#options.onAnswer(startedAt);
      this.#reason = `${placeText(endpoint)}: ${reason}`;
      this.#askNext();
      if (this.#underWay === 0) this.#close();
    });
  }
}
