// The rate limit as its users meet it: what a flood gets, that the innocent lose nothing, and that the number
// of threads changes neither. Time is an argument, in microseconds.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  LIMIT,
  limitResponse,
  makeRateTable,
  RateLimiter,
  type RateLimitSettings,
} from '../../src/answer/ratelimit.ts';
import { exemptMax, rateBuckets, responsesPerSecondMax } from '../../src/limits.ts';
import { spawnWorker } from '../../src/spawn.ts';
import { parseAddressText } from '../../src/wire/literals.ts';
import { type Network, parseNetwork } from '../../src/wire/networks.ts';
import type { HammerReport } from './hammer.ts';

const second = 1_000_000;

const network = (text: string) => parseNetwork(text) as Network;

function settingsOf(responsesPerSecond: number, slip = 2, ...exempt: string[]): RateLimitSettings {
  return { responsesPerSecond, slip, exempt: exempt.map(network) };
}

/** So many threads' limiters on one table. */
function limiters(
  settings: RateLimitSettings | undefined,
  count = 1,
  table = makeRateTable(),
): RateLimiter[] {
  return Array.from({ length: count }, () => {
    const limiter = new RateLimiter(table);
    limiter.configure(settings);
    return limiter;
  });
}

const addresses = new Map<string, Uint8Array>();

/** What becomes of a response to this address. The address stands behind other octets, as it does in use. */
function ask(limiter: RateLimiter, source: string, now: number, key = 1): number {
  let octets = addresses.get(source);
  if (octets === undefined) {
    octets = new Uint8Array([9, 9, ...parseAddressText(source)!, 9]);
    addresses.set(source, octets);
  }
  return limitResponse(limiter, octets, 2, octets.length - 3, now % 2 ** 32, key);
}

/** Responses by what became of them: passed, dropped, slipped. */
type Counts = [passed: number, dropped: number, slipped: number];

/** Sends queries at an even pace over so many seconds, to each thread in turn; what became of them. */
function flood(
  threads: readonly RateLimiter[],
  source: string,
  perSecond: number,
  seconds: number,
  start = 0,
): Counts {
  const counts: Counts = [0, 0, 0];
  for (let i = 0; i < perSecond * seconds; i++) {
    counts[ask(threads[i % threads.length]!, source, start + Math.floor((i * second) / perSecond))]!++;
  }
  return counts;
}

function assertNear(actual: number, expected: number, part: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * part, `${actual}, but about ${expected} was expected`);
}

describe('a flood of 10,000 a second against a limit of 200', () => {
  for (const threads of [1, 2, 4]) {
    test(`passes 200 a second through ${threads} threads together, half of the rest is slipped`, () => {
      const all = limiters(settingsOf(200), threads);
      const [first] = flood(all, '192.0.2.1', 10_000, 1);
      // The burst and what came back meanwhile.
      assertNear(first, 400, 0.02);
      const [passed, dropped, slipped] = flood(all, '192.0.2.1', 10_000, 10, second);
      assertNear(passed, 2000, 0.01);
      assert.equal(passed + dropped + slipped, 100_000);
      assert.ok(Math.abs(dropped - slipped) <= threads, `${dropped} dropped, ${slipped} slipped`);
    });
  }

  test('after a quiet second it has its burst again, and no more than that after an hour', () => {
    const [limiter] = limiters(settingsOf(200)) as [RateLimiter];
    const burst = (now: number) => {
      let passed = 0;
      while (ask(limiter, '192.0.2.1', now) === LIMIT.pass) passed++;
      return passed;
    };
    assert.equal(burst(5), 200);
    assert.equal(burst(5), 0);
    assert.equal(burst(5 + second / 2), 100);
    assert.equal(burst(5 + 2 * second), 200);
    assert.equal(burst(5 + 3600 * second), 200);
  });

  test('what is below the limit passes whole', () => {
    assert.deepEqual(flood(limiters(settingsOf(200)), '192.0.2.1', 200, 20), [4000, 0, 0]);
  });

  test('nothing is limited without settings, and from when they change, what they say holds', () => {
    const table = makeRateTable();
    const [limiter] = limiters(undefined, 1, table) as [RateLimiter];
    assert.deepEqual(flood([limiter], '192.0.2.1', 10_000, 1), [10_000, 0, 0]);
    limiter.configure(settingsOf(200, 0));
    const [passed, dropped, slipped] = flood([limiter], '192.0.2.1', 10_000, 10, second);
    assertNear(passed, 2200, 0.01);
    assert.deepEqual([dropped, slipped], [100_000 - passed, 0]);
    limiter.configure(settingsOf(1000, 0));
    assertNear(flood([limiter], '192.0.2.1', 10_000, 10, 11 * second)[0], 10_000, 0.02);
    limiter.configure(undefined);
    assert.deepEqual(flood([limiter], '192.0.2.1', 10_000, 1, 21 * second), [10_000, 0, 0]);
  });
});

describe('rates from the least to the most', () => {
  // Three a second and 700,000 a second are no whole number of microseconds apart.
  for (const [rate, perSecond] of [
    [1, 50],
    [3, 50],
    [60, 1000],
    [7000, 100_000],
    [300_000, 1_000_000],
    [700_000, 2_000_000],
    [responsesPerSecondMax, 2_000_000],
  ] as const) {
    test(`${rate} a second`, () => {
      const all = limiters(settingsOf(rate), 2);
      flood(all, '192.0.2.1', perSecond, 2);
      const seconds = rate < 100 ? 100 : 2;
      const [passed, dropped] = flood(all, '192.0.2.1', perSecond, seconds, 2 * second);
      assertNear(passed, rate * seconds, 0.01);
      assert.ok(dropped > 0);
    });
  }
});

describe('slip', () => {
  const sequence = (slip: number) => {
    const [limiter] = limiters(settingsOf(1, slip)) as [RateLimiter];
    assert.equal(ask(limiter, '192.0.2.1', 0), LIMIT.pass);
    return Array.from({ length: 12 }, (_, i) => ask(limiter, `192.0.2.${i}`, 0)).join('');
  };
  test('every response, every second one, every fifth, none', () => {
    assert.equal(sequence(1), '222222222222');
    assert.equal(sequence(2), '121212121212');
    assert.equal(sequence(5), '111121111211');
    assert.equal(sequence(0), '111111111111');
  });
});

describe('what shares a bucket', () => {
  /** Whether the second gets nothing once the first has used up what there is. */
  const shares = (a: string, b: string, keyA = 1, keyB = 1) => {
    const [limiter] = limiters(settingsOf(10)) as [RateLimiter];
    while (ask(limiter, a, 0, keyA) === LIMIT.pass);
    let passed = 0;
    while (passed < 20 && ask(limiter, b, 0, keyB) === LIMIT.pass) passed++;
    assert.ok(passed === 0 || passed === 10, `${passed} responses`);
    return passed === 0;
  };

  test('a /24 of IPv4', () => {
    assert.ok(shares('192.0.2.0', '192.0.2.255'));
    assert.ok(!shares('192.0.2.1', '192.0.3.1'));
    assert.ok(!shares('192.0.2.1', '193.0.2.1'));
    assert.ok(!shares('0.0.0.1', '128.0.0.1'));
  });

  test('a /56 of IPv6', () => {
    assert.ok(shares('2001:db8:1:200::', '2001:db8:1:2ff:ffff:ffff:ffff:ffff'));
    assert.ok(!shares('2001:db8:1:200::1', '2001:db8:1:300::1'));
    assert.ok(!shares('2001:db8:1:200::1', '2001:db9:1:200::1'));
    assert.ok(!shares('2001:db8:1:200::1', '2001:db8:2:200::1'));
  });

  test('IPv4 and the same address in IPv6 clothes, but not IPv4 and an IPv6 that looks like it', () => {
    assert.ok(shares('192.0.2.1', '::ffff:192.0.2.200'));
    assert.ok(!shares('::ffff:192.0.2.1', '::ffff:192.0.3.1'));
    assert.ok(!shares('192.0.2.1', 'c000:200::1'));
    assert.ok(!shares('192.0.2.1', 'c000:200:0:400::1'));
    assert.ok(!shares('::ffff:192.0.2.1', '::fffe:192.0.2.1'));
  });

  test('one key, and no other', () => {
    assert.ok(shares('192.0.2.1', '192.0.2.1', 0, 0));
    assert.ok(!shares('192.0.2.1', '192.0.2.1', 0, 1));
    assert.ok(!shares('192.0.2.1', '192.0.2.1', 0x7fff_ffff, 0xffff_ffff));
  });
});

describe('exempt', () => {
  const passes = (limiter: RateLimiter, source: string) =>
    Array.from({ length: 30 }, () => ask(limiter, source, 0)).every((what) => what === LIMIT.pass);

  test('networks of both families, to the bit, and no others', () => {
    const networks = [
      '10.0.0.0/8',
      '192.0.2.64/26',
      '198.51.100.7',
      '2001:db8::/45',
      '::ffff:203.0.113.0/120',
    ];
    const [limiter] = limiters(settingsOf(10, 2, ...networks)) as [RateLimiter];
    for (const source of ['10.255.1.2', '::ffff:10.1.1.1', '192.0.2.64', '192.0.2.127', '198.51.100.7']) {
      assert.ok(passes(limiter, source), source);
    }
    for (const source of ['2001:db8:7:ffff::1', '203.0.113.9']) assert.ok(passes(limiter, source), source);
    for (const source of ['11.0.0.1', '192.0.2.63', '192.0.2.128', '198.51.100.6', '2001:db8:8::1']) {
      assert.ok(!passes(limiter, source), source);
    }
    for (const source of ['a00::1', '203.0.112.1']) assert.ok(!passes(limiter, source), source);
  });

  test('everything of a family', () => {
    const [limiter] = limiters(settingsOf(10, 2, '0.0.0.0/0')) as [RateLimiter];
    assert.ok(passes(limiter, '192.0.2.1'));
    assert.ok(!passes(limiter, '2001:db8::1'));
  });

  test('as many networks as there may be', () => {
    const networks = Array.from({ length: exemptMax }, (_, i) => `10.0.${i}.0/24`);
    const [limiter] = limiters(settingsOf(10, 2, ...networks)) as [RateLimiter];
    assert.ok(passes(limiter, `10.0.${exemptMax - 1}.1`));
    assert.ok(!passes(limiter, '10.1.0.1'));
  });
});

describe('the innocent', () => {
  const honest = Array.from({ length: 200 }, (_, i) => `10.${i}.1.1`);

  for (const [what, key] of [
    ['one name', () => 1],
    ['a name of its own', (i: number) => i],
  ] as const) {
    test(`200 sources at 5 a second lose nothing to 100,000 forged prefixes that ask for ${what}`, () => {
      const [limiter] = limiters(settingsOf(200)) as [RateLimiter];
      const forged = new Uint8Array(4);
      for (let tick = 0; tick < 1000; tick++) {
        // Ten seconds, 10 ms each: 1000 forged queries, and one from 10 of the honest.
        for (let i = 0; i < 1000; i++) {
          const prefix = Math.imul(tick * 1000 + i, 0x9e3779b1) >>> 0;
          forged[0] = 11 + (prefix % 200);
          forged[1] = prefix >>> 24;
          forged[2] = prefix >>> 16;
          limitResponse(limiter, forged, 0, 4, tick * 10_000 + i * 10, key(prefix));
        }
        for (let i = 0; i < 10; i++) {
          const source = honest[(tick * 10 + i) % honest.length]!;
          assert.equal(ask(limiter, source, tick * 10_000 + 9999), LIMIT.pass);
        }
      }
    });
  }

  test('where a set is full of others that are being counted, a response passes uncounted', () => {
    const [limiter] = limiters(settingsOf(1)) as [RateLimiter];
    // Four times as many keys as buckets, none of which is free again within the second.
    for (let key = 0; key < rateBuckets * 4; key++) ask(limiter, '192.0.2.1', 0, key);
    let uncounted = 0;
    for (let key = -1; key >= -1000; key--) {
      assert.equal(ask(limiter, '10.0.0.1', 1, key >>> 0), LIMIT.pass);
      if (ask(limiter, '10.0.0.1', 1, key >>> 0) === LIMIT.pass) uncounted++;
    }
    assert.ok(uncounted > 900, `${uncounted} of 1000 met a full set`);
    // A second later every bucket is as good as new.
    let limited = 0;
    for (let key = -1; key >= -1000; key--) {
      assert.equal(ask(limiter, '10.0.0.1', 2 * second, key >>> 0), LIMIT.pass);
      if (ask(limiter, '10.0.0.1', 2 * second, key >>> 0) !== LIMIT.pass) limited++;
    }
    assert.equal(limited, 1000);
  });
});

describe('the clock goes round every 71 minutes', () => {
  const round = 2 ** 32;

  test('a flood meanwhile gets what it gets at any time', () => {
    const all = limiters(settingsOf(200), 2);
    flood(all, '192.0.2.1', 10_000, 1, round - 4 * second);
    const [passed, dropped, slipped] = flood(all, '192.0.2.1', 10_000, 6, round - 3 * second);
    assertNear(passed, 1200, 0.01);
    assert.ok(Math.abs(dropped - slipped) <= 2);
  });

  for (const [what, from] of [
    ['where the clock is at its end', round - 1],
    ['where its sign changes', 2 ** 31 - 1],
    ['at its start', 0],
  ] as const) {
    test(`a fresh table gives everybody a whole burst, ${what}`, () => {
      for (const offset of [-second, -second / 2, -1, 0, 1, second]) {
        const [limiter] = limiters(settingsOf(50)) as [RateLimiter];
        const now = (from + offset + round) % round;
        let passed = 0;
        while (ask(limiter, '192.0.2.1', now) === LIMIT.pass) passed++;
        assert.equal(passed, 50, `${offset} from there`);
      }
    });
  }

  test('a bucket that is older than what the clock can say is as good as new', () => {
    for (const later of [2 ** 31 - second, 2 ** 31 + second, round - 4 * second, round + 4 * second]) {
      const [limiter] = limiters(settingsOf(50)) as [RateLimiter];
      for (let i = 0; i < 60; i++) ask(limiter, '192.0.2.1', 77);
      let passed = 0;
      while (ask(limiter, '192.0.2.1', 77 + later) === LIMIT.pass) passed++;
      assert.equal(passed, 50, `after ${later}`);
    }
  });

  test('a clock that is set back limits nobody for longer than a second', () => {
    for (const back of [0, 1, 300_000, second, 2 * second, 3 * second, 3600 * second]) {
      const [limiter] = limiters(settingsOf(50)) as [RateLimiter];
      const start = 3700 * second;
      while (ask(limiter, '192.0.2.1', start) === LIMIT.pass);
      let limited = 0;
      for (let now = start - back + 50_000; now <= start - back + 4 * second; now += 50_000) {
        if (ask(limiter, '192.0.2.1', now) !== LIMIT.pass) limited++;
      }
      assert.ok(limited <= 20, `${limited} of 20 a second, after ${back}`);
    }
  });

  test('threads that read the clock at different times count into one bucket', () => {
    const [early, late] = limiters(settingsOf(1000), 2) as [RateLimiter, RateLimiter];
    while (ask(early, '192.0.2.1', second) === LIMIT.pass);
    // The other thread still works on a batch that came half a second before.
    assert.notEqual(ask(late, '192.0.2.1', second / 2), LIMIT.pass);
    assert.notEqual(ask(early, '192.0.2.1', second), LIMIT.pass);
  });
});

describe('threads at the same time', () => {
  for (const threads of [2, 4]) {
    test(`${threads} threads that hammer one bucket get what one would`, async () => {
      const table = makeRateTable();
      const gate = new Int32Array(new SharedArrayBuffer(8));
      const rate = 10_000;
      const count = 200_000;
      const hammer = new URL('hammer.ts', import.meta.url);
      const reports = await Promise.all(
        Array.from({ length: threads }, () => {
          const workerData = { table, gate, threads, rate, count };
          const worker = spawnWorker(hammer, { workerData });
          return new Promise<HammerReport>((resolve, reject) => {
            worker.once('message', resolve).once('error', reject);
          });
        }),
      );
      const start = Math.min(...reports.map((report) => report.start));
      const end = Math.max(...reports.map((report) => report.end));
      const passed = reports.reduce((sum, report) => sum + report.passed, 0);
      const asked = reports.reduce((sum, report) => sum + report.asked, 0);
      const most = rate + (rate * (end - start)) / second;
      assert.ok(asked > most, `${asked} queries are no flood`);
      assert.ok(passed <= most + 1, `${passed} passed of at most ${most}`);
      assert.ok(passed >= rate, `${passed} passed: less than the burst`);
    });
  }
});
