// The command line from outside: exit codes, suggestions, stdout and stderr, and what is said when nobody
// answers.
import assert from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build, built } from '../build.ts';

let root: string;
before(async () => {
  await build();
  root = mkdtempSync(join(tmpdir(), 'steerdns-cli-'));
});
after(() => rmSync(root, { recursive: true, force: true }));

type Outcome = { code: number; stdout: string; stderr: string };

async function run(...args: string[]): Promise<Outcome> {
  const environment = { ...process.env, NO_COLOR: '1', STEERDNS_CONTROL: '' };
  const child = spawn(built[0]!, [...built.slice(1), ...args], { env: environment });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

const usage: [string[], RegExp][] = [
  [['statsu'], /^steerdns: unknown command "statsu", did you mean status\?\n$/],
  [['frobnicate'], /^steerdns: unknown command "frobnicate", see steerdns help\n$/],
  [['status', '--jsno'], /^steerdns: unknown flag --jsno, did you mean --json\?.*\n$/],
  [['status', 'now'], /^steerdns: unexpected argument "now".*\n$/],
  [['explain'], /^steerdns: too few arguments, expected NAME \[TYPE\].*\n$/],
  [['reload', '--control'], /^steerdns: .*--control.*\n$/],
  [['serve', '--workers', '257'], /^steerdns: --workers is a number from 1 to 256, not "257"\n$/],
  [['control'], /^steerdns: the control process is started by steerdns serve\n$/],
  [['constructor'], /unknown command/],
];
for (const [args, expected] of usage) {
  test(`${args.join(' ')}: one line and exit 2`, async () => {
    const { code, stdout, stderr } = await run(...args);
    assert.match(stderr, expected);
    assert.deepEqual([code, stdout], [2, '']);
  });
}

test('help names every command; help COMMAND its flags', async () => {
  const { code, stdout } = await run('help');
  assert.equal(code, 0);
  for (const verb of ['serve', 'check', 'reload', 'status', 'explain', 'lab', 'version'])
    assert.match(stdout, RegExp(verb));
  assert.match((await run('help', 'check')).stdout, /^usage: steerdns check \[DIR\] \[ZONE\] \[flags\]\n/);
  assert.equal((await run('check', '--help')).code, 0);
});

test('version, for people and for programs', async () => {
  assert.match((await run('version')).stdout, /^steerdns \d+\.\d+\.\d+\n$/);
  assert.match((await run('--version')).stdout, /^steerdns /);
  assert.equal(typeof JSON.parse((await run('version', '--json')).stdout).node, 'string');
});

test('nobody there: exit 3; a server without its control process: exit 4', async () => {
  const socket = join(root, 'control.sock');
  const gone = await run('status', '--control', socket);
  assert.deepEqual([gone.code, gone.stdout], [3, '']);
  assert.match(gone.stderr, /^steerdns: not running: nobody answers on .*\n$/);
  writeFileSync(join(root, 'server.json'), JSON.stringify({ pid: process.pid, startedAt: 0 }));
  const restarting = await run('reload', '--control', socket);
  assert.equal(restarting.code, 4);
  assert.match(restarting.stderr, /DNS is served \(process \d+\), but the control process is restarting/);
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  writeFileSync(join(root, 'server.json'), JSON.stringify({ pid: child.pid, startedAt: 0 }));
  assert.equal((await run('status', '--control', socket)).code, 3);
});

test('a refusal of the daemon is a line and exit 1, never a trace', async () => {
  const socket = join(root, 'refusing.sock');
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/explain') === true) {
      response.writeHead(400).end(JSON.stringify({ error: 'no such type', hint: 'use another' }));
    } else response.end('hello');
  }).listen(socket);
  await once(server, 'listening');
  const { code, stderr } = await run('explain', 'a', 'NOPE', '--control', socket);
  assert.deepEqual([code, stderr], [1, 'steerdns: no such type (use another)\n']);
  const other = await run('status', '--control', socket);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /^steerdns: .*is something else listening there\?\n$/);
  server.close();
  server.closeAllConnections();
});

const head = '$TTL 300\n@ SOA ns1 mail 7 3600 600 86400 300\n@ NS ns1\nns1 A 192.0.2.1\n';

test('check: faults on stderr with file:line:column and exit 1; a clean folder says its shares', async () => {
  const dir = join(root, 'zones');
  mkdirSync(dir);
  const file = join(dir, 'site.example.zone');
  writeFileSync(file, `${head}www A 192.0.2.10\nwww A 192.0.2.11\n`);
  writeFileSync(
    join(dir, 'site.example.yaml'),
    'balance:\n  www: { answers: 2, members: { 192.0.2.10: { name: a, weight: 3 } } }\n',
  );
  const clean = await run('check', dir);
  assert.equal(clean.code, 0);
  assert.match(clean.stderr, /^\S+site\.example\.yaml:2:19: warning: with 2 addresses [^\n]*\n$/);
  assert.match(clean.stdout, /www A: 2 addresses per response; a 50\.0% \(weight asks for 75\.0%\)/);
  assert.match(clean.stdout, /\n1 zone, 5 records: 0 errors, 1 warning\n$/);
  const printed = await run('check', dir, 'SITE.example', '--print');
  assert.match(printed.stdout, /^site\.example\.\s+300 IN SOA/);
  assert.equal(printed.code, 0);
  assert.equal((await run('check', dir, 'other.example', '--print')).code, 1);
  writeFileSync(file, `${head}www A 192.0.2.10\nwww A 1.2.3\nx NSX y\n`);
  const faulty = await run('check', dir);
  assert.equal(faulty.code, 1);
  assert.deepEqual(faulty.stderr.match(/^.*?:\d+:\d+: error/gm), [
    `${file}:6:7: error`,
    `${file}:7:3: error`,
  ]);
  const { ok, errors, faults } = JSON.parse((await run('check', dir, '--json')).stdout);
  assert.deepEqual([ok, errors, faults.length], [false, 2, 2]);
});
