// TCP against a real server: pipelining, octets in drips, clients that do not read, limits and deadlines (RFC
// 7766).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import {
  tcpClientShare,
  tcpConnectionsMax,
  tcpIdleTimeoutMs,
  tcpMessageTimeoutMs,
  tcpReadTimeoutMs,
} from '../../src/limits.ts';
import { Daemon } from '../daemon.ts';
import { types } from '../rows.ts';
import { until } from '../until.ts';
import { decode, encode } from '../wire.ts';

const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 30
@ NS ns1
ns1 A 127.0.0.1
big TXT "${'x'.repeat(255)}" "${'y'.repeat(255)}" "${'z'.repeat(255)}"
`;

function framed(message: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(message.length >> 8, message.length & 255), message]);
}

function query(id: number, name = 'ns1.tcp.example.', type = types.A!): Buffer {
  return framed(encode({ id, name, type }));
}

/** Collects the messages that come on a connection. */
function messages(socket: Socket, count: number): Promise<Buffer[]> {
  const found: Buffer[] = [];
  let pending = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${found.length} messages`)));
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        found.push(pending.subarray(2, end));
        pending = pending.subarray(end);
      }
      if (found.length === count) resolve(found);
    });
  });
}

describe('TCP', () => {
  let daemon: Daemon;
  const open = async (localAddress = '127.0.0.1'): Promise<Socket> => {
    const socket = connect({ port: daemon.port, host: '127.0.0.1', localAddress });
    await once(socket, 'connect');
    return socket;
  };
  before(async () => {
    daemon = await Daemon.start({ files: { 'tcp.example.zone': zone } });
  });
  after(() => daemon.close());

  it('answers pipelined queries, all of them, in order', async () => {
    const socket = await open();
    const all = messages(socket, 1000);
    socket.write(Buffer.concat(Array.from({ length: 1000 }, (_, id) => query(id))));
    const ids = (await all).map((message) => message.readUInt16BE(0));
    assert.deepEqual(ids, [...ids.keys()]);
    socket.destroy();
  });

  it('puts a message together from single octets', async () => {
    const socket = await open();
    socket.setNoDelay(true);
    const answer = messages(socket, 1);
    for (const octet of query(7)) socket.write(Uint8Array.of(octet));
    assert.equal(decode((await answer)[0]!).answer.length, 1);
    socket.destroy();
  });

  it('gives a large answer whole', async () => {
    const socket = await open();
    const answer = messages(socket, 1);
    socket.write(query(8, 'big.tcp.example.', types.TXT!));
    const message = decode((await answer)[0]!);
    assert.equal(message.tc, false);
    assert.equal(message.answer.length, 1);
    socket.destroy();
  });

  it('cuts a message that is not finished in time, however it drips', async () => {
    const socket = await open();
    socket.on('error', () => {});
    const startedAt = performance.now();
    socket.write(Uint8Array.of(0, 200));
    const drip = setInterval(() => socket.write(Uint8Array.of(0)), tcpMessageTimeoutMs / 4);
    socket.resume();
    await once(socket, 'close');
    clearInterval(drip);
    assert.ok(performance.now() - startedAt < tcpMessageTimeoutMs * 2);
    assert.ok((await daemon.status()).server!.counters['tcp-cut']! >= 1);
  });

  it('answers all that a client has asked before it ended its side', async () => {
    const socket = connect({ port: daemon.port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    const all = messages(socket, 5000);
    socket.end(Buffer.concat(Array.from({ length: 5000 }, (_, id) => query(id))));
    assert.equal((await all).length, 5000);
    await once(socket, 'close');
  });

  it('closes on a message that gets no response', async () => {
    const socket = await open();
    const response = encode({ id: 9, name: 'ns1.tcp.example.', type: types.A! });
    response[2]! |= 0x80;
    socket.write(framed(response));
    socket.resume();
    await once(socket, 'close');
  });

  it('stops reading from a client that does not read, and goes on when it does', async () => {
    const socket = await open();
    socket.pause();
    const count = 20_000;
    socket.write(
      Buffer.concat(Array.from({ length: count }, (_, id) => query(id, 'big.tcp.example.', types.TXT!))),
    );
    const other = await open();
    const answer = messages(other, 1);
    other.write(query(10));
    await answer;
    other.destroy();
    const all = messages(socket, count);
    socket.resume();
    assert.equal((await all).length, count);
    socket.destroy();
  });

  it('closes a connection on which nothing is asked for the idle time, and says so', async () => {
    const before = (await daemon.status()).server!.counters;
    const socket = await open();
    const answer = messages(socket, 1);
    socket.write(query(12));
    await answer;
    const startedAt = performance.now();
    socket.removeAllListeners('close');
    await once(socket, 'close');
    const idleMs = performance.now() - startedAt;
    assert.ok(idleMs > tcpIdleTimeoutMs - 500 && idleMs < tcpIdleTimeoutMs + 1000, `${idleMs}`);
    const after = (await daemon.status()).server!.counters;
    assert.equal(after['tcp-idle'], before['tcp-idle']! + 1);
    assert.equal(after['tcp-cut'], before['tcp-cut']);
  });

  it('cuts a client that does not read, after its time to do so', async () => {
    const { counters } = (await daemon.status()).server!;
    const socket = await open();
    socket.on('error', () => {});
    socket.pause();
    socket.write(
      Buffer.concat(Array.from({ length: 20_000 }, (_, id) => query(id, 'big.tcp.example.', types.TXT!))),
    );
    await until('it was cut', tcpReadTimeoutMs + 3000, async () => {
      const now = (await daemon.status()).server!.counters;
      return now['tcp-cut']! > counters['tcp-cut']!;
    });
    socket.destroy();
  });

  it('lets the longest idle connection of a client go when that client has its share', async () => {
    const share = tcpConnectionsMax / tcpClientShare;
    const accepted = async (): Promise<number> => (await daemon.status()).server!.counters['tcp-accepted']!;
    const acceptedBefore = await accepted();
    const other = await open('127.0.0.2');
    const sockets: Socket[] = [];
    const gone: number[] = [];
    const add = async (): Promise<void> => {
      const at = sockets.length;
      const socket = await open('127.0.0.3');
      socket.on('close', () => gone.push(at));
      sockets.push(socket.resume());
    };
    for (let i = 0; i < share; i++) await add();
    await until('all are taken in', 5000, async () => (await accepted()) === acceptedBefore + share + 1);
    // The first of them has just asked: it is no longer the one that was silent for longest.
    const answer = messages(sockets[0]!, 1);
    sockets[0]!.write(query(13));
    await answer;
    const before = (await daemon.status()).server!.counters;
    assert.equal(gone.length, 0);
    for (let i = 0; i < 3; i++) await add();
    await until('three have made room', 5000, () => gone.length === 3);
    assert.deepEqual(
      gone.sort((a, b) => a - b),
      [1, 2, 3],
    );
    assert.equal(other.destroyed, false);
    const after = (await daemon.status()).server!.counters;
    assert.equal(after['tcp-refused-client'], before['tcp-refused-client']! + 3);
    assert.equal(after['tcp-accepted'], before['tcp-accepted']! + 3);
    for (const socket of [...sockets, other]) socket.destroy();
  });

  it('lets the longest idle connection of all go when there are too many', async () => {
    const sockets: Socket[] = [];
    for (let i = 0; i < tcpConnectionsMax + 8; i++) {
      const socket = await open(`127.0.4.${i % (2 * tcpClientShare)}`);
      socket.on('error', () => {});
      socket.resume();
      sockets.push(socket);
    }
    const fresh = await open();
    const answer = messages(fresh, 1);
    fresh.write(query(11));
    assert.equal(decode((await answer)[0]!).answer.length, 1);
    assert.ok((await daemon.status()).server!.counters['tcp-refused']! >= 8);
    for (const socket of [...sockets, fresh]) socket.destroy();
  });

  it('closes what is idle at once when it stops, and finishes what it was asked', async () => {
    const own = await Daemon.start({ files: { 'tcp.example.zone': zone } });
    try {
      const idle = connect(own.port, '127.0.0.1');
      await once(idle, 'connect');
      const busy = connect(own.port, '127.0.0.1').pause();
      await once(busy, 'connect');
      const count = 5000;
      const all = messages(busy, count);
      busy.pause();
      busy.write(
        Buffer.concat(Array.from({ length: count }, (_, id) => query(id, 'big.tcp.example.', types.TXT!))),
      );
      await until('it is answering', 5000, async () => {
        return (await own.status()).server!.counters['tcp-queries']! > 100;
      });
      const closed = once(idle.resume(), 'close');
      const ended = own.stop();
      await closed;
      busy.resume();
      assert.equal((await all).length, count);
      assert.equal(await ended, 0);
    } finally {
      await own.close();
    }
  });
});
