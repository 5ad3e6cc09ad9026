// Several probes in one check, and members that are known by a name.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { probeEndpoint } from '../../../src/health/probes/index.ts';
import type { ProbeResult, Step, Target } from '../../../src/health/probes/probe.ts';
import { lookUp } from '../../../src/health/probes/resolve.ts';
import { joinResults, severalTarget, targetsOf } from '../../../src/health/probes/several.ts';
import { probeReasonMax, severalMax } from '../../../src/limits.ts';
import { endpointOf } from '../virtual.ts';
import { onceAsked, openDescriptors, refusingPort, withServer } from './servers.ts';

const result = (
  outcome: ProbeResult['outcome'],
  latencyMs = 1,
  more: Partial<ProbeResult> = {},
): ProbeResult => ({
  outcome,
  reason: outcome === 'inconclusive' ? 'inconclusive: no route' : outcome,
  latencyMs,
  ...more,
});

test('enough are up, enough cannot be up, or nobody knows', () => {
  const outcomes = { o: 'ok', f: 'fail', i: 'inconclusive' } as const;
  const joined = (need: number, letters: string) => {
    const results = [...letters].map((letter) => result(outcomes[letter as keyof typeof outcomes]));
    return joinResults(
      need,
      results.map((_, i) => `p${i + 1}`),
      results,
    );
  };
  const cases: readonly [need: number, results: string, outcome: string, reason: string][] = [
    [2, 'oo', 'ok', '2 of 2 up'],
    [2, 'of', 'fail', '1 of 2 up, 2 needed; p2: fail'],
    [1, 'of', 'ok', '1 of 2 up; p2: fail'],
    [1, 'ff', 'fail', '0 of 2 up, 1 needed; p1: fail; p2: fail'],
    [2, 'oi', 'inconclusive', 'inconclusive: 1 of 2 up, 2 needed; p2: no route'],
    [2, 'if', 'fail', '0 of 2 up, 2 needed; p2: fail; p1: no route'],
    [1, 'if', 'inconclusive', 'inconclusive: 0 of 2 up, 1 needed; p2: fail; p1: no route'],
    [2, 'ofo', 'ok', '2 of 3 up; p2: fail'],
    [2, 'off', 'fail', '1 of 3 up, 2 needed; p2: fail; p3: fail'],
    [2, 'oif', 'inconclusive', 'inconclusive: 1 of 3 up, 2 needed; p3: fail; p2: no route'],
  ];
  for (const [need, letters, outcome, reason] of cases) {
    const { outcome: got, reason: why } = joined(need, letters);
    assert.deepEqual([got, why], [outcome, reason], `${need} of ${letters}`);
  }
});

test('latency is that of the slowest needed; the smallest weight counts, and each warning once', () => {
  const results = [
    result('ok', 30, { said: { part: 0.5 }, warning: 'a' }),
    result('ok', 10, { warning: 'a' }),
    result('ok', 20, { said: { part: 0.3 }, warning: 'b' }),
    result('fail', 40, { said: { part: 0 } }),
  ];
  const names = ['a', 'b', 'c', 'd'];
  const two = joinResults(2, names, results);
  assert.deepEqual([two.latencyMs, two.said, two.warning], [20, { part: 0.3 }, 'a; b']);
  assert.equal(joinResults(1, names, results).latencyMs, 10);
  assert.equal(joinResults(4, names, results).latencyMs, 40);
  const long = Array.from({ length: severalMax }, () =>
    result('fail', 1, { reason: 'x'.repeat(probeReasonMax) }),
  );
  assert.equal(joinResults(1, long.map(String), long).reason.length, probeReasonMax);
});

/** An endpoint at 127.0.0.1 under a check of several. */
function several(need: number, probes: readonly Target[], timeoutMs = 400) {
  const { check } = endpointOf(0, { kind: 'tcp', port: 1, timeoutMs });
  return { key: 'k', address: '127.0.0.1', check: { ...check, ...severalTarget(need, probes) } };
}

test('each is run at its own port and address, at once, within one deadline', async () => {
  const refusing = await refusingPort();
  await withServer(
    onceAsked((socket) => socket.end('HTTP/1.1 200 OK\r\nX-Weight: 40\r\nContent-Length: 0\r\n\r\n')),
    (port) =>
      withServer(
        () => {},
        async (silent) => {
          const http = { kind: 'http', port, options: { 'weight-from': { header: 'x-weight' } } };
          const tcp = { kind: 'tcp', port: refusing, address: '127.0.0.2', options: {} };
          const quiet = { kind: 'http', port: silent, options: {} };
          await probeEndpoint(several(1, [http])); // the first one loads its library
          const before = openDescriptors();
          const startedAt = performance.now();
          const any = await probeEndpoint(several(1, [http, tcp, quiet]));
          assert.ok(performance.now() - startedAt < 400 + 300);
          assert.deepEqual([any.outcome, any.said], ['ok', { part: 0.4 }]);
          assert.equal(
            any.reason,
            `1 of 3 up; tcp port ${refusing} at 127.0.0.2: connection refused; ` +
              `http port ${silent}: no response within 400 ms`,
          );
          const steps: Step[] = [];
          const all = await probeEndpoint(several(2, [http, tcp]), (step) => steps.push(step));
          assert.equal(all.outcome, 'fail');
          assert.match(all.reason, /^1 of 2 up, 2 needed; tcp port/);
          assert.ok(steps.some(({ step, probe }) => step === 'header' && probe === `http port ${port}`));
          assert.ok(openDescriptors() <= before + 2);
        },
      ),
  );
});

test('what stands for several is told apart from what does not', () => {
  const http: Target = { kind: 'http', port: 80, options: {} };
  assert.deepEqual(targetsOf(http), [http]);
  assert.deepEqual(targetsOf(severalTarget(1, [http, http])), [http, http]);
});

describe('members that are known by a name', () => {
  const resolver = createSocket('udp4');
  let servers: string[] = [];
  before(async () => {
    resolver.on('message', (query, { port, address }) => {
      const response = respond(query);
      if (response !== undefined) resolver.send(response, port, address);
    });
    resolver.bind(0, '127.0.0.1');
    await once(resolver, 'listening');
    servers = [`127.0.0.1:${resolver.address().port}`];
  });
  after(() => resolver.close());

  /** Answers by the first label of the name. */
  function respond(query: Buffer): Buffer | undefined {
    const label = query.toString('latin1', 13, 13 + query[12]!);
    if (label === 'silent') return undefined;
    const isA = query.readUInt16BE(query.indexOf(0, 12) + 1) === 1;
    const end = query.indexOf(0, 12) + 5;
    const head = Buffer.from(query.subarray(0, end));
    const rcode = { none: 3, broken: 2, refused: 5 }[label] ?? 0;
    const rdata = label === 'four' && isA ? [127, 0, 0, 1] : [];
    head.writeUInt16BE(0x8180 | rcode, 2);
    head.writeUInt16BE(rdata.length > 0 ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    if (label === 'garbage') return Buffer.concat([query.subarray(0, 2), Buffer.alloc(40, 0xff)]);
    if (rdata.length === 0) return head;
    return Buffer.concat([head, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, ...rdata])]);
  }

  const find = (name: string) => lookUp(`${name}.example`, 600, undefined, servers);

  test('an address', async () => {
    const { address, result } = await find('four');
    assert.deepEqual([address, result.outcome], ['127.0.0.1', 'ok']);
  });

  test('a name that is not there, or has no address, is a failure of the member', async () => {
    const none = (await find('none')).result;
    assert.deepEqual([none.outcome, none.reason], ['fail', 'there is no name none.example']);
    const empty = (await find('empty')).result;
    assert.deepEqual([empty.outcome, empty.reason], ['fail', 'empty.example has no address']);
  });

  test('trouble with the resolver says nothing of the member, and takes half of the time', async () => {
    for (const name of ['broken', 'refused', 'garbage', 'silent']) {
      const startedAt = performance.now();
      const { address, result } = await find(name);
      assert.deepEqual([address, result.outcome], [undefined, 'inconclusive'], result.reason);
      assert.match(result.reason, new RegExp(`says .*where ${name}\\.example is`));
      assert.ok(performance.now() - startedAt < 300 + 300);
    }
  });
});
