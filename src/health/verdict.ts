// From probe results to a verdict: rise and fall, slowness, and hold-down for what flaps. Pure. The monitor
// feeds it in order of completion; the balance of the answers hangs on `verdict` and isSettled().
//
//   up        -- fall failures -->  down       only `rise` successes in a row clear a failure that counts,
//   up        -- fall slow ones --> degraded   only `rise` fast ones in a row a slow one
//   degraded  -- rise fast ones --> up
//   down      -- rise successes --> up         and no failure for the hold-down, where it flaps
//
// Probes overlap while a verdict is in doubt, so a result can be outrun: it started before a result of the
// other outcome that is known already. It takes its place in order of start: a success lies before the
// failure that ended its row, and counts for nothing; a failure counts among the failures, unless `rise`
// successes started after it, and leaves what started after it in the row. (A silent probe of two seconds ago
// must not undo the success of the one after it; nor may every second probe stay unanswered without end.)
import { holdDownMaxMs } from '../limits.ts';
import type { Check } from './check.ts';

/** `degraded` is up, but too slow: it is answered with a smaller part of its weight. */
export type Verdict = 'up' | 'degraded' | 'down' | 'unknown';

/** What is remembered of outages, so that flapping is known from a lone outage. Wall clock milliseconds. */
export type Flapping = {
  /** Times that it turned down, of which none was followed by a long time without a failure. */
  readonly turns: number;
  /** When it last came back from down; undefined: never, as far as we know. */
  readonly returnedAt: number | undefined;
  readonly failedAt: number | undefined;
};

export type VerdictState = Flapping & {
  readonly verdict: Verdict;
  /**
   * The verdict was taken over from elsewhere: the first conclusive result decides at once, as with
   * `unknown`.
   */
  readonly isProvisional: boolean;
  /** Failures since there were last `rise` successes in a row. */
  readonly failures: number;
  /** Successes in a row, in order of start. */
  readonly successes: number;
  /** Starts of the last of them, as many as clear failures, and the failures that the row has cleared. */
  readonly okStarts: readonly number[];
  readonly cleared: number;
  /** Slow successes since there were last `rise` fast ones in a row, and fast ones in a row. */
  readonly slow: number;
  readonly fast: number;
  /** Wall clock in milliseconds at which the verdict became what it is. */
  readonly since: number;
  /** Monotonic start of the newest result of either outcome, and of the first of `failures`. */
  readonly newestOk: number;
  readonly newestFail: number;
  readonly failsFrom: number;
};

export type Observed = {
  readonly outcome: 'ok' | 'fail' | 'inconclusive';
  /** Monotonic start of the probe. */
  readonly startedAt: number;
  readonly latencyMs: number;
};

/** What of a check decides. */
export type Rules = Pick<Check, 'fall' | 'rise' | 'holdDownMs' | 'latencyLimitMs' | 'intervalMs'>;

/** A slot is 0.95 of an interval (schedule.ts), so that 20 of them go round; and some for jitter. */
const forgottenIntervals = 25;

export const noFlapping: Flapping = { turns: 0, returnedAt: undefined, failedAt: undefined };

/** State of an endpoint of which nothing is known. */
export function unknownState(atWallMs: number): VerdictState {
  return {
    ...noFlapping,
    verdict: 'unknown',
    isProvisional: false,
    failures: 0,
    successes: 0,
    okStarts: [],
    cleared: 0,
    slow: 0,
    fast: 0,
    since: atWallMs,
    newestOk: Number.NEGATIVE_INFINITY,
    newestFail: Number.NEGATIVE_INFINITY,
    failsFrom: Number.POSITIVE_INFINITY,
  };
}

/** State that begins with a verdict known from before. */
export function carriedState(
  verdict: Verdict,
  since: number,
  isProvisional: boolean,
  { turns, returnedAt, failedAt }: Flapping = noFlapping,
): VerdictState {
  return { ...unknownState(since), verdict, isProvisional, turns, returnedAt, failedAt };
}

/** Takes one result into account; gives the same object back where it changes nothing. */
export function observe(
  state: VerdictState,
  { outcome, startedAt, latencyMs }: Observed,
  rules: Rules,
  atWallMs: number,
): VerdictState {
  if (outcome === 'inconclusive') return state;
  if (outcome === 'fail') return observeFailure(state, startedAt, rules, atWallMs);
  return observeSuccess(state, startedAt, latencyMs > (rules.latencyLimitMs ?? Infinity), rules, atWallMs);
}

function observeFailure(state: VerdictState, startedAt: number, rules: Rules, at: number): VerdictState {
  const newestFail = Math.max(state.newestFail, startedAt);
  const okStarts = state.okStarts.filter((start) => start > startedAt);
  const isOutrun = okStarts.length > 0;
  if (okStarts.length >= rules.rise) return { ...state, newestFail };
  const counted: VerdictState = {
    ...state,
    failures: failuresBefore(state, okStarts.length, rules) + 1,
    failsFrom: Math.min(state.failsFrom, startedAt),
    successes: okStarts.length,
    okStarts,
    fast: isOutrun ? state.fast : 0,
    newestFail,
    turns: isForgotten(state, rules, at) ? 0 : state.turns,
    failedAt: isOutrun ? state.failedAt : at,
  };
  return judgeFailures(counted, rules, at);
}

/** Failures that counted before one after which `later` of the successes in a row started. */
function failuresBefore({ successes, failures, cleared }: VerdictState, later: number, { rise }: Rules) {
  if (successes - later >= rise) return 0;
  return successes >= rise ? cleared : failures;
}

/** A state that turned down as it is while nobody knows whether the fault is our own. */
export function withheld(before: VerdictState, after: VerdictState): VerdictState {
  const { verdict, since, isProvisional } = before;
  return { ...after, verdict, since, isProvisional, turns: after.turns - 1 };
}

/** A state whose failures were our own fault. */
export function forgiven(state: VerdictState): VerdictState {
  return { ...state, failures: 0, cleared: 0, failsFrom: Number.POSITIVE_INFINITY };
}

/** A state some of whose failures may have been our own fault: one more decides. */
export function halfForgiven(state: VerdictState, { fall }: Rules): VerdictState {
  return fall < 2 ? forgiven(state) : { ...state, failures: Math.min(state.failures, fall - 1) };
}

/** Turns a state down whose failures are enough. */
export function judgeFailures(state: VerdictState, { fall }: Rules, at: number): VerdictState {
  if (state.failures < (decidesAtOnce(state) ? 1 : fall)) return state;
  if (state.verdict === 'down') return { ...state, isProvisional: false };
  return { ...state, verdict: 'down', isProvisional: false, since: at, turns: state.turns + 1 };
}

function observeSuccess(
  state: VerdictState,
  startedAt: number,
  isSlow: boolean,
  rules: Rules,
  at: number,
): VerdictState {
  const newestOk = Math.max(state.newestOk, startedAt);
  if (startedAt < state.newestFail) return { ...state, newestOk };
  const atOnce = decidesAtOnce(state);
  const successes = state.successes + 1;
  const fast = isSlow ? 0 : state.fast + 1;
  const isCleared = atOnce || successes >= rules.rise;
  const starts = [...state.okStarts, startedAt].sort((a, b) => a - b);
  const counted: VerdictState = {
    ...state,
    isProvisional: false,
    failures: isCleared ? 0 : state.failures,
    failsFrom: isCleared ? Number.POSITIVE_INFINITY : state.failsFrom,
    successes,
    okStarts: starts.slice(-rules.rise),
    cleared: successes === rules.rise && countsAsUp(state) ? state.failures : state.cleared,
    slow: fast >= rules.rise ? 0 : state.slow + Number(isSlow),
    fast,
    newestOk,
    // A clock that was set back must not lengthen a hold-down.
    failedAt: state.failedAt === undefined ? undefined : Math.min(state.failedAt, at),
  };
  if (state.verdict === 'up' || state.verdict === 'degraded') return judgeSpeed(counted, atOnce, rules, at);
  const isHeld = at < (heldUntil(counted, rules) ?? at);
  if (isHeld || successes < (atOnce ? 1 : rules.rise)) return counted;
  if (atOnce) return { ...counted, verdict: 'up', since: at };
  // It has not been fast once since it came back.
  const verdict = counted.slow > 0 && fast === 0 ? 'degraded' : 'up';
  return { ...counted, verdict, since: at, returnedAt: at };
}

function judgeSpeed(state: VerdictState, atOnce: boolean, { fall, rise }: Rules, at: number): VerdictState {
  const isUp = state.verdict === 'up';
  const turns = isUp ? state.slow >= fall : state.fast >= (atOnce ? 1 : rise);
  return turns ? { ...state, verdict: isUp ? 'degraded' : 'up', since: at } : state;
}

function decidesAtOnce({ verdict, isProvisional }: VerdictState): boolean {
  return verdict === 'unknown' || isProvisional;
}

/** Quiet time that is asked of a server before it comes back, after it turned down so many times. */
function holdMs(turns: number, { holdDownMs }: Rules): number {
  if (turns < 2) return 0;
  return Math.min(holdDownMaxMs, holdDownMs * 2 ** Math.min(turns - 2, 30));
}

/**
 * Whether a server that counts as up has been well for so long that the next outage is a lone one: twice what
 * the next hold-down would be. An outage is two changes, so even one that fails again and again as soon as it
 * is forgotten changes the answers at most once in the time of a hold-down. And not before probes have met
 * each phase of whatever goes on and off once an interval, which takes them twenty slots.
 */
function isForgotten(state: VerdictState, rules: Rules, at: number): boolean {
  if (!countsAsUp(state)) return false;
  const wellSince = Math.max(state.returnedAt ?? -Infinity, state.failedAt ?? -Infinity);
  return (
    at - wellSince >= Math.max(2 * holdMs(state.turns + 1, rules), forgottenIntervals * rules.intervalMs)
  );
}

/** Wall clock at which a server that is down for flapping may come back; undefined: as soon as it can. */
export function heldUntil(state: VerdictState, rules: Rules): number | undefined {
  const hold = holdMs(state.turns, rules);
  if (state.verdict !== 'down' || state.failedAt === undefined || hold === 0) return undefined;
  return state.failedAt + hold;
}

/** True of what is answered with: up and degraded. */
export function countsAsUp({ verdict }: VerdictState): boolean {
  return verdict === 'up' || verdict === 'degraded';
}

/**
 * True only when it counts as up, confirmed, and with no failure pending: the answers need not be asked for
 * again soon.
 */
export function isSettled(state: VerdictState): boolean {
  return countsAsUp(state) && !state.isProvisional && state.failures === 0;
}

/** True while failing though up, or recovering though down: the next results are wanted soon. */
export function isInDoubt(state: VerdictState, { rise }: Rules): boolean {
  if (countsAsUp(state)) return state.failures > 0;
  return state.verdict === 'down' && state.successes > 0 && state.successes < rise;
}

/**
 * How many more results, all of one outcome, turn the verdict over: more probes in flight than this are idle.
 */
export function resultsMissing(state: VerdictState, { fall, rise }: Rules): number {
  if (decidesAtOnce(state)) return 1;
  return Math.max(1, countsAsUp(state) ? fall - state.failures : rise - state.successes);
}
