// A check: how one kind of probe is run and how many results turn the verdict over. An endpoint is an address
// under a check; pools that check the same address in the same way share one endpoint, hence the key. Pure;
// made by config.ts.
import { suspicionTimeoutMs } from '../limits.ts';
import { digestsOnly } from './probes/content.ts';
import type { Target } from './probes/probe.ts';

export type Check = Target & {
  /** The longest time between the starts of two probes. */
  readonly intervalMs: number;
  /** Absolute deadline of one probe. */
  readonly timeoutMs: number;
  /** Time between the starts of two probes while the verdict is in doubt. */
  readonly recheckMs: number;
  /** Failures that turn up to down, of which only `rise` successes in a row clear one. */
  readonly fall: number;
  /** Successes in a row that turn down to up, and that clear failures. */
  readonly rise: number;
  /** Quiet time that is asked of a server that flaps, doubled with each turn; 0: none. */
  readonly holdDownMs: number;
  /** After it came back its part of the traffic grows for so long; 0: it gets all of it at once. */
  readonly slowStartMs: number;
  /** Successes that are slower make it degraded; undefined: none is too slow. */
  readonly latencyLimitMs?: number;
  /** Part of its weight that a degraded server gets, 0 to 1. */
  readonly degradedPart: number;
  /** What a server says of its weight moves it by at most this part of the whole from probe to probe. */
  readonly weightStep: number;
};

/** What holds where the operator says nothing: detection within 12 s, of a server that refuses 9 s. */
export const checkDefaults = {
  intervalMs: 5000,
  timeoutMs: 2000,
  recheckMs: 1000,
  fall: 3,
  rise: 2,
  holdDownMs: 20_000,
  slowStartMs: 0,
  degradedPart: 0.5,
  weightStep: 0.25,
} as const;

export type Endpoint = { readonly key: string; readonly address: string; readonly check: Check };

/** Name of an endpoint: the same probe of the same address with the same timing has the same key. */
export function endpointKey(check: Check, address: string): string {
  const timing = `${check.intervalMs}/${check.timeoutMs}/${check.recheckMs} ${check.fall}/${check.rise}`;
  const rest = [
    check.holdDownMs,
    check.slowStartMs,
    check.latencyLimitMs,
    check.degradedPart,
    check.weightStep,
  ];
  return `${endpointTarget(check, address)} ${timing} ${rest.join('/')}`;
}

/** What is asked of whom, whenever and however it is judged. */
export function endpointTarget(check: Check, address: string): string {
  const options = Object.entries(check.options).filter(([, value]) => value !== undefined);
  const sorted = Object.fromEntries(options.sort(([a], [b]) => (a < b ? -1 : 1)));
  const via = check.address === undefined ? '' : ` at ${check.address}`;
  return `${endpointPlace(check, address)}${via} ${JSON.stringify(sorted, digestsOnly)}`;
}

/** What an endpoint is whatever the details of its check: `http 192.0.2.1 80`. */
export function endpointPlace(check: Check, address: string): string {
  return `${check.kind} ${address} ${check.port}`;
}

/** The same, for people: `tcp 192.0.2.1 port 80`. */
export function placeText({ check, address }: Endpoint): string {
  return check.port === 0 ? `${check.kind} ${address}` : `${check.kind} ${address} port ${check.port}`;
}

/**
 * The longest time from the moment a server falls silent to its verdict: it answered just before, each probe
 * takes all of its time, and the prober asks last whether the fault is its own, which takes as long as the
 * first answer of somebody else: a timeout at most. A server that refuses is found sooner. Milliseconds.
 */
export function detectionMaxMs({ intervalMs, timeoutMs, recheckMs, fall }: Check): number {
  // The first failure is known at its end; what follows starts a recheck apart, and may overlap.
  const rechecksMs = fall < 2 ? 0 : Math.max(timeoutMs, recheckMs) + (fall - 2) * recheckMs;
  return intervalMs + rechecksMs + timeoutMs + Math.max(timeoutMs, suspicionTimeoutMs);
}

/** The same of the slowest of some checks; undefined where there is none. */
export function slowestDetectionMs(checks: readonly Check[]): number | undefined {
  return checks.length === 0 ? undefined : Math.max(...checks.map(detectionMaxMs));
}
