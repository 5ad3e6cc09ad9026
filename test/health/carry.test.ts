// A check that is changed: which verdict the new endpoint begins with, and which not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointOf, okMs, World } from './virtual.ts';

test('what is asked anew starts with the verdict of before, and its first result decides', async () => {
  const world = new World((endpoint) => (endpoint.check.options.path === undefined ? 'refuse' : 'ok'));
  world.monitors.watch([endpointOf(1)]);
  await world.clock.advance(1000);
  const changed = endpointOf(1, { options: { path: '/new' } });
  world.monitors.watch([changed]);
  const { verdict, settled } = world.monitors.state(changed.key)!;
  assert.deepEqual([verdict, settled], ['down', false]);
  let isAnswered = false;
  void world.monitors.firstRound().then(() => (isAnswered = true));
  await world.clock.advance(okMs - 1);
  assert.equal(isAnswered, false, 'it was not probed yet');
  await world.clock.advance(2);
  assert.equal(isAnswered, true);
  assert.equal(world.monitors.state(changed.key)?.verdict, 'up');
  world.monitors.stop();
});

test('what is asked the same at another pace goes on as it was', async () => {
  const world = new World(() => 'ok');
  world.monitors.watch([endpointOf(1)]);
  await world.clock.advance(1000);
  const changed = endpointOf(1, { intervalMs: 3000 });
  world.monitors.watch([changed]);
  await world.monitors.firstRound();
  const { verdict, settled } = world.monitors.state(changed.key)!;
  assert.deepEqual([verdict, settled], ['up', true]);
  world.monitors.stop();
});

test('another service at the same port is not known by the one that is there', async () => {
  const world = new World((endpoint) => (endpoint.check.options.host === 'b' ? 'silent' : 'ok'));
  const [a, b, c] = ['a', 'b', 'c'].map((host) => endpointOf(1, { options: { host } }));
  world.monitors.watch([a!, c!]);
  await world.clock.advance(1000);
  world.monitors.watch([a!, b!, c!]);
  assert.equal(world.monitors.state(b!.key)?.verdict, 'unknown', 'a stays');
  world.monitors.watch([]);
  world.monitors.watch([a!, c!]);
  await world.clock.advance(1000);
  world.monitors.watch([b!]);
  assert.equal(world.monitors.state(b!.key)?.verdict, 'unknown', 'it is not known which it follows');
  world.monitors.stop();
});

test('what a server said of its weight goes with the question that it was an answer to', async () => {
  const world = new World(
    () => 'ok',
    undefined,
    false,
    ({ check }) => (check.options['weight-from'] === undefined ? undefined : { part: 0, words: 'drain' }),
  );
  world.monitors.watch([endpointOf(1, { options: { 'weight-from': 'body' } })]);
  await world.clock.advance(1000);
  assert.equal(world.monitors.states()[0]?.part, 0);
  world.monitors.watch([endpointOf(1, { options: { 'weight-from': 'body' }, intervalMs: 3000 })]);
  assert.equal(world.monitors.states()[0]?.part, 0, 'asked the same');
  world.monitors.watch([endpointOf(1)]);
  await world.clock.advance(1000);
  assert.equal(world.monitors.states()[0]?.part, 1);
  world.monitors.stop();
});

test('a changed check starts with the verdict of the old one also while both are watched', async () => {
  const world = new World((endpoint) => (endpoint.check.intervalMs === 5000 ? 'refuse' : 'silent'));
  const old = endpointOf(1);
  world.monitors.watch([old]);
  await world.clock.advance(1000);
  const changed = endpointOf(1, { intervalMs: 3000 });
  world.monitors.watch([old, changed]);
  assert.equal(world.monitors.state(changed.key)?.verdict, 'down');
  world.monitors.watch([changed]);
  assert.equal(world.monitors.state(changed.key)?.verdict, 'down');
  world.monitors.stop();
});
