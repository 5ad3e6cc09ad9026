// The monitors: when each endpoint is probed, and what is known of it. No library and no I/O: the clock and
// the probe are given. Called by control/, which makes answer sets where onChange() says so and log lines of
// onEvent().
//
// Per endpoint: a timer for the next start, or a place in the queue, or probes enough in flight; never more
// than one of the first two. `watch()` is the only thing that adds or removes endpoints; results of the
// removed are ignored.
import {
  firstRoundSpreadMs,
  probeGraceMs,
  probesInFlightMax,
  probesPerHostMax,
  recentResultsMax,
} from '../limits.ts';
import type { CanaryState } from './canaries.ts';
import { type Predecessor, predecessors } from './carry.ts';
import type { Endpoint } from './check.ts';
import type { Clock } from './clock.ts';
import { Doubts, type NotedSilence, type NotedSuspicion } from './doubts.ts';
import { movedSaid } from './part.ts';
import type { ProbeResult } from './probes/probe.ts';
import { countRow, newRow } from './rows.ts';
import { nextSlot, phaseHash } from './schedule.ts';
import {
  describe,
  type EndpointState,
  type Kept,
  keptOf,
  partNow,
  type Saved,
  stateOfKept,
  type Watched,
} from './state.ts';
import { Turns } from './turns.ts';
import {
  carriedState,
  heldUntil,
  isInDoubt,
  isSettled,
  observe,
  resultsMissing,
  unknownState,
  type Verdict,
  type VerdictState,
} from './verdict.ts';

type EventOf = {
  readonly key: string;
  readonly address: string;
  readonly port: number;
  readonly probe: string;
};

/** What becomes a log line; `at` and `since` are wall clock milliseconds. */
export type MonitorEvent =
  /** The verdict turned over; `reason` is that of the result that did it. */
  | (EventOf & { readonly kind: 'turned'; from: Verdict; to: Verdict; reason: string; at: number })
  /**
   * It cannot be judged, `results` times in a row, since `since`; comes again every minute while that lasts.
   */
  | (EventOf & { readonly kind: 'inconclusive'; reason: string; results: number; since: number; at: number })
  /** It can be judged again. */
  | (EventOf & { readonly kind: 'conclusive'; reason: string; since: number; at: number });

type MonitorsOptions = {
  readonly clock: Clock;
  readonly run: (endpoint: Endpoint) => Promise<ProbeResult>;
  /** Whether an answer of it came over the network; absent: of all. What it is not is believed at once. */
  readonly isRemote?: (endpoint: Endpoint) => boolean;
  readonly onSuspicion?: (event: NotedSuspicion) => void;
  /** A result changed verdict, settledness or part of these endpoints; what time changes it does not say. */
  readonly onChange: (keys: readonly string[]) => void;
  readonly onEvent: (event: MonitorEvent) => void;
};

/** First probes of few endpoints come this close together, those of many closer. */
const firstRoundGapMaxMs = 10;

export class Monitors {
  readonly #options: MonitorsOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #turns = new Turns<Watched>(probesInFlightMax, probesPerHostMax, hostOf);
  /** Without a result or a verdict from before: what firstRound() waits for. */
  readonly #unanswered = new Set<Watched>();
  /** To be probed again when one in flight ends: that one may have read what was before the news. */
  readonly #again = new Set<Watched>();
  #firstRoundEnds: (() => void)[] = [];
  /** Verdicts of an earlier process, by key. */
  readonly #kept = new Map<string, Kept>();
  readonly #doubts: Doubts;

  constructor(options: MonitorsOptions) {
    this.#options = options;
    this.#doubts = new Doubts({
      ...options,
      watched: () => this.#watched.values(),
      onJudged: (judged) => this.#judged(judged),
    });
  }

  /** Asks exactly these from now on when a verdict is about to turn down; none: the endpoints themselves. */
  watchCanaries(canaries: readonly Endpoint[]): void {
    this.#doubts.suspicion.watch(canaries);
  }

  /** The canaries, and how each is. */
  canaries(): CanaryState[] {
    return this.#doubts.suspicion.canaries();
  }

  /** That nobody answers the prober, and how many verdicts are withheld for it; undefined: all is well. */
  silence(): NotedSilence | undefined {
    return this.#doubts.silence();
  }

  /**
   * Watches exactly these from now on. Those that stay keep their state. A new one in the place of one that
   * leaves (the same server under a changed check) starts with its verdict; where it is asked something else
   * than that, the first result confirms or overturns it, and firstRound() waits for it.
   */
  watch(endpoints: readonly Endpoint[]): void {
    const wanted = new Map(endpoints.map((endpoint) => [endpoint.key, endpoint]));
    const all = [...this.#watched.values()];
    const leaving = all.filter(({ endpoint }) => !wanted.has(endpoint.key));
    for (const watched of leaving) this.#remove(watched);
    const before = predecessors(all, leaving);
    const added = [...wanted.values()].filter(({ key }) => !this.#watched.has(key));
    const gapMs = Math.min(firstRoundSpreadMs / Math.max(1, added.length), firstRoundGapMaxMs);
    added.forEach((endpoint, index) => {
      this.#add(endpoint, before(endpoint), index * gapMs);
    });
    this.#endFirstRound();
  }

  /** Probes these now and not when their turn comes: something else has news of them. */
  probeNow(keys: readonly string[]): void {
    for (const key of keys) {
      const watched = this.#watched.get(key);
      if (watched === undefined || this.#turns.waits(watched)) continue; // about to be probed
      if (watched.inFlight >= resultsMissing(watched.state, watched.endpoint.check)) {
        this.#again.add(watched);
        continue;
      }
      watched.timer?.cancel();
      this.#due(watched);
    }
  }

  /** What is known of an endpoint; undefined: it is not watched. */
  state(key: string): EndpointState | undefined {
    const watched = this.#watched.get(key);
    return watched && describe(watched, this.#options.clock.wall());
  }

  /** What is known of all endpoints. */
  states(): EndpointState[] {
    const wallMs = this.#options.clock.wall();
    return [...this.#watched.values()].map((watched) => describe(watched, wallMs));
  }

  /**
   * Resolves when every endpoint has a result, of whatever outcome, or a verdict from before; or at stop().
   */
  firstRound(): Promise<void> {
    return new Promise((resolve) => {
      this.#firstRoundEnds.push(resolve);
      this.#endFirstRound();
    });
  }

  /** The verdicts, to be given to restore() by a later process. */
  save(): Saved {
    const verdicts = [...this.#watched.values()].map(keptOf).filter((kept) => kept !== undefined);
    return { verdicts };
  }

  /** Takes over verdicts younger than keptAgeMaxMs, for endpoints without a result, watched now or later. */
  restore(saved: Saved): void {
    for (const kept of saved.verdicts) this.#kept.set(kept.key, kept);
    const changed: string[] = [];
    for (const watched of this.#unanswered) {
      if (this.#carryKept(watched)) changed.push(watched.endpoint.key);
    }
    this.#endFirstRound();
    if (changed.length > 0) this.#options.onChange(changed);
  }

  /** Stops for good; nothing is called back any more. */
  stop(): void {
    this.#doubts.suspicion.stop();
    for (const watched of [...this.#watched.values()]) this.#remove(watched);
    this.#endFirstRound();
  }

  #add(endpoint: Endpoint, before: Predecessor | undefined, delayMs: number): void {
    const { clock } = this.#options;
    const watched: Watched = {
      endpoint,
      hash: phaseHash(endpoint.key),
      state: unknownState(clock.wall()),
      said: undefined,
      recent: [],
      warning: undefined,
      isRemote: this.#options.isRemote?.(endpoint) ?? true,
      isSilent: false,
      isDoubted: false,
      counts: { ok: 0, fail: 0, inconclusive: 0 },
      confirmedAt: 0,
      addedAt: clock.now(),
      startedAt: clock.now(),
      answeredAt: 0,
      inFlight: 0,
      timer: undefined,
      isGone: false,
      row: newRow(),
    };
    this.#watched.set(endpoint.key, watched);
    this.#unanswered.add(watched);
    this.#doubts.add(watched);
    if (!this.#carryKept(watched) && before !== undefined) this.#follow(watched, before);
    watched.timer = clock.after(delayMs, () => this.#due(watched));
  }

  #remove(watched: Watched): void {
    watched.isGone = true;
    watched.timer?.cancel();
    this.#watched.delete(watched.endpoint.key);
    this.#turns.leave(watched);
    this.#unanswered.delete(watched);
    this.#again.delete(watched);
    this.#doubts.remove(watched);
  }

  #carryKept(watched: Watched): boolean {
    const { key, check } = watched.endpoint;
    const kept = this.#kept.get(key);
    const state = kept && stateOfKept(kept, check, this.#options.clock.wall());
    if (state === undefined) return false;
    this.#kept.delete(key);
    watched.said = kept!.said;
    this.#carry(watched, state, kept!.at);
    this.#unanswered.delete(watched);
    return true;
  }

  /** Begins with what is known of the one that it follows. */
  #follow(watched: Watched, { watched: before, isSame }: Predecessor): void {
    const { verdict, since, isProvisional } = before.state;
    if (verdict === 'unknown') return;
    const state = carriedState(verdict, since, isProvisional || !isSame, before.state);
    this.#carry(watched, state, before.confirmedAt);
    if (!isSame) return;
    watched.said = before.said;
    this.#unanswered.delete(watched);
  }

  #carry(watched: Watched, state: VerdictState, confirmedAt: number): void {
    watched.state = state;
    watched.confirmedAt = confirmedAt;
  }

  /** Sets the timer of the next start, anew where there is one. */
  #plan(watched: Watched): void {
    const { endpoint, state, startedAt, hash } = watched;
    const { check } = endpoint;
    const { clock } = this.#options;
    watched.timer?.cancel();
    const recheckAt = startedAt + Math.min(check.recheckMs, check.intervalMs);
    const isHurried = isInDoubt(state, check) && !watched.isDoubted;
    let at = isHurried ? recheckAt : nextSlot(startedAt, check.intervalMs, hash);
    const held = heldUntil(state, check);
    if (held !== undefined && state.successes >= check.rise) {
      // Well, and waiting for its time to come back.
      at = Math.min(at, Math.max(recheckAt, clock.now() + held - clock.wall()));
    }
    watched.timer = clock.after(Math.max(0, at - clock.now()), () => this.#due(watched));
  }

  #due(watched: Watched): void {
    watched.timer = undefined;
    // Those in flight can turn the verdict over; the next is planned when one of them ends.
    if (watched.inFlight >= resultsMissing(watched.state, watched.endpoint.check)) return;
    if (this.#turns.take(watched, isInDoubt(watched.state, watched.endpoint.check))) this.#start(watched);
  }

  #start(watched: Watched): void {
    const { clock, run } = this.#options;
    const { endpoint } = watched;
    const startedAt = clock.now();
    const limitMs = endpoint.check.timeoutMs + probeGraceMs;
    let isOpen = true;
    const end = (result: ProbeResult) => {
      if (!isOpen) return;
      isOpen = false;
      guard.cancel();
      this.#ended(watched, startedAt, result);
    };
    const guard = clock.after(limitMs, () => end(brokenResult(`did not end within ${limitMs} ms`, limitMs)));
    watched.startedAt = startedAt;
    watched.inFlight++;
    this.#plan(watched);
    new Promise<ProbeResult>((resolve) => resolve(run(endpoint))).then(end, (error: unknown) =>
      end(brokenResult(`broke: ${error instanceof Error ? error.message : error}`, clock.now() - startedAt)),
    );
  }

  #ended(watched: Watched, startedAt: number, result: ProbeResult): void {
    watched.inFlight--;
    const heard = this.#doubts.heard(watched, startedAt, result);
    if (!watched.isGone) this.#take(watched, startedAt, heard);
    for (const next of this.#turns.ended(watched)) this.#start(next);
    if (this.#again.delete(watched)) this.probeNow([watched.endpoint.key]);
  }

  #take(watched: Watched, startedAt: number, result: ProbeResult): void {
    const { check } = watched.endpoint;
    this.#doubts.hear(watched, startedAt, result); // who answers ends doubts about others, and about itself
    const before = watched.state;
    const at = this.#options.clock.wall();
    const partBefore = partNow(watched, at).part;
    const after = this.#doubts.believed(watched, observe(before, { ...result, startedAt }, check, at));
    watched.state = after;
    watched.said = movedSaid(watched.said, result, check.weightStep);
    watched.recent = [...watched.recent.slice(1 - recentResultsMax), { ...result, at }];
    watched.counts[result.outcome]++;
    if (result.outcome !== 'inconclusive') {
      watched.confirmedAt = at;
      watched.warning = result.warning;
    }
    const isPlanned = watched.timer !== undefined || this.#turns.waits(watched);
    const isHurried = isInDoubt(before, check) !== isInDoubt(after, check);
    if (!isPlanned || (watched.timer !== undefined && isHurried)) this.#plan(watched);
    this.#unanswered.delete(watched);
    this.#endFirstRound();
    this.#countRow(watched, result, at);
    const isPartSame = partNow(watched, at).part === partBefore;
    if (this.#turned(watched, before) || !isPartSame) this.#options.onChange([watched.endpoint.key]);
  }

  /** Verdicts that were judged without a new result of their own, each with the state before. */
  #judged(judged: readonly (readonly [Watched, VerdictState])[]): void {
    // Who is in doubt is asked soon, now that it is no doubt about ourselves.
    for (const [watched] of judged) if (watched.timer !== undefined) this.#plan(watched);
    const changed = judged.filter(([watched, before]) => this.#turned(watched, before));
    if (changed.length > 0) this.#options.onChange(changed.map(([{ endpoint }]) => endpoint.key));
  }

  /** Says that the verdict turned, and why; returns whether it or its settledness is another. */
  #turned({ endpoint, state, recent }: Watched, before: VerdictState): boolean {
    const { verdict: from } = before;
    const { verdict: to, since: at } = state;
    const outcome = to === 'down' ? 'fail' : 'ok';
    const reason = recent.findLast((result) => result.outcome === outcome)?.reason ?? '';
    if (from !== to) this.#options.onEvent({ kind: 'turned', ...nameOf(endpoint), from, to, reason, at });
    return from !== to || isSettled(before) !== isSettled(state);
  }

  /** Announces rows of inconclusive results, and their end. */
  #countRow({ row, endpoint }: Watched, { outcome, reason }: ProbeResult, at: number): void {
    const { clock, onEvent } = this.#options;
    const { intervalMs } = endpoint.check;
    const found = countRow(row, outcome !== 'inconclusive', intervalMs, { now: clock.now(), wall: at });
    if (found !== undefined) onEvent({ ...found, ...nameOf(endpoint), reason, at });
  }

  #endFirstRound(): void {
    if (this.#unanswered.size > 0) return;
    const ends = this.#firstRoundEnds;
    this.#firstRoundEnds = [];
    for (const end of ends) end();
  }
}

function hostOf({ endpoint: { address, check } }: Watched): string {
  return check.address ?? address;
}

function nameOf({ key, address, check }: Endpoint): EventOf {
  return { key, address, port: check.port, probe: check.kind };
}

function brokenResult(what: string, latencyMs: number): ProbeResult {
  return { outcome: 'inconclusive', reason: `inconclusive: the probe itself ${what}`, latencyMs };
}
