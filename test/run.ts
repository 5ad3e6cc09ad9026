// The runner behind `npm test`: finds test/**/*.test.ts, says which Debian tools are missing and what is
// therefore left out, and runs the files with node:test. On Node 20 `tsx --test` finds nothing by itself and
// exits 0, so here no file and no test at all is a failure. `npm test -- zone serve` runs the files whose
// path contains one of the words.
import { spawn } from 'node:child_process';
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
    const tap = join(folder, 'tap');
    const code = await run(tap);
    return report(readFileSync(tap, 'utf8'), code);
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

function run(tap: string): Promise<number> {
  const options = [
    ...['--import', 'tsx', '--test', '--test-concurrency=2', `--test-timeout=${fileTimeoutMs}`],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=tap', `--test-reporter-destination=${tap}`],
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...options, ...files], { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** Prints the totals and returns the exit code. */
function report(tap: string, code: number): number {
  const total = (name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);
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
