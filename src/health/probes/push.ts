// The push probe: something else says how a server is, and has to say it again before it is too old. What
// has been heard is kept here, by name: control/push.ts writes it down, the probe looks at it. Nothing is
// kept over a restart, so for max-age after that a name that is silent says nothing, then it is a failure.
import { probeTextMax, pushNamesMax, stateAgeDefaultMs, stateAgeMaxMs, stateAgeMinMs } from '../../limits.ts';
import { lagMeter } from '../lag.ts';
import { Attempt } from './attempt.ts';
import type { Option, Options, Parsed, Probe } from './probe.ts';
import { obey, type Statement } from './statement.ts';

const options = {
  name: {
    kind: 'own',
    parse: parseName,
    default: '{address}',
    what: 'what it is called; {address} in it stands for the address of the member',
  },
  'max-age': {
    kind: 'duration',
    default: stateAgeDefaultMs,
    range: [stateAgeMinMs, stateAgeMaxMs],
    what: 'how old the last heartbeat may be',
  },
} as const satisfies Record<string, Option>;

function parseName(written: unknown): Parsed {
  const good = typeof written === 'string' && /^[\x21-\x7e]+$/.test(written);
  if (!good || written.length > probeTextMax) return { wrong: 'must be printable ASCII without spaces' };
  return { value: written };
}

/** A name that is probed or was heard of, and when on the clock below. */
type Heartbeat = { readonly at: number; readonly said: Statement | undefined };

/** Milliseconds; it stands still with this process, since nobody can be heard then. */
const awake = () => lagMeter().awake();
let clock = awake;

const heartbeats = new Map<string, Heartbeat>();

/** The name of a push under the options of a check, for a member's address. */
export function pushName({ name }: Options, address: string): string {
  return String(name ?? options.name.default).replaceAll('{address}', address);
}

/** So long a heartbeat holds under the options of a check. */
export function maxAgeOf(options: Options): number {
  return Number(options['max-age'] ?? stateAgeDefaultMs);
}

/**
 * Writes a heartbeat down; says whether it is more than a repetition of what is known. Behind a silence that
 * was longer than the least max-age of the checks that wait for it everything is.
 */
export function hear(name: string, said: Statement, maxAgeMs: number): boolean {
  const before = heartbeats.get(name);
  const { at } = note(name, said);
  if (before === undefined || at - before.at > maxAgeMs) return true;
  const { isUp, part, why } = before.said ?? {};
  return isUp !== said.isUp || part !== said.part || why !== said.why;
}

/** Forgets everything that was heard, as a new process has, and has another clock; for tests. */
export function forgetHeartbeats(other = awake): void {
  heartbeats.clear();
  clock = other;
}

function note(name: string, said: Statement | undefined): Heartbeat {
  const heartbeat = { at: clock(), said };
  heartbeats.delete(name);
  heartbeats.set(name, heartbeat);
  if (heartbeats.size > pushNamesMax) heartbeats.delete(heartbeats.keys().next().value!);
  return heartbeat;
}

const run: Probe['run'] = (address, port, chosen, deadlineMs, onStep) => {
  const attempt = new Attempt(address, port, deadlineMs, onStep);
  const name = pushName(chosen, address);
  const maxAgeMs = maxAgeOf(chosen);
  const { at, said } = heartbeats.get(name) ?? note(name, undefined);
  const ageMs = Math.max(0, clock() - at);
  const [age, most] = [ageMs, maxAgeMs].map((ms) => `${Math.round(ms / 1000)} s`);
  if (said !== undefined) attempt.watch?.('heard', `${said.words}, ${age} ago`);
  if (said !== undefined && ageMs <= maxAgeMs) obey(attempt, said);
  else if (said !== undefined) attempt.fail(`last heartbeat ${age} ago, at most ${most} are good`);
  else if (ageMs > maxAgeMs) attempt.fail(`no heartbeat "${name}" for ${most}`);
  else attempt.inconclusive(`no heartbeat "${name}" yet, ${age} of ${most} waited`);
  return attempt.result;
};

/** Believes heartbeats. One is enough: what must be waited for is in max-age. */
export const push: Probe = {
  options,
  defaultPort: 0,
  hasAddress: false,
  thresholds: { fall: 1, rise: 1 },
  run,
};
