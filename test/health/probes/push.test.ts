// The push probe: what heartbeats say, how long they hold, and what is said of silence.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Loaded } from '../../../src/control/load.ts';
import { takePush } from '../../../src/control/push.ts';
import type { Endpoint } from '../../../src/health/check.ts';
import { LagMeter } from '../../../src/health/lag.ts';
import type { Options, ProbeResult } from '../../../src/health/probes/probe.ts';
import { forgetHeartbeats, hear, push, pushName } from '../../../src/health/probes/push.ts';
import { severalTarget } from '../../../src/health/probes/several.ts';
import { parseStatement } from '../../../src/health/probes/statement.ts';
import { lagTickMs, probeReasonMax, pushNamesMax } from '../../../src/limits.ts';
import { until } from '../../until.ts';
import { type Behaviour, endpointOf, okMs, World } from '../virtual.ts';

afterEach(() => forgetHeartbeats());

const run = (options: Options = {}): Promise<ProbeResult> => push.run('192.0.2.1', 0, options, 1000);
const say = (text: string, name = '192.0.2.1'): boolean => hear(name, parseStatement(text)!, 60_000);
/** The first result of this outcome; a machine that is busy is not to blame heartbeats for it. */
const becomes = (outcome: ProbeResult['outcome'], options: Options): Promise<ProbeResult> =>
  until(outcome, 10_000, async () => {
    const result = await run(options);
    return result.outcome === outcome && result;
  });

test('the last heartbeat counts', async () => {
  say('up 75% #two of ten');
  const up = await run();
  assert.deepEqual([up.outcome, up.said], ['ok', { part: 0.75 }]);
  assert.match(up.reason, /^up 75%: two of ten in \d+ ms$/);
  say('down #disk full');
  assert.deepEqual([(await run()).outcome, (await run()).reason], ['fail', 'down: disk full']);
  say('drain');
  assert.deepEqual((await run()).said, { part: 0 });
});

test('one that is too old is a failure', async () => {
  say('up');
  const old = await becomes('fail', { 'max-age': 50 });
  assert.equal(old.reason, 'last heartbeat 0 s ago, at most 0 s are good');
  assert.equal((await run()).outcome, 'ok');
});

test('a clock set forward keeps no dead sender up, a stopped process makes nobody old', async () => {
  const time = { monotonic: 0, wall: 1e12 };
  const meter = new LagMeter(
    () => time.monotonic,
    () => time.wall,
  );
  const pass = (ms: number) => {
    time.monotonic += ms;
    time.wall += ms;
    meter.tick();
  };
  forgetHeartbeats(() => meter.awake());
  say('up');
  time.wall += 3_600_000;
  pass(lagTickMs);
  pass(600_000); // SIGSTOP, SIGCONT
  assert.equal((await run()).outcome, 'ok');
  for (let ms = 0; ms <= 60_000; ms += lagTickMs) pass(lagTickMs);
  assert.equal((await run()).reason, 'last heartbeat 60 s ago, at most 60 s are good');
});

test('before the first: for max-age nobody knows, then it is a failure', async () => {
  const first = await run({ name: 'job' });
  assert.deepEqual(
    [first.outcome, first.reason],
    ['inconclusive', 'inconclusive: no heartbeat "job" yet, 0 s of 60 s waited'],
  );
  await becomes('fail', { name: 'job', 'max-age': 50 });
  assert.equal((await run({ name: 'job' })).outcome, 'inconclusive');
  say('up', 'job');
  assert.equal((await run({ name: 'job' })).outcome, 'ok');
});

test('{address} in the name is the address of the member, and is the default', () => {
  assert.equal(pushName({}, '192.0.2.1'), '192.0.2.1');
  assert.equal(pushName({ name: 'job/{address}' }, '192.0.2.1'), 'job/192.0.2.1');
});

test('news is told from repetition', () => {
  const all = ['up', 'up', 'up #why', 'up #why', '50% #why', 'down #why', 'down #why', 'up'].map((text) =>
    say(text),
  );
  assert.deepEqual(all, [true, false, true, false, true, true, false, true]);
});

test('after a silence of more than max-age everything is news', () => {
  let now = 0;
  forgetHeartbeats(() => now);
  const news = [0, 60_000, 60_001, 60_000].map((ms) => {
    now += ms;
    return say('up');
  });
  assert.deepEqual(news, [true, false, true, false]);
});

test('names that nobody asks for any more are forgotten, the oldest first', async () => {
  say('up', 'first');
  for (let i = 0; i < pushNamesMax; i++) say('up', `name ${i}`);
  assert.equal((await run({ name: 'first' })).outcome, 'inconclusive');
  assert.equal((await run({ name: `name ${pushNamesMax - 1}` })).outcome, 'ok');
});

test('the least max-age of those that wait for a name says what is a silence', () => {
  let now = 0;
  forgetHeartbeats(() => now);
  const wait = (index: number, maxAge?: number) =>
    endpointOf(index, { kind: 'push', options: { name: 'job', ...(maxAge && { 'max-age': maxAge }) } });
  const { take, probed } = handler([wait(1, 90_000), wait(2, 10_000), wait(3)]);
  for (const ms of [0, 10_000, 10_001]) {
    now += ms;
    take('name=job');
  }
  assert.equal(probed.length, 6);
});

/** The handler over these endpoints; `probed` are the keys that it wanted to be probed at once. */
function handler(endpoints: readonly Endpoint[]) {
  const probed: string[] = [];
  const monitors = { probeNow: (keys: readonly string[]) => void probed.push(...keys) };
  const loaded = { zones: [{ endpoints }] } as unknown as Loaded;
  const take = (query: string) => takePush(loaded, monitors, new URLSearchParams(query));
  return { take, probed };
}

test('the route: names that are waited for, states that are some, and news is probed at once', () => {
  const one = endpointOf(1, { kind: 'push' });
  const job = endpointOf(2, { kind: 'push', options: { name: 'job' } });
  const also = endpointOf(3, severalTarget(1, [{ kind: 'push', port: 0, options: { name: 'job' } }]));
  const { take, probed } = handler([one, job, also, endpointOf(4)]);
  assert.deepEqual(take('name=192.0.0.1'), {
    status: 200,
    body: { ok: true, name: '192.0.0.1', state: 'up', endpoints: 1 },
  });
  assert.deepEqual(take('name=job&state=75%25&reason=busy').body, {
    ok: true,
    name: 'job',
    state: '75%',
    endpoints: 2,
  });
  assert.deepEqual(probed, [one.key, job.key, also.key]);
  take('name=job&state=75%25&reason=busy');
  assert.equal(probed.length, 3);
  assert.deepEqual(take('name=jub'), {
    status: 404,
    body: { error: 'no check waits for "jub"', hint: 'did you mean "job"?' },
  });
  assert.equal(take('').status, 404);
  assert.equal(take('name=job&state=perhaps').status, 422);
  assert.equal(take(`name=job&reason=${'x'.repeat(9 * probeReasonMax)}`).status, 200);
});

test('probeNow while a probe is in flight: again at its end, which may be old', async () => {
  for (const news of [1, 2]) {
    const endpoint = endpointOf(1, { intervalMs: 30_000, timeoutMs: 4000, rise: 1, fall: 1 });
    let said: Behaviour = 'ok';
    const world = new World(() => said);
    world.monitors.watch([endpoint]);
    await world.clock.advance(100);
    said = 'silent';
    world.monitors.probeNow([endpoint.key]);
    await world.clock.advance(1000);
    said = 'ok';
    for (let i = 0; i < news; i++) world.monitors.probeNow([endpoint.key]);
    const before = world.starts.length;
    await world.clock.advance(2999);
    assert.equal(world.starts.length, before);
    await world.clock.advance(okMs + 1);
    assert.equal(world.starts.length, before + 1, 'once, however often there was news');
    assert.equal(world.monitors.state(endpoint.key)?.verdict, 'up');
    await world.clock.advance(20_000);
    assert.ok(world.starts.length <= before + 2);
    world.monitors.stop();
  }
});

test('probeNow: at once, and the turns after that are as they were', async () => {
  const endpoint = endpointOf(1);
  const world = new World(() => 'ok');
  world.monitors.watch([endpoint]);
  await world.clock.advance(11_000);
  const before = world.starts.length;
  world.monitors.probeNow([endpoint.key, 'nobody']);
  assert.equal(world.starts.length, before + 1);
  world.monitors.probeNow([endpoint.key]);
  await world.clock.advance(20_000);
  const starts = world.starts.slice(before + 1).map(({ at }) => at);
  for (const [i, at] of starts.entries())
    if (i > 0) assert.ok(at - starts[i - 1]! <= endpoint.check.intervalMs + 1);
  world.monitors.stop();
});
