// What survives a restart: written whole or not at all, read back or refused with a reason.
import assert from 'node:assert';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { readKept, readManifest, type ToKeep, writeKept } from '../../src/serve/kept.ts';

let root: string;
let state: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'steerdns-kept-'));
  state = join(root, 'state');
  mkdirSync(state);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function toKeep(id: string, edition: number, savedAt = 1000): ToKeep {
  const path = join(root, `${id}.table`);
  writeFileSync(path, `--zone ${id}--`); // one of several in the file
  return {
    savedAt,
    accepted: undefined,
    zones: [{ origin: 'a.example.', id, path, at: 2, length: `zone ${id}`.length }],
    sets: [{ origin: 'a.example.', edition, table: Buffer.from(`sets ${edition}`) }],
  };
}

function kept() {
  const result = readKept(state);
  assert.ok(!('fault' in result), JSON.stringify(result));
  return result;
}

test('what was written is read back, aligned for words', async () => {
  await writeKept(state, toKeep('00aa', 5));
  const { zones, sets, savedAt } = kept();
  assert.equal(savedAt, 1000);
  assert.deepEqual(
    zones.map(({ origin, id, table }) => [origin, id, Buffer.from(table).toString()]),
    [['a.example.', '00aa', 'zone 00aa']],
  );
  assert.deepEqual(
    sets.map(({ edition, table }) => [edition, Buffer.from(table).toString()]),
    [[5, 'sets 5']],
  );
  for (const { table } of [...zones, ...sets]) assert.equal(table.byteOffset, 0);
});

test('files of earlier tables are removed, after the manifest that no longer names them', async () => {
  await writeKept(state, toKeep('00aa', 5));
  await writeKept(state, toKeep('00bb', 6));
  assert.deepEqual(readdirSync(join(state, 'tables')).sort(), ['00bb.table', 'sets-6.table']);
  mkdirSync(join(state, 'accepted/1'), { recursive: true });
  mkdirSync(join(state, 'accepted/2'));
  await writeKept(state, { ...toKeep('00bb', 6), accepted: '2' });
  assert.deepEqual(readdirSync(join(state, 'accepted')), ['2']);
});

test('a write that fails half-way leaves the old state whole', async () => {
  await writeKept(state, toKeep('00aa', 5));
  const broken = toKeep('00bb', 6);
  rmSync(broken.zones[0]!.path);
  await assert.rejects(writeKept(state, broken), { code: 'ENOENT' });
  assert.equal(kept().zones[0]!.id, '00aa');
  mkdirSync(join(state, 'tables/sets-7.table'));
  await assert.rejects(writeKept(state, toKeep('00cc', 7)));
  assert.equal(kept().zones[0]!.id, '00aa');
  assert.ok(!readdirSync(join(state, 'tables')).some((name) => name.endsWith('.new')));
});

test('a table that has another length than the manifest says is written again', async () => {
  await writeKept(state, toKeep('00aa', 5));
  truncateSync(join(state, 'tables/00aa.table'), 3);
  assert.match((readKept(state) as { fault: string }).fault, /has 3 octets, not 9/);
  await writeKept(state, toKeep('00aa', 5));
  assert.equal(Buffer.from(kept().zones[0]!.table).toString(), 'zone 00aa');
});

const manifests: [string, string | undefined, RegExp][] = [
  ['none', undefined, /^nothing was kept$/],
  ['cut off', '{"version": 1, "zo', /damaged/],
  ['of another version', '{"version": 99, "savedAt": 1, "zones": [], "sets": []}', /another version/],
  ['without its lists', '{"version": 1, "savedAt": 1}', /not complete/],
  [
    'that names a file elsewhere',
    JSON.stringify({
      version: 1,
      savedAt: 1,
      sets: [],
      zones: [{ origin: 'a.', id: '1', file: '../../secret', length: 1 }],
    }),
    /ENOENT/,
  ],
];
for (const [what, text, fault] of manifests) {
  test(`a manifest ${what} is a reason, not an exception`, () => {
    writeFileSync(join(root, 'secret'), 'x');
    if (text !== undefined) writeFileSync(join(state, 'manifest.json'), text);
    assert.match((readKept(state) as { fault: string }).fault, fault);
  });
}

test('the manifest alone says what was accepted', async () => {
  assert.ok('fault' in readManifest(state));
  await writeKept(state, { ...toKeep('00aa', 5), accepted: '17' });
  assert.equal((readManifest(state) as { accepted?: string }).accepted, '17');
  assert.ok(!readFileSync(join(state, 'manifest.json'), 'utf8').includes(root), 'the folder may be moved');
  assert.ok(!existsSync(join(state, 'manifest.json.new')));
});
