// Warnings by arithmetic: what is warned of, and how near one may come without being told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from '../../src/balance/pool.ts';
import { arithmeticWarnings } from '../../src/balance/warnings.ts';
import { printFault } from '../../src/faults.ts';
import { detectionMaxMs } from '../../src/health/check.ts';
import { cachedToDetectionMax, ttlQuietMax } from '../../src/limits.ts';
import { endpointOf } from '../health/virtual.ts';
import { poolOf } from './pools.ts';

const place = (key: string) => ({ file: 'x.yaml', line: key === 'ttl' ? 1 : 2, column: 3 });
const two = ['a 1 192.0.2.1', 'b 1 192.0.2.2'];

function warned(lines: readonly string[], change: Partial<Pool>, check = {}): string[] {
  return arithmeticWarnings(poolOf(lines, { ...withTtl(60), ...change }), [endpointOf(1, check)], place).map(
    printFault,
  );
}

function withTtl(stable: number): Partial<Pool> {
  return { ttl: { stable, unsettled: 5, rrset: { 1: 60 } } };
}

test('a TTL that is long against detection', () => {
  const detection = detectionMaxMs(endpointOf(1).check) / 1000;
  const atLimit = Math.ceil(cachedToDetectionMax * detection);
  assert.deepEqual(warned(two, withTtl(300)), [
    'x.yaml:1:3: warning: the TTL of www.site.example. is 300 s, while a server that falls silent is' +
      ` found out after ${Math.ceil(detection)} s at most (clients keep a dead address for 300 s;` +
      ` at most ${atLimit} s: ttl: { stable: 30s })`,
  ]);
  assert.deepEqual(warned(two, withTtl(atLimit)), []);
  assert.equal(warned(two, withTtl(atLimit + 1)).length, 1);
});

test('a minute is never too long, and without a check nothing is', () => {
  const fast = { intervalMs: 500, timeoutMs: 200, recheckMs: 100 };
  assert.deepEqual(warned(two, withTtl(ttlQuietMax), fast), []);
  assert.equal(warned(two, withTtl(ttlQuietMax + 1), fast).length, 1);
  assert.deepEqual(arithmeticWarnings(poolOf(two, withTtl(86_400)), [], place), []);
});

test('weights that a number of addresses does not allow', () => {
  const uneven = ['a 3 192.0.2.1', 'b 1 192.0.2.2', 'c 1 192.0.2.3'];
  assert.deepEqual(warned(uneven, { answers: 1 }), []);
  assert.deepEqual(warned(uneven, { answers: 'auto' }), []);
  assert.deepEqual(warned(uneven, { answers: 2 }), [
    'x.yaml:2:3: warning: with 2 addresses per response the weights do not come out: a gets 50.0 % and' +
      ' not 60.0 %, b gets 25.0 % and not 20.0 %, c gets 25.0 % and not 20.0 %' +
      ' (answers: auto is the most with which they do)',
  ]);
  assert.deepEqual(warned(two, { answers: 2 }), []);
  assert.deepEqual(warned(two, { answers: 4 }), []);
  assert.deepEqual(warned(['a 9 192.0.2.1', 'b 1 192.0.2.2'], { policy: 'all' }), [
    'x.yaml:2:3: warning: with 2 addresses per response the weights do not come out: a gets 50.0 % and' +
      ' not 90.0 %, b gets 50.0 % and not 10.0 % (policy: all gives everybody the same;' +
      ' with policy: weighted they do)',
  ]);
  assert.deepEqual(warned(['a 2 192.0.2.1', 'b 2 192.0.2.2', 's 0 192.0.2.3'], { policy: 'all' }), []);
});

test('weights that do not come out for a client, in a lower tier, or in a place', () => {
  const heavy = ['a 9 192.0.2.1', 'b 1 192.0.2.2', 'c 1 192.0.2.3'];
  const [sticky] = warned(heavy, { policy: 'sticky', answers: 2 });
  assert.match(sticky!, /warning: with 2 .* a gets 50\.0 % and not 81\.8 %, b gets 25\.0 % and not 9\.1 %/);
  assert.deepEqual(warned(heavy, { policy: 'sticky', answers: 1 }), []);
  assert.deepEqual(warned(heavy, { policy: 'sticky' }), []);

  const tiers = ['a 1/1 192.0.2.1', 'b 1/1 192.0.2.2', 'c 9/3 192.0.2.3', 'd 1/3 192.0.2.4'];
  const failover = { policy: 'failover', answers: 2, minUp: 2, trickle: 0.1 } as const;
  const [lower, ...rest] = warned(tiers, failover);
  assert.match(lower!, /warning: in tier 3 with 2 addresses .* c gets 50\.0 % and not 90\.0 %/);
  assert.deepEqual(rest, []);
  assert.deepEqual(warned(tiers, { ...failover, answers: 1 }), []);

  const places = [
    { place: 'eu', order: ['eu'] },
    { place: 'asia', order: ['asia', 'eu'] },
    { place: '', order: ['us'] },
  ];
  const near = ['a 9~eu 192.0.2.1', 'b 1~eu 192.0.2.2', 'c 1~us 192.0.2.3', 'd 1~us 192.0.2.4'];
  const [eu, ...others] = warned(near, { policy: 'nearest', answers: 2, places });
  assert.match(eu!, /warning: in place eu with 2 addresses .* a gets 50\.0 % and not 90\.0 %/);
  assert.deepEqual(others, []);
});
