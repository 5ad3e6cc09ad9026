// Every value of every field that a query's fixed part has, one axis at a time, and random combinations:
// asked of a real server over UDP and TCP. Each response has its form and its ID, silence is where it is
// specified and nowhere else, and afterwards the same process with the same threads is there. Nobody waits
// for silence: behind each window of messages goes a question whose answer ends it.
import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { filesOf } from '../answering.ts';
import { randomFrom } from '../balance/random.ts';
import { loadCases } from '../cases.ts';
import { Daemon } from '../daemon.ts';
import { types } from '../rows.ts';
import { decode, encode } from '../wire.ts';

const seed = Number(process.env.STEERDNS_TEST_SEED ?? 1);
const randomCount = 100_000;
/** Messages on their way at once: what comes back fits into the receive buffer of a socket. */
const windowSize = 128;
const udpSockets = 4;
const tcpConnections = 8;
/** Far above what a window needs on a busy machine. */
const windowTimeoutMs = 20_000;
const sentinelId = 0xffff;

const zones = loadCases().zones.map((zone) => ({ ...zone, balance: '', down: [] }));
const pool = '$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.2\nwww A 192.0.2.3\n';
const files = {
  ...filesOf(zones, () => 9),
  'pool.axes.test.zone': pool,
  'pool.axes.test.yaml': 'balance:\n  www: { answers: 1 }\n',
};
const sentinel = encode({ id: sentinelId, name: 'ns.pool.axes.test.', type: types.A! });

/** The axes: each a number of messages, made one at a time; IDs are put in when they are sent. */
const axes: Readonly<Record<string, { readonly count: number; readonly make: (i: number) => Uint8Array }>> = {
  'all types': {
    count: 65_536,
    make: (type) => encode({ name: 'www.pool.axes.test.', type }),
  },
  'all classes': {
    count: 65_536,
    make: (code) => encode({ name: 'www.pool.axes.test.', type: types.A!, class: code }),
  },
  'all opcodes with all RCODEs': {
    count: 256,
    make: (i) => withFlags((i >> 4) << 11, i & 15),
  },
  'all combinations of the two octets of flags': {
    count: 65_536,
    make: (flags) => withFlags(flags, 0),
  },
  [`random combinations, seed ${seed}`]: { count: randomCount, make: randomMessages() },
};

function withFlags(flags: number, more: number): Uint8Array {
  const message = encode({ name: 'www.pool.axes.test.', type: types.A! });
  message[2] = flags >> 8;
  message[3] = (flags & 255) | more;
  return message;
}

/** Headers, names in and out of zones, types, classes, EDNS options and octets behind, all by chance. */
function randomMessages(): (i: number) => Uint8Array {
  const random = randomFrom(seed);
  const octets = (size: number): number[] => Array.from({ length: size }, () => random.below(256));
  const owners = zones.flatMap(({ rows }) => rows.map(({ owner }) => owner));
  const names = [...owners, 'version.bind.', 'id.server.', 'nowhere.invalid.', '.'];
  const codes = [3, 8, 10, 11, 12, 15];
  const option = (): { code: number; data: number[] } => ({
    code: random.below(4) > 0 ? random.pick(codes) : random.below(65_536),
    data: octets(random.pick([0, 0, 2, 4, 8, 8, 16, 24, 40, random.below(64)])),
  });
  const made: Uint8Array[] = []; // once, for both transports
  return (i) => (made[i] ??= message());

  function message(): Uint8Array {
    const edns = {
      size: random.pick([0, 512, 1232, 4096, random.below(65_536)]),
      version: random.below(12) === 0 ? random.below(256) : 0,
      do: random.below(2) === 0,
      options: Array.from({ length: random.below(4) }, option),
    };
    const prefix = random.below(3) === 0 ? `${'x'.repeat(1 + random.below(20))}.` : '';
    const under = random.pick(names);
    const name = under === '.' || under.length > 200 ? under : prefix + under;
    const asked = encode({
      opcode: random.below(8) === 0 ? random.below(16) : 0,
      name,
      type: random.below(3) === 0 ? random.below(65_536) : random.pick(Object.values(types)),
      class: random.below(5) === 0 ? random.pick([3, 3, 254, 255, random.below(65_536)]) : 1,
      ...(random.below(2) === 0 ? { edns } : {}),
    });
    asked[2]! |= random.below(10) === 0 ? random.below(256) : random.below(2);
    asked[3] = random.below(4) === 0 ? random.below(256) : 0;
    if (random.below(8) === 0) asked[5 + 2 * random.below(4)] = random.below(4);
    const behind = random.below(6) === 0 ? octets(random.below(40)) : [];
    const whole = Uint8Array.from([...asked, ...behind]);
    return random.below(30) === 0 ? whole.slice(0, random.below(whole.length)) : whole;
  }
}

/** What no answer is due to: no header, or a response (QR). */
const isSilent = (message: Uint8Array): boolean => message.length < 12 || (message[2]! & 0x80) !== 0;

/** Responses whose octets behind the ID were decoded already. */
const decoded = new Set<string>();

/** Throws unless the response belongs to the message and is what a careful client takes. */
function checkForm(response: Uint8Array, message: Uint8Array): void {
  const shown = `${Buffer.from(message).toString('hex')} -> ${Buffer.from(response).toString('hex')}`;
  assert.ok(response[0] === message[0] && response[1] === message[1], `ID: ${shown}`);
  assert.equal(response[2]! & 0xf9, 0x80 | (message[2]! & 0x79), `QR, opcode or RD: ${shown}`);
  if (response[5] === 1) {
    let end = 12;
    while (end < response.length && response[end] !== 0) end += response[end]! + 1;
    const same = Buffer.compare(response.subarray(12, end + 5), message.subarray(12, end + 5)) === 0;
    assert.ok(same, `question: ${shown}`);
  }
  const key = Buffer.from(response.buffer, response.byteOffset + 2, response.length - 2).toString('latin1');
  if (decoded.has(key)) return;
  try {
    decode(response);
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${shown}`);
  }
  if (decoded.size < 100_000) decoded.add(key);
}

/** Messages in windows, each with the IDs 0 to windowSize - 1 so that a response says where it belongs. */
function* windowsOf(count: number, make: (i: number) => Uint8Array): Generator<Uint8Array[]> {
  for (let from = 0; from < count; from += windowSize) {
    const size = Math.min(windowSize, count - from);
    const messages = Array.from({ length: size }, (_, i) => make(from + i));
    for (const [i, message] of messages.entries()) {
      if (message.length >= 2) message.set([i >> 8, i & 255]);
    }
    yield messages;
  }
}

/** Asks one window over UDP: all answers that are due, no others, and the sentinel's last. */
async function askUdp(socket: UdpSocket, messages: readonly Uint8Array[]): Promise<void> {
  const open = new Map(messages.entries());
  for (const [id, message] of messages.entries()) if (isSilent(message)) open.delete(id);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      const unanswered = [...open.values()].map((message) => Buffer.from(message).toString('hex'));
      reject(new Error(`${unanswered.length} without an answer: ${unanswered.slice(0, 3)}`));
    }, windowTimeoutMs);
    const take = (response: Buffer): void => {
      try {
        const id = response.readUInt16BE(0);
        if (id === sentinelId) {
          assert.equal(open.size, 0, 'the last question was answered before others');
          clearTimeout(timer);
          socket.off('message', take);
          resolve();
          return;
        }
        const message = open.get(id);
        assert.ok(message !== undefined, `a response that is not due: ${response.toString('hex')}`);
        open.delete(id);
        checkForm(response, message);
      } catch (error) {
        clearTimeout(timer);
        reject(error);
      }
    };
    socket.on('message', take);
    for (const message of messages) socket.send(message);
    socket.send(sentinel);
  });
}

/**
 * Asks messages over one connection, pipelined: all answers that are due, in order. What no answer is due to
 * comes last; the server must then close.
 */
async function askTcp(port: number, from: string, messages: readonly Uint8Array[]): Promise<void> {
  const isCut = isSilent(messages.at(-1)!);
  const due = isCut ? messages.slice(0, -1) : messages;
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true });
  socket.setTimeout(windowTimeoutMs, () =>
    socket.destroy(new Error('neither an answer nor an end over TCP')),
  );
  socket.write(
    Buffer.concat(
      messages.flatMap((message) => [Uint8Array.of(message.length >> 8, message.length & 255), message]),
    ),
  );
  let pending: Buffer = Buffer.alloc(0);
  let answered = 0;
  try {
    for await (const data of socket) {
      pending = pending.length === 0 ? (data as Buffer) : Buffer.concat([pending, data as Buffer]);
      let at = 0;
      while (pending.length >= at + 2 && pending.length >= at + 2 + pending.readUInt16BE(at)) {
        const end = at + 2 + pending.readUInt16BE(at);
        assert.ok(answered < due.length, 'a response that is not due');
        checkForm(pending.subarray(at + 2, end), due[answered++]!);
        at = end;
      }
      pending = pending.subarray(at);
      if (!isCut && answered === due.length) return;
    }
  } catch (error) {
    // A server that closes with octets unread resets: what was due has come all the same, or is missed below.
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  } finally {
    socket.destroy();
  }
  assert.equal(answered, due.length, 'answers before the end of the connection');
}

/** Runs of messages that end with one that no answer is due to, or after so many. */
function* runsOf(messages: Iterable<Uint8Array[]>): Generator<Uint8Array[]> {
  let run: Uint8Array[] = [];
  for (const message of flat(messages)) {
    run.push(message);
    if (!isSilent(message) && run.length < 512) continue;
    yield run;
    run = [];
  }
  if (run.length > 0) yield run;
}

function* flat(windows: Iterable<Uint8Array[]>): Generator<Uint8Array> {
  for (const messages of windows) yield* messages;
}

/** Works an iterator off with so many hands. */
async function withHands<T>(count: number, work: Iterator<T>, act: (one: T, hand: number) => Promise<void>) {
  const hand = async (number: number): Promise<void> => {
    for (let next = work.next(); next.done !== true; next = work.next()) await act(next.value, number);
  };
  await Promise.all(Array.from({ length: count }, (_, i) => hand(i)));
}

describe('every value of every field', { timeout: 240_000 }, () => {
  let daemon: Daemon;
  let sockets: UdpSocket[];
  before(async () => {
    daemon = await Daemon.start({ files });
    sockets = Array.from({ length: udpSockets }, () =>
      createSocket({ type: 'udp4', recvBufferSize: 1 << 20 }),
    );
    for (const socket of sockets) {
      socket.connect(daemon.port, '127.0.0.1');
      await once(socket, 'connect');
    }
  });
  after(async () => {
    for (const socket of sockets ?? []) socket.close();
    await daemon?.close();
  });

  for (const [axis, { count, make }] of Object.entries(axes)) {
    it(`${axis}, over UDP`, async () => {
      await withHands(udpSockets, windowsOf(count, make), (messages, i) => askUdp(sockets[i]!, messages));
    });

    it(`${axis}, over TCP`, async () => {
      // Many connections end: from several addresses, so that ports do not run out.
      await withHands(tcpConnections, runsOf(windowsOf(count, make)), (messages, i) =>
        askTcp(daemon.port, `127.0.0.${i + 2}`, messages),
      );
    });
  }

  it('leaves the same process with the same threads', async () => {
    const { pid } = daemon;
    const { server, control } = await daemon.status();
    assert.ok(server?.answering);
    assert.equal(server.pid, pid);
    assert.deepEqual(
      server.workers.filter(({ alive, restarts }) => !alive || restarts > 0),
      [],
    );
    assert.equal(server.controlRestarts, 0);
    assert.equal(control.recovered, false);
    const asked = Object.values(axes).reduce((sum, { count }) => sum + count, 0);
    assert.ok(server.counters['udp-queries']! >= asked, `${server.counters['udp-queries']} queries over UDP`);
  });
});
