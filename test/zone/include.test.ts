// $INCLUDE stays inside the zone folder, whatever symbolic links say: real files in a temporary folder.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadZoneFile } from '../../src/zone/scan.ts';
import { lines, origin, places } from './memory.ts';

const folder = mkdtempSync(join(tmpdir(), 'steerdns-include-'));
after(() => rmSync(folder, { recursive: true }));
const zones = join(folder, 'zones');
mkdirSync(join(zones, 'sub'), { recursive: true });
mkdirSync(join(folder, 'zones-beside'));
writeFileSync(join(zones, 'sub', 'inside.inc'), 'in 5 A 1.1.1.1\n');
writeFileSync(join(folder, 'outside.inc'), 'secret 5 TXT x\n');
writeFileSync(join(folder, 'zones-beside', 'b.inc'), 'beside 5 TXT x\n');
symlinkSync(join(folder, 'outside.inc'), join(zones, 'link.inc'));
symlinkSync(join(zones, 'sub', 'inside.inc'), join(zones, 'link-inside.inc'));
symlinkSync(folder, join(zones, 'up'));
symlinkSync(zones, join(folder, 'zones-link'));

function load(root: string, include: string) {
  const file = join(root, 't.example.zone');
  writeFileSync(file, `$INCLUDE ${include}\n`);
  return loadZoneFile(file, origin, { root, read: (path) => readFileSync(path) });
}

test('a file inside is read, also through links and when the folder itself is one', () => {
  for (const root of [zones, join(folder, 'zones-link')]) {
    for (const include of [
      'sub/inside.inc',
      'link-inside.inc',
      './sub/../sub/inside.inc',
      `${root}/sub/inside.inc`,
    ]) {
      const { records, faults } = load(root, include);
      assert.deepEqual(places(faults), []);
      assert.deepEqual(lines(records), ['in.t.example. 5 A 1.1.1.1']);
    }
  }
});

test('a file outside is not', () => {
  const outside = [
    '../outside.inc',
    join(folder, 'outside.inc'),
    'link.inc',
    'up/outside.inc',
    '../zones-beside/b.inc',
    '..',
    '/etc/passwd',
    '/dev/zero',
  ];
  for (const root of [zones, join(folder, 'zones-link')]) {
    for (const include of outside) {
      const { records, faults } = load(root, include);
      assert.equal(records.count, 0);
      assert.match(faults[0]!.what, /lies outside the zone folder/, include);
    }
  }
});

test('what cannot be read says why', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['gone.inc', /there is no such file/],
    ['sub', /it is a folder/],
    ['sub/inside.inc/x', /a part of the path is no folder/],
    ['a\\000b', /a zero octet/],
  ];
  for (const [include, what] of cases)
    assert.match(load(join(folder, 'zones-link'), include).faults[0]!.what, what);
});
