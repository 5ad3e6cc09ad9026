// Rise and fall: every transition of the verdict, results that come out of order, slowness, hold-down, and a
// long random run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  carriedState,
  heldUntil,
  isInDoubt,
  isSettled,
  observe,
  resultsMissing,
  unknownState,
  type VerdictState,
} from '../../src/health/verdict.ts';
import { holdDownMaxMs } from '../../src/limits.ts';
import { randomOf } from './virtual.ts';

const rules = { fall: 3, rise: 2, intervalMs: 5000, holdDownMs: 20_000, latencyLimitMs: 100 };
const latencyMs = 5;

const outcomes = { o: 'ok', s: 'ok', x: 'fail', '?': 'inconclusive' } as const;

/** Observes results one second apart: `o` ok, `s` slowly, `x` fail, `?` inconclusive. */
function after(results: string, from: VerdictState = unknownState(0), fromMs = 0): VerdictState {
  let state = from;
  [...results].forEach((letter, index) => {
    const at = fromMs + index * 1000;
    const observed = {
      outcome: outcomes[letter as 'o'],
      startedAt: at,
      latencyMs: letter === 's' ? 101 : 100,
    };
    state = observe(state, observed, rules, at);
  });
  return state;
}

test('the first conclusive result decides at once', () => {
  assert.equal(after('').verdict, 'unknown');
  assert.equal(after('??').verdict, 'unknown');
  assert.equal(after('??o').verdict, 'up');
  assert.equal(after('x').verdict, 'down');
  assert.equal(after('??o').since, 2000);
});

test('fall failures turn up to down, one fewer do not', () => {
  assert.equal(after('oxx').verdict, 'up');
  assert.equal(after('oxxx').verdict, 'down');
  assert.equal(after('oxx?x').verdict, 'down', 'an inconclusive result neither adds nor resets');
});

test('only rise successes in a row clear failures, so one failure in two is down', () => {
  assert.equal(after('oxoxox').verdict, 'down');
  assert.equal(after('oxxox').verdict, 'down');
  assert.equal(after('oxxooxxooxx').verdict, 'up');
  assert.equal(after('oxxo').failures, 2);
  assert.equal(after('oxxoo').failures, 0);
});

test('rise consecutive successes turn down to up, one fewer do not', () => {
  assert.equal(after('xo').verdict, 'down');
  assert.equal(after('xoo').verdict, 'up');
  assert.equal(after('xoxox').verdict, 'down');
  assert.equal(after('xo?o').verdict, 'up');
});

test('settled is only what is up with nothing pending', () => {
  const settled = ['o', 'oxxoo', 'oxoo', 'xoo', 'xooo', 'o?', 'osss'];
  const unsettled = ['', '?', 'x', 'ox', 'oxx', 'ox?', 'oxo', 'oxxo', 'oxxx', 'xo', 'oxxxo'];
  for (const results of settled) assert.equal(isSettled(after(results)), true, results);
  for (const results of unsettled) assert.equal(isSettled(after(results)), false, results);
});

test('in doubt is failing while up and recovering while down', () => {
  for (const results of ['ox', 'oxx', 'xo', 'oxxxo', 'ox?', 'oxo']) {
    assert.equal(isInDoubt(after(results), rules), true, results);
  }
  for (const results of ['', 'o', 'x', 'oxxx', 'oxoo', 'xoo', 'xox', 'osss']) {
    assert.equal(isInDoubt(after(results), rules), false, results);
  }
});

test('as many results are missing as turn the verdict over', () => {
  assert.equal(resultsMissing(after(''), rules), 1);
  assert.equal(resultsMissing(after('o'), rules), 3);
  assert.equal(resultsMissing(after('oxx'), rules), 1);
  assert.equal(resultsMissing(after('xo'), rules), 1);
  assert.equal(resultsMissing(after('oxxxx'), rules), 2);
});

test('inconclusive gives the very same state back', () => {
  const state = after('ox');
  assert.equal(observe(state, { outcome: 'inconclusive', startedAt: 9, latencyMs }, rules, 9), state);
});

test('fall slow successes make it degraded, and only rise fast ones in a row count against them', () => {
  assert.equal(after('oss').verdict, 'up');
  assert.equal(after('osss').verdict, 'degraded');
  assert.equal(after('osoosoosoo').verdict, 'up');
  assert.equal(after('sosos').verdict, 'degraded');
  assert.equal(after('osssos').verdict, 'degraded');
  assert.equal(after('osssoo').verdict, 'up');
  assert.equal(after('osssxxx').verdict, 'down');
  assert.equal(after('xss').verdict, 'degraded', 'back from down, and not fast once');
  assert.equal(after('xso').verdict, 'up');
});

test('the first return after a lone outage needs only rise successes', () => {
  const back = after('oxxxoo');
  assert.deepEqual([back.verdict, back.returnedAt, back.turns], ['up', 5000, 1]);
});

test('a server that turned down again soon is held until it was quiet for the hold-down', () => {
  const again = after('oxxxooxxx');
  assert.equal(heldUntil(again, rules), 8000 + 20_000);
  assert.equal(after('o'.repeat(19), again, 9000).verdict, 'down', '27 s are too early');
  assert.equal(after('oo', again, 27_000).verdict, 'up');
  const failed = after('ox', again, 10_000);
  assert.equal(heldUntil(failed, rules), 11_000 + 20_000, 'each failure begins the time anew');
});

test('the hold-down doubles with each turn, up to its limit', () => {
  let state = after('oxxx');
  const holds: number[] = [];
  let at = 10_000;
  for (let turn = 2; turn <= 9; turn++) {
    state = after('ooxxx', state, at);
    holds.push((heldUntil(state, rules)! - state.failedAt!) / 1000);
    at = heldUntil(state, rules)!;
  }
  assert.deepEqual(holds, [20, 40, 80, 160, 320, 600, 600, 600]);
  assert.equal(holds.at(-1)! * 1000, holdDownMaxMs);
});

test('outages are forgotten after 25 intervals, and twice the next hold-down, without a failure', () => {
  const back = after('oxxxoo');
  assert.equal(after('xxx', back, 5000 + 124_999).turns, 2);
  assert.equal(after('xxx', back, 5000 + 125_000).turns, 1);
  const long = { ...rules, holdDownMs: 100_000 };
  const [before, atIt] = [199_999, 200_000].map((ms) => 5000 + ms);
  const turnsAt = (at: number) =>
    observe(back, { outcome: 'fail', startedAt: at, latencyMs }, long, at).turns;
  assert.deepEqual([turnsAt(before!), turnsAt(atIt!)], [1, 0]);
  const failed = after('x', back, 30_000);
  assert.equal(after('xx', failed, 5000 + 125_000).turns, 2, 'a failure begins the time anew');
});

test('without a hold-down nothing is held', () => {
  const free = { ...rules, holdDownMs: 0 };
  assert.equal(heldUntil(after('oxxxooxxx'), free), undefined);
});

test('a clock that was set back lengthens no hold-down', () => {
  const again = after('oxxxooxxx', unknownState(0), 3_600_000);
  const set = observe(again, { outcome: 'ok', startedAt: 1e9, latencyMs }, rules, 1000);
  assert.equal(heldUntil(set, rules), 21_000);
});

test('a hold-down is carried over, also where the verdict is provisional', () => {
  const again = after('oxxxooxxx');
  const carried = carriedState('down', again.since, true, again);
  assert.equal(after('ooo', carried, 9000).verdict, 'down');
  assert.equal(after('oo', carried, 28_000).verdict, 'up');
});

test('a carried verdict that is provisional is decided by the first result', () => {
  const provisional = carriedState('up', 7, true);
  assert.equal(isSettled(provisional), false);
  assert.equal(isSettled(after('o', provisional)), true);
  assert.equal(after('o', provisional).since, 7, 'a confirmed verdict is as old as it was');
  assert.equal(after('x', provisional).verdict, 'down');
  const trusted = carriedState('up', 7, false);
  assert.equal(isSettled(trusted), true);
  assert.equal(after('xx', trusted).verdict, 'up');
  assert.equal(after('xxx', trusted).verdict, 'down');
});

/** Observes results in order of completion, each with its own start. */
function completed(...results: readonly (readonly ['ok' | 'fail', number])[]): VerdictState {
  let state = after('o', unknownState(0));
  results.forEach(([outcome, startedAt]) => {
    state = observe(state, { outcome, startedAt, latencyMs }, rules, 0);
  });
  return state;
}

test('a failure that was outrun by a newer success counts, but does not end the row of successes', () => {
  const state = completed(['fail', 10], ['ok', 30], ['fail', 20]);
  assert.deepEqual([state.failures, state.successes], [2, 1]);
  assert.equal(completed(['fail', 10], ['ok', 30], ['fail', 20], ['ok', 40]).failures, 0);
});

test('a failure that was outrun by enough successes counts for nothing', () => {
  const state = completed(['ok', 20], ['ok', 30], ['fail', 10]);
  assert.deepEqual([state.failures, state.successes], [0, 3]);
  assert.equal(isSettled(state), true);
});

test('every second probe unanswered is down, although each is outrun', () => {
  const one = completed(['fail', 2], ['ok', 3], ['ok', 5], ['fail', 4]);
  assert.deepEqual([one.failures, one.successes], [2, 1], 'the row was none');
  assert.equal(
    completed(['fail', 2], ['ok', 3], ['ok', 5], ['fail', 4], ['ok', 7], ['fail', 6]).verdict,
    'down',
  );
});

test('a late failure between many successes counts alone, and brings nothing back that was cleared', () => {
  const state = completed(['fail', 1], ['fail', 2], ['ok', 3], ['ok', 4], ['ok', 6], ['fail', 5]);
  assert.deepEqual([state.failures, state.successes, state.verdict], [1, 1, 'up']);
  const returned = completed(['fail', 1], ['fail', 2], ['fail', 3], ['ok', 4], ['ok', 6], ['fail', 5]);
  assert.deepEqual([returned.failures, returned.verdict], [1, 'up'], 'what came back begins anew');
});

test('a success that was outrun by a newer failure does not end the row', () => {
  assert.equal(completed(['fail', 20], ['ok', 10], ['fail', 30]).failures, 2);
});

test('a late failure counts where every newer result failed too', () => {
  assert.equal(completed(['fail', 20], ['fail', 30], ['fail', 10]).verdict, 'down');
});

/** What rise and fall mean, said once more in the plainest way: a list of all results. */
function plainly(results: readonly ('ok' | 'fail')[], fall: number, rise: number): string {
  let verdict = 'unknown';
  let failures = 0;
  let successes = 0;
  for (const result of results) {
    successes = result === 'ok' ? successes + 1 : 0;
    failures += Number(result === 'fail');
    if (successes >= rise) failures = 0;
    if (verdict === 'unknown') verdict = result === 'ok' ? 'up' : 'down';
    else if (verdict === 'up' && failures >= fall) verdict = 'down';
    else if (verdict === 'down' && successes >= rise) verdict = 'up';
  }
  return verdict;
}

test('random results: never down without fall failures, never up without rise successes', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = randomOf(seed);
    const [fall, rise] = [1 + Math.floor(random() * 5), 1 + Math.floor(random() * 5)];
    const free = { ...rules, fall, rise, holdDownMs: 0 };
    let state = unknownState(0);
    const results: ('ok' | 'fail')[] = [];
    const failShare = random();
    for (let step = 0; step < 200; step++) {
      const outcome = random() < 0.2 ? 'inconclusive' : random() < failShare ? 'fail' : 'ok';
      state = observe(state, { outcome, startedAt: step, latencyMs }, free, step);
      if (outcome !== 'inconclusive') results.push(outcome);
      assert.equal(state.verdict, plainly(results, fall, rise), `seed ${seed}: ${results.join(' ')}`);
    }
  }
});
