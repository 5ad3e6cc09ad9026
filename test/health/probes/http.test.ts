// The http probe against servers that are not quite as they should be: verdict, words and deadline. The
// fifteen worst are in misbehaving.test.ts.
import assert from 'node:assert/strict';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { probes } from '../../../src/health/probes/index.ts';
import type { Options, ProbeResult } from '../../../src/health/probes/probe.ts';
import { probeBodyMax, probeHeaderMax, probeReasonMax } from '../../../src/limits.ts';
import { drip, flood, hasIpv6, listen, onceAsked, withServer } from './servers.ts';

const { http } = probes;
const deadlineMs = 600;

function probe(port: number, options: Options = {}, address = '127.0.0.1'): Promise<ProbeResult> {
  return http.run(address, port, options, deadlineMs);
}

/** Answers with `text` once asked and leaves the connection open. */
function saying(text: string | Uint8Array): (socket: Socket) => void {
  return onceAsked((socket) => socket.write(text));
}

/** A response that announces another. */
const interim = (code: number): string => `HTTP/1.1 ${code} Interim\r\nX-Interim: yes\r\n\r\n`;

/** Writes a text in segments of one octet each. */
function dripOnce(socket: Socket, text: string): void {
  socket.setNoDelay(true);
  let at = 0;
  const timer = setInterval(() => {
    if (at < text.length) socket.write(text[at++]!);
    else clearInterval(timer);
  }, 1);
  socket.on('close', () => clearInterval(timer));
}

const okHeader = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';
const chunked = `${okHeader}Transfer-Encoding: chunked\r\n\r\n`;

type Case = {
  readonly server: (socket: Socket) => void;
  readonly options?: Options;
  readonly outcome: 'ok' | 'fail';
  readonly reason: RegExp;
};

const cases: Readonly<Record<string, Case>> = {
  'resets when asked': {
    server: onceAsked((socket) => socket.resetAndDestroy()),
    outcome: 'fail',
    reason: /^connection reset, no response$/,
  },
  'closes when asked': {
    server: onceAsked((socket) => socket.end()),
    outcome: 'fail',
    reason: /^connection closed, no response$/,
  },
  'sends informational responses without end': {
    server: onceAsked((socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n', 5)),
    outcome: 'fail',
    reason: /^no response within 600 ms$/,
  },
  'sends a body without end, which nobody wants': {
    server: onceAsked((socket) => {
      socket.write(`${okHeader}\r\n`);
      flood(socket, Buffer.alloc(65_536, 'x'));
    }),
    outcome: 'ok',
    reason: /^200 in \d+ ms$/,
  },
  'breaks off its body': {
    server: onceAsked((socket) => socket.end(`${chunked}5\r\nabc`)),
    options: { body: 'ok' },
    outcome: 'fail',
    reason: /^connection closed, no body with "ok"$/,
  },
  'has another body': {
    server: saying(`${okHeader}Content-Length: 5\r\n\r\nhello`),
    options: { body: 'ok' },
    outcome: 'fail',
    reason: /^body does not contain "ok"$/,
  },
  'has no body': {
    server: saying('HTTP/1.1 204 No Content\r\n\r\n'),
    options: { body: 'ok' },
    outcome: 'fail',
    reason: /^body does not contain "ok"$/,
  },
  'splits what is sought over two chunks': {
    server: onceAsked((socket) => {
      socket.write(`${chunked}3\r\nall\r\n2\r\n o\r\n`);
      setTimeout(() => socket.write('1\r\nk\r\n'), 20);
    }),
    options: { body: 'all ok' },
    outcome: 'ok',
    reason: /^200 in \d+ ms$/,
  },
  'redirects, as it should': {
    server: saying('HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n'),
    options: { expect: '200,300-399' },
    outcome: 'ok',
    reason: /^302 in \d+ ms$/,
  },
  'is out of service': {
    server: saying('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'),
    outcome: 'fail',
    reason: /^503, expected 200-299$/,
  },
  'says 100 Continue, unasked': {
    server: saying(`${interim(100)}${okHeader}Content-Length: 2\r\n\r\nok`),
    options: { body: 'ok' },
    outcome: 'ok',
    reason: /^200 in \d+ ms$/,
  },
  'says 100 Continue twice, an early hint between, an octet at a time': {
    server: onceAsked((socket) => {
      const text = `${interim(100)}${interim(103)}\r\n${interim(100)}${okHeader}Content-Length: 2\r\n\r\nok`;
      dripOnce(socket, text);
    }),
    options: { body: 'ok' },
    outcome: 'ok',
    reason: /^200 in \d+ ms$/,
  },
  'says 100 Continue and no more': {
    server: onceAsked((socket) => socket.end(interim(100))),
    outcome: 'fail',
    reason: /^connection closed, no response$/,
  },
  'sends an interim response that does not end': {
    server: onceAsked((socket) => {
      socket.write('HTTP/1.1 100 Continue\r\nX-More: ');
      flood(socket, Buffer.alloc(65_536, 'x'));
    }),
    outcome: 'fail',
    reason: new RegExp(`^response header longer than ${probeHeaderMax} octets$`),
  },
  'speaks another protocol': {
    server: (socket) => {
      socket.write('SSH-2.0-OpenSSH_9.2p1\r\n');
    },
    outcome: 'fail',
    reason: /^not HTTP: the response begins with "SSH-2\.0-OpenSSH_9\.2p1\\r\\n"$/,
  },
  'speaks a later version of HTTP': {
    server: saying('HTTP/7.1 200 OK\r\n\r\n'),
    outcome: 'fail',
    reason: /^not HTTP: Invalid HTTP version$/,
  },
  'changes the protocol': {
    server: saying('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    outcome: 'fail',
    reason: /^not HTTP: 101 changes to another protocol, unasked$/,
  },
  'has two lengths': {
    server: saying(`${okHeader}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`),
    outcome: 'fail',
    reason: /^not HTTP: two lengths of one body$/,
  },
  'breaks off a body of known length': {
    server: onceAsked((socket) => socket.end(`${okHeader}Content-Length: 5\r\n\r\nabc`)),
    options: { body: 'ok' },
    outcome: 'fail',
    reason: /^connection closed, no body with "ok"$/,
  },
  'never closes': {
    server: saying(`${okHeader}Content-Length: 2\r\n\r\nok`),
    options: { body: 'ok' },
    outcome: 'ok',
    reason: /^200 in \d+ ms$/,
  },
  'answers before it is asked': {
    server: (socket) => {
      socket.write(`${okHeader}Content-Length: 2\r\n\r\nok`);
    },
    outcome: 'ok',
    reason: /^(200 in \d+ ms)$/,
  },
};

for (const [name, { server, options, outcome, reason }] of Object.entries(cases)) {
  test(`a server that ${name}`, async () => {
    const result = await withServer(server, (port) => probe(port, options));
    assert.equal(result.outcome, outcome, result.reason);
    assert.match(result.reason, reason);
    assert.ok(result.latencyMs <= deadlineMs + 500, `${result.latencyMs} ms`);
  });
}

test('a server cannot put control characters or a novel into a reason', async () => {
  const location = `http://a/\u001b[2J${'x'.repeat(5000)}`;
  const text = `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`;
  const { outcome, reason } = await withServer(saying(text), probe);
  assert.equal(outcome, 'fail');
  assert.ok(reason.length <= probeReasonMax);
  assert.doesNotMatch(reason, /\p{C}/u);
});

test('the body is searched to its 5120th octet and no further', async () => {
  for (const [size, outcome] of [
    [probeBodyMax, 'ok'],
    [probeBodyMax + 1, 'fail'],
  ] as const) {
    const body = 'ok'.padStart(size, 'x');
    const text = `${okHeader}Content-Length: ${size}\r\n\r\n${body}`;
    assert.equal((await withServer(saying(text), (port) => probe(port, { body: 'ok' }))).outcome, outcome);
  }
});

/** What a good server sees of probes. */
async function seen(
  use: (port: number) => Promise<unknown>,
  address = '127.0.0.1',
): Promise<{ asked: IncomingMessage[]; connections: number }> {
  const asked: IncomingMessage[] = [];
  let connections = 0;
  const server = createHttpServer((request: IncomingMessage, response: ServerResponse) => {
    asked.push(request);
    response.end('ok');
  });
  server.on('connection', () => connections++);
  const { port, close } = await listen(server, address);
  await use(port);
  await close();
  return { asked, connections };
}

test('what is asked: path, method and Host as configured, nothing encoded, one connection each', async () => {
  const options = { path: '/healthz?x=1', host: 'www.site.example', method: 'HEAD' };
  const { asked, connections } = await seen(async (port) => {
    assert.equal((await probe(port, options)).outcome, 'ok');
    assert.equal((await probe(port, options)).outcome, 'ok');
  });
  assert.equal(connections, 2);
  const { method, url, headers } = asked[0]!;
  assert.deepEqual([method, url], ['HEAD', '/healthz?x=1']);
  assert.deepEqual(headers, {
    host: 'www.site.example',
    'user-agent': 'steerdns',
    accept: '*/*',
    'accept-encoding': 'identity',
    connection: 'close',
  });
});

test('without a host the Host header is the address, and IPv6 is asked over IPv6', async () => {
  for (const address of hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
    let port = 0;
    const { asked } = await seen(async (open) => {
      port = open;
      assert.equal((await probe(open, {}, address)).outcome, 'ok');
    }, address);
    assert.equal(asked[0]!.headers.host, address === '::1' ? `[::1]:${port}` : `127.0.0.1:${port}`);
    assert.equal(asked[0]!.method, 'GET');
  }
});

test('a reason keeps its end, however long a redirect is', async () => {
  const text = `HTTP/1.1 301 Moved\r\nLocation: /${'x'.repeat(500)}\r\nContent-Length: 0\r\n\r\n`;
  const { reason } = await withServer(saying(text), probe);
  assert.match(reason, /^redirect to \/x+… not followed \(301, expected 200-299\)$/);
});

test('options that make no sense together are named', () => {
  assert.match(http.conflict!({ method: 'HEAD', body: 'ok' })!, /HEAD/);
  assert.equal(http.conflict!({ method: 'GET', body: 'ok' }), undefined);
  assert.deepEqual(
    [http.defaultPort, probes.https.defaultPort, probes.tcp.defaultPort],
    [80, 443, undefined],
  );
});

test('options that cannot be sent are a mistake of ours, not a fault of the server', async () => {
  for (const options of [{ host: 'a\r\nb' }, { path: 'x' }, { expect: 'none' }]) {
    const { asked } = await seen(async (port) => {
      const { outcome, reason } = await probe(port, options);
      assert.equal(outcome, 'inconclusive', reason);
    });
    assert.ok(asked.length <= 1);
  }
});
