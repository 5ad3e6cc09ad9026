// steerdns stop: ends the server that runs here, as SIGTERM does, and comes back when it is gone.
import { findControl, runDirOf } from '../paths.ts';
import { ask, livingServer, refused } from './client.ts';
import { type Command, complain, EXIT, options, textOf } from './command.ts';

/** A server ends within five seconds; one that has not by then hangs. */
const goneMaxMs = 15_000;
const lookMs = 50;

export const command: Command = {
  usage: '',
  options: { control: options.control, json: options.json },
  positionalsMin: 0,
  positionalsMax: 0,
  async run(values) {
    const answer = await ask(values, 'POST', '/stop');
    if (typeof answer === 'number') return answer;
    if (answer.status !== 200) return refused(answer);
    const { pid } = answer.body as { pid: number };
    const runDir = runDirOf(findControl({ control: textOf(values, 'control') }));
    const deadline = performance.now() + goneMaxMs;
    // Its status file goes with it, or names a process that is no more; a bare number may be anybody's.
    while (livingServer(runDir) === pid) {
      if (performance.now() > deadline) {
        complain(`process ${pid} was told to stop and still runs`);
        return EXIT.failed;
      }
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
    process.stdout.write(
      values.json === true ? `${JSON.stringify({ stopped: pid })}\n` : `stopped: process ${pid}\n`,
    );
    return EXIT.done;
  },
};
