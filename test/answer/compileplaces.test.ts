// The table of places: what is compiled is what the longest prefix says, each row is one aligned prefix, and
// rows of one place are one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlaceTree } from '../../src/answer/compileplaces.ts';
import { findPlace, PLACE_PART, PLACES, placesFault } from '../../src/answer/places.ts';
import { parseAddressText, printAddress } from '../../src/wire/literals.ts';
import { type Network, parseNetwork, startsWith } from '../../src/wire/networks.ts';
import { randomFrom } from '../balance/random.ts';

/** `192.0.2.0/24 1` puts a network into a place. */
function tableOf(...lines: readonly string[]): Uint32Array {
  const tree = new PlaceTree();
  for (const line of lines) {
    const [network = '', place] = line.split(' ');
    const { address, bits } = parseNetwork(network) as Network;
    tree.set(address, bits, Number(place));
  }
  const table = tree.compile(3)!;
  assert.equal(placesFault(table), undefined);
  return new Uint32Array(table.buffer);
}

/** Place and prefix length of an address, `1/24`. */
function placeAt(words: Uint32Array, text: string): string {
  const address = parseAddressText(text)!;
  const found = findPlace(words, address, 0, address.length);
  return `${found & PLACE_PART.number}/${found >>> PLACE_PART.lengthShift}`;
}

test('nothing said is one row of each family, of no place', () => {
  const words = tableOf();
  assert.equal(placeAt(words, '192.0.2.1'), '0/0');
  assert.equal(placeAt(words, '2001:db8::1'), '0/0');
  assert.equal(words[PLACES.v4Count], 1);
  assert.equal(words[PLACES.v6Count], 1);
});

test('a later prefix covers what was said of its addresses, and leaves the rest', () => {
  const words = tableOf('192.0.2.0/24 1', '192.0.2.128/26 2', '192.0.2.129/32 3', '2001:db8::/32 2');
  const expected = {
    '192.0.1.255': '0/23',
    '192.0.2.0': '1/25',
    '192.0.2.128': '2/32',
    '192.0.2.129': '3/32',
    '192.0.2.130': '2/31',
    '192.0.2.160': '2/27',
    '192.0.2.192': '1/26',
    '192.0.3.0': '0/24',
    '2001:db7:ffff:ffff:ffff::': '0/29',
    '2001:db8::1': '2/32',
    '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff': '2/32',
    '2001:db9::': '0/32',
  };
  for (const [text, place] of Object.entries(expected)) assert.equal(placeAt(words, text), place, text);
  assert.equal(placeAt(tableOf('192.0.2.0/25 1', '192.0.2.0/24 2'), '192.0.2.1'), '2/24');
});

test('halves of one place are one row, up to everything', () => {
  const words = tableOf(
    '0.0.0.0/1 1',
    '128.0.0.0/2 1',
    '192.0.0.0/2 1',
    '2001:db8::/64 1',
    '2001:db8:0:1::/64 1',
  );
  assert.equal(placeAt(words, '192.0.2.1'), '1/0');
  assert.equal(words[PLACES.v4Count], 1);
  assert.equal(placeAt(words, '2001:db8::1'), '1/63');
});

test('whatever prefixes: the longest one says the place; rows are aligned and without gaps', () => {
  const random = randomFrom(11);
  for (let run = 0; run < 60; run++) {
    const isV4 = run % 2 === 0;
    const size = isV4 ? 4 : 16;
    const bitsMax = isV4 ? 32 : 64;
    const networks = Array.from({ length: random.below(40) }, () => {
      const bits = random.below(bitsMax + 1);
      const address = new Uint8Array(size);
      for (let bit = 0; bit < bits; bit++) {
        // Few different bits at the front, so that prefixes meet.
        if (random.below(bit < 20 ? 6 : 2) === 0) address[bit >> 3]! |= 0x80 >> (bit & 7);
      }
      return { address, bits, place: random.below(4) };
    }).sort((a, b) => a.bits - b.bits);
    const tree = new PlaceTree();
    for (const { address, bits, place } of networks) tree.set(address, bits, place);
    const words = new Uint32Array(tree.compile(3)!.buffer);
    for (let ask = 0; ask < 300; ask++) {
      const near = networks.length > 0 && random.below(3) > 0 ? random.pick(networks).address : undefined;
      const address = Uint8Array.from({ length: size }, (_, i) => near?.[i] ?? random.below(256));
      if (near !== undefined) address[random.below(size)]! ^= 1 << random.below(8);
      const at = `run ${run}: ${printAddress(address)}`;
      const said = networks.findLast((one) => startsWith(address, 0, one.address, one.bits));
      const found = findPlace(words, address, 0, size);
      assert.equal(found & PLACE_PART.number, said?.place ?? 0, at);
    }
    checkRows(words, isV4);
  }
});

/** Rows follow one another: each begins where the one before ends, as a prefix of its length. */
function checkRows(words: Uint32Array, isV4: boolean): void {
  const [first, count, size] = isV4
    ? [words[PLACES.v4At]!, words[PLACES.v4Count]!, 2]
    : [words[PLACES.v6At]!, words[PLACES.v6Count]!, 3];
  let next = 0n;
  let before = -1;
  for (let i = 0; i < count; i++) {
    const row = [...words.subarray(first + i * size, first + (i + 1) * size)];
    const address = isV4 ? BigInt(row[0]!) : (BigInt(row[0]!) << 32n) | BigInt(row[1]!);
    const bits = BigInt(row.at(-1)! >>> PLACE_PART.lengthShift);
    const length = 1n << ((isV4 ? 32n : 64n) - bits);
    assert.equal(address, next);
    assert.equal(address % length, 0n);
    next += length;
    const isSibling = before === row.at(-1) && address % (2n * length) !== 0n;
    assert.ok(!isSibling, 'two halves of one place');
    before = row.at(-1)!;
  }
  assert.equal(next, 1n << (isV4 ? 32n : 64n));
}
