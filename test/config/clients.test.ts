// What steerdns.yaml says of clients: who is looked at, and who is told more. The faults are in faults.txt.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config.ts';
import { printFault } from '../../src/faults.ts';
import { explainToMax } from '../../src/limits.ts';

function load(yaml: string) {
  const files: Readonly<Record<string, string>> = { 'site.example.zone': '', 'steerdns.yaml': yaml };
  const read = (path: string) => new TextEncoder().encode(files[path]);
  const { config, faults } = loadConfig('.', () => Object.keys(files), read);
  return { server: config.server, faults: faults.map(printFault) };
}

test('the client subnet is off unless it is on', () => {
  assert.equal(load('').server.clientSubnet, false);
  assert.equal(load('client-subnet: on\n').server.clientSubnet, true);
  assert.equal(load('client-subnet: off\n').server.clientSubnet, false);
});

test('nobody is told how a pool is but networks that are named, as many as there may be', () => {
  assert.deepEqual(load('').server.explainTo, []);
  const [network] = load('explain-to: [10.0.0.0/8]\n').server.explainTo;
  assert.deepEqual(network, { address: new Uint8Array([10, 0, 0, 0]), bits: 8 });
  const many = Array.from({ length: explainToMax }, (_, i) => `10.0.${i}.0/24`);
  const { server, faults } = load(`explain-to: [${many}]\n`);
  assert.deepEqual([server.explainTo.length, faults], [explainToMax, []]);
  assert.deepEqual(load(`explain-to: [${many}, 192.0.2.0/24]\n`).faults, [
    'steerdns.yaml:1:13: error: explain-to has 65 networks, more than 64 (write larger networks)',
  ]);
});
