// The log: the readable form of a line, and readers that do not read: they hold up neither the process nor
// its end, and find out later what they missed.
import assert from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { readableLine } from '../src/log.ts';
import { root } from './build.ts';

test('a line says the time, the level, the text, and then what belongs to it', () => {
  const line = JSON.stringify({
    level: 'warn',
    time: '2026-01-02T03:04:05.678Z',
    pid: 1,
    msg: 'web2 is down',
    zones: 2,
    a: { b: 1 },
  });
  assert.equal(readableLine(line), '03:04:05 warn  web2 is down zones=2 a={"b":1}\n');
});

const lines = 20_000;
const text = 'x'.repeat(100);
/** Writes many lines, says how long the slowest took, and then what it is told to. */
const writer = `
  import { flushLog, log, logLinesLost } from './src/log.ts';
  let slowestMs = 0;
  for (let i = 0; i < ${lines}; i++) {
    const at = performance.now();
    log.info({ i }, '${text}');
    slowestMs = Math.max(slowestMs, performance.now() - at);
    if (i % 100 === 0) await new Promise(setImmediate);
  }
  process.stdout.write(JSON.stringify({ slowestMs, lost: logLinesLost() }) + '\\n');
  process.stdin.once('data', (word) => {
    if (String(word) === 'end') { log.fatal('the end'); flushLog(); process.exit(3); }
  });
  setInterval(() => {}, 1000);
`;

type Report = { readonly slowestMs: number; readonly lost: number };

/** Starts the writer with its log on a pipe that nobody reads yet. */
async function start(): Promise<{ child: ChildProcess; report: Report }> {
  const args = ['--import', 'tsx', '--input-type=module', '-e', writer];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'pipe' });
  child.stderr!.pause();
  const [octets] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, report: JSON.parse(String(octets)) as Report };
}

/** Tells it to end; it must do so although nobody reads. */
async function end(child: ChildProcess): Promise<unknown> {
  const at = performance.now();
  child.stdin!.write('end');
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.ok(performance.now() - at < 5000, 'an exit waits for nobody');
  child.stderr!.destroy();
  return code;
}

test('a pipe that nobody reads costs lines, and no time', async () => {
  const { child, report } = await start();
  assert.ok(report.slowestMs < 1000, `a line took ${report.slowestMs} ms`);
  assert.ok(report.lost > lines / 4 && report.lost < lines, `${report.lost} lines lost`);
  assert.equal(await end(child), 3);
});

test('a reader that comes back is told how many lines are missing', async () => {
  const { child, report } = await start();
  let read = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (read += chunk));
  child.stderr!.resume();
  while (!read.includes('missing here')) await once(child.stderr!, 'data');
  const parsed = read
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { i?: number; lost?: number });
  assert.equal(parsed.at(-1)!.lost, report.lost);
  assert.equal(parsed.filter(({ i }) => i !== undefined).length, lines - report.lost);
  assert.equal(await end(child), 3);
  assert.match(read, /the end/);
});

test('a reader that is gone is no reason to end', async () => {
  const { child } = await start();
  child.stderr!.destroy();
  assert.equal(await end(child), 3);
});
