// Hints for words that nobody knows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest, suggest } from '../src/near.ts';

test('slips of the pen are found, other words are not', () => {
  const keys = ['weight', 'name', 'check', 'when-all-down'];
  for (const [word, meant] of [
    ['wieght', 'weight'],
    ['wight', 'weight'],
    ['Weight', 'weight'],
    ['weights', 'weight'],
    ['nam', 'name'],
    ['whenalldown', 'when-all-down'],
    ['colour', undefined],
    ['', undefined],
    ['xy', undefined],
  ] as const) {
    assert.equal(nearest(word, keys), meant, word);
  }
  assert.equal(nearest('weight', []), undefined);
});

test('of two the nearer one, of equals the first', () => {
  assert.equal(nearest('web12', ['web1', 'web123', 'web2']), 'web1');
  assert.equal(nearest('htps', ['http', 'https']), 'https');
});

test('where nothing is near, few choices are listed', () => {
  assert.equal(suggest('wieght', ['weight', 'name']), 'did you mean "weight"?');
  assert.equal(suggest('colour', ['weight', 'name']), 'one of: weight, name');
  assert.equal(suggest('colour', ['weight']), 'only "weight" is possible');
  assert.equal(suggest('colour', []), '');
  const many = Array.from({ length: 17 }, (_, i) => `choice${i}`);
  assert.equal(suggest('colour', many), '');
});
