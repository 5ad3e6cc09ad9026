// The values that records are written with, each with what must be refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOT_ONE, parseAddressText, parseSeconds, printAddress, TOO_LARGE } from '../../src/wire/literals.ts';
import { randomFrom } from '../balance/random.ts';

test('seconds, plain and with units', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['3600', 3600],
    ['1h30m', 5400],
    ['1W2D3H4M5S', 788_645],
    ['1d1w', 691_200],
    ['0s', 0],
    ['2147483647', 0x7fffffff],
    ['2147483648', TOO_LARGE],
    ['99999999999999999999999999', TOO_LARGE],
    ['99999w', TOO_LARGE],
    ['', NOT_ONE],
    ['h', NOT_ONE],
    ['1h30', NOT_ONE],
    ['1y', NOT_ONE],
    ['-1', NOT_ONE],
    ['1.5h', NOT_ONE],
  ];
  for (const [text, seconds] of cases) {
    const octets = new TextEncoder().encode(text);
    assert.equal(parseSeconds(octets, 0, octets.length, 0x7fffffff), seconds, text);
  }
});

test('addresses in their one canonical form', () => {
  const cases: readonly (readonly [text: string, printed: string])[] = [
    ['192.0.2.1', '192.0.2.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['0.0.0.0', '0.0.0.0'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::192.0.2.1', '::192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ];
  for (const [text, printed] of cases) {
    const address = parseAddressText(text);
    assert.ok(address, text);
    assert.equal(printAddress(address), printed);
  }
});

test('what is no address', () => {
  const texts = [
    '',
    '999.1.1.1',
    '256.1.1.1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '01.2.3.4',
    '1.2.3.4 ',
    '1.2.3.x',
    ':',
    ':1',
    '1:',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    '::00001',
    '::g',
    '::1%eth0',
    '::1.2.3',
    '::1.2.3.4.5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1.2.3.4::',
  ];
  for (const text of texts) assert.equal(parseAddressText(text), undefined, text);
});

test('addresses survive text and back', () => {
  const random = randomFrom(4);
  for (let round = 0; round < 2000; round++) {
    const address = Uint8Array.from({ length: random.pick([4, 16]) }, () =>
      random.below(3) === 0 ? random.below(256) : 0,
    );
    assert.deepEqual(parseAddressText(printAddress(address)), address);
  }
});
