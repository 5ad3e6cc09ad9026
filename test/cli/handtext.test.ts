// What status shows of the operator's hand, beside the verdicts and never over them.
import assert from 'node:assert';
import { describe, test } from 'node:test';
import { statusText } from '../../src/cli/statustext.ts';
import { printMoment } from '../../src/cli/text.ts';
import type { MemberStatus, Status } from '../../src/control/status.ts';
import { isDown, lines, member, now, plain, pool, status } from './statuses.ts';

describe("the operator's hand", () => {
  const day = 86_400_000;
  const drain = { state: 'drain', reason: 'kernel update', by: 'alice' } as const;
  const drained = { hands: [{ ...drain, isInForce: true }], eligible: false, share: 0 };
  const others = [member('web1', '192.0.2.10'), member('web3', '192.0.2.12')];
  const under = (more: Partial<MemberStatus>) => {
    const text = lines(statusText(status([pool([...others, member('web2', '192.0.2.11', more)])]), plain));
    const at = text.findIndex((line) => line.startsWith('  web2'));
    return [text[at], ...text.slice(at + 1, -1).map((line) => line.trim())];
  };
  const what = (members: MemberStatus[], more: Partial<Status> = {}) =>
    status([pool(members)], more).attention.map((one) => one.what);

  test('stands below the real verdict, with what is in caches', () => {
    const soon = under({ ...drained, goneAt: now + 25_000 });
    assert.deepEqual(soon, [
      '  web2    192.0.2.11  up       1 h       1   0.0%  50.0%  200 in 3 ms',
      'drained by alice: kernel update',
      `last cached answer gone at ${printMoment(now + 25_000, now)}`,
    ]);
    const gone = under({ ...isDown, ...drained, goneAt: now - 12_000 });
    assert.match(gone[0]!, / down {5}14 s .* connection refused$/);
    assert.match(gone.slice(1).join(' '), / last cached answer gone since 12 s: safe to stop$/);
  });

  test('a standby by hand is not safe to stop', () => {
    const hands = [{ weight: 0, reason: '', by: 'alice', isInForce: true }];
    assert.deepEqual(under({ hands, eligible: false, share: 0, goneAt: now - 12_000 }).slice(1), [
      'weight 0 by alice',
      'last cached answer gone since 12 s',
    ]);
  });

  test('planned, with an end, and counted down', () => {
    const hands = [{ ...drain, from: now + 60_000, until: now + 120_000, isInForce: false }];
    const [from, until] = [printMoment(now + 60_000, now), printMoment(now + 120_000, now)];
    assert.equal(
      under({ hands, countedTtl: 12 }).slice(1).join(' '),
      `from ${from}: drained by alice: kernel update (until ${until}) its answers have TTL 12`,
    );
  });

  test('parts of a weight, by health or by its own word', () => {
    assert.equal(under({ part: 0.4 })[1], 'gets 40 % of its weight');
    assert.deepEqual(under({ part: 0, goneAt: now - 1000 }).slice(1), [
      'drains by its own word',
      'last cached answer gone since 1 s: safe to stop',
    ]);
  });

  test('what is put up though it is down, and what is drained but given', () => {
    const hands = [{ state: 'up', reason: 'bad check', by: 'bob', isInForce: true }] as const;
    assert.deepEqual(what([...others, member('web2', '192.0.2.11', { ...isDown, hands, eligible: true })]), [
      'web2 (192.0.2.11) is up by bob: bad check; really it is down: connection refused',
    ]);
    const alone = member('web1', '192.0.2.10', { ...drained, eligible: true, share: 1 });
    assert.deepEqual(what([alone]), [
      'www.site.example. A: web1: drained, but given for want of anything else',
    ]);
  });

  test('what is drained is no trouble when it goes down, but it may leave one alone', () => {
    assert.deepEqual(what([...others, member('web2', '192.0.2.11', { ...isDown, ...drained })]), []);
    assert.deepEqual(what([others[0]!, member('web2', '192.0.2.11', drained)]), [
      'only web1 is left: www.site.example. A',
    ]);
    const isDownByHand = { hands: [{ state: 'down', reason: '', isInForce: true }] as const };
    const dead = member('web1', '192.0.2.10', { ...isDownByHand, eligible: false });
    const [first] = status([pool([dead], { mode: 'nodata' })]).attention;
    assert.equal(first!.what, 'www.site.example. A: every member is down; answered NODATA');
  });

  test('hands without an end, once for each command, and hands on nothing', () => {
    const row = {
      owner: 'www.site.example.',
      hand: drain,
      at: now - 3 * day,
      isInForce: true,
      isInert: false,
    };
    const hands = [
      { ...row, member: 'web1' },
      { ...row, member: 'web2' },
      { ...row, member: 'web3', at: now - day + 1000 },
      { ...row, member: 'web4', hand: { ...drain, until: now + day } },
      { ...row, member: 'web9', isInert: true },
    ];
    assert.deepEqual(what(others, { hands }), [
      'web1@www.site.example and 1 more: drained by alice: kernel update, without an end',
      'there is no web9@www.site.example any more: "drained by alice: kernel update" does nothing' +
        ' (release web9@www.site.example)',
    ]);
  });

  test('a warning of a probe needs somebody', () => {
    const warning = 'certificate expires in 9 days';
    assert.deepEqual(what([...others, member('web2', '192.0.2.11', { warning })]), [
      'web2 (192.0.2.11): certificate expires in 9 days',
    ]);
    assert.deepEqual(under({ warning }).slice(1), [warning]);
  });

  test('doubts, flapping and slow starts are notes below the row', () => {
    const doubt = { of: 'failures', count: 2, enough: 3 } as const;
    const heldUntil = now + 40_000;
    const notes = (more: Partial<MemberStatus>) => under(more).slice(1);
    assert.deepEqual(notes({ doubt }), ['2 of 3 failures']);
    assert.deepEqual(notes({ doubt, isDoubted: true }), ['would be down, but the prober is suspected']);
    assert.deepEqual(notes({ ...isDown, doubt: { of: 'successes', count: 1, enough: 2 }, heldUntil }), [
      `1 of 2 successes; flaps: held down until ${printMoment(heldUntil, now)}`,
    ]);
    assert.deepEqual(notes({ heldUntil: now - 1 }), []);
    assert.deepEqual(notes({ part: 0.4, isStartingSlowly: true }), ['slow start: gets 40 % of its weight']);
  });
});
