// The http probe's request headers, expected headers and patterns, against a real server.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { parseBody } from '../../../src/health/probes/body.ts';
import { parseExpectedHeaders, parseRequestHeaders } from '../../../src/health/probes/headers.ts';
import { probes } from '../../../src/health/probes/index.ts';
import type { Options, ProbeResult } from '../../../src/health/probes/probe.ts';
import { patternTimeMaxMs, probeBodyMax, probeHeadersMax, probeTextMax } from '../../../src/limits.ts';
import { listen, onceAsked, withServer } from './servers.ts';

async function probe(
  options: Options,
  respond: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<ProbeResult> {
  const { port, close } = await listen(createServer(respond));
  const result = await probes.http.run('127.0.0.1', port, options, 1500);
  await close();
  return result;
}

const saying = (text: string | Buffer) => (_request: IncomingMessage, response: ServerResponse) =>
  void response.end(text);

test('request headers are sent, and take the place of ours', async () => {
  const seen: IncomingMessage['headers'][] = [];
  const { value } = parseRequestHeaders({ 'X-Probe': 'steerdns', 'User-Agent': 'probe/1' }) as {
    value: Readonly<Record<string, string>>;
  };
  const result = await probe({ headers: value, host: 'www.site.example' }, (request, response) => {
    seen.push(request.headers);
    response.end();
  });
  assert.equal(result.outcome, 'ok', result.reason);
  assert.equal(seen.length, 1);
  assert.equal(seen[0]!['x-probe'], 'steerdns');
  assert.equal(seen[0]!['user-agent'], 'probe/1');
  assert.equal(seen[0]!.host, 'www.site.example');
});

test('an expected header must be there and must have its value', async () => {
  const options = { 'expect-header': { 'x-ready': 'yes' } };
  const sending = (...values: string[]) =>
    probe(options, (_request, response) => {
      if (values.length > 0) response.setHeader('X-Ready', values);
      response.end();
    });
  assert.equal((await sending('yes')).outcome, 'ok');
  assert.equal((await sending('no', 'yes')).outcome, 'ok', 'any of several');
  assert.deepEqual((await sending('no')).reason, '200, but x-ready is "no", expected "yes"');
  assert.deepEqual((await sending()).reason, '200, but no header x-ready, expected "yes"');
  assert.equal((await sending('yes please')).outcome, 'fail');
  const many = await probe({ 'expect-header': { constructor: 'x' } }, saying(''));
  assert.equal(many.reason, '200, but no header constructor, expected "x"');
});

test('a pattern is matched once all has come', async () => {
  assert.equal((await probe({ body: '/ready|ok/' }, saying('it is ok'))).outcome, 'ok');
  assert.equal((await probe({ body: '/READY/i' }, saying('ready'))).outcome, 'ok');
  assert.equal((await probe({ body: '/^ok$/' }, saying('ok'))).outcome, 'ok');
  assert.equal((await probe({ body: '/^ok$/m' }, saying('not\nok\n'))).outcome, 'ok');
  const other = await probe({ body: '/^ok$/' }, saying('not ok'));
  assert.deepEqual([other.outcome, other.reason], ['fail', 'body does not contain /^ok$/']);
  const split = await probe({ body: '/rea+dy$/' }, (_request, response) => {
    response.write('rea');
    setImmediate(() => response.end('aady'));
  });
  assert.equal(split.outcome, 'ok', split.reason);
});

test('only the first octets of a body are looked at, of a pattern too', async () => {
  const body = (size: number) => Buffer.concat([Buffer.alloc(size, 'x'), Buffer.from('y')]);
  assert.equal((await probe({ body: '/y/' }, saying(body(probeBodyMax - 1)))).outcome, 'ok');
  const past = await probe({ body: '/y/' }, saying(body(probeBodyMax)));
  assert.equal(past.reason, `first ${probeBodyMax} octets of the body do not contain /y/`);
});

test('a text that only begins with a slash is text', async () => {
  assert.equal((await probe({ body: '/healthz' }, saying('see /healthz'))).outcome, 'ok');
});

test('a pattern that would never end is given up, and is no fault of the server', async () => {
  const startedAt = performance.now();
  const result = await probe({ body: '/(a+)+b/' }, saying('a'.repeat(probeBodyMax - 1)));
  assert.equal(result.outcome, 'inconclusive');
  assert.equal(result.reason, 'inconclusive: /(a+)+b/ takes too long: simplify it');
  assert.ok(performance.now() - startedAt < 1000 + patternTimeMaxMs);
  assert.equal((await probe({ body: '/a{3}/' }, saying('aaa'))).outcome, 'ok', 'and the next one is tried');
});

test('a body that does not end in time is a failure, with the pattern in the reason', async () => {
  const result = await withServer(
    onceAsked((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok')),
    (port) => probes.http.run('127.0.0.1', port, { body: '/ok/' }, 300),
  );
  assert.deepEqual([result.outcome, result.reason], ['fail', 'no body with /ok/ within 300 ms']);
});

test('bodies and headers have limits', () => {
  assert.ok('value' in parseBody('x'.repeat(probeTextMax)));
  assert.ok('wrong' in parseBody('x'.repeat(probeTextMax + 1)));
  for (const wrong of ['', 1, '/(/', '/a**/']) assert.ok('wrong' in parseBody(wrong), String(wrong));
  // A fault is one line, whatever stands in the pattern.
  assert.deepEqual(parseBody('/(\n/'), { wrong: 'is no pattern: Unterminated group' });
  const headers = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, '1']));
  assert.ok('value' in parseRequestHeaders(headers(probeHeadersMax)));
  assert.ok('wrong' in parseRequestHeaders(headers(probeHeadersMax + 1)));
  assert.ok('value' in parseExpectedHeaders({ a: 'x'.repeat(probeTextMax) }));
  assert.ok('wrong' in parseExpectedHeaders({ a: 'x'.repeat(probeTextMax + 1) }));
  for (const name of ['Host', 'content-length', 'Connection', 'upgrade']) {
    assert.ok('wrong' in parseRequestHeaders({ [name]: 'x' }), name);
  }
  assert.deepEqual(parseExpectedHeaders({ 'X-B': '1', 'x-a': '2' }), { value: { 'x-a': '2', 'x-b': '1' } });
});
