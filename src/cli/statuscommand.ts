// Commands that print the daemon's status or a part of it, and take nothing but where it is: they differ in
// what they make of it only.
import type { Status } from '../control/status.ts';
import { askStatus } from './client.ts';
import { type Command, EXIT, options, painter } from './command.ts';
import type { Paint } from './statustext.ts';

/** Makes the command from what it prints with --json, and what without. */
export function statusCommand(
  json: (status: Status) => unknown,
  text: (status: Status, paint: Paint) => string,
): Command {
  return {
    usage: '',
    options: { control: options.control, json: options.json },
    positionalsMin: 0,
    positionalsMax: 0,
    async run(values) {
      const status = await askStatus(values);
      if (typeof status === 'number') return status;
      process.stdout.write(
        values.json === true ? `${JSON.stringify(json(status))}\n` : text(status, painter),
      );
      return EXIT.done;
    },
  };
}
