// Settings between control and the threads: kept for the next start, and secrets of the server's own filled
// in for every thread alike, whenever it was started, but never kept.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { allAlike, type Settings } from '../../src/answer/settings.ts';
import type { Publication } from '../../src/serve/inbox.ts';
import { Publications } from '../../src/serve/publications.ts';
import { keepSettings, OwnSecrets, readSettings } from '../../src/serve/settings.ts';
import type { Thread } from '../../src/serve/threads.ts';
import { parseNetwork } from '../../src/wire/networks.ts';
import { placesTable } from '../places.ts';

const folder = mkdtempSync(join(tmpdir(), 'settings-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const network = parseNetwork('192.0.2.0/24');
assert.ok('address' in network);
const settings: Settings = {
  ...allAlike,
  identity: 'hé',
  version: '',
  cookieSecrets: [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)],
  rateLimit: { responsesPerSecond: 5, slip: 0, exempt: [network] },
};

const everywhere = [
  ['0.0.0.0/0', 1],
  ['::/0', 0],
] as const;

/** What JSON leaves out where it is undefined. */
const undefinedToo: Partial<Settings> = { cookieSecrets: undefined, rateLimit: undefined, places: undefined };

describe('settings that are kept', () => {
  test('come back as they were, and only the owner reads them', () => {
    for (const kept of [
      settings,
      { ...settings, cookieSecrets: [] },
      { ...settings, cookieSecrets: undefined },
      { ...settings, rateLimit: undefined },
      { ...settings, clientSubnet: true, explainTo: [network] },
      { ...settings, places: { table: placesTable(everywhere, 1), names: ['here'] } },
    ]) {
      keepSettings(folder, kept);
      const read = readSettings(folder)!;
      assert.deepEqual({ ...undefinedToo, ...read }, kept);
      assert.equal(statSync(join(folder, 'settings.json')).mode & 0o777, 0o600);
    }
  });

  test('that are damaged or of another shape are as good as none: they must not end threads', () => {
    keepSettings(folder, settings);
    const path = join(folder, 'settings.json');
    const whole = readFileSync(path, 'utf8');
    for (const text of [
      ...['', 'null', '7', '[]', '{}', whole.slice(0, -1), whole.replace('"identity"', '"name"')],
      whole.replace('{"hex":"01010101', '{"hex":"0101'),
      whole.replace('{"hex":"01010101010101010101010101010101"}', '"x"'),
      whole.replace('"cookieSecrets":[', '"cookieSecrets":[{"hex":""},'),
      whole.replace('"exempt":[', '"exempt":[{},'),
      whole.replace('"responsesPerSecond":5', '"responsesPerSecond":0'),
      whole.replace('"clientSubnet":false', '"clientSubnet":0'),
      whole.replace('"explainTo":[]', '"explainTo":[{}]'),
    ]) {
      assert.notEqual(text, whole);
      writeFileSync(path, text);
      assert.equal(readSettings(folder), undefined, text);
    }
    rmSync(path);
    assert.equal(readSettings(folder), undefined);
    keepSettings(folder, { ...settings, places: { table: placesTable(everywhere, 1), names: ['here'] } });
    writeFileSync(join(folder, 'places.table'), placesTable(everywhere, 1).fill(0, 40));
    assert.equal(readSettings(folder), undefined, 'a damaged table of places');
  });
});

describe('secrets of the server’s own', () => {
  /** A thread that adopts at once, and what was posted to it. */
  class Posted {
    readonly index: number;
    readonly messages: Publication[] = [];

    constructor(index: number) {
      this.index = index;
    }

    post(message: Publication): void {
      this.messages.push(message);
    }

    generation(): number {
      return this.messages.at(-1)?.generation ?? 0;
    }

    /** The secrets of the last message that had settings. */
    get secrets(): readonly Uint8Array[] | undefined {
      return this.messages.findLast((message) => message.settings !== undefined)?.settings?.cookieSecrets;
    }
  }

  const settled: Settings[] = [];
  const publications = new Publications(folder, new Int32Array(new SharedArrayBuffer(64)), new OwnSecrets(), {
    adopted: (_ticket, _generation, fault) => assert.equal(fault, undefined),
    retired: () => {},
    settled: (one) => settled.push(one),
  });
  const threads = [new Posted(0), new Posted(1)];
  publications.setThreads(threads as unknown as Thread[]);
  const publish = (one: Settings) =>
    publications.publish({ kind: 'publish', ticket: 1, sets: [], settings: one });
  after(() => publications.stop());

  test('a thread that starts before anything is published has them, and the default limit', () => {
    const shared = new Int32Array(new SharedArrayBuffer(64));
    const publications = new Publications(folder, shared, new OwnSecrets(), {
      adopted: () => {},
      settled: () => {},
      retired: () => {},
    });
    const { settings: first, generation } = publications.current(0);
    assert.equal(generation, 0);
    assert.equal(first?.cookieSecrets?.length, 1);
    assert.deepEqual([first.rateLimit?.responsesPerSecond, first.rateLimit?.slip], [200, 2]);
    assert.deepEqual([first.identity, first.version], ['', '']);
  });

  test('are the same for all threads, for one that takes the place of another, and are not kept', () => {
    publish({ ...settings, cookieSecrets: [] });
    const [first, second] = threads as [Posted, Posted];
    assert.deepEqual(
      first.secrets!.map(({ length }) => length),
      [16],
    );
    assert.deepEqual(second.secrets, first.secrets);
    assert.deepEqual(publications.current(1).settings?.cookieSecrets, first.secrets);
    assert.deepEqual(settled.at(-1)?.cookieSecrets, []);
  });

  test('are renewed everywhere at once, and the one before is still accepted', () => {
    const [first, second] = threads as [Posted, Posted];
    const before = first.secrets!;
    publications.renewSecrets();
    assert.equal(first.secrets!.length, 2);
    assert.notDeepEqual(first.secrets![0], before[0]);
    assert.deepEqual(first.secrets![1], before[0]);
    assert.deepEqual(second.secrets, first.secrets);
    const renewed = first.secrets!;
    publications.renewSecrets();
    assert.deepEqual([first.secrets!.length, first.secrets![1]], [2, renewed[0]]);
    assert.deepEqual(publications.current(0).settings?.cookieSecrets, first.secrets);
    assert.equal(settled.length, 1, 'nothing of it is kept');
  });

  test('give way to those of the operator, and to none where cookies are off', () => {
    const [first] = threads as [Posted];
    publish(settings);
    assert.deepEqual(first.secrets, settings.cookieSecrets);
    publications.renewSecrets();
    assert.deepEqual(first.secrets, settings.cookieSecrets);
    publish({ ...settings, cookieSecrets: undefined });
    assert.equal(first.secrets, undefined);
    assert.equal(publications.current(0).settings?.cookieSecrets, undefined);
  });
});

describe('the table of places', () => {
  test('is in shared memory, one for all threads, and given back when another has taken its place', () => {
    const thread = { index: 0, generation: () => 0, post: (message: Publication) => posted.push(message) };
    const posted: Publication[] = [];
    const faults: (string | undefined)[] = [];
    const publications = new Publications(
      folder,
      new Int32Array(new SharedArrayBuffer(64)),
      new OwnSecrets(),
      {
        adopted: (_ticket, _generation, fault) => faults.push(fault),
        retired: () => {},
        settled: () => {},
      },
    );
    publications.setThreads([{ ...thread, generation: () => publications.generation } as unknown as Thread]);
    const publish = (table: Uint8Array) =>
      publications.publish({
        kind: 'publish',
        ticket: 1,
        sets: [],
        settings: { ...settings, places: { table, names: ['here'] } },
      });
    const tableOf = (message: Publication) => message.settings!.places!.table;
    publish(placesTable(everywhere, 1));
    publications.renewSecrets();
    publish(placesTable(everywhere, 1));
    const [first, renewed, again] = posted.map(tableOf);
    assert.ok(first!.buffer instanceof SharedArrayBuffer);
    assert.ok(first!.buffer === renewed!.buffer && first!.buffer === again!.buffer);
    assert.ok(first!.buffer === tableOf(publications.current(0)).buffer);
    const size = publications.buffers.totalSize;
    for (let i = 0; i < 10; i++)
      publish(
        placesTable(
          [
            ['0.0.0.0/0', i],
            ['::/0', 0],
          ],
          1,
        ),
      );
    assert.ok(publications.buffers.totalSize <= 2 * size, 'buffers are used again');
    assert.notEqual(tableOf(posted.at(-1)!).buffer, tableOf(posted.at(-2)!).buffer);
    publish(placesTable(everywhere, 1).fill(0, 40));
    assert.match(faults.at(-1)!, /table of places is damaged/);
    assert.equal(posted.length, 13);
    publications.stop();
  });
});
