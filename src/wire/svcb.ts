// The SvcParams of SVCB and HTTPS records (RFC 9460 §2.1, §7, §14.3): `key=value` pairs in any order as text,
// sorted and unique on the wire. One row per key says how its value is parsed, checked and printed; keys
// without a row are keyNNNNN with octets as they are. rdata.ts uses the field at the end.
import { isUtf8 } from 'node:buffer';
import { OctetBuffer, type OctetStore, readUint16 } from './bytes.ts';
import { base64IsWhole, parseBase64 } from './encodings.ts';
import type { Field } from './fields.ts';
import * as literals from './literals.ts';
import { TOKEN, type Tokens } from './tokens.ts';

/** One SvcParamKey. Values are octets whose string escapes are already undone. */
type Param = {
  readonly key: number;
  readonly name: string;
  /** What a value looks like, for the hint. */
  readonly looks: string;
  /** Parses the value and appends its wire form; false if it is none. */
  parse(value: Uint8Array, size: number, out: OctetStore): boolean;
  /** Says whether wire octets are a well-formed value. */
  check(octets: Uint8Array, at: number, end: number): boolean;
  /** The text behind the key, `=` included. */
  print(octets: Uint8Array, at: number, end: number): string;
};

const comma = 0x2c;
const backslash = 0x5c;
const reservedKey = 65_535;

/** Calls `item` for each part of a comma-separated list; false if one says so. */
function eachPart(value: Uint8Array, size: number, item: (from: number, to: number) => boolean): boolean {
  let from = 0;
  for (let i = 0; i <= size; i++) {
    if (i < size && value[i] !== comma) continue;
    if (!item(from, i)) return false;
    from = i + 1;
  }
  return true;
}

const mandatory: Param = {
  key: 0,
  name: 'mandatory',
  looks: 'other keys of this record, each once, as in mandatory=alpn,port',
  parse(value, size, out) {
    const keys: number[] = [];
    eachPart(value, size, (from, to) => keys.push(parseKey(value, from, to)) > 0);
    keys.sort((a, b) => a - b);
    if (keys.some((key, n) => key <= 0 || key === keys[n - 1])) return false; // unknown, itself, or twice
    out.reserve(2 * keys.length);
    for (const key of keys) {
      out.octets[out.used++] = key >> 8;
      out.octets[out.used++] = key & 255;
    }
    return true;
  },
  check(octets, at, end) {
    if (end === at || (end - at) % 2 !== 0) return false;
    let before = 0; // `mandatory` itself may not be in the list
    for (let p = at; p < end; p += 2) {
      const key = readUint16(octets, p);
      if (key <= before) return false;
      before = key;
    }
    return true;
  },
  print(octets, at, end) {
    return `=${everyNth(at, end, 2, (p) => printKey(readUint16(octets, p)))}`;
  },
};

function everyNth(at: number, end: number, step: number, print: (at: number) => string): string {
  const parts: string[] = [];
  for (let p = at; p < end; p += step) parts.push(print(p));
  return parts.join(',');
}

const alpn: Param = {
  key: 1,
  name: 'alpn',
  looks: 'protocols of 1 to 255 octets, as in alpn=h2,h3; a comma inside one is \\\\,',
  parse(value, size, out) {
    out.reserve(size + 2);
    let at = out.used++;
    for (let i = 0; i <= size; i++) {
      if (i === size || value[i] === comma) {
        const length = out.used - at - 1;
        if (length === 0 || length > 255) return false;
        out.octets[at] = length;
        at = out.used;
        if (i < size) out.used++;
        continue;
      }
      if (value[i] === backslash && ++i === size) return false; // RFC 9460 appendix A.1
      out.octets[out.used++] = value[i]!;
    }
    return true;
  },
  check(octets, at, end) {
    if (at === end) return false;
    let p = at;
    while (p < end) {
      if (octets[p] === 0) return false;
      p += octets[p]! + 1;
    }
    return p === end;
  },
  print(octets, at, end) {
    const escaped: number[] = [];
    for (let p = at; p < end; p += octets[p]! + 1) {
      if (p > at) escaped.push(comma);
      for (let i = p + 1; i <= p + octets[p]!; i++) {
        if (octets[i] === comma || octets[i] === backslash) escaped.push(backslash);
        escaped.push(octets[i]!);
      }
    }
    const text = literals.printString(Uint8Array.from(escaped), 0, escaped.length);
    return `=${text.replaceAll(' ', '\\032')}`; // as BIND prints it
  },
};

const noDefaultAlpn: Param = {
  key: 2,
  name: 'no-default-alpn',
  looks: 'no value',
  parse: (_value, size) => size === 0,
  check: (_octets, at, end) => at === end,
  print: () => '',
};

const port: Param = {
  key: 3,
  name: 'port',
  looks: 'a number up to 65535, as in port=443',
  parse(value, size, out) {
    const number = literals.parseDecimal(value, 0, size, 65_535);
    if (number < 0) return false;
    out.reserve(2);
    out.octets[out.used++] = number >> 8;
    out.octets[out.used++] = number & 255;
    return true;
  },
  check: (_octets, at, end) => end - at === 2,
  print: (octets, at) => `=${readUint16(octets, at)}`,
};

type ParseAddress = (text: Uint8Array, from: number, to: number, out: Uint8Array, at: number) => boolean;

function addresses(
  row: Pick<Param, 'key' | 'name' | 'looks'>,
  size: number,
  parseAddress: ParseAddress,
  printAddress: (octets: Uint8Array, at: number) => string,
): Param {
  return {
    ...row,
    parse(value, valueSize, out) {
      return eachPart(value, valueSize, (from, to) => {
        const at = out.reserve(size);
        if (!parseAddress(value, from, to, out.octets, at)) return false;
        out.used += size;
        return true;
      });
    },
    check: (_octets, at, end) => end > at && (end - at) % size === 0,
    print: (octets, at, end) => `=${everyNth(at, end, size, (p) => printAddress(octets, p))}`,
  };
}

const ipv4hint = addresses(
  {
    key: 4,
    name: 'ipv4hint',
    looks: 'IPv4 addresses with commas between, as in ipv4hint=192.0.2.1,192.0.2.2',
  },
  4,
  literals.parseIpv4,
  literals.printIpv4,
);

const ech: Param = {
  key: 5,
  name: 'ech',
  looks: 'base64',
  parse(value, size, out) {
    const state = { bits: 0, held: 0, pads: 0 };
    return parseBase64(value, 0, size, out, state) && base64IsWhole(state);
  },
  check: () => true,
  print: (octets, at, end) => (at === end ? '' : `=${literals.printBase64(octets, at, end)}`),
};

const ipv6hint = addresses(
  { key: 6, name: 'ipv6hint', looks: 'IPv6 addresses with commas between, as in ipv6hint=2001:db8::1' },
  16,
  literals.parseIpv6,
  literals.printIpv6,
);

const slash = 0x2f;
const dohpathVariable = '{?dns}';

/** A URI template, relative, with the variable dns (RFC 9461 §5). */
const dohpath: Param = {
  ...plain(7),
  looks: 'a path with the variable dns, as in dohpath=/dns-query{?dns}',
  check(octets, at, end) {
    const path = Buffer.from(octets.buffer, octets.byteOffset + at, end - at);
    return path[0] === slash && path.includes(dohpathVariable) && isUtf8(path);
  },
};

/** A key whose value is octets as they are: every one without a row of its own. */
function plain(key: number): Param {
  return {
    key,
    name: `key${key}`,
    looks: 'any octets',
    parse(value, size, out) {
      const at = out.reserve(size);
      out.octets.set(value.subarray(0, size), at);
      out.used += size;
      return true;
    },
    check: () => true,
    print: (octets, at, end) => (at === end ? '' : `=${literals.printString(octets, at, end)}`),
  };
}

const params: readonly Param[] = [mandatory, alpn, noDefaultAlpn, port, ipv4hint, ech, ipv6hint, dohpath];

function paramOf(key: number): Param {
  return params[key] ?? plain(key);
}

function printKey(key: number): string {
  return paramOf(key).name;
}

/**
 * The key that a text names, `port` or `key3`, or -1. `dohpath` (RFC 9461 §5) is known but printed as key7.
 */
function parseKey(text: Uint8Array, from: number, to: number): number {
  const name = String.fromCharCode(...text.subarray(from, Math.min(to, from + 20)));
  const known = params.find((param) => param.name === name);
  if (known !== undefined) return known.key;
  if (name === 'dohpath') return 7;
  if (!/^key(0|[1-9][0-9]{0,4})$/.test(name)) return -1;
  const key = Number(name.slice(3));
  return key < reservedKey ? key : -1;
}

/**
 * The value of the parameter at hand, its escapes undone; one more than fits in a record, to see that it is
 * too long.
 */
const value = new Uint8Array(65_537);
/** Wire forms of the parameters of the record at hand, as they come. */
const built = new OctetBuffer();

function refused(tokens: Tokens, what: string, hint: string): -1 {
  tokens.fail(what, hint);
  return -1;
}

/** Says whether a range of a word holds a quote that no backslash protects. */
function hasQuote(octets: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    if (octets[i] === 0x5c) i++;
    else if (octets[i] === 0x22) return true;
  }
  return false;
}

/** Parses the current token into `built`: key, length, value. Returns the key, or -1. */
function parseParam(tokens: Tokens): number {
  const { octets, from, to } = tokens;
  let equals = from;
  while (equals < to && octets[equals] !== 0x3d) equals++;
  const key = parseKey(octets, from, equals);
  if (key < 0) {
    const hint =
      'mandatory alpn no-default-alpn port ipv4hint ech ipv6hint dohpath, or keyNNNNN with its number';
    return refused(tokens, `"${tokens.text()}" begins with no SvcParamKey`, hint);
  }
  let start = Math.min(equals + 1, to);
  let end = to;
  if (start < to && octets[start] === 0x22 && octets[to - 1] === 0x22) {
    start++;
    end--;
  }
  const size = end - start > 4 * 65_535 ? -1 : literals.parseString(octets, start, end, value, 0);
  if (size < 0 || size > 65_535 || hasQuote(octets, start, end)) {
    const hint = 'quotes around all of it, \\" inside';
    return refused(tokens, `the value of ${printKey(key)} cannot be read`, hint);
  }
  const generic = octets[from] === 0x6b; // `key3=` gives the octets of a port as they are
  const param = paramOf(key);
  const at = built.reserve(4);
  built.used += 4;
  const parsed = (generic ? plain(key) : param).parse(value, size, built);
  const length = built.used - at - 4;
  if (!parsed || length > 65_535 || !param.check(built.octets, at + 4, built.used)) {
    return refused(tokens, `"${tokens.text()}" is no value of ${param.name}`, param.looks);
  }
  built.octets.set([key >> 8, key & 255, length >> 8, length & 255], at);
  return key;
}

/** What is wrong with the parameters taken together, given the keys in order and the value of `mandatory`. */
function inconsistency(keys: readonly number[], octets: Uint8Array, mandatoryAt: number): string {
  if (keys.includes(2) && !keys.includes(1)) return 'no-default-alpn without alpn';
  if (keys[0] !== 0) return '';
  const size = readUint16(octets, mandatoryAt + 2);
  for (let p = mandatoryAt + 4; p < mandatoryAt + 4 + size; p += 2) {
    const key = readUint16(octets, p);
    if (!keys.includes(key)) return `mandatory names ${printKey(key)}, which the record does not have`;
  }
  return '';
}

/** All SvcParams of a record: the rest of the RDATA. */
export const svcParams: Field = {
  size: -1,
  parse(tokens, out) {
    const found = new Map<number, number>(); // key → offset in `built`
    built.used = 0;
    while (tokens.kind === TOKEN.word) {
      const at = built.used;
      const key = parseParam(tokens);
      if (key < 0) return false;
      if (found.has(key)) return tokens.fail(`${printKey(key)} stands twice in one record`, 'remove one');
      found.set(key, at);
      tokens.next();
    }
    if (tokens.kind !== TOKEN.end) return tokens.expected('a SvcParam as in port=443');
    const keys = [...found.keys()].sort((a, b) => a - b);
    const wrong = inconsistency(keys, built.octets, found.get(0) ?? 0);
    if (wrong !== '') return tokens.fail(wrong, 'RFC 9460 §7.1, §8');
    let at = out.reserve(built.used);
    out.used += built.used;
    for (const key of keys) {
      const from = found.get(key)!;
      const to = from + 4 + readUint16(built.octets, from + 2);
      out.octets.set(built.octets.subarray(from, to), at);
      at += to - from;
    }
    return true;
  },
  skip(octets, at, end) {
    const keys: number[] = [];
    for (let p = at; p < end; ) {
      if (p + 4 > end) return -1;
      const key = readUint16(octets, p);
      const behind = p + 4 + readUint16(octets, p + 2);
      if (keys.length > 0 && key <= keys.at(-1)!) return -1;
      if (behind > end || key === reservedKey || !paramOf(key).check(octets, p + 4, behind)) return -1;
      keys.push(key);
      p = behind;
    }
    return inconsistency(keys, octets, at) === '' ? end : -1;
  },
  print(octets, at, end) {
    const parts: string[] = [];
    for (let p = at; p < end; ) {
      const key = readUint16(octets, p);
      const behind = p + 4 + readUint16(octets, p + 2);
      parts.push(printKey(key) + paramOf(key).print(octets, p + 4, behind));
      p = behind;
    }
    return parts.join(' ');
  },
};
