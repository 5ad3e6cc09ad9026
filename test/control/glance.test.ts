// What the page asks for beside the status: rates, latencies, evidence, and what a token allows.
import assert from 'node:assert';
import { test } from 'node:test';
import { TALLY, tallyRcodes, tallyTypes } from '../../src/answer/tally.ts';
import { Latencies } from '../../src/control/latencies.ts';
import { readPages } from '../../src/control/pages.ts';
import { Rates } from '../../src/control/rates.ts';
import type { Endpoint } from '../../src/health/check.ts';
import type { ProbeResult } from '../../src/health/probes/probe.ts';
import { sumRcodes } from '../../src/serve/counts.ts';

type Body = { readonly samples: { readonly at: number; readonly perSecond: number[] }[] };

/** Cumulative counts: of NOERROR so many, of everything else none. */
function noerror(count: number) {
  const counts = new Float64Array(tallyRcodes.length);
  counts[tallyRcodes.indexOf('NOERROR')] = count;
  return { kind: 'rcodes', counts } as const;
}

test('rates are what lies between two counts, of the last quarter of an hour', () => {
  let now = 1_000_000;
  const rates = new Rates(
    () => {},
    () => now,
  );
  const samples = (after?: string) => {
    const parameters = new URLSearchParams(after === undefined ? {} : { after });
    return (rates.reply(parameters).body as Body).samples;
  };
  rates.take(noerror(1000));
  assert.deepEqual(samples(), [], 'there is no rate before a second count');
  now += 5000;
  rates.take(noerror(1600));
  assert.equal(samples()[0]!.perSecond[tallyRcodes.indexOf('NOERROR')], 120);
  rates.take(noerror(1601)); // at the same moment
  now += 5000;
  rates.take(noerror(1000)); // of a server that began anew
  assert.deepEqual(
    samples().map(({ perSecond }) => perSecond[tallyRcodes.indexOf('NOERROR')]),
    [120, 0],
  );
  assert.deepEqual(samples(String(now - 1)).length, 1);
  for (let i = 0; i < 1000; i++) {
    now += 5000;
    rates.take(noerror(i));
  }
  assert.equal(samples().length, 180);
  assert.equal(samples().at(-1)!.at, now);
  for (const after of ['x', '-1', '1e3', '', '1234567890123456']) {
    assert.equal(rates.reply(new URLSearchParams({ after })).status, 400, after);
  }
});

test('responses are summed by RCODE over threads, transports and types, and nothing else', () => {
  const row = new Float64Array(TALLY.zones + 5).fill(7);
  const { counts } = sumRcodes([{ counters: row }, { counters: row }]);
  assert.equal(counts.length, tallyRcodes.length);
  assert.deepEqual(new Set(counts), new Set([2 * 2 * tallyTypes.length * 7]));
  const one = new Float64Array(TALLY.zones);
  one[TALLY.codes + 3 * tallyRcodes.length + 4] = 1;
  const single = sumRcodes([{ counters: one }]).counts;
  assert.deepEqual([...single].indexOf(1), 4);
  assert.equal(
    single.reduce((sum, count) => sum + count, 0),
    1,
  );
});

test('latencies are those of the last probes, and of endpoints that are gone none are kept', async () => {
  const watched = new Set<string>(['web']);
  const latencies = new Latencies((key) => watched.has(key));
  let next: ProbeResult = { outcome: 'ok', reason: '', latencyMs: 1.234 };
  const run = latencies.run(async () => next);
  const probe = (key: string) => run({ key } as Endpoint);
  assert.equal(await probe('web'), next, 'the result is passed on as it is');
  next = { outcome: 'fail', reason: '', latencyMs: 5 };
  await probe('web');
  next = { outcome: 'inconclusive', reason: '', latencyMs: 5 };
  await probe('web');
  assert.deepEqual(latencies.of('web'), [1.23, null, null]);
  assert.deepEqual(latencies.of('other'), []);
  for (let i = 0; i < 100; i++) {
    next = { outcome: 'ok', reason: '', latencyMs: i };
    await probe('web');
  }
  assert.deepEqual(
    latencies.of('web'),
    Array.from({ length: 60 }, (_, i) => 40 + i),
  );
  for (let i = 0; i < 5000; i++) await probe(`gone ${i}`);
  assert.ok(latencies.size <= 1024, `${latencies.size} are kept`);
  assert.equal(latencies.of('web').length, 60);
});

test('the page is read as it lies there, and without it there is none', () => {
  const pages = readPages();
  assert.equal(pages['/']?.type, 'text/html; charset=utf-8');
  assert.equal(pages['/page/main.js']?.type, 'text/javascript; charset=utf-8');
  for (const path of Object.keys(pages)) assert.match(path, /^\/(page\/[a-z]+\.(js|css|svg))?$/);
  assert.deepEqual(readPages('/nonexistent'), {});
});
