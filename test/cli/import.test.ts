// The importers: folders of gdnsd and zone files of PowerDNS as text cases, taken by the real gdnsd, and
// what comes of them taken by `check`.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { importGdnsd } from '../../src/cli/import/gdnsd.ts';
import { parseLua } from '../../src/cli/import/lua.ts';
import { importPdns } from '../../src/cli/import/pdns.ts';
import type { Note } from '../../src/cli/import/plan.ts';
import { parseVscf, VscfFault } from '../../src/cli/import/vscf.ts';
import { loadAll } from '../../src/control/load.ts';
import { printFault } from '../../src/faults.ts';
import { missing } from '../tools.ts';

type Case = {
  readonly what: string;
  readonly given: ReadonlyMap<string, string>;
  readonly expected: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
};

const folder = mkdtempSync(join(tmpdir(), 'steerdns-import-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function readCases(name: string): Case[] {
  const text = readFileSync(new URL(`import/${name}.txt`, import.meta.url), 'utf8');
  return text
    .split(/^== /m)
    .slice(1)
    .map((one) => {
      const [what = '', ...lines] = one.trimEnd().split('\n');
      const [given, expected] = [new Map<string, string>(), new Map<string, string>()];
      const notes: string[] = [];
      let [files, file] = [given, ''];
      for (const line of lines) {
        const rest = line.slice(3);
        if (line.startsWith('-- ')) (files = given).set((file = rest), '');
        else if (line.startsWith('=> ')) (files = expected).set((file = rest), '');
        else if (line.startsWith('|')) files.set(file, `${files.get(file)}${line.slice(2)}\n`);
        else if (line.startsWith('!! ')) notes.push(rest);
        else assert.equal(line, '');
      }
      return { what, given, expected, notes };
    });
}

function write(files: ReadonlyMap<string, string>): string {
  const dir = mkdtempSync(join(folder, 'case-'));
  for (const [path, text] of files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

function check({ expected, notes }: Case, read: (note: Note) => Map<string, string>): void {
  const said: string[] = [];
  const files = read((where, what) => said.push(`${where}: ${what}`));
  assert.deepEqual(Object.fromEntries(files), Object.fromEntries(expected));
  assert.deepEqual(said, notes);
  const { faults } = loadAll({ dir: write(files), tablesDir: undefined, known: [] });
  const errors = faults.filter(({ severity }) => severity === 'error');
  assert.deepEqual(errors.map(printFault), []);
}

describe('import gdnsd', () => {
  for (const one of readCases('gdnsd')) {
    const dir = write(one.given);
    it(one.what, () => check(one, (note) => importGdnsd(dir, note)));
    it(`${one.what}: gdnsd takes it`, { skip: missing('gdnsd') }, () => {
      const { status, stderr } = spawnSync('gdnsd', ['-c', dir, 'checkconf'], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    });
  }

  it('says where a config is not one', () => {
    const faults: readonly (readonly [text: string, says: string])[] = [
      ['a => {\n b =', 'config:2: "" where a word belongs'],
      ['a => { b => c', 'config:1: a } is missing'],
      ['a => [ b\n\n', 'config:3: a ] is missing'],
      ['a => "b', 'config:1: a quote is missing'],
      ['a b', 'config:1: "a" has no value: = or => is missing'],
      ['a = b a = c', 'config:1: "a" is there twice'],
      ['a = b }', 'config:1: "}" closes nothing'],
      ['a = $include{config}', 'config:1: includes go in a circle'],
    ];
    for (const [text, says] of faults) {
      const parse = () => parseVscf('config', text, () => [{ path: 'config', text }]);
      assert.throws(parse, (error) => error instanceof VscfFault && error.message === says, text);
    }
  });
});

describe('import pdns-lua', () => {
  for (const one of readCases('pdns')) {
    const [path] = one.given.keys();
    const file = join(write(one.given), path!);
    it(one.what, () => check(one, (note) => importPdns(file, undefined, note)));
  }

  it('reads one call with literals, and nothing else', () => {
    const items = (...all: unknown[]) => ({ items: all, named: new Map() });
    assert.deepEqual(parseLua("return f(1, 'a', {'b', c = 2})"), {
      call: 'f',
      args: [1, 'a', { items: ['b'], named: new Map([['c', 2]]) }],
    });
    assert.deepEqual(parseLua(';return f({{1,"a\'b"},})'), { call: 'f', args: [items(items(1, "a'b"))] });
    assert.deepEqual(parseLua("{['192.0.2.1']='x'}"), { items: [], named: new Map([['192.0.2.1', 'x']]) });
    for (const text of [
      'f(',
      'f(1',
      'f(1) g()',
      'a.b()',
      'f(x)',
      'if a then b end',
      "'a' .. 'b'",
      '{1 2}',
      '',
    ]) {
      assert.equal(parseLua(text), undefined, text);
    }
  });
});
