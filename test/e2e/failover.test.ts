// A member that goes leaves the answers in time and comes back in time, with default settings, while queries
// come and each is answered: one whose port refuses, one that turns silent, one that answers 503. Runs alone.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../daemon.ts';
import { Load, readAddresses } from '../load.ts';
import { startToys, stopToys, type Toy } from '../toys.ts';
import { until } from '../until.ts';

const addresses = ['127.0.0.21', '127.0.0.22', '127.0.0.23', '127.0.0.24'];
const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
${addresses.map((address) => `www A ${address}`).join('\n')}
`;
const balance = (port: number): string => `checks:
  web: { type: http, port: ${port}, path: /healthz }
balance:
  www: { check: web, answers: 1 }
`;

const rate = 2000;
const refusedMs = 8000;
const silentMs = 12_000;
const backMs = 15_000;
/**
 * An address that this long was in no response has left: at 2000 a second it would have been in 500 of them.
 */
const absentMs = 1000;

describe('failover under 2000 queries a second, default settings', { timeout: 90_000 }, () => {
  let toys: Toy[];
  let daemon: Daemon;
  let load: Load;
  /** When the address was last in a response, performance.now(). */
  const lastSeen = new Map<string, number>();

  before(async () => {
    toys = await startToys(addresses);
    const files = { 'site.example.zone': zone, 'site.example.yaml': balance(toys[0]!.port) };
    daemon = await Daemon.start({ files });
    load = await Load.start({
      port: daemon.port,
      name: 'www.site.example',
      rate,
      onResponse: (octets, _sentAt, receivedAt) => {
        for (const address of readAddresses(octets)) lastSeen.set(address, receivedAt);
      },
    });
  });
  after(async () => {
    await load?.stop(0);
    await daemon?.close();
    await stopToys(toys ?? []);
  });

  it('gives all four while all are well', async () => {
    await until('all four are seen', 2000, () => addresses.every((address) => lastSeen.has(address)));
  });

  it('takes out the refusing one within 8 s, the silent and the failing within 12 s', async () => {
    const [refusing, silent, failing] = toys as [Toy, Toy, Toy];
    await Promise.all([refusing.behave('refusing'), silent.behave('silent'), failing.behave('failing')]);
    const since = performance.now();
    const gone = (toy: Toy, timeoutMs: number) =>
      until(`${toy.address} (${toy.behaviour}) is in no response`, timeoutMs + absentMs, () => {
        return performance.now() - lastSeen.get(toy.address)! > absentMs;
      });
    await Promise.all([gone(refusing, refusedMs), gone(silent, silentMs), gone(failing, silentMs)]);
    for (const [toy, most] of [
      [refusing, refusedMs],
      [silent, silentMs],
      [failing, refusedMs],
    ] as const) {
      const took = lastSeen.get(toy.address)! - since;
      console.log(`${toy.behaviour}: out of the answers after ${took.toFixed(0)} ms`);
      assert.ok(took <= most, `${toy.behaviour}: still given after ${took.toFixed(0)} ms`);
    }
  });

  it('says why in status', async () => {
    const [refusing, silent, failing] = toys as [Toy, Toy, Toy];
    const reasonOf = async ({ address }: Toy) =>
      (await daemon.member('www.site.example.', address)).last?.reason ?? '';
    assert.match(await reasonOf(refusing), /refused/);
    assert.match(await reasonOf(silent), /no (answer|response)|2(\.0)? s|2000 ms/);
    assert.match(await reasonOf(failing), /503/);
    const { share, verdict } = await daemon.member('www.site.example.', addresses[3]!);
    assert.deepEqual([share, verdict], [1, 'up']);
  });

  it('has them back within 15 s of their return', async () => {
    const since = performance.now();
    const away = toys.filter(({ behaviour }) => behaviour !== 'well');
    await Promise.all(away.map((toy) => toy.behave('well')));
    const back = async ({ address }: Toy) => {
      await until(`${address} is back`, backMs, () => lastSeen.get(address)! > since);
      console.log(`${address}: back after ${(performance.now() - since).toFixed(0)} ms`);
    };
    await Promise.all(away.map(back));
  });

  it('answered every query', async () => {
    const report = await load.stop();
    assert.equal(report.unanswered, 0);
    assert.equal(report.unexpected, 0);
    assert.ok(report.sent > 10_000);
  });
});
