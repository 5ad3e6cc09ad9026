// steerdns status: what needs somebody, then how everything is.
import { askStatus } from './client.ts';
import { type Command, EXIT, options, paint } from './command.ts';
import { statusText } from './statustext.ts';

export const command: Command = {
  usage: '',
  options: { control: options.control, json: options.json },
  positionalsMin: 0,
  positionalsMax: 0,
  async run(values) {
    const status = await askStatus(values);
    if (typeof status === 'number') return status;
    if (values.json === true) process.stdout.write(JSON.stringify(status) + '\n');
    else process.stdout.write(statusText(status, (style, text) => paint(process.stdout, style, text)));
    return EXIT.done;
  },
};
