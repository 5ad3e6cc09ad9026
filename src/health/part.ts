// The part of its weight that a server gets at a moment: slow start, what it says of itself, and degraded.
// Pure. Asked for by the monitors when a result came, and by whoever publishes when `changesAt` has come.
//
//   1.0 |                      ________     After it came back from down a server gets a tenth of its weight,
//       |                 ____|             and another tenth every ninth of the slow start; so the last step
//   0.1 |____ ... ____|                     is where the slow start ends.
//       returnedAt             slowStartMs
import type { Check } from './check.ts';
import type { ProbeResult } from './probes/probe.ts';
import { countsAsUp, type VerdictState } from './verdict.ts';

/** `part` from 0 to 1; `changesAt`: wall clock at which it changes if nothing happens, undefined: never. */
export type Part = { readonly part: number; readonly changesAt: number | undefined };

const steps = 10;
const all: Part = { part: 1, changesAt: undefined };

/**
 * The part of a server that counts as up, at `wallMs`; `said` is what it says of itself. What is down has its
 * weight: where all are down, the weights are those that the operator wrote.
 */
export function partOf(state: VerdictState, said: number, check: Check, wallMs: number): Part {
  if (state.verdict === 'down') return all;
  const start = countsAsUp(state) ? slowStart(state.returnedAt, check.slowStartMs, wallMs) : all;
  const speed = state.verdict === 'degraded' ? check.degradedPart : 1;
  return { part: rounded(start.part * said * speed), changesAt: start.changesAt };
}

function slowStart(returnedAt: number | undefined, slowStartMs: number, wallMs: number): Part {
  if (returnedAt === undefined || slowStartMs === 0) return all;
  // A clock that was set back must not stop the growth.
  const from = Math.min(returnedAt, wallMs);
  const step = 1 + Math.floor(((wallMs - from) * (steps - 1)) / slowStartMs);
  if (step >= steps) return all;
  return { part: step / steps, changesAt: from + Math.ceil((step * slowStartMs) / (steps - 1)) };
}

/**
 * What a server says of its weight, moved towards what it says now by at most `weightStep`. What it says
 * first holds at once, and who says nothing stays where it is.
 */
export function movedSaid(
  before: number | undefined,
  { outcome, said }: Pick<ProbeResult, 'outcome' | 'said'>,
  weightStep: number,
): number | undefined {
  const wanted = outcome === 'inconclusive' ? undefined : said?.part;
  if (wanted === undefined || before === undefined) return wanted ?? before;
  return rounded(Math.min(before + weightStep, Math.max(before - weightStep, wanted)));
}

/** Products of percentages, without the noise of binary fractions. */
function rounded(part: number): number {
  return Math.round(part * 1e6) / 1e6;
}
