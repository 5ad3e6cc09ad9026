// steerdns status: what needs somebody, then how everything is.
import type { Status } from '../control/status.ts';
import { ask, refused } from './client.ts';
import { type Command, EXIT, options, paint } from './command.ts';
import { statusText } from './statustext.ts';

export const command: Command = {
  usage: '',
  options: { control: options.control, json: options.json },
  positionalsMin: 0,
  positionalsMax: 0,
  async run(values) {
    const answer = await ask(values, 'GET', '/status');
    if (typeof answer === 'number') return answer;
    if (answer.status !== 200) return refused(answer);
    if (values.json === true) process.stdout.write(JSON.stringify(answer.body) + '\n');
    else
      process.stdout.write(
        statusText(answer.body as Status, (style, text) => paint(process.stdout, style, text)),
      );
    return EXIT.done;
  },
};
