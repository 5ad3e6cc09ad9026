// The file probe: what a file says, and when it is not believed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { file } from '../../../src/health/probes/file.ts';
import type { Options, ProbeResult } from '../../../src/health/probes/probe.ts';
import { openDescriptors } from './servers.ts';

const folder = mkdtempSync(join(tmpdir(), 'steerdns-file-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'state');

const run = (options: Options = {}): Promise<ProbeResult> =>
  file.run('192.0.2.1', 0, { file: path, ...options }, 1000);

async function says(text: string | Buffer): Promise<[string, string]> {
  writeFileSync(path, text);
  const { outcome, reason } = await run();
  return [outcome, reason.replace(path, 'FILE')];
}

test('the first word is the state, the rest of its line the reason', async () => {
  assert.match((await says('up\n'))[1], /^up in \d+ ms$/);
  assert.match((await says('  up  12 sessions \ndown\n'))[1], /^up: 12 sessions in \d+ ms$/);
  assert.deepEqual(await says('down'), ['fail', 'down']);
  assert.deepEqual(await says('\ndown for repair\nuntil noon'), ['fail', 'down: for repair']);
});

test('a weight beside the state, or in its place', async () => {
  const weight = async (text: string) => {
    await says(text);
    const { outcome, said } = await run();
    return [outcome, said?.part];
  };
  assert.deepEqual(await weight('75%\n'), ['ok', 0.75]);
  assert.deepEqual(await weight('up 20% two of ten\n'), ['ok', 0.2]);
  assert.deepEqual(await weight('drain'), ['ok', 0]);
  assert.deepEqual(await weight('maint'), ['fail', 0]);
});

test('anything else is no state', async () => {
  const begins = 'inconclusive: FILE begins with';
  assert.deepEqual(await says('maybe'), ['inconclusive', `${begins} "maybe", which is no state`]);
  assert.deepEqual(await says('upwards'), ['inconclusive', `${begins} "upwards", which is no state`]);
  for (const empty of ['', '\n \n'])
    assert.deepEqual(await says(empty), ['inconclusive', 'inconclusive: FILE is empty']);
  assert.equal((await says(Buffer.alloc(1 << 20, 'x')))[0], 'inconclusive');
});

test('a file that is missing or older than max-age is not believed', async () => {
  rmSync(path, { force: true });
  const missing = await run();
  assert.deepEqual([missing.outcome, missing.reason], ['inconclusive', `inconclusive: there is no ${path}`]);
  writeFileSync(path, 'down');
  const now = Date.now() / 1000;
  utimesSync(path, now, now - 65);
  const old = await run();
  assert.equal(old.outcome, 'inconclusive');
  assert.match(old.reason, /is 6[56] s old, at most 60 s are good$/);
  assert.equal((await run({ 'max-age': 600_000 })).outcome, 'fail');
});

test('{address} in the path is the address of the member', async () => {
  writeFileSync(join(folder, '192.0.2.1'), 'up');
  assert.equal((await run({ file: join(folder, '{address}') })).outcome, 'ok');
});

test('what is no file keeps nobody waiting', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  mkdirSync(join(folder, 'folder'));
  for (const other of [pipe, join(folder, 'folder')]) {
    const { outcome, reason } = await run({ file: other });
    assert.deepEqual([outcome, reason], ['inconclusive', `inconclusive: ${other} is no file`]);
  }
});

test('no descriptor is left open', async () => {
  writeFileSync(path, 'up');
  const before = openDescriptors();
  for (let round = 0; round < 50; round++) await run();
  assert.ok(openDescriptors() <= before);
});
