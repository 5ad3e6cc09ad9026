// The exec probe with real commands: what they get, what is made of what they say, and that nothing of them
// outlives the deadline.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { exec } from '../../../src/health/probes/exec.ts';
import type { Parsed, ProbeResult } from '../../../src/health/probes/probe.ts';
import { commandOutputMax, commandsAtOnceMax, commandWordsMax, probeTextMax } from '../../../src/limits.ts';
import { until } from '../../until.ts';
import { openDescriptors } from './servers.ts';

const folder = mkdtempSync(join(tmpdir(), 'steerdns-exec-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script of the shell; our probe itself has none. */
function run(script: string, deadlineMs = 2000, port = 80): Promise<ProbeResult> {
  return exec.run('192.0.2.1', port, { command: ['/bin/sh', '-c', script] }, deadlineMs);
}

async function is(script: string, outcome: string, reason: RegExp): Promise<void> {
  const result = await run(script);
  assert.equal(result.outcome, outcome, result.reason);
  assert.match(result.reason, reason);
}

test('exit code 0 is up, every other is down; the first line is the reason', async () => {
  await is('exit 0', 'ok', /^exit code 0 in \d+ ms$/);
  await is('echo 12 of 12 ready; echo more', 'ok', /^12 of 12 ready in \d+ ms$/);
  await is('echo disk full; exit 2', 'fail', /^exit code 2: disk full$/);
  await is('echo to stderr >&2; exit 1', 'fail', /^exit code 1: to stderr$/);
  await is('echo second >&2; echo first; exit 1', 'fail', /^exit code 1: first$/);
  await is('exit 3', 'fail', /^exit code 3$/);
  await is('kill -SEGV $$', 'fail', /^SIGSEGV$/);
  await is("printf '\\033[2Jx\\007'; exit 1", 'fail', /^exit code 1: \?\[2Jx\?$/);
});

test('the environment has address and port, and nothing else', async () => {
  process.env.STEERDNS_TEST_SECRET = 'secret';
  const result = await exec.run('2001:db8::1', 8080, { command: ['/usr/bin/env'] }, 2000);
  delete process.env.STEERDNS_TEST_SECRET;
  assert.match(result.reason, /^STEERDNS_ADDRESS=2001:db8::1 in/);
  const out = join(folder, 'environment');
  const whole = ['/bin/sh', '-c', `/usr/bin/env -u PWD -u SHLVL -u _ -u OLDPWD > ${out}`];
  await exec.run('2001:db8::1', 8080, { command: whole }, 2000);
  assert.deepEqual(readFileSync(out, 'utf8').trim().split('\n').sort(), [
    'STEERDNS_ADDRESS=2001:db8::1',
    'STEERDNS_PORT=8080',
  ]);
  await exec.run('192.0.2.1', 0, { command: whole }, 2000);
  assert.equal(readFileSync(out, 'utf8'), 'STEERDNS_ADDRESS=192.0.2.1\n');
});

test('no shell looks at the words', async () => {
  const words = ['/bin/echo', '$STEERDNS_ADDRESS;', '`id`', '*'];
  const { reason } = await exec.run('192.0.2.1', 80, { command: words }, 2000);
  assert.match(reason, /^\$STEERDNS_ADDRESS; `id` \* in/);
});

/** Whether a process is there and has not ended. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

test('at the deadline the command and all of its group are killed', async () => {
  const out = join(folder, 'pids');
  const result = await run(`trap '' TERM; sleep 60 & echo $$ $! > ${out}; wait; sleep 60`, 500);
  assert.deepEqual([result.outcome, result.reason], ['fail', 'no end of the command within 500 ms']);
  assert.ok(result.latencyMs < 1000);
  const pids = readFileSync(out, 'utf8').trim().split(' ').map(Number);
  assert.equal(pids.length, 2);
  await until('both are gone', 5000, () => !pids.some(isAlive));
});

test('what a command leaves in the background neither delays the verdict nor stays', async () => {
  const out = join(folder, 'left');
  const result = await run(`sleep 60 & echo $! > ${out}; echo fine`);
  assert.match(result.reason, /^fine in \d+ ms$/);
  assert.ok(result.latencyMs < 1500);
  const pid = Number(readFileSync(out, 'utf8'));
  await until('it is gone', 5000, () => !isAlive(pid));
});

test('output up to the limit is taken, more is a failure', async () => {
  const write = (size: number) => `head -c ${size} /dev/zero | tr '\\0' x`;
  assert.equal((await run(write(commandOutputMax))).outcome, 'ok');
  const more = await run(write(commandOutputMax + 1));
  assert.deepEqual([more.outcome, more.reason], ['fail', `wrote more than ${commandOutputMax} octets`]);
  const endless = await run('while :; do echo xxxxxxxxxxxxxxxx; done', 5000);
  assert.equal(endless.outcome, 'fail');
  assert.ok(endless.latencyMs < 2500, 'it is not waited for');
});

test('a command that is not there or may not run is no fault of the server', async () => {
  const missing = await exec.run('192.0.2.1', 80, { command: [join(folder, 'none')] }, 1000);
  assert.equal(missing.outcome, 'inconclusive');
  assert.match(missing.reason, /there is no such command \(ENOENT\)/);
  const plain = join(folder, 'plain');
  writeFileSync(plain, '#!/bin/sh\n');
  chmodSync(plain, 0o644);
  const forbidden = await exec.run('192.0.2.1', 80, { command: [plain] }, 1000);
  assert.equal(forbidden.outcome, 'inconclusive');
  assert.match(forbidden.reason, /may not be executed \(EACCES\)/);
});

test('no more commands run at once than may; who waits too long says nothing of its server', async () => {
  const gate = join(folder, 'gate');
  const count = join(folder, 'started');
  const holding = Array.from({ length: commandsAtOnceMax }, () =>
    run(`echo x >> ${count}; while [ ! -e ${gate} ]; do sleep 0.05; done`, 20_000),
  );
  const late = await run(`echo x >> ${count}`, 300);
  assert.equal(late.outcome, 'inconclusive');
  assert.match(late.reason, new RegExp(`${commandsAtOnceMax} commands run already`));
  const next = run('echo my turn', 20_000);
  writeFileSync(gate, '');
  assert.match((await next).reason, /^my turn/);
  for (const result of await Promise.all(holding)) assert.equal(result.outcome, 'ok', result.reason);
  assert.equal(readFileSync(count, 'utf8').length, 2 * commandsAtOnceMax, 'the late one never began');
});

test('a command has limits', () => {
  const { parse } = exec.options.command as { parse(written: unknown): Parsed };
  const words = (count: number, size = 1) => ['/bin/true', ...Array(count - 1).fill('x'.repeat(size))];
  assert.ok('value' in parse(words(commandWordsMax, probeTextMax)));
  assert.ok('wrong' in parse(words(commandWordsMax + 1)));
  assert.ok('wrong' in parse(words(2, probeTextMax + 1)));
  for (const wrong of [[], [''], ['/bin/true', 'a\0b'], ['/bin/true', ['x']], 'true']) {
    assert.ok('wrong' in parse(wrong), JSON.stringify(wrong));
  }
});

test('no descriptor is left open', async () => {
  await run('exit 0');
  const before = openDescriptors();
  for (let round = 0; round < 20; round++) await run('echo x');
  await run('sleep 60', 200);
  await until('descriptors are closed', 5000, () => openDescriptors() <= before + 1);
});
