// The parts of the bench that can be wrong without anybody noticing: its arithmetic, what it reads from
// dnsperf and from responses, and the order of turns. No server is started.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReply, writeQuery } from './ask.ts';
import { parseDnsperf } from './load.ts';
import { parsePlan, turnOrder } from './plan.ts';
import { percentile, printProbes } from './probes.ts';
import { estimate, median, pairedRatios } from './stats.ts';
import { hostAddress } from './zones.ts';

test('the median is the middle value, or the mean of the two middle ones', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('ratios are paired by round, and a round that one of the two lacks is left out', () => {
  assert.deepEqual(pairedRatios([2, undefined, 9, 4], [1, 5, undefined, 8]), [2, 0.5]);
});

test('the interval holds the median, narrows with more rounds and is the same every time', () => {
  const noisy = (rounds: number): number[] =>
    Array.from({ length: rounds }, (_, round) => 1 + (round % 5) / 10);
  const few = estimate(noisy(10));
  const many = estimate(noisy(400));
  assert.ok(few.low <= few.median && few.median <= few.high);
  assert.ok(many.high - many.low < few.high - few.low);
  assert.deepEqual(estimate(noisy(10)), few);
  assert.deepEqual(estimate([1.5, 1.5, 1.5]), { median: 1.5, low: 1.5, high: 1.5 });
});

test('the statistics of dnsperf are read, and their absence is an error', () => {
  const text = `Statistics:

  Queries sent:         401
  Queries completed:    400 (99.75%)
  Queries lost:         1 (0.25%)

  Response codes:       NOERROR 396 (99.00%), SERVFAIL 4 (1.00%)
  Average packet size:  request 46, response 110
  Run time (s):         2.500123
  Queries per second:   159.992128
`;
  assert.deepEqual(parseDnsperf(text, 'NOERROR'), {
    completed: 400,
    lost: 1,
    seconds: 2.500123,
    perSecond: 159.992128,
    rightShare: 0.99,
  });
  assert.throws(() => parseDnsperf('Error: no such file', 'NOERROR'), /did not print/);
});

test('a response is read, a query and a broken response are not', () => {
  const query = writeQuery(0x1234, 'www.bench.example');
  assert.equal(readReply(query), undefined);
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 11]);
  const questionEnd = query.length - 11;
  const response = Buffer.concat([query.subarray(0, questionEnd), answer, query.subarray(questionEnd)]);
  response.set([0x84, 0], 2);
  response.writeUInt16BE(1, 6);
  assert.deepEqual(readReply(response), {
    id: 0x1234,
    rcode: 0,
    truncated: false,
    authoritative: true,
    addresses: ['192.0.2.11'],
    extraRecords: 0,
    hasOpt: true,
    size: response.length,
  });
  for (let length = 0; length < response.length; length++) {
    assert.equal(readReply(response.subarray(0, length)), undefined, `${length} octets`);
  }
});

test('everybody has every place in the order, forwards and backwards', () => {
  const orders = Array.from({ length: 6 }, (_, round) => turnOrder(['a', 'b', 'c'], round).join(''));
  assert.deepEqual(orders, ['abc', 'cba', 'bca', 'acb', 'cab', 'bac']);
});

test('flags have bounds, and a mistake is named', () => {
  const plan = parsePlan(['--rounds', '2', '--seconds', '0.5', '--only', 'nsd,knot']);
  assert.ok(plan !== 'help');
  assert.deepEqual([plan.rounds, plan.seconds, plan.only], [2, 0.5, ['nsd', 'knot']]);
  assert.throws(() => parsePlan(['--rounds', '1.5']), /--rounds 1\.5: takes a whole number/);
  assert.throws(() => parsePlan(['--names', '']), /--names/);
  assert.throws(() => parsePlan(['--only', 'bind']), /no such server/);
  assert.throws(() => parsePlan(['--cores', '1,1']), /two different cores/);
});

test('a million names have a million addresses', () => {
  assert.equal(hostAddress(0), '10.0.0.0');
  assert.equal(hostAddress(999_999), '10.15.66.63');
});

test('a percentile is a value that was measured, and probes that come late are said to', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.deepEqual(
    [0.5, 0.99, 1].map((share) => percentile(hundred, share)),
    [50, 99, 100],
  );
  assert.equal(percentile([], 0.99), 0);
  const plan = parsePlan(['--endpoints', '3', '--probe-seconds', '7']);
  assert.ok(plan !== 'help');
  const probing = {
    latenessMs: [0, 1, 499],
    coreShare: 0.5,
    perSecond: 1000,
    descriptors: 20,
    inFlight: 3,
    inconclusive: 0,
    notUp: 0,
    peers: [
      { title: 'gdnsd', version: '3.8.1', coreShare: 0.1, perSecond: 1000 },
      { title: 'HAProxy', version: undefined, coreShare: 0, perSecond: 0 },
    ],
  };
  const text = printProbes(plan, probing);
  assert.match(text, /^3 endpoints, plain http every 5 s, .*, 7 s on core 0$/m);
  assert.match(text, /p50 1 ms, p99 499 ms, most 499 ms/);
  assert.match(text, /50 % of one core, 1000 probes\/s, 500 µs each/);
  assert.match(
    text,
    /^gdnsd 3\.8\.1: 10 % of one core, 1000 probes\/s, 100 µs each\nHAProxy: not installed$/m,
  );
  assert.doesNotMatch(text, /NOT/);
  for (const worse of [{ latenessMs: [500] }, { inconclusive: 1 }, { notUp: 1 }]) {
    assert.match(printProbes(plan, { ...probing, ...worse }), /^NOT in time/m);
  }
});
