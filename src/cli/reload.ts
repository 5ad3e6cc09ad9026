// steerdns reload: takes changed zones and settings into service, whole or not at all, and says what changed.

import type { ReloadReport } from '../control/reload.ts';
import { printFault } from '../faults.ts';
import { ask, refused } from './client.ts';
import { type Command, complain, EXIT, options } from './command.ts';

export const command: Command = {
  usage: '',
  options: { control: options.control, json: options.json },
  positionalsMin: 0,
  positionalsMax: 0,
  async run(values) {
    const answer = await ask(values, 'POST', '/reload');
    if (typeof answer === 'number') return answer;
    if (answer.status !== 200 && answer.status !== 422) return refused(answer);
    const report = answer.body as ReloadReport;
    if (values.json === true) process.stdout.write(JSON.stringify(report) + '\n');
    else printReport(report);
    return report.ok ? EXIT.done : EXIT.failed;
  },
};

function printReport({ ok, changes, settings, faults, failure, notes, generation }: ReloadReport): void {
  for (const fault of faults) process.stderr.write(printFault(fault) + '\n');
  if (!ok) {
    if (failure !== undefined) complain(failure);
    complain(`reload refused, still serving generation ${generation}`);
    return;
  }
  for (const { text } of changes) process.stdout.write(text + '\n');
  if (settings.length > 0) process.stdout.write(`steerdns.yaml: ${settings.join(', ')} changed\n`);
  if (changes.length + settings.length === 0) process.stdout.write('no changes\n');
  for (const note of notes) complain(note);
}
