// Several probes as one: all at once under one deadline, up when enough of them are. All are waited for, so
// that what is said of the weight does not depend on which was first. Called by index.ts, which runs each.
import { reasonOf } from './attempt.ts';
import type { OnStep, Options, ProbeResult, Target } from './probe.ts';

/** Kind of a target that stands for several. */
export const severalKind = 'several';

type Several = { readonly need: number; readonly probes: readonly Target[] };

/** Makes the target that stands for several, of which `need` must be up. */
export function severalTarget(need: number, probes: readonly Target[]): Target {
  return { kind: severalKind, port: 0, options: { need, probes } satisfies Several };
}

/** The targets that a target stands for; itself where it is one. */
export function targetsOf(target: Target): readonly Target[] {
  return target.kind === severalKind ? (target.options as Several).probes : [target];
}

/** Whether each of the targets that it stands for must be up for it to be up. */
export function needsAll(target: Target): boolean {
  return target.kind !== severalKind || (target.options as Several).need === targetsOf(target).length;
}

/** Runs all and joins what comes of it. */
export async function runSeveral(
  options: Options,
  run: (target: Target, onStep?: OnStep) => Promise<ProbeResult>,
  onStep?: OnStep,
): Promise<ProbeResult> {
  const { need, probes } = options as Several;
  const results = await Promise.all(
    probes.map((target) => {
      const step = onStep && ((one: Parameters<OnStep>[0]) => onStep({ ...one, probe: targetWords(target) }));
      return run(target, step).then((result) => {
        step?.({ atMs: result.latencyMs, step: result.outcome, text: result.reason });
        return result;
      });
    }),
  );
  return joinResults(need, probes.map(targetWords), results);
}

/** How one of several is called: `http port 8080`, and where, if it is elsewhere. */
export function targetWords({ kind, port, address }: Target): string {
  const words = port === 0 ? kind : `${kind} port ${port}`;
  return address === undefined ? words : `${words} at ${address}`;
}

/** One result of several, of which `need` must be ok. Pure. */
export function joinResults(
  need: number,
  names: readonly string[],
  results: readonly ProbeResult[],
): ProbeResult {
  const of = (outcome: ProbeResult['outcome']) => results.filter((result) => result.outcome === outcome);
  const good = of('ok').sort((a, b) => a.latencyMs - b.latencyMs);
  const outcome =
    good.length >= need ? 'ok' : results.length - of('fail').length < need ? 'fail' : 'inconclusive';
  const told = (one: ProbeResult) =>
    `${names[results.indexOf(one)]}: ${one.reason.replace(/^inconclusive: /, '')}`;
  // With ok the others are worth a word, too: they fail though enough are up.
  const others = results.filter((result) => result.outcome !== 'ok').sort(byOutcome);
  const count = `${good.length} of ${results.length} up`;
  const why =
    others.length === 0
      ? count
      : `${count}${outcome === 'ok' ? '' : `, ${need} needed`}; ${others.map(told).join('; ')}`;
  const parts = good.flatMap(({ said }) => said?.part ?? []);
  const warnings = [...new Set(results.flatMap(({ warning }) => warning ?? []))];
  return {
    outcome,
    reason: reasonOf(outcome === 'inconclusive' ? `inconclusive: ${why}` : why),
    latencyMs:
      outcome === 'ok' ? good[need - 1]!.latencyMs : Math.max(...results.map((one) => one.latencyMs)),
    ...(parts.length === 0 ? {} : { said: { part: Math.min(...parts) } }),
    ...(warnings.length === 0 ? {} : { warning: reasonOf(warnings.join('; ')) }),
  };
}

/** Failures first: there is little room. */
function byOutcome(a: ProbeResult, b: ProbeResult): number {
  return Number(b.outcome === 'fail') - Number(a.outcome === 'fail');
}
