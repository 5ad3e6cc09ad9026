// What is known of an endpoint: as the monitors hold it, as others see it, and as it is kept over a restart.
// Types, and the pure functions between the three.

import { keptAgeMaxMs, keptRefreshMs } from '../limits.ts';
import type { Check, Endpoint } from './check.ts';
import type { Timer } from './clock.ts';
import { partOf } from './part.ts';
import type { ProbeResult } from './probes/probe.ts';
import type { Row } from './rows.ts';
import {
  carriedState,
  type Flapping,
  heldUntil,
  isSettled,
  type Verdict,
  type VerdictState,
} from './verdict.ts';

/** A result, with the wall clock at which it came. */
export type Result = ProbeResult & { readonly at: number };

/** What is known of an endpoint at this moment: more than the balance's Health, of which it is one. */
export type EndpointState = {
  readonly key: string;
  readonly address: string;
  readonly check: Check;
  readonly verdict: Verdict;
  /** False while failing, recovering, down, unknown or not yet confirmed. */
  readonly settled: boolean;
  /** Wall clock at which the verdict became what it is. */
  readonly since: number;
  /** Part of its weight that it gets now, 0 to 1, and the wall clock at which that changes by itself. */
  readonly part: number;
  readonly changesAt: number | undefined;
  /** The latest result, and the last recentResultsMax, newest last. */
  readonly last: Result | undefined;
  readonly recent: readonly Result[];
  /** What needs somebody though it may be up, as the newest conclusive result has it. */
  readonly warning: string | undefined;
  /** Wall clock before which it does not come back from down, because it flaps. */
  readonly heldUntil: number | undefined;
  /** It would be down if the prober were not the first suspect. */
  readonly isDoubted: boolean;
  /** Failures that count, and successes in a row. */
  readonly failures: number;
  readonly successes: number;
  /** Results since the endpoint is watched. */
  readonly counts: { readonly ok: number; readonly fail: number; readonly inconclusive: number };
};

/** One endpoint, owned by Monitors. */
export type Watched = {
  readonly endpoint: Endpoint;
  readonly hash: number;
  state: VerdictState;
  /** Part of its weight that it asks for, as far as it was moved; undefined: it never said anything. */
  said: number | undefined;
  recent: readonly Result[];
  warning: string | undefined;
  /** Whether its results come over the network, and whether the newest is no answer. */
  readonly isRemote: boolean;
  isSilent: boolean;
  isDoubted: boolean;
  readonly counts: { ok: number; fail: number; inconclusive: number };
  /** Wall clock of the newest conclusive result, here or before a restart. */
  confirmedAt: number;
  /** Monotonic: when it began to be watched, its newest probe started, and it last answered, or 0. */
  readonly addedAt: number;
  startedAt: number;
  answeredAt: number;
  inFlight: number;
  timer: Timer | undefined;
  isGone: boolean;
  readonly row: Row;
};

/** A verdict as it is kept over a restart, as plain data, which JSON leaves without what is undefined. */
export type Kept = Partial<Flapping> & {
  readonly key: string;
  readonly verdict: Exclude<Verdict, 'unknown'>;
  readonly since: number;
  /** Wall clock of the newest conclusive result. */
  readonly at: number;
  readonly said?: number | undefined;
};

/** Verdicts to be kept over a restart. */
export type Saved = { readonly verdicts: readonly Kept[] };

/** What others may know of an endpoint, at a moment of the wall clock. */
export function describe(watched: Watched, wallMs: number): EndpointState {
  const { endpoint, state, recent, warning, isDoubted, counts } = watched;
  const { verdict, since, failures, successes } = state;
  return {
    ...endpoint,
    verdict,
    settled: isSettled(state),
    since,
    ...partNow(watched, wallMs),
    last: recent.at(-1),
    recent,
    warning,
    heldUntil: heldUntil(state, endpoint.check),
    isDoubted,
    failures,
    successes,
    counts: { ...counts },
  };
}

/** The part of its weight that an endpoint gets at a moment of the wall clock. */
export function partNow({ state, said, endpoint }: Watched, wallMs: number) {
  return partOf(state, said ?? 1, endpoint.check, wallMs);
}

/** What is kept of an endpoint; undefined where nothing is known. */
export function keptOf({ endpoint: { key }, state, confirmedAt: at, said }: Watched): Kept | undefined {
  const { verdict, since, turns, returnedAt, failedAt } = state;
  return verdict === 'unknown' ? undefined : { key, verdict, since, at, turns, returnedAt, failedAt, said };
}

/**
 * The state that a kept verdict gives; undefined where it is too old. Within the time that `fall` probes take
 * it is as good as our own; an older one is provisional.
 */
export function stateOfKept(kept: Kept, check: Check, wallMs: number): VerdictState | undefined {
  const ageMs = Math.abs(wallMs - kept.at);
  if (!(ageMs <= keptAgeMaxMs)) return undefined;
  const isProvisional = ageMs > check.fall * check.intervalMs + keptRefreshMs;
  const { verdict, since, turns = 0, returnedAt, failedAt } = kept;
  return carriedState(verdict, since, isProvisional, { turns, returnedAt, failedAt });
}
