// The rate limit of a real server with two workers: a network that floods it gets its share and no more, all
// others lose nothing; who shows a cookie or comes over TCP is not limited. Sources are addresses of 127/8,
// each /24 of which is a network of its own. Runs alone.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../daemon.ts';
import { until } from '../until.ts';
import { decode, encode, type Message } from '../wire.ts';

const limit = 200;
const workers = 2;
const optionCookie = 10;
const badCookie = 23;
const tickMs = 2;
const burstMax = 100;

const files = {
  'steerdns.yaml': `rate-limit: { responses-per-second: ${limit}, slip: 2, exempt: [] }\n`,
  'site.example.zone':
    '$TTL 30\n@ SOA ns1 hostmaster 1 1h 15m 1w 5m\n  NS ns1\nns1 A 127.0.0.1\nwww A 192.0.2.1\n',
};

/** A query for www; `cookie` is the data of its cookie option. */
function queryFor(id: number, cookie?: readonly number[]): Uint8Array {
  const question = { id, name: 'www.site.example.', type: 1 };
  if (cookie === undefined) return encode(question);
  return encode({ ...question, edns: { size: 1232, options: [{ code: optionCookie, data: cookie }] } });
}

function cookieOf({ edns }: Message): number[] | undefined {
  const option = edns?.options.find(({ code }) => code === optionCookie);
  return option && [...option.data];
}

/** One socket of one source; every response is to a query that it sent, and to each there is at most one. */
class Source {
  static readonly all: Source[] = [];
  sent = 0;
  full = 0;
  truncated = 0;
  cookieGiven: readonly number[] | undefined;
  badCookies = 0;
  readonly #socket: Socket;
  readonly #open = new Set<number>();

  static async bind(address: string, port: number): Promise<Source> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, address, () => socket.connect(port, '127.0.0.1', () => resolve()));
    });
    return new Source(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.unref().on('message', (octets) => this.#take(decode(octets)));
    Source.all.push(this);
  }

  /** Queries without a response. */
  get unanswered(): number {
    return this.#open.size;
  }

  ask(cookie?: readonly number[]): void {
    const id = this.sent++ & 0xffff;
    this.#open.add(id);
    this.#socket.send(queryFor(id, cookie));
  }

  close(): void {
    this.#socket.close();
  }

  #take(message: Message): void {
    assert.ok(this.#open.delete(message.id), 'a response to nothing that is open');
    if (message.tc) {
      assert.deepEqual([message.rcode, message.answer, message.authority], [0, [], []]);
      this.truncated++;
    } else if (message.rcode === badCookie) {
      assert.deepEqual(message.answer, []);
      this.cookieGiven = cookieOf(message);
      this.badCookies++;
    } else {
      assert.deepEqual([message.rcode, message.answer.map(({ data }) => data)], [0, ['192.0.2.1']]);
      this.full++;
    }
  }
}

/** Acts `count` times at a rate per second, the n-th time with n; resolves with the seconds it took. */
function pace(rate: number, count: number, act: (n: number) => void): Promise<number> {
  const startedAt = performance.now();
  let done = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const seconds = (performance.now() - startedAt) / 1000;
      const due = Math.min(count, Math.ceil(seconds * rate));
      for (let burst = 0; done < due && burst < burstMax; burst++) act(done++);
      if (done < count) return;
      clearInterval(timer);
      resolve(seconds);
    }, tickMs);
  });
}

const sum = (sources: readonly Source[], what: 'sent' | 'full' | 'truncated' | 'badCookies' | 'unanswered') =>
  sources.reduce((all, source) => all + source[what], 0);

describe('a limit of 200 responses a second', { timeout: 60_000 }, () => {
  let daemon: Daemon;
  let counted: Readonly<Record<string, number>> = {};

  before(async () => {
    daemon = await Daemon.start({ files, flags: ['--workers', String(workers)] });
    assert.equal((await daemon.status()).server?.workers.length, workers + 1);
  });
  after(async () => {
    for (const source of Source.all) source.close();
    await daemon?.close();
  });

  const bind = (addresses: readonly string[]) =>
    Promise.all(addresses.map((address) => Source.bind(address, daemon.port)));

  /** What a counter moved by since the last time. */
  async function moved(...names: readonly string[]): Promise<number[]> {
    const { counters } = (await daemon.status()).server!;
    const by = names.map((name) => counters[name]! - (counted[name] ?? 0));
    counted = counters;
    return by;
  }

  /** Waits until every query that came in has had what it will have. */
  async function settled(sources: readonly Source[]): Promise<void> {
    const sent = sum(sources, 'sent');
    await until('all queries were counted', 5000, async () => {
      const { counters, kernelDrops } = (await daemon.status()).server!;
      const came = counters['udp-queries']! - (counted['udp-queries'] ?? 0);
      const dropped = counters['rate-dropped']! - (counted['rate-dropped'] ?? 0);
      return came + kernelDrops >= sent && sum(sources, 'unanswered') <= dropped + kernelDrops;
    });
  }

  it('holds for a network that asks 10,000 times a second, and 200 others lose nothing', async () => {
    await moved();
    const flood = await bind(Array.from({ length: 16 }, (_, i) => `127.66.1.${i + 1}`));
    const honest = await bind(Array.from({ length: 200 }, (_, i) => `127.70.${i}.1`));
    const [seconds] = await Promise.all([
      pace(10_000, 40_000, (n) => flood[n % flood.length]!.ask()),
      pace(600, 2400, (n) => honest[n % honest.length]!.ask()),
    ]);
    await settled([...flood, ...honest]);
    const { kernelDrops } = (await daemon.status()).server!;
    const [dropped, slipped] = (await moved('rate-dropped', 'rate-slipped')) as [number, number];
    const full = sum(flood, 'full');
    console.log(
      `${full} of 40000 in ${seconds} s, ${dropped} dropped, ${slipped} slipped, ${kernelDrops} lost`,
    );

    // One second's worth at once, and then so many a second.
    const most = limit * (1 + seconds);
    assert.ok(full <= most * 1.1, `${full} full responses, more than ${most}`);
    assert.ok(full >= most * 0.9, `${full} full responses, less than ${most}`);
    assert.equal(sum(flood, 'truncated'), slipped);
    assert.ok(Math.abs(dropped - slipped) <= workers, `${dropped} dropped, ${slipped} slipped`);
    assert.ok(full + slipped + dropped >= 40_000 - kernelDrops);

    assert.equal(sum(honest, 'truncated'), 0);
    assert.ok(sum(honest, 'unanswered') <= kernelDrops, 'honest queries were left without an answer');
  });

  it('is none for a client with the server cookie that it gets with BADCOOKIE', async () => {
    await moved();
    const [source] = (await bind(['127.67.1.1'])) as [Source];
    const cookie = [1, 2, 3, 4, 5, 6, 7, 8];
    await pace(10_000, 2000, () => source.ask(cookie));
    await settled([source]);
    const [slipped, badCookies] = await moved('rate-slipped', 'badcookie');
    assert.ok(source.badCookies > 500, `${source.badCookies} BADCOOKIE`);
    assert.deepEqual([slipped, badCookies], [source.badCookies, source.badCookies]);
    assert.equal(source.truncated, 0);
    const given = source.cookieGiven!;
    assert.deepEqual([given.length, given.slice(0, 8)], [24, cookie]);

    const [known] = (await bind(['127.67.1.1'])) as [Source];
    await pace(10_000, 3000, () => known.ask(given));
    await settled([known]);
    const { kernelDrops } = (await daemon.status()).server!;
    const [dropped, slippedNow, valid] = await moved('rate-dropped', 'rate-slipped', 'cookies-valid');
    assert.deepEqual([dropped, slippedNow, known.full], [0, 0, valid]);
    assert.ok(known.full >= 3000 - kernelDrops);
    // Its address alone does not help it: the cookie was made for another.
    const [stranger] = (await bind(['127.67.1.2'])) as [Source];
    await pace(10_000, 1000, () => stranger.ask(given));
    await settled([stranger]);
    assert.ok(stranger.full < 400 && stranger.badCookies > 100, `${stranger.full} full responses`);
  });

  it('is none over TCP, for the network that flooded too', async () => {
    await moved();
    const count = 3000;
    const socket = connect({ host: '127.0.0.1', port: daemon.port, localAddress: '127.66.1.1' });
    await once(socket, 'connect');
    let received = Buffer.alloc(0);
    socket.on('data', (octets) => (received = Buffer.concat([received, octets])));
    for (let id = 0; id < count; id++) {
      const query = queryFor(id);
      socket.write(Uint8Array.from([query.length >> 8, query.length & 255, ...query]));
    }
    let full = 0;
    await until('every query over TCP is answered', 10_000, () => {
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const { tc, answer } = decode(received.subarray(2, end));
        if (!tc && answer.length === 1) full++;
        received = received.subarray(end);
      }
      return full === count;
    });
    socket.destroy();
    assert.deepEqual(await moved('rate-dropped', 'rate-slipped', 'tcp-queries'), [0, 0, count]);
  });

  it('is gone after a reload that turns it off', async () => {
    daemon.write('steerdns.yaml', 'rate-limit: off\n');
    assert.ok((await daemon.reload()).ok);
    await moved();
    const [source] = (await bind(['127.66.1.1'])) as [Source];
    await pace(10_000, 2000, () => source.ask());
    await settled([source]);
    const { kernelDrops } = (await daemon.status()).server!;
    assert.deepEqual(await moved('rate-dropped', 'rate-slipped'), [0, 0]);
    assert.ok(source.full >= 2000 - kernelDrops, `${source.full} full responses`);
  });
});
