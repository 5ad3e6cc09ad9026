// Keys of endpoints: the same probe is shared, anything that differs is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Check, checkDefaults, endpointKey } from '../../src/health/check.ts';

const check: Check = { kind: 'http', port: 80, options: { path: '/', host: 'a.example' }, ...checkDefaults };

test('the order of options and absent ones make no difference', () => {
  const same = { ...check, options: { host: 'a.example', body: undefined, path: '/' } };
  assert.equal(endpointKey(same, '192.0.2.1'), endpointKey(check, '192.0.2.1'));
});

test('everything that changes a probe or its timing changes the key', () => {
  const others: Check[] = [
    { ...check, kind: 'https' },
    { ...check, port: 81 },
    { ...check, address: '192.0.2.9' },
    { ...check, options: { path: '/x', host: 'a.example' } },
    { ...check, options: { path: '/' } },
    { ...check, intervalMs: 1 },
    { ...check, timeoutMs: 1 },
    { ...check, recheckMs: 1 },
    { ...check, fall: 1 },
    { ...check, rise: 1 },
  ];
  const keys = new Set([check, ...others].map((one) => endpointKey(one, '192.0.2.1')));
  keys.add(endpointKey(check, '192.0.2.2'));
  assert.equal(keys.size, others.length + 2);
});
