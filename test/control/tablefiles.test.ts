// Many tables in one file: found again by what their headers say, moved when little of a file is in service.
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { loadAll } from '../../src/control/load.ts';
import { openTable, TableFiles } from '../../src/control/tablefiles.ts';
import { Folders } from './fakeserver.ts';

const zone = (serial: number): string =>
  `$TTL 60\n@ SOA ns1 hostmaster ${serial} 1h 15m 1w 5m\n  NS ns1\nns1 A 192.0.2.1\n`;
const names = ['a', 'b', 'c'];

let folders: Folders;
beforeEach(() => {
  folders = new Folders();
  for (const name of names) folders.write(`${name}.example.zone`, zone(1));
});
afterEach(() => folders.remove());

function load(known: Parameters<typeof loadAll>[0]['known'] = []) {
  const { zones } = loadAll({ dir: folders.config, tablesDir: tablesDir(), known });
  assert.deepEqual(
    zones.map(({ origin }) => origin),
    names.map((name) => `${name}.example.`),
  );
  return zones;
}

function tablesDir(): string {
  return join(folders.run, 'tables');
}

test('the tables of one load are neighbours, and an unchanged zone stays where it is', () => {
  const before = load();
  assert.equal(new Set(before.map(({ file }) => file)).size, 1);
  assert.deepEqual(
    before.map(({ at }) => at),
    [0, before[0]!.length, before[0]!.length + before[1]!.length],
  );
  folders.write('b.example.zone', zone(2));
  const after = load(before);
  assert.deepEqual([after[0], after[2]], [before[0], before[2]]);
  assert.notEqual(after[1]!.file, before[1]!.file);
  assert.equal(after[1]!.at, 0);
});

test('what is left of a file moves when less than half of it is in service', () => {
  const first = load();
  folders.write('a.example.zone', zone(2));
  folders.write('b.example.zone', zone(2));
  const second = load(first);
  assert.equal(second[2]!.file, first[2]!.file);
  const third = load(second);
  assert.notEqual(third[2]!.file, first[2]!.file);
  assert.deepEqual(openTable(third[2]!), openTable(first[2]!));
  assert.equal(third[0]!.file, second[0]!.file);
});

test('after a crash every whole table is found by its id, and one that is cut off is not', () => {
  const zones = load();
  const [a, , c] = zones;
  truncateSync(c!.file, c!.at + 100);
  const tables = new TableFiles(tablesDir(), []);
  assert.deepEqual(tables.find(a!.id), { file: a!.file, at: 0, length: a!.length });
  assert.equal(tables.find(c!.id), undefined);
  const again = load();
  assert.equal(again[0]!.file, a!.file);
  assert.notEqual(again[2]!.file, c!.file);
});
