// The language of gdnsd's config ("vscf"; gdnsd.config(5), LOW-LEVEL SYNTAX): hashes in braces, arrays in
// square brackets, strings with the escapes of zone files, comments behind # and ;, and $include{path}.
// Used by gdnsd.ts. The first mistake ends the reading: a file that gdnsd takes has none.
import { dirname, isAbsolute, join } from 'node:path';
import { vscfDepthMax } from '../../limits.ts';

export type Vscf = string | readonly Vscf[] | VscfHash;
export type VscfHash = ReadonlyMap<string, Vscf>;

/** Files that a path of an include stands for, as paths; a folder stands for what is in it. */
export type Include = (path: string) => readonly { readonly path: string; readonly text: string }[];

/** What is wrong, and where, as `file:line: what`. */
export class VscfFault extends Error {}

/** Parses a whole file, a hash without braces. Throws VscfFault. */
export function parseVscf(path: string, text: string, include: Include): VscfHash {
  return new Parser(path, text, include, 0).file();
}

/** What ends a string that is not quoted. */
const special = /[\][}{;#,"=\s]/;

class Parser {
  readonly #path: string;
  readonly #text: string;
  readonly #include: Include;
  readonly #depth: number;
  #at = 0;

  constructor(path: string, text: string, include: Include, depth: number) {
    this.#path = path;
    this.#text = text;
    this.#include = include;
    this.#depth = depth;
    if (depth > vscfDepthMax) this.#fail('includes go in a circle');
  }

  file(): VscfHash {
    const hash = this.#entries('');
    if (this.#at < this.#text.length) this.#fail(`"${this.#text[this.#at]}" closes nothing`);
    return hash;
  }

  #fail(what: string): never {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    throw new VscfFault(`${this.#path}:${line}: ${what}`);
  }

  /** Steps over blanks and comments; the character that comes then, '' at the end. */
  #peek(): string {
    const blank = /(?:\s|[#;][^\n]*)*/y;
    blank.lastIndex = this.#at;
    blank.exec(this.#text);
    this.#at = blank.lastIndex;
    return this.#text[this.#at] ?? '';
  }

  #takes(mark: string): boolean {
    if (this.#peek() !== mark) return false;
    this.#at += 1;
    return true;
  }

  #entries(end: string): VscfHash {
    const hash = new Map<string, Vscf>();
    const put = (key: string, value: Vscf): void => {
      if (hash.has(key)) this.#fail(`"${key}" is there twice`);
      hash.set(key, value);
    };
    for (let next = this.#peek(); next !== end; next = this.#peek()) {
      if (next === '') this.#fail(`a ${end} is missing`);
      if (next === ']' || next === '}') break;
      if (this.#text.startsWith('$include{', this.#at)) {
        for (const hash of this.#included()) for (const [key, value] of hash) put(key, value);
      } else {
        const key = this.#string();
        if (!this.#takes('=')) this.#fail(`"${key}" has no value: = or => is missing`);
        if (this.#text[this.#at] === '>') this.#at += 1;
        put(key, this.#value());
      }
      this.#takes(',');
    }
    return hash;
  }

  #value(): Vscf {
    if (this.#takes('{')) {
      const hash = this.#entries('}');
      if (!this.#takes('}')) this.#fail('a } is missing');
      return hash;
    }
    if (this.#takes('[')) {
      const items: Vscf[] = [];
      while (!this.#takes(']')) {
        if (this.#peek() === '') this.#fail('a ] is missing');
        items.push(this.#value());
        this.#takes(',');
      }
      return items;
    }
    if (!this.#text.startsWith('$include{', this.#at)) return this.#string();
    const [hash, ...more] = this.#included();
    if (hash === undefined || more.length > 0) this.#fail('one file must stand for one value');
    return hash;
  }

  #included(): VscfHash[] {
    this.#at += '$include{'.length;
    this.#peek();
    const written = this.#string();
    if (!this.#takes('}')) this.#fail('a } is missing behind $include');
    const path = isAbsolute(written) ? written : join(dirname(this.#path), written);
    return this.#include(path).map((file) =>
      new Parser(file.path, file.text, this.#include, this.#depth + 1).file(),
    );
  }

  #string(): string {
    const isQuoted = this.#takes('"');
    const start = this.#at;
    let value = '';
    for (;;) {
      const next = this.#text[this.#at];
      if (next === undefined && isQuoted) this.#fail('a quote is missing');
      if (next === undefined || (isQuoted ? next === '"' : special.test(next))) break;
      this.#at += 1;
      value += next === '\\' ? this.#escape() : next;
    }
    if (isQuoted) this.#at += 1;
    else if (this.#at === start) this.#fail(`"${this.#text[start] ?? ''}" where a word belongs`);
    return value;
  }

  #escape(): string {
    const digits = /\d{3}/y;
    digits.lastIndex = this.#at;
    const code = digits.exec(this.#text)?.[0];
    const length = code === undefined ? 1 : 3;
    const value = code === undefined ? (this.#text[this.#at] ?? '') : String.fromCharCode(Number(code));
    this.#at += length;
    return value;
  }
}

/** A hash, or undefined. */
export function hashOf(value: Vscf | undefined): VscfHash | undefined {
  return value instanceof Map ? value : undefined;
}

/** The texts of an array, of which a single value may take the place; undefined where it is none. */
export function textsIn(value: Vscf | undefined): string[] | undefined {
  const items = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(items)) return undefined;
  return items.every((item) => typeof item === 'string') ? (items as string[]) : undefined;
}
