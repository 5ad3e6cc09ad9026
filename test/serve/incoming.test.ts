// Octets of a connection as messages, and who may have a connection.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tcpTurnsMax } from '../../src/limits.ts';
import { Connections, clientOf } from '../../src/serve/connections.ts';
import { Incoming } from '../../src/serve/incoming.ts';
import { Turns } from '../../src/serve/turns.ts';
import { parseAddress } from '../../src/wire/addresses.ts';

/** A message of `length` octets, all different from its neighbours', behind its length. */
function framed(length: number): Uint8Array {
  const octets = new Uint8Array(2 + length).map((_, i) => i * 7 + length);
  octets.set([length >> 8, length & 255]);
  return octets;
}

/** Takes out the messages that are whole. */
function drain(incoming: Incoming): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let length = incoming.length; length >= 0; length = incoming.length) {
    found.push(incoming.octets.slice(incoming.at, incoming.at + 2 + length));
    incoming.drop(length);
  }
  incoming.settle();
  return found;
}

describe('incoming octets', () => {
  const lengths = [0, 1, 33, 40, 255, 256, 257, 511, 512, 5000, 20_000, 65_535, 12, 0, 40];
  const all = Buffer.concat(lengths.map(framed));

  for (const size of [1, 2, 3, 7, 255, 256, 257, 4096, 16_384, 65_536, all.length]) {
    it(`in pieces of ${size} are the messages that were sent`, () => {
      const incoming = new Incoming();
      const found: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += size) {
        incoming.take(all.subarray(at, at + size));
        found.push(...drain(incoming));
      }
      assert.deepEqual(
        found.map((one) => Buffer.from(one)),
        lengths.map((length) => Buffer.from(framed(length))),
      );
      assert.equal(incoming.size, 0);
    });
  }

  it('in drips are copied a bounded number of times', () => {
    const message = framed(65_535);
    const incoming = new Incoming();
    const buffers = new Set<Uint8Array>();
    for (let at = 0; at < message.length; at++) {
      incoming.take(message.subarray(at, at + 1));
      buffers.add(incoming.octets);
      assert.ok(incoming.octets.length <= Math.max(256, 2 * incoming.size));
      assert.deepEqual(drain(incoming).length, at === message.length - 1 ? 1 : 0);
    }
    assert.ok(buffers.size < 16, `${buffers.size} buffers`);
  });

  it('do not hold the chunk that they came in', () => {
    const incoming = new Incoming();
    incoming.take(Buffer.concat([framed(60_000), framed(60_000).subarray(0, 3)]));
    assert.equal(drain(incoming).length, 1);
    assert.equal(incoming.size, 3);
    assert.ok(incoming.octets.buffer.byteLength <= 256);
    incoming.take(framed(60_000).subarray(3));
    assert.equal(drain(incoming).length, 1);
    assert.equal(incoming.octets.buffer.byteLength, 0);
  });
});

describe('turns', () => {
  it('are taken in order, so many in a turn of the event loop', async () => {
    const turns = new Turns<{ serve(): void }>();
    const taken: number[] = [];
    const loops: number[] = [];
    const count = 3 * tcpTurnsMax - 5;
    for (let i = 0; i < count; i++) {
      const again = { serve: () => taken.push(count + i) };
      turns.add({
        serve: () => {
          taken.push(i);
          if (i < 10) turns.add(again);
        },
      });
    }
    while (taken.length < count + 10) {
      await new Promise((resolve) => setImmediate(resolve));
      loops.push(taken.length);
    }
    assert.deepEqual(taken, [...Array(count + 10).keys()]);
    assert.deepEqual(loops, [tcpTurnsMax, 2 * tcpTurnsMax, 3 * tcpTurnsMax, count + 10]);
  });
});

describe('connections', () => {
  const one = (client: string, heardAt: number) => ({ client, heardAt });

  it('are as many as there may be, and an eighth for each client', () => {
    const connections = new Connections<{ client: string; heardAt: number }>(80);
    for (let i = 0; i < 9; i++) connections.add(one('a', 100 + i));
    assert.ok(!connections.isClientFull('a'));
    const last = one('a', 50);
    connections.add(last);
    assert.ok(connections.isClientFull('a'));
    assert.ok(!connections.isClientFull('b'));
    assert.ok(!connections.isFull);
    for (let i = 0; i < 70; i++) connections.add(one(`b${i % 7}`, 60 + i));
    assert.ok(connections.isFull);
    assert.equal(connections.quietest(), last);
    assert.equal(connections.quietest('b3')?.heardAt, 63);
    connections.remove(last);
    connections.remove(last);
    assert.ok(!connections.isFull && !connections.isClientFull('a'));
    assert.equal(connections.quietest()?.heardAt, 60);
    assert.equal(connections.size, [...connections].length);
  });

  it('belong to an IPv4 address or to a /56 of IPv6', () => {
    const client = (address: string): string => clientOf(parseAddress(address)!);
    assert.notEqual(client('192.0.2.1'), client('192.0.2.2'));
    assert.equal(client('2001:db8:1:2::1'), client('2001:db8:1:2f:9::1'));
    assert.notEqual(client('2001:db8:1:200::1'), client('2001:db8:1:300::1'));
  });
});
