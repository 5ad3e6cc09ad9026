// Heartbeats as they come over the control socket: POST /push?name=NAME&state=STATE&reason=TEXT. Only names
// that a check waits for are taken, and what is news is probed at once, not when its turn comes.

import type { Monitors } from '../health/monitor.ts';
import { hear, maxAgeOf, pushName } from '../health/probes/push.ts';
import { targetsOf } from '../health/probes/several.ts';
import { parseStatement } from '../health/probes/statement.ts';
import { probeReasonMax } from '../limits.ts';
import { suggest } from '../near.ts';
import { type Reply, refusal } from './admin.ts';
import type { Loaded } from './load.ts';

const states = 'up, down, drain, maint or a percentage such as 75%';

/** Who waits for a name: the keys of endpoints, and the least of their max-ages. */
type Waiting = { readonly keys: string[]; maxAgeMs: number };

/** By name, made when a load is first asked for one. */
const waiting = new WeakMap<Loaded, ReadonlyMap<string, Waiting>>();

/** Takes one heartbeat for what is in service. */
export function takePush(
  loaded: Loaded | undefined,
  monitors: Pick<Monitors, 'probeNow'>,
  parameters: URLSearchParams,
): Reply {
  const name = parameters.get('name') ?? '';
  const names = loaded === undefined ? new Map<string, Waiting>() : waitingByName(loaded);
  const found = names.get(name);
  if (found === undefined) {
    const hint = suggest(name, [...names.keys()]) || 'a check of type push has the name';
    return refusal(404, `no check waits for "${name}"`, hint);
  }
  const state = parameters.get('state') || 'up';
  const statement = parseStatement(state);
  if (statement === undefined) return refusal(422, `"${state}" is no state`, states);
  const why = (parameters.get('reason') || statement.why).slice(0, probeReasonMax);
  const { keys, maxAgeMs } = found;
  if (hear(name, { ...statement, why }, maxAgeMs)) monitors.probeNow(keys);
  return { status: 200, body: { ok: true, name, state: statement.words, endpoints: keys.length } };
}

function waitingByName(loaded: Loaded): ReadonlyMap<string, Waiting> {
  const known = waiting.get(loaded);
  if (known !== undefined) return known;
  const names = new Map<string, Waiting>();
  for (const { key, address, check } of loaded.zones.flatMap(({ endpoints }) => endpoints)) {
    for (const { kind, options } of targetsOf(check)) {
      if (kind !== 'push') continue;
      const name = pushName(options, address);
      const those = names.get(name) ?? { keys: [], maxAgeMs: Infinity };
      names.set(name, those);
      those.maxAgeMs = Math.min(those.maxAgeMs, maxAgeOf(options));
      if (!those.keys.includes(key)) those.keys.push(key);
    }
  }
  waiting.set(loaded, names);
  return names;
}
