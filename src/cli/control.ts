// The hidden verb `control`: the process that the server forks. No operator types it.
import { runControl } from '../control/control.ts';
import { type Command, complain, EXIT } from './command.ts';

export const command: Command = {
  usage: '(started by serve)',
  options: {},
  positionalsMin: 0,
  positionalsMax: 0,
  async run() {
    if (runControl()) return EXIT.done;
    complain('the control process is started by steerdns serve');
    return EXIT.usage;
  },
};
