// What servers say of themselves: the words, whatever else may come, and that the http, agent and file probes
// heed them.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { probes } from '../../../src/health/probes/index.ts';
import type { Options, ProbeResult } from '../../../src/health/probes/probe.ts';
import { parseStatement } from '../../../src/health/probes/statement.ts';
import { parseWeightFrom } from '../../../src/health/probes/weight.ts';
import { probeBodyMax, probeTextMax } from '../../../src/limits.ts';
import { drip, flood, onceAsked, openDescriptors, refusingPort, withServer } from './servers.ts';

const deadlineMs = 1200;

test('words: what they mean, in any order and case', () => {
  const cases: readonly [text: string, isUp: boolean, part: number, words: string, why: string][] = [
    ['75%', true, 0.75, '75%', ''],
    ['75', true, 0.75, '75%', ''],
    [' 62.5 # busy\n', true, 0.625, '62.5%', 'busy'],
    ['0', true, 0, '0%', ''],
    ['100', true, 1, '100%', ''],
    ['200%', true, 1, '200%', ''],
    ['up', true, 1, 'up', ''],
    ['READY', true, 1, 'ready', ''],
    ['drain', true, 0, 'drain', ''],
    ['50% drain', true, 0, '50% drain', ''],
    ['up 75%\n', true, 0.75, 'up 75%', ''],
    ['up,75%,maxconn:30\r\nnext line', true, 0.75, 'up 75% maxconn:30', ''],
    ['\n\n  ready 5% #warming up', true, 0.05, 'ready 5%', 'warming up'],
    ['up 12 sessions', true, 1, 'up', '12 sessions'],
    ['75% of capacity', true, 0.75, '75%', 'of capacity'],
    ['down', false, 1, 'down', ''],
    ['down for repair', false, 1, 'down', 'for repair'],
    ['maint#new disk', false, 1, 'maint', 'new disk'],
    ['stopped', false, 1, 'stopped', ''],
    ['fail #disk full', false, 1, 'fail', 'disk full'],
    ['failed 30%', false, 0.3, 'failed 30%', ''],
    ['ready up down', false, 1, 'ready up down', ''],
  ];
  for (const [text, isUp, part, words, why] of cases) {
    assert.deepEqual(parseStatement(text), { isUp, part, words, why }, JSON.stringify(text));
  }
});

test('anything else says nothing', () => {
  const none = [
    '',
    ' \n',
    'maybe',
    '101',
    '-5',
    '1e2',
    '75 %',
    '75%%',
    '%',
    '0.5.5',
    '# up',
    'upwards',
    ', #',
  ];
  for (const text of [...none, 'constructor', '__proto__', '<html>', '\0up', 'HTTP/1.1 200 OK']) {
    assert.equal(parseStatement(text), undefined, JSON.stringify(text));
  }
});

test('no octets make the parser throw, take long or say what cannot be', () => {
  const words = [
    'up',
    'drain',
    'down',
    '75%',
    '7',
    '#',
    ',',
    ' ',
    '\r',
    '\n',
    'maxconn:1',
    '%',
    '\u2028',
    'é',
  ];
  const startedAt = performance.now();
  for (let round = 0; round < 20_000; round++) {
    const octets = randomBytes(12);
    let text = octets.toString(round % 2 === 0 ? 'latin1' : 'utf8');
    for (const octet of octets) text += words[octet % words.length]!;
    const said = parseStatement(text);
    if (said !== undefined) assert.ok(said.part >= 0 && said.part <= 1 && said.words !== '', text);
  }
  for (const long of [' ', '#', ',', 'up ', '9', 'a']) parseStatement(long.repeat(probeBodyMax));
  assert.ok(performance.now() - startedAt < 5000);
});

test('where an http server says its weight', () => {
  assert.deepEqual(parseWeightFrom('body'), { value: 'body' });
  assert.deepEqual(parseWeightFrom({ header: 'X-Weight' }), { value: { header: 'x-weight' } });
  for (const wrong of [
    'X-Weight',
    '',
    {},
    { header: 'a b' },
    { header: 'a', b: 'c' },
    ['body'],
    null,
    { header: [] },
  ]) {
    assert.ok('wrong' in parseWeightFrom(wrong), JSON.stringify(wrong));
  }
});

/** Probes a server that responds with this and then, unless told, closes. */
function ask(response: string, options: Options): Promise<ProbeResult> {
  return withServer(
    onceAsked((socket) => socket.end(response)),
    (port) => probes.http.run('127.0.0.1', port, options, deadlineMs),
  );
}

const header = (text: string): Promise<ProbeResult> =>
  ask(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${text}\r\n`, { 'weight-from': { header: 'x-weight' } });

test('http: the weight in a header', async () => {
  const three = await header('X-Weight: 75\r\n');
  assert.deepEqual([three.outcome, three.said, three.warning], ['ok', { part: 0.75 }, undefined]);
  assert.match(three.reason, /^200, 75% in \d+ ms$/);
  const drained = await header('X-Weight: drain\r\n');
  assert.deepEqual([drained.outcome, drained.said], ['ok', { part: 0 }]);
  const out = await header('X-Weight: maint #new disk\r\n');
  assert.deepEqual([out.outcome, out.said, out.reason], ['fail', { part: 0 }, '200, maint: new disk']);
});

test('http: a header that is not there or says nothing is a warning, and the server stays', async () => {
  const silent = await header('');
  assert.deepEqual([silent.outcome, silent.said], ['ok', undefined]);
  assert.equal(silent.warning, 'no header x-weight, which would say the weight');
  const strange = await header('X-Weight: a lot\r\n');
  assert.deepEqual([strange.outcome, strange.said], ['ok', undefined]);
  assert.equal(strange.warning, 'x-weight is "a lot", which is no weight');
});

const body = (text: string, options: Options = {}): Promise<ProbeResult> =>
  ask(`HTTP/1.1 200 OK\r\n\r\n${text}`, { 'weight-from': 'body', ...options });

test('http: the weight in the first line of the body', async () => {
  assert.deepEqual((await body('30')).said, { part: 0.3 });
  assert.deepEqual((await body('up 40%\nall is well', { body: 'well' })).said, { part: 0.4 });
  assert.equal((await body('up 40%\nall is well', { body: 'ill' })).outcome, 'fail');
  assert.equal((await body('down')).reason, '200, down');
  assert.equal(
    (await body('{"weight":30}')).warning,
    'the body begins with "{\\"weight\\":30}", which is no weight',
  );
  assert.equal((await body('')).outcome, 'ok');
  const failing = await ask('HTTP/1.1 503 No\r\n\r\n75', { 'weight-from': 'body' });
  assert.deepEqual([failing.outcome, failing.reason], ['fail', '503, expected 200-299']);
});

test('http: a first line that comes is enough, one that does not end is not waited for', async () => {
  const open = await withServer(
    onceAsked((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n30\n')),
    (port) => probes.http.run('127.0.0.1', port, { 'weight-from': 'body' }, deadlineMs),
  );
  assert.deepEqual([open.outcome, open.said], ['ok', { part: 0.3 }]);
  const dripping = await withServer(
    onceAsked((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      drip(socket, '3', 20);
    }),
    (port) => probes.http.run('127.0.0.1', port, { 'weight-from': 'body' }, deadlineMs),
  );
  assert.deepEqual([dripping.outcome, dripping.reason], ['fail', 'no first line of the body within 1200 ms']);
});

const agent = (treat: (socket: Socket) => void, options: Options = {}): Promise<ProbeResult> =>
  withServer(treat, (port) => probes.agent.run('127.0.0.1', port, options, deadlineMs));

test('agent: what it says', async () => {
  const busy = await agent((socket) => socket.end('up 75%\n'));
  assert.deepEqual([busy.outcome, busy.said], ['ok', { part: 0.75 }]);
  assert.match(busy.reason, /^up 75% in \d+ ms$/);
  const open = await agent((socket) => socket.write('drain\r'));
  assert.deepEqual([open.outcome, open.said], ['ok', { part: 0 }]);
  assert.equal((await agent((socket) => socket.end('down #disk full'))).reason, 'down: disk full');
  const pieces = await agent((socket) => {
    socket.write('re');
    setImmediate(() => socket.end('ady 5'));
    setTimeout(() => socket.end('0%\n'), 30);
  });
  assert.equal(pieces.outcome, 'ok', pieces.reason);
});

test('agent: it is sent what it wants to know', async () => {
  const result = await agent(
    (socket) =>
      socket.on('data', (asked: Buffer) => socket.end(String(asked) === 'web1\n' ? '10%\n' : 'no\n')),
    { send: 'web1\\n' },
  );
  assert.deepEqual(result.said, { part: 0.1 });
});

test('agent: one that misbehaves is down, in time and in words', async () => {
  const cases: readonly [treat: (socket: Socket) => void, reason: RegExp][] = [
    [() => {}, /^no line from the agent within 1200 ms$/],
    [(socket) => drip(socket, 'u', 20), /^no line from the agent within 1200 ms$/],
    [
      (socket) => flood(socket, Buffer.alloc(65_536, 'x')),
      new RegExp(`^first ${probeTextMax} octets have no end`),
    ],
    [
      (socket) => flood(socket, randomBytes(65_536)),
      /^(the agent says ".+", which is no state|first 1024 .*)$/,
    ],
    [(socket) => socket.end(), /^connection closed, the agent said nothing$/],
    [(socket) => socket.end('\x1b[2Jhello\n'), /^the agent says "\\x1b\[2Jhello\\n", which is no state$/],
    [(socket) => socket.resetAndDestroy(), /^connection reset, no (line from the agent|connection)$/],
  ];
  const before = openDescriptors();
  for (const [treat, reason] of cases) {
    const startedAt = performance.now();
    const result = await agent(treat);
    assert.equal(result.outcome, 'fail', result.reason);
    assert.match(result.reason, reason);
    assert.ok(performance.now() - startedAt < deadlineMs + 400);
  }
  const port = await refusingPort();
  assert.equal((await probes.agent.run('127.0.0.1', port, {}, deadlineMs)).reason, 'connection refused');
  assert.ok(openDescriptors() <= before + 1);
});
