// The list of events: ids that go up, what is kept, and what a reader who was away is told.
import assert from 'node:assert';
import { test } from 'node:test';
import { Events } from '../../src/control/events.ts';
import { EventStreams } from '../../src/control/eventstream.ts';
import { eventStreamBeatMs } from '../../src/limits.ts';

test('a reader gets what came after what it knows, and hears of a gap', () => {
  const events = new Events(() => 1000, 3);
  const [a, b, c] = ['a', 'b', 'c'].map((text) => events.add('reload', text));
  assert.deepEqual(events.after(a!.id), { events: [b, c], isGap: false });
  assert.deepEqual(events.after(1000), { events: [a, b, c], isGap: false });
  assert.deepEqual(events.after(999), { events: [a, b, c], isGap: true }, 'known from an earlier process');
  const d = events.add('verdict', 'd');
  assert.deepEqual(events.after(a!.id), { events: [b, c, d], isGap: false });
  assert.deepEqual(events.after(1000), { events: [b, c, d], isGap: true });
  assert.deepEqual(events.after(d.id), { events: [], isGap: false });
  assert.deepEqual([events.count('reload'), events.count('verdict'), events.count('hand')], [3, 1, 0]);
});

test('ids are above those of a process that ended before', () => {
  const before = new Events(() => 5000);
  for (let i = 0; i < 500; i++) before.add('verdict', 'x');
  assert.ok(new Events(() => 6000).add('verdict', 'x').id > before.lastId);
});

test('whoever listens hears of each, until it no longer listens', () => {
  const events = new Events();
  const heard: string[] = [];
  const stop = events.listen(({ text }) => heard.push(text));
  events.add('hand', 'one');
  stop();
  events.add('hand', 'two');
  assert.deepEqual(heard, ['one']);
});

test('a stream ends with the token that it was opened with', (context) => {
  context.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_000_000 });
  const ended: number[] = [];
  const open = (until: number | undefined) => {
    const response = { writableLength: 0, write: () => true, writeHead: () => {}, once: () => {} };
    const end = () => ended.push(Date.now());
    const request = { headers: { accept: 'text/event-stream' } };
    const token = until === undefined ? undefined : { name: 'a', scope: 'read', hash: '', until };
    const reply = streams.reply(new URLSearchParams(), { request, token } as never);
    reply.stream!({ ...response, end } as never);
  };
  const streams = new EventStreams(new Events());
  open(undefined);
  open(1_000_000 + 3 * eventStreamBeatMs);
  context.mock.timers.tick(2 * eventStreamBeatMs);
  assert.deepEqual(ended, []);
  context.mock.timers.tick(eventStreamBeatMs);
  assert.deepEqual(ended, [1_000_000 + 3 * eventStreamBeatMs]);
});
