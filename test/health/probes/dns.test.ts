// The dns probe against name servers on loopback: good, wrong, silent, forged, and ones that lose a datagram.
import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { test } from 'node:test';
import { dns } from '../../../src/health/probes/dns.ts';
import type { Options, ProbeResult } from '../../../src/health/probes/probe.ts';
import { openDescriptors } from './servers.ts';

const name = 'www.site.example.';

type Answer = {
  readonly rcode?: number;
  readonly addresses?: readonly string[];
  readonly truncated?: boolean;
};

/** A response to the query, with A records. */
function respondTo(query: Buffer, { rcode = 0, addresses = [], truncated = false }: Answer): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8400 | (truncated ? 0x200 : 0) | rcode, 2);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt16BE(0, 10);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([header, query.subarray(12, end), ...records]);
}

type OnQuery = (query: Buffer, reply: (message: Buffer) => void, count: number) => void;

async function probe(onQuery: OnQuery, options: Options = {}, deadlineMs = 600): Promise<ProbeResult> {
  let count = 0;
  const server: Socket = createSocket('udp4');
  server.on('message', (query, from: RemoteInfo) =>
    onQuery(query, (message) => server.send(message, from.port, from.address), ++count),
  );
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  const result = await dns.run('127.0.0.1', server.address().port, { name, ...options }, deadlineMs);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return result;
}

const answering =
  (answer: Answer): OnQuery =>
  (query, reply) =>
    reply(respondTo(query, answer));

test('an answer is up; an error is down, unless it is what is expected', async () => {
  const good = await probe(answering({ addresses: ['192.0.2.1'] }));
  assert.equal(good.outcome, 'ok', good.reason);
  assert.match(good.reason, /^NOERROR in \d+ ms$/);
  assert.equal((await probe(answering({}))).outcome, 'ok', 'NODATA is an answer');
  const failed = await probe(answering({ rcode: 2 }));
  assert.deepEqual([failed.outcome, failed.reason], ['fail', 'SERVFAIL, expected NOERROR']);
  assert.equal((await probe(answering({ rcode: 3 }), { expect: 'NXDOMAIN' })).outcome, 'ok');
  assert.equal((await probe(answering({}), { expect: 'NXDOMAIN' })).reason, 'NOERROR, expected NXDOMAIN');
});

test('all expected addresses must be in the answer', async () => {
  const answer = answering({ addresses: ['192.0.2.1', '192.0.2.2'] });
  assert.equal((await probe(answer, { expect: ['192.0.2.2'] })).outcome, 'ok');
  assert.equal((await probe(answer, { expect: ['192.0.2.1', '192.0.2.2'] })).outcome, 'ok');
  const missing = await probe(answer, { expect: ['192.0.2.2', '192.0.2.3'] });
  assert.equal(missing.reason, 'the answer has 192.0.2.1, 192.0.2.2, not 192.0.2.3');
  const none = await probe(answering({ truncated: true }), { expect: ['192.0.2.3'] });
  assert.equal(none.reason, 'the answer has no address, not 192.0.2.3, and is truncated');
  assert.equal(
    (await probe(answering({ rcode: 5 }), { expect: ['192.0.2.1'] })).reason,
    'REFUSED, expected NOERROR',
  );
});

test('the query is for the name and the type, each time with an ID of its own', async () => {
  const queries: Buffer[] = [];
  const onQuery: OnQuery = (query, reply) => {
    queries.push(query);
    reply(respondTo(query, {}));
  };
  for (let round = 0; round < 4; round++) await probe(onQuery, { record: 'SOA' });
  for (const query of queries) {
    assert.equal(query.toString('latin1', 12, 30), '\x03www\x04site\x07example\0');
    assert.deepEqual([...query.subarray(30, 34)], [0, 6, 0, 1]);
  }
  assert.ok(new Set(queries.map((query) => query.readUInt16BE(0))).size > 1, 'IDs differ');
});

test('a lost datagram is made up for, and no more queries than three are sent', async () => {
  const lossy = await probe((query, reply, count) => {
    if (count === 2) reply(respondTo(query, {}));
  });
  assert.equal(lossy.outcome, 'ok', lossy.reason);
  let sent = 0;
  const silent = await probe(() => sent++);
  assert.deepEqual([silent.outcome, silent.reason, sent], ['fail', 'no response within 600 ms', 3]);
  assert.ok(silent.latencyMs >= 599 && silent.latencyMs < 1100);
});

test('a port where nobody listens is refused', async () => {
  const server = createSocket('udp4');
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  const { outcome, reason } = await dns.run('127.0.0.1', port, { name }, 600);
  assert.deepEqual([outcome, reason], ['fail', 'connection refused']);
});

test('what is no response to this query is ignored', async () => {
  const forgeries: OnQuery = (query, reply) => {
    const response = respondTo(query, { rcode: 3 });
    const otherId = Buffer.from(response);
    otherId.writeUInt16BE(response.readUInt16BE(0) ^ 1, 0);
    const otherName = Buffer.from(response);
    otherName[13] = 'x'.charCodeAt(0);
    const otherType = Buffer.from(response);
    otherType.writeUInt16BE(28, response.indexOf(0, 12) + 1);
    for (const one of [otherId, otherName, otherType, query, Buffer.alloc(0), Buffer.alloc(1)]) reply(one);
    reply(respondTo(query, {}));
  };
  assert.equal((await probe(forgeries)).outcome, 'ok');
});

test('garbage is a failure and never a crash', async () => {
  const short = await probe((query, reply) => reply(Buffer.from(query.subarray(0, 5))));
  assert.deepEqual([short.outcome, short.reason], ['fail', 'not DNS: what came has no header']);
  // Names that point at themselves, records that end in nothing.
  for (const tail of [[0xc0, 12], [0xc0, 40, 0], [63], [0xff, 0xff, 0xff]]) {
    const result = await probe(
      (query, reply) => {
        const response = respondTo(query, {});
        response.writeUInt16BE(0xffff, 6);
        reply(Buffer.concat([response, Buffer.from(tail)]));
      },
      { expect: ['192.0.2.1'] },
    );
    assert.equal(result.outcome, 'fail', String(tail));
  }
});

test('an address to which this host has no way is our own fault, and no descriptor stays open', async () => {
  const before = openDescriptors();
  const { outcome } = await dns.run('255.255.255.255', 9, { name }, 300);
  assert.equal(outcome, 'inconclusive');
  for (let round = 0; round < 30; round++) await probe(answering({}));
  assert.ok(openDescriptors() <= before + 2);
});
