// Webhooks: what is sent, that it is signed, tried again in order, refused for good, and given up.
import assert from 'node:assert';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import type { EventKind } from '../../src/config/eventkinds.ts';
import type { WebhookConfig } from '../../src/config/webhooks.ts';
import { type Event, Events } from '../../src/control/events.ts';
import { Webhooks } from '../../src/control/webhooks.ts';
import { webhookAgeMaxMs, webhookQueueMax } from '../../src/limits.ts';
import { until } from '../until.ts';

type Came = { readonly headers: IncomingHttpHeaders; readonly body: string };

const secret = Buffer.from('0123456789abcdef');
let server: Server;
let came: Came[] = [];
/** Status codes of the next responses; 200 where there is none. */
let answers: number[] = [];
before(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    came.push({ headers: request.headers, body });
    const location = { location: '/elsewhere' };
    response.writeHead(answers.shift() ?? 200, location).end('thank you');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  came = [];
  answers = [];
});
after(() => server.close());

function hook(kinds: readonly EventKind[]): WebhookConfig {
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`, secret, kinds };
}

function start(kinds: readonly EventKind[], wall?: () => number): { events: Events; hooks: Webhooks } {
  const events = new Events(wall);
  const hooks = new Webhooks(events, 5);
  hooks.adopt([hook(kinds)]);
  return { events, hooks };
}

const ids = () => came.map(({ body }) => (JSON.parse(body) as Event).id);

test('an event of a kind that is wanted is sent, and signed', async () => {
  const { events, hooks } = start(['verdict']);
  events.add('reload', 'nothing of interest');
  const event = events.add('verdict', 'web1 is down', { to: 'down' });
  await until('it came', 5000, () => hooks.counts[0]!.delivered === 1);
  const [{ headers, body }] = came as [Came];
  assert.deepEqual(JSON.parse(body), event);
  assert.equal(headers['steerdns-event'], 'verdict');
  const [, at, signed] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['steerdns-signature']))!;
  assert.ok(Math.abs(Number(at) - Date.now() / 1000) < 60);
  assert.equal(signed, createHmac('sha256', secret).update(`${at}.${body}`).digest('hex'));
  hooks.adopt([]);
});

test('what fails is tried again, in order; a redirect is not followed', async () => {
  answers = [500, 429, 302, 408];
  const { events, hooks } = start(['hand']);
  const [a, b] = [events.add('hand', 'a'), events.add('hand', 'b')];
  await until('both came', 5000, () => hooks.counts[0]!.delivered === 2);
  assert.deepEqual(ids(), [a.id, a.id, a.id, a.id, a.id, b.id]);
  hooks.adopt([]);
});

test('what is refused is not sent again, and what is old is given up', async () => {
  answers = [410];
  const { events, hooks } = start(['hand']);
  const [a, b] = [events.add('hand', 'a'), events.add('hand', 'b')];
  await until('one came', 5000, () => hooks.counts[0]!.delivered === 1);
  assert.deepEqual([ids(), hooks.counts[0]!.refused], [[a.id, b.id], 1]);
  hooks.adopt([]);
  answers = [500];
  const old = start(['hand'], () => Date.now() - webhookAgeMaxMs - 1);
  old.events.add('hand', 'c');
  await until('it is given up', 5000, () => old.hooks.counts[0]!.lost === 1);
});

test('so many events wait, one more is lost; new settings keep what waits', async () => {
  answers = Array.from({ length: 10_000 }, () => 500);
  const { events, hooks } = start(['hand']);
  for (let i = 0; i < webhookQueueMax; i++) events.add('hand', 'x');
  assert.equal(hooks.counts[0]!.lost, 0);
  events.add('hand', 'y');
  assert.equal(hooks.counts[0]!.lost, 1);
  hooks.adopt([hook(['hand']), hook(['reload'])]);
  answers = [];
  await until('they came', 20_000, () => hooks.counts[0]!.delivered === webhookQueueMax);
  hooks.adopt([]);
});
