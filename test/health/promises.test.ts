// What is promised, in virtual time: how soon an outage is found, and how seldom a server that flaps changes
// the answers; and that one server is one endpoint, whoever uses it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Check,
  checkDefaults,
  detectionMaxMs,
  type Endpoint,
  endpointKey,
} from '../../src/health/check.ts';
import { VirtualClock } from '../../src/health/virtualclock.ts';
import { endpointOf, endpointsOf, randomOf, World } from './virtual.ts';

/** Times at which the verdict of the only endpoint turned over, after the first one. */
function turnsOf(world: World): number[] {
  const wallStart = world.clock.wall() - world.clock.now();
  const turns = world.events.filter((event) => event.kind === 'turned' && event.from !== 'unknown');
  return turns.map(({ at }) => at - wallStart);
}

/** Turns of a server that is well and not, each for so many intervals, over half an hour. */
async function flapping(intervals: number, phase: number, how: 'refuse' | 'silent'): Promise<number[]> {
  const halfMs = intervals * checkDefaults.intervalMs;
  const beginAt = 12_000 + phase * 2 * halfMs;
  const world = new World((_, now) =>
    now < beginAt || Math.floor((now - beginAt) / halfMs) % 2 === 1 ? 'ok' : how,
  );
  world.monitors.watch([endpointOf(1)]);
  await world.clock.advance(1_800_000);
  world.monitors.stop();
  return turnsOf(world);
}

for (const intervals of [0.5, 1, 2]) {
  test(`flapping each ${intervals} intervals, 20 phases: at most one change in a hold-down`, async () => {
    const { holdDownMs } = checkDefaults;
    let most = 0;
    for (let phase = 0; phase < 20; phase++) {
      for (const how of ['refuse', 'silent'] as const) {
        const turns = await flapping(intervals, phase / 20, how);
        // Down, back after what may have been a lone outage, down again: from there on it is known to flap.
        const known = turns.slice(2);
        known.slice(1).forEach((at, i) => {
          assert.ok(at - known[i]! >= holdDownMs, `${how}, phase ${phase}: ${turns.join(' ')}`);
        });
        assert.ok(turns.length <= 3, `${how}, phase ${phase}: ${turns.join(' ')}`);
        most = Math.max(most, turns.length);
      }
    }
    console.log(`flapping each ${intervals} intervals for half an hour: at most ${most} changes`);
  });
}

test('a server that flaps slowly comes back, each time after a longer hold-down', async () => {
  // Well for 30 s, 60 s, 120 s …, which is longer than the hold-down and shorter than what is forgotten.
  const downAt: number[] = [];
  for (let at = 20_000, wellMs = 30_000; at < 1_200_000; at += 10_000 + wellMs, wellMs *= 2) downAt.push(at);
  const isDown = (now: number) => downAt.some((at) => now >= at && now < at + 10_000);
  const world = new World((_, now) => (isDown(now) ? 'refuse' : 'ok'));
  world.monitors.watch([endpointOf(1)]);
  await world.clock.advance(1_200_000);
  world.monitors.stop();
  const turns = turnsOf(world);
  const outages = turns.flatMap((at, i) => (i % 2 === 1 ? [at - turns[i - 1]!] : []));
  assert.ok(outages.length >= 4);
  outages.slice(1).forEach((lastedMs, i) => {
    assert.ok(lastedMs >= checkDefaults.holdDownMs * 2 ** i, `${lastedMs} ms, outage ${i + 2}`);
  });
});

type Pair = [Endpoint, Endpoint, ...Endpoint[]];

test('detection is never later than promised, in 200 runs', async () => {
  const random = randomOf(7);
  let worst = 0;
  for (let run = 0; run < 200; run++) {
    const intervalMs = 500 + Math.floor(random() * 10_000);
    const timeoutMs = Math.ceil(intervalMs * (0.1 + 0.9 * random()));
    const recheckMs = Math.ceil(intervalMs * (0.1 + 0.9 * random()));
    const check = { intervalMs, timeoutMs, recheckMs, fall: 1 + Math.floor(random() * 5) };
    const changedAt = 4 * intervalMs + random() * intervalMs;
    const how = random() < 0.5 ? 'silent' : 'refuse';
    // Others live, some as slow as can be, one is dead long since: without an answer nothing is believed.
    const [endpoint, dead, ...others] = [1, 2, 3, 4].map((index) => endpointOf(index, check)) as Pair;
    const canary = endpointOf(1000, { intervalMs: 2000 });
    const slowMs = Math.floor(timeoutMs * random() * 0.99);
    const world = new World(
      ({ key }, now) => {
        if (key === dead.key) return 'refuse';
        if (key === canary.key) return 'ok';
        return key === endpoint.key && now >= changedAt ? how : slowMs;
      },
      new VirtualClock(),
      true,
    );
    world.monitors.watch([endpoint, dead, ...others]);
    if (run % 2 === 0) world.monitors.watchCanaries([canary]);
    const promisedMs = detectionMaxMs({ ...endpoint.check });
    await world.clock.advance(changedAt + promisedMs + 1);
    world.monitors.stop();
    const tookMs = world.turnedAt(endpoint.key, 'down', changedAt) - changedAt;
    assert.ok(tookMs <= promisedMs, `${tookMs} ms, promised ${promisedMs}: ${JSON.stringify(check)} ${how}`);
    worst = Math.max(worst, tookMs / promisedMs);
  }
  console.log(`the slowest of 200 took ${(worst * 100).toFixed(0)} % of what was promised`);
});

test('what is promised by default', () => {
  assert.equal(detectionMaxMs(endpointOf(1).check), 12_000);
});

test('the same server under the same check is one endpoint, however many zones name it', async () => {
  const check: Check = { kind: 'http', port: 80, options: { path: '/', host: undefined }, ...checkDefaults };
  const again: Check = { ...checkDefaults, options: { path: '/' }, port: 80, kind: 'http' };
  assert.equal(endpointKey(check, '192.0.2.1'), endpointKey(again, '192.0.2.1'));
  const world = new World(() => 'ok');
  const endpoints = endpointsOf(3);
  world.monitors.watch([...endpoints, ...endpointsOf(3), ...endpoints]);
  await world.clock.advance(60_000);
  assert.equal(world.monitors.states().length, 3);
  for (const { key } of endpoints) {
    const count = world.starts.filter((start) => start.key === key).length;
    assert.ok(count <= 14, `${count} probes in a minute`);
  }
  world.monitors.stop();
});

test('a restart shortens no hold-down', async () => {
  const behaviour = (now: number) => (now < 10_000 || (now >= 20_000 && now < 30_000) ? 'ok' : 'refuse');
  const first = new World((_, now) => behaviour(now));
  const endpoint = endpointOf(1);
  first.monitors.watch([endpoint]);
  await first.clock.advance(45_000);
  const { heldUntil, verdict } = first.monitors.state(endpoint.key)!;
  assert.equal(verdict, 'down');
  const saved = JSON.parse(JSON.stringify(first.monitors.save()));
  first.monitors.stop();
  const second = new World(() => 'ok', new VirtualClock(first.clock.wall() + 1000));
  second.monitors.restore(saved);
  second.monitors.watch([endpoint]);
  await second.clock.advance(10_000);
  const state = second.monitors.state(endpoint.key)!;
  assert.deepEqual([state.verdict, state.heldUntil], ['down', heldUntil]);
  await second.clock.advance(15_000);
  const turn = second.events.find((event) => event.kind === 'turned')!;
  assert.ok(turn.at >= heldUntil! && turn.at < heldUntil! + 1000 + 50, `${turn.at - heldUntil!} ms after`);
  second.monitors.stop();
});
