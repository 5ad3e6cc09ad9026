// steerdns reload: takes changed zones and settings into service, whole or not at all, and says what changed.
// With --dry-run it only says so; what would be lost by it refuses it unless it is forced.
import { startProgress } from '../control/progress.ts';
import type { ReloadReport } from '../control/reload.ts';
import { type Fault, printFault } from '../faults.ts';
import { ask, refused } from './client.ts';
import { type Command, complain, EXIT, options } from './command.ts';
import { printMoment, printSpan } from './text.ts';

export const command: Command = {
  usage: '[ZONE]',
  options: {
    'dry-run': { what: 'say what would change, and change nothing' },
    force: { what: 'take it into service though much would be lost' },
    control: options.control,
    json: options.json,
  },
  positionalsMin: 0,
  positionalsMax: 1,
  async run(values, [zone]) {
    const parameters = new URLSearchParams();
    for (const flag of ['dry-run', 'force']) if (values[flag] === true) parameters.set(flag, '1');
    if (zone !== undefined) parameters.set('zone', zone);
    const progress = startProgress();
    const from = Date.now();
    const timer = setInterval(
      () => progress.show(`reading and checking: ${printSpan(Date.now() - from)}`),
      100,
    );
    const answer = await ask(values, 'POST', `/reload?${parameters}`);
    clearInterval(timer);
    progress.end();
    if (typeof answer === 'number') return answer;
    if (answer.status !== 200 && answer.status !== 422) return refused(answer);
    const report = answer.body as ReloadReport;
    if (values.json === true) process.stdout.write(JSON.stringify(report) + '\n');
    else printReport(report, values.force === true);
    return report.ok ? EXIT.done : EXIT.failed;
  },
};

function printReport(report: ReloadReport, isForced: boolean): void {
  const { ok, isDryRun, changes, losses, settings, faults, failure, notes } = report;
  const weighed: Fault[] = losses.map((loss) => (isForced ? { ...loss, severity: 'warning' } : loss));
  for (const fault of [...faults, ...weighed]) process.stderr.write(printFault(fault) + '\n');
  if (failure !== undefined) complain(failure);
  for (const { text } of changes) process.stdout.write(text + '\n');
  if (!ok) {
    complain(`${isDryRun ? 'a reload would be refused' : 'reload refused'}, ${servingText(report)}`);
    return;
  }
  if (settings.length > 0) process.stdout.write(`steerdns.yaml: ${settings.join(', ')} changed\n`);
  if (changes.length + settings.length === 0) process.stdout.write('no changes\n');
  for (const note of notes) complain(note);
  if (isDryRun) complain(`nothing was changed, ${servingText(report)}`);
}

function servingText({ generation, servingSince }: ReloadReport): string {
  const now = Date.now();
  const since =
    servingSince === undefined
      ? ''
      : `, loaded at ${printMoment(servingSince, now)}, ${printSpan(now - servingSince)} ago`;
  return `still serving generation ${generation}${since}`;
}
