// The hidden verb `control`: the process that the server forks. No operator types it.
import { prepareLoader } from '../control/loader.ts';
import { type Command, complain, EXIT } from './command.ts';

export const command: Command = {
  usage: '(started by serve)',
  options: {},
  positionalsMin: 0,
  positionalsMax: 0,
  async run() {
    // The loader comes first: what is loaded is what a start waits for.
    if (process.send !== undefined) prepareLoader();
    const { runControl } = await import('../control/control.ts');
    if (runControl()) return EXIT.done;
    complain('the control process is started by steerdns serve');
    return EXIT.usage;
  },
};
