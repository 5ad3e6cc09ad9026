// The registry of probe kinds: a new kind is one file and one line here. The config schema derives from it.
import { isIP } from 'node:net';
import type { Endpoint } from '../check.ts';
import { agent } from './agent.ts';
import { dns } from './dns.ts';
import { exec } from './exec.ts';
import { file } from './file.ts';
import { http, https } from './http.ts';
import type { OnStep, Options, Probe, ProbeResult, Target } from './probe.ts';
import { push } from './push.ts';
import { lookUp } from './resolve.ts';
import { runSeveral, severalKind, targetsOf } from './several.ts';
import { tcp } from './tcp.ts';

export const probes = { http, https, tcp, agent, dns, exec, file, push } as const satisfies Record<
  string,
  Probe
>;

/**
 * Probes an endpoint once; rejects where its kind is unknown, which config.ts has ruled out. `known` gives
 * the results of targets, the endpoint's or each of several, that are not to be probed.
 */
export function probeEndpoint(
  { address, check }: Endpoint,
  onStep?: OnStep,
  known: (target: Target) => ProbeResult | undefined = () => undefined,
): Promise<ProbeResult> {
  const run = async (target: Target, step?: OnStep) =>
    known(target) ?? runTarget(target, address, check.timeoutMs, step);
  return check.kind === severalKind ? runSeveral(check.options, run, onStep) : run(check, onStep);
}

async function runTarget(
  target: Target,
  memberAddress: string,
  deadlineMs: number,
  onStep?: OnStep,
): Promise<ProbeResult> {
  const { kind, port, options } = target;
  const probe: Probe | undefined = (probes as Readonly<Record<string, Probe>>)[kind];
  if (probe === undefined) throw new Error(`there is no probe "${kind}"`);
  const address = target.address ?? memberAddress;
  if (probe.hasAddress === false || isIP(address) !== 0) {
    return probe.run(address, port, options, deadlineMs, onStep);
  }
  const found = await lookUp(address, deadlineMs, onStep);
  if (found.address === undefined) return found.result;
  const { latencyMs } = found.result;
  const later = onStep && ((step: Parameters<OnStep>[0]) => onStep({ ...step, atMs: step.atMs + latencyMs }));
  const named = namedOptions(probe, address, port, options);
  const result = await probe.run(found.address, port, named, Math.max(1, deadlineMs - latencyMs), later);
  return { ...result, latencyMs: result.latencyMs + latencyMs };
}

/** A server that is known by a name is asked by it, and its certificate is for it. */
function namedOptions(probe: Probe, name: string, port: number, options: Options): Options {
  if (probe.options.host === undefined || options.host !== undefined) return options;
  return { ...options, host: port === probe.defaultPort ? name : `${name}:${port}` };
}

/** Whether an answer of it came over the network, as far as we know: all of it was asked at addresses. */
export function isRemote({ check }: Endpoint): boolean {
  const known: Readonly<Record<string, Probe>> = probes;
  return targetsOf(check).every(({ kind }) => known[kind]?.hasAddress !== false);
}
