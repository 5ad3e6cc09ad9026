// A zone file of another server as one of ours, as text: what every server understands stays as it was
// written, comments too; a record that only the other one knows is replaced by plain ones, or by a comment
// that says why not. Files that it includes are put in their place. Used by both importers.
import { includeDepthMax } from '../../limits.ts';
import { equal, lowercase, nameLength, parseNameText, printName } from '../../wire/names.ts';
import { TOKEN, Tokens } from '../../wire/tokens.ts';

/** A record that is to be replaced. */
export type Foreign = {
  /** Absolute, lowercase, with the final dot. */
  readonly owner: string;
  /** As it is written; '' where there is none. */
  readonly ttl: string;
  /** What holds where none is written; undefined: nothing yet. */
  readonly defaultTtl: string | undefined;
  readonly type: string;
  /** Words and quoted strings behind the type, escapes still in. */
  readonly data: readonly string[];
};

/** What takes the place of a record. */
export type Replacement =
  | { readonly ttl: string; readonly records: readonly { readonly type: string; readonly data: string }[] }
  | { readonly because: string };

export type Dialect = {
  /** Types that are replaced. */
  readonly types: readonly string[];
  replace(record: Foreign): Replacement;
  /** The text of an included file, or why there is none; the path is as it is written. */
  include(path: string, from: string): { readonly path: string; readonly text: string } | string;
  /** Whether @Z and @F stand for the zone and for the origin of the file. */
  readonly hasZoneNames: boolean;
};

type Word = { readonly text: string; readonly isQuoted: boolean };

/** Rewrites a zone file; `origin` is its name, absolute, `ttl` what holds before any $TTL. */
export function rewriteZone(
  path: string,
  text: string,
  origin: string,
  ttl: string | undefined,
  dialect: Dialect,
): string {
  return new Rewriter(dialect, origin).file(path, text, origin, ttl, 0);
}

class Rewriter {
  readonly #dialect: Dialect;
  readonly #zone: string;

  constructor(dialect: Dialect, zone: string) {
    this.#dialect = dialect;
    this.#zone = zone;
  }

  file(path: string, text: string, first: string, ttl: string | undefined, depth: number): string {
    const octets = Buffer.from(text, 'latin1'); // an offset in octets is one in the text
    const tokens = new Tokens(octets);
    let origin = first;
    let defaultTtl = ttl;
    let owner = '@';
    /** The record that the owner stood at is gone: the next one must name it. */
    let isOwnerLost = false;
    let out = '';
    while (tokens.startRecord()) {
      const { lineAt, indented } = tokens;
      const words = wordsOf(tokens, octets);
      const end = octets.indexOf(0x0a, tokens.to);
      const raw = octets.subarray(lineAt, end < 0 ? octets.length : end + 1).toString('latin1');
      const [head, ...rest] = words;
      const directive = head?.isQuoted === false && !indented ? head.text.toUpperCase() : '';
      if (head === undefined) out += raw;
      else if (directive === '$ORIGIN') {
        origin = this.#absolute(rest[0]?.text ?? '', origin, first);
        out += `$ORIGIN ${origin}\n`;
      } else if (directive === '$TTL') {
        defaultTtl = rest[0]?.text;
        out += `$TTL ${defaultTtl}\n`;
      } else if (directive === '$INCLUDE') {
        const at = rest[1] === undefined ? origin : this.#absolute(rest[1].text, origin, first);
        out += this.#included(path, rest[0]?.text ?? '', at, defaultTtl, depth);
        out += `$ORIGIN ${origin}\n${defaultTtl === undefined ? '' : `$TTL ${defaultTtl}\n`}`;
      } else {
        if (!indented) owner = head.text;
        const foreign = this.#foreign(
          indented ? words : rest,
          this.#absolute(owner, origin, first),
          defaultTtl,
        );
        if (!indented) isOwnerLost = false;
        const replaced = foreign && this.#dialect.replace(foreign);
        const shown = indented && !isOwnerLost ? '' : this.#plain(owner, first);
        if (replaced === undefined) {
          const written = indented && isOwnerLost ? `${shown} ${raw.trimStart()}` : raw;
          out += this.#plainText(written, first);
          isOwnerLost = false;
        } else if ('because' in replaced) {
          out += comment(raw, replaced.because);
          isOwnerLost ||= !indented;
        } else {
          out += recordsText(shown, replaced);
          isOwnerLost = false;
        }
      }
    }
    return out.endsWith('\n') || out === '' ? out : `${out}\n`;
  }

  /** The record in these words, where it is one to be replaced. */
  #foreign(words: readonly Word[], owner: string, defaultTtl: string | undefined): Foreign | undefined {
    let ttl = '';
    for (const [i, { text, isQuoted }] of words.entries()) {
      if (isQuoted) return undefined;
      if (/^\d/.test(text)) ttl = text;
      else if (text.toUpperCase() !== 'IN') {
        const type = text.toUpperCase();
        if (!this.#dialect.types.includes(type)) return undefined;
        return { owner, ttl, defaultTtl, type, data: words.slice(i + 1).map((word) => word.text) };
      }
    }
    return undefined;
  }

  #included(from: string, written: string, origin: string, ttl: string | undefined, depth: number): string {
    const file = depth < includeDepthMax ? this.#dialect.include(written, from) : 'it includes itself';
    if (typeof file === 'string') return comment(`$INCLUDE ${written}\n`, file);
    const body = this.file(file.path, file.text, origin, ttl, depth + 1);
    return `; from ${written}\n$ORIGIN ${origin}\n${body}`;
  }

  #absolute(text: string, origin: string, first: string): string {
    const parsed = parseNameText(this.#plain(text, first), parseNameText(origin).name);
    return parsed.name === undefined ? text : printName(lowercase(parsed.name));
  }

  /** A name without the names of gdnsd's own. */
  #plain(name: string, first: string): string {
    if (!this.#dialect.hasZoneNames) return name;
    return name.replace(/(^|\.)@([ZF])$/i, (_, dot: string, which: string) =>
      dot === '' ? this.#meant(which, first) : `.${this.#meant(which, first)}`,
    );
  }

  #plainText(raw: string, first: string): string {
    if (!this.#dialect.hasZoneNames) return raw;
    const name = /(^|[\s.])@([ZF])(?=[\s;)]|$)/gi;
    return raw.replace(name, (_, before: string, which: string) => before + this.#meant(which, first));
  }

  #meant(which: string, first: string): string {
    return which.toUpperCase() === 'Z' ? this.#zone : first;
  }
}

function wordsOf(tokens: Tokens, octets: Buffer): Word[] {
  const words: Word[] = [];
  for (; tokens.kind === TOKEN.word || tokens.kind === TOKEN.quoted; tokens.next()) {
    const text = octets.subarray(tokens.from, tokens.to).toString('latin1');
    words.push({ text, isQuoted: tokens.kind === TOKEN.quoted });
  }
  return words;
}

function recordsText(owner: string, { ttl, records }: Extract<Replacement, { ttl: string }>): string {
  const lines = records.map(({ type, data }, i) => {
    const words = [i === 0 ? owner.padEnd(7) : ' '.repeat(7), ttl, type, data];
    return `${words.filter((word) => word !== '').join(' ')}\n`;
  });
  return lines.join('');
}

function comment(raw: string, because: string): string {
  const lines = raw.trimEnd().split('\n');
  return `; not imported: ${because}\n${lines.map((line) => `; ${line}\n`).join('')}`;
}

/** The owner as a key of the YAML of a zone: relative, `@` for the zone itself. */
export function ownerKey(owner: string, origin: string): string {
  const [name, zone] = [owner, origin].map((text) => parseNameText(text).name!);
  const extra = nameLength(name!) - zone!.length;
  if (extra === 0) return '@';
  return extra > 0 && equal(name!, extra, zone!, 0)
    ? owner.slice(0, owner.length - (origin === '.' ? 0 : origin.length) - 1)
    : owner;
}
