// The house rules over the whole tree, and for each rule a snippet that breaks it: a rule that cannot fail is
// none.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Files } from './tidy/rules.ts';
import * as rules from './tidy/rules.ts';
import { functionsOf, importsOf, tokens } from './tidy/source.ts';

type Rule = (files: Files) => string[];

const root = fileURLToPath(new URL('../', import.meta.url));
const tree: Files = new Map(
  ['src', 'test'].flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|txt|js|css|html|svg)$/.test(file))
      .map((file) => [`${folder}/${file}`, readFileSync(`${root}${folder}/${file}`, 'utf8')] as const),
  ),
);

/** The tree with one file put in or replaced. */
const withFile = (path: string, text: string): Files => new Map([...tree, [path, text]]);
const hot = (body: string): string =>
  `// hot: per query.\nexport function answer(a: number[]): number {\n  ${body}\n}\n`;

/** The rule holds for the tree, and finds exactly one fault more in each of these files. */
function check(
  rule: Rule,
  says: string,
  broken: readonly (readonly [path: string, text: string, fault: RegExp])[],
): void {
  describe(says, () => {
    it('holds', () => assert.deepEqual(rule(tree), []));
    for (const [path, text, fault] of broken) {
      it(`finds ${JSON.stringify(text.length > 90 ? `${text.slice(0, 90)}…` : text)} in ${path}`, () => {
        const before = rule(tree);
        const found = rule(withFile(path, text)).filter((line) => !before.includes(line));
        assert.ok(found.length > 0, 'nothing found');
        for (const line of found) assert.match(line, fault);
      });
    }
  });
}

check(rules.importsPointDown, 'imports point down', [
  [
    'src/wire/x.ts',
    "import { a } from '../zone/zone.ts';",
    /wire\/x\.ts:1: imports src\/zone\/zone\.ts: imports point down/,
  ],
  ['src/answer/x.ts', "import type { A } from '../serve/channel.ts';", /point down/],
  ['src/serve/x.ts', "const a = await import('../control/load.ts');", /point down/],
  ['src/health/x.ts', "export { a } from '../balance/pool.ts';", /point down/],
  ['src/balance/x.ts', "import { a } from '../config.ts';", /only control\/ and cli\//],
  ['src/balance/x.ts', "import { a } from '../config/values.ts';", /only control\/ and cli\//],
  ['src/answer/x.ts', "import { log } from '../log.ts';", /only serve\/, control\/ and cli\/ log/],
  ['src/limits.ts', "import { a } from './wire/names.ts';", /imports no layer/],
  ['src/log.ts', "import { a } from './wire/names.ts';", /imports no layer/],
  ['src/cli/x.ts', "import '../main.ts';", /nothing imports main/],
  ['src/cli/x.ts', "import { a } from '../things/a.ts';", /no place among the layers/],
]);

check(rules.importsMakeNoCircle, 'imports make no circle', [
  ['src/limits.ts', "import { a } from './faults.ts';\nimport { b } from './limits.ts';", /a circle/],
]);

check(rules.librariesHaveOneDoor, 'each library has one door', [
  ['src/health/x.ts', "import { request } from 'undici';", /undici is used through/],
  ['src/control/x.ts', "const { LRUCache } = await import('lru-cache');", /lru-cache is used by .* and /],
  ['src/cli/x.ts', "import pino from 'pino';", /pino is used through/],
  ['src/serve/x.ts', "const koffi = require('koffi');", /koffi is used through/],
  ['src/balance/x.ts', "import * as v from 'valibot';", /valibot is used through/],
  ['src/control/x.ts', "import { readFile } from 'fs';", /fs has no door/],
]);

check(rules.dataPlaneStaysSmall, 'the server process reaches no library, parser or probe', [
  ['src/limits.ts', "import 'undici';", /(serve|worker|dgram|stream)\.ts reaches undici/],
  ['src/limits.ts', "import './zone/scan.ts';", /reaches src\/zone/],
  ['src/serve/worker.ts', "import 'pino';", /worker\.ts reaches pino/],
  ['src/serve/worker.ts', "import '../answer/compile.ts';", /reaches src\/(answer\/compile|zone\/)/],
  ['src/serve/stream.ts', "import '../health/probes/tcp.ts';", /reaches src\/health\/probes/],
]);

check(rules.filesAreReachable, 'every file is reachable from main.ts', [
  ['src/wire/lonely.ts', '// Nobody knows me.', /lonely\.ts: not reachable/],
]);

check(rules.hotFilesSaySo, 'files of the query path say that they are hot', [
  ['src/answer/respond.ts', '// The one function that answers.', /respond\.ts:1/],
]);

check(
  rules.hotFilesDoNotAllocate,
  'hot files do not allocate',
  (
    [
      ['const b = new Map();', /new: allocates/],
      ['const b = [...a];', /array|spread/],
      ['use(...a);', /spread/],
      ['return a.map(Number);', /\.map\(\)/],
      ['a.forEach((one) => use(one));', /forEach|closure/],
      ['const f = () => 1;', /closure/],
      ['const f = function () { return 1; };', /closure/],
      ['const b = `$' + '{a}`;', /template/],
      ['const b = a.subarray(1);', /subarray/],
      ['const b = a.slice(1);', /slice/],
      ['const [b] = a;', /array/],
      ['const { length } = a;', /object/],
      ['return { a };', /object/],
      ['use({ a });', /object/],
      ['return [1, 2];', /array/],
      ['return 1n;', /BigInt/],
      ['return BigInt(1);', /BigInt/],
      ['return Date.now();', /Date/],
      ['return Math.random();', /random/],
      ["throw 'no';", /throw/],
      ['return /a/.test(b);', /regular/],
      ['if (a.length > 1) { const b = new Set(); }', /new/],
    ] as const
  ).map(([body, fault]) => ['src/wire/x.ts', hot(body), fault] as const),
);

describe('what hot files may do', () => {
  const faults = (text: string): string[] => rules.hotFilesDoNotAllocate(new Map([['src/wire/x.ts', text]]));
  it('allocates at the top of the module and in fields', () => {
    const top = '// hot: per query.\nconst a = new Uint8Array(8);\nconst b = [1].map((n) => n);\n';
    assert.deepEqual(faults(`${top}class C { d = new Map(); }\n`), []);
  });
  it('allocates in set-up', () => {
    const setUp = '/** Set-up: makes a table. */\nexport function make(): number[] {\n  return [...a];\n}\n';
    assert.deepEqual(faults(hot('return a[0]!;') + setUp), []);
  });
  it('does not call set-up', () => {
    const setUp =
      '/** Set-up: makes a table. */\nfunction make(a: number[]): number[] {\n  return [...a];\n}\n';
    assert.deepEqual(faults(hot('return make(a)[0]!;') + setUp), ['src/wire/x.ts:3: make() is set-up']);
  });
  it('counts, indexes and calls', () => {
    const body = [
      'let b = a[0]! + a[a.length - 1]!; // `new`',
      'for (const end = b + 4; b < end; b++) a[b] = 0xff;',
      '/* [...a] */ switch (b) { case 1: { return a[1]!; } }',
      "return use(a, 'new Map()');",
    ];
    assert.deepEqual(faults(hot(body.join('\n  '))), []);
  });
});

const long = (lines: number): string =>
  `// Long.\nexport function long(): void {\n${'  use();\n'.repeat(lines - 2)}}\n`;
check(rules.functionsAreShort, `functions have at most ${rules.functionLinesMax} lines`, [
  ['src/wire/x.ts', long(rules.functionLinesMax + 1), /long: 61 lines/],
]);
check(rules.filesAreShort, `files have at most ${rules.fileLinesMax} lines`, [
  ['src/wire/x.ts', `${'// Long.\n'.repeat(rules.fileLinesMax + 1)}`, /401 lines/],
]);
check(rules.linesAreNarrow, `lines have at most ${rules.columnsMax} columns`, [
  ['src/wire/x.ts', `// ${'x'.repeat(rules.columnsMax - 2)}`, /x\.ts:1/],
]);
check(rules.filesOpenWithComment, 'every file opens with a comment', [
  ['src/wire/x.ts', 'export const a = 1;', /opens without/],
  ['src/wire/x.ts', '#!/usr/bin/env node\nexport const a = 1;', /opens without/],
]);
check(rules.filesHaveNames, 'files have names that say something', [
  ['src/wire/utils.ts', '', /says nothing/],
  ['src/common/a.ts', '', /says nothing/],
  ['test/helpers.ts', '', /says nothing/],
  ['src/zone/types.ts', '', /says nothing/],
]);
check(rules.pageIsTextOnly, 'the page makes no markup of what it is told', [
  ['src/page/x.js', '// @ts-check\nbox.innerHTML = name;', /x\.js:2: innerHTML: a text stays a text/],
  ['src/page/x.js', "// @ts-check\nbox['outerHTML'] = name;", /outerHTML/],
  ['src/page/x.js', '// @ts-check\ndocument.write(name);', /write/],
  ['src/page/x.js', "// @ts-check\nlocalStorage.setItem('token', token);", /localStorage/],
  ['src/page/x.js', "// @ts-check\nimport { a } from '../limits.ts';", /its own files only/],
  ['src/page/x.js', "// @ts-check\nimport 'https://evil.example/x.js';", /its own files only/],
  ['src/page/x.js', '// Says nothing to tsc.\nexport const a = 1;', /is not checked/],
]);
check(rules.pageIsReachable, 'every file of the page is part of it', [
  ['src/page/lonely.js', '// @ts-check\n// Nobody knows me.', /lonely\.js: not reachable/],
  ['src/page/lonely.css', '/* Nobody knows me. */', /lonely\.css: not reachable/],
]);
check(rules.countersAreTested, 'every counter moves in a case', [
  [
    'src/answer/counters.ts',
    "export const counterNames = ['noerror', 'never-moved'] as const;",
    /never-moved/,
  ],
  ['src/answer/counters.ts', 'export const other = 1;', /no counterNames/],
]);

describe('limits are limits', () => {
  const faults = (rule: Rule, text: string): string[] => rule(new Map([['src/wire/x.ts', text]]));
  it('at the limit nothing is said', () => {
    assert.deepEqual(faults(rules.functionsAreShort, long(rules.functionLinesMax)), []);
    assert.deepEqual(faults(rules.filesAreShort, '// Long.\n'.repeat(rules.fileLinesMax)), []);
    assert.deepEqual(faults(rules.linesAreNarrow, `// ${'x'.repeat(rules.columnsMax - 3)}`), []);
  });
});

describe('source is taken apart', () => {
  it('steps over strings, comments, templates and regular expressions', () => {
    const template = "`new #{c + `#{d}` + '}'} new`".replaceAll('#', '$');
    const text = `a = 'new'; // new\nb = ${template}; /* new */ e = /[/]new\\//g; f = g / h / i;`;
    assert.deepEqual(
      tokens(text)
        .filter(({ kind }) => kind === 'word')
        .map((token) => token.text),
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'],
    );
  });
  it('comes out even for every file: a string or a brace read wrongly would hide faults', () => {
    for (const [path, text] of tree) {
      if (!path.endsWith('.ts')) continue;
      const marks = tokens(text).filter(({ kind }) => kind === 'mark');
      const count = (mark: string): number => marks.filter((token) => token.text === mark).length;
      for (const [open, close] of ['()', '[]', '{}'].map((pair) => [...pair])) {
        assert.equal(count(open!), count(close!), `${path}: ${open} and ${close}`);
      }
    }
  });
  it('finds imports of every kind', () => {
    const text = [
      "import a, { b as c } from './a.ts';\nimport type { D } from './d.ts';\nimport './e.ts';",
      "export { f } from './f.ts';\nexport * from './g.ts';\nexport const h = await import('./h.ts');",
      "export type { I } from './i.ts';\nnew Worker(new URL('./j.ts', import.meta.url));",
      "import { type K } from './k.ts';",
    ].join('\n');
    const found = importsOf(tokens(text)).filter(({ kind, from }) => kind !== 'path' || from === './j.ts');
    assert.deepEqual(
      found.map(({ kind, from }) => `${kind} ${from}`),
      [
        'static ./a.ts',
        'type ./d.ts',
        'static ./e.ts',
        'static ./f.ts',
        'static ./g.ts',
        'dynamic ./h.ts',
        'type ./i.ts',
        'path ./j.ts',
        'static ./k.ts',
      ],
    );
  });
  it('finds functions of every kind', () => {
    const text = [
      'export function one<T>(a: { b: T }): { c: T } | undefined {\n}',
      'class A { #two(): string[] { if (x) { } return y; }\n constructor() { }',
      'get three(): () => void { } static async four() { } }',
      'const five = async (a: number): Promise<void> => { for (const b of c(d)) { e(f); } };',
      'type G = { six(): void; seven(a: number): { b: number } };',
      'const h = i ? j(k) : { l: 1 };\nconst m = { eight(n) { } };',
      'function nine(): asserts a is B { }\nfunction ten(a: string): string;\nwhile (p(q)) { }',
    ].join('\n');
    assert.deepEqual(
      functionsOf(tokens(text)).map(({ name }) => name),
      ['one', '#two', 'constructor', 'three', 'four', '=>', 'eight', 'nine'],
    );
  });
});
