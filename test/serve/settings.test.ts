// Settings between control and the threads: kept for the next start, and secrets of the server's own filled
// in for every thread alike, whenever it was started, but never kept.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Settings } from '../../src/answer/settings.ts';
import type { Publication } from '../../src/serve/inbox.ts';
import { Publications } from '../../src/serve/publications.ts';
import { keepSettings, OwnSecrets, readSettings } from '../../src/serve/settings.ts';
import type { Thread } from '../../src/serve/threads.ts';
import { parseNetwork } from '../../src/wire/networks.ts';

const folder = mkdtempSync(join(tmpdir(), 'settings-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const network = parseNetwork('192.0.2.0/24');
assert.ok('address' in network);
const settings: Settings = {
  identity: 'hé',
  version: '',
  cookieSecrets: [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)],
  rateLimit: { responsesPerSecond: 5, slip: 0, exempt: [network] },
};

/** What JSON leaves out where it is undefined. */
const undefinedToo: Partial<Settings> = { cookieSecrets: undefined, rateLimit: undefined };

describe('settings that are kept', () => {
  test('come back as they were, and only the owner reads them', () => {
    for (const kept of [
      settings,
      { ...settings, cookieSecrets: [] },
      { ...settings, cookieSecrets: undefined },
      { ...settings, rateLimit: undefined },
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
    ]) {
      assert.notEqual(text, whole);
      writeFileSync(path, text);
      assert.equal(readSettings(folder), undefined, text);
    }
    rmSync(path);
    assert.equal(readSettings(folder), undefined);
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
