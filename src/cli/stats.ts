// steerdns stats: everything that is measured, in words; with --json as GET /stats gives it.
import type { Family, Series } from '../control/families.ts';
import { ask, refused } from './client.ts';
import { type Command, EXIT, options } from './command.ts';
import { printCount, printMoment } from './text.ts';

export const command: Command = {
  usage: '[WORD]',
  options: { control: options.control, json: options.json },
  positionalsMin: 0,
  positionalsMax: 1,
  async run(values, [word = '']) {
    const answer = await ask(values, 'GET', '/stats');
    if (typeof answer === 'number') return answer;
    if (answer.status !== 200) return refused(answer);
    const { families } = answer.body as { families: Family[] };
    const wanted = families.filter(({ name }) => name.includes(word));
    if (values.json === true) process.stdout.write(`${JSON.stringify({ families: wanted })}\n`);
    else process.stdout.write(wanted.map((family) => familyText(family, Date.now())).join(''));
    return EXIT.done;
  },
};

/** A family as lines: its name and what it is, then a line for each of its series. */
export function familyText({ name, help, type, series }: Family, now: number): string {
  const short = name.replace(/^steerdns_/, '');
  if (series.length === 0) return '';
  const rows = type === 'histogram' ? histogramRows(series) : series.map((one) => rowOf(short, one, now));
  if (rows.length === 1 && rows[0]![0] === '') return `${short}: ${rows[0]![1]}  (${help})\n`;
  const width = Math.max(...rows.map(([labels]) => labels.length));
  const lines = rows.map(([labels, value]) => `  ${labels.padEnd(width)}  ${value}\n`);
  return `${short}: ${help}\n${lines.join('')}`;
}

function rowOf(name: string, { labels, value }: Series, now: number): [string, string] {
  const isMoment = /(start_time|timestamp)_seconds$/.test(name);
  return [labelText(labels), isMoment ? printMoment(value * 1000, now) : printCount(value)];
}

/** How many, and how much on average: the buckets are for programs. */
function histogramRows(series: readonly Series[]): [string, string][] {
  const sums = series.filter(({ suffix }) => suffix === '_sum');
  const counts = series.filter(({ suffix }) => suffix === '_count');
  return sums.map(({ labels, value }, i) => {
    const count = counts[i]!.value;
    const mean = count === 0 ? '-' : (value / count).toPrecision(3);
    return [labelText(labels), `${printCount(count)}, ${mean} on average`];
  });
}

function labelText(labels: Series['labels']): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(' ');
}
