// The kinds of field that RDATA is made of, each with four faces: how it is parsed from tokens, how far it
// reaches on the wire, how it is printed, and what its place among names is. A row of rdata.ts is a list of
// these. Every parser writes wire octets straight into the store and leaves the cursor behind what it used;
// false means tokens.problem says why.
import { nameSizeMax } from '../limits.ts';
import { type OctetStore, readUint16, readUint32 } from './bytes.ts';
import * as literals from './literals.ts';
import { NAME, nameFaults, parseName, printName, skipName } from './names.ts';
import { TOKEN, type Tokens } from './tokens.ts';

/** One field of RDATA. */
export type Field = {
  /** Octets it takes on the wire, or -1 where that varies. */
  readonly size: number;
  /**
   * Set for domain names. `compressible`: RFC 3597 §4 allows a pointer; `folded`: never a pointer, but
   * lowercase in canonical order (RFC 4034 §6.2); `exact`: octets like any other.
   */
  readonly name?: 'compressible' | 'folded' | 'exact';
  /** Parses the current token or tokens, appends the octets to `out`, moves on. */
  parse(tokens: Tokens, out: OctetStore, origin: Uint8Array): boolean;
  /** Offset behind the field that starts at `at`, or -1 if it is malformed or goes beyond `end`. */
  skip(octets: Uint8Array, at: number, end: number): number;
  /** The text of the well-formed field between `at` and `end`. */
  print(octets: Uint8Array, at: number, end: number): string;
};

function fixed(size: number): (octets: Uint8Array, at: number, end: number) => number {
  return (_octets, at, end) => (at + size <= end ? at + size : -1);
}

/** What the store's octets behind `used` become: `size` octets, most significant first. */
function append(out: OctetStore, value: number, size: number): void {
  out.reserve(size);
  for (let shift = size - 1; shift >= 0; shift--) out.octets[out.used++] = (value >>> (shift * 8)) & 255;
}

/**
 * Parses the current token as a name into `out` at `at`, where 255 octets must be free, and stays there.
 * Returns the length, or a number below 0: tokens.problem says why.
 */
export function parseNameToken(tokens: Tokens, origin: Uint8Array, out: Uint8Array, at: number): number {
  if (tokens.kind === TOKEN.quoted || (tokens.kind === TOKEN.word && tokens.hasQuotes)) {
    tokens.fail(`quotes in a name: "${tokens.text()}"`, 'none there; \\032 is a blank');
    return NAME.empty;
  }
  if (tokens.kind !== TOKEN.word) {
    tokens.expected('a domain name');
    return NAME.empty;
  }
  const size = parseName(tokens.octets, tokens.from, tokens.to, origin, out, at);
  if (size < 0) {
    const { what, hint } = nameFaults[size]!;
    tokens.fail(`${what}: "${tokens.text()}"`, hint);
  }
  return size;
}

function domainName(name: 'compressible' | 'folded' | 'exact'): Field {
  return {
    size: -1,
    name,
    parse(tokens, out, origin) {
      const at = out.reserve(nameSizeMax);
      const size = parseNameToken(tokens, origin, out.octets, at);
      if (size < 0) return false;
      out.used += size;
      tokens.next();
      return true;
    },
    skip: skipName,
    print: (octets, at) => printName(octets, at),
  };
}

export const compressibleName = domainName('compressible');
export const foldedName = domainName('folded');
export const exactName = domainName('exact');

function failNumber(tokens: Tokens, value: number, what: string, max: number): false {
  if (value === literals.NOT_ONE) return tokens.expected(what);
  return tokens.fail(`${tokens.text()} is too large for ${what}`, `at most ${max}`);
}

function unsigned(size: 1 | 2 | 4): Field {
  const max = 2 ** (8 * size) - 1;
  return {
    size,
    parse(tokens, out) {
      if (tokens.kind !== TOKEN.word) return tokens.expected('a number');
      const value = literals.parseDecimal(tokens.octets, tokens.from, tokens.to, max);
      if (value < 0) return failNumber(tokens, value, 'a number', max);
      append(out, value, size);
      tokens.next();
      return true;
    },
    skip: fixed(size),
    print(octets, at) {
      return String(size === 1 ? octets[at] : size === 2 ? readUint16(octets, at) : readUint32(octets, at));
    },
  };
}

export const u8 = unsigned(1);
export const u16 = unsigned(2);
export const u32 = unsigned(4);

/** Seconds as in a SOA: 32 bits, with units if the operator likes. */
export const seconds: Field = {
  ...u32,
  parse(tokens, out) {
    if (tokens.kind !== TOKEN.word) return tokens.expected('a number of seconds');
    const value = literals.parseSeconds(tokens.octets, tokens.from, tokens.to, 2 ** 32 - 1);
    if (value < 0) return failNumber(tokens, value, 'a number of seconds', 2 ** 32 - 1);
    append(out, value, 4);
    tokens.next();
    return true;
  },
};

export const ipv4: Field = {
  size: 4,
  parse(tokens, out) {
    if (tokens.kind !== TOKEN.word) return tokens.expected('an IPv4 address');
    const at = out.reserve(4);
    if (!literals.parseIpv4(tokens.octets, tokens.from, tokens.to, out.octets, at)) {
      return tokens.fail(
        `"${tokens.text()}" is no IPv4 address`,
        'four decimals from 0 to 255 without leading zeros, as in 192.0.2.1',
      );
    }
    out.used += 4;
    tokens.next();
    return true;
  },
  skip: fixed(4),
  print: (octets, at) => literals.printIpv4(octets, at),
};

export const ipv6: Field = {
  size: 16,
  parse(tokens, out) {
    if (tokens.kind !== TOKEN.word) return tokens.expected('an IPv6 address');
    const at = out.reserve(16);
    if (!literals.parseIpv6(tokens.octets, tokens.from, tokens.to, out.octets, at)) {
      return tokens.fail(
        `"${tokens.text()}" is no IPv6 address`,
        'eight groups of hex digits, one run of zeros as ::, as in 2001:db8::1',
      );
    }
    out.used += 16;
    tokens.next();
    return true;
  },
  skip: fixed(16),
  print: (octets, at) => literals.printIpv6(octets, at),
};

/** Parses the current word or quoted string, of up to `max` octets, to the end of the store. */
function parseStringToken(tokens: Tokens, out: OctetStore, max: number): boolean {
  if (tokens.kind !== TOKEN.word && tokens.kind !== TOKEN.quoted) return tokens.expected('a string');
  const { octets, from, to } = tokens;
  if (tokens.kind === TOKEN.word && tokens.hasQuotes) {
    return tokens.fail('a quoted string begins inside a word', 'put the quotes around the whole string');
  }
  const at = out.reserve(to - from);
  const size = literals.parseString(octets, from, to, out.octets, at);
  if (size < 0) {
    return tokens.fail('a bad escape in a string', '\\ and a character, or \\ and three digits up to 255');
  }
  if (size > max) {
    const hint = max === 255 ? 'at most 255; write "..." "..." for several' : `at most ${max}`;
    return tokens.fail(`a string of ${size} octets`, hint);
  }
  out.used += size;
  tokens.next();
  return true;
}

/** A character-string: a length octet and up to 255 octets. */
export const string: Field = {
  size: -1,
  parse(tokens, out) {
    const at = out.reserve(1);
    out.used++;
    if (!parseStringToken(tokens, out, 255)) return false;
    out.octets[at] = out.used - at - 1;
    return true;
  },
  skip: lengthAndOctets,
  print: (octets, at, end) => literals.printString(octets, at + 1, end),
};

/** Offset behind a length octet and the octets it counts, or -1. */
export function lengthAndOctets(octets: Uint8Array, at: number, end: number): number {
  const behind = at + 1 + octets[at]!;
  return at < end && behind <= end ? behind : -1;
}

/** From one to `countMax` character-strings up to the end of the record. */
function upToStrings(countMax: number): Field {
  return {
    size: -1,
    parse(tokens, out, origin) {
      let count = 0;
      do {
        if (!string.parse(tokens, out, origin)) return false;
      } while (++count < countMax && tokens.kind !== TOKEN.end);
      return true;
    },
    skip(octets, at, end) {
      let count = 0;
      let p = at;
      do p = string.skip(octets, p, end);
      while (++count < countMax && p >= 0 && p < end);
      return p;
    },
    print(octets, at, end) {
      const parts: string[] = [];
      for (let p = at; p < end; p += octets[p]! + 1) {
        parts.push(literals.printString(octets, p + 1, p + 1 + octets[p]!));
      }
      return parts.join(' ');
    },
  };
}

export const strings = upToStrings(Number.POSITIVE_INFINITY);
export const oneOrTwoStrings = upToStrings(2);

/** A character-string of at least four digits: the address of X25 (RFC 1183 §3.1). */
export const digits: Field = {
  ...string,
  parse(tokens, out, origin) {
    const { line, lineAt, from } = tokens;
    const at = out.used;
    if (!string.parse(tokens, out, origin)) return false;
    if (digits.skip(out.octets, at, out.used) > 0) return true;
    return tokens.failAt(line, lineAt, from, 'a PSDN address is four digits or more', 'as in 311061700956');
  },
  skip(octets, at, end) {
    const behind = lengthAndOctets(octets, at, end);
    if (behind < at + 5) return -1;
    for (let i = at + 1; i < behind; i++) if (octets[i]! < 48 || octets[i]! > 57) return -1;
    return behind;
  },
};

/**
 * A string without a length octet that takes the rest of the RDATA: the value of CAA; of URI, where it is
 * quoted.
 */
function restAsString(mustBeQuoted: boolean): Field {
  return {
    size: -1,
    parse(tokens, out) {
      if (mustBeQuoted && tokens.kind === TOKEN.word) {
        return tokens.fail(`"${tokens.text()}" stands without quotes`, 'put it in quotes');
      }
      return parseStringToken(tokens, out, 65_535);
    },
    skip: (_octets, _at, end) => end,
    print: (octets, at, end) => literals.printString(octets, at, end),
  };
}

export const restString = restAsString(false);
export const restQuoted = restAsString(true);

/** The tag of CAA: a length octet, then letters and digits (RFC 8659 §4.1). */
export const tag: Field = {
  size: -1,
  parse(tokens, out) {
    const { octets, from, to } = tokens;
    if (tokens.kind !== TOKEN.word) return tokens.expected('a tag');
    if (!isTag(octets, from, to))
      return tokens.fail(`"${tokens.text()}" is no tag`, 'letters and digits, as in issue');
    append(out, to - from, 1);
    out.reserve(to - from);
    for (let i = from; i < to; i++) out.octets[out.used++] = octets[i]!;
    tokens.next();
    return true;
  },
  skip(octets, at, end) {
    const behind = string.skip(octets, at, end);
    return behind > 0 && isTag(octets, at + 1, behind) ? behind : -1;
  },
  print: (octets, at, end) => String.fromCharCode(...octets.subarray(at + 1, end)),
};

function isTag(octets: Uint8Array, from: number, to: number): boolean {
  if (from === to || to - from > 255) return false;
  for (let i = from; i < to; i++) {
    const letter = octets[i]! | 0x20;
    if (!(letter >= 0x61 && letter <= 0x7a) && !(octets[i]! >= 48 && octets[i]! <= 57)) return false;
  }
  return true;
}

/**
 * `count` groups of `size` octets in hex with a separator: the locators of RFC 6742, EUI-48 and EUI-64 (RFC
 * 7043).
 */
export function hexGroups(count: number, size: number, separator: string, digitsMin: number): Field {
  const total = count * size;
  const what = `${count} groups of hex digits with ${separator} between them`;
  return {
    size: total,
    parse(tokens, out) {
      if (tokens.kind !== TOKEN.word) return tokens.expected(what);
      const parts = tokens.text().split(separator);
      out.reserve(total);
      for (const part of parts) {
        const right = part.length >= digitsMin && part.length <= 2 * size && !/[^0-9a-f]/i.test(part);
        if (parts.length !== count || !right) return tokens.expected(what);
        append(out, Number.parseInt(part, 16), size);
      }
      tokens.next();
      return true;
    },
    skip: fixed(total),
    print(octets, at) {
      return Array.from({ length: count }, (_, n) => {
        const value = size === 1 ? octets[at + n]! : readUint16(octets, at + 2 * n);
        return value.toString(16).padStart(digitsMin, '0');
      }).join(separator);
    },
  };
}
