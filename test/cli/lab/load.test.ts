// What the lab measures: the sliding window, the reading of responses, and the load against a socket that
// answers some queries and swallows others.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { Load, Window } from '../../../src/cli/lab/load.ts';
import { readAddresses, writeQuery } from '../../../src/health/dnsclient.ts';

/** The response to a query, with these IPv4 addresses behind compressed owners. */
function respondTo(query: Buffer, addresses: readonly string[], rcode = 0): Buffer {
  const response = Buffer.from(query.subarray(0, query.length - 11)); // without OPT
  response[2] = 0x84;
  response[3] = rcode;
  response.writeUInt16BE(addresses.length, 6);
  response.writeUInt16BE(0, 10);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([response, ...records]);
}

test('a response of k addresses counts 1/k for each', () => {
  const window = new Window(10);
  window.add(['a', 'b']);
  window.add(['a']);
  assert.deepEqual(Object.fromEntries(window.shares()), { a: 0.75, b: 0.25 });
});

test('the window forgets the oldest, and all when told', () => {
  const window = new Window(3);
  for (const address of ['a', 'a', 'b', 'b', 'b']) window.add([address]);
  assert.equal(window.size, 3);
  assert.deepEqual(Object.fromEntries(window.shares()), { a: 0, b: 1 });
  window.clear();
  assert.equal(window.size, 0);
  assert.equal(window.shares().size, 0);
  window.add(['c']);
  assert.deepEqual(Object.fromEntries(window.shares()), { c: 1 });
});

test('reads addresses of a response, and none of an error or of one that breaks off', () => {
  const query = writeQuery('www.site.example.');
  assert.equal(query.toString('hex', 12, 30), '037777770473697465076578616d706c6500');
  const response = respondTo(query, ['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(readAddresses(response), ['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(readAddresses(respondTo(query, ['192.0.2.1'], 2)), []);
  for (let length = 12; length < response.length; length++) {
    assert.deepEqual(readAddresses(response.subarray(0, length)), []);
  }
});

test('counts what is answered, what carries no address and what is not answered', {
  timeout: 20_000,
}, async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  const ports = new Set<number>();
  let received = 0;
  server.on('message', (query, { port }) => {
    ports.add(port);
    const turn = received++ % 4; // two of four get an address, one SERVFAIL, one silence
    if (turn === 3) return;
    server.send(respondTo(query, turn === 2 ? [] : ['192.0.2.1'], turn === 2 ? 2 : 0), port, '127.0.0.1');
  });
  const load = new Load({ address: '127.0.0.1', port: server.address().port }, 'www.site.example.');
  load.start();
  try {
    for (;;) {
      await once(server, 'message');
      const { unanswered, unansweredAt, answered, empty, shares, measured, sent } = load.counts();
      if (unanswered < 20) continue;
      assert.ok(unansweredAt !== undefined && answered > 0 && empty > 0);
      assert.ok(sent >= answered + unanswered);
      assert.equal(measured, answered - empty);
      assert.deepEqual(Object.fromEntries(shares), { '192.0.2.1': 1 });
      assert.ok(ports.size > 1, 'asked from several ports');
      break;
    }
  } finally {
    load.stop();
    server.close();
  }
});
