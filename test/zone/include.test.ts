// $INCLUDE stays inside the zone folder, whatever symbolic links say: real files in a temporary folder.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { printFault } from '../../src/faults.ts';
import { includeDepthMax } from '../../src/limits.ts';
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

test('a folder of links into a folder of links, as Kubernetes mounts a ConfigMap', () => {
  const mount = join(folder, 'mount');
  for (const edition of ['..1', '..2']) {
    mkdirSync(join(mount, edition), { recursive: true });
    writeFileSync(join(mount, edition, 't.example.zone'), '$INCLUDE a.inc o\n$INCLUDE leave.inc');
    writeFileSync(join(mount, edition, 'a.inc'), `a 5 TXT ${edition}`);
    symlinkSync(join('..', '..', 'outside.inc'), join(mount, edition, 'leave.inc'));
  }
  symlinkSync('..1', join(mount, '..data'));
  for (const name of ['t.example.zone', 'a.inc', 'leave.inc'])
    symlinkSync(join('..data', name), join(mount, name));
  symlinkSync(mount, join(folder, 'mount-link'));
  const loadFrom = (root: string) =>
    loadZoneFile(join(root, 't.example.zone'), origin, { root, read: (path) => readFileSync(path) });
  for (const root of [mount, join(folder, 'mount-link')]) {
    const { records, faults } = loadFrom(root);
    assert.deepEqual(lines(records), ['a.o.t.example. 5 TXT "..1"']);
    assert.deepEqual(places(faults), [`2:10 ${root}/leave.inc lies outside the zone folder`]);
  }
  rmSync(join(mount, '..data'));
  symlinkSync('..2', join(mount, '..data')); // an update
  assert.deepEqual(lines(loadFrom(mount).records), ['a.o.t.example. 5 TXT "..2"']);
});

test('a folder of zones below the root that is a link out of it is not read', () => {
  symlinkSync(join(folder, 'zones-beside'), join(zones, 'beside'));
  assert.match(load(zones, 'beside/b.inc').faults[0]!.what, /lies outside the zone folder/);
});

test('a file that includes itself is found out under another name too', () => {
  symlinkSync(join(zones, 'round.inc'), join(zones, 'other-name.inc'));
  writeFileSync(join(zones, 'round.inc'), 'r 5 TXT x\n$INCLUDE other-name.inc\n');
  const { records, faults } = load(zones, 'round.inc');
  assert.deepEqual(lines(records), ['r.t.example. 5 TXT "x"']);
  assert.deepEqual(places(faults), [`2:10 ${join(zones, 'other-name.inc')} includes itself`]);
  assert.match(load(zones, 't.example.zone').faults[0]!.what, /t\.example\.zone includes itself/);
});

test('links that go in a circle, and files nested too deep', () => {
  symlinkSync('circle-b', join(zones, 'circle-a'));
  symlinkSync('circle-a', join(zones, 'circle-b'));
  assert.match(load(zones, 'circle-a').faults[0]!.what, /links go in a circle/);
  for (let n = 1; n <= includeDepthMax; n++)
    writeFileSync(join(zones, `d${n}`), `d${n} 5 TXT x\n$INCLUDE d${n + 1}`);
  writeFileSync(join(zones, `d${includeDepthMax + 1}`), 'never 5 TXT x');
  const { records, faults } = load(zones, 'd1');
  assert.equal(records.count, includeDepthMax);
  assert.deepEqual(places(faults), [`2:10 $INCLUDE is nested deeper than ${includeDepthMax} levels`]);
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

test('what is said of a file name does nothing to a terminal and is one line', () => {
  const { faults } = load(zones, '"sub/\\027[31m\\010x"');
  assert.equal(faults.length, 1);
  assert.match(printFault(faults[0]!), /cannot read \S*sub\/\\x1b\[31m\\x0ax: there is no such file/);
});
