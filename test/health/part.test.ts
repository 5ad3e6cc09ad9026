// The part of its weight that a server gets: slow start step by step, what it says of itself, and degraded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Check, checkDefaults } from '../../src/health/check.ts';
import { movedSaid, partOf } from '../../src/health/part.ts';
import { carriedState, type VerdictState } from '../../src/health/verdict.ts';

const check: Check = { ...checkDefaults, kind: 'http', port: 80, options: {}, slowStartMs: 90_000 };
const up = carriedState('up', 0, false);
const back: VerdictState = { ...up, returnedAt: 1000 };

test('what is up has all of its weight, also at a first verdict, and nothing changes by itself', () => {
  assert.deepEqual(partOf(up, 1, check, 5000), { part: 1, changesAt: undefined });
  const atOnce = { ...check, slowStartMs: 0 };
  assert.deepEqual(partOf(back, 1, atOnce, 1000), { part: 1, changesAt: undefined });
});

test('slow start grows from a tenth to all in ten steps, each announced by changesAt', () => {
  const parts: number[] = [];
  let at: number | undefined = 1000;
  let endedAt = at;
  while (at !== undefined) {
    const { part, changesAt } = partOf(back, 1, check, at);
    parts.push(part);
    if (changesAt !== undefined) {
      assert.equal(partOf(back, 1, check, changesAt - 1).part, part, 'not before its time');
      endedAt = changesAt;
    }
    at = changesAt;
  }
  assert.deepEqual(parts, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
  assert.equal(endedAt, 1000 + 90_000);
});

test('a slow start that its steps do not divide still comes to its end', () => {
  const odd = { ...check, slowStartMs: 100_000 };
  let steps = 0;
  let at: number | undefined = 1000;
  for (; at !== undefined; steps++) at = partOf(back, 1, odd, at).changesAt;
  assert.equal(steps, 10);
});

test('a clock that was set back does not stop the growth', () => {
  const { part, changesAt } = partOf({ ...up, returnedAt: 1e9 }, 1, check, 5000);
  assert.deepEqual([part, changesAt], [0.1, 15_000]);
});

test('slow start, what it says and degraded are multiplied; what is down has its weight', () => {
  assert.equal(partOf({ ...back, verdict: 'degraded' }, 0.75, check, 1000).part, 0.0375);
  assert.equal(partOf(up, 0, check, 1000).part, 0);
  assert.equal(partOf({ ...back, verdict: 'down' }, 0, check, 1000).part, 1);
});

test('what a server says holds at once at first and then moves by steps', () => {
  const says = (part: number) => ({ outcome: 'ok' as const, said: { part } });
  assert.equal(movedSaid(undefined, says(0.1), 0.25), 0.1);
  assert.equal(movedSaid(0.1, says(1), 0.25), 0.35);
  assert.equal(movedSaid(1, says(0), 0.25), 0.75);
  assert.equal(movedSaid(0.3, says(0.4), 0.25), 0.4);
  assert.equal(movedSaid(0.5, { outcome: 'ok' }, 0.25), 0.5, 'nothing said changes nothing');
  assert.equal(movedSaid(undefined, { outcome: 'ok' }, 0.25), undefined);
  assert.equal(movedSaid(0.5, { outcome: 'fail' }, 0.25), 0.5);
  assert.equal(movedSaid(0.5, { outcome: 'fail', said: { part: 0 } }, 0.25), 0.25);
  assert.equal(movedSaid(0.5, { outcome: 'inconclusive', said: { part: 0 } }, 0.25), 0.5);
});
