// Rise and fall: every transition of the verdict, results that come out of order, and a long random run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  carriedState,
  isInDoubt,
  isSettled,
  observe,
  resultsMissing,
  unknownState,
  type VerdictState,
} from '../../src/health/verdict.ts';
import { randomOf } from './virtual.ts';

const thresholds = { fall: 3, rise: 2 };

/** Observes a run of results one second apart: `o` ok, `x` fail, `?` inconclusive. */
function after(results: string, from: VerdictState = unknownState(0)): VerdictState {
  let state = from;
  [...results].forEach((letter, index) => {
    const outcome = letter === 'o' ? 'ok' : letter === 'x' ? 'fail' : 'inconclusive';
    state = observe(state, { outcome, startedAt: index * 1000 }, thresholds, index * 1000);
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

test('fall consecutive failures turn up to down, one fewer do not', () => {
  assert.equal(after('oxx').verdict, 'up');
  assert.equal(after('oxxx').verdict, 'down');
  assert.equal(after('oxxoxxoxx').verdict, 'up');
  assert.equal(after('oxx?x').verdict, 'down', 'an inconclusive result neither adds nor resets');
});

test('rise consecutive successes turn down to up, one fewer do not', () => {
  assert.equal(after('xo').verdict, 'down');
  assert.equal(after('xoo').verdict, 'up');
  assert.equal(after('xoxox').verdict, 'down');
  assert.equal(after('xo?o').verdict, 'up');
});

test('settled is only what is up with nothing pending', () => {
  const settled = ['o', 'oxxo', 'oxo', 'xoo', 'xooo', 'o?'];
  const unsettled = ['', '?', 'x', 'ox', 'oxx', 'ox?', 'oxxx', 'xo', 'oxxxo'];
  for (const results of settled) assert.equal(isSettled(after(results)), true, results);
  for (const results of unsettled) assert.equal(isSettled(after(results)), false, results);
});

test('in doubt is failing while up and recovering while down', () => {
  for (const results of ['ox', 'oxx', 'xo', 'oxxxo', 'ox?']) {
    assert.equal(isInDoubt(after(results)), true, results);
  }
  for (const results of ['', 'o', 'x', 'oxxx', 'oxo', 'xoo', 'xox']) {
    assert.equal(isInDoubt(after(results)), false, results);
  }
});

test('as many results are missing as turn the verdict over', () => {
  assert.equal(resultsMissing(after(''), thresholds), 1);
  assert.equal(resultsMissing(after('o'), thresholds), 3);
  assert.equal(resultsMissing(after('oxx'), thresholds), 1);
  assert.equal(resultsMissing(after('xo'), thresholds), 1);
  assert.equal(resultsMissing(after('oxxxx'), thresholds), 2);
});

test('inconclusive gives the very same state back', () => {
  const state = after('ox');
  assert.equal(observe(state, { outcome: 'inconclusive', startedAt: 9 }, thresholds, 9), state);
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
    state = observe(state, { outcome, startedAt }, thresholds, 0);
  });
  return state;
}

test('a failure that was outrun by a newer success counts for nothing', () => {
  const state = completed(['fail', 10], ['ok', 30], ['fail', 20]);
  assert.equal(state.failures, 0);
  assert.equal(isSettled(state), true);
});

test('a success that was outrun by a newer failure does not end the streak', () => {
  assert.equal(completed(['fail', 20], ['ok', 10], ['fail', 30]).failures, 2);
});

test('a late failure counts where every newer result failed too', () => {
  assert.equal(completed(['fail', 20], ['fail', 30], ['fail', 10]).verdict, 'down');
});

test('a late failure from before the success that began the streak does not lengthen it', () => {
  assert.equal(completed(['ok', 20], ['fail', 30], ['fail', 10]).failures, 1);
});

test('random results: never down without fall failures in a row, never up without rise successes', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomOf(seed);
    const limits = { fall: 1 + Math.floor(random() * 5), rise: 1 + Math.floor(random() * 5) };
    let state = unknownState(0);
    let failures = 0;
    let successes = 0;
    const failShare = random();
    for (let step = 0; step < 300; step++) {
      const outcome = random() < 0.2 ? 'inconclusive' : random() < failShare ? 'fail' : 'ok';
      const before = state.verdict;
      state = observe(state, { outcome, startedAt: step }, limits, step);
      if (outcome === 'ok') [successes, failures] = [successes + 1, 0];
      if (outcome === 'fail') [successes, failures] = [0, failures + 1];
      assert.deepEqual([state.failures, state.successes], [failures, successes]);
      if (before === 'up') assert.equal(state.verdict === 'down', failures >= limits.fall);
      if (before === 'down') assert.equal(state.verdict === 'up', successes >= limits.rise);
    }
  }
});
