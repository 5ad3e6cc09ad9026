// The hidden verb `control`: the process that the server forks. No operator types it. Under `serve --user` it
// gives root up before anything else: what starts a child as another user takes that user's groups away.
import { prepareLoader } from '../control/loader.ts';
import { become, readUser } from '../serve/privileges.ts';
import { type Command, complain, EXIT, textOf } from './command.ts';

export const command: Command = {
  usage: '(started by serve)',
  options: { user: { value: 'NAME:GROUP', what: 'who to become' } },
  positionalsMin: 0,
  positionalsMax: 0,
  async run(values) {
    const text = textOf(values, 'user');
    if (text !== undefined) {
      const user = readUser(text);
      if ('fault' in user) throw new Error(user.fault);
      become(user);
    }
    // The loader comes first: what is loaded is what a start waits for.
    if (process.send !== undefined) prepareLoader();
    const { runControl } = await import('../control/control.ts');
    if (runControl()) return EXIT.done;
    complain('the control process is started by steerdns serve');
    return EXIT.usage;
  },
};
