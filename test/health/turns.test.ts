// Whose turn it is: the two limits, who comes first, and that nobody who waits is lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../src/health/turns.ts';
import { randomOf } from './virtual.ts';

const hostOf = (item: string): string => item[0]!;

test('so many at once in all; the hurried come first, then who came first', () => {
  const turns = new Turns<string>(2, 2, hostOf);
  assert.deepEqual(
    ['a1', 'b1', 'c1', 'd1'].map((item) => turns.take(item, false)),
    [true, true, false, false],
  );
  assert.equal(turns.take('e1', true), false);
  assert.deepEqual(turns.ended('a1'), ['e1']);
  assert.deepEqual(turns.ended('b1'), ['c1']);
  assert.deepEqual([turns.waits('c1'), turns.waits('d1')], [false, true]);
});

test('so many at once to one host; others do not wait for it', () => {
  const turns = new Turns<string>(10, 2, hostOf);
  assert.deepEqual(
    ['a1', 'a2', 'a3', 'b1'].map((item) => turns.take(item, false)),
    [true, true, false, true],
  );
  assert.equal(turns.take('a4', true), false);
  assert.deepEqual(turns.ended('b1'), []);
  assert.deepEqual(turns.ended('a1'), ['a4']);
  assert.deepEqual(turns.ended('a2'), ['a3']);
});

test('who leaves is not started', () => {
  const turns = new Turns<string>(1, 1, hostOf);
  assert.deepEqual(
    ['a1', 'a2', 'b1'].map((item) => turns.take(item, false)),
    [true, false, false],
  );
  turns.leave('a2');
  turns.leave('b1');
  assert.deepEqual(turns.ended('a1'), []);
});

test('random turns: the limits hold, and everybody comes to his', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = randomOf(seed);
    const turns = new Turns<string>(5, 2, hostOf);
    const underWay = new Set<string>();
    let started = 0;
    const start = (item: string) => {
      started++;
      underWay.add(item);
      assert.ok(underWay.size <= 5);
      assert.ok([...underWay].filter((one) => hostOf(one) === hostOf(item)).length <= 2);
    };
    for (let i = 0; i < 200; i++) {
      const item = `${'abc'[Math.floor(random() * 3)]}${i}`;
      if (turns.take(item, random() < 0.3)) start(item);
      if (random() < 0.4) endOne();
    }
    while (underWay.size > 0) endOne();
    assert.equal(started, 200);

    function endOne(): void {
      const items = [...underWay];
      const item = items[Math.floor(random() * items.length)];
      if (item === undefined) return;
      underWay.delete(item);
      for (const next of turns.ended(item)) start(next);
    }
  }
});
