// From probe results to a verdict: rise and fall, and nothing else. Pure. The monitor feeds it in order of
// completion; the balance of the answers hangs on `verdict` and isSettled().
//
// Probes overlap while a verdict is in doubt, so a result can be outrun: it started before a result of the
// other outcome that is known already. Ordered by start, it lies before the streak that is being counted, so
// it counts for nothing. (A silent probe of two seconds ago must not undo the success of the one after it.)

/** `degraded` is up, but too slow: it is answered with a smaller part of its weight. */
export type Verdict = 'up' | 'degraded' | 'down' | 'unknown';

export type VerdictState = {
  readonly verdict: Verdict;
  /**
   * The verdict was taken over from elsewhere: the first conclusive result decides at once, as with
   * `unknown`.
   */
  readonly isProvisional: boolean;
  /** Consecutive conclusive results, in order of start; one of the two is 0. */
  readonly failures: number;
  readonly successes: number;
  /** Wall clock in milliseconds at which the verdict became what it is. */
  readonly since: number;
  /** Monotonic start of the newest result of either outcome. */
  readonly newestOk: number;
  readonly newestFail: number;
};

export type Observed = {
  readonly outcome: 'ok' | 'fail' | 'inconclusive';
  /** Monotonic start of the probe. */
  readonly startedAt: number;
};

export type Thresholds = { readonly fall: number; readonly rise: number };

/** State of an endpoint of which nothing is known. */
export function unknownState(atWallMs: number): VerdictState {
  return {
    verdict: 'unknown',
    isProvisional: false,
    failures: 0,
    successes: 0,
    since: atWallMs,
    newestOk: Number.NEGATIVE_INFINITY,
    newestFail: Number.NEGATIVE_INFINITY,
  };
}

/** State that begins with a verdict known from before. */
export function carriedState(verdict: Verdict, since: number, isProvisional: boolean): VerdictState {
  return { ...unknownState(since), verdict, isProvisional };
}

/** Takes one result into account; gives the same object back where it changes nothing. */
export function observe(
  state: VerdictState,
  { outcome, startedAt }: Observed,
  { fall, rise }: Thresholds,
  atWallMs: number,
): VerdictState {
  if (outcome === 'inconclusive') return state;
  const isOk = outcome === 'ok';
  const newestOk = isOk ? Math.max(state.newestOk, startedAt) : state.newestOk;
  const newestFail = isOk ? state.newestFail : Math.max(state.newestFail, startedAt);
  const isOutrun = startedAt < (isOk ? newestFail : newestOk);
  if (isOutrun) return { ...state, newestOk, newestFail };
  const successes = isOk ? state.successes + 1 : 0;
  const failures = isOk ? 0 : state.failures + 1;
  const decidesAtOnce = state.verdict === 'unknown' || state.isProvisional;
  const enough = decidesAtOnce ? 1 : isOk ? rise : fall;
  const verdict = successes >= enough ? 'up' : failures >= enough ? 'down' : state.verdict;
  const since = verdict === state.verdict ? state.since : atWallMs;
  return { verdict, isProvisional: false, failures, successes, since, newestOk, newestFail };
}

/**
 * True only when up, confirmed, and with no failure pending: the answers need not be asked for again soon.
 */
export function isSettled(state: VerdictState): boolean {
  return state.verdict === 'up' && !state.isProvisional && state.failures === 0;
}

/** True while failing though up, or recovering though down: the next results are wanted soon. */
export function isInDoubt(state: VerdictState): boolean {
  return state.verdict === 'up' ? state.failures > 0 : state.verdict === 'down' && state.successes > 0;
}

/**
 * How many more results, all of one outcome, turn the verdict over: more probes in flight than this are idle.
 */
export function resultsMissing(state: VerdictState, { fall, rise }: Thresholds): number {
  if (state.verdict === 'unknown' || state.isProvisional) return 1;
  return Math.max(1, state.verdict === 'up' ? fall - state.failures : rise - state.successes);
}
