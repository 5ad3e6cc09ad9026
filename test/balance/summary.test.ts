// How a pool is, in one line: who is out and why, bounded, with the times left open.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Health } from '../../src/balance/pool.ts';
import type { Entry } from '../../src/balance/state.ts';
import { elapsedSizeMax, type Summary, summaryOf } from '../../src/balance/summary.ts';
import { summarySizeMax } from '../../src/limits.ts';

const up: Health = { verdict: 'up', settled: true };
const down = (seconds: number, reason?: string): Health => ({
  verdict: 'down',
  settled: true,
  since: seconds * 1000 + 999,
  ...(reason === undefined ? {} : { last: { reason } }),
});

function entriesOf(...members: readonly [name: string, health: Health, held?: Partial<Entry['held']>][]) {
  const entries = members.map(([name, health, held = {}]): Entry => {
    const address = { family: 1, text: name, rdata: new Uint8Array(4), endpoint: name } as const;
    const member = { name, weight: 1, tier: 1, group: undefined, located: undefined, addresses: [address] };
    return {
      member,
      address,
      health,
      held: { state: undefined, weight: undefined, ...held },
      ttlMax: undefined,
      followerTtlMax: undefined,
    };
  });
  return { entries };
}

const sizeOf = (summary: Summary): number =>
  summary.reduce<number>(
    (sum, part) => sum + (typeof part === 'number' ? elapsedSizeMax : Buffer.byteLength(part)),
    0,
  );

test('who is up is counted, who is down is named, since when and why', () => {
  assert.deepEqual(summaryOf('www', entriesOf(['web1', up], ['web2', up])), ['pool www: 2 of 2 up']);
  const one = entriesOf(['web1', up], ['web2', up], ['web3', down(1_800_000_000, '503')], ['web4', up]);
  assert.deepEqual(summaryOf('www', one), [
    'pool www: 3 of 4 up',
    ', web3 down',
    ' ',
    1_800_000_000,
    ': 503',
  ]);
  const unsaid: Health = { verdict: 'down', settled: false };
  assert.equal(summaryOf('@', entriesOf(['web1', unsaid])).join(''), 'pool @: 0 of 1 up, web1 down');
  const unknown: Health = { verdict: 'unknown', settled: false };
  assert.equal(summaryOf('@', entriesOf(['web1', unknown])).join(''), 'pool @: 1 of 1 up');
});

test('the operator’s hand and a server’s own word are said as what they are', () => {
  const hand = { state: 'drain', reason: 'new disk', by: 'ann' } as const;
  const entries = entriesOf(
    ['web1', up, { state: hand }],
    ['web2', down(1, '503'), { state: { state: 'up', reason: '' } }],
    ['web3', { ...up, part: 0 }],
  );
  assert.equal(
    summaryOf('www', entries).join(''),
    'pool www: 3 of 3 up, web1 drained by ann: new disk, web3 drains by its own word',
  );
});

test('there is a bound, in octets: whoever does not fit is counted', () => {
  for (const reason of ['x'.repeat(500), 'é'.repeat(300), '503', 'a\0b\r\nc', '👾'.repeat(40)]) {
    for (const name of ['w', 'web', 'a'.repeat(63)]) {
      for (const count of [1, 2, 3, 5, 8, 50, 4096]) {
        const members = Array.from({ length: count }, (_, i): [string, Health] => [
          `${name}${i}`,
          down(1_800_000_000, reason),
        ]);
        const summary = summaryOf(name, entriesOf(...members));
        assert.ok(sizeOf(summary) <= summarySizeMax, `${sizeOf(summary)}: ${summary.join('')}`);
        assert.doesNotMatch(summary.join(''), /\p{Cc}/u);
        const named = summary.filter((part) => typeof part === 'number').length;
        const more = / (\d+) more$/.exec(summary.join(''))?.[1];
        assert.equal(named + Number(more ?? 0), count);
      }
    }
  }
  const long = summaryOf('x'.repeat(250), entriesOf(['web1', down(1, '503')]));
  assert.ok(sizeOf(long) <= summarySizeMax);
});
