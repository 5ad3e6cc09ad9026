// One YAML file as a small tree of texts, lists and maps, each with its place. The failsafe schema: every
// scalar is text, so `mode: 0660`, `host: no` or an owner named 10 arrive as written, and each key's own
// shape reads its value. Collects every fault of the syntax; key order is kept, the first of two equal keys
// counts. Called by config.ts.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { errorAt, type Fault, type Place } from '../faults.ts';
import { yamlAliasesMax, yamlCopiedMax, yamlDepthMax, yamlParseDepthMax, yamlSizeMax } from '../limits.ts';

export type YamlText = { readonly kind: 'text'; readonly place: Place; readonly text: string };
export type YamlList = { readonly kind: 'list'; readonly place: Place; readonly items: readonly YamlNode[] };
export type YamlMap = { readonly kind: 'map'; readonly place: Place; readonly entries: readonly YamlEntry[] };
export type YamlNode = YamlText | YamlList | YamlMap;
/** A key, where it stands, and its value; nothing after the colon is the text ''. */
export type YamlEntry = { readonly key: string; readonly place: Place; readonly value: YamlNode };

/** Parses a file; undefined where its syntax is broken, an empty map where there is nothing in it. */
export function parseYaml(file: string, octets: Uint8Array, faults: Fault[]): YamlMap | undefined {
  const start: Place = { file, line: 1, column: 1 };
  const refuse = (place: Place, what: string, hint: string) => {
    faults.push(errorAt(place, what, hint));
    return undefined;
  };
  if (octets.length > yamlSizeMax) {
    return refuse(start, `${octets.length} octets of YAML, more than the ${yamlSizeMax} we read`, '');
  }
  const text = decode(octets);
  if (typeof text === 'number') return refuse({ ...start, line: text }, 'this is not UTF-8', '');
  const lines = new LineCounter();
  const deep = lineTooDeep(text);
  if (deep !== undefined) {
    return refuse({ ...start, line: deep }, `nested more than ${yamlParseDepthMax} deep`, '');
  }
  const document = parseDocument(text, {
    lineCounter: lines,
    schema: 'failsafe',
    uniqueKeys: false,
    prettyErrors: false,
  });
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const errors = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  let lineLast = 0;
  for (const { code, message, pos } of errors) {
    const place = placeOf(pos[0]);
    // What follows in the same line comes of the first.
    if (place.line !== lineLast) refuse(place, `YAML: ${lowerFirst(message)}`, hints[code] ?? '');
    lineLast = place.line;
  }
  if (errors.length > 0) return undefined;
  const builder = new TreeBuilder(placeOf, faults);
  const tree = builder.build(document.contents, 0);
  if (builder.isBroken) return undefined;
  if (tree.kind === 'map') return tree;
  if (tree.kind === 'text' && tree.text === '') return { kind: 'map', place: start, entries: [] };
  return refuse(tree.place, 'the file must consist of keys and values', 'such as "checks:" and "balance:"');
}

const hints: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'put "*" in quotes',
  BAD_INDENT: 'keys of one map begin in the same column',
  BAD_SCALAR_START: 'put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'put the value in quotes, or its keys on lines of their own',
  BLOCK_IN_FLOW: 'is a comma missing?',
  MISSING_CHAR: 'is a colon, a quote or a bracket missing?',
  MULTILINE_IMPLICIT_KEY: 'is a colon missing, or the space after it?',
  MULTIPLE_DOCS: 'one document per file: remove the "---"',
  TAB_AS_INDENT: 'indent with spaces',
  TAG_RESOLVE_FAILED: 'tags mean nothing here: remove it',
};

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/**
 * The line in which the text is nested too deeply to be composed: the library does that by recursion, and
 * where the stack ends inside a regular expression V8 ends the process. The parser itself keeps a stack of
 * its own.
 */
function lineTooDeep(text: string): number | undefined {
  let line = 0;
  const parser = new Parser(() => line++);
  line++; // parse() would say so of the first line
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme)); // what is whole is dropped: only the depth is looked at
    if (parser.stack.length > yamlParseDepthMax) return line;
  }
  return undefined;
}

/** The text, or the number of the first line that is not UTF-8. */
function decode(octets: Uint8Array): string | number {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  try {
    return utf8.decode(octets);
  } catch {
    let line = 1;
    for (let from = 0; from < octets.length; line++) {
      const newline = octets.indexOf(10, from);
      const end = newline === -1 ? octets.length : newline + 1;
      try {
        utf8.decode(octets.subarray(from, end));
      } catch {
        return line;
      }
      from = end;
    }
    return line;
  }
}

/** Turns the library's nodes into ours: follows aliases within limits, reports keys that stand twice. */
class TreeBuilder {
  /** Something could not be followed: what was built is not what the operator meant. */
  isBroken = false;
  readonly #placeOf: (offset: number) => Place;
  readonly #faults: Fault[];
  /** The walk is in the order of the file, so an anchor is known before its aliases. */
  readonly #anchors = new Map<string, Node>();
  readonly #anchored = new Set<Node>();
  #aliases = 0;
  /** How many aliases the walk is within, and the values that aliases have made so far. */
  #within = 0;
  #copied = 0;

  constructor(placeOf: (offset: number) => Place, faults: Fault[]) {
    this.#placeOf = placeOf;
    this.#faults = faults;
  }

  build(node: Node | null | undefined, depth: number): YamlNode {
    const place = this.#placeOf(node?.range?.[0] ?? 0);
    if (this.isBroken) return { kind: 'text', place, text: '' };
    if (this.#within > 0 && ++this.#copied > yamlCopiedMax)
      return this.#breakOff(place, `aliases make more than ${yamlCopiedMax} values`);
    if (node === null || node === undefined) return { kind: 'text', place, text: '' };
    if (isScalar(node) || isMap(node) || isSeq(node)) this.#remember(node);
    if (isScalar(node)) return { kind: 'text', place, text: String(node.value ?? '') };
    if (depth > yamlDepthMax) return this.#breakOff(place, `nested more than ${yamlDepthMax} deep`);
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined) return this.#breakOff(place, `no anchor &${node.source} before this alias`);
      this.#aliases++;
      if (this.#aliases > yamlAliasesMax) return this.#breakOff(place, `more than ${yamlAliasesMax} aliases`);
      this.#within++;
      const copy = this.build(target, depth + 1);
      this.#within--;
      return copy;
    }
    if (isMap(node)) return { kind: 'map', place, entries: this.#entries(node.items, depth) };
    const items = isSeq(node) ? node.items : [];
    return { kind: 'list', place, items: items.map((item) => this.build(item as Node, depth + 1)) };
  }

  #remember(node: Scalar | YAMLMap | YAMLSeq): void {
    if (node.anchor === undefined || this.#anchored.has(node)) return;
    this.#anchored.add(node);
    this.#anchors.set(node.anchor, node);
  }

  /** Reports the first thing that cannot be followed; the rest would come of it. */
  #breakOff(place: Place, what: string): YamlText {
    if (!this.isBroken) this.#refuse(place, what);
    this.isBroken = true;
    return { kind: 'text', place, text: '' };
  }

  #entries(items: readonly { key: unknown; value: unknown }[], depth: number): YamlEntry[] {
    const entries = new Map<string, YamlEntry>();
    for (const { key, value } of items) {
      const name = this.build(key as Node, depth + 1);
      if (this.isBroken) break; // the rest would come of it
      if (name.kind !== 'text') {
        this.#refuse(name.place, 'a key must be a single word');
      } else if (entries.has(name.text)) {
        const { line } = entries.get(name.text)!.place;
        this.#refuse(name.place, `key "${name.text}" is here a second time; first in line ${line}`);
      } else {
        const node = this.build(value as Node | null, depth + 1);
        // A value that is absent has no place of its own.
        const place = value === null ? name.place : node.place;
        entries.set(name.text, { key: name.text, place: name.place, value: { ...node, place } });
      }
    }
    return [...entries.values()];
  }

  #refuse(place: Place, what: string): void {
    this.#faults.push(errorAt(place, what));
  }
}
