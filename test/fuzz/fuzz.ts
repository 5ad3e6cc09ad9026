// The fuzzer's command, and what fuzz.test.ts runs:
//
//   npx tsx test/fuzz/fuzz.ts --target query --runs 5000000 [--seed N] [--keep] [--missed] [--input HEX]
//
// `--keep` writes the inputs that reach most into corpus/, `--missed` prints the source that never ran,
// `--input` tries one input only. Exit code 1 where something failed; the failing input is printed.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Coverage } from './coverage.ts';
import { Fuzzer, printFailure } from './fuzzer.ts';
import { hexOf, type Target } from './target.ts';

/** What corpus/ may hold of one target: it is read by people. */
const keptFilesMax = 60;
const keptOctetsMax = 200_000;

const load: Readonly<Record<string, () => Promise<Target>>> = {
  query: async () => (await import('./query.ts')).queryTarget,
  zone: async () => (await import('./zonetext.ts')).zoneTarget,
  yaml: async () => (await import('./yaml.ts')).yamlTarget,
  stream: async () => (await import('./stream.ts')).streamTarget,
};

setFlagsFromString('--expose-gc');
globalThis.gc = runInNewContext('gc') as NodeJS.GCFunction;
process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      target: { type: 'string' },
      runs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: process.env.STEERDNS_TEST_SEED ?? '1' },
      keep: { type: 'boolean', default: false },
      missed: { type: 'boolean', default: false },
      input: { type: 'string' },
    },
  });
  const make = load[values.target ?? ''];
  if (make === undefined) {
    console.error(`fuzz: --target is one of ${Object.keys(load).join(', ')}`);
    return 2;
  }
  const early = new Coverage(/^$/); // what is loaded from here on is known to the last function
  const target = await make();
  early.stop();
  if (values.input !== undefined) {
    console.log(`took ${target.run(new Uint8Array(Buffer.from(values.input, 'hex')), true)} ms`);
    return 0;
  }
  const seed = Number(values.seed);
  const folder = new URL(`corpus/${target.name}/`, import.meta.url);
  mkdirSync(folder, { recursive: true });
  const corpus = readdirSync(folder).map((file) => new Uint8Array(readFileSync(new URL(file, folder))));
  const fuzzer = new Fuzzer(target, { seed, runs: Number(values.runs), corpus });
  if (values.missed) fuzzer.missed = [];
  const report = fuzzer.run();
  const { run, code } = report.covered;
  const parts = [
    `${target.name}: ${report.runs} inputs in ${report.seconds.toFixed(1)} s`,
    `${Math.round(report.runs / report.seconds)} a second, seed ${seed}`,
    `${((100 * run) / code).toFixed(1)} % of ${code} octets of source ran`,
    `${report.corpus.length} inputs in the corpus`,
    `the slowest took ${report.slowest.toFixed(2)} of what it may take`,
  ];
  console.log(parts.join('; '));
  for (const piece of fuzzer.missed ?? []) console.log(piece);
  if (report.failure === undefined) {
    if (values.keep) keep(folder, target, report.corpus);
    return 0;
  }
  console.log(printFailure(target.name, seed, report.failure));
  return 1;
}

/** Writes the smallest inputs that reach all that was reached, as far as they fit; what has a name stays. */
function keep(folder: URL, target: Target, corpus: readonly Uint8Array[]): void {
  for (const file of readdirSync(folder)) if (/^[0-9a-f]{12}$/.test(file)) rmSync(new URL(file, folder));
  const named = readdirSync(folder).map((file) => new Uint8Array(readFileSync(new URL(file, folder))));
  const isSeed = new Set(target.seeds.map(hexOf));
  const coverage = new Coverage(target.guide);
  const reaches = (input: Uint8Array): boolean => {
    target.run(input, true);
    return coverage.take() > 0;
  };
  for (const input of [...target.seeds, ...named]) reaches(input);
  let octets = named.reduce((sum, { length }) => sum + length, 0);
  let files = named.length;
  for (const input of [...corpus].sort((a, b) => a.length - b.length)) {
    if (files === keptFilesMax || octets + input.length > keptOctetsMax) break;
    if (isSeed.has(hexOf(input)) || !reaches(input)) continue;
    const name = createHash('sha256').update(input).digest('hex').slice(0, 12);
    writeFileSync(new URL(name, folder), input);
    files++;
    octets += input.length;
  }
  coverage.stop();
  console.log(`${target.name}: ${files} files of ${octets} octets are kept`);
}
