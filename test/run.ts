// The runner behind `npm test`: finds test/**/*.test.ts, says which Debian tools are missing and what is
// therefore left out, and runs the files with node:test. On Node 20 `tsx --test` finds nothing by itself and
// exits 0, so here no file and no test at all is a failure. `npm test -- zone serve` runs the files whose
// path contains one of the words. Two files run beside one another; those whose opening comment says "Runs
// alone" come after them, one at a time: they hold a real server to bounds of time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missing, tools } from './tools.ts';

/** A file that takes longer hangs. */
const fileTimeoutMs = 300_000;

const root = fileURLToPath(new URL('../', import.meta.url));
const words = process.argv.slice(2);
const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => join('test', file))
  .sort();
const files = all.filter((file) => words.length === 0 || words.some((word) => file.includes(word)));

process.exitCode = await main();

async function main(): Promise<number> {
  if (files.length === 0)
    return complain(`no test file${words.length > 0 ? ` matches ${words.join(' ')}` : ''}`);
  const absent = Object.keys(tools).filter((command) => missing(command));
  for (const command of absent) console.log(absence(command));
  if (absent.length > 0 && process.env.CI) return complain('in CI no test may be left out');
  const folder = mkdtempSync(join(tmpdir(), 'steerdns-test-'));
  try {
    const alone = files.filter(runsAlone);
    const beside = files.filter((file) => !alone.includes(file));
    const ran = [await run(beside, 2, join(folder, 'beside')), await run(alone, 1, join(folder, 'alone'))];
    return report(ran.map(({ tap }) => tap).join(''), Math.max(...ran.map(({ code }) => code)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function complain(what: string): number {
  console.error(`npm test: ${what}`);
  return 1;
}

/** Says what is left out for want of a command: the files that speak of it by name. */
function absence(command: string): string {
  const users = all.filter((file) => readFileSync(join(root, file), 'utf8').includes(`'${command}'`));
  const left = users.length > 0 ? users.join(', ') : 'nothing yet';
  return `npm test: ${command} (Debian package ${tools[command]}) is missing; left out in: ${left}`;
}

function runsAlone(file: string): boolean {
  const opening = /^(?:\/\/.*\n)+/.exec(readFileSync(join(root, file), 'utf8'))?.[0] ?? '';
  return opening.includes('Runs alone');
}

type Ran = { readonly code: number; readonly tap: string };

/** Runs these files, so many beside one another; the report of node:test goes to a file, too. */
async function run(some: readonly string[], concurrency: number, report: string): Promise<Ran> {
  if (some.length === 0) return { code: 0, tap: '' };
  const options = [
    ...['--import', 'tsx', '--test', `--test-concurrency=${concurrency}`, `--test-timeout=${fileTimeoutMs}`],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=tap', `--test-reporter-destination=${report}`],
  ];
  const child = spawn(process.execPath, [...options, ...some], { cwd: root, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code: code ?? 1, tap: readFileSync(report, 'utf8') };
}

/** Prints the totals and returns the exit code. */
function report(tap: string, code: number): number {
  const total = (name: string): number =>
    [...tap.matchAll(new RegExp(`^# ${name} (\\d+)$`, 'gm'))].reduce((sum, [, n]) => sum + Number(n), 0);
  const [tests, passed, skipped] = [total('tests'), total('pass'), total('skipped')];
  const failed = total('fail') + total('cancelled');
  console.log(
    `npm test: ${files.length} files, ${tests} tests: ${passed} passed, ${failed} failed, ${skipped} skipped`,
  );
  // node:test counts a file in which there is no test as one that passed.
  const empty = files.filter((file) => new RegExp(`^ok \\d+ - ${join(root, file)}$`, 'm').test(tap));
  if (empty.length > 0) return complain(`no test in ${empty.join(', ')}`);
  if (tests === 0) return complain('no test ran');
  if (skipped > 0 && process.env.CI) return complain('in CI no test may be left out');
  return failed > 0 ? 1 : code;
}
