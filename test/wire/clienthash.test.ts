// The hash of a client's network is a format: all servers of an anycast set, now and later, give a client the
// same bucket. The values were made by a few lines of Python from the definition.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientHash } from '../../src/wire/clienthash.ts';
import { parseAddressText } from '../../src/wire/literals.ts';
import { randomFrom } from '../balance/random.ts';

const hashOf = (text: string): number => {
  const octets = parseAddressText(text)!;
  return clientHash(Uint8Array.of(9, 9, ...octets), 2, octets.length);
};

test('the hash of a network is what it always was', () => {
  assert.equal(hashOf('0.0.0.0'), 126653903);
  assert.equal(hashOf('192.0.2.1'), 2186193618);
  assert.equal(hashOf('255.255.255.255'), 210907831);
  assert.equal(hashOf('::'), 3057302949);
  assert.equal(hashOf('2001:db8:1:2ff::1'), 3204865033);
  assert.equal(hashOf('ffff:ffff:ffff:ff00::'), 3027102571);
});

test('a /24 and a /56 are one client, their neighbours are others, and families do not meet', () => {
  assert.equal(hashOf('192.0.2.1'), hashOf('192.0.2.254'));
  assert.notEqual(hashOf('192.0.2.1'), hashOf('192.0.3.1'));
  assert.equal(hashOf('2001:db8:0:12::1'), hashOf('2001:db8:0:ff:ff::2'));
  assert.notEqual(hashOf('2001:db8:0:12::1'), hashOf('2001:db8:0:112::1'));
  assert.notEqual(hashOf('0.0.0.0'), hashOf('::'));
});

test('neighbouring networks spread evenly over buckets', () => {
  const buckets = new Uint32Array(256);
  const random = randomFrom(7);
  for (let i = 0; i < 65_536; i++) {
    buckets[clientHash(Uint8Array.of(10, i >> 8, i & 255, random.below(256)), 0, 4) & 255]! += 1;
  }
  // 256 expected in each, 16 is the deviation of chance.
  assert.ok(Math.min(...buckets) > 256 - 6 * 16 && Math.max(...buckets) < 256 + 6 * 16, buckets.join());
});
