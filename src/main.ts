#!/usr/bin/env node
// argv -> a command, nothing else. Commands are loaded only when they are run, so that `serve` reaches no
// library through this file; keep the imports here to node: modules and small plain files.
import { complain, EXIT, parseArguments, printUsage } from './cli/command.ts';
import { commands, helpWhat, hidden } from './cli/commands.ts';
import { nearest } from './near.ts';

const synonyms: Readonly<Record<string, string>> = { '--help': 'help', '-h': 'help', '--version': 'version' };

async function main(argv: readonly string[]): Promise<number> {
  const [first, ...args] = argv;
  if (first === undefined) {
    process.stderr.write(overview());
    return EXIT.usage;
  }
  const verb = (Object.hasOwn(synonyms, first) ? synonyms[first] : undefined) ?? first;
  if (verb === 'help' && args.length === 0) {
    process.stdout.write(overview());
    return EXIT.done;
  }
  const asksHelp = verb === 'help';
  const name = asksHelp ? args[0]! : verb;
  const row = Object.hasOwn(commands, name) ? commands[name] : Object.hasOwn(hidden, name) && hidden[name];
  if (!row) {
    const meant = nearest(name, [...Object.keys(commands), 'help']);
    complain(
      `unknown command "${name}"${meant === undefined ? ', see steerdns help' : `, did you mean ${meant}?`}`,
    );
    return EXIT.usage;
  }
  const { command } = await row.load();
  const parsed = parseArguments(command, asksHelp ? ['--help'] : args);
  if ('fault' in parsed) {
    complain(`${parsed.fault}, see steerdns help ${name}`);
    return EXIT.usage;
  }
  if (parsed.values.help === true) {
    process.stdout.write(printUsage(name, command));
    return EXIT.done;
  }
  return command.run(parsed.values, parsed.positionals);
}

function overview(): string {
  const rows = [...Object.entries(commands), ['help', { what: helpWhat }] as const];
  const width = Math.max(...rows.map(([verb]) => verb.length));
  const lines = rows.map(([verb, { what }]) => `  ${verb.padEnd(width)}  ${what}\n`);
  return `usage: steerdns COMMAND [flags]\n\n${lines.join('')}`;
}

// A reader that goes away (`| head`) ends the output, not the command.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // Operators get a sentence; the trace is for whoever asks for it.
  const trace = process.env.STEERDNS_TRACE === '1' && error instanceof Error ? error.stack : undefined;
  complain(trace ?? (error instanceof Error ? error.message : String(error)));
  process.exitCode = EXIT.failed;
}
