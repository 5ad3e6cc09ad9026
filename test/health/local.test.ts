// Whose fault an error is. Routes are asked of the real kernel: loopback has one, an unroutable address may
// not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRouteError, lacksRoute, ownFault } from '../../src/health/local.ts';

test('errors of this host are our own fault, those of the server are not', () => {
  const own = 'EMFILE ENFILE ENOBUFS ENOMEM EADDRNOTAVAIL ENETDOWN EACCES EPERM EAFNOSUPPORT';
  for (const code of own.split(' ')) assert.match(ownFault(code) ?? '', new RegExp(`\\(${code}\\)$`));
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', '', 'toString']) {
    assert.equal(ownFault(code), undefined, code);
  }
  assert.equal(isRouteError('EHOSTUNREACH'), true);
  assert.equal(isRouteError('ECONNREFUSED'), false);
});

test('the routing table says whether this host can reach an address, and nothing is sent', async () => {
  assert.equal(await lacksRoute('127.0.0.1', 9), false);
  assert.equal(await lacksRoute('::1', 9), false);
  // Multicast from loopback's point of view and broadcast are refused by the kernel before any routing.
  assert.equal(await lacksRoute('255.255.255.255', 9), true);
});
