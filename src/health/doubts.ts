// Verdicts that are withheld while the prober is its own first suspect, and what the results of all endpoints
// say of it. Called by the monitors: with every result, before and after it is judged. Whoever is about to
// turn down waits here until the prober is trusted; what failed in a silence is judged anew after it.
import { probeReasonMax, suspicionMaxMs, sweepLeast } from '../limits.ts';
import type { Endpoint } from './check.ts';
import type { Clock } from './clock.ts';
import type { ProbeResult } from './probes/probe.ts';
import type { Watched } from './state.ts';
import { type Silence, Suspicion, type SuspicionEvent } from './suspicion.ts';
import { countsAsUp, forgiven, halfForgiven, judgeFailures, type VerdictState, withheld } from './verdict.ts';

/** With the number of verdicts that are withheld for it. */
export type NotedSilence = Silence & { readonly withheld: number };
export type NotedSuspicion = SuspicionEvent & NotedSilence;

type DoubtsOptions = {
  readonly clock: Clock;
  readonly run: (endpoint: Endpoint) => Promise<ProbeResult>;
  /** All endpoints of this moment. */
  readonly watched: () => Iterable<Watched>;
  /** The states of these are other ones now, without a new result; each with the one before. */
  readonly onJudged: (judged: readonly (readonly [Watched, VerdictState])[]) => void;
  readonly onSuspicion?: (event: NotedSuspicion) => void;
};

export class Doubts {
  readonly suspicion: Suspicion;
  readonly #options: DoubtsOptions;
  /** Would be down if they were believed. */
  readonly #withheld = new Set<Watched>();
  /** Those over the network, and how many of them have not answered last. */
  #remote = 0;
  #silent = 0;
  /** Monotonic end of the last silence: failures of probes that began before it are our own. */
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(options: DoubtsOptions) {
    this.#options = options;
    this.suspicion = new Suspicion({
      clock: options.clock,
      run: options.run,
      endpoints: () => this.#toSweep(),
      onOpinion: () => this.#judgeWithheld(),
      onAnswer: (lastAnswerAt) => this.#forgive(lastAnswerAt),
      onEvent: (event) => options.onSuspicion?.({ ...event, withheld: this.#withheld.size }),
    });
  }

  /** A silence, and how many verdicts are withheld for it. */
  silence(): NotedSilence | undefined {
    const { silence } = this.suspicion;
    return silence && { ...silence, withheld: this.#withheld.size };
  }

  add({ isRemote }: Watched): void {
    if (isRemote) this.#remote++;
  }

  remove(watched: Watched): void {
    this.#withheld.delete(watched);
    if (watched.isRemote) this.#remote--;
    if (watched.isSilent) this.#silent--;
  }

  /**
   * What a result says: nothing, where it is a failure of a probe that began while nobody answered and ended
   * after that, or of one of whom nothing is known because it is watched only since then.
   */
  heard(watched: Watched, startedAt: number, result: ProbeResult): ProbeResult {
    if (!watched.isRemote || result.outcome !== 'fail') return result;
    const isNew = watched.state.verdict === 'unknown' && this.suspicion.isSilentSince(watched.addedAt);
    const isOurs = startedAt < this.#answeredAt || isNew;
    if (!isOurs) return result;
    const reason = `inconclusive: began while nobody answered the prober (${result.reason})`;
    return { outcome: 'inconclusive', reason: reason.slice(0, probeReasonMax), latencyMs: result.latencyMs };
  }

  /** Takes note of who answers, by which the prober knows that it is not cut off. */
  hear(watched: Watched, startedAt: number, { outcome }: ProbeResult): void {
    if (!watched.isRemote) return;
    this.#silent += Number(outcome !== 'ok') - Number(watched.isSilent);
    watched.isSilent = outcome !== 'ok';
    if (outcome === 'ok') {
      watched.answeredAt = this.#options.clock.now();
      this.suspicion.answered(startedAt);
    } else if (
      this.#silent === this.#remote &&
      countsAsUp(watched.state) &&
      this.suspicion.silence === undefined &&
      this.#areWitnesses()
    ) {
      this.suspicion.nobodyAnswers();
    }
  }

  /** Whether the silence of all would say something: of one that is left, it is likelier its own. */
  #areWitnesses(): boolean {
    if (this.#remote < sweepLeast) return false;
    let up = 0;
    for (const { isRemote, state } of this.#options.watched()) {
      if (isRemote && countsAsUp(state)) up++;
      if (up > 1) return true;
    }
    return false;
  }

  /** What is believed of a state that a result has given. */
  believed(watched: Watched, observed: VerdictState): VerdictState {
    const before = watched.state;
    const turnsDown = countsAsUp(before) && observed.verdict === 'down' && watched.isRemote;
    const opinion = turnsDown ? this.suspicion.opinion(observed.failsFrom) : 'trusted';
    if (opinion !== 'trusted') {
      this.#withheld.add(watched);
      watched.isDoubted = opinion === 'doubted';
      return withheld(before, observed);
    }
    if (turnsDown || observed.failures === 0) this.#believe(watched);
    return observed;
  }

  #believe(watched: Watched): void {
    this.#withheld.delete(watched);
    watched.isDoubted = false;
  }

  /** Asks again for an opinion of those that are withheld. */
  #judgeWithheld(): void {
    const judged: [Watched, VerdictState][] = [];
    for (const watched of [...this.#withheld]) {
      const { state, endpoint } = watched;
      const opinion = this.suspicion.opinion(state.failsFrom);
      watched.isDoubted = opinion === 'doubted';
      if (opinion !== 'trusted') continue;
      this.#believe(watched);
      watched.state = judgeFailures(state, endpoint.check, this.#options.clock.wall());
      judged.push([watched, state]);
    }
    this.#options.onJudged(judged);
  }

  /**
   * What began to fail after the last answer before the silence failed for our own fault; of what failed
   * already while others answered nobody knows, so that one more failure decides.
   */
  #forgive(lastAnswerAt: number): void {
    const judged: [Watched, VerdictState][] = [];
    this.#answeredAt = this.#options.clock.now();
    for (const watched of this.#options.watched()) {
      const { state, endpoint, isRemote } = watched;
      if (!isRemote || !countsAsUp(state) || state.failures === 0) continue;
      this.#believe(watched);
      watched.state = state.failsFrom > lastAnswerAt ? forgiven(state) : halfForgiven(state, endpoint.check);
      judged.push([watched, state]);
    }
    this.#options.onJudged(judged);
  }

  /** Those that answered last come first: of them one is soonest to answer again. */
  #toSweep(): Endpoint[] {
    if (!this.#areWitnesses()) return [];
    const remote = [...this.#options.watched()].filter(({ isRemote }) => isRemote);
    return remote.sort((a, b) => b.answeredAt - a.answeredAt).map(({ endpoint }) => endpoint);
  }
}

/** What a silence means for the verdicts. */
export function silenceText({ hasCanaries, isOver, why, withheld: count }: NotedSilence): string {
  const canaries = `the prober cannot reach its canaries${why === '' ? '' : ` (${why})`}`;
  const what = hasCanaries ? canaries : 'no endpoint answers the prober';
  if (isOver) return `${what}, and has not for ${suspicionMaxMs / 60_000} minutes: its verdicts count again`;
  const verdicts = count === 1 ? '1 verdict is' : `${count} verdicts are`;
  return `${what}: it may be cut off itself, so nothing is withdrawn (${verdicts} withheld)`;
}

/** A line of the log. */
export function suspicionText(event: NotedSuspicion): string {
  if (event.kind !== 'answered') return silenceText(event);
  return `${event.hasCanaries ? 'a canary' : 'an endpoint'} answers again: all is judged anew`;
}
