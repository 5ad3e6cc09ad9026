// What checks take from files and variables: a private authority, a certificate of our own, tokens in
// headers, and that none of it is seen anywhere; certificates that expire soon; and where probes come from.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { loadConfig } from '../../../src/config.ts';
import { Sources } from '../../../src/control/sources.ts';
import { printFault } from '../../../src/faults.ts';
import { endpointKey } from '../../../src/health/check.ts';
import { makeContent, withoutSecrets } from '../../../src/health/probes/content.ts';
import { probes } from '../../../src/health/probes/index.ts';
import type { Options, Probe, ProbeResult } from '../../../src/health/probes/probe.ts';
import { endpointOf } from '../virtual.ts';
import { hasIpv6, listen, makeAuthority, onceAsked, opensslMissing, withServer } from './servers.ts';

const deadlineMs = 2000;
const host = 'www.site.example';

describe('certificates', { skip: opensslMissing() }, () => {
  const authority = makeAuthority();
  after(() => authority.remove());
  const ca = makeContent('ca.pem', authority.ca.toString());
  const mine = authority.issue('DNS:prober.site.example');
  const own = {
    certificate: makeContent('own.pem', mine.cert.toString()),
    key: makeContent('own.key', mine.key.toString()),
  };

  async function ask(options: Options, days = 30, kind: 'https' | 'tcp' = 'https', wantsOurs = false) {
    const settings = { ...authority.issue(`DNS:${host}`, days), ca: authority.ca, requestCert: wantsOurs };
    const server =
      kind === 'https'
        ? createHttpsServer(settings, (_request, response) => response.end('ok'))
        : createTlsServer(settings, (socket) => socket.on('error', () => {}).end('220 hello\r\n'));
    server.on('tlsClientError', () => {});
    const { port, close } = await listen(server);
    const tls = kind === 'tcp' ? { tls: true, expect: '220' } : {};
    const probe: Probe = probes[kind];
    const result = await probe.run('127.0.0.1', port, { host, ...tls, ...options }, deadlineMs);
    await close();
    return result;
  }

  for (const kind of ['https', 'tcp'] as const) {
    test(`${kind}: a private authority is trusted in place of the public ones`, async () => {
      assert.equal(
        (await ask({}, 30, kind)).reason,
        'certificate is signed by "Test authority", which is not trusted here',
      );
      const trusted = await ask({ ca }, 30, kind);
      assert.deepEqual([trusted.outcome, trusted.warning], ['ok', undefined], trusted.reason);
    });

    test(`${kind}: a server that wants a certificate of ours gets it`, async () => {
      const given = await ask({ ca, ...own }, 30, kind, true);
      assert.equal(given.outcome, 'ok', given.reason);
      const none = await ask({ ca }, 30, kind, true);
      assert.deepEqual([none.outcome, none.reason], ['fail', 'the server wants a certificate of ours']);
    });

    test(`${kind}: a certificate that expires soon is a warning, and the server stays`, async () => {
      const soon = await ask({ ca }, 10, kind);
      assert.deepEqual([soon.outcome, soon.warning], ['ok', 'certificate expires in 9 days']);
      assert.equal((await ask({ ca }, 1, kind)).warning, 'certificate expires in 23 hours');
      assert.equal((await ask({ ca, 'expiry-warning': 0 }, 10, kind)).warning, undefined);
      assert.equal((await ask({ ca, 'expiry-warning': 9 * 86_400_000 }, 10, kind)).warning, undefined);
      assert.equal((await ask({ 'verify-tls': false }, 10, kind)).warning, undefined);
    });
  }

  test('certificate and key must belong together', () => {
    const conflict = (options: Options) => (probes.https as Probe).conflict?.(options);
    assert.equal(conflict(own), undefined);
    const { certificate, key } = own;
    assert.equal(conflict({ certificate }), 'certificate and key belong together: add key');
    assert.equal(conflict({ key }), 'certificate and key belong together: add certificate');
    const other = makeContent('b', authority.issue('DNS:b.example').key.toString());
    assert.equal(conflict({ certificate, key: other }), 'key is not the key to certificate');
    assert.match(conflict({ ca, 'verify-tls': false }) ?? '', /remove ca$/);
  });
});

const token = 'Bearer 8c2f1e60d7a94b53';

test('a token goes out in the header, and what a server sends back of it is struck out', async () => {
  const asked: string[] = [];
  const ask = (response: (text: string) => string, options: Options = {}): Promise<ProbeResult> =>
    withServer(
      (socket) =>
        socket.once('data', (octets: Buffer) => {
          asked.push(octets.toString());
          socket.end(response(octets.toString()));
        }),
      (port) => {
        const headers = { authorization: makeContent('token', token), 'x-plain': 'yes' };
        return probes.http.run('127.0.0.1', port, { headers, ...options }, deadlineMs);
      },
    );
  assert.equal((await ask(() => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')).outcome, 'ok');
  assert.match(asked[0]!, new RegExp(`authorization: ${token}\r\n`, 'i'));
  const moved = await ask(() => `HTTP/1.1 302 No\r\nLocation: /in?t=${token}\r\nContent-Length: 0\r\n\r\n`);
  assert.equal(moved.reason, 'redirect to /in?t=… not followed (302, expected 200-299)');
  const echoed = await ask(() => `${token} is what you said`);
  assert.equal(echoed.reason, 'not HTTP: the response begins with "… is what "');
  const header = await ask(
    () => `HTTP/1.1 200 OK\r\nX-Ready: ${token.slice(0, 12)}\r\nContent-Length: 0\r\n\r\n`,
    { 'expect-header': { 'x-ready': 'yes' } },
  );
  assert.equal(header.reason, '200, but x-ready is "…", expected "yes"');
});

test('striking out: all of them, parts of them, and nothing else', () => {
  assert.equal(withoutSecrets('abcdefghij abcdefghij', ['abcdefghij']), '… …');
  assert.equal(withoutSecrets('abcdefghix', ['abcdefghij']), '…x');
  assert.equal(withoutSecrets('abcdefg', ['abcdefghij']), 'abcdefg');
  assert.equal(withoutSecrets('key k', ['k']), '…ey …');
  assert.equal(withoutSecrets('nothing', []), 'nothing');
});

describe('settings that name files and variables', () => {
  const folder = mkdtempSync(join(tmpdir(), 'steerdns-secrets-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const load = (yaml: string) => {
    writeFileSync(join(folder, 'site.example.zone'), '');
    writeFileSync(join(folder, 'site.example.yaml'), yaml);
    const { list, read, isOpenToAll } = new Sources(folder);
    return loadConfig(folder, list, read, isOpenToAll);
  };
  const yaml = `checks:
  web:
    type: http
    headers: { Authorization: { file: token }, X-B: { env: STEERDNS_TEST_TOKEN } }
balance:
  www: web
`.replace('www: web', 'www: { check: web }');

  test('values are what the files hold, digests are in the keys, the files are among the accepted', () => {
    process.env.STEERDNS_TEST_TOKEN = 'from-the-environment';
    writeFileSync(join(folder, 'token'), `${token}\n`, { mode: 0o600 });
    const { config, faults, settingsFiles } = load(yaml);
    assert.deepEqual(faults.map(printFault), []);
    assert.ok(settingsFiles.includes(join(folder, 'token')));
    const check = config.zones[0]!.pools[0]!.check!;
    const headers = check.options.headers as Record<string, { content: string }>;
    assert.equal(headers.authorization!.content, token);
    assert.equal(headers['x-b']!.content, 'from-the-environment');
    const key = endpointKey(check, '192.0.2.1');
    assert.doesNotMatch(key, /8c2f1e60|from-the/);
    writeFileSync(join(folder, 'token'), `${token}x\n`);
    assert.notEqual(endpointKey(load(yaml).config.zones[0]!.pools[0]!.check!, '192.0.2.1'), key);
  });

  test('a secret that everybody can read is a warning, once; a certificate is none', () => {
    writeFileSync(join(folder, 'open'), 'x', { mode: 0o644 });
    const { faults } = load(`checks:
  a: { type: http, headers: { X-A: { file: open }, X-B: { file: open } } }
`);
    const path = join(folder, 'open');
    assert.deepEqual(faults.map(printFault), [
      `${path}:1:1: warning: everybody on this machine can read this secret (chmod o-r ${path})`,
    ]);
  });
});

test('the source of a probe is what the server sees, the other family has its own', async () => {
  const seen: (string | undefined)[] = [];
  const treat = onceAsked((socket) => {
    seen.push(socket.remoteAddress);
    socket.end('up 50%\nHTTP/1.1 200 OK\r\n\r\n');
  });
  await withServer(treat, async (port) => {
    const source = ['127.0.0.9', '2001:db8::9'];
    const ask = { send: 'x', source };
    assert.equal((await probes.agent.run('127.0.0.1', port, ask, deadlineMs)).outcome, 'ok');
    assert.equal(
      (await probes.tcp.run('127.0.0.1', port, { ...ask, expect: '50' }, deadlineMs)).outcome,
      'ok',
    );
    await probes.http.run('127.0.0.1', port, { source }, deadlineMs);
    const own = await probes.http.run('127.0.0.1', port, { source: ['192.0.2.77'] }, deadlineMs);
    assert.deepEqual(
      [own.outcome, own.reason],
      ['inconclusive', 'inconclusive: no local address or port to probe from (EADDRNOTAVAIL)'],
    );
    if (hasIpv6) {
      const { reason } = await probes.tcp.run('::1', port, { source: ['127.0.0.9'] }, deadlineMs);
      assert.equal(reason, 'connection refused');
    }
  });
  assert.deepEqual(seen, ['127.0.0.9', '127.0.0.9', '127.0.0.9']);
  const dns = await probes.dns.run('127.0.0.1', 1, { name: 'a.', source: ['192.0.2.77'] }, deadlineMs);
  assert.equal(dns.reason, 'inconclusive: no local address or port to probe from (EADDRNOTAVAIL)');
  const local = await probes.dns.run('127.0.0.1', 1, { name: 'a.', source: ['127.0.0.9'] }, deadlineMs);
  assert.equal(local.reason, 'connection refused');
});

test('an endpoint has another key where its source is another', () => {
  const { check } = endpointOf(0, { kind: 'tcp', port: 1 });
  const other = { ...check, options: { source: ['127.0.0.9'] } };
  assert.notEqual(endpointKey(check, '127.0.0.1'), endpointKey(other, '127.0.0.1'));
});
