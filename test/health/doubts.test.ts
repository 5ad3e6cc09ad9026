// The prober is the first suspect: in virtual time, links are cut between it and canaries, some or all
// servers, and what is withdrawn, said and forgiven is looked at.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectionMaxMs, type Endpoint } from '../../src/health/check.ts';
import { suspicionText } from '../../src/health/doubts.ts';
import { VirtualClock } from '../../src/health/virtualclock.ts';
import {
  suspicionChainMs,
  suspicionMaxMs,
  suspicionTimeoutMs,
  sweepAtOnceMax,
  sweepMax,
} from '../../src/limits.ts';
import { type Behaviour, endpointOf, endpointsOf, okMs, randomOf, World } from './virtual.ts';

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
  assert.ok(most > sweepAtOnceMax && most <= sweepMax + 200, String(most));
  world.monitors.stop();
});

/** One of these servers dies at 20 s; gives the time until it is down, or until ten minutes have passed. */
async function timeToDown(world: World, endpoint: Endpoint): Promise<number> {
  await world.clock.advance(20_000 + suspicionMaxMs);
  world.monitors.stop();
  return world.turnedAt(endpoint.key, 'down', 20_000) - 20_000;
}

test('servers that answer late are witnesses, too', async () => {
  for (const slowMs of [2001, 2500, 4900]) {
    for (const phase of [0, 1, 2, 3, 4]) {
      const timing = { intervalMs: 5000 + phase * 700, timeoutMs: 5000 };
      const [dying, ...others] = endpointsOf(4, timing);
      const world = new World(
        ({ key }, now) => (key === dying!.key && now >= 20_000 ? 'silent' : slowMs),
        new VirtualClock(),
        true,
      );
      world.monitors.watch([dying!, ...others]);
      const tookMs = await timeToDown(world, dying!);
      assert.ok(tookMs <= detectionMaxMs(dying!.check), `${slowMs} ms late: ${tookMs} ms`);
      assert.deepEqual(world.suspicions, []);
    }
  }
});

test('the last of three that is left is believed, also where it fails every second time', async () => {
  const [first, second, last] = endpointsOf(3);
  let probes = 0;
  const world = new World(
    ({ key }, now) => (now < 20_000 || (key === last!.key && probes++ % 2 === 0) ? 'ok' : 'refuse'),
    new VirtualClock(),
    true,
  );
  world.monitors.watch([first!, second!, last!]);
  const tookMs = await timeToDown(world, last!);
  assert.ok(tookMs < 30_000, `${tookMs} ms, ${world.suspicions.length} silences`);
});

test('a canary that loses a third of its probes delays an outage by seconds and hides none', async () => {
  const random = randomOf(3);
  const late: number[] = [];
  for (let run = 0; run < 20; run++) {
    const [dying, ...others] = endpointsOf(3, { timeoutMs: 1500 + run * 20 });
    const world = new World(
      (endpoint, now) => {
        if (isCanary(endpoint)) return random() < 1 / 3 ? 'silent' : 'ok';
        return endpoint.key === dying!.key && now >= 20_000 ? 'silent' : 'ok';
      },
      new VirtualClock(),
      true,
    );
    world.monitors.watchCanaries([canary]);
    world.monitors.watch([dying!, ...others]);
    const tookMs = await timeToDown(world, dying!);
    assert.ok(tookMs <= detectionMaxMs(dying!.check) + 10_000, `run ${run}: ${tookMs} ms`);
    late.push(Math.max(0, tookMs - detectionMaxMs(dying!.check)));
  }
  assert.equal(late.sort((a, b) => a - b)[10], 0, `half of all are in time: ${late}`);
});

test('silences close to one another share their time', async () => {
  // A canary that answers for a moment every half minute.
  const world = new World(
    (endpoint, now) => (now < 20_000 || (isCanary(endpoint) && now % 30_000 < 1500) ? 'ok' : 'silent'),
    new VirtualClock(),
    true,
  );
  world.monitors.watchCanaries([canary]);
  world.monitors.watch(endpointsOf(4));
  await world.clock.advance(20_000 + suspicionMaxMs + 3 * suspicionChainMs);
  assert.ok(world.suspicions.some(({ kind }) => kind === 'over'));
  assert.equal(verdictsOf(world), 'dddd');
  world.monitors.stop();
});

test('a canary that stands twice is one, and none goes on when it is not wanted or all ends', async () => {
  const world = new World(() => 'ok', new VirtualClock(), true);
  for (let i = 0; i < 20; i++) world.monitors.watchCanaries([canary, endpointOf(1001), canary]);
  await world.clock.advance(60_000);
  const asked = world.starts.filter(({ key }) => key === canary.key).length;
  assert.ok(asked <= 14, `${asked} probes in a minute`);
  assert.equal(world.monitors.canaries().length, 2);
  world.monitors.watchCanaries([]);
  const before = world.starts.length;
  await world.clock.advance(60_000);
  assert.equal(world.starts.length, before);
  world.monitors.watchCanaries([canary]);
  world.monitors.stop();
  await world.clock.advance(60_000);
  assert.equal(world.clock.timerCount, 0);
});

test('a canary is asked once an interval also where its timeout is as long', async () => {
  const slow = endpointOf(1000, { intervalMs: 2000, timeoutMs: 2000 });
  const world = new World(() => 'silent', new VirtualClock(), true);
  world.monitors.watchCanaries([slow]);
  await world.clock.advance(60_000);
  assert.ok(world.starts.length <= 31, `${world.starts.length} probes in 30 intervals`);
  assert.equal(Math.max(...world.starts.map(({ inFlight }) => inFlight)), 1);
  world.monitors.stop();
});

test('who comes while nobody answers is not turned down for it', async () => {
  const world = await cut('silent', 4, [canary]);
  await world.clock.advance(20_000);
  world.monitors.watch([...endpointsOf(4), ...endpointsOf(4, { port: 81 })]);
  await world.clock.advance(20_000);
  assert.equal(verdictsOf(world), 'uuuuuuuu', 'up and unknown, none down');
  await world.clock.advance(30_000);
  assert.equal(
    world.monitors.states().filter(({ verdict, settled }) => verdict === 'up' && settled).length,
    8,
  );
  world.monitors.stop();
});

test('what does not come over the network is not forgiven with the rest', async () => {
  const local = endpointOf(7, { kind: 'file', port: 0, intervalMs: 10_000, recheckMs: 5000 });
  const world = new World(
    (endpoint, now) => {
      if (isCanary(endpoint)) return Math.floor(now / 7000) % 2 === 0 ? 'ok' : 'silent';
      return endpoint.key === local.key && now >= 20_000 ? 'refuse' : 'ok';
    },
    new VirtualClock(),
    ({ check }) => check.kind !== 'file',
  );
  world.monitors.watchCanaries([canary]);
  world.monitors.watch([local, ...endpointsOf(3)]);
  assert.ok((await timeToDown(world, local)) <= detectionMaxMs(local.check));
});

test('the sweep begins with those that answered last', async () => {
  // 70 die, which come first; 30 live.
  const isDead = ({ address }: Endpoint) => Number(address.split('.')[3]) < 70;
  for (let run = 0; run < 5; run++) {
    const endpoints = endpointsOf(100, { intervalMs: 60_000, timeoutMs: 2000 + run });
    const world = new World(
      (endpoint, now) => (now >= 200_000 && isDead(endpoint) ? 'silent' : 'ok'),
      new VirtualClock(),
      true,
    );
    world.monitors.watch(endpoints);
    await world.clock.advance(200_000 + detectionMaxMs(endpoints[0]!.check));
    assert.deepEqual(world.suspicions, []);
    assert.equal(verdictsOf(world), 'd'.repeat(70) + 'u'.repeat(30));
    world.monitors.stop();
  }
});

test('without an answer a canary says what is the matter', async () => {
  const world = await cut('refuse', 4, [canary]);
  await world.clock.advance(10_000);
  assert.match(
    suspicionText(world.suspicions[0]!),
    /cannot reach its canaries \(http 192\.0\.3\.232 port 80: refuse\)/,
  );
  const [state] = world.monitors.canaries();
  assert.deepEqual([state?.outcome, state?.reason], ['fail', 'refuse']);
  world.monitors.stop();
});
