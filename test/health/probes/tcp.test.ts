// The tcp probe against real ports, and what all probes share: the deadline, our own faults, being held up.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { probeEndpoint, probes } from '../../../src/health/probes/index.ts';
import { endpointOf } from '../virtual.ts';
import { hasIpv6, openDescriptors, refusingPort, withDeafServer, withServer } from './servers.ts';

const { tcp } = probes;

test('a port that accepts is up', async () => {
  const result = await withServer(
    () => {},
    (port) => tcp.run('127.0.0.1', port, {}, 1000),
  );
  assert.equal(result.outcome, 'ok');
  assert.match(result.reason, /^connected in \d+ ms$/);
});

test('a port that refuses is down, over IPv6 too', async () => {
  const port = await refusingPort();
  for (const address of hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
    const { outcome, reason } = await tcp.run(address, port, {}, 1000);
    assert.deepEqual([outcome, reason], ['fail', 'connection refused']);
  }
});

test('a port that does not even answer a connection is down at the deadline', async () => {
  await withDeafServer(async (port) => {
    const before = openDescriptors();
    for (const probe of [probes.http, probes.https, tcp]) {
      const { outcome, reason, latencyMs } = await probe.run('127.0.0.1', port, {}, 600);
      assert.deepEqual([outcome, reason], ['fail', 'no connection within 600 ms']);
      assert.ok(latencyMs >= 599 && latencyMs < 1100, String(latencyMs));
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(openDescriptors() <= before, 'a socket that is still connecting is closed, too');
  });
});

test('an address to which this host has no way is our own fault', async () => {
  // The kernel refuses to connect to broadcast and sends nothing.
  const { outcome, reason } = await tcp.run('255.255.255.255', 9, {}, 300);
  assert.equal(outcome, 'inconclusive');
  assert.match(reason, /^inconclusive: .*\(E\w+\)$/);
});

test('a probe during which this process was held up is inconclusive, whatever came of it', async () => {
  const port = await refusingPort();
  const hold = (ms: number) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  };
  const failing = tcp.run('127.0.0.1', port, {}, 400);
  hold(350);
  const { outcome, reason } = await failing;
  assert.equal(outcome, 'inconclusive');
  assert.match(reason, /^inconclusive: this process was stopped for \d+ ms$/);
  // Past the deadline, too: its timer is as late as everything else.
  await withServer(
    () => {},
    async (silent) => {
      await probes.http.run('127.0.0.1', port, {}, 400); // the first one loads its library
      const late = probes.http.run('127.0.0.1', silent, {}, 200);
      hold(600);
      assert.equal((await late).outcome, 'inconclusive');
    },
  );
  assert.equal((await tcp.run('127.0.0.1', port, {}, 400)).outcome, 'fail', 'and afterwards all is well');
});

test('no descriptors left is our own fault, for every kind of probe', () => {
  const child = fileURLToPath(new URL('./exhausted.ts', import.meta.url));
  const command = `ulimit -n 64 && exec "${process.execPath}" --import tsx "${child}"`;
  const { stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', timeout: 30_000 });
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, Object.keys(probes).length - 1, stderr); // a push needs none
  for (const line of lines) {
    assert.equal(line, 'inconclusive inconclusive: no file descriptors left (EMFILE)');
  }
});

test('no descriptor is left open', async () => {
  const before = openDescriptors();
  const port = await refusingPort();
  await withServer(
    (socket) => socket.resume(),
    async (open) => {
      for (let round = 0; round < 50; round++) {
        await Promise.all([tcp.run('127.0.0.1', open, {}, 500), tcp.run('127.0.0.1', port, {}, 500)]);
      }
    },
  );
  assert.ok(openDescriptors() <= before + 2, `${before} before, ${openDescriptors()} after`);
});

test('an endpoint is probed by the kind of its check, an unknown kind is a mistake of ours', async () => {
  const port = await refusingPort();
  const endpoint = { ...endpointOf(0, { kind: 'tcp', port }), address: '127.0.0.1' };
  assert.equal((await probeEndpoint(endpoint)).reason, 'connection refused');
  await assert.rejects(probeEndpoint(endpointOf(0, { kind: 'gopher' })), /gopher/);
});

test('a check with an address of its own is probed there', async () => {
  await withServer(
    () => {},
    async (port) => {
      const check = { kind: 'tcp', port, address: '127.0.0.1' };
      // An address at which nothing could be reached.
      const endpoint = { ...endpointOf(0, check), address: '255.255.255.255' };
      assert.equal((await probeEndpoint(endpoint)).outcome, 'ok');
    },
  );
});
