// Hands on the disk: what is damaged is said and kept, what is sound is in force, and the next write takes
// nothing away that somebody may need.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { HandRow } from '../../src/control/hands.ts';
import { Keeper, readHands } from '../../src/control/keep.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'steerdns-keep-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const path = () => join(stateDir, 'hands.json');
const damaged = () => readFileSync(`${path()}.damaged`, 'utf8');
const row = (member: string, state = 'drain') => ({
  owner: 'www.site.example.',
  member,
  hand: { state, reason: '' },
  at: 1,
});
const written = (...hands: unknown[]) => {
  const text = JSON.stringify({ hands });
  writeFileSync(path(), text);
  return text;
};

/** What a process does that begins with these hands: it takes them, and writes once. */
async function begin(): Promise<readonly string[]> {
  const { rows, faults } = readHands(stateDir);
  const nothing = { service: () => undefined, verdicts: () => ({ verdicts: [] }), onFault: () => {} };
  const keeper = new Keeper({ stateDir, wall: () => 1, hands: () => rows, ...nothing }, undefined);
  assert.equal(await keeper.keepHands(), undefined);
  await keeper.stop();
  return faults;
}

const inForce = () => (JSON.parse(readFileSync(path(), 'utf8')) as { hands: HandRow[] }).hands;

test('one bad row takes no other with it, and the file stays as evidence', async () => {
  const text = written(row('web1'), row('web2', 'maint'), row('web3'));
  const said =
    'hands.json is damaged: hands are not in force on web2@www.site.example; ' +
    'the file is kept as hands.json.damaged';
  assert.deepEqual(readHands(stateDir).faults, [said]);
  assert.deepEqual(await begin(), [said], 'also to a process that comes after one that wrote nothing');
  assert.deepEqual(
    inForce().map(({ member }) => member),
    ['web1', 'web3'],
  );
  assert.equal(damaged(), text);
  assert.deepEqual(await begin(), []);
  assert.equal(damaged(), text);
});

test('what is no JSON is kept, too, and many lost hands are counted', async () => {
  writeFileSync(path(), '{"hands":[');
  assert.match((await begin()).join(), /^hands\.json is damaged: no hand is in force; the file is kept as /);
  assert.equal(damaged(), '{"hands":[');
  const text = written(...Array.from({ length: 10 }, (_, i) => row(`web${i}`, 'off')));
  assert.match((await begin()).join(), / web0@www\.site\.example, .* and 2 more; the file is kept as /);
  assert.equal(damaged(), text);
});

test('what cannot be read makes room for what can, and is kept', async () => {
  mkdirSync(path()); // EISDIR for whoever reads, root too
  writeFileSync(join(path(), 'here'), 'still');
  assert.match((await begin()).join(), /^hands cannot be read, none is in force: .*; the file is kept as /);
  assert.equal(readFileSync(join(`${path()}.damaged`, 'here'), 'utf8'), 'still');
  assert.deepEqual(inForce(), []);
});

test('no file is no fault', async () => assert.deepEqual(await begin(), []));
