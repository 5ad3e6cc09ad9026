// The https probe: whose certificate is believed, for which name, and what is said of those that are not.
import assert from 'node:assert/strict';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { httpsTrusting } from '../../../src/health/probes/http.ts';
import { probes } from '../../../src/health/probes/index.ts';
import type { Options, Probe, ProbeResult } from '../../../src/health/probes/probe.ts';
import { type Certificate, listen, makeAuthority, onceAsked, opensslMissing, withServer } from './servers.ts';

const deadlineMs = 1000;

type Seen = { readonly hosts: (string | undefined)[]; readonly serverNames: (string | false | null)[] };

/** Probes a TLS server that has this certificate; says what the server saw, too. */
async function probeTls(
  certificate: Certificate,
  probe: Probe,
  options: Options,
): Promise<{ result: ProbeResult; seen: Seen; port: number }> {
  const seen: Seen = { hosts: [], serverNames: [] };
  const server = createHttpsServer({ ...certificate }, (request, response) => {
    seen.hosts.push(request.headers.host);
    response.end('ok');
  });
  server.on('secureConnection', (socket: TLSSocket & { servername?: string | false }) => {
    seen.serverNames.push(socket.servername ?? null);
  });
  server.on('tlsClientError', () => {});
  const { port, close } = await listen(server);
  const result = await probe.run('127.0.0.1', port, options, deadlineMs);
  await close();
  return { result, seen, port };
}

describe('certificates', { skip: opensslMissing() }, () => {
  const authority = makeAuthority();
  after(() => authority.remove());
  const context = createSecureContext({ ca: authority.ca });
  const trusting = httpsTrusting(() => context);
  const good = authority.issue('DNS:www.site.example,IP:127.0.0.1');
  const host = 'www.site.example';

  test('a good one: SNI, certificate and Host go by the option host', async () => {
    const { result, seen } = await probeTls(good, trusting, { host, body: 'ok' });
    assert.equal(result.outcome, 'ok', result.reason);
    assert.match(result.reason, /^200 in \d+ ms$/);
    assert.deepEqual(seen, { hosts: [host], serverNames: [host] });
  });

  test('a port in the option host goes into the Host header and not into the name', async () => {
    const { result, seen } = await probeTls(good, trusting, { host: `${host}:8443` });
    assert.equal(result.outcome, 'ok', result.reason);
    assert.deepEqual(seen, { hosts: [`${host}:8443`], serverNames: [host] });
  });

  test('without a host it is the address that the certificate must name, and no SNI is sent', async () => {
    const { result, seen, port } = await probeTls(good, trusting, {});
    assert.equal(result.outcome, 'ok', result.reason);
    assert.deepEqual(seen, { hosts: [`127.0.0.1:${port}`], serverNames: [false] });
    const named = await probeTls(authority.issue('DNS:www.site.example'), trusting, {});
    assert.equal(named.result.reason, 'certificate is for www.site.example, not 127.0.0.1');
  });

  test('one for another name is refused, and nothing is asked', async () => {
    const other = authority.issue('DNS:other.example');
    const { result, seen } = await probeTls(other, trusting, { host });
    assert.equal(result.outcome, 'fail');
    assert.equal(result.reason, 'certificate is for other.example, not www.site.example');
    assert.deepEqual(seen.hosts, []);
  });

  test('one for many names does not fill the screen', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'].map((name) => `DNS:${name}.example`).join();
    const { result } = await probeTls(authority.issue(names), trusting, { host });
    assert.match(result.reason, /^certificate is for a\.example, b\.example, c\.example and 2 more, not www/);
  });

  test('an expired one is refused, with the day', async () => {
    const { result } = await probeTls(authority.issue(`DNS:${host}`, -1), trusting, { host });
    assert.equal(result.outcome, 'fail');
    assert.match(result.reason, /^certificate expired on \d{4}-\d\d-\d\d$/);
  });

  test('a self-signed one is refused', async () => {
    const { result } = await probeTls(authority.selfSigned(`DNS:${host}`), trusting, { host });
    assert.equal(result.reason, 'certificate is self-signed');
  });

  test('one of an authority that is not trusted is refused by default', async () => {
    const { result } = await probeTls(good, probes.https, { host });
    assert.equal(result.outcome, 'fail');
    assert.equal(result.reason, 'certificate is signed by "Test authority", which is not trusted here');
  });

  test('verify-tls: false takes any', async () => {
    const expired = authority.issue('DNS:other.example', -1);
    for (const certificate of [expired, authority.selfSigned('DNS:other.example')]) {
      const { result, seen } = await probeTls(certificate, probes.https, { host, 'verify-tls': false });
      assert.equal(result.outcome, 'ok', result.reason);
      assert.deepEqual(seen.hosts, [host]);
    }
  });
});

const broken: Readonly<Record<string, { server: (socket: Socket) => void; reason: RegExp }>> = {
  'never shakes hands': { server: () => {}, reason: /^no TLS handshake within 1000 ms$/ },
  'closes during the handshake': {
    server: onceAsked((socket) => socket.end()),
    reason: /^connection reset, no TLS handshake$/,
  },
  'speaks plain HTTP': {
    server: onceAsked((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    reason: /^not TLS: the server answers something else$/,
  },
  'refuses with an alert': {
    server: onceAsked((socket) => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, 40]))),
    reason: /^TLS failed: .*handshake failure/,
  },
};

for (const [name, { server, reason }] of Object.entries(broken)) {
  test(`a server that ${name}`, async () => {
    const result = await withServer(server, (port) =>
      probes.https.run('127.0.0.1', port, { host: 'www.site.example' }, deadlineMs),
    );
    assert.equal(result.outcome, 'fail');
    assert.match(result.reason, reason);
    assert.ok(result.latencyMs <= deadlineMs + 500, `${result.latencyMs} ms`);
  });
}
