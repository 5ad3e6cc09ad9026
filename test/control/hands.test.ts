// Hands as rows: laid, displaced, lifted, kept and read again; and what a request says.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hand } from '../../src/balance/hand.ts';
import { parseMoment, readHandRequest } from '../../src/control/handrequest.ts';
import {
  Hands,
  handOfRows,
  inertRows,
  parseRows,
  printRows,
  withHand,
  withoutHands,
} from '../../src/control/hands.ts';
import { handAheadMaxMs, handReasonMax } from '../../src/limits.ts';
import { poolOf } from '../balance/pools.ts';

const now = Date.UTC(2026, 10, 28, 12);
const hour = 3_600_000;
const owner = 'www.site.example.';
const web1 = { owner, member: 'web1' };
const web1v6 = { ...web1, address: '2001:db8::1' };
const web2 = { owner, member: 'web2' };
const drain: Hand = { state: 'drain', reason: 'kernel' };
const up: Hand = { state: 'up', reason: '' };
const heavy: Hand = { weight: 9, reason: '' };

describe('rows', () => {
  test('a hand displaces what it overlaps on the member and on its addresses', () => {
    const begin = withHand([], [web1v6, web2], up, now).rows;
    const { rows, displaced } = withHand(begin, [web1], drain, now);
    assert.deepEqual(displaced, [{ ...web1v6, hand: up, at: now }]);
    assert.deepEqual(
      rows.map(({ member, hand }) => `${member} ${hand.state}`),
      ['web2 up', 'web1 drain'],
    );
    const onAddress = withHand(rows, [web1v6], up, now);
    assert.deepEqual(onAddress.displaced, []);
    const handOf = handOfRows(onAddress.rows);
    assert.deepEqual(handOf(owner, 'web1', '2001:db8::1')[0], up);
    assert.deepEqual(handOf(owner, 'web1', '192.0.2.1'), [drain]);
    assert.deepEqual(handOf('api.site.example.', 'web1', '192.0.2.1'), []);
  });

  test('a planned hand cuts the one before it, and a weight leaves a state alone', () => {
    const planned = { ...drain, from: now + hour };
    const { rows, displaced } = withHand(withHand([], [web1], up, now).rows, [web1], planned, now);
    assert.deepEqual(displaced.length, 1);
    assert.deepEqual(
      rows.map(({ hand }) => [hand.state, hand.from, hand.until]),
      [
        ['up', undefined, now + hour],
        ['drain', now + hour, undefined],
      ],
    );
    assert.deepEqual(withHand(rows, [web1], heavy, now).displaced, []);
  });

  test('drains are lifted alone, or all there is', () => {
    const rows = [drain, heavy].reduce(
      (all, hand) => [...withHand(all, [web1], hand, now).rows],
      [{ ...web2, hand: up, at: now }],
    );
    const drains = withoutHands(rows, [web1, web2], 'drain');
    assert.deepEqual([drains.lifted.length, drains.rows.length], [1, 2]);
    assert.equal(withoutHands(rows, [web1], 'all').lifted.length, 2);
    assert.equal(withoutHands(rows, [web1v6], 'all').lifted.length, 0);
  });

  test('what is over is forgotten, what has no member is inert', () => {
    const hands = new Hands();
    hands.set([
      { ...web1, hand: { ...drain, until: now }, at: 0 },
      { ...web2, hand: drain, at: 0 },
      { ...web1v6, hand: drain, at: 0 },
    ]);
    assert.equal(hands.expire(now - 1).length, 0);
    assert.deepEqual(hands.handOf(owner, 'web1', '192.0.2.1').length, 1);
    assert.equal(hands.expire(now).length, 1);
    assert.deepEqual(hands.handOf(owner, 'web1', '192.0.2.1'), []);
    const inert = inertRows(hands.rows, [poolOf(['web1 1 192.0.2.1', 'web3 1 192.0.2.3'])]);
    assert.deepEqual(inert, hands.rows);
    assert.deepEqual(inertRows(hands.rows, [poolOf(['web1 1 2001:db8::1', 'web2 1 192.0.2.3'])]), []);
  });

  test('what is kept is read again; anything else is not hands', () => {
    const { rows } = withHand([], [web1, web1v6], { ...heavy, from: now, by: 'alice', until: now + 1 }, now);
    assert.deepEqual(parseRows(printRows(rows)), { rows, lost: [] });
    const row = { ...web1, hand: drain, at: now };
    const parse = (...hands: unknown[]) => parseRows(JSON.stringify({ hands }));
    const bad: unknown[] = [
      { ...row, owner: 3 },
      { ...row, at: 'x' },
      { ...row, hand: { state: 'off', reason: '' } },
      { ...row, hand: { reason: '' } },
      { ...row, hand: { state: 'up', weight: 3, reason: '' } },
      { ...row, hand: { weight: -1, reason: '' } },
      { ...row, hand: { ...drain, until: 'never' } },
      { ...row, hand: { state: 'up' } },
      { owner, member: 'x', at: 1 },
      { ...web1v6, hand: { state: 'maint', reason: '' }, at: now },
      null,
      'web1',
    ];
    for (const one of bad) assert.deepEqual(parse(one, row)?.rows, [row], JSON.stringify(one));
    assert.deepEqual(parse(...bad)?.lost, [
      'nobody knows whom',
      'web1@www.site.example',
      'x@www.site.example',
      '2001:db8::1@www.site.example',
    ]);
    for (const text of ['', '{}', '[]', 'null', '{"hands":3}', '{"hands"'])
      assert.equal(parseRows(text), undefined, text);
  });
});

describe('requests', () => {
  const read = (query: string) => readHandRequest(new URLSearchParams(query), now);
  const refused = (query: string) => {
    const request = read(query);
    return 'error' in request ? `${request.error} (${request.hint})` : 'no fault';
  };

  test('what may be said', () => {
    const all = read('verb=drain&selector=a&selector=b&reason=+new+disk&by=al&at=%2B10m&for=1h&force=1');
    assert.deepEqual(all, {
      verb: 'drain',
      selectors: ['a', 'b'],
      weight: undefined,
      reason: 'new disk',
      by: 'al',
      from: now + 600_000,
      until: now + 600_000 + hour,
      force: true,
    });
    const weight = read('verb=weight&selector=a&weight=0&until=2026-11-28T14:00Z');
    assert.ok(!('error' in weight) && weight.weight === 0 && weight.until === now + 2 * hour);
  });

  const faults: [query: string, said: string][] = [
    ['', 'there is no verb "" (one of: drain, undrain, up, down, weight, release)'],
    ['verb=dran&selector=a', 'there is no verb "dran" (did you mean "drain"?)'],
    [
      'verb=toString&selector=a',
      'there is no verb "toString" (one of: drain, undrain, up, down, weight, release)',
    ],
    ['verb=drain', 'no member is named (such as web2 or www.site.example)'],
    ['verb=drain&selector=a&resaon=x', 'there is no parameter "resaon" (did you mean "reason"?)'],
    [
      'verb=weight&selector=a',
      'the weight is "", but must be a whole number from 0 to 1048576 (such as weight web2 3)',
    ],
    ['verb=undrain&selector=a&for=1h', 'undrain is done at once: --for means nothing to it ()'],
    ['verb=drain&selector=a&for=1h&until=14:00', '--for and --until are both given (give one)'],
    ['verb=drain&selector=a&for=soon', '--for is "soon", which is no duration (such as 500ms, 5s or 1m)'],
    [
      'verb=drain&selector=a&at=2026-11-28T14:00Z&until=2026-11-28T13:00Z',
      'it would end before it begins ()',
    ],
    [
      `verb=drain&selector=a&reason=${'x'.repeat(handReasonMax + 1)}`,
      'the reason has more than 200 characters ()',
    ],
    ['verb=drain&selector=a&reason=a%0Ab', 'the reason is more than one line ()'],
    ['verb=drain&selector=a&by=a%1Bb', 'the name is more than one line ()'],
  ];
  for (const [query, said] of faults) test(`refused: ${said}`, () => assert.equal(refused(query), said));

  test('a reason at its limit', () => {
    assert.equal(refused(`verb=drain&selector=a&reason=${'x'.repeat(handReasonMax)}`), 'no fault');
  });

  test('times', () => {
    const local = (text: string) => new Date(text).getTime();
    const noon = local('2026-11-28T12:00:00');
    const moments: [text: string, at: number | RegExp][] = [
      ['14:30', local('2026-11-28T14:30:00')],
      ['14:30:05', local('2026-11-28T14:30:05')],
      ['12:00', local('2026-11-29T12:00:00')],
      ['2026-11-28T14:30', local('2026-11-28T14:30')],
      ['2026-11-28 14:30', local('2026-11-28T14:30')],
      ['2026-11-29T14:30Z', Date.UTC(2026, 10, 29, 14, 30)],
      ['2026-11-29T14:30+02:00', Date.UTC(2026, 10, 29, 12, 30)],
      ['+90', noon + 90_000],
      ['2026-11-27T14:30', /past/],
      ['25:00', /no time/],
      ['2026-13-01T14:30', /no time/],
      ['2026', /no time/],
      ['+x', /no duration/],
      ['2126-01-01T00:00Z', /more than a year/],
    ];
    for (const [text, expected] of moments) {
      const at = parseMoment(text, noon);
      if (expected instanceof RegExp) assert.match(String(at), expected, text);
      else assert.equal(at, expected, text);
    }
    assert.equal(parseMoment(`+${handAheadMaxMs}ms`, noon), noon + handAheadMaxMs);
    assert.equal(typeof parseMoment(`+${handAheadMaxMs + 1}ms`, noon), 'string');
  });
});
