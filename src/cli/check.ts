// steerdns check: finds every fault in a folder of zones and settings without a running server, says the
// shares that the weights come to, and prints zones in canonical form with --print.

import { statSync } from 'node:fs';
import { choosePool, familyText } from '../balance/pool.ts';
import { relativeName } from '../control/diff.ts';
import { type Loaded, type LoadedZone, loadAll, openZone } from '../control/load.ts';
import { startProgress } from '../control/progress.ts';
import { printFault } from '../faults.ts';
import { resolvePaths } from '../paths.ts';
import { absoluteText } from '../wire/names.ts';
import { printZoneChunks } from '../zone/print.ts';
import { type Command, complain, EXIT, options, textOf } from './command.ts';
import { hang, plural, printShare } from './text.ts';

export const command: Command = {
  usage: '[DIR] [ZONE]',
  options: {
    config: options.config,
    print: { what: 'print ZONE, or all zones, in canonical form' },
    json: options.json,
  },
  positionalsMin: 0,
  positionalsMax: 2,
  async run(values, positionals) {
    const { dir, zone } = whatToCheck(textOf(values, 'config'), positionals);
    const progress = startProgress();
    const loaded = loadAll({ dir, tablesDir: undefined, known: [] }, undefined, progress.show);
    progress.end();
    const errors = loaded.faults.filter(({ severity }) => severity === 'error').length;
    const wanted =
      zone === undefined ? loaded.zones : loaded.zones.filter(({ origin }) => isNamed(origin, zone));
    const unknown =
      zone !== undefined &&
      ![...wanted.map(({ origin }) => origin), ...loaded.faulty].some((origin) => isNamed(origin, zone));
    if (values.json === true) process.stdout.write(JSON.stringify(reportOf(loaded, wanted, errors)) + '\n');
    else for (const fault of loaded.faults) process.stderr.write(printFault(fault) + '\n');
    if (unknown) complain(`there is no zone ${zone} in ${dir}`);
    if (values.json !== true && values.print === true) {
      await printZones(wanted, dir);
      process.stderr.write(`${summary(loaded, errors)}\n`);
    } else if (values.json !== true) {
      process.stdout.write(`${wanted.map(zoneText).join('')}${summary(loaded, errors)}\n`);
    }
    return errors > 0 || unknown ? EXIT.failed : EXIT.done;
  },
};

/** One argument may be the folder or the zone; a folder that exists is a folder. */
function whatToCheck(config: string | undefined, positionals: readonly string[]) {
  const [first, second] = positionals;
  const standard = config ?? resolvePaths({}).configDir;
  if (first === undefined) return { dir: standard, zone: undefined };
  if (second !== undefined) return { dir: first, zone: second };
  const isFolder = statSync(first, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder || first.includes('/')) return { dir: first, zone: undefined };
  // Without a folder of zones in sight a lone word is taken for a folder too, so that its fault names it.
  const isStandard = statSync(standard, { throwIfNoEntry: false })?.isDirectory() === true;
  return isStandard ? { dir: standard, zone: first } : { dir: first, zone: undefined };
}

function isNamed(origin: string, name: string): boolean {
  return origin === absoluteText(name);
}

function summary({ zones, faulty, faults }: Loaded, errors: number): string {
  const records = zones.reduce((sum, zone) => sum + zone.records, 0);
  const warnings = faults.length - errors;
  const found =
    errors + warnings === 0 ? 'no faults' : `${plural(errors, 'error')}, ${plural(warnings, 'warning')}`;
  const bad = faulty.length > 0 ? `, ${plural(faulty.length, 'zone')} with errors` : '';
  return `${plural(zones.length, 'zone')}, ${plural(records, 'record')}${bad}: ${found}`;
}

/** What is said of a pool's shares when everything is up. */
function sharesOf(zone: LoadedZone) {
  return zone.pools.flatMap((pool) =>
    choosePool(pool, () => ({ verdict: 'up', settled: true })).map(
      ({ family, answers, standings, remarks }) => ({
        owner: pool.owner,
        type: familyText(family),
        answers,
        members: standings.map(({ member, address, share, wanted }) => ({ member, address, share, wanted })),
        remarks,
      }),
    ),
  );
}

/** Shares that differ from the weights by more than this are pointed out. */
const shareErrorMax = 0.005;

function zoneText(zone: LoadedZone): string {
  const { origin, serial, records, names } = zone;
  const lines = [`${origin} serial ${serial}, ${plural(records, 'record')}, ${plural(names, 'name')}`];
  for (const { owner, type, answers, members, remarks } of sharesOf(zone)) {
    const shares = members.map(({ member, share, wanted }) => {
      const differs = Math.abs(share - wanted) > shareErrorMax;
      return `${member} ${printShare(share)}${differs ? ` (weight asks for ${printShare(wanted)})` : ''}`;
    });
    const head = `  ${relativeName(owner, origin)} ${type}: `;
    const given = type === 'CNAME' ? '1 name' : plural(answers, 'address', 'addresses');
    const count = `${given} per response`;
    lines.push(...hang(head, [count, ...remarks, shares.join(', ')].join('; ')));
  }
  return lines.join('\n') + '\n';
}

function reportOf({ faults, faulty }: Loaded, zones: readonly LoadedZone[], errors: number) {
  return {
    ok: errors === 0,
    errors,
    warnings: faults.length - errors,
    faults,
    faulty,
    zones: zones.map((zone) => {
      const { origin, serial, records, names } = zone;
      return { origin, serial, records, names, pools: sharesOf(zone) };
    }),
  };
}

async function printZones(zones: readonly LoadedZone[], dir: string): Promise<void> {
  for (const { sources, origin } of zones) {
    for (const chunk of printZoneChunks(openZone(dir, sources[0]!, origin))) {
      if (!process.stdout.write(chunk)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  }
}
