// Names: text and wire, limits, order. The cases of one rule stand in one table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compare,
  equal,
  lowercase,
  nameLength,
  parseNameText,
  printName,
  skipName,
} from '../../src/wire/names.ts';
import { randomFrom } from '../balance/random.ts';

const origin = wire('site.example.');

function wire(text: string, from?: Uint8Array): Uint8Array {
  const parsed = parseNameText(text, from);
  assert.ok(parsed.name, `${text}: ${parsed.name === undefined ? parsed.what : ''}`);
  return parsed.name;
}

const label63 = 'a'.repeat(63);
const name255 = `${label63}.${label63}.${label63}.${'b'.repeat(61)}.`;

test('text to wire to text', () => {
  const cases: readonly (readonly [text: string, printed: string])[] = [
    ['.', '.'],
    ['@', 'site.example.'],
    ['www', 'www.site.example.'],
    ['WWW.Other.Example.', 'WWW.Other.Example.'],
    ['a.b', 'a.b.site.example.'],
    ['\\@', '\\@.site.example.'],
    ['a\\.b', 'a\\.b.site.example.'],
    ['a\\046b', 'a\\.b.site.example.'],
    ['\\000\\255', '\\000\\255.site.example.'],
    ['*', '*.site.example.'],
    ['\\*', '*.site.example.'],
    ['a\\032b.', 'a\\032b.'],
    ['\\"\\;\\(\\)\\$\\\\.', '\\"\\;\\(\\)\\$\\\\.'],
    ['_x-1.', '_x-1.'],
    ['ä.', '\\195\\164.'],
    [name255, name255],
    [`${label63}.`, `${label63}.`],
  ];
  for (const [text, printed] of cases) assert.equal(printName(wire(text, origin)), printed, text);
});

test('what is no name says why', () => {
  const cases: readonly (readonly [text: string, what: RegExp])[] = [
    ['', /empty/],
    ['.a', /empty label/],
    ['a..b', /empty label/],
    ['a..', /empty label/],
    ['..', /empty label/],
    [`${label63}a.`, /label is longer than 63/],
    [`${label63}a`, /label is longer than 63/],
    [`b.${name255}`, /longer than 255/],
    [name255.slice(0, -1), /longer than 255/], // fits only without the origin
    ['a'.repeat(1000), /label is longer than 63/],
    ['a.'.repeat(1000), /longer than 255/],
    ['\\', /backslash/],
    ['a\\25', /backslash/],
    ['a\\256', /backslash/],
    ['a\\2x5', /backslash/],
  ];
  for (const [text, what] of cases) {
    const parsed = parseNameText(text, origin);
    assert.ok(parsed.name === undefined, text.slice(0, 20));
    assert.match(parsed.what, what);
  }
});

test('a name of 255 octets fits, also when the origin completes it', () => {
  assert.equal(wire(name255).length, 255);
  const rest = 255 - origin.length - 3 * 64 - 1;
  const relative = `${label63}.${label63}.${label63}.${'c'.repeat(rest)}`;
  assert.equal(wire(relative, origin).length, 255);
  assert.equal(parseNameText(`${relative}c`, origin).name, undefined);
});

test('names of all 256 octets survive text and back', () => {
  const random = randomFrom(20);
  for (let round = 0; round < 2000; round++) {
    const octets: number[] = [];
    for (let labels = random.below(5); labels > 0; labels--) {
      const size = 1 + random.below(random.pick([1, 5, 48]));
      octets.push(size, ...Array.from({ length: size }, () => random.below(256)));
    }
    octets.push(0);
    const name = Uint8Array.from(octets);
    const text = printName(name);
    assert.deepEqual(wire(text), name, text);
    assert.match(text, /^[\x21-\x7e]+$/);
  }
});

test('canonical order is that of RFC 4034 §6.1', () => {
  const sorted = [
    'example.',
    'a.example.',
    'yljkjljk.a.example.',
    'Z.a.example.',
    'zABC.a.EXAMPLE.',
    'z.example.',
    '\\001.z.example.',
    '*.z.example.',
    '\\200.z.example.',
  ].map((text) => wire(text));
  for (let i = 0; i < sorted.length; i++) {
    for (let j = 0; j < sorted.length; j++) {
      assert.equal(Math.sign(compare(sorted[i]!, 0, sorted[j]!, 0)), Math.sign(i - j), `${i} ${j}`);
    }
  }
});

test('case does not matter, other octets do', () => {
  assert.ok(equal(wire('WwW.Site.Example.'), 0, wire('www.sITE.eXAMPLE.'), 0));
  assert.ok(!equal(wire('@.', undefined), 0, wire('`.'), 0)); // 0x40 and 0x60 differ in the bit of case
  assert.ok(!equal(wire('a.b.'), 0, wire('a\\.b.'), 0));
  assert.equal(printName(lowercase(wire('X.Y\\091.Z.'))), 'x.y[.z.');
});

test('a name in octets is measured inside its bounds only', () => {
  const octets = Uint8Array.from([1, 97, 0, 64, 0]);
  assert.equal(skipName(octets, 0, 5), 3);
  assert.equal(skipName(octets, 0, 2), -1);
  assert.equal(skipName(octets, 3, 5), -1); // a length of 64 is none
  assert.equal(nameLength(octets), 3);
  const long = new Uint8Array(300).fill(1);
  assert.equal(skipName(long, 0, 300), -1);
});
