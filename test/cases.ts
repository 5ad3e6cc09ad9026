// Reads the text cases of test/cases/ (the format stands in README.md there) into zones, pools and questions.
// Used by engines.test.ts, properties.test.ts and tidy.test.ts. A mistake in a case throws with file and
// line.
import { readdirSync, readFileSync } from 'node:fs';
import {
  absolute,
  classes,
  dataFromText,
  lower,
  numberOf,
  type Row,
  rcodes,
  types,
  type Word,
} from './rows.ts';
import { type Ask, encode, headerBits } from './wire.ts';

export type CaseZone = {
  /** Absolute, lowercase, final dot. */
  readonly origin: string;
  readonly text: string;
  readonly rows: readonly Row[];
  /** The YAML beside the zone file, with `PORT` for the port, or ''. */
  balance: string;
  /** Addresses of its pools that are down. */
  down: readonly string[];
};

export type Transport = 'udp' | 'tcp';

export type Question = {
  /** The line as written, for the report. */
  readonly line: string;
  readonly octets: Uint8Array;
  readonly transports: readonly Transport[];
  readonly port: number | undefined;
  readonly repeat: number;
  /** Whether the answer hangs on members with IPv6 addresses. */
  readonly needsIp6: boolean;
};

/** Alternatives, each a list of rows; the usual section has one. */
export type Section = readonly (readonly Row[])[];

export type Expectation = {
  readonly silence: boolean;
  readonly rcode: number;
  readonly bare: boolean;
  readonly flags: readonly string[];
  readonly answer: Section;
  readonly authority: Section;
  readonly additional: Section;
  /**
   * Code and data in hexadecimal: whole, with `*` behind it how they begin, or undefined: whatever they are.
   */
  readonly options: readonly { readonly code: number; readonly hex: string | undefined }[];
  readonly counters: ReadonlyMap<string, number> | undefined;
};

export type Case = {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly questions: readonly Question[];
  readonly expect: Expectation;
};

export type Cases = {
  readonly zones: readonly CaseZone[];
  readonly cases: readonly Case[];
};

/** What the cases expect steerdns.yaml to say. */
export const caseSettings = { identity: 'ns.cases.test', version: 'steerdns under test' } as const;

const root = new URL('../', import.meta.url);

/** Reads every case file, in the order of their names. */
export function loadCases(): Cases {
  const files = readdirSync(new URL('test/cases/', root)).filter((file) => file.endsWith('.txt'));
  const all = files
    .sort()
    .map((file) => parseCases(file, readFileSync(new URL(`test/cases/${file}`, root), 'utf8')));
  const zones = all.flatMap((one) => one.zones);
  const twice = zones.find((zone, i) => zones.findIndex((other) => other.origin === zone.origin) !== i);
  if (twice) throw new Error(`test/cases: two zones are called ${twice.origin}`);
  return { zones, cases: all.flatMap((one) => one.cases) };
}

/** Parses one file of cases. */
export function parseCases(file: string, text: string): Cases {
  const reader = new CaseReader(file, text.split('\n'));
  reader.read();
  return reader;
}

type Draft = {
  line: number;
  reason: string;
  questions: Question[];
  silence: boolean;
  status: readonly string[] | undefined;
  sections: Map<string, Row[][]>;
  options: Expectation['options'];
  counters: Map<string, number> | undefined;
};

class CaseReader implements Cases {
  readonly zones: CaseZone[] = [];
  readonly cases: Case[] = [];
  readonly #file: string;
  readonly #lines: readonly string[];
  #at = 0;
  #reason: string[] = [];
  /** True while comment lines follow each other, so that a new comment replaces the last. */
  #inComment = false;
  #draft: Draft | undefined;

  constructor(file: string, lines: readonly string[]) {
    this.#file = file;
    this.#lines = lines;
  }

  read(): void {
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at]!;
      try {
        this.#readLine(line);
      } catch (error) {
        throw new Error(`test/cases/${this.#file}:${this.#at + 1}: ${(error as Error).message}`);
      }
    }
    this.#close();
  }

  #readLine(line: string): void {
    if (line.startsWith(';')) {
      if (!this.#inComment) this.#reason = [];
      this.#inComment = true;
      this.#reason.push(line.slice(1).trim());
      return;
    }
    this.#inComment = false;
    const words = split(line);
    if (words.length === 0) return;
    const [keyword, ...rest] = words.map((word) => word.text);
    if (/^\s/.test(line)) throw new Error('an indented line that continues nothing');
    if (keyword === 'zone') this.#zone(rest);
    else if (keyword === 'balance') this.#balance(rest[0]!);
    else if (keyword === 'down') this.zones.at(-1)!.down = rest;
    else if (keyword === 'query') this.#question(readQuery(line, rest));
    else if (keyword === 'octets') {
      this.#question(readOctets(line, [...words.slice(1), ...this.#indented().flat()]));
    } else this.#expectation(keyword!, rest);
  }

  #zone(words: readonly string[]): void {
    const origin = lower(absolute(words[0]!));
    const text =
      words[1] === 'file'
        ? readFileSync(new URL(words[2]!, root), 'utf8')
        : this.#untilEnd().join('\n') + '\n';
    this.zones.push({ origin, text, rows: readZone(text, origin), balance: '', down: [] });
  }

  #balance(origin: string): void {
    const zone = this.zones.find((one) => one.origin === lower(origin));
    if (!zone) throw new Error(`no zone ${origin} above`);
    zone.balance = this.#untilEnd().join('\n') + '\n';
  }

  #untilEnd(): string[] {
    const from = this.#at + 1;
    const size = this.#lines.slice(from).indexOf('end');
    if (size < 0) throw new Error('no line `end` follows');
    this.#at = from + size;
    return this.#lines.slice(from, from + size);
  }

  /** The indented lines that follow, as words. */
  #indented(): Word[][] {
    const lines: Word[][] = [];
    while (/^\s+\S/.test(this.#lines[this.#at + 1] ?? '')) {
      const words = split(this.#lines[++this.#at]!);
      if (words.length > 0) lines.push(words);
    }
    return lines;
  }

  #question(question: Question): void {
    if (this.#reason.length === 0) throw new Error('a question needs a comment above it that says why');
    if (!this.#draft || this.#draft.status || this.#draft.silence) {
      this.#close();
      this.#draft = {
        line: this.#at + 1,
        reason: this.#reason.join(' '),
        questions: [],
        silence: false,
        status: undefined,
        sections: new Map(),
        options: [],
        counters: undefined,
      };
    }
    this.#draft.questions.push(question);
  }

  #expectation(keyword: string, rest: readonly string[]): void {
    const draft = this.#draft;
    if (!draft) throw new Error(`${keyword}: no question above`);
    if (keyword === 'silence') draft.silence = true;
    else if (keyword === 'status') draft.status = rest;
    else if (keyword === 'counters')
      draft.counters = new Map(pairs(rest).map(([name, n]) => [name, Number(n)]));
    else if (keyword === 'options') draft.options = rest.map(readOption);
    else if (['answer', 'authority', 'additional'].includes(keyword))
      draft.sections.set(keyword, this.#section(rest));
    else throw new Error(`unknown line: ${keyword}`);
  }

  #section(rest: readonly string[]): Row[][] {
    const alternatives = [this.#indented().map((words) => readRow(words))];
    while (rest.join(' ') === 'one of' && this.#lines[this.#at + 1]?.trim() === 'or') {
      this.#at++;
      alternatives.push(this.#indented().map((words) => readRow(words)));
    }
    return alternatives;
  }

  #close(): void {
    const draft = this.#draft;
    this.#draft = undefined;
    if (!draft) return;
    if (!draft.silence && !draft.status)
      throw new Error(`test/cases/${this.#file}:${draft.line}: no status, no silence`);
    const [rcode = 'NOERROR', ...more] = draft.status ?? [];
    const section = (name: string): Section => draft.sections.get(name) ?? [[]];
    this.cases.push({
      file: this.#file,
      line: draft.line,
      reason: draft.reason,
      questions: draft.questions,
      expect: {
        silence: draft.silence,
        rcode: numberOf(rcodes, 'RCODE', rcode),
        bare: more.includes('bare'),
        flags: more.filter((word) => word in headerBits).sort(),
        answer: section('answer'),
        authority: section('authority'),
        additional: section('additional'),
        options: draft.options,
        counters: draft.counters,
      },
    });
  }
}

const pairs = (words: readonly string[]): [string, string][] =>
  words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1]!] as [string, string]] : []));

const readOption = (word: string): { code: number; hex: string | undefined } => {
  const [code, hex] = word.split(':');
  return { code: Number(code), hex };
};

/** The words of a line: `"quoted text"` is one, `;` begins a comment. */
export function split(line: string): Word[] {
  const words: Word[] = [];
  for (const [, comment, quoted, word] of line.matchAll(/(;.*)|"((?:\\.|[^"\\])*)"|((?:\\.|[^\s";\\])+)/g)) {
    if (comment !== undefined) break;
    words.push(word === undefined ? { text: quoted!, quoted: true } : { text: word, quoted: false });
  }
  return words;
}

function readQuery(line: string, words: readonly string[]): Question {
  const [name, type, ...rest] = words;
  const ask: { -readonly [K in keyof Ask]: Ask[K] } = {
    name: absolute(name!),
    type: numberOf(types, 'TYPE', type!),
  };
  const bits: string[] = [];
  const transports: Transport[] = [];
  let port: number | undefined;
  let repeat = 1;
  let needsIp6 = false;
  let append: number[] = [];
  const octetsOf = (hex = ''): number[] => (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  for (const word of rest) {
    const [key, value = ''] = word.split('=');
    const edns = ask.edns ?? { size: 1232 };
    if (key === 'udp' || key === 'tcp') transports.push(key);
    else if (key! in headerBits) bits.push(key!);
    else if (key === 'edns') ask.edns = { ...edns, size: value === '' ? edns.size : Number(value) };
    else if (key === 'version') ask.edns = { ...edns, version: Number(value) };
    else if (key === 'do') ask.edns = { ...edns, do: true };
    else if (key === 'option') {
      const { code, hex } = readOption(value);
      ask.edns = { ...edns, options: [...(edns.options ?? []), { code, data: octetsOf(hex) }] };
    } else if (key === 'opcode') ask.opcode = Number(value);
    else if (key === 'port') port = Number(value);
    else if (key === 'repeat') repeat = Number(value);
    else if (key === 'ipv6') needsIp6 = true;
    else if (key === 'append') append = octetsOf(value);
    else ask.class = numberOf(classes, 'CLASS', word);
  }
  if (transports.length === 0) transports.push('udp', 'tcp');
  const octets = Uint8Array.from([...encode({ ...ask, bits }), ...append]);
  return { line, octets, transports, port, repeat, needsIp6 };
}

function readOctets(line: string, words: readonly Word[]): Question {
  const transports: Transport[] = [];
  const octets: number[] = [];
  for (const { text, quoted } of words) {
    if (quoted) octets.push(...Buffer.from(text, 'latin1'));
    else if (text === 'udp' || text === 'tcp') transports.push(text);
    else if (/^([0-9a-f]{2})+$/i.test(text)) octets.push(...Buffer.from(text, 'hex'));
    else throw new Error(`octets: neither hexadecimal nor quoted: ${text}`);
  }
  if (transports.length === 0) transports.push('udp', 'tcp');
  return { line, octets: Uint8Array.from(octets), transports, port: undefined, repeat: 1, needsIp6: false };
}

/** `OWNER TTL [CLASS] TYPE RDATA`, names absolute. */
function readRow(words: readonly Word[], origin?: string): Row {
  const [owner, ttl, ...rest] = words;
  const hasClass = rest[0]!.text.toUpperCase() in classes && rest[0]!.text !== 'ANY';
  const type = numberOf(types, 'TYPE', rest[hasClass ? 1 : 0]!.text);
  return {
    owner: absolute(owner!.text, origin),
    ttl: Number(ttl!.text),
    class: hasClass ? numberOf(classes, 'CLASS', rest[0]!.text) : 1,
    type,
    data: dataFromText(type, rest.slice(hasClass ? 2 : 1), origin),
  };
}

/** A master file reader for the plain files that the cases use: the model's own, apart from zone/scan.ts. */
export function readZone(text: string, zoneOrigin: string): Row[] {
  const rows: Row[] = [];
  let [origin, owner, ttl] = [zoneOrigin, zoneOrigin, -1];
  for (const { line, words } of zoneEntries(text)) {
    if (words[0]!.text === '$ORIGIN') origin = absolute(words[1]!.text, origin);
    else if (words[0]!.text === '$TTL') ttl = Number(words[1]!.text);
    else {
      const rest = [...words];
      if (!/^\s/.test(line)) owner = absolute(rest.shift()!.text, origin);
      let own = ttl;
      while (/^(\d+|IN)$/i.test(rest[0]!.text)) {
        const word = rest.shift()!.text;
        if (word.toUpperCase() !== 'IN') own = Number(word);
      }
      if (own < 0) throw new Error(`no TTL: ${line}`);
      const type = numberOf(types, 'TYPE', rest[0]!.text);
      rows.push({ owner, type, class: 1, ttl: own, data: dataFromText(type, rest.slice(1), origin) });
    }
  }
  return rows;
}

/** Lines with their words, parentheses joined. */
function zoneEntries(text: string): { line: string; words: Word[] }[] {
  const entries: { line: string; words: Word[] }[] = [];
  let depth = 0;
  for (const line of text.split('\n')) {
    const words = split(line.replace(/[()]/g, ' $& ')); // no parentheses inside quotes in our cases
    const open = depth > 0 ? entries.at(-1)! : { line, words: [] };
    for (const word of words) {
      if (word.text === '(' && !word.quoted) depth++;
      else if (word.text === ')' && !word.quoted) depth--;
      else open.words.push(word);
    }
    if (open !== entries.at(-1) && open.words.length > 0) entries.push(open);
  }
  return entries;
}
