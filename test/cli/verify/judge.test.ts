// What verify makes of counts: intervals that hold what they promise, verdicts, and a text of 80 columns.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { confidence, type Given, interval, judge, type Segment } from '../../../src/cli/verify/judge.ts';
import { isVerified, type Report, verifyText } from '../../../src/cli/verify/text.ts';

const members = ['a', 'b', 'c', 'd'].map((name, i) => ({ name, address: `192.0.2.${i + 1}` }));

/** Responses that carried these addresses, so many times each. */
function segment(weights: readonly number[], counts: readonly number[], size = 1): Segment {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const sets = weights.map((weight, i) => ({ share: weight / whole, addresses: [members[i]!.address] }));
  const given = new Map<string, Given>();
  for (const [i, count] of counts.entries()) {
    if (count > 0) given.set(members[i]!.address, { count, sum: count / size, leastSize: size });
  }
  return { sets, responses: counts.reduce((sum, count) => sum + count, 0) / size, given };
}

const verdicts = (segments: readonly Segment[]) => judge(members, segments).map(({ verdict }) => verdict);

describe('an interval', () => {
  it('misses no more often than it says, for any chance and any number of queries', () => {
    for (const n of [1, 2, 7, 40, 300]) {
      const bound = Math.log((2 * members.length) / (1 - confidence)) / n;
      const intervals = Array.from({ length: n + 1 }, (_, k) => interval(k / n, bound));
      for (let chance = 0.01; chance < 1; chance += 0.01) {
        let [below, above, mass] = [0, 0, (1 - chance) ** n];
        for (let k = 0; k <= n; k++) {
          if (chance > intervals[k]!.high) below += mass;
          if (chance < intervals[k]!.low) above += mass;
          mass *= ((n - k) / (k + 1)) * (chance / (1 - chance));
        }
        const most = (1 - confidence) / (2 * members.length);
        assert.ok(below <= most && above <= most, `n ${n}, chance ${chance}: ${below} ${above}`);
      }
    }
  });

  it('ends at 0 and 1, and gets narrower with more queries', () => {
    assert.equal(interval(0, 0.01).low, 0);
    assert.equal(interval(1, 0.01).high, 1);
    const width = (bound: number) => interval(0.3, bound).high - interval(0.3, bound).low;
    assert.ok(width(0.001) < width(0.01) / 3);
  });
});

describe('judge', () => {
  it('passes 3:2:1:1 as it is drawn, and finds a weight that is another', () => {
    const weights = [3, 2, 1, 1];
    assert.deepEqual(verdicts([segment(weights, [4286, 2857, 1429, 1428])]), ['ok', 'ok', 'ok', 'ok']);
    // 2:2:1:1 is given.
    assert.deepEqual(verdicts([segment(weights, [3333, 3333, 1667, 1667])]), [
      'too little',
      'too much',
      'too much',
      'too much',
    ]);
  });

  it('takes one that is wanted in no response for wrong in one', () => {
    assert.deepEqual(verdicts([segment([1, 1, 1, 0], [3333, 3333, 3333, 1])])[3], 'too much');
    assert.deepEqual(verdicts([segment([1, 0, 0, 0], [9999, 0, 0, 0])]), ['ok', 'ok', 'ok', 'ok']);
    assert.equal(verdicts([segment([1, 0, 0, 0], [9998, 0, 0, 1])])[0], 'too little');
  });

  it('judges parts of a run together, each by what was wanted in it', () => {
    const parts = [segment([1, 1, 0, 0], [5000, 5000, 0, 0]), segment([1, 0, 0, 0], [5000, 0, 0, 0])];
    const rows = judge(members, parts);
    assert.deepEqual(
      rows.map(({ wanted, given, verdict }) => [wanted.toFixed(4), given.toFixed(4), verdict]),
      [
        ['0.6667', '0.6667', 'ok'],
        ['0.3333', '0.3333', 'ok'],
        ['0.0000', '0.0000', 'ok'],
        ['0.0000', '0.0000', 'ok'],
      ],
    );
  });

  it('knows what is no member', () => {
    const given = new Map([['192.0.2.9', { count: 5, sum: 5, leastSize: 1 }]]);
    const rows = judge(members, [{ ...segment([1, 1, 1, 1], [0, 0, 0, 0]), responses: 5, given }]);
    assert.equal(rows.at(-1)!.verdict, 'not a member');
  });
});

describe('the text', () => {
  const plain = (_style: string, text: string) => text;
  const report = (names: readonly (readonly [string, string])[]): Report => ({
    name: 'www.a-rather-long-name.of-a-zone.site.example',
    type: 'AAAA',
    server: '[2001:db8:1234:5678:9abc:def0:1234:5678]:53',
    comparedWith: 'what the daemon publishes',
    notes: ['no daemon says who is up: all members are taken as up'],
    sent: 10_000,
    answered: 9800,
    lost: 200,
    losses: { 'no answer in time': 200 },
    void: 1000,
    wrong: {},
    changes: [{ after: 4000, from: 6, to: 7, what: ['web2 33.3% -> 0.0% (down)'] }],
    members: names.map(([name, address]) => ({ name, address, weighed: 0.8, share: 0.5, why: 'up' })),
    rows: names.map(([member, address]) => {
      return { member, address, wanted: 1, given: 1, low: 1, high: 1, verdict: 'not a member' };
    }),
  });

  it('fits 80 columns and says what changed', () => {
    for (const names of [
      [['web1', '192.0.2.1']],
      [['192.0.2.1', '192.0.2.1']],
      [['a-member-with-a-long-name', '2001:db8:1234:5678:9abc:def0:1234:5678']],
    ] as const) {
      const text = verifyText(report(names), plain);
      for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
      assert.match(text, /^! {2}generation 6 -> 7 after 4,000 queries: web2 33\.3% -> 0\.0% \(down\)$/m);
      assert.match(text, /the weights ask for 80\.0%/);
    }
  });

  it('is good only without wrong answers and without many losses', () => {
    const good: Report = { ...report([]), rows: [] };
    assert.equal(isVerified(good), true);
    assert.equal(isVerified({ ...good, wrong: { SERVFAIL: 1 } }), false);
    assert.equal(isVerified({ ...good, lost: 500 }), false);
    assert.equal(isVerified({ ...good, answered: 0, lost: 0 }), false);
  });
});
