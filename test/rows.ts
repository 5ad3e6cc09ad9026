// Names and records for tests, as text: written from the RFCs on its own, sharing no code with src/, so that
// an error there cannot hide itself here. A Row's `data` is one canonical text per RDATA, whatever way it was
// read (wire, zone text, expectation of a case), so rows compare as strings. Slow and obvious on purpose.
// Used by wire.ts, model.ts and cases.ts.

export type Row = {
  /** Absolute name, case as read. */
  readonly owner: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  /** RDATA in canonical presentation form; names in it absolute, case as read. */
  readonly data: string;
};

export const types: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  TLSA: 52,
  SVCB: 64,
  HTTPS: 65,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
};

export const classes: Readonly<Record<string, number>> = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 };

export const rcodes: Readonly<Record<string, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  NOTAUTH: 9,
  BADVERS: 16,
  BADCOOKIE: 23,
};

const nameOf = (table: Readonly<Record<string, number>>, value: number): string | undefined =>
  Object.keys(table).find((key) => table[key] === value);

export const typeText = (type: number): string => nameOf(types, type) ?? `TYPE${type}`;
const classText = (code: number): string => nameOf(classes, code) ?? `CLASS${code}`;
export const rcodeText = (rcode: number): string => nameOf(rcodes, rcode) ?? `RCODE${rcode}`;

/** Reads a mnemonic or `PREFIXnnn` (RFC 3597 §5); throws where it is neither. */
export function numberOf(table: Readonly<Record<string, number>>, prefix: string, text: string): number {
  const known = table[text.toUpperCase()];
  if (known !== undefined) return known;
  const generic = new RegExp(`^${prefix}(\\d+)$`, 'i').exec(text);
  if (generic) return Number(generic[1]);
  throw new Error(`no such ${prefix.toLowerCase()}: ${text}`);
}

/** A label as text: RFC 1035 §5.1 escapes for what is not a plain character. */
function labelText(octets: readonly number[]): string {
  return octets
    .map((octet) => {
      const character = String.fromCharCode(octet);
      if (/[A-Za-z0-9_*/-]/.test(character)) return character;
      return octet > 32 && octet < 127 ? `\\${character}` : `\\${String(octet).padStart(3, '0')}`;
    })
    .join('');
}

/** Labels as octets, first label first, without the root. */
export type Labels = readonly (readonly number[])[];

export const nameText = (labels: Labels): string =>
  labels.map((label) => `${labelText(label)}.`).join('') || '.';

/** Splits a name in presentation form; a name without a final dot is below `origin`. */
export function labelsOf(text: string, origin?: string): Labels {
  if (text === '.') return [];
  if (text === '@' && origin !== undefined) return labelsOf(origin);
  const labels: number[][] = [];
  let label: number[] = [];
  let absolute = false;
  for (let i = 0; i < text.length; i++) {
    absolute = false;
    const escaped = /^\\(?:(\d{3})|(.))/.exec(text.slice(i));
    if (escaped) {
      label.push(escaped[1] ? Number(escaped[1]) : escaped[2]!.charCodeAt(0));
      i += escaped[0].length - 1;
    } else if (text[i] === '.') {
      labels.push(label);
      label = [];
      absolute = true;
    } else {
      label.push(text.charCodeAt(i));
    }
  }
  if (!absolute) {
    labels.push(label);
    if (origin === undefined) throw new Error(`not an absolute name: ${text}`);
    labels.push(...labelsOf(origin).map((l) => [...l]));
  }
  for (const l of labels) if (l.length === 0 || l.length > 63) throw new Error(`bad label in ${text}`);
  if (labels.reduce((size, l) => size + l.length + 1, 1) > 255) throw new Error(`name too long: ${text}`);
  return labels;
}

export const absolute = (text: string, origin?: string): string => nameText(labelsOf(text, origin));

export const nameOctets = (text: string): number[] => [
  ...labelsOf(text).flatMap((label) => [label.length, ...label]),
  0,
];

/**
 * Lowercase of ASCII letters only (RFC 4343); `\DDD` escapes are never letters here, so text can be lowered.
 */
export const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
export const sameName = (a: string, b: string): boolean => lower(a) === lower(b);
/** The name without its first label. */
export const parent = (name: string): string => nameText(labelsOf(name).slice(1));
export const isBelow = (name: string, above: string): boolean =>
  above === '.' ? name !== '.' : lower(name).endsWith(`.${lower(above)}`) && endsAtLabel(name, above);
export const isWithin = (name: string, above: string): boolean =>
  sameName(name, above) || isBelow(name, above);

/** An escaped dot before the suffix would be no label boundary. */
function endsAtLabel(name: string, above: string): boolean {
  const [a, b] = [labelsOf(name), labelsOf(above)];
  return a.length > b.length && sameName(nameText(a.slice(a.length - b.length)), above);
}

/** What RDATA is made of. `cname` is a name that may be compressed (RFC 3597 §4), `name` one that may not. */
type Field =
  | 'u8'
  | 'u16'
  | 'u32'
  | 'ip4'
  | 'ip6'
  | 'name'
  | 'cname'
  | 'string'
  | 'tag'
  | 'strings'
  | 'rest'
  | 'hex';

const fields: Readonly<Record<string, readonly Field[]>> = {
  A: ['ip4'],
  NS: ['cname'],
  CNAME: ['cname'],
  SOA: ['cname', 'cname', 'u32', 'u32', 'u32', 'u32', 'u32'],
  PTR: ['cname'],
  HINFO: ['string', 'string'],
  MX: ['u16', 'cname'],
  TXT: ['strings'],
  RP: ['name', 'name'],
  AFSDB: ['u16', 'name'],
  AAAA: ['ip6'],
  SRV: ['u16', 'u16', 'u16', 'name'],
  DNAME: ['name'],
  DS: ['u16', 'u8', 'u8', 'hex'],
  SSHFP: ['u8', 'u8', 'hex'],
  TLSA: ['u8', 'u8', 'u8', 'hex'],
  CAA: ['u8', 'tag', 'rest'],
};

const hex = (octets: readonly number[]): string =>
  octets.map((o) => o.toString(16).padStart(2, '0')).join('');
const unhex = (text: string): number[] => {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new Error(`not hexadecimal: ${text}`);
  return (text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
};
const quoted = (octets: readonly number[]): string => {
  const isPlain = (o: number): boolean => o >= 32 && o < 127 && o !== 34 && o !== 92;
  const text = octets.map((o) => (isPlain(o) ? String.fromCharCode(o) : `\\${String(o).padStart(3, '0')}`));
  return `"${text.join('')}"`;
};

const big = (octets: readonly number[]): number => octets.reduce((sum, octet) => sum * 256 + octet, 0);
const little = (value: number, size: number): number[] =>
  Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** (size - 1 - i)) % 256);

/** Canonical text of an IPv6 address (RFC 5952), by the URL parser. */
const ip6Text = (text: string): string => new URL(`http://[${text}]/`).hostname.slice(1, -1);

function ip6Octets(text: string): number[] {
  const [before, after] = ip6Text(text).split('::');
  const words = (part: string | undefined): string[] => (part ? part.split(':') : []);
  const [head, tail] = [words(before), words(after)];
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].flatMap((word) => little(Number.parseInt(word, 16), 2));
}

/** Reads a name at `at`, following pointers where the caller lets it; returns the offset behind it. */
export type ReadName = (at: number, compressed: boolean) => { name: string; next: number };

/** Prints the RDATA of a message; throws where it is not exactly what its type asks for. */
export function dataFromWire(
  type: number,
  octets: Uint8Array,
  at: number,
  length: number,
  readName: ReadName,
): string {
  const form = fields[typeText(type)];
  const end = at + length;
  if (!form) return `\\# ${length}${length ? ` ${hex([...octets.slice(at, end)])}` : ''}`;
  const take = (size: number): number[] => {
    if (at + size > end) throw new Error(`${typeText(type)}: RDATA too short`);
    at += size;
    return [...octets.slice(at - size, at)];
  };
  const name = (compressed: boolean): string => {
    const read = readName(at, compressed);
    at = read.next;
    return read.name;
  };
  const read: Readonly<Record<Field, () => string>> = {
    u8: () => String(big(take(1))),
    u16: () => String(big(take(2))),
    u32: () => String(big(take(4))),
    ip4: () => take(4).join('.'),
    ip6: () => ip6Text((hex(take(16)).match(/.{4}/g) ?? []).join(':')),
    name: () => name(false),
    cname: () => name(true),
    string: () => quoted(take(big(take(1)))),
    tag: () => String.fromCharCode(...take(big(take(1)))),
    strings: () => {
      const all = [quoted(take(big(take(1))))];
      while (at < end) all.push(quoted(take(big(take(1)))));
      return all.join(' ');
    },
    rest: () => quoted(take(end - at)),
    hex: () => hex(take(end - at)),
  };
  const text = form.map((field) => read[field]()).join(' ');
  if (at !== end) throw new Error(`${typeText(type)}: ${end - at} octets too many in RDATA`);
  return text;
}

/** A word of zone text; a quoted one keeps that it was quoted. */
export type Word = { readonly text: string; readonly quoted: boolean };

const stringOctets = (text: string): number[] =>
  [...text.matchAll(/\\(\d{3})|\\(.)|([^\\])/gs)].map(([, code, escaped, plain]) =>
    code ? Number(code) : (escaped ?? plain)!.charCodeAt(0),
  );

/** Canonical text of RDATA from the words of zone text, by way of its octets. */
export function dataFromText(type: number, words: readonly Word[], origin?: string): string {
  const octets = Uint8Array.from(octetsFromText(type, words, origin));
  return dataFromWire(type, octets, 0, octets.length, (at) => {
    const labels: number[][] = [];
    while (octets[at] !== 0) {
      labels.push([...octets.slice(at + 1, at + 1 + octets[at]!)]);
      at += octets[at]! + 1;
    }
    return { name: nameText(labels), next: at + 1 };
  });
}

function octetsFromText(type: number, words: readonly Word[], origin?: string): number[] {
  if (words[0]?.text === '\\#' && !words[0].quoted) {
    const octets = unhex(
      words
        .slice(2)
        .map((word) => word.text)
        .join(''),
    );
    if (octets.length !== Number(words[1]?.text)) throw new Error('\\#: length and octets differ');
    return octets;
  }
  const form = fields[typeText(type)];
  if (!form) throw new Error(`${typeText(type)}: write the RDATA as \\# length octets`);
  const left = [...words];
  const next = (): string => {
    const word = left.shift();
    if (!word) throw new Error(`${typeText(type)}: too few words`);
    return word.text;
  };
  const withLength = (octets: readonly number[]): number[] => [octets.length, ...octets];
  const name = (): number[] => nameOctets(absolute(next(), origin));
  const write: Readonly<Record<Field, () => number[]>> = {
    u8: () => little(Number(next()), 1),
    u16: () => little(Number(next()), 2),
    u32: () => little(Number(next()), 4),
    ip4: () => next().split('.').map(Number),
    ip6: () => ip6Octets(next()),
    name,
    cname: name,
    string: () => withLength(stringOctets(next())),
    tag: () => withLength(stringOctets(next())),
    strings: () => left.splice(0).flatMap((word) => withLength(stringOctets(word.text))),
    rest: () => stringOctets(next()),
    hex: () => unhex(left.splice(0).reduce((all, word) => all + word.text, '')),
  };
  const octets = form.flatMap((field) => write[field]());
  if (left.length > 0) throw new Error(`${typeText(type)}: too many words`);
  return octets;
}

/** Prints a row as a case has it. */
export const printRow = (row: Row): string =>
  [
    ...[row.owner, row.ttl, ...(row.class === 1 ? [] : [classText(row.class)])],
    ...[typeText(row.type), row.data],
  ].join(' ');

/** Octets of a row's RDATA where `sizeOfName` says how long a name is that may be compressed. */
export function dataSize(row: Row, sizeOfName: (name: string) => number): number {
  const words = [...row.data.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map(([, quotedText, word]) =>
    word === undefined ? { text: quotedText!, quoted: true } : { text: word, quoted: false },
  );
  const form = fields[typeText(row.type)] ?? [];
  return words
    .filter((_, i) => form[i] === 'cname')
    .reduce(
      (size, { text }) => size - nameOctets(text).length + sizeOfName(text),
      octetsFromText(row.type, words).length,
    );
}

/** Whether the RDATA of this type has names in it, whose case may change on the way. */
export const holdsNames = (type: number): boolean =>
  (fields[typeText(type)] ?? []).some((field) => field === 'name' || field === 'cname');
