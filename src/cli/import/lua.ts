// As much of Lua as balanced names are written in: one call with literals, `ifportup(443, {'192.0.2.1'})`,
// perhaps behind `return`. Whatever is a program is undefined here.

export type Lua = string | number | LuaTable | LuaCall;
/** Values without a key in their order, and those with one. */
export type LuaTable = { readonly items: readonly Lua[]; readonly named: ReadonlyMap<string, Lua> };
export type LuaCall = { readonly call: string; readonly args: readonly Lua[] };

/** Reads a snippet that is one value or one call; undefined for anything else. */
export function parseLua(snippet: string): Lua | undefined {
  const start = /^\s*;?\s*(?:return\b)?/.exec(snippet)![0].length;
  const reader = new Reader(snippet.slice(start));
  try {
    const value = reader.value();
    return reader.isAtEnd() ? value : undefined;
  } catch (error) {
    if (error instanceof NotLiteral) return undefined;
    throw error;
  }
}

class NotLiteral extends Error {}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.#take(/\s*;?/y);
    return this.#take(/\s*$/y) !== undefined;
  }

  value(): Lua {
    const number = this.#take(/-?\d+(\.\d+)?/y);
    if (number !== undefined) return Number(number);
    const quoted = this.#take(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y);
    if (quoted !== undefined) return quoted.slice(1, -1).replace(/\\(.)/g, '$1');
    if (this.#take(/\{/y) !== undefined) return this.#table();
    const name = this.#take(/[A-Za-z_]\w*/y);
    if (name === 'true' || name === 'false') return name;
    if (name === undefined || this.#take(/\(/y) === undefined) throw new NotLiteral();
    const args: Lua[] = [];
    while (this.#take(/\)/y) === undefined) {
      args.push(this.value());
      if (this.#take(/,/y) === undefined && !this.#comes(')')) throw new NotLiteral();
    }
    return { call: name, args };
  }

  #table(): LuaTable {
    const items: Lua[] = [];
    const named = new Map<string, Lua>();
    while (this.#take(/\}/y) === undefined) {
      const key = this.#take(/[A-Za-z_]\w*\s*=(?!=)/y) ?? this.#take(/\[\s*(?:'[^']*'|"[^"]*")\s*\]\s*=/y);
      if (key === undefined) items.push(this.value());
      else named.set(key.replace(/^\[\s*['"]?|['"]?\s*\]?\s*=$/g, '').trim(), this.value());
      if (this.#take(/[,;]/y) === undefined && !this.#comes('}')) throw new NotLiteral();
    }
    return { items, named };
  }

  #comes(mark: string): boolean {
    this.#blank();
    return this.#text[this.#at] === mark;
  }

  #take(pattern: RegExp): string | undefined {
    this.#blank();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at = pattern.lastIndex;
    return found;
  }

  #blank(): void {
    const blank = /\s*/y;
    blank.lastIndex = this.#at;
    blank.exec(this.#text);
    this.#at = blank.lastIndex;
  }
}
