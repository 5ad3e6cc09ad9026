// The admin API over TCP: every route of the table with each kind of token, names and origins that are not
// ours, limits, and the document that describes it.
import assert from 'node:assert';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { HttpConfig } from '../../src/config/http.ts';
import { hashToken, type Scope } from '../../src/config/tokens.ts';
import type { Handler } from '../../src/control/admin.ts';
import { Events } from '../../src/control/events.ts';
import { EventStreams } from '../../src/control/eventstream.ts';
import { AdminHttp } from '../../src/control/http.ts';
import { openApi } from '../../src/control/openapi.ts';
import { type Route, routes } from '../../src/control/routes.ts';
import { controlBodySizeMax, controlHeaderSizeMax, eventStreamsMax } from '../../src/limits.ts';
import { freePort } from '../ports.ts';
import { until } from '../until.ts';

type Answered = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };
type Asked = { readonly method?: string; readonly headers?: Record<string, string>; readonly size?: number };

const all = Object.entries(routes) as [string, Route][];
const good = { read: 'steerdns_reader', operate: 'steerdns_operator' };
const called: string[] = [];
const events = new Events();
const streams = new EventStreams(events);
let port: number;
let http: AdminHttp;
let config: HttpConfig;

function token(name: string, scope: Scope, text: string, until?: number) {
  return { name, scope, hash: hashToken(text), until };
}

before(async () => {
  port = await freePort();
  const handler = (name: string): Handler => {
    return (_, { by }) => {
      called.push(`${name} by ${by}`);
      return { status: 200, body: { name } };
    };
  };
  const handlers = Object.fromEntries(all.map(([name]) => [name, handler(name)]));
  handlers['GET /events'] = (parameters, caller) => streams.reply(parameters, caller);
  http = new AdminHttp(handlers, { '/': { type: 'text/html; charset=utf-8', body: '<p>page' } });
  config = {
    listen: [`127.0.0.1:${port}`],
    names: ['admin.example'],
    tokens: [
      token('reader', 'read', good.read),
      token('operator', 'operate', good.operate),
      token('late', 'operate', 'steerdns_late', Date.now() - 1),
      token('lasting', 'operate', 'steerdns_lasting', Date.now() + 3_600_000),
    ],
  };
  http.adopt(config);
  await until('it listens', 5000, () =>
    ask('/').then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
});
beforeEach(() => {
  called.length = 0;
});
after(() => http.close());

function ask(path: string, { method = 'GET', headers = {}, size = 0 }: Asked = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const message = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    message.on('error', reject);
    message.end(Buffer.alloc(size));
  });
}

/** The path of a route with all its parameters. */
function urlOf(name: string, { parameters = {} }: Route): string {
  const needed = Object.keys(parameters).filter((one) => parameters[one]!.required === true);
  return `${name.split(' ')[1]}?${needed.map((one) => `${one}=x`).join('&')}`;
}

for (const [name, route] of all) {
  test(`${name} wants a token that is known, good and enough`, async () => {
    const [method] = name.split(' ') as [string];
    const as = (authorization?: string) =>
      ask(urlOf(name, route), { method, headers: authorization === undefined ? {} : { authorization } });
    for (const shown of [
      undefined,
      '',
      'Bearer',
      'Bearer steerdns_wrong',
      `Bearer ${good.operate.slice(0, -1)}`,
      `Bearer ${Buffer.from(hashToken(good.operate)).toString('hex')}`,
      `Basic ${good.operate}`,
      'Bearer steerdns_late',
    ]) {
      const { status, headers, body } = await as(shown);
      assert.equal(status, 401, `with ${shown}`);
      assert.match(headers['www-authenticate']!, /^Bearer/);
      assert.doesNotMatch(body, /steerdns_/);
    }
    assert.match((await as('Bearer steerdns_late')).body, /token late is no longer good/);
    assert.equal((await as(`Bearer ${good.read}`)).status, route.scope === 'read' ? 200 : 403);
    assert.deepEqual(called.length, route.scope === 'read' && name !== 'GET /events' ? 1 : 0);
    assert.equal((await as(`Bearer ${good.operate}`)).status, 200);
    assert.equal((await as('Bearer steerdns_lasting')).status, 200);
    if (name !== 'GET /events') assert.equal(called.at(-1), `${name} by lasting`);
  });
}

test('what only looks is a GET, and every GET only looks', () => {
  for (const [name, { scope }] of all) assert.equal(scope === 'read', name.startsWith('GET '), name);
});

test('foreign names and origins are refused before anything else', async () => {
  const authorization = `Bearer ${good.operate}`;
  const post = (headers: Record<string, string>) =>
    ask('/reload', { method: 'POST', headers: { authorization, ...headers } });
  const here = `127.0.0.1:${port}`;
  const ours = [here, 'localhost:80', 'LOCALHOST', '[::1]:1', 'admin.example', 'admin.example:443'];
  for (const host of ours) assert.equal((await post({ host })).status, 200, host);
  const foreign = ['evil.example', `evil.example:${port}`, '192.0.2.1', '127.0.0.1.evil.example', 'a b'];
  for (const host of [...foreign, 'localhost.', 'user@localhost', 'localhost:99999999']) {
    assert.ok([400, 403].includes((await post({ host })).status), host);
    assert.ok([400, 403].includes((await ask('/', { headers: { host } })).status), `page, ${host}`);
  }
  for (const origin of [`http://${here}`, `https://${here}`])
    assert.equal((await post({ origin })).status, 200);
  const proxied = { host: 'admin.example', origin: 'https://admin.example' };
  assert.equal((await post(proxied)).status, 200);
  for (const origin of [
    'null',
    'http://evil.example',
    'http://localhost',
    `http://${here}.evil.example`,
    '',
  ]) {
    assert.equal((await post({ origin })).status, 403, origin);
  }
  assert.equal((await post({ 'sec-fetch-site': 'same-origin' })).status, 200);
  for (const site of ['cross-site', 'same-site']) {
    assert.equal((await post({ 'sec-fetch-site': site })).status, 403, site);
    // A link may lead to the page, from a dashboard or a mail; a frame or a script may not have it.
    const by = (mode: string, dest: string) => ({
      headers: { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest },
    });
    assert.equal((await ask('/', by('navigate', 'document'))).status, 200, site);
    assert.equal((await ask('/', by('navigate', 'iframe'))).status, 403, site);
    assert.equal((await ask('/', by('no-cors', 'script'))).status, 403, site);
    assert.equal((await ask('/status', by('navigate', 'document'))).status, 403, site);
  }
  assert.equal(called.length, ours.length + 4);
});

test('no response may be framed, kept, run code from elsewhere, or be read by other pages', async () => {
  const authorization = `Bearer ${good.read}`;
  const answers = [
    await ask('/'),
    await ask('/status'),
    await ask('/status', { headers: { authorization } }),
    await ask('/nothing', { headers: { authorization } }),
    await ask('/status', { headers: { host: 'evil.example' } }),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 401, 200, 404, 403],
  );
  for (const { headers } of answers) {
    assert.match(String(headers['content-security-policy']), /^default-src 'none'; script-src 'self';/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['access-control-allow-origin'], undefined);
  }
  assert.equal(answers[0]!.headers['content-type'], 'text/html; charset=utf-8');
});

test('unknown, missing and doubled parameters are refused', async () => {
  const headers = { authorization: `Bearer ${good.read}` };
  const texts = ['/explain', '/explain?name=a&nmae=b', '/explain?name=a&name=b', '/status?x='];
  for (const path of texts) assert.equal((await ask(path, { headers })).status, 400, path);
  assert.equal((await ask('/explain?name=a&type=A', { headers })).status, 200);
  assert.equal((await ask('/reload', { headers })).status, 405);
});

test('bodies and headers have limits', async () => {
  const headers = { authorization: `Bearer ${good.operate}` };
  assert.equal((await ask('/reload', { method: 'POST', headers, size: controlBodySizeMax })).status, 200);
  assert.equal((await ask('/reload', { method: 'POST', headers, size: controlBodySizeMax + 1 })).status, 413);
  assert.equal((await ask('/', { headers: { x: 'a'.repeat(controlHeaderSizeMax) } })).status, 431);
});

test('a request that never ends is cut', { timeout: 20_000 }, async () => {
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nx: ');
  let text = '';
  for await (const chunk of socket) text += chunk;
  assert.match(text, /^HTTP\/1\.1 408 /);
});

test('tokens that are taken away are gone with those who use them', async () => {
  const reader = { authorization: `Bearer ${good.read}`, accept: 'text/event-stream' };
  const isCut = ask('/events', { headers: reader }).then(
    () => false,
    () => true,
  );
  await until('the stream is open', 5000, () => streams.size === 1);
  http.adopt({ ...config, tokens: config.tokens.filter(({ name }) => name !== 'reader') });
  assert.equal(await isCut, true);
  const { status } = await ask('/status', { headers: { authorization: reader.authorization } });
  assert.equal(status, 401);
  http.adopt(config);
});

describe('the stream of events', () => {
  /** Opens a stream; resolves with what came once it `has` come. */
  const read = (path: string, has: RegExp, more: Record<string, string> = {}) =>
    new Promise<string>((resolve, reject) => {
      const headers = { authorization: `Bearer ${good.read}`, accept: 'text/event-stream', ...more };
      const message = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('error', () => {});
        response.on('data', (chunk: string) => {
          text += chunk;
          if (!has.test(text)) return;
          message.destroy();
          resolve(text);
        });
      });
      message.on('error', reject);
      message.end();
    });

  test('begins now, or where the reader was', async () => {
    const first = events.add('reload', 'one');
    const fresh = read('/events', /two/);
    await until('it is open', 5000, () => streams.size === 1);
    const second = events.add('verdict', 'two', { to: 'down' });
    const data = JSON.stringify(second);
    assert.equal(await fresh, `retry: 1000\n\nid: ${second.id}\nevent: verdict\ndata: ${data}\n\n`);
    const again = await read('/events', /two/, { 'last-event-id': String(first.id) });
    assert.equal(again, await fresh);
    assert.match(await read(`/events?after=${first.id - 1}&kinds=reload`, /one/), /^(?!.*two)/s);
    assert.match(await read('/events?after=5', /two/), /event: missed\ndata: \{\}\n\nid: .*one.*two/s);
    await until('all are closed', 5000, () => streams.size === 0);
  });

  test('is refused where it makes no sense', async () => {
    const headers = { authorization: `Bearer ${good.read}` };
    for (const path of ['/events?after=x', '/events?kinds=verdikt', '/events?kinds=']) {
      assert.equal((await ask(path, { headers })).status, 400, path);
    }
    const { body } = await ask('/events?kinds=verdict', { headers });
    assert.deepEqual(
      (JSON.parse(body) as { events: { text: string }[] }).events.map(({ text }) => text),
      ['two'],
    );
  });

  test('has room for so many readers, and drops one that does not read', { timeout: 30_000 }, async () => {
    const head = `GET /events HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n`;
    const sockets = Array.from({ length: eventStreamsMax }, () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {}).pause();
      socket.write(`${head}authorization: Bearer ${good.read}\r\n\r\n`);
      return socket;
    });
    await until('all are open', 5000, () => streams.size === eventStreamsMax);
    const one = { authorization: `Bearer ${good.read}`, accept: 'text/event-stream' };
    assert.equal((await ask('/events', { headers: one })).status, 503);
    const big = 'x'.repeat(100_000);
    await until('they are dropped', 20_000, () => {
      events.add('reload', big);
      return streams.size === 0;
    });
    assert.equal(streams.dropped, eventStreamsMax);
    for (const socket of sockets) socket.destroy();
  });
});

test('the document describes the routes, all of them and nothing else', () => {
  type Operation = { 'x-scope': string; parameters: { name: string; required: boolean }[] };
  const { paths } = openApi() as { paths: Record<string, Record<string, Operation>> };
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const parameters = operation.parameters.map(({ name, required }) => [name, required]);
      return [`${method.toUpperCase()} ${path}`, operation['x-scope'], parameters] as const;
    }),
  );
  const table = all.map(([name, { scope, parameters = {} }]) => {
    return [name, scope, Object.entries(parameters).map(([key, { required = false }]) => [key, required])];
  });
  assert.deepEqual(described.sort(), table.sort());
  const ids = Object.values(paths).flatMap((one) => Object.values(one).map((it) => JSON.stringify(it)));
  assert.equal(new Set(ids).size, all.length);
});
