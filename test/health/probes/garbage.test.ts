// Responses that somebody has damaged, from seeded random numbers: whatever comes, a probe ends with a result
// in printable words, and nothing is thrown.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probes } from '../../../src/health/probes/index.ts';
import type { Options, ProbeResult } from '../../../src/health/probes/probe.ts';
import { probeReasonMax } from '../../../src/limits.ts';
import { randomOf } from '../virtual.ts';
import { onceAsked, withServer } from './servers.ts';

const deadlineMs = 500;
const whole = Buffer.from(
  'HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nX-Weight: up 75%\r\nX-Ready: yes\r\n' +
    'Transfer-Encoding: chunked\r\n\r\n5\r\n75%\n\n\r\n5\r\nready\r\n0\r\n\r\n',
);

/** A copy with octets changed, cut out, doubled or cut off. */
function damage(octets: Buffer, random: () => number): Buffer {
  let copy = Buffer.from(octets);
  for (let changes = Math.floor(random() * 6); changes >= 0; changes--) {
    const at = Math.floor(random() * copy.length);
    const size = Math.floor(random() * 20);
    const way = Math.floor(random() * 4);
    if (way === 0 && copy.length > 0) copy[at] = Math.floor(random() * 256);
    else if (way === 1) copy = Buffer.concat([copy.subarray(0, at), copy.subarray(at + size)]);
    else if (way === 2) copy = Buffer.concat([copy.subarray(0, at + size), copy.subarray(at)]);
    else copy = copy.subarray(0, Math.max(1, at));
  }
  return copy;
}

test('damaged responses, in pieces, for every probe that reads octets', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = randomOf(seed);
  const counts = { ok: 0, fail: 0, inconclusive: 0 };
  const options: readonly (readonly ['http' | 'tcp' | 'agent', Options])[] = [
    ['http', {}],
    ['http', { 'weight-from': 'body', body: 'ready' }],
    [
      'http',
      { 'weight-from': { header: 'x-weight' }, 'expect-header': { 'x-ready': 'yes' }, body: '/r.*y/s' },
    ],
    ['tcp', { send: 'x', expect: 'ready' }],
    ['agent', { send: 'x' }],
  ];
  const treat = onceAsked((socket) => {
    const octets = damage(whole, random);
    const middle = Math.floor(random() * octets.length);
    socket.write(octets.subarray(0, middle));
    setImmediate(() => socket.end(octets.subarray(middle)));
  });
  await withServer(treat, async (port) => {
    for (let round = 0; round < 60; round++) {
      const results = await Promise.all(
        options.map(
          ([kind, chosen]): Promise<ProbeResult> => probes[kind].run('127.0.0.1', port, chosen, deadlineMs),
        ),
      );
      for (const { outcome, reason, warning = '', said } of results) {
        counts[outcome]++;
        for (const text of [reason, warning]) {
          assert.match(text, /^[^\p{C}\p{Zl}\p{Zp}]*$/u, `seed ${seed}`);
          assert.ok(text.length <= probeReasonMax);
        }
        assert.ok(!/could not be made|broke/.test(reason), `seed ${seed}: ${reason}`);
        if (said?.part !== undefined) assert.ok(said.part >= 0 && said.part <= 1);
      }
    }
  });
  assert.ok(counts.ok > 0 && counts.fail > 0, JSON.stringify(counts));
});
