// Loading a folder: tables, pools, faults of all files at once, and which tables are kept as they are.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type Loaded, type LoadedZone, loadAll } from '../../src/control/load.ts';
import { loadInThread } from '../../src/control/loader.ts';
import { Sources } from '../../src/control/sources.ts';
import { printFault } from '../../src/faults.ts';
import { writeMmdb } from '../mmdb.ts';
import { Folders } from './fakeserver.ts';

let folders: Folders;
beforeEach(() => {
  folders = new Folders();
});
afterEach(() => folders.remove());

const head = '$TTL 60\n@ SOA ns1 mail 7 3600 600 86400 300\n@ NS ns1\nns1 A 192.0.2.1\n';

function load(known: readonly LoadedZone[] = []): Loaded {
  return loadAll({ dir: folders.config, tablesDir: join(folders.run, 'tables'), known });
}

function tables(): string[] {
  return readdirSync(join(folders.run, 'tables'));
}

test('a zone gets a table, its pools and its endpoints', () => {
  folders.write('site.example.zone', `${head}www A 192.0.2.10\nwww A 192.0.2.11\nwww AAAA 2001:db8::10\n`);
  folders.write(
    'site.example.yaml',
    'checks:\n  c: { type: tcp, port: 80 }\nbalance:\n  www:\n    check: c\n' +
      '    members: { 192.0.2.10: { name: a, weight: 3 }, 2001:db8::10: { name: a } }\n',
  );
  const { zones, faults, faulty, changes } = load();
  assert.deepEqual(faults, []);
  assert.deepEqual(faulty, []);
  const [zone] = zones;
  assert.equal(zone!.origin, 'site.example.');
  assert.equal(zone!.serial, 7);
  assert.equal(zone!.records, 6);
  assert.deepEqual(tables(), [basename(zone!.file)]);
  assert.deepEqual(
    zone!.pools[0]!.members.map(({ name, weight, addresses }) => [
      name,
      weight,
      addresses.map(({ text }) => text),
    ]),
    [
      ['a', 3, ['192.0.2.10', '2001:db8::10']],
      ['192.0.2.11', 1, ['192.0.2.11']],
    ],
  );
  assert.equal(zone!.endpoints.length, 3);
  assert.equal(changes[0]!.text, 'site.example: new, serial 7, 6 records, www 2 members');
});

test('faults of all files are collected, between zone and YAML too; only faulty zones are left out', () => {
  folders.write('a.example.zone', `${head}x A 1.2.3\nwww A 192.0.2.10\n`);
  folders.write('a.example.yaml', 'balance:\n  www: { members: { 192.0.2.99: { weight: 2 } } }\n');
  folders.write('b.example.zone', `${head}`);
  folders.write('b.example.yaml', 'balanced: {}\n');
  folders.write('c.example.zone', head);
  const { zones, faults, faulty } = load();
  assert.deepEqual(
    faults
      .filter(({ severity }) => severity === 'error')
      .map(({ file, line }) => `${file.slice(-14)}:${line}`),
    ['a.example.yaml:2', 'a.example.zone:5', 'b.example.yaml:1'],
  );
  assert.deepEqual(faulty, ['a.example.', 'b.example.']);
  assert.deepEqual(
    zones.map(({ origin }) => origin),
    ['c.example.'],
  );
});

test('balance at or below a zone cut is a fault, at the place where it is written', () => {
  folders.write('a.example.zone', `${head}sub NS ns.sub\nns.sub A 192.0.2.7\n`);
  folders.write('a.example.yaml', 'balance:\n  ns.sub: {}\n');
  const [fault] = load().faults;
  assert.match(fault!.what, /ns\.sub\.a\.example\. is balanced, but it is delegated/);
  assert.equal(fault!.line, 2);
});

test('a member of a CNAME that leads to a name which the zone lacks is a fault', () => {
  const more =
    'www CNAME here\nhere A 192.0.2.2\n*.w A 192.0.2.3\nsub NS ns.else.test.\nd DNAME else.test.\n';
  folders.write('site.example.zone', head + more);
  folders.write('b.site.example.zone', head); // a zone of its own, though not delegated
  const there = 'a.w: {}, x.sub: {}, y.d: {}, z.b: {}, else.test.: {}';
  const yaml = (members: string) =>
    folders.write('site.example.yaml', `balance:\n  www: { members: { ${members} } }\n`);
  yaml(`${there}, ns1: {}`);
  const { zones, faults } = load();
  assert.deepEqual(faults.map(printFault), []);
  yaml(`${there}, b.cdn.example.net: {}, nowhere: {}`);
  for (const known of [zones, []]) {
    const said = load(known).faults.map((fault) => printFault(fault).replace(/^.*\//, ''));
    assert.deepEqual(said, [
      'site.example.yaml:2:75: error: www.site.example. may lead to b.cdn.example.net.site.example., which' +
        ' the zone does not have (is a final dot missing? "b.cdn.example.net." is a name as it is; without' +
        " one the zone's is added)",
      'site.example.yaml:2:98: error: www.site.example. may lead to nowhere.site.example., which the zone' +
        ' does not have (add "nowhere" to the zone file)',
    ]);
  }
  folders.write('site.example.zone', head + more.replace('here A', 'there A'));
  yaml(there);
  assert.match(load().faults.map(printFault).join(), /2:3: error: www.* may lead to here\.site\.example\./);
});

test('the table stays while sources and balanced owners do, and changes with each of them', () => {
  const yaml = (owner: string, answers: number) => `balance:\n  ${owner}: { answers: ${answers} }\n`;
  folders.write('a.example.zone', `${head}$INCLUDE more\nwww A 192.0.2.10\nw2 A 192.0.2.10\n`);
  folders.write('more', 'inc A 192.0.2.1\n');
  folders.write('a.example.yaml', yaml('www', 1));
  const [first] = load().zones;
  folders.write('a.example.yaml', yaml('www', 2));
  const weights = load([first!]);
  assert.equal(weights.zones[0]!.id, first!.id);
  assert.equal(weights.changes[0]!.text, 'a.example: www balanced anew');
  folders.write('more', 'inc A 192.0.2.2\n');
  const included = load([first!]);
  assert.notEqual(included.zones[0]!.id, first!.id);
  assert.match(included.changes[0]!.text, /^a\.example: serial 7 as before, \+1 -1 records/);
  folders.write('a.example.yaml', yaml('w2', 1));
  const owner = load([first!]);
  assert.notEqual(owner.zones[0]!.id, included.zones[0]!.id);
});

test('an unchanged zone is served from the table that is there, with its warnings and addresses', () => {
  folders.write('a.example.zone', `${head}www A 192.0.2.10\nwww A 192.0.2.10\n`);
  folders.write('a.example.yaml', 'balance:\n  www: {}\n');
  const first = load();
  const again = load(first.zones);
  assert.deepEqual(again.zones, first.zones);
  assert.deepEqual(again.faults, first.faults);
  assert.deepEqual(again.changes, []);
  const afterCrash = load();
  assert.equal(afterCrash.zones[0]!.id, first.zones[0]!.id);
  assert.deepEqual(afterCrash.zones[0]!.pools, first.zones[0]!.pools);
});

test('a pipe in place of a file is a fault, not a wait', () => {
  folders.write('b.example.zone', head);
  execFileSync('mkfifo', [join(folders.config, 'a.example.zone')]);
  assert.match(load().faults[0]!.what, /a\.example\.zone: not an ordinary file/);
});

test('a table that was cleared away does not keep a changed zone from its reload', () => {
  folders.write('a.example.zone', `${head}www A 192.0.2.10\n`);
  const first = load();
  rmSync(first.zones[0]!.file);
  folders.write('a.example.zone', `${head}www A 192.0.2.11\n`);
  const { zones, changes } = load(first.zones);
  assert.ok(existsSync(zones[0]!.file));
  assert.equal(changes.length, 1);
});

test('a damaged table is made anew', () => {
  folders.write('a.example.zone', head);
  const [zone] = load().zones;
  writeFileSync(zone!.file, 'not a table');
  assert.equal(load().zones[0]!.length, zone!.length);
});

test('a zone that is gone is a change; sources are those of what is served', () => {
  folders.write('a.example.zone', `${head}$INCLUDE sub/more\n`);
  mkdirSync(join(folders.config, 'sub'));
  folders.write('sub/more', 'x A 192.0.2.1\n');
  folders.write('b.example.zone', head);
  folders.write('c.example.zone', 'nonsense\n');
  folders.write('steerdns.yaml', 'workers: 1\n');
  const first = load();
  assert.deepEqual(first.sources.map(({ path }) => path).sort(), [
    'a.example.zone',
    'b.example.zone',
    'steerdns.yaml',
    'sub/more',
  ]);
  rmSync(join(folders.config, 'b.example.zone'));
  const second = load(first.zones);
  assert.deepEqual(
    second.changes.map(({ text }) => text),
    ['b.example: removed, serial 7, 3 records'],
  );
});

test('secrets that steerdns.yaml names are sources too, and everybody is not to read them', () => {
  folders.write('a.example.zone', head);
  folders.write('steerdns.yaml', 'cookies: { secret-file: secrets }\n');
  folders.write('secrets', '00112233445566778899aabbccddeeff\n');
  const file = join(folders.config, 'secrets');
  for (const mode of [0o600, 0o640, 0o644, 0o604]) {
    chmodSync(file, mode);
    const { server, faults, sources } = load();
    assert.deepEqual(server.cookies.secrets.length, 1);
    assert.ok(sources.some(({ path }) => path === 'secrets'));
    const what = 'warning: everybody on this machine can read these secrets';
    const warnings = (mode & 0o004) === 0 ? [] : [`${file}:1:1: ${what} (chmod o-r ${file})`];
    assert.deepEqual(faults.map(printFault), warnings);
  }
  // Outside the folder they are read all the same, but no copy is kept of what is not ours to copy.
  const outside = join(folders.root, 'secrets');
  renameSync(file, outside);
  folders.write('steerdns.yaml', `cookies: { secret-file: ${outside} }\n`);
  const { server, sources } = load();
  assert.deepEqual(server.cookies.secrets.length, 1);
  assert.deepEqual(
    sources.map(({ path }) => path),
    ['steerdns.yaml', 'a.example.zone'],
  );
});

test('a source that is no ordinary file is a fault, not a wait', () => {
  folders.write('a.example.zone', head);
  mkdirSync(join(folders.config, 'b.example.zone'));
  const { faults, zones } = load();
  assert.equal(zones.length, 1);
  assert.match(faults[0]!.file, /b\.example\.zone$/);
  const sources = new Sources(folders.config);
  assert.throws(() => sources.read('/dev/zero'), /not an ordinary file/);
});

test('the thread loads the same, says the settings first, and reports its own death', async () => {
  folders.write('a.example.zone', head);
  folders.write('steerdns.yaml', 'workers: 3\n');
  const request = { dir: folders.config, tablesDir: join(folders.run, 'tables'), known: [] };
  const said: number[] = [];
  const loaded = await loadInThread(request, ({ workers }) => said.push(workers));
  assert.deepEqual(said, [3]);
  const inline = loadAll(request);
  assert.deepEqual(loaded.zones, inline.zones);
  assert.deepEqual(
    loaded.sources.map(({ path, content }) => [path, Buffer.from(content).toString()]),
    inline.sources.map(({ path, content }) => [path, Buffer.from(content).toString()]),
  );
  await assert.rejects(loadInThread({ ...request, tablesDir: '/dev/null/no' }), /ENOTDIR|ENOENT/);
});

test('an MMDB file is a source of the settings; where it stays the same its table is used again', () => {
  folders.write('steerdns.yaml', 'mmdb: x.mmdb\nplaces: { eu: { countries: DE } }\n');
  folders.write('site.example.zone', `${head}www A 192.0.2.10\n`);
  folders.write(
    'site.example.yaml',
    'balance: { www: { policy: nearest, members: { 192.0.2.10: { place: eu } } } }',
  );
  const writeWorld = (...lines: string[]) =>
    writeFileSync(join(folders.config, 'x.mmdb'), writeMmdb(lines, { ipVersion: 4 }));
  writeWorld('192.0.2.0/24 DE EU');
  const again = (before: Loaded) =>
    loadAll({ dir: folders.config, tablesDir: undefined, known: [], knownPlaces: before.places });
  const first = load();
  assert.deepEqual(first.faults.map(printFault), []);
  assert.ok(first.sources.some(({ path }) => path === 'x.mmdb'));
  assert.deepEqual(first.places!.names, ['eu']);
  assert.equal(again(first).places, first.places);
  writeWorld('198.51.100.0/24 DE EU');
  assert.notDeepEqual(again(first).places!.table, first.places!.table);
  writeFileSync(join(folders.config, 'x.mmdb'), 'no database');
  const [fault] = again(first).faults;
  assert.match(fault!.what, /^this is no MMDB file that can be used/);
});
