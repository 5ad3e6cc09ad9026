// The house rules that a machine can hold, each a function from files (path from the repository's root ->
// text) to the lines that break it. tidy.test.ts runs them over the tree, and shows for each that it can
// fail.
import { dirname, normalize } from 'node:path/posix';
import { type Func, functionsOf, type Import, importsOf, type Token, tokens } from './source.ts';

export type Files = ReadonlyMap<string, string>;

export const fileLinesMax = 400;
export const functionLinesMax = 60;
export const columnsMax = 110;

/** From the bottom up: each may import those before it. */
const layers = ['wire', 'zone', 'dnssec', 'health', 'balance', 'answer', 'serve', 'control', 'cli'];
/** Top-level files that every layer may import, and that import none. */
const plain = ['eachof', 'faults', 'limits', 'near', 'paths', 'spawn', 'version'];

/** Library -> files that may name it; a pattern with `once` may match many files, of which one may use it. */
const doors: Readonly<Record<string, { readonly where: RegExp; readonly once?: boolean }>> = {
  undici: { where: /^src\/health\/probes\/http\.ts$/ },
  pino: { where: /^src\/log\.ts$/ },
  'lru-cache': { where: /^src\/(control|balance)\//, once: true },
  dns2: { where: /^src\//, once: true },
  'mmdb-lib': { where: /^src\/(control|config)\//, once: true },
  koffi: { where: /^src\/serve\/(mmsg|libc)\.ts$/, once: true },
  yaml: { where: /^src\/config(\.ts$|\/)/ },
  valibot: { where: /^src\/config(\.ts$|\/)/ },
};

/** Where the data plane starts -> the libraries that it may reach. */
const dataPlane: Readonly<Record<string, readonly string[]>> = {
  'src/cli/serve.ts': ['koffi', 'pino'],
  'src/serve/worker.ts': ['koffi'],
  'src/serve/dgram.ts': [],
  'src/serve/stream.ts': [],
};
const notInDataPlane = /^src\/(zone\/|health\/probes\/|answer\/compile(sets)?\.ts$)/;

const source = (files: Files): [string, string][] =>
  [...files].filter(([path]) => /^src\/.*\.ts$/.test(path));
/** What a browser runs. */
const page = (files: Files): [string, string][] =>
  [...files].filter(([path]) => /^src\/page\/.*\.js$/.test(path));
const isWritten = (path: string): boolean => /\.(ts|js|css)$/.test(path);
const lexed = new Map<string, Token[]>();

/** Tokens of a file, made once for each text. */
function tokensOf(text: string): Token[] {
  const known = lexed.get(text) ?? tokens(text);
  lexed.set(text, known);
  return known;
}

/** The path of an import of ours, or undefined for node: and libraries. */
const target = (path: string, from: string): string | undefined =>
  from.startsWith('.') ? normalize(`${dirname(path)}/${from}`) : undefined;

/** What a path is: its layer, or the name of a top-level file, `config` also for its folder. */
const placeOf = (path: string): string => /^src\/([^/.]+)/.exec(path)?.[1] ?? '';

/**
 * cli → control → serve → answer → balance → health → dnssec → zone → wire, and the top-level files' own
 * rules.
 */
export function importsPointDown(files: Files): string[] {
  return source(files).flatMap(([path, text]) =>
    importsOf(tokensOf(text))
      .filter(({ kind }) => kind !== 'path')
      .flatMap(({ from, line }) => {
        const to = target(path, from);
        const why = to && directionFault(placeOf(path), placeOf(to));
        return why ? [`${path}:${line}: imports ${to}: ${why}`] : [];
      }),
  );
}

function directionFault(from: string, to: string): string | undefined {
  if (from === to || plain.includes(to) || from === 'main') return undefined;
  if (plain.includes(from)) return `${from}.ts imports no layer`;
  if (to === 'main') return 'nothing imports main.ts';
  if (to === 'config')
    return ['control', 'cli'].includes(from) ? undefined : 'only control/ and cli/ know the config';
  if (to === 'log')
    return ['serve', 'control', 'cli'].includes(from) ? undefined : 'only serve/, control/ and cli/ log';
  const [above, below] = [layers.indexOf(from), layers.indexOf(to)];
  if (below < 0) return `${to} has no place among the layers: give it one in test/tidy/rules.ts`;
  if (from === 'log') return 'log.ts imports no layer';
  if (from === 'config') return below < layers.indexOf('answer') ? undefined : 'config stands below answer/';
  return above > below ? undefined : 'imports point down only';
}

/** One door per library, and no library without one. */
export function librariesHaveOneDoor(files: Files): string[] {
  const users = new Map<string, string[]>();
  const faults = source(files).flatMap(([path, text]) =>
    importsOf(tokensOf(text)).flatMap(({ from, line }) => {
      if (from.startsWith('.') || from.startsWith('node:')) return [];
      const library = from.split('/')[0]!;
      if (library === 'tsx' && path === 'src/spawn.ts') return []; // from source only
      const door = doors[library];
      if (!door) return [`${path}:${line}: ${library} has no door: see the table of libraries in the design`];
      if (!door.where.test(path))
        return [`${path}:${line}: ${library} is used through ${door.where.source} only`];
      users.set(library, [...new Set([...(users.get(library) ?? []), path])]);
      return [];
    }),
  );
  for (const [library, paths] of users) {
    if (doors[library]!.once && paths.length > 1)
      faults.push(`${library} is used by ${paths.join(' and ')}: one file`);
  }
  return faults;
}

/**
 * What the server process can reach by static imports: no library but those allowed, nothing that parses or
 * probes.
 */
export function dataPlaneStaysSmall(files: Files): string[] {
  return Object.entries(dataPlane).flatMap(([start, libraries]) => {
    if (!files.has(start)) return [`${start} is not there`];
    const faults: string[] = [];
    for (const [path, way] of reachable(files, [start], ['static'])) {
      if (notInDataPlane.test(path)) faults.push(`${start} reaches ${path}: ${way.join(' → ')}`);
      for (const { from, kind, line } of importsOf(tokensOf(files.get(path) ?? ''))) {
        if (kind !== 'static' || from.startsWith('.') || from.startsWith('node:') || libraries.includes(from))
          continue;
        faults.push(`${start} reaches ${from} in ${path}:${line}: ${way.join(' → ')}`);
      }
    }
    return faults;
  });
}

/** Files that can be reached from the given ones by imports of these kinds, each with the way to it. */
function reachable(
  files: Files,
  starts: readonly string[],
  kinds: readonly Import['kind'][],
): Map<string, string[]> {
  const ways = new Map(starts.map((start) => [start, [start]]));
  for (const [path, way] of ways) {
    for (const { from, kind } of importsOf(tokensOf(files.get(path) ?? ''))) {
      const to = kinds.includes(kind) ? target(path, from) : undefined;
      if (to && files.has(to) && !ways.has(to)) ways.set(to, [...way, to]);
    }
  }
  return ways;
}

/** Every file of src/ is used: reached from main.ts by imports of any kind, or started by its path. */
export function filesAreReachable(files: Files): string[] {
  const used = reachable(files, ['src/main.ts'], ['static', 'type', 'dynamic', 'path']);
  return source(files)
    .filter(([path]) => !used.has(path))
    .map(([path]) => `${path}: not reachable from src/main.ts`);
}

/** No file imports itself by way of others. */
export function importsMakeNoCircle(files: Files): string[] {
  return source(files).flatMap(([path, text]) =>
    importsOf(tokensOf(text)).flatMap(({ from, kind, line }) => {
      const to = kind === 'static' ? target(path, from) : undefined;
      const way = to && reachable(files, [to], ['static']).get(path);
      return way ? [`${path}:${line}: a circle of imports: ${[path, ...way].join(' → ')}`] : [];
    }),
  );
}

/** Files that run per query and must say so. */
const hotFiles = [
  ...['wire/hash', 'wire/labels', 'wire/message', 'wire/query'],
  ...['wire/cookies', 'wire/siphash', 'wire/networks', 'answer/ratelimit', 'answer/tally', 'answer/querylog'],
  ...['answer/emit', 'answer/find', 'answer/respond', 'serve/mmsg', 'serve/worker'],
].map((name) => `src/${name}.ts`);
const isHot = (text: string): boolean => text.startsWith('// hot:');

export function hotFilesSaySo(files: Files): string[] {
  return hotFiles
    .filter((path) => !isHot(files.get(path) ?? ''))
    .map((path) => `${path}:1: runs per query: its first line begins with "// hot:"`);
}

/** Set-up may allocate: a function whose comment has the word `Set-up:`, and whatever stands in it. */
const isSetUp = (one: Func): boolean => /\bSet-up:/.test(one.comment);

const allocatingMethods = new Set(
  'map filter forEach reduce some every flatMap concat join split slice subarray bind entries keys'.split(
    ' ',
  ),
);
const bannedWords: Readonly<Record<string, string>> = {
  new: 'allocates',
  throw: 'nothing is thrown on the query path',
  Date: 'time is an argument',
  BigInt: 'allocates',
  async: 'allocates',
  await: 'allocates',
  yield: 'allocates',
  function: 'a closure',
};

/** No allocation in the function bodies of hot files, and no call of a set-up function. */
export function hotFilesDoNotAllocate(files: Files): string[] {
  return source(files)
    .filter(([, text]) => isHot(text))
    .flatMap(([path, text]) => {
      const list = tokensOf(text);
      const all = functionsOf(list);
      const setUp = all.filter(isSetUp);
      const inside = (spans: readonly Func[], i: number): boolean =>
        spans.some(({ from, to }) => i > from && i < to);
      return list.flatMap((token, i) => {
        if (!inside(all, i) || inside(setUp, i)) return [];
        const why = hotFault(list, i) ?? setUpCall(setUp, list, i);
        return why ? [`${path}:${token.line}: ${why}`] : [];
      });
    });
}

/** Why the token may not stand on the query path. */
function hotFault(list: readonly Token[], i: number): string | undefined {
  const { kind, text } = list[i]!;
  const [before, next] = [list[i - 1], list[i + 1]];
  const isProperty = before?.text === '.' || before?.text === '?.';
  const isKey = next?.text === ':' && (before?.text === '{' || before?.text === ',');
  if (kind === 'template') return 'template string: allocates';
  if (kind === 'regex') return 'regular expression: allocates';
  if (kind === 'number')
    return text.endsWith('n') && !text.startsWith('0x') ? `${text}: a BigInt` : undefined;
  if (kind === 'word') {
    if (isProperty && next?.text === '(' && allocatingMethods.has(text)) return `.${text}(): allocates`;
    if (isProperty && text === 'random' && list[i - 2]?.text === 'Math')
      return 'Math.random: chance is an argument';
    if (!isProperty && !isKey && Object.hasOwn(bannedWords, text)) return `${text}: ${bannedWords[text]}`;
    return undefined;
  }
  if (kind !== 'mark') return undefined;
  if (text === '...') return 'spread: allocates';
  if (text === '=>') return 'a closure';
  if (text === '[' && !isOperand(before)) return 'an array made or taken apart';
  if (text === '{' && before && ['const', 'let', 'return'].includes(before.text))
    return 'an object made or taken apart';
  if (text === '{' && before?.kind === 'mark' && ['=', '(', ',', '?', '['].includes(before.text))
    return 'an object made';
  return undefined;
}

/** Whether an index may follow: `a[`, `f()[`, `a![`. */
const isOperand = (token: Token | undefined): boolean =>
  token !== undefined &&
  ((token.kind === 'word' &&
    !['return', 'const', 'let', 'of', 'in', 'case', 'typeof'].includes(token.text)) ||
    [')', ']', '!', '?.', '>'].includes(token.text) ||
    token.kind === 'string');

function setUpCall(setUp: readonly Func[], list: readonly Token[], i: number): string | undefined {
  const { kind, text } = list[i]!;
  if (kind !== 'word' || list[i + 1]?.text !== '(') return undefined;
  return setUp.some(({ name }) => name === text) ? `${text}() is set-up` : undefined;
}

export function filesAreShort(files: Files): string[] {
  return [...files]
    .filter(([path]) => isWritten(path))
    .map(([path, text]) => [path, text.trimEnd().split('\n').length] as const)
    .filter(([, lines]) => lines > fileLinesMax)
    .map(([path, lines]) => `${path}: ${lines} lines, at most ${fileLinesMax}`);
}

export function functionsAreShort(files: Files): string[] {
  return [...source(files), ...page(files)].flatMap(([path, text]) =>
    functionsOf(tokensOf(text))
      .map((one) => ({ ...one, lines: one.endLine - one.line + 1 }))
      .filter(({ lines }) => lines > functionLinesMax)
      .map(
        ({ name, line, lines }) => `${path}:${line}: ${name}: ${lines} lines, at most ${functionLinesMax}`,
      ),
  );
}

export function linesAreNarrow(files: Files): string[] {
  return [...files]
    .filter(([path]) => isWritten(path) || path.endsWith('.html'))
    .flatMap(([path, text]) =>
      text
        .split('\n')
        .flatMap((line, i) =>
          [...line].length > columnsMax ? [`${path}:${i + 1}: over ${columnsMax}`] : [],
        ),
    );
}

/** Every file opens with a comment that says what it is. */
export function filesOpenWithComment(files: Files): string[] {
  return [...files]
    .filter(([path]) => isWritten(path))
    .filter(([, text]) => !/^(#![^\n]*\n|\/\/ @ts-check\n)?(\/\/|\/\*) \S/.test(text))
    .map(([path]) => `${path}:1: opens without a comment`);
}

/** What would make markup or code of a text, or leave something behind in the browser. */
const notInPage = new Set(
  (
    'innerHTML outerHTML insertAdjacentHTML setHTMLUnsafe write writeln DOMParser createContextualFragment ' +
    'srcdoc eval Function localStorage indexedDB cookie cssText'
  ).split(' '),
);

/** The page is checked, imports its own files only, and has no way to make markup of what it was told. */
export function pageIsTextOnly(files: Files): string[] {
  return page(files).flatMap(([path, text]) => {
    const foreign = importsOf(tokensOf(text))
      .filter(({ from }) => !/^\.\/[a-z]+\.js$/.test(from))
      .map(({ from, line }) => `${path}:${line}: imports ${from}: the page has its own files only`);
    const words = tokensOf(text)
      .filter(({ kind, text: word }) => (kind === 'word' || kind === 'string') && notInPage.has(word))
      .map(({ text: word, line }) => `${path}:${line}: ${word}: a text stays a text`);
    const unchecked = text.startsWith('// @ts-check\n') ? [] : [`${path}:1: is not checked`];
    return [...foreign, ...words, ...unchecked];
  });
}

/** Every file of the page is there for main.js, and every style sheet for the page. */
export function pageIsReachable(files: Files): string[] {
  const html = files.get('src/page/index.html') ?? '';
  const linked = [...html.matchAll(/(?:href|src)="(page\/[a-z]+\.(?:css|js|svg))"/g)].map(
    ([, to]) => `src/${to}`,
  );
  const used = reachable(files, linked, ['static']);
  return [...files.keys()]
    .filter((path) => /^src\/page\/.*\.(js|css|svg)$/.test(path) && !used.has(path))
    .map((path) => `${path}: not reachable from src/page/index.html`);
}

/** Names that say nothing. */
export function filesHaveNames(files: Files): string[] {
  return [...files.keys()]
    .filter((path) => /(^|\/)(utils?|helpers?|commons?|types?|managers?|misc|shared)(\/|\.)/i.test(path))
    .map((path) => `${path}: a name that says nothing`);
}

/** Every counter moves in a case, or in a test where no single question moves it. */
export function countersAreTested(files: Files): string[] {
  const path = 'src/answer/counters.ts';
  const list = tokensOf(files.get(path) ?? '');
  const from = list.findIndex(({ text }) => text === 'counterNames');
  const to = list.findIndex(({ text }, i) => i > from && text === ']');
  const names = list.slice(Math.max(0, from), to).filter(({ kind }) => kind === 'string');
  if (from < 0 || names.length === 0) return [`${path}: no counterNames in it`];
  const inCases = new Set(
    [...files]
      .filter(([file]) => /^test\/cases\/.*\.txt$/.test(file))
      .flatMap(([, text]) =>
        [...text.matchAll(/^counters (.*)$/gm)].flatMap(([, line]) => line!.split(/\s+/)),
      ),
  );
  const inTests = [...files]
    .filter(([file]) => file.endsWith('.test.ts') && file !== 'test/tidy.test.ts')
    .map(([, text]) => text);
  return names
    .filter(({ text }) => !inCases.has(text) && !inTests.some((test) => test.includes(`'${text}'`)))
    .map(({ text, line }) => `${path}:${line}: ${text} moves in no case`);
}
