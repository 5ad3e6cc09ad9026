// $GENERATE as BIND has it: `$GENERATE START-STOP[/STEP] OWNER [TTL] [CLASS] TYPE DATA`. In OWNER and DATA
// a `$` becomes the number, `${OFFSET,WIDTH,BASE}` the number plus OFFSET in at least WIDTH digits of BASE,
// `$$` a dollar; what a backslash precedes stays as it is. DATA is one word, or several in quotes. This
// parses the directive and writes the text of each record; scan.ts reads that text as it reads any other.
import { generatedRecordsMax, generatedWidthMax } from '../limits.ts';
import { TOKEN, type Tokens } from '../wire/tokens.ts';

const numberMax = 0x7fff_ffff;

/** A part of OWNER or DATA: text, or a number to be put in. */
type Part = string | { readonly offset: number; readonly width: number; readonly base: string };

/** A directive. Text is octets as latin1 characters. */
export type Template = {
  readonly start: number;
  readonly step: number;
  readonly count: number;
  /** What stands between owner and data, blanks included. */
  readonly middle: string;
  readonly owner: readonly Part[];
  readonly data: readonly Part[];
  /** Where owner and data stand, for faults. */
  readonly ownerAt: Place;
  readonly dataAt: Place;
};

type Place = { readonly line: number; readonly lineAt: number; readonly from: number };

/**
 * Parses the directive up to its end. `isType` says whether the current token is neither TTL nor class.
 * Undefined: tokens.problem says why.
 */
export function parseTemplate(tokens: Tokens, isType: () => boolean): Template | undefined {
  tokens.next();
  const range = parseRange(tokens);
  if (range === undefined) return undefined;
  tokens.next();
  const ownerAt = placeOf(tokens);
  const owner =
    tokens.kind === TOKEN.word ? parseParts(tokens, wordOf(tokens)) : failExpected(tokens, 'an owner');
  if (owner === undefined) return undefined;
  let middle = ' ';
  for (let seen = false; !seen; ) {
    if (tokens.next() !== TOKEN.word) return failExpected(tokens, 'an RR type');
    middle += `${wordOf(tokens)} `;
    seen = isType();
  }
  tokens.next();
  const dataAt = placeOf(tokens);
  if (tokens.kind !== TOKEN.word && tokens.kind !== TOKEN.quoted) return failExpected(tokens, 'data');
  // A quote inside quotes is one of the record's own.
  const text = tokens.kind === TOKEN.quoted ? wordOf(tokens).replaceAll('\\"', '"') : wordOf(tokens);
  const data = parseParts(tokens, text);
  if (data === undefined) return undefined;
  if (tokens.next() !== TOKEN.end) {
    tokens.fail(`"${tokens.text()}" stands behind the directive`, 'put data of several words in quotes');
    return undefined;
  }
  return { ...range, owner, middle, data, ownerAt, dataAt };
}

function failExpected(tokens: Tokens, what: string): undefined {
  tokens.expected(what);
  return undefined;
}

function placeOf({ line, lineAt, from }: Tokens): Place {
  return { line, lineAt, from };
}

function wordOf({ octets, from, to }: Tokens): string {
  return Buffer.from(octets.buffer, octets.byteOffset + from, to - from).toString('latin1');
}

function parseRange(tokens: Tokens): Pick<Template, 'start' | 'step' | 'count'> | undefined {
  if (tokens.kind !== TOKEN.word) return failExpected(tokens, 'a range as in 1-127');
  const [, first, last, by] = /^(\d{1,10})-(\d{1,10})(?:\/(\d{1,10}))?$/.exec(tokens.text()) ?? [];
  const start = Number(first);
  const stop = Number(last);
  const step = Number(by ?? 1);
  if (first === undefined || start > stop || stop > numberMax || step === 0 || step > numberMax) {
    const hint = `START-STOP or START-STOP/STEP, START not above STOP, up to ${numberMax}`;
    tokens.fail(`"${tokens.text()}" is no range`, hint);
    return undefined;
  }
  const count = Math.floor((stop - start) / step) + 1;
  if (count <= generatedRecordsMax) return { start, step, count };
  tokens.fail(`$GENERATE of ${count} records`, `at most ${generatedRecordsMax} by one directive`);
  return undefined;
}

/** Splits text at its dollars; undefined: tokens.problem says why. */
function parseParts(tokens: Tokens, text: string): Part[] | undefined {
  const parts: Part[] = [];
  for (const [found] of text.matchAll(/\\[\s\S]|\$\$|\$\{[^}]*\}?|\$|[^\\$]+|\\/g)) {
    const part = found === '$$' ? '$' : found[0] === '$' ? parseModifier(found) : found;
    if (part === undefined) {
      const hint = `\${OFFSET[,WIDTH[,BASE]]}, WIDTH up to ${generatedWidthMax}, BASE one of d o x X n N`;
      tokens.fail(`"${found.replace(/[^ -~]/g, '?').slice(0, 60)}" is no number to put in`, hint);
      return undefined;
    }
    parts.push(part);
  }
  return parts;
}

function parseModifier(found: string): Part | undefined {
  if (found === '$') return { offset: 0, width: 0, base: 'd' };
  const parsed = /^\$\{([+-]?\d{1,10})(?:,(\d{1,3})(?:,([doxXnN]))?)?\}$/.exec(found);
  if (parsed === null) return undefined;
  const offset = Number(parsed[1]);
  const width = Number(parsed[2] ?? 0);
  if (Math.abs(offset) > numberMax || width > generatedWidthMax) return undefined;
  return { offset, width, base: parsed[3] ?? 'd' };
}

/** Owner and data of one record; undefined where a number falls below zero. */
export function expand(template: Template, number: number): { owner: string; data: string } | undefined {
  const owner = expandParts(template.owner, number);
  const data = expandParts(template.data, number);
  return owner === undefined || data === undefined ? undefined : { owner, data };
}

function expandParts(parts: readonly Part[], number: number): string | undefined {
  let text = '';
  for (const part of parts) {
    if (typeof part === 'string') text += part;
    else if (number + part.offset < 0) return undefined;
    else text += printNumber(number + part.offset, part.width, part.base);
  }
  return text;
}

function printNumber(value: number, width: number, base: string): string {
  switch (base) {
    case 'o':
      return value.toString(8).padStart(width, '0');
    case 'x':
      return value.toString(16).padStart(width, '0');
    case 'X':
      return value.toString(16).toUpperCase().padStart(width, '0');
    case 'n':
      return printNibbles(value.toString(16), width);
    case 'N':
      return printNibbles(value.toString(16).toUpperCase(), width);
    default:
      return String(value).padStart(width, '0');
  }
}

/** Hex digits as labels, the last digit first; `width` counts the dots, and even ones end with a dot. */
function printNibbles(hex: string, width: number): string {
  const digits = hex.padStart(Math.ceil(width / 2), '0');
  const text = [...digits].reverse().join('.');
  return text.length < width ? `${text}.` : text;
}
