// The lab's web servers: each behaviour as a client sees it, and the sentence where an address is taken.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Toys } from '../../../src/cli/lab/toys.ts';
import { freePort } from './ports.ts';

/** Asks once; the status and body, or the error's code, or `silent` when nothing comes within a while. */
function fetch(address: string, port: number, path = '/healthz'): Promise<string> {
  return new Promise((resolve) => {
    const message = get({ host: address, port, path, agent: false, timeout: 300 }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve(`${response.statusCode} ${body.trim()}`));
    });
    message.on('timeout', () => {
      resolve('silent');
      message.destroy();
    });
    message.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

test('every behaviour, and back', async () => {
  const port = await freePort();
  const toys = await Toys.start(port);
  assert.ok(!('fault' in toys));
  try {
    assert.equal(await fetch('127.0.0.12', port), '200 web2');
    assert.equal(await fetch('127.0.0.13', port, '/'), '200 web3');
    assert.equal(await fetch('127.0.0.14', port, '/other'), '404 web4: 404');
    const seen = { kill: 'ECONNREFUSED', slow: 'silent', fail: '503 web2: 503', revive: '200 web2' } as const;
    for (const [action, expected] of Object.entries(seen)) {
      assert.equal(await toys.act(action as keyof typeof seen, 'web2'), undefined);
      assert.equal(await fetch('127.0.0.12', port), expected, action);
    }
    assert.equal(await toys.act('revive', 'web2'), undefined); // twice is no harm
    assert.equal(await fetch('127.0.0.11', port), '200 web1');
    assert.deepEqual(
      toys.list().map(({ name, behaviour, hits }) => [name, behaviour, hits]),
      [
        ['web1', 'up', 1],
        ['web2', 'up', 4],
        ['web3', 'up', 1],
        ['web4', 'up', 1],
      ],
    );
    assert.match((await toys.act('kill', 'web9')) ?? '', /no web server web9, only web1, web2, web3, web4/);
  } finally {
    toys.stop();
  }
  assert.equal(await fetch('127.0.0.11', port), 'ECONNREFUSED');
});

test('an address that is taken: a sentence with what to do, and nothing left listening', async () => {
  const port = await freePort();
  const other = createServer().listen(port, '127.0.0.13');
  await once(other, 'listening');
  try {
    const toys = await Toys.start(port);
    assert.ok('fault' in toys);
    assert.match(
      toys.fault,
      new RegExp(`^web3 needs 127.0.0.13 port ${port}, which another program has: .*--port`),
    );
    assert.equal(await fetch('127.0.0.11', port), 'ECONNREFUSED');
  } finally {
    other.close();
  }
});

test('an address that was taken meanwhile cannot be revived, and can later', async () => {
  const port = await freePort();
  const toys = await Toys.start(port);
  assert.ok(!('fault' in toys));
  await toys.act('kill', 'web2');
  const other = createServer().listen(port, '127.0.0.12');
  await once(other, 'listening');
  assert.match((await toys.act('revive', 'web2')) ?? '', /another program has/);
  assert.equal(toys.list()[1]!.behaviour, 'killed');
  other.close();
  await once(other, 'close');
  assert.equal(await toys.act('revive', 'web2'), undefined);
  assert.equal(await fetch('127.0.0.12', port), '200 web2');
  toys.stop();
});
