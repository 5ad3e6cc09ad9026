// The prober is the first suspect: in virtual time, links are cut between it and canaries, some or all
// servers, and what is withdrawn, said and forgiven is looked at.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '../../src/health/check.ts';
import { VirtualClock } from '../../src/health/virtualclock.ts';
import { suspicionMaxMs, suspicionTimeoutMs, sweepAtOnceMax } from '../../src/limits.ts';
import { type Behaviour, endpointOf, endpointsOf, okMs, World } from './virtual.ts';

const canary = endpointOf(1000);
const isCanary = ({ key }: Endpoint): boolean => key === canary.key;
const cutAt = 20_000;
const repairedAt = 80_000;

/** Servers behind a link that is cut for a minute; `hears` says who is reached all the same. */
async function cut(how: Behaviour, count: number, canaries: readonly Endpoint[], hears = isNobody) {
  const world = new World(
    (endpoint, now) => (now < cutAt || now >= repairedAt || hears(endpoint) ? 'ok' : how),
    new VirtualClock(),
    true,
  );
  world.monitors.watch(endpointsOf(count));
  world.monitors.watchCanaries(canaries);
  await world.clock.advance(cutAt);
  return world;
}

function isNobody(_endpoint: Endpoint): boolean {
  return false;
}

const oddOnes = (endpoint: Endpoint): boolean =>
  isCanary(endpoint) || Number(endpoint.address.at(-1)) % 2 === 1;

function verdictsOf(world: World): string {
  return world.monitors
    .states()
    .map(({ verdict }) => verdict[0])
    .join('');
}

for (const [name, canaries] of [
  ['with a canary', [canary]],
  ['without one', []],
] as const) {
  for (const how of ['silent', 'refuse', 'inconclusive'] as const) {
    test(`the link is cut (${how}), ${name}: nothing is withdrawn, and it says so`, async () => {
      const world = await cut(how, 4, canaries);
      await world.clock.advance(5000 + 2000);
      assert.deepEqual(
        world.suspicions.map(({ kind, hasCanaries }) => [kind, hasCanaries]),
        [['silent', canaries.length > 0]],
        'within an interval and a timeout',
      );
      await world.clock.advance(53_000);
      assert.equal(verdictsOf(world), 'uuuu');
      const { withheld } = world.monitors.silence()!;
      assert.equal(withheld, how === 'inconclusive' ? 0 : 4);
      assert.ok(world.monitors.states().every(({ isDoubted }) => isDoubted === (withheld === 4)));
      await world.clock.advance(10_000);
      assert.equal(world.monitors.silence(), undefined);
      const states = world.monitors.states();
      assert.ok(
        states.every(({ settled, isDoubted, last }) => settled && !isDoubted && last?.outcome === 'ok'),
      );
      assert.deepEqual(
        world.events.filter(({ kind }) => kind === 'turned').length,
        4,
        'the first verdicts and no others',
      );
      world.monitors.stop();
      await world.clock.advance(okMs);
      assert.equal(world.clock.timerCount, 0);
    });
  }

  test(`half the servers are cut off, ${name}: exactly those leave`, async () => {
    for (const how of ['silent', 'refuse'] as const) {
      const world = await cut(how, 6, canaries, oddOnes);
      await world.clock.advance(13_000);
      assert.equal(verdictsOf(world), 'dududu');
      assert.deepEqual(world.suspicions, []);
      await world.clock.advance(57_000);
      assert.equal(verdictsOf(world), 'uuuuuu');
      world.monitors.stop();
    }
  });
}

test('fewer than three endpoints and no canary: failures are believed', async () => {
  const world = await cut('refuse', 2, []);
  await world.clock.advance(8000);
  assert.equal(verdictsOf(world), 'dd');
  world.monitors.stop();
});

test('after its time verdicts count again, and the first answer makes all normal', async () => {
  const world = new World((_, now) => (now < 20_000 ? 'ok' : 'silent'), new VirtualClock(), true);
  world.monitors.watch(endpointsOf(4));
  await world.clock.advance(20_000 + suspicionMaxMs);
  assert.equal(verdictsOf(world), 'uuuu');
  await world.clock.advance(15_000);
  assert.deepEqual(
    world.suspicions.map(({ kind }) => kind),
    ['silent', 'over'],
  );
  assert.equal(verdictsOf(world), 'dddd');
  assert.equal(world.monitors.silence()?.isOver, true);
  world.monitors.stop();
});

test('one canary of two is enough to believe an outage, which waits for it one timeout at most', async () => {
  const world = new World(
    (endpoint, now) => (isCanary(endpoint) || now < 20_000 ? 'ok' : 'refuse'),
    new VirtualClock(),
    true,
  );
  world.monitors.watch(endpointsOf(4));
  world.monitors.watchCanaries([endpointOf(1001), canary]);
  await world.clock.advance(20_000 + 5000 + 2000 + suspicionTimeoutMs);
  assert.equal(verdictsOf(world), 'dddd');
  world.monitors.stop();
});

test('what failed in a silence counts for nothing after it', async () => {
  const world = await cut('refuse', 4, [canary]);
  await world.clock.advance(repairedAt - cutAt + 1500);
  assert.equal(world.monitors.silence(), undefined);
  assert.ok(world.monitors.states().every(({ failures, verdict }) => failures === 0 && verdict === 'up'));
  world.monitors.stop();
});

test('what began in a silence and fails after it counts for nothing', async () => {
  // Who is being probed when the link is repaired stays silent to the end of the timeout.
  const world = await cut('silent', 40, [canary]);
  await world.clock.advance(repairedAt - cutAt);
  for (let ms = 0; ms < 4000; ms += 100) {
    await world.clock.advance(100);
    if (world.monitors.silence() !== undefined) continue;
    assert.ok(world.monitors.states().every(({ failures }) => failures === 0));
  }
  assert.ok(
    world.monitors.states().some(({ recent }) => recent.some(({ reason }) => /nobody answered/.test(reason))),
  );
  world.monitors.stop();
});

test('a cold start believes its first results: a dead server is not handed out', async () => {
  const world = new World((endpoint) => (oddOnes(endpoint) ? 'ok' : 'silent'), new VirtualClock(), true);
  world.monitors.watchCanaries([endpointOf(1002)]);
  world.monitors.watch(endpointsOf(6));
  await world.clock.advance(2100);
  assert.equal(verdictsOf(world), 'dududu');
  world.monitors.stop();
});

test('a thousand that turn at once share their rounds of questions', async () => {
  const world = new World(
    (endpoint, now) => (isCanary(endpoint) || now < 20_000 ? 'ok' : 'refuse'),
    new VirtualClock(),
    true,
  );
  world.monitors.watch(endpointsOf(1000));
  world.monitors.watchCanaries([canary]);
  await world.clock.advance(20_000);
  const before = world.starts.length;
  await world.clock.advance(10_000);
  assert.equal(verdictsOf(world), 'd'.repeat(1000));
  const asked = world.starts.slice(before).filter(({ key }) => key === canary.key).length;
  assert.ok(asked <= 20, `the canary was asked ${asked} times in 10 s`);
  world.monitors.stop();
});

test('a sweep of thousands is bounded', async () => {
  const world = new World((_, now) => (now < 90_000 ? 'ok' : 'silent'), new VirtualClock(), true);
  world.monitors.watch(endpointsOf(2000, { intervalMs: 60_000, fall: 1 }));
  await world.clock.advance(90_000);
  const before = world.starts.length;
  await world.clock.advance(10_000);
  assert.notEqual(world.monitors.silence(), undefined);
  const most = Math.max(...world.starts.slice(before).map(({ inFlight }) => inFlight));
  // 35 a second are probed in their turn, for 2 s each, and those that failed again.
  assert.ok(most > sweepAtOnceMax && most <= sweepAtOnceMax + 200, String(most));
  world.monitors.stop();
});
