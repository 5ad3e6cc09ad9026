// Heartbeats as they come over the control socket: POST /push?name=NAME&state=STATE&reason=TEXT. Only names
// that a check waits for are taken, and what is news is probed at once, not when its turn comes.

import type { Monitors } from '../health/monitor.ts';
import { hear, pushName } from '../health/probes/push.ts';
import { targetsOf } from '../health/probes/several.ts';
import { parseStatement } from '../health/probes/statement.ts';
import { probeReasonMax } from '../limits.ts';
import { suggest } from '../near.ts';
import { type Reply, refusal } from './admin.ts';
import type { Loaded } from './load.ts';

const states = 'up, down, drain, maint or a percentage such as 75%';

/** Endpoints by the name that they wait for, made when a load is first asked for one. */
const waiting = new WeakMap<Loaded, ReadonlyMap<string, readonly string[]>>();

/** Takes one heartbeat for what is in service. */
export function takePush(
  loaded: Loaded | undefined,
  monitors: Pick<Monitors, 'probeNow'>,
  parameters: URLSearchParams,
): Reply {
  const name = parameters.get('name') ?? '';
  const names = loaded === undefined ? new Map<string, string[]>() : keysByName(loaded);
  const keys = names.get(name);
  if (keys === undefined) {
    const hint = suggest(name, [...names.keys()]) || 'a check of type push has the name';
    return refusal(404, `no check waits for "${name}"`, hint);
  }
  const state = parameters.get('state') || 'up';
  const statement = parseStatement(state);
  if (statement === undefined) return refusal(422, `"${state}" is no state`, states);
  const why = (parameters.get('reason') || statement.why).slice(0, probeReasonMax);
  if (hear(name, { ...statement, why })) monitors.probeNow(keys);
  return { status: 200, body: { ok: true, name, state: statement.words, endpoints: keys.length } };
}

function keysByName(loaded: Loaded): ReadonlyMap<string, readonly string[]> {
  const known = waiting.get(loaded);
  if (known !== undefined) return known;
  const keys = new Map<string, string[]>();
  for (const { key, address, check } of loaded.zones.flatMap(({ endpoints }) => endpoints)) {
    for (const { kind, options } of targetsOf(check)) {
      if (kind !== 'push') continue;
      const name = pushName(options, address);
      const those = keys.get(name);
      if (those === undefined) keys.set(name, [key]);
      else if (!those.includes(key)) those.push(key);
    }
  }
  waiting.set(loaded, keys);
  return keys;
}
