// The monitors in virtual time: how soon a change is seen, how probes are spread, what is kept and what is
// forgotten.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/health/virtualclock.ts';
import { inconclusiveRowMax, keptAgeMaxMs, probeGraceMs, probesInFlightMax } from '../../src/limits.ts';
import { type Behaviour, endpointOf, endpointsOf, okMs, randomOf, World } from './virtual.ts';

/**
 * Worst time from a change of behaviour to its verdict, over endpoints that change at all parts of the
 * interval.
 */
async function detection(from: Behaviour, to: Behaviour, verdict: 'up' | 'down'): Promise<number> {
  const endpoints = endpointsOf(60);
  const changesAt = new Map(endpoints.map(({ key }, index) => [key, 20_000 + index * 333]));
  const world = new World(({ key }, now) => (now < changesAt.get(key)! ? from : to));
  world.monitors.watch(endpoints);
  await world.clock.advance(60_000);
  const times = endpoints.map(({ key }) => {
    const changedAt = changesAt.get(key)!;
    return world.turnedAt(key, verdict, changedAt) - changedAt;
  });
  world.monitors.stop();
  return Math.max(...times);
}

test('a refusing port is down at most 7 s after it began to refuse', async () => {
  const worst = await detection('ok', 'refuse', 'down');
  assert.ok(worst > 5000 && worst <= 7000, String(worst));
});

test('a silent server is down at most 11 s after it fell silent', async () => {
  const worst = await detection('ok', 'silent', 'down');
  assert.ok(worst > 8000 && worst <= 11_000, String(worst));
});

test('a server is up again at most 6 s after it came back', async () => {
  const refused = await detection('refuse', 'ok', 'up');
  assert.ok(refused > 5000 && refused <= 6000 + okMs, String(refused));
  const silent = await detection('silent', 'ok', 'up');
  assert.ok(silent <= 6000 + okMs, String(silent));
});

test('the first round of a thousand endpoints is over within a second', async () => {
  const world = new World(() => 'ok');
  world.monitors.watch(endpointsOf(1000));
  let isOver = false;
  void world.monitors.firstRound().then(() => (isOver = true));
  await world.clock.advance(400);
  assert.equal(isOver, false);
  await world.clock.advance(600);
  assert.equal(isOver, true);
  assert.ok(world.monitors.states().every(({ verdict, settled }) => verdict === 'up' && settled));
  world.monitors.stop();
});

test('at most probesInFlightMax probes are in flight; the rest wait their turn, none is lost', async () => {
  const world = new World(() => 'silent');
  world.monitors.watch(endpointsOf(probesInFlightMax + 100));
  await world.clock.advance(1000);
  assert.equal(world.inFlight, probesInFlightMax);
  await world.clock.advance(4000);
  assert.equal(Math.max(...world.starts.map(({ inFlight }) => inFlight)), probesInFlightMax);
  assert.ok(world.monitors.states().every(({ verdict }) => verdict === 'down'));
  await world.monitors.firstRound();
  world.monitors.stop();
});

test('few endpoints are probed at once', async () => {
  const world = new World(() => 'ok');
  world.monitors.watch(endpointsOf(3));
  await world.clock.advance(20 + okMs);
  assert.equal(world.monitors.states().filter(({ verdict }) => verdict === 'up').length, 3);
  world.monitors.stop();
});

test('steady probes are spread over the interval, never further apart than it', async () => {
  const world = new World(() => 'ok');
  world.monitors.watch(endpointsOf(500));
  await world.clock.advance(60_000);
  const perHalfSecond = new Array<number>(100).fill(0);
  for (const { at } of world.starts) if (at >= 10_000) perHalfSecond[Math.floor((at - 10_000) / 500)]!++;
  for (const count of perHalfSecond) assert.ok(count > 20 && count < 95, perHalfSecond.join(' '));
  for (const starts of grouped(world.starts).values()) {
    for (let i = 1; i < starts.length; i++) {
      const gap = starts[i]!.at - starts[i - 1]!.at;
      assert.ok(gap <= 5000 && (i === 1 || gap >= 4500), String(gap));
    }
  }
  world.monitors.stop();
});

function grouped<Item extends { key: string }>(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(item.key, [...(groups.get(item.key) ?? []), item]);
  return groups;
}

test('in doubt, probes start a second apart and overlap, but never more than can decide', async () => {
  const world = new World((_, now) => (now < 10_000 ? 'ok' : 'silent'));
  world.monitors.watch(endpointsOf(1));
  await world.clock.advance(30_000);
  const silent = world.starts.filter(({ at }) => at >= 10_000);
  const [first, second, third, fourth] = silent.map(({ at }) => at - silent[0]!.at);
  assert.deepEqual(
    [first, second, third],
    [0, 2000, 3000],
    'the first must fail before anything is in doubt',
  );
  assert.ok(fourth! >= 5000, 'two in flight can decide, a third would be idle');
  assert.deepEqual(
    silent.slice(0, 3).map(({ inFlight }) => inFlight),
    [1, 1, 2],
  );
  world.monitors.stop();
});

test('a single lost probe turns nothing over and is unsettled for a second', async () => {
  let lost = 0;
  const world = new World((_, now) => (now > 10_000 && lost++ === 0 ? 'refuse' : 'ok'));
  const [endpoint] = endpointsOf(1);
  world.monitors.watch([endpoint!]);
  await world.clock.advance(40_000);
  assert.deepEqual(
    world.events.map((event) => event.kind === 'turned' && event.to),
    ['up'],
  );
  assert.equal(world.changes.length, 3, 'up, failing, settled again');
  assert.equal(world.monitors.state(endpoint!.key)?.settled, true);
  world.monitors.stop();
});

test('a state says what is known', async () => {
  const world = new World((_, now) => (now < 10_000 ? 'ok' : 'refuse'));
  const [endpoint] = endpointsOf(1);
  world.monitors.watch([endpoint!]);
  const before = world.monitors.state(endpoint!.key)!;
  assert.deepEqual([before.verdict, before.settled, before.last], ['unknown', false, undefined]);
  await world.clock.advance(20_000);
  const state = world.monitors.state(endpoint!.key)!;
  assert.equal(state.verdict, 'down');
  assert.equal(state.settled, false);
  assert.equal(state.last?.reason, 'refuse');
  assert.ok(state.last!.at >= state.since && state.since > Date.UTC(2026, 0, 1) + 10_000);
  assert.ok(state.failures >= 3 && state.successes === 0);
  assert.equal(state.counts.ok + state.counts.fail + state.counts.inconclusive, world.starts.length);
  assert.equal(world.monitors.state('another'), undefined);
  world.monitors.stop();
});

test('endpoints that stay keep their state and their schedule, those that go are forgotten', async () => {
  const world = new World(() => 'ok');
  const [stays, goes, comes] = endpointsOf(3);
  world.monitors.watch([stays!, goes!]);
  await world.clock.advance(12_000);
  const before = world.monitors.state(stays!.key);
  const startsBefore = world.starts.length;
  world.monitors.watch([stays!, comes!]);
  assert.deepEqual(world.monitors.state(stays!.key), before);
  assert.equal(world.monitors.state(goes!.key), undefined);
  await world.clock.advance(100);
  const started = world.starts.slice(startsBefore).map(({ key }) => key);
  assert.deepEqual(started, [comes!.key]);
  await world.clock.advance(20_000);
  assert.ok(!world.starts.slice(startsBefore).some(({ key }) => key === goes!.key));
  world.monitors.stop();
});

test('a result that comes after its endpoint has gone is ignored', async () => {
  const world = new World(() => 'silent');
  const endpoints = endpointsOf(2);
  world.monitors.watch(endpoints);
  await world.clock.advance(100);
  world.monitors.watch([endpoints[0]!]);
  await world.clock.advance(3000);
  assert.deepEqual(world.changes, [endpoints[0]!.key]);
  assert.deepEqual(
    world.events.map(({ key }) => key),
    [endpoints[0]!.key],
  );
  world.monitors.stop();
});

test('firstRound waits for the newest list, counts inconclusive results, and ends at stop', async () => {
  const world = new World(({ address }) => (address.endsWith('.1') ? 'inconclusive' : 'silent'));
  const [silent, inconclusive] = endpointsOf(2);
  const ended: string[] = [];
  await world.monitors.firstRound();
  world.monitors.watch([silent!, inconclusive!]);
  void world.monitors.firstRound().then(() => ended.push('first'));
  await world.clock.advance(1000);
  assert.equal(ended.length, 0);
  world.monitors.watch([inconclusive!]);
  await world.clock.advance(0);
  assert.equal(ended.join(), 'first', 'the endpoint it waited for is not wanted any more');
  world.monitors.watch([endpointOf(5)]);
  void world.monitors.firstRound().then(() => ended.push('second'));
  world.monitors.stop();
  await world.clock.advance(0);
  assert.equal(ended.join(), 'first,second');
});

/** Verdicts of endpoint 0 (up) and 1 (down), and the clock `laterMs` after they were last confirmed. */
async function savedWorld(laterMs: number) {
  const first = new World(({ address }) => (address.endsWith('.0') ? 'ok' : 'refuse'));
  first.monitors.watch(endpointsOf(2));
  await first.clock.advance(100);
  const saved = JSON.parse(JSON.stringify(first.monitors.save()));
  first.monitors.stop();
  const clock = new VirtualClock(first.clock.wall() + laterMs);
  const behaviours: Behaviour[] = ['refuse', 'ok'];
  const world = new World(({ address }) => behaviours[address.endsWith('.0') ? 0 : 1]!, clock);
  return { world, saved, keys: endpointsOf(2).map(({ key }) => key) };
}

test('verdicts of a moment ago are as good as our own: it takes fall failures to overturn them', async () => {
  const { world, saved, keys } = await savedWorld(5000);
  world.monitors.restore(saved);
  world.monitors.watch(endpointsOf(3));
  const states = keys.map((key) => world.monitors.state(key)!);
  assert.deepEqual(
    states.map(({ verdict, settled }) => `${verdict} ${settled}`),
    ['up true', 'down false'],
  );
  let isOver = false;
  void world.monitors.firstRound().then(() => (isOver = true));
  await world.clock.advance(20);
  assert.equal(isOver, false, 'the third has no verdict yet');
  await world.clock.advance(30);
  assert.equal(isOver, true);
  assert.equal(world.monitors.state(keys[0]!)?.verdict, 'up');
  await world.clock.advance(2100);
  assert.deepEqual(
    keys.map((key) => world.monitors.state(key)!.verdict),
    ['down', 'up'],
  );
  world.monitors.stop();
});

test('older verdicts stand until the first result, which decides', async () => {
  const { world, saved, keys } = await savedWorld(120_000);
  world.monitors.watch(endpointsOf(2));
  world.monitors.restore(saved);
  assert.deepEqual(world.changes, keys);
  await world.monitors.firstRound();
  assert.deepEqual(
    keys.map((key) => world.monitors.state(key)!.verdict),
    ['up', 'down'],
  );
  assert.equal(world.monitors.state(keys[0]!)?.settled, false);
  await world.clock.advance(100);
  assert.deepEqual(
    keys.map((key) => world.monitors.state(key)!.verdict),
    ['down', 'up'],
  );
  world.monitors.stop();
});

test('verdicts older than keptAgeMaxMs are not taken, younger ones are', async () => {
  for (const [laterMs, verdict] of [
    [keptAgeMaxMs + 1, 'unknown'],
    [keptAgeMaxMs - 200, 'up'],
  ] as const) {
    const { world, saved, keys } = await savedWorld(laterMs);
    world.monitors.restore(saved);
    world.monitors.watch(endpointsOf(2));
    assert.equal(world.monitors.state(keys[0]!)?.verdict, verdict);
    world.monitors.stop();
  }
});

test('inconclusive results change nothing; a row is announced, again each minute, and its end', async () => {
  const world = new World((_, now) => (now > 10_000 && now < 150_000 ? 'inconclusive' : 'ok'));
  const [endpoint] = endpointsOf(1);
  world.monitors.watch([endpoint!]);
  await world.clock.advance(160_000);
  const kinds = world.events.map(({ kind }) => kind);
  assert.deepEqual(kinds, ['turned', 'inconclusive', 'inconclusive', 'inconclusive', 'conclusive']);
  const [, first, second, , end] = world.events;
  assert.ok(first?.kind === 'inconclusive' && first.results === inconclusiveRowMax);
  assert.ok(second!.at - first.at >= 60_000 && second!.at - first.at < 65_000);
  assert.ok(end?.kind === 'conclusive' && end.since === first.since);
  assert.deepEqual(world.changes, [endpoint!.key]);
  assert.equal(world.monitors.state(endpoint!.key)?.settled, true);
  world.monitors.stop();
});

test('two inconclusive results in a row are not announced', async () => {
  let count = 0;
  const world = new World(() => (++count % 3 === 0 ? 'ok' : 'inconclusive'));
  world.monitors.watch(endpointsOf(1));
  await world.clock.advance(100_000);
  assert.deepEqual(
    world.events.map(({ kind }) => kind),
    ['turned'],
  );
  world.monitors.stop();
});

test('a probe that never ends, or throws, is inconclusive and wedges nothing', async () => {
  for (const behaviour of ['hang', 'throw'] as const) {
    const world = new World((_, now) => (now < 20_000 ? behaviour : 'ok'));
    const [endpoint] = endpointsOf(1);
    world.monitors.watch([endpoint!]);
    await world.clock.advance(2000 + probeGraceMs + 1);
    const { counts, last } = world.monitors.state(endpoint!.key)!;
    // The first start is at once, the second in its slot, which may be as near as that.
    assert.deepEqual([counts.ok, counts.fail, counts.inconclusive > 0], [0, 0, true]);
    assert.match(last!.reason, behaviour === 'hang' ? /did not end within 3000 ms/ : /broke: a mistake/);
    await world.clock.advance(25_000);
    assert.equal(world.monitors.state(endpoint!.key)?.verdict, 'up');
    world.monitors.stop();
  }
});

test('stop leaves no timer behind and calls nothing back', async () => {
  const world = new World(() => 'ok');
  world.monitors.watch(endpointsOf(20));
  await world.clock.advance(5003);
  world.monitors.stop();
  const events = world.events.length;
  await world.clock.advance(5000);
  assert.equal(world.clock.timerCount, 0);
  assert.equal(world.events.length, events);
});

test('after a hold-up the endpoints return to slots of their own', async () => {
  const world = new World(() => 'ok');
  world.monitors.watch(endpointsOf(200));
  await world.clock.advance(10_000);
  await world.clock.sleep(60_000);
  await world.clock.advance(20_000);
  const perHalfSecond = new Array<number>(20).fill(0);
  for (const { at } of world.starts) if (at >= 80_000) perHalfSecond[Math.floor((at - 80_000) / 500)]!++;
  for (const count of perHalfSecond) assert.ok(count > 5 && count < 45, perHalfSecond.join(' '));
  world.monitors.stop();
});

test('random servers: turns agree with their results, and every start keeps its distance', async () => {
  const behaviours: Behaviour[] = ['ok', 'refuse', 'silent', 'inconclusive'];
  for (let seed = 1; seed <= 4; seed++) {
    const random = randomOf(seed);
    const world = new World(() => behaviours[Math.floor(random() ** 2 * 4)]!);
    world.monitors.watch(endpointsOf(20));
    await world.clock.advance(120_000);
    for (const [key, starts] of grouped(world.starts)) {
      const gaps = starts.slice(1).map(({ at }, index) => at - starts[index]!.at);
      assert.ok(Math.max(...gaps) <= 5000 && gaps.filter((gap) => gap < 999).length <= gaps.length / 2);
      const turns = world.events.filter((event) => event.kind === 'turned' && event.key === key);
      turns.slice(1).forEach((turn, index) => {
        const before = turns[index]!;
        assert.ok(turn.kind === 'turned' && before.kind === 'turned' && turn.from === before.to);
        // rise - 1 rechecks, at least: two successes cannot come closer together than they started.
        assert.ok(turn.at - before.at >= 999, `${turn.at - before.at}`);
      });
    }
    world.monitors.stop();
  }
});
