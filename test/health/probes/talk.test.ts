// The tcp probe in conversation: what is sent, what is expected, with TLS and without, and one deadline for
// all.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createSecureContext, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { octetsOf, parseOctetsOption, printOctets } from '../../../src/health/probes/octets.ts';
import type { Options, ProbeResult } from '../../../src/health/probes/probe.ts';
import { tcp, tcpTrusting } from '../../../src/health/probes/tcp.ts';
import { probeBodyMax, probeTextMax } from '../../../src/limits.ts';
import {
  drip,
  flood,
  listen,
  makeAuthority,
  onceAsked,
  openDescriptors,
  opensslMissing,
  withServer,
} from './servers.ts';

const deadlineMs = 600;
const probe = (port: number, options: Options): Promise<ProbeResult> =>
  tcp.run('127.0.0.1', port, options, deadlineMs);

async function is(result: Promise<ProbeResult>, outcome: string, reason: RegExp): Promise<void> {
  const got = await result;
  assert.equal(got.outcome, outcome, got.reason);
  assert.match(got.reason, reason);
  assert.ok(got.latencyMs < deadlineMs + 500, `${got.latencyMs} ms`);
}

test('a greeting is expected and comes, in pieces too', async () => {
  await withServer(
    (socket) => {
      socket.write('22');
      setImmediate(() => socket.write('0 mail.site.example\r\n'));
    },
    (port) => is(probe(port, { expect: '220 ' }), 'ok', /^"220 " received in \d+ ms$/),
  );
});

test('what is sent is exactly the octets, and the answer is looked at', async () => {
  const asked: Buffer[] = [];
  await withServer(
    (socket) =>
      socket.once('data', (octets: Buffer) => {
        asked.push(octets);
        socket.write(Buffer.from([0xff, 0, 1]));
      }),
    (port) =>
      is(
        probe(port, { send: 'A\\x00\\xfe\\r\\n\\\\', expect: '\\xff\\x00' }),
        'ok',
        /^"\\xff\\x00" received/,
      ),
  );
  assert.deepEqual(asked, [Buffer.from([65, 0, 254, 13, 10, 92])]);
});

test('another greeting, none, and one that does not end are failures', async () => {
  const expect = { expect: '220' };
  await withServer(
    (socket) => socket.end('421 too busy\r\n'),
    (port) => is(probe(port, expect), 'fail', /^connection closed, no "220": got "421 too busy\\r\\n"$/),
  );
  await withServer(
    (socket) => socket.end(),
    (port) => is(probe(port, expect), 'fail', /^connection closed, no "220": nothing was sent$/),
  );
  await withServer(
    () => {},
    (port) => is(probe(port, expect), 'fail', /^no "220" within 600 ms$/),
  );
  await withServer(
    (socket) => drip(socket, 'x', 20),
    (port) => is(probe(port, expect), 'fail', /^no "220" within 600 ms$/),
  );
  await withServer(
    (socket) => flood(socket, Buffer.alloc(65_536, 'x')),
    (port) =>
      is(probe(port, expect), 'fail', new RegExp(`^first ${probeBodyMax} octets do not contain "220"$`)),
  );
  await withServer(
    onceAsked((socket) => socket.resetAndDestroy()),
    (port) => is(probe(port, { send: 'PING', ...expect }), 'fail', /^connection reset, no "220"$/),
  );
});

test('the last octet that is looked at counts, the one after it does not', async () => {
  for (const [size, outcome] of [
    [probeBodyMax - 1, 'ok'],
    [probeBodyMax, 'fail'],
  ] as const) {
    const text = Buffer.concat([Buffer.alloc(size, 'x'), Buffer.from('y')]);
    await withServer(
      (socket) => socket.write(text),
      (port) => is(probe(port, { expect: 'y' }), outcome, /y/),
    );
  }
});

describe('over TLS', { skip: opensslMissing() }, () => {
  const authority = makeAuthority();
  after(() => authority.remove());
  const context = createSecureContext({ ca: authority.ca });
  const host = 'mail.site.example';

  async function probeTls(names: string, options: Options, trusting = tcpTrusting(() => context)) {
    const serverNames: unknown[] = [];
    const server = createTlsServer({ ...authority.issue(names) }, (socket) => {
      serverNames.push((socket as TLSSocket & { servername?: string | false }).servername);
      socket.on('error', () => {}).write('* OK ready\r\n');
    });
    server.on('tlsClientError', () => {});
    const { port, close } = await listen(server);
    const result = await trusting.run('127.0.0.1', port, options, 2000);
    await close();
    return { ...result, names: serverNames };
  }

  test('a good certificate: the name is sent, and what is expected is looked for inside', async () => {
    const good = await probeTls(`DNS:${host}`, { tls: true, host, expect: '* OK' });
    assert.equal(good.outcome, 'ok', good.reason);
    assert.match(good.reason, /^"\* OK" received in \d+ ms$/);
    assert.deepEqual(good.names, [host]);
    const silent = await probeTls('IP:127.0.0.1', { tls: true });
    assert.match(silent.reason, /^connected with TLS in \d+ ms$/);
  });

  test('a bad one is refused, in words, unless verify-tls is false', async () => {
    const options = { tls: true, host, expect: 'OK' };
    const wrong = await probeTls('DNS:other.example', options);
    assert.deepEqual(
      [wrong.outcome, wrong.reason],
      ['fail', `certificate is for other.example, not ${host}`],
    );
    assert.match((await probeTls(`DNS:${host}`, options, tcp)).reason, /not trusted here$/);
    const any = await probeTls('DNS:other.example', { ...options, 'verify-tls': false }, tcp);
    assert.equal(any.outcome, 'ok', any.reason);
  });

  test('one that never shakes hands, and one that speaks no TLS', async () => {
    await withServer(
      () => {},
      (port) => is(probe(port, { tls: true }), 'fail', /^no TLS handshake within 600 ms$/),
    );
    await withServer(
      onceAsked((socket) => socket.end('220 hello\r\n')),
      (port) => is(probe(port, { tls: true }), 'fail', /^not TLS: the server answers something else$/),
    );
  });
});

test('escapes: one form for all ways to write the same octets', () => {
  const value = (written: unknown) => parseOctetsOption(written) as { value?: string; wrong?: string };
  assert.equal(value('A\\x0d\\n\\x41').value, 'A\\r\\nA');
  assert.equal(value('A\r\nA').value, 'A\\r\\nA');
  assert.equal(value('é').value, '\\xc3\\xa9');
  for (const wrong of ['', 'a\\', '\\q', '\\x4', '\\xgg', 1]) assert.ok(value(wrong).wrong, String(wrong));
  assert.equal(value('x'.repeat(probeTextMax)).value?.length, probeTextMax);
  assert.match(value('x'.repeat(probeTextMax + 1)).wrong ?? '', /at most 1024 octets/);
  const all = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
  assert.deepEqual(octetsOf(printOctets(all)), all);
});

test('no descriptor is left open', async () => {
  const before = openDescriptors();
  await withServer(
    (socket) => socket.write('hello'),
    async (port) => {
      for (let round = 0; round < 30; round++) await probe(port, { expect: 'hello' });
    },
  );
  assert.ok(openDescriptors() <= before + 2);
});
