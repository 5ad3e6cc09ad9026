// Where a lab lives, which zones its daemon reads, and how our commands are typed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readLogLine } from '../../../src/cli/lab/daemon.ts';
import {
  clearPlace,
  configFolder,
  invocation,
  labPlace,
  makePlace,
  portDefault,
  removePlace,
  shortPath,
} from '../../../src/cli/lab/place.ts';

const folder = mkdtempSync(join(tmpdir(), 'steerdns-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function placeAt(name: string): ReturnType<typeof labPlace> {
  const dir = join(folder, name);
  return { ...labPlace(), dir, labPath: join(dir, 'lab.sock'), stateDir: join(dir, 'state') };
}

/** A folder as the package has it. */
function zonesAt(...path: string[]): string {
  const zones = join(folder, ...path);
  mkdirSync(zones, { recursive: true });
  writeFileSync(join(zones, 'site.example.zone'), 'www 8080 A 127.0.0.11\n');
  writeFileSync(join(zones, 'site.example.yaml'), 'checks:\n  web:\n    port: 8080\n    path: /p8080\n');
  return zones;
}

test('the place of each user is known beforehand', () => {
  assert.equal(labPlace(7).labPath, join(tmpdir(), 'steerdns-lab-7', 'lab.sock'));
});

test('a folder that others may write to is refused', () => {
  const place = placeAt('open');
  assert.equal(makePlace(place), undefined);
  chmodSync(place.dir, 0o777);
  assert.match(makePlace(place) ?? '', /belongs to somebody else or is open to others/);
});

test('what an earlier lab left is removed, its own socket is not', async () => {
  const place = placeAt('left');
  makePlace(place);
  mkdirSync(place.stateDir);
  writeFileSync(join(place.stateDir, 'lock'), ''); // nobody listens there
  writeFileSync(place.labPath, '');
  await clearPlace(place);
  assert.deepEqual(readdirSync(place.dir), ['lab.sock']);
  removePlace(place);
  assert.ok(!readdirSync(folder).includes('left'));
});

test('a daemon that a killed lab left behind is ended', { timeout: 20_000 }, async () => {
  const place = placeAt('orphan');
  makePlace(place);
  mkdirSync(place.stateDir);
  const lock = JSON.stringify(join(place.stateDir, 'lock'));
  const code = `require('net').createServer().listen(${lock}, () => console.log('ready'))`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  await once(child.stdout, 'data');
  writeFileSync(join(place.dir, 'server.json'), JSON.stringify({ pid: child.pid }));
  await clearPlace(place);
  assert.deepEqual(await exit, [null, 'SIGTERM']);
  assert.deepEqual(readdirSync(place.dir), []);
});

test('the packaged zones are read in place, but copied where installed or with another port', () => {
  const place = placeAt('zones-of-lab');
  makePlace(place);
  const own = zonesAt('clone', 'zones');
  assert.equal(configFolder(place, portDefault, own), own);
  const copy = configFolder(place, 9000, own);
  assert.equal(copy, join(place.dir, 'zones'));
  assert.equal(readFileSync(join(copy, 'site.example.zone'), 'utf8'), 'www 8080 A 127.0.0.11\n');
  const yaml = readFileSync(join(copy, 'site.example.yaml'), 'utf8');
  assert.equal(yaml, 'checks:\n  web:\n    port: 9000\n    path: /p8080\n');
  const installed = zonesAt('node_modules', 'steerdns', 'zones');
  assert.equal(configFolder(place, portDefault, installed), copy);
  assert.match(readFileSync(join(copy, 'site.example.yaml'), 'utf8'), /port: 8080/);
});

test('our commands as they are typed', () => {
  assert.equal(invocation('/usr/bin/steerdns', '/'), 'steerdns');
  assert.equal(invocation('/src/steerdns/src/main.ts', '/src/steerdns'), 'npx tsx src/main.ts');
  assert.equal(invocation('/src/steerdns/dist/main.js', '/tmp'), 'node /src/steerdns/dist/main.js');
  assert.equal(shortPath('/a/b/zones', '/a/b'), 'zones');
  assert.equal(shortPath('/a/zones', '/a/b'), '/a/zones');
});

test('lines of the log, and lines that are none', () => {
  const line = '{"level":"warn","time":"2026-11-22T21:44:17.698Z","pid":1,"msg":"web3 is down"}';
  assert.deepEqual(readLogLine(line, 5), { at: 1795383857698, level: 'warn', text: 'web3 is down' });
  assert.deepEqual(readLogLine('steerdns: cannot listen', 5), {
    at: 5,
    level: 'error',
    text: 'cannot listen',
  });
  assert.equal(readLogLine('null', 5).text, 'null');
  assert.equal(readLogLine('{"level":"fatal","time":"2026-11-22T21:44:17.698Z"}', 5).level, 'error');
});
