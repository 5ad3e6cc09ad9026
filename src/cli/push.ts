// steerdns push NAME [STATE]: a heartbeat for the checks of type push that wait for the name. Silent where
// all is well, because cron makes a letter of every line.
import { ask, refused } from './client.ts';
import { type Command, EXIT, options, textOf } from './command.ts';

export const command: Command = {
  usage: 'NAME [STATE]',
  options: {
    reason: { value: 'TEXT', what: 'why, in words for status and the log' },
    control: options.control,
    json: options.json,
  },
  positionalsMin: 1,
  positionalsMax: 2,
  async run(values, [name, state]) {
    const parameters = new URLSearchParams({ name: name!, state: state ?? 'up' });
    const reason = textOf(values, 'reason');
    if (reason !== undefined) parameters.set('reason', reason);
    const answer = await ask(values, 'POST', `/push?${parameters}`);
    if (typeof answer === 'number') return answer;
    if (answer.status !== 200) return refused(answer);
    if (values.json === true) process.stdout.write(`${JSON.stringify(answer.body)}\n`);
    return EXIT.done;
  },
};
