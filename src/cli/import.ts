// steerdns import gdnsd DIR, steerdns import pdns-lua ZONE: what another server balances, as zone files and
// YAML. Without --to it is printed and nothing is written; what could not be imported is said, and what was
// written is checked as `check` does.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from '../control/load.ts';
import { printFault, refuses } from '../faults.ts';
import { suggest } from '../near.ts';
import { type Command, complain, EXIT, options, textOf, type Values } from './command.ts';
import { importGdnsd } from './import/gdnsd.ts';
import { importPdns } from './import/pdns.ts';
import type { Note } from './import/plan.ts';
import { VscfFault } from './import/vscf.ts';

type Files = ReadonlyMap<string, string>;

const sources: Readonly<Record<string, (path: string, values: Values, note: Note) => Files>> = {
  gdnsd: (path, _values, note) => importGdnsd(path, note),
  'pdns-lua': (path, values, note) => importPdns(path, textOf(values, 'origin'), note),
};

export const command: Command = {
  usage: `${Object.keys(sources).join('|')} PATH`,
  options: {
    to: { value: 'DIR', what: 'write the files into this folder, which has none of them yet' },
    origin: { value: 'NAME', what: 'with pdns-lua: the zone, where its file has another name' },
    json: options.json,
  },
  positionalsMin: 2,
  positionalsMax: 2,
  async run(values, [source = '', path = '']) {
    const read = Object.hasOwn(sources, source) ? sources[source] : undefined;
    if (read === undefined) {
      complain(`cannot import from "${source}": ${suggest(source, Object.keys(sources))}`);
      return EXIT.usage;
    }
    const notes: { where: string; what: string }[] = [];
    let files: Files;
    try {
      files = read(path, values, (where, what) => notes.push({ where, what }));
    } catch (error) {
      // What the other server's files are to blame for is a line, our own mistakes are not.
      if (!(error instanceof VscfFault) && (error as NodeJS.ErrnoException).code === undefined) throw error;
      complain((error as Error).message);
      return EXIT.failed;
    }
    return report(files, notes, textOf(values, 'to'), values.json === true);
  },
};

function report(
  files: Files,
  notes: readonly { where: string; what: string }[],
  to: string | undefined,
  asJson: boolean,
): number {
  const standing = to === undefined ? [] : standingIn(to, files);
  if (standing.length > 0) {
    complain(`${to} has ${standing.join(', ')} already: nothing is written`);
    return EXIT.failed;
  }
  if (to !== undefined) {
    mkdirSync(to, { recursive: true });
    for (const [name, text] of files) writeFileSync(join(to, name), text, 'latin1');
  }
  const faults = to === undefined ? [] : loadAll({ dir: to, tablesDir: undefined, known: [] }).faults;
  if (asJson) {
    process.stdout.write(`${JSON.stringify({ files: Object.fromEntries(files), notes, faults })}\n`);
  } else {
    for (const { where, what } of notes) complain(`not imported: ${where}: ${what}`);
    for (const fault of faults) process.stderr.write(`${printFault(fault)}\n`);
    for (const [name, text] of files) {
      process.stdout.write(
        to === undefined ? `==> ${name}\n${Buffer.from(text, 'latin1')}\n` : `wrote ${join(to, name)}\n`,
      );
    }
  }
  return refuses(faults) ? EXIT.failed : EXIT.done;
}

function standingIn(dir: string, files: Files): string[] {
  try {
    return readdirSync(dir).filter((name) => files.has(name));
  } catch {
    return []; // it is made
  }
}
