// TypeScript source taken apart as far as the house rules need it: tokens without strings and comments
// getting in the way, imports, and where functions begin and end. No parser: TypeScript 7 has no API, and
// this much is enough for code that Biome has formatted. Used by rules.ts.

export type Token = {
  /**
   * `mark` is punctuation; `template` stands where a template string begins, its expressions follow as
   * tokens.
   */
  readonly kind: 'word' | 'number' | 'string' | 'template' | 'regex' | 'mark';
  /** Of a string: what is between the quotes. */
  readonly text: string;
  readonly line: number;
  /** Comments between the token before and this one. */
  readonly comment: string;
};

/** Longest first. `>` stays alone, so that type arguments close one by one. */
const marks = ['...', '=>', '?.', '??', '&&', '||', '==', '!=', '<='];
/** After these words a slash begins a regular expression. */
const beforeRegex = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'void',
  'delete',
  'throw',
  'await',
  'yield',
  'else',
]);

/** Splits source into tokens. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  let line = 1;
  let comment = '';
  const add = (kind: Token['kind'], value: string): void => {
    found.push({ kind, text: value, line, comment });
    comment = '';
  };
  const advance = (size: number): string => {
    const piece = text.slice(at, at + size);
    at += size;
    line += piece.split('\n').length - 1;
    return piece;
  };
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0] ?? '';
  };
  /** Steps over a template string whose backquote is at `at`. */
  const template = (): void => {
    add('template', '');
    advance(1);
    while (at < text.length && text[at] !== '`') {
      if (text.startsWith('${', at)) {
        advance(2);
        code('}');
      } else advance(text[at] === '\\' ? 2 : 1);
    }
    advance(1);
  };
  /** Reads tokens until a closing brace that was not opened here, or the end. */
  const code = (until: string): void => {
    let depth = 0;
    while (at < text.length) {
      const space = match(/\s+/y);
      if (space) advance(space.length);
      if (at >= text.length) return;
      const note = match(/\/\/[^\n]*|\/\*[\s\S]*?\*\//y) || (at === 0 ? match(/#![^\n]*/y) : '');
      if (note) {
        comment += advance(note.length) + '\n';
        continue;
      }
      if (text[at] === '`') {
        template();
        continue;
      }
      const quoted = match(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/y);
      const word = quoted ? '' : match(/#?[A-Za-z_$][\w$]*/y);
      const number = quoted || word ? '' : match(/\d(?:[\w.]|(?<=[eE])[+-])*/y);
      const before = found.at(-1);
      const operand =
        before && (before.kind !== 'mark' || /^[)\]}]$/.test(before.text)) && !beforeRegex.has(before.text);
      const regex =
        text[at] === '/' && !operand ? match(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/[a-z]*/y) : '';
      const mark = marks.find((one) => text.startsWith(one, at)) ?? text[at]!;
      if (quoted) add('string', quoted.slice(1, -1));
      else if (word) add('word', word);
      else if (number) add('number', number);
      else if (regex) add('regex', regex);
      else {
        if (mark === '{') depth++;
        if (mark === '}' && depth-- === 0 && until === '}') {
          advance(1);
          return;
        }
        add('mark', mark);
      }
      advance((quoted || word || number || regex || mark).length);
    }
  };
  code('');
  return found;
}

export type Import = {
  readonly line: number;
  /** As written: './x.ts', 'node:fs', 'undici'. */
  readonly from: string;
  /** `path` is a file named in a string, as workers are started by. */
  readonly kind: 'static' | 'type' | 'dynamic' | 'path';
  /** Local names of a static import. */
  readonly names: readonly string[];
};

/** Every import of a file, in the order of its lines. */
export function importsOf(list: readonly Token[]): Import[] {
  const found: Import[] = [];
  for (let i = 0; i < list.length; i++) {
    const { kind, text, line } = list[i]!;
    const next = list[i + 1];
    if (kind === 'string' && /^\.\.?\/.*\.ts$/.test(text))
      found.push({ line, from: text, kind: 'path', names: [] });
    if (
      kind === 'word' &&
      ['require', 'resolve'].includes(text) &&
      next?.text === '(' &&
      list[i + 2]?.kind === 'string'
    ) {
      found.push({ line, from: list[i + 2]!.text, kind: 'dynamic', names: [] });
    }
    if (kind !== 'word' || (text !== 'import' && text !== 'export') || next?.text === '.') continue;
    if (text === 'import' && next?.text === '(') {
      if (list[i + 2]?.kind === 'string')
        found.push({ line, from: list[i + 2]!.text, kind: 'dynamic', names: [] });
      i += 2;
      continue;
    }
    const end = endOfImport(list, i);
    if (end < 0) continue;
    const isType = next?.text === 'type' && list[i + 2]?.text !== 'from' && list[i + 2]?.text !== ',';
    const words = list.slice(i + 1, end).filter((token) => token.kind === 'word' && token.text !== 'from');
    const names = words.map((token) => token.text);
    found.push({ line, from: list[end]!.text, kind: isType ? 'type' : 'static', names });
    i = end;
  }
  return found;
}

/** Index of the string that ends an import or re-export which begins at `start`, or -1. */
function endOfImport(list: readonly Token[], start: number): number {
  for (let i = start + 1; i < list.length; i++) {
    const { kind, text } = list[i]!;
    if (kind === 'string') return i === start + 1 || list[i - 1]!.text === 'from' ? i : -1;
    const inList = kind === 'word' || ['{', '}', ',', '*'].includes(text);
    if (!inList || ['const', 'function', 'class', 'let', 'default', 'async'].includes(text)) return -1;
  }
  return -1;
}

export type Func = {
  readonly name: string;
  /** The comment above it. */
  readonly comment: string;
  readonly line: number;
  readonly endLine: number;
  /** Indices of the body's braces. */
  readonly from: number;
  readonly to: number;
};

const noFunction = new Set(
  'if for while switch catch with return typeof await case import super in of new throw else do'.split(' '),
);
const modifiers = new Set('export default async static get set public readonly override *'.split(' '));

/** Functions, methods and constructors with a body, and arrow functions with braces. */
export function functionsOf(list: readonly Token[]): Func[] {
  const found: Func[] = [];
  for (let i = 0; i < list.length; i++) {
    const { kind, text } = list[i]!;
    if (text === '=>' && kind === 'mark') {
      if (list[i + 1]?.text === '{') found.push(func(list, '=>', i, i + 1));
      continue;
    }
    if (kind !== 'word' || noFunction.has(text)) continue;
    const before = list[i - 1]?.text;
    if (before === '.' || before === '?.' || before === 'new') continue;
    const isKeyword = text === 'function';
    let p = i + 1;
    if (isKeyword && list[p]?.text === '*') p++;
    if (isKeyword && list[p]?.kind === 'word') p++;
    if (list[p]?.text === '<') p = closing(list, p) + 1;
    if (list[p]?.text !== '(') continue;
    p = closing(list, p) + 1;
    if (list[p]?.text === ':') p = endOfType(list, p + 1);
    if (list[p]?.text !== '{' || list[p]?.kind !== 'mark') continue;
    if (before === 'function') continue; // its name: found by the keyword
    found.push(func(list, isKeyword && list[i + 1]?.kind === 'word' ? list[i + 1]!.text : text, i, p));
  }
  return found;
}

function func(list: readonly Token[], name: string, start: number, from: number): Func {
  let first = start;
  while (first > 0 && modifiers.has(list[first - 1]!.text)) first--;
  const to = closing(list, from);
  const { comment, line } = list[first]!;
  return { name, comment, line, endLine: list[to]?.line ?? line, from, to };
}

const pairs: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']', '<': '>' };

/** Index of the mark that closes the one at `open`. */
function closing(list: readonly Token[], open: number): number {
  const opens = list[open]!.text;
  const closes = pairs[opens]!;
  let depth = 0;
  for (let i = open; i < list.length; i++) {
    const { kind, text } = list[i]!;
    if (kind !== 'mark') continue;
    if (text === opens) depth++;
    if (text === closes && --depth === 0) return i;
  }
  return list.length;
}

/** Index behind the type that begins at `at`: where a body may stand. */
function endOfType(list: readonly Token[], at: number): number {
  let wantsMore = true;
  for (let i = at; i < list.length; i++) {
    const { kind, text } = list[i]!;
    if (kind !== 'mark') {
      wantsMore =
        ['keyof', 'readonly', 'typeof', 'is', 'asserts', 'extends'].includes(text) && kind === 'word';
    } else if (text === '{' && !wantsMore) return i;
    else if (text in pairs) {
      i = closing(list, i);
      wantsMore = false;
    } else if (['|', '&', '=>', '.'].includes(text)) wantsMore = true;
    else return i;
  }
  return list.length;
}
