// A whole lab, as `steerdns lab --json` in a child process with a folder and ports of its own: it answers
// within ten seconds, a web server killed from another terminal leaves the answers and comes back when it is
// revived, and nothing is left.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import type { objectOf } from '../../src/cli/lab/lines.ts';
import { build, built } from '../build.ts';
import { freePort } from './lab/ports.ts';

type Shown = ReturnType<typeof objectOf>;

const folder = mkdtempSync(join(tmpdir(), 'steerdns-test-'));
const children = new Set<ChildProcess>();
before(build);
after(async () => {
  // Only where a test has failed. A lab ends its daemon itself, so it gets the time for that.
  for (const child of [...children]) {
    child.kill('SIGTERM');
    await once(child, 'close');
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Starts `steerdns …` in a world of its own: another TMPDIR is another lab. */
function steerdns(args: readonly string[]): ChildProcess {
  const child = spawn(built[0]!, [...built.slice(1), ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** What labs have left in their folder of temporary files. */
function left(): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('steerdns'));
}

/** Runs a command to its end. */
async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = steerdns(args);
  const said = { stdout: '', stderr: '' };
  child.stdout!.on('data', (chunk) => (said.stdout += chunk));
  child.stderr!.on('data', (chunk) => (said.stderr += chunk));
  const [code] = await once(child, 'close');
  return { code: code as number, ...said };
}

/** Reads objects until one is as wanted; says what was shown last where the lab ends before. */
async function until(lines: AsyncIterator<string>, wanted: (shown: Shown) => boolean): Promise<Shown> {
  let last = 'nothing';
  const happened: string[] = [];
  for (;;) {
    const { value, done } = await lines.next();
    assert.ok(done !== true, `the lab ended; what happened: ${happened.join('; ')}; shown last: ${last}`);
    last = value;
    const shown = JSON.parse(value) as Shown & { happenings: { text: string }[] };
    happened.push(...shown.happenings.map(({ text }) => text));
    if (wanted(shown)) return shown;
  }
}

function web2Of(shown: Shown): Shown['pools'][number]['members'][number] | undefined {
  return shown.pools[0]?.members.find(({ name }) => name === 'web2');
}

/** Enough responses since the last change to speak of shares. */
function isMeasured({ load }: Shown): boolean {
  return load.measured >= 400;
}

test('kill and revive a web server from another terminal', { timeout: 120_000 }, async () => {
  const [port, dns] = [String(await freePort()), `127.0.0.1:${await freePort()}`];
  const lab = steerdns(['lab', '--json', '--for', '100', '--port', port, '--listen', dns]);
  const lines = createInterface({ input: lab.stdout! })[Symbol.asyncIterator]();

  const started = await until(
    lines,
    ({ answeringSince, load }) => answeringSince !== undefined && load.answered > 0,
  );
  assert.ok(started.answeringSince! - started.startedAt < 10_000, 'answers within 10 s of the start');
  const all = await until(lines, isMeasured);
  assert.deepEqual(
    all.pools[0]!.members.map(({ name }) => name),
    ['web1', 'web2', 'web3', 'web4'],
  );
  for (const { given, wanted } of all.pools[0]!.members) assert.ok(Math.abs(given! - wanted) < 0.02);

  const second = await run('lab', '--plain', '--port', port, '--listen', dns);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /a lab runs already/);
  assert.equal((await run('lab', 'kill', 'web9')).code, 1);

  const killed = await run('lab', 'kill', 'web2');
  assert.deepEqual([killed.code, killed.stdout], [0, 'web2 is killed: its port refuses connections\n']);
  const gone = await until(lines, (shown) => web2Of(shown)?.wanted === 0 && isMeasured(shown));
  assert.equal(web2Of(gone)!.verdict, 'down');
  assert.equal(web2Of(gone)!.reason, 'connection refused');
  assert.equal(web2Of(gone)!.given, 0);
  assert.match(gone.headline, /^web2 is DOWN/);

  const revived = await run('lab', 'revive', 'web2', '--json');
  assert.equal(JSON.parse(revived.stdout).behaviour, 'up');
  const back = await until(lines, (shown) => (web2Of(shown)?.wanted ?? 0) > 0 && isMeasured(shown));
  assert.ok(Math.abs(web2Of(back)!.given! - 2 / 7) < 0.02);
  assert.equal(back.load.unanswered, 0);

  const status = join(folder, left()[0]!, 'server.json');
  const { pid } = JSON.parse(readFileSync(status, 'utf8')) as { pid: number };
  let said = '';
  lab.stderr!.on('data', (chunk) => (said += chunk));
  lab.kill('SIGTERM');
  const [code] = await once(lab, 'close');
  assert.equal(code, 0, said);
  assert.deepEqual(left(), []);
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }); // signal 0 only asks
});

test('without a lab there is nothing to drive', { timeout: 30_000 }, async () => {
  const { code, stderr } = await run('lab', 'kill', 'web2');
  assert.equal(code, 3);
  assert.match(stderr, /^steerdns: no lab runs: start one with .* lab\n$/);
});

test('flags and actions that make no sense', { timeout: 60_000 }, async () => {
  const cases = [['--for', 'soon'], ['--port', '0'], ['--listen', 'here'], ['explode', 'web2'], ['kill']];
  for (const args of cases) assert.equal((await run('lab', ...args)).code, 2, args.join(' '));
});

test('lines end by themselves', { timeout: 60_000 }, async () => {
  const [port, dns] = [String(await freePort()), `127.0.0.1:${await freePort()}`];
  const { code, stdout } = await run('lab', '--plain', '--for', '8', '--port', port, '--listen', dns);
  assert.equal(code, 0);
  assert.match(
    stdout,
    new RegExp(`^ask: +dig @127.0.0.1 -p ${dns.split(':')[1]} www.site.example \\+short\n`),
  );
  assert.match(stdout, /lab: queries are answered, \d+\.\d s after the start\n/);
  assert.match(stdout, /\nlab ended: 0 of \d+ queries unanswered\n$/);
});

test('ports that are taken', { timeout: 60_000 }, async () => {
  const [port, dns] = [await freePort(), await freePort()];
  const web = createServer().listen(port, '127.0.0.12');
  const other = createServer().listen(dns, '127.0.0.1');
  await Promise.all([once(web, 'listening'), once(other, 'listening')]);
  try {
    const listen = `127.0.0.1:${dns}`;
    const first = await run('lab', '--plain', '--port', String(port), '--listen', listen);
    assert.equal(first.code, 1);
    assert.match(
      first.stderr,
      /^steerdns: web2 needs 127\.0\.0\.12 port \d+, which another program has: .*--port\n$/,
    );
    web.close();
    const second = await run('lab', '--plain', '--port', String(await freePort()), '--listen', listen);
    assert.equal(second.code, 1);
    assert.match(
      second.stderr,
      /^steerdns: the daemon ended: cannot listen: .*--listen 127\.0\.0\.1:5312 takes another/,
    );
    assert.deepEqual(left(), []);
  } finally {
    web.close();
    other.close();
  }
});
