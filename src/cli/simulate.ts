// steerdns simulate DIR SCRIPT: what verdicts and answers come to when servers fail as a script says, in
// virtual time and without a running server.
import { readFileSync } from 'node:fs';
import { durationMs } from '../config/values.ts';
import { loadAll } from '../control/load.ts';
import { settingsOf } from '../control/settings.ts';
import { type Fault, printFault, refuses, sortFaults, whyUnreadable } from '../faults.ts';
import { simulationMaxMs } from '../limits.ts';
import { type Command, complain, EXIT, options, painter, textOf } from './command.ts';
import { readScript } from './simulate/script.ts';
import { planOf, simulate } from './simulate/simulation.ts';
import { simulationText } from './simulate/text.ts';

/** Where the script says nothing of its end, it goes on for so long after its last step. */
const afterLastMs = 60_000;

export const command: Command = {
  usage: 'DIR SCRIPT',
  options: {
    seed: { value: 'N', what: 'another seed, other moments of the probes (default 1)' },
    for: { value: 'TIME', what: 'virtual time, such as 2m, in place of the end in the script' },
    json: options.json,
  },
  positionalsMin: 2,
  positionalsMax: 2,
  async run(values, [dir, file]) {
    const seedText = textOf(values, 'seed') ?? '1';
    const span = durationMs(1, simulationMaxMs)(textOf(values, 'for') ?? '1s');
    if (!/^\d{1,9}$/.test(seedText)) return misused(`--seed is a number, not "${seedText}"`);
    if ('wrong' in span) return misused(`--for ${span.wrong}`);
    const text = readText(file!);
    if (typeof text === 'number') return text;
    const loaded = loadAll({ dir: dir!, tablesDir: undefined, known: [] });
    const script = readScript(file!, text);
    const errors = loaded.faults.filter(({ severity }) => severity === 'error');
    if (errors.length > 0) return refuse([...errors, ...script.faults]);
    const { canaries } = loaded.server;
    const plan = planOf(script, loaded.zones, canaries);
    const faults = [...script.faults, ...plan.faults];
    if (refuses(faults)) return refuse(faults);
    const last = script.steps.at(-1)?.atMs ?? 0;
    const endMs = textOf(values, 'for') === undefined ? (script.endMs ?? last + afterLastMs) : span.value;
    const outcome = await simulate(loaded.zones, settingsOf(loaded), plan, {
      seed: Number(seedText),
      endMs,
      canaries,
    });
    process.stdout.write(
      values.json === true ? `${JSON.stringify(outcome)}\n` : simulationText(outcome, painter),
    );
    return EXIT.done;
  },
};

function misused(what: string): number {
  complain(what);
  return EXIT.usage;
}

/** `-` is what stands on stdin. */
function readText(file: string): string | number {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    complain(`${file}: ${whyUnreadable(error as NodeJS.ErrnoException)}`);
    return EXIT.failed;
  }
}

function refuse(faults: readonly Fault[]): number {
  for (const fault of sortFaults(faults)) process.stderr.write(`${printFault(fault)}\n`);
  return EXIT.failed;
}
