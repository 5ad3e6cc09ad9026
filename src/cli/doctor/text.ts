// What `steerdns doctor` prints, in 80 columns: a line for each finding with what to do below it, then the
// records that the parent should have. Pure.
import type { Paint } from '../statustext.ts';
import { hang, plural } from '../text.ts';
import type { Finding, Level } from './finding.ts';

export type ZoneDiagnosis = {
  readonly origin: string;
  readonly findings: readonly Finding[];
  /** Lines of the parent's zone file. */
  readonly records: readonly string[];
};

export type Diagnosis = {
  readonly machine: readonly Finding[];
  readonly zones: readonly ZoneDiagnosis[];
};

const marks = { ok: 'ok  ', warning: '!   ', error: '!!  ' } as const;
const colours = { ok: 'green', warning: 'yellow', error: 'red' } as const;
const topicRoom = 12;

/** Everything that was found. */
export function findingsOf({ machine, zones }: Diagnosis): Finding[] {
  return [...machine, ...zones.flatMap(({ findings }) => findings)];
}

/** Makes the text. */
export function doctorText(diagnosis: Diagnosis, paint: Paint): string {
  const { machine, zones } = diagnosis;
  const lines = machine.flatMap((one) => findingLines(one, paint));
  for (const { origin, findings } of zones) {
    lines.push('', paint('bold', origin), ...findings.flatMap((one) => findingLines(one, paint)));
  }
  for (const { origin, records } of zones) {
    lines.push('', paint('bold', `for the parent of ${origin}`), ...records);
  }
  const all = findingsOf(diagnosis);
  const count = (level: Level) => all.filter((one) => one.level === level).length;
  const worst = count('error') > 0 ? 'error' : count('warning') > 0 ? 'warning' : 'ok';
  const sum = `${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}, ${count('ok')} ok`;
  lines.push('', paint(colours[worst], sum));
  return `${lines.join('\n')}\n`;
}

function findingLines({ level, topic, text, hint }: Finding, paint: Paint): string[] {
  const lead = `${marks[level]}${topic.padEnd(topicRoom)}`;
  const lines = hang(lead, text).map((line) => (level === 'ok' ? line : paint(colours[level], line)));
  const advice = hint === '' ? [] : hang(`${' '.repeat(lead.length)}-> `, hint);
  return [...lines, ...advice];
}
