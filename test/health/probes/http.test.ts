// The http probe against servers of every bad kind: verdict, words, deadline, and what is left behind.
import assert from 'node:assert/strict';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { probes } from '../../../src/health/probes/index.ts';
import type { Options, ProbeResult } from '../../../src/health/probes/probe.ts';
import { probeBodyMax, probeHeaderMax, probeReasonMax } from '../../../src/limits.ts';
import {
  drip,
  flood,
  hasIpv6,
  listen,
  onceAsked,
  openDescriptors,
  refusingPort,
  withServer,
} from './servers.ts';

const { http } = probes;
const deadlineMs = 600;

function probe(port: number, options: Options = {}, address = '127.0.0.1'): Promise<ProbeResult> {
  return http.run(address, port, options, deadlineMs);
}

/** Answers with `text` once asked and leaves the connection open. */
function saying(text: string | Uint8Array): (socket: Socket) => void {
  return onceAsked((socket) => socket.write(text));
}

const okHeader = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';
const chunked = `${okHeader}Transfer-Encoding: chunked\r\n\r\n`;
const bomb = gzipSync(Buffer.alloc(16 << 20));

type Case = {
  readonly server: (socket: Socket) => void;
  readonly options?: Options;
  readonly outcome: 'ok' | 'fail';
  readonly reason: RegExp;
};

const cases: Readonly<Record<string, Case>> = {
  'accepts and stays silent': {
    server: () => {},
    outcome: 'fail',
    reason: /^no response within 600 ms$/,
  },
  'resets after accept': {
    server: (socket) => socket.resetAndDestroy(),
    outcome: 'fail',
    reason: /^connection reset, no (response|connection)$/,
  },
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
  'sends its header line by line, without end': {
    server: onceAsked((socket) => {
      socket.write(okHeader);
      drip(socket, 'X-More: and more\r\n', 20);
    }),
    outcome: 'fail',
    reason: /^no response within 600 ms$/,
  },
  'sends informational responses without end': {
    server: onceAsked((socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n', 5)),
    outcome: 'fail',
    reason: /^no response within 600 ms$/,
  },
  'sends a huge header': {
    server: onceAsked((socket) => {
      socket.write(okHeader);
      flood(socket, Buffer.from(`X-More: ${'x'.repeat(4000)}\r\n`));
    }),
    outcome: 'fail',
    reason: new RegExp(`^response header longer than ${probeHeaderMax} octets$`),
  },
  'sends a body without end, which nobody wants': {
    server: onceAsked((socket) => {
      socket.write(`${okHeader}\r\n`);
      flood(socket, Buffer.alloc(65_536, 'x'));
    }),
    outcome: 'ok',
    reason: /^200 in \d+ ms$/,
  },
  'sends a body without end, in which something is sought': {
    server: onceAsked((socket) => {
      socket.write(`${okHeader}\r\n`);
      flood(socket, Buffer.alloc(65_536, 'x'));
    }),
    options: { body: 'ok' },
    outcome: 'fail',
    reason: new RegExp(`^first ${probeBodyMax} octets of the body do not contain "ok"$`),
  },
  'sends its body an octet at a time': {
    server: onceAsked((socket) => {
      socket.write(`${okHeader}\r\n`);
      drip(socket, 'x', 20);
    }),
    options: { body: 'ok' },
    outcome: 'fail',
    reason: /^no body with "ok" within 600 ms$/,
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
  'sends a gzip bomb': {
    server: onceAsked((socket) => {
      socket.write(`${okHeader}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
      socket.write(bomb);
    }),
    options: { body: 'ok' },
    outcome: 'fail',
    reason: /do not contain "ok" \(it is sent as gzip\)$/,
  },
  'redirects to itself': {
    server: saying('HTTP/1.1 302 Found\r\nLocation: https://www.site.example/\r\nContent-Length: 0\r\n\r\n'),
    outcome: 'fail',
    reason: /^redirect to https:\/\/www\.site\.example\/ not followed \(302, expected 200-299\)$/,
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
  'speaks HTTP/0.9': {
    server: onceAsked((socket) => socket.end('<html>hello</html>')),
    outcome: 'fail',
    reason: /^not HTTP: /,
  },
  'speaks garbage': {
    server: (socket) => {
      socket.write(Buffer.from([0, 1, 2, 255, 254, 13, 10, 13, 10]));
    },
    outcome: 'fail',
    reason: /^not HTTP: /,
  },
  'changes the protocol': {
    server: saying('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    outcome: 'fail',
    reason: /^not HTTP: /,
  },
  'has two lengths': {
    server: saying(`${okHeader}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`),
    outcome: 'fail',
    reason: /^body is not as long as its content-length says$/,
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

test('a port that refuses', async () => {
  const { outcome, reason } = await probe(await refusingPort());
  assert.deepEqual([outcome, reason], ['fail', 'connection refused']);
});

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

test('a hundred probes of bad servers leave no descriptor and little memory behind', async () => {
  const wild = onceAsked((socket: Socket) => {
    socket.write(`${okHeader}\r\n`);
    flood(socket, Buffer.alloc(65_536, 'x'));
  });
  await withServer(wild, (port) => probe(port, { body: 'ok' }));
  const descriptors = openDescriptors();
  const memory = process.memoryUsage().rss;
  await withServer(wild, async (port) => {
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 10 }, () => probe(port, { body: 'ok' })));
    }
  });
  assert.ok(openDescriptors() <= descriptors + 2, `${descriptors} before, ${openDescriptors()} after`);
  assert.ok(process.memoryUsage().rss < memory + (128 << 20));
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
