// Presentation format as tokens (RFC 1035 §5.1): words, quoted strings and the end of a record, out of
// octets. It knows blanks, comments, parentheses over lines, quotes and backslashes, and nothing of what the
// words mean. zone/scan.ts drives it over files, wire/rdata.ts reads RDATA from it. The *current* token is
// the first one not yet used; next() moves on. Nothing throws: the first problem of a record is kept, with
// its place, until the next record.

/** Kinds of the current token. `bad` means that `problem` says why there is none. */
export const TOKEN = { end: 0, word: 1, quoted: 2, bad: 3 } as const;

/** What is wrong with a record, and where; line and column count from 1, column in characters. */
export type Problem = {
  readonly line: number;
  readonly column: number;
  readonly what: string;
  readonly hint: string;
};

const newline = 0x0a;
const carriageReturn = 0x0d;
const backslash = 0x5c;
const quote = 0x22;
const equalsSign = 0x3d;

/** What an octet means outside quotes; 0 is part of a word. */
const MEANS = { blank: 1, newline: 2, quote: 3, open: 4, close: 5, comment: 6, backslash: 7, cr: 8 } as const;
const means = new Uint8Array(256);
means[0x20] = MEANS.blank;
means[0x09] = MEANS.blank;
means[carriageReturn] = MEANS.cr;
means[newline] = MEANS.newline;
means[quote] = MEANS.quote;
means[0x28] = MEANS.open;
means[0x29] = MEANS.close;
means[0x3b] = MEANS.comment;
means[backslash] = MEANS.backslash;

function withNewline(text: Uint8Array): Uint8Array {
  const octets = new Uint8Array(text.length + 1);
  octets.set(text);
  octets[text.length] = newline;
  return octets;
}

/** The column of an offset in the line that starts at `lineAt`: characters, from 1. */
export function columnIn(text: Uint8Array, lineAt: number, at: number): number {
  let column = 1;
  for (let i = lineAt; i < at; i++) if ((text[i]! & 0xc0) !== 0x80) column++;
  return column;
}

/** A cursor over text in presentation format. */
export class Tokens {
  /** The text, which ends with a newline: one is put behind it where there is none. */
  readonly octets: Uint8Array;
  /** Kind of the current token, one of TOKEN. */
  kind: number = TOKEN.end;
  /** Where the current token's text starts and ends in `octets`: without its quotes, escapes still in. */
  from = 0;
  to = 0;
  /** Whether the current word has a quoted part, as in `key="a b"`: only a SvcParam may. */
  hasQuotes = false;
  /** Line of the current token, from 1, and the offset at which that line starts. */
  line = 0;
  lineAt = 0;
  /** Whether the current record's first line begins with a blank: its owner is left out. */
  indented = false;
  /** The first problem of the current record. */
  problem: Problem | undefined;
  readonly #size: number;
  #at: number;
  #depth = 0;
  #openAt = 0;
  #openLine = 0;
  #openLineAt = 0;

  constructor(text: Uint8Array) {
    this.octets = text[text.length - 1] === newline ? text : withNewline(text);
    this.#size = this.octets.length - 1;
    this.#at = -1; // as if a newline stood before the first line
  }

  /**
   * Moves to the first token of the next line; false at the end of the text. The last record must be at its
   * end.
   */
  startRecord(): boolean {
    if (this.#at >= this.#size) return false;
    this.#at++;
    this.line++;
    this.lineAt = this.#at;
    if (this.#at === this.#size) return false;
    this.#depth = 0;
    this.problem = undefined;
    this.indented = means[this.octets[this.#at]!] === MEANS.blank;
    this.next();
    return true;
  }

  /** Moves to the next token of the record and returns its kind; at the end of a record it stays there. */
  next(): number {
    const octets = this.octets;
    let at = this.#at;
    for (;;) {
      switch (means[octets[at]!]) {
        case MEANS.blank:
          at++;
          break;
        case MEANS.newline:
          if (this.#depth === 0) return this.#set(TOKEN.end, at, at, at);
          if (at === this.#size) return this.#neverClosed();
          at++;
          this.line++;
          this.lineAt = at;
          break;
        case MEANS.comment:
          while (octets[at] !== newline && octets[at] !== carriageReturn) at++;
          break;
        case MEANS.cr:
          if (octets[at + 1] !== newline) return this.#loneReturn(at);
          at++;
          break;
        case MEANS.open:
          if (this.#depth++ === 0) {
            this.#openAt = at;
            this.#openLine = this.line;
            this.#openLineAt = this.lineAt;
          }
          at++;
          break;
        case MEANS.close:
          if (this.#depth === 0) return this.#bad(at, at + 1, 'a ) without a ( before it', 'remove it');
          this.#depth--;
          at++;
          break;
        case MEANS.quote:
          return this.#quoted(at);
        default:
          return this.#word(at);
      }
    }
  }

  /** Moves to the end of the record, whatever is left of it. */
  skipRecord(): void {
    while (this.kind !== TOKEN.end) this.next();
  }

  /** Notes what is wrong at the current token, unless something already is, and returns false. */
  fail(what: string, hint: string): false {
    return this.failAt(this.line, this.lineAt, this.from, what, hint);
  }

  /** Notes what is wrong at an offset in a line, unless something already is, and returns false. */
  failAt(line: number, lineAt: number, at: number, what: string, hint: string): false {
    this.problem ??= { line, column: columnIn(this.octets, lineAt, at), what, hint };
    return false;
  }

  /** Notes that something else was expected here, and returns false. */
  expected(what: string): false {
    if (this.kind === TOKEN.end) return this.fail(`the record ends where ${what} is expected`, '');
    return this.fail(`"${this.text()}" stands where ${what} is expected`, '');
  }

  /** The current token as it may be shown to an operator: printable, and not long. */
  text(): string {
    let shown = '';
    for (let i = this.from; i < this.to; i++) {
      if (shown.length > 60) return `${shown}...`;
      const octet = this.octets[i]!;
      const printable = octet >= 0x20 && octet < 0x7f;
      shown += printable ? String.fromCharCode(octet) : `\\${String(octet).padStart(3, '0')}`;
    }
    return shown;
  }

  #set(kind: number, from: number, to: number, at: number): number {
    this.kind = kind;
    this.from = from;
    this.to = to;
    this.#at = at;
    return kind;
  }

  #bad(from: number, at: number, what: string, hint: string): number {
    this.#set(TOKEN.bad, from, from, at);
    this.fail(what, hint);
    return TOKEN.bad;
  }

  /**
   * A word ends before a blank or a special character; `key="a b"` of SvcParams is one word (RFC 9460 §2.1).
   */
  #word(from: number): number {
    const octets = this.octets;
    let at = from;
    let hasQuotes = false;
    for (;;) {
      const meaning = means[octets[at]!];
      if (meaning === 0) at++;
      else if (meaning === MEANS.backslash) {
        if (octets[at + 1] === newline || octets[at + 1] === carriageReturn) return this.#loneBackslash(at);
        at += 2;
      } else if (meaning === MEANS.quote && octets[at - 1] === equalsSign && at > from) {
        at = this.#closingQuote(at);
        if (octets[at] !== quote) return this.kind;
        at++;
        hasQuotes = true;
      } else break;
    }
    this.hasQuotes = hasQuotes;
    return this.#set(TOKEN.word, from, at, at);
  }

  #quoted(from: number): number {
    const at = this.#closingQuote(from);
    if (this.octets[at] !== quote) return this.kind;
    return this.#set(TOKEN.quoted, from + 1, at, at + 1);
  }

  /**
   * Where the string that opens at `from` is closed; at a newline if it is not, and then the token is bad.
   */
  #closingQuote(from: number): number {
    const octets = this.octets;
    let at = from + 1;
    while (octets[at] !== quote && octets[at] !== newline) {
      if (octets[at] === backslash && octets[at + 1] !== newline) at++;
      at++;
    }
    if (octets[at] === newline) {
      this.#bad(
        from,
        at,
        'a quoted string is not closed on its line',
        'close it with "; a " inside is written \\"',
      );
    }
    return at;
  }

  /** What stands behind it would be lost in a comment, or read as part of this record. */
  #loneReturn(at: number): number {
    return this.#bad(at, at + 1, 'a carriage return inside a line', 'end lines with a newline');
  }

  #loneBackslash(at: number): number {
    return this.#bad(
      at,
      at + 1,
      'a backslash at the end of a line',
      'remove it; ( ) continue a record over lines',
    );
  }

  /**
   * The text ended inside parentheses. Going on from there would lose the rest of the file, so the cursor is
   * set before the first later line that looks like the start of a record.
   */
  #neverClosed(): number {
    const octets = this.octets;
    this.problem = undefined; // whatever else was found in this record follows from this
    this.line = this.#openLine;
    this.lineAt = this.#openLineAt;
    this.#depth = 0;
    let at = this.#openAt;
    for (;;) {
      while (octets[at] !== newline) at++;
      const meaning = means[octets[at + 1] ?? newline]!;
      if (at === this.#size || meaning === 0 || meaning === MEANS.backslash) break;
      at++;
      this.line++;
    }
    const resumeLine = this.line;
    this.line = this.#openLine;
    this.#bad(this.#openAt, at, 'a ( that is never closed', 'close it with ) where the record ends');
    this.line = resumeLine;
    return TOKEN.bad;
  }
}
