// The control socket: who may connect, what is refused, and sockets that others left behind.
import assert from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request, type Server } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { groupId, openControlSocket, type Routes, refusal } from '../../src/control/admin.ts';
import { controlBodySizeMax, controlHeaderSizeMax } from '../../src/limits.ts';
import { ask } from './fakeserver.ts';

let root: string;
let path: string;
let server: Server | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'steerdns-admin-'));
  path = join(root, 'run', 'control.sock');
});
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  server = undefined;
  rmSync(root, { recursive: true, force: true });
});

const routes: Routes = {
  'GET /status': () => ({ status: 200, body: { well: true } }),
  'POST /reload': () => refusal(422, 'refused', 'why'),
  'GET /broken': () => {
    throw new Error('oh');
  },
};

async function open(settings: { mode: number; group?: string } = { mode: 0o600 }): Promise<string[]> {
  const warnings: string[] = [];
  server = await openControlSocket(path, settings, routes, (what) => warnings.push(what));
  return warnings;
}

test('routes answer, and what is wrong has an error and a hint', async () => {
  await open();
  assert.deepEqual(await ask(path, 'GET', '/status'), { status: 200, body: { well: true } });
  assert.deepEqual(await ask(path, 'POST', '/reload'), {
    status: 422,
    body: { error: 'refused', hint: 'why' },
  });
  assert.equal((await ask(path, 'GET', '/reload')).status, 405);
  assert.equal((await ask(path, 'GET', '/nothing')).status, 404);
  assert.equal((await ask(path, 'GET', '/toString')).status, 404);
  const { status, body } = await ask(path, 'GET', '/broken');
  assert.deepEqual([status, (body as { error: string }).error], [500, 'oh']);
});

test('the mode is set, and its folder made', async () => {
  await open({ mode: 0o620 });
  assert.equal(statSync(path).mode & 0o777, 0o620);
});

test('a group that is not there is a warning', async () => {
  assert.deepEqual((await open({ mode: 0o660, group: 'no-such-group' })).length, 1);
  assert.equal(groupId('root:x:0:\ndns:x:53:a,b\n', 'dns'), 53);
  assert.equal(groupId('root:x:0:\n', 'dns'), undefined);
});

test('the socket of a process that was killed is replaced', async () => {
  rmSync(root, { recursive: true });
  root = mkdtempSync(join(tmpdir(), 'steerdns-admin-'));
  path = join(root, 'control.sock');
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout!, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(existsSync(path));
  await open();
  assert.equal((await ask(path, 'GET', '/status')).status, 200);
});

test('the socket of a process that lives is left alone', async () => {
  path = join(root, 'control.sock');
  const other = createServer().listen(path);
  await once(other, 'listening');
  await assert.rejects(open(), /in use by another process/);
  other.close();
});

test('a file that is no socket is left alone', async () => {
  path = join(root, 'notes.txt');
  writeFileSync(path, 'mine');
  await assert.rejects(open(), /is there and is no socket/);
  assert.equal(readFileSync(path, 'utf8'), 'mine');
});

test('a body at the limit is read, one octet more is refused', async () => {
  await open();
  const post = (size: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const message = request(
        { socketPath: path, method: 'POST', path: '/reload', agent: false },
        (response) => {
          response.resume();
          resolve(response.statusCode!);
        },
      );
      message.on('error', reject);
      message.end(Buffer.alloc(size));
    });
  assert.equal(await post(controlBodySizeMax), 422);
  assert.equal(await post(controlBodySizeMax + 1), 413);
});

test('headers beyond the limit are refused', async () => {
  await open();
  const socket = connect(path);
  socket.write(`GET /status HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(controlHeaderSizeMax)}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 431 /);
  socket.destroy();
});
