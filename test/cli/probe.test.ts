// steerdns probe against real servers: every step, in 80 columns and as JSON, what is probed, and the exit
// code.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { heardBy, type ProbeReport } from '../../src/cli/probe.ts';
import { probeText } from '../../src/cli/probetext.ts';
import { width } from '../../src/cli/text.ts';
import type { Check } from '../../src/health/check.ts';
import type { ProbeResult, Target } from '../../src/health/probes/probe.ts';
import { severalTarget } from '../../src/health/probes/several.ts';
import { build, built } from '../build.ts';
import { runToEnd } from '../daemon.ts';
import { listen, makeAuthority, opensslMissing, refusingPort } from '../health/probes/servers.ts';
import { endpointOf } from '../health/virtual.ts';

const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 192.0.2.1
www A 127.0.0.1
    A 127.0.0.2
tls A 127.0.0.1
both A 127.0.0.1
bare A 127.0.0.1
`;
const token = 'Bearer probe-me-not-in-public';

type Json = {
  probes: (Omit<ProbeReport, 'endpoint' | 'result'> & ProbeReport['result'] & { kind: string })[];
};

describe('steerdns probe', { skip: opensslMissing() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'steerdns-probe-'));
  const closers: (() => Promise<void>)[] = [];
  before(async () => {
    await build();
    const authority = makeAuthority();
    const web = createServer((request, response) => {
      response.setHeader('X-Weight', '40%');
      response.setHeader('X-Echo', request.headers.authorization ?? '');
      response.end('ok');
    });
    const tls = createHttpsServer({ ...authority.issue('DNS:tls.site.example', 9) }, (_request, response) =>
      response.end(),
    );
    const [http, https] = [await listen(web), await listen(tls)];
    closers.push(http.close, https.close);
    const refusing = await refusingPort();
    const file = (name: string, text: string | Buffer) =>
      writeFileSync(join(folder, name), text, { mode: 0o600 });
    file('ca.pem', authority.ca);
    file('token', token);
    file('site.example.zone', zone);
    file(
      'site.example.yaml',
      `checks:
  web:
    type: http
    port: ${http.port}
    headers: { Authorization: { file: token } }
    weight-from: { header: X-Weight }
    body: ok
  tls: { type: https, port: ${https.port}, host: tls.site.example, ca: ca.pem }
  both: { probes: [{ type: http, port: ${http.port} }, { type: tcp, port: ${refusing} }] }
  beat: { type: push }
  alive: { probes: [{ type: http, port: ${http.port} }, { type: push }] }
  either: { need: any, probes: [{ type: http, port: ${http.port} }, { type: push }] }
balance:
  www: { check: web, members: { 127.0.0.1: { name: web1 }, 127.0.0.2: { name: web2 } } }
  tls: { check: tls }
  both: { check: both }
  bare:
`,
    );
    authority.remove();
  });
  after(async () => {
    for (const close of closers) await close();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (...args: string[]) => {
    const flags = ['--config', folder, '--control', join(folder, 'nobody.sock')];
    const env = { ...process.env, NO_COLOR: '1' };
    return runToEnd(built[0]!, [...built.slice(1), 'probe', ...args, ...flags], { env });
  };

  test('every step with its time, in 80 columns; secrets are not among them', async () => {
    const { code, stdout, stderr } = await run('web1', 'tls.site.example', 'both.site.example');
    assert.deepEqual([code, stderr], [1, '']);
    const lines = stdout.split('\n');
    for (const line of lines) assert.ok(line.length <= width, line);
    assert.ok(!stdout.includes('probe-me'), stdout);
    const wanted = [
      /^web1 \(127\.0\.0\.1\) of www\.site\.example: http port \d+, at most 2000 ms$/,
      /^ +\d+\.\d ms {2}connected {5}127\.0\.0\.1 port \d+ to 127\.0\.0\.1 port \d+$/,
      /^ +\d+\.\d ms {2}asking {8}GET \/ of 127\.0\.0\.1:\d+$/,
      /^ +\d+\.\d ms {2}first octet {3}with \d+ more$/,
      /^ +\d+\.\d ms {2}header {8}200 OK$/,
      /^ {27}x-echo: …$/,
      /^ +\d+\.\d ms {2}body {10}"ok"$/,
      /^ +\d+\.\d ms {2}ok {12}200, 40% in \d+ ms$/,
      /^ {13}weight {8}it asks for 40 % of its weight$/,
      /^$/,
      /^127\.0\.0\.1 of tls\.site\.example: https port \d+, at most 2000 ms$/,
      /^ +\d+\.\d ms {2}TLS {11}TLSv1\.3, TLS_/,
      /^ +\d+\.\d ms {2}certificate {3}for tls\.site\.example$/,
      /^ {27}valid to \d{4}-\d\d-\d\d \(8 days\)$/,
      /^ {27}by Test authority$/,
      /^ {13}warning {7}certificate expires in 8 days$/,
      /^127\.0\.0\.1 of both\.site\.example: several, at most 2000 ms$/,
      /^ {2}http port \d+$/,
      /^ {2}tcp port \d+$/,
      /^ +\d+\.\d ms {2}fail {10}connection refused$/,
      /^ +\d+\.\d ms {2}fail {10}1 of 2 up, 2 needed; tcp port \d+:/,
    ];
    let at = 0;
    for (const pattern of wanted) {
      const found = lines.findIndex((line, i) => i >= at && pattern.test(line));
      assert.ok(found >= 0, `no line like ${pattern} behind line ${at} of\n${stdout}`);
      at = found + 1;
    }
  });

  test('as JSON, by another check, an address of nobody', async () => {
    const { code, stdout } = await run('web1', '127.0.0.9', '--check', 'web', '--json');
    assert.equal(code, 1);
    assert.ok(!stdout.includes('probe-me'), stdout);
    const { probes } = JSON.parse(stdout) as Json;
    assert.deepEqual(
      probes.map(({ members, outcome, reason }) => [members.length, outcome, outcome === 'ok' ? '' : reason]),
      [
        [1, 'ok', ''],
        [0, 'fail', 'connection refused'],
      ],
    );
    assert.deepEqual(
      probes[0]!.steps.map(({ step }) => step),
      ['connected', 'asking', 'first octet', 'header', 'body'],
    );
    assert.deepEqual(probes[0]!.said, { part: 0.4 });
  });

  test('heartbeats, alone or among others, come to the daemon', async () => {
    const of = async (check: string) => {
      const { code, stdout } = await run('tls.site.example', '--check', check, '--json');
      const [{ outcome, reason }] = (JSON.parse(stdout) as Json).probes as [Json['probes'][number]];
      return `${code} ${outcome} ${reason}`;
    };
    const words = 'heartbeats come to the daemon';
    assert.equal(await of('beat'), `1 inconclusive inconclusive: ${words}`);
    assert.equal(await of('alive'), `1 inconclusive inconclusive: 1 of 2 up, 2 needed; push: ${words}`);
    assert.equal(await of('either'), `0 ok 1 of 2 up; push: ${words}`);
  });

  test('what cannot be probed is refused', async () => {
    const refused: readonly (readonly [string[], RegExp])[] = [
      [['wbe1'], /^steerdns: nothing matches "wbe1" \(did you mean "web1"\?\)\n$/],
      [
        ['bare.site.example'],
        /^steerdns: nothing probes these members: they have no check \(try --check\)\n$/,
      ],
      [['127.0.0.9'], /^steerdns: nothing matches "127.0.0.9" \(with --check it may be any address\)\n$/],
      [['web1', '--check', 'wep'], /^steerdns: there is no check "wep" \(did you mean "web"\?\)\n$/],
    ];
    await Promise.all(
      refused.map(async ([args, expected]) => {
        const { code, stdout, stderr } = await run(...args);
        assert.match(stderr, expected);
        assert.deepEqual([code, stdout], [1, '']);
      }),
    );
  });
});

test('what the daemon has heard counts, where it can be told from its last result', () => {
  const beat = { kind: 'push', port: 0, options: {} };
  const web = { kind: 'http', port: 80, options: {} };
  const check = (target: Target): Check => endpointOf(1, target).check;
  const last = (outcome: ProbeResult['outcome']) => ({ last: { outcome, reason: 'x', latencyMs: 9, at: 0 } });
  const [all, any] = [2, 1].map((need) => check(severalTarget(need, [web, beat])));
  assert.equal(heardBy(last('ok'), all!, web), undefined);
  assert.equal(heardBy(last('ok'), all!, beat)?.outcome, 'ok');
  assert.equal(heardBy(last('fail'), all!, beat)?.outcome, 'inconclusive');
  assert.equal(heardBy(last('ok'), any!, beat)?.outcome, 'inconclusive');
  assert.equal(heardBy(undefined, all!, beat)?.outcome, 'inconclusive');
  assert.equal(heardBy(last('fail'), check(beat), beat)?.outcome, 'fail');
});

test('the text of what happens rarely: a resolver, many lines, slowness, what the daemon says', () => {
  const endpoint = endpointOf(1, { kind: 'http', port: 80, latencyLimitMs: 5 });
  const member = { verdict: 'down', since: 0, last: { outcome: 'fail', reason: '503', latencyMs: 1, at: 0 } };
  const report = {
    members: [{ member: 'web1', owner: 'www.site.example' }],
    endpoint,
    steps: [
      { atMs: 1, step: 'resolved', text: '192.0.2.1' },
      {
        atMs: 2,
        step: 'header',
        text: Array.from({ length: 30 }, (_, i) => `x-${i}: ${'x'.repeat(100)}`).join('\n'),
      },
    ],
    result: { outcome: 'ok', reason: '200 in 9 ms', latencyMs: 9, said: { part: 0 } },
    daemon: member,
  } as unknown as ProbeReport;
  const text = probeText(report, 60_000, (_style, plain) => plain);
  for (const line of text.split('\n')) assert.ok(line.length <= width, line);
  assert.match(text, /\n {5}1\.0 ms {2}resolved {6}192\.0\.2\.1\n/);
  assert.match(text, /\n {27}and 10 more lines\n/);
  assert.match(text, /weight {8}it asks for 0 % of its weight\n/);
  assert.match(text, /slow {10}over 5 ms it gets 50 % of its weight\n/);
  assert.match(text, /the daemon {4}down for 1 min: 503\n$/);
});
