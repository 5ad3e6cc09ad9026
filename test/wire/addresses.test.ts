// Addresses with a port, as flags and the YAML have them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSocketAddress, printSocketAddress } from '../../src/wire/addresses.ts';

test('what is read is printed in one form', () => {
  for (const [text, printed] of [
    ['192.0.2.1:53', '192.0.2.1:53'],
    ['192.0.2.1', '192.0.2.1:7'],
    ['0.0.0.0:0', '0.0.0.0:0'],
    ['[2001:DB8:0:0::1]:5311', '[2001:db8::1]:5311'],
    ['[::1]', '[::1]:7'],
    ['::', '[::]:7'],
    ['2001:db8::1', '[2001:db8::1]:7'],
    ['[::ffff:192.0.2.1]:65535', '[::ffff:192.0.2.1]:65535'],
  ] as const) {
    const parsed = parseSocketAddress(text, 7);
    assert.ok(parsed !== undefined, text);
    assert.equal(printSocketAddress(parsed.address, parsed.port), printed);
  }
});

test('what is no address with a port', () => {
  for (const text of [
    '',
    ':53',
    '192.0.2.1:',
    '192.0.2.1:65536',
    '192.0.2.1:-1',
    '192.0.2.256:53',
    '192.0.2.01:53',
    '[192.0.2.1]:53',
    '[::1]:70000',
    '[::1]53',
    '[::1',
    '::1]:53',
    'localhost:53',
    '*:53',
    '192.0.2.1:53 ',
    'fe80::1%lo:53',
  ]) {
    assert.equal(parseSocketAddress(text, 53), undefined, text);
  }
});
