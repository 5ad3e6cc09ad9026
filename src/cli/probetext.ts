// The text of `steerdns probe`, in 80 columns: a line for each step, with the time since the start of the
// probe, and at the end what came of it. Pure.
import { severalKind, targetsOf, targetWords } from '../health/probes/several.ts';
import type { ProbeReport } from './probe.ts';
import type { Paint } from './statustext.ts';
import { hang, printSpan, width } from './text.ts';

/** Lines of one step that are shown: a header of a hundred lines helps nobody. */
const linesMax = 20;
const stepRoom = 12;
const colours = { ok: 'green', fail: 'red', inconclusive: 'yellow' } as const;

/** Makes the text of one probe. */
export function probeText(report: ProbeReport, now: number, paint: Paint): string {
  const { endpoint, steps, result, daemon } = report;
  const { check } = endpoint;
  const lines = hang('', headOf(report)).map((line) => paint('bold', line));
  const names = check.kind === severalKind ? targetsOf(check).map(targetWords) : [undefined];
  for (const name of names) {
    if (name !== undefined) lines.push(paint('bold', `  ${name}`));
    for (const { atMs, step, text, probe } of steps) {
      if (probe !== name) continue;
      const rows = row(`${atMs.toFixed(1)} ms`, step, text);
      const colour = Object.hasOwn(colours, step) ? colours[step as keyof typeof colours] : undefined;
      lines.push(...(colour === undefined ? rows : rows.map((line) => paint(colour, line))));
    }
  }
  const verdict = row(
    `${result.latencyMs.toFixed(1)} ms`,
    result.outcome,
    result.reason.replace(/^inconclusive: /, ''),
  );
  lines.push(...verdict.map((line) => paint(colours[result.outcome], line)));
  const note = (word: string, text: string, style: 'yellow' | 'dim') =>
    lines.push(...row('', word, text).map((line) => paint(style, line)));
  const part = result.said?.part;
  if (part !== undefined && part < 1) note('weight', `it asks for ${percent(part)} of its weight`, 'yellow');
  const { latencyLimitMs, degradedPart } = check;
  if (result.outcome === 'ok' && latencyLimitMs !== undefined && result.latencyMs > latencyLimitMs) {
    note('slow', `over ${latencyLimitMs} ms it gets ${percent(degradedPart)} of its weight`, 'yellow');
  }
  if (result.warning !== undefined) note('warning', result.warning, 'yellow');
  if (daemon?.since !== undefined) {
    const last = daemon.last === undefined ? '' : `: ${daemon.last.reason}`;
    note('the daemon', `${daemon.verdict} for ${printSpan(now - daemon.since)}${last}`, 'dim');
  }
  return `${lines.join('\n')}\n`;
}

function headOf({ members, endpoint: { address, check } }: ProbeReport): string {
  const names = [...new Set(members.map(({ member }) => member))].filter((name) => name !== address);
  const owners = [...new Set(members.map(({ owner }) => owner))];
  const who = names.length === 0 ? address : `${names.join(', ')} (${address})`;
  const where = owners.length === 0 ? '' : ` of ${owners.join(', ')}`;
  return `${who}${where}: ${targetWords(check)}, at most ${check.timeoutMs} ms`;
}

/** A step; further lines stand below its text, and what is too long is cut or wrapped. */
function row(time: string, step: string, text: string): string[] {
  const start = `${time.padStart(11)}  ${step.padEnd(stepRoom)}  `;
  const all = text.split('\n');
  const shown = all.slice(0, linesMax);
  if (all.length > linesMax) shown.push(`and ${all.length - linesMax} more lines`);
  return shown.flatMap((line, i) => {
    const whole = hang(i === 0 ? start : ' '.repeat(start.length), line);
    return whole.map((one) => (one.length <= width ? one : `${one.slice(0, width - 1)}…`).trimEnd());
  });
}

function percent(part: number): string {
  return `${Math.round(part * 1000) / 10} %`;
}
