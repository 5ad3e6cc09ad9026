// The batch engine's own parts: the self-test, one refused datagram among many, a datagram longer than a
// slot, and several sockets at once. Real sockets on the loopback.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { udpQuerySizeMax } from '../../src/limits.ts';
import { libcFault } from '../../src/serve/libc.ts';
import { Batch, Readiness } from '../../src/serve/mmsg.ts';
import { batchEngineFault } from '../../src/serve/selftest.ts';
import { bindUdp, boundPort, closeSocket, localAddress } from '../../src/serve/socket.ts';

const skip = libcFault !== undefined && !process.env.CI ? libcFault : false;

/** Sends datagrams of these sizes from one port, in order. */
async function send(sizes: readonly number[], port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  for (const [i, size] of sizes.entries()) {
    await new Promise((resolve) => socket.send(Buffer.alloc(size, i + 1), port, '127.0.0.1', resolve));
  }
  return socket;
}

describe('the batch engine', { skip }, () => {
  it('passes its self-test', () => assert.equal(batchEngineFault(), undefined));

  it('receives what is queued at once, with lengths and ports, and answers it', async () => {
    const bound = bindUdp('127.0.0.1', 0, false);
    const client = await send([12, 100, 500], boundPort(bound));
    const batch = new Batch();
    assert.equal(batch.receive(bound.fd, true), 3);
    for (let i = 0; i < 3; i++) {
      assert.equal(batch.lengthOf(i), [12, 100, 500][i]);
      assert.equal(batch.portOf(i), client.address().port);
      assert.equal(batch.rx[i * batch.slotSize], i + 1);
      batch.tx[batch.staged * batch.slotSize] = 40 + i;
      batch.stage(i, 1);
      batch.release(i);
    }
    const answers: number[] = [];
    const all = new Promise<void>((resolve) => {
      client.on('message', (answer) => {
        answers.push(answer[0]!);
        if (answers.length === 3) resolve();
      });
    });
    assert.equal(batch.send(bound.fd), 0);
    await all;
    assert.deepEqual(answers, [40, 41, 42]);
    client.close();
    closeSocket(bound.fd);
  });

  it("skips a datagram that the kernel refuses, never the rest, and says so for 'send-failed'", async () => {
    const bound = bindUdp('127.0.0.1', 0, false);
    const client = createSocket('udp4').bind(0, '127.0.0.1');
    await once(client, 'listening');
    const batch = new Batch();
    for (const [i, port] of [client.address().port, 0, client.address().port].entries()) {
      batch.addressTo(i, '127.0.0.1', port);
      batch.tx[i * batch.slotSize] = i;
      batch.stage(i, 1);
    }
    const answers: number[] = [];
    const both = new Promise<void>((resolve) => {
      client.on('message', (answer) => {
        answers.push(answer[0]!);
        if (answers.length === 2) resolve();
      });
    });
    assert.equal(batch.send(bound.fd), 1);
    await both;
    assert.deepEqual(answers, [0, 2]);
    client.close();
    closeSocket(bound.fd);
  });

  it('knows a datagram that says it came from our own address and port', async () => {
    for (const listen of ['127.0.0.1', '0.0.0.0']) {
      const bound = bindUdp(listen, 0, true);
      const port = boundPort(bound);
      // A twin on the same port: what it sends to the address has the address for its source too.
      const twin = bindUdp('0.0.0.0', port, true);
      const sender = new Batch();
      sender.addressTo(0, '127.0.0.1', port);
      sender.stage(0, 12);
      assert.equal(sender.send(twin.fd), 0);
      const stranger = await send([13], port);
      const batch = new Batch();
      const readiness = new Readiness([bound, twin]); // two on a wildcard share what comes
      const seen = new Map<number, boolean>();
      while (seen.size < 2) {
        assert.ok(readiness.wait(), 'both datagrams arrive');
        for (const socket of [bound, twin]) {
          const received = batch.receive(socket.fd, false);
          for (let i = 0; i < received; i++) {
            assert.equal(batch.addressSize(i), 4);
            assert.equal(batch.names[batch.addressAt(i)], 127);
            seen.set(batch.lengthOf(i), batch.isFromUs(i, localAddress(socket)));
            batch.release(i);
          }
        }
      }
      assert.deepEqual(
        seen,
        new Map([
          [12, true],
          [13, false],
        ]),
        listen,
      );
      stranger.close();
      closeSocket(twin.fd);
      closeSocket(bound.fd);
    }
  });

  it('takes a datagram that is longer than a slot for none', async () => {
    const bound = bindUdp('127.0.0.1', 0, false);
    const client = await send([udpQuerySizeMax, udpQuerySizeMax + 1], boundPort(bound));
    const batch = new Batch();
    assert.equal(batch.receive(bound.fd, true), 2);
    assert.deepEqual([batch.lengthOf(0), batch.lengthOf(1)], [udpQuerySizeMax, 0]);
    client.close();
    closeSocket(bound.fd);
  });

  it('comes back from a quiet socket by itself', () => {
    const bound = bindUdp('127.0.0.1', 0, false);
    assert.equal(new Batch().receive(bound.fd, true), 0);
    assert.equal(new Readiness([bound, bound]).wait(), false);
    closeSocket(bound.fd);
  });

  it('waits for several sockets and says which is ready', async () => {
    const bound = [bindUdp('127.0.0.1', 0, false), bindUdp('127.0.0.1', 0, false)];
    const readiness = new Readiness(bound);
    const client = await send([12], boundPort(bound[1]!));
    assert.equal(readiness.wait(), true);
    assert.deepEqual([readiness.isReady(0), readiness.isReady(1)], [false, true]);
    client.close();
    for (const socket of bound) closeSocket(socket.fd);
  });

  it('refuses an address that is taken, with the system’s code', () => {
    const bound = bindUdp('127.0.0.1', 0, true);
    assert.throws(() => bindUdp('127.0.0.1', boundPort(bound), false), { code: 'EADDRINUSE' });
    closeSocket(bound.fd);
  });
});
