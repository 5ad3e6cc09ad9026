// What must never cost an answer: a log that nobody reads, and whoever asks the admin HTTP slowly, hugely or
// in great numbers. Short; 60 s of 5000 queries a second and 10,000 requests where STEERDNS_TEST_LONG is 1.
// Runs alone.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { hashToken, printToken } from '../../src/config/tokens.ts';
import { askText } from '../control/fakeserver.ts';
import { Daemon, runToEnd } from '../daemon.ts';
import { Load } from '../load.ts';
import { freePort } from '../ports.ts';
import { until } from '../until.ts';

const isLong = process.env.STEERDNS_TEST_LONG === '1';
const zone = '$TTL 30\n@ SOA ns1 mail 1 1h 15m 1w 30\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.2\n';
const nonsense = `${zone}${'bad A 1.2.3\n'.repeat(100)}`;

let daemon: Daemon | undefined;
afterEach(async () => {
  await daemon?.close();
  daemon = undefined;
});

test('a log that nobody reads costs lines and no answer', { timeout: 180_000 }, async () => {
  const by = ['bash', '-c', 'exec "$@" > >(exec sleep 170) 2>&1', 'unread'];
  daemon = await Daemon.start({ files: { 'site.example.zone': zone }, by });
  const before = await daemon.status();
  assert.deepEqual([before.control.logLinesLost, before.server!.logLinesLost], [0, 0]);
  const rate = isLong ? 5000 : 2000;
  const load = await Load.start({ port: daemon.port, name: 'www.site.example', rate });
  const startedAt = performance.now();
  for (let i = 0; i < 20; i++) daemon.write(`z${i}.example.zone`, nonsense);
  // Refused reloads of two thousand lines, until lines are lost; then control dies, and the server says so.
  await until('lines are lost', 60_000, async () => {
    await daemon!.reload();
    return (await daemon!.status()).control.logLinesLost > 1000;
  });
  assert.match(JSON.stringify((await daemon.status()).attention), /lines of the log were lost/);
  const { text } = await askText(daemon.controlPath, '/metrics');
  assert.match(text, /^steerdns_log_lines_lost_total\{process="control"\} [1-9]\d{3}/m);
  process.kill((await daemon.status()).control.pid, 'SIGKILL');
  await until('control is back', 30_000, async () => (await daemon!.status()).server?.controlRestarts === 1);
  if (isLong) await pause(Math.max(0, 60_000 - (performance.now() - startedAt)));
  const { sent, answered, unanswered } = await load.stop();
  assert.deepEqual([answered, unanswered], [sent, 0]);
  const at = performance.now();
  assert.equal(await daemon.stop(), 0);
  assert.ok(performance.now() - at < 5000, 'a stop waits for no reader');
});

/**
 * Floods the admin HTTP, some hundred requests a second, from a process that stands back for the others: an
 * attacker takes no time of the machine that is attacked.
 */
function flood(port: number, requests: number): Promise<Record<string, number>> {
  const code = `
    const { connect } = require('node:net');
    require('node:os').setPriority(10);
    const kinds = ['slow', 'silent', 'header', 'body', 'drip', 'many'];
    const counts = {};
    let begun = 0, open = 0;
    const begin = () => {
      const kind = kinds[begun++ % kinds.length];
      open++;
      const socket = connect(${port}, '127.0.0.1');
      const timer = setTimeout(() => socket.destroy(), 500);
      let drip;
      socket.on('error', () => {}).resume();
      socket.on('close', () => { clearTimeout(timer); clearInterval(drip); open--; });
      socket.on('connect', () => {
        counts[kind] = (counts[kind] ?? 0) + 1;
        const head = 'POST /reload HTTP/1.1\\r\\nhost: localhost\\r\\n';
        if (kind === 'slow') socket.write(head);
        if (kind === 'header') socket.write(head + 'x: ' + 'a'.repeat(100000));
        if (kind === 'body') socket.write(head + 'content-length: 9999999\\r\\n\\r\\n' + 'b'.repeat(1 << 18));
        if (kind === 'drip') drip = setInterval(() => socket.write('G'), 20);
        if (kind === 'many') socket.write('GET /status HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n'.repeat(20));
      });
    };
    const pace = setInterval(() => {
      for (let i = 0; i < 4 && begun < ${requests} && open < 200; i++) begin();
      if (begun < ${requests} || open > 0) return;
      clearInterval(pace);
      console.log(JSON.stringify(counts));
    }, 10);
  `;
  return runToEnd(process.execPath, ['-e', code]).then(({ code: ended, stdout, stderr }) => {
    assert.equal(ended, 0, stderr);
    return JSON.parse(stdout) as Record<string, number>;
  });
}

function percentile(values: readonly number[], part: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]!;
}

test('slow and huge requests cost no answer, and the admin HTTP is there after', {
  timeout: 280_000,
}, async () => {
  const http = await freePort();
  const token = { name: 'test', scope: 'read', hash: hashToken('steerdns_test'), until: undefined } as const;
  daemon = await Daemon.start({
    files: {
      'site.example.zone': zone,
      tokens: printToken(token),
      'steerdns.yaml': `http: { listen: 127.0.0.1:${http}, token-file: tokens }\n`,
    },
  });
  const measure = async (work: Promise<unknown>) => {
    const latencies: number[] = [];
    const onResponse = (_: Uint8Array, sentAt: number, at: number) => void latencies.push(at - sentAt);
    const load = await Load.start({ port: daemon!.port, name: 'www.site.example', rate: 1000, onResponse });
    await work;
    return { ...(await load.stop()), p99: percentile(latencies, 0.99) };
  };
  const quiet = await measure(pause(1500));
  const work = flood(http, isLong ? 10_000 : 1200);
  const busy = await measure(work);
  const counts = await work;
  console.log(`p99 ${quiet.p99.toFixed(1)} ms, under attack ${busy.p99.toFixed(1)} ms`, counts);
  assert.deepEqual([quiet.unanswered, busy.unanswered], [0, 0]);
  // The long form is for a machine that has nothing else to do.
  assert.ok(busy.p99 < (isLong ? 20 : 250), `p99 ${busy.p99} ms`);
  const answer = await until('it answers a token', 10_000, () => askHttp(http, 'steerdns_test'));
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.equal((await daemon.status()).server!.controlRestarts, 0);
});

function askHttp(port: number, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket
      .once('error', reject)
      .once('close', () => (text === '' ? reject(new Error('cut')) : resolve(text)));
    const head = `GET /healthz HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n`;
    socket.write(`${head}connection: close\r\n\r\n`);
  });
}
