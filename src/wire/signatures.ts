// The fields that only signed zones have: the times of a RRSIG (RFC 4034 §3.2), the salt of NSEC3 and
// NSEC3PARAM and the hashed owner of NSEC3 (RFC 5155 §3.3). Zones signed elsewhere are read and served as
// they are. rdata.ts puts the fields into rows.
import { readUint32 } from './bytes.ts';
import { type Field, lengthAndOctets, u32 } from './fields.ts';
import { hexDigit, printHex } from './literals.ts';
import { TOKEN } from './tokens.ts';

const timeLooks = 'YYYYMMDDHHmmSS in UTC, or seconds since 1970';
const timeDigits = 14;
const secondsMax = 2 ** 32 - 1;

/** When a signature begins or ends: seconds since 1970, in 32 bits until 2106. */
export const time: Field = {
  ...u32,
  parse(tokens, out, origin) {
    if (tokens.kind !== TOKEN.word) return tokens.expected('a time');
    if (tokens.to - tokens.from < timeDigits) return u32.parse(tokens, out, origin);
    const value = parseTime(tokens.text());
    if (value < 0) return tokens.fail(`"${tokens.text()}" is no time`, timeLooks);
    const at = out.reserve(4);
    for (let n = 0; n < 4; n++) out.octets[at + n] = (value >>> (24 - 8 * n)) & 255;
    out.used += 4;
    tokens.next();
    return true;
  },
  print(octets, at) {
    const text = new Date(readUint32(octets, at) * 1000).toISOString();
    return text.replace(/\D/g, '').slice(0, timeDigits);
  },
};

/** Seconds since 1970 of YYYYMMDDHHmmSS, or -1: no such day, or not in 32 bits. */
function parseTime(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined) return -1;
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number];
  const milliseconds = Date.UTC(year, month - 1, day, hour, minute, second);
  const shown = new Date(milliseconds).toISOString().replace(/\D/g, '').slice(0, timeDigits);
  const seconds = milliseconds / 1000;
  return shown === text && seconds >= 0 && seconds <= secondsMax ? seconds : -1;
}

/** Octets behind a length octet, in hex without blanks, `-` for none: the salt of NSEC3 and NSEC3PARAM. */
export const salt: Field = {
  size: -1,
  parse(tokens, out) {
    if (tokens.kind !== TOKEN.word) return tokens.expected('a salt in hex, or -');
    const { octets, from, to } = tokens;
    const size = octets[from] === 0x2d && to - from === 1 ? 0 : (to - from) / 2;
    if (!Number.isInteger(size) || size > 255)
      return tokens.expected('a salt of up to 255 octets in hex, or -');
    out.reserve(1 + size);
    out.octets[out.used++] = size;
    for (let i = from; i < from + 2 * size; i += 2) {
      const high = hexDigit(octets[i]!);
      const low = hexDigit(octets[i + 1]!);
      if (high < 0 || low < 0) return tokens.expected('a salt in hex, or -');
      out.octets[out.used++] = high * 16 + low;
    }
    tokens.next();
    return true;
  },
  skip: lengthAndOctets,
  print: (octets, at, end) => (end - at === 1 ? '-' : printHex(octets, at + 1, end)),
};

const hashLooks = 'a hash in base32hex without padding';

/** Octets behind a length octet, at least one, in base32hex (RFC 4648 §7) without padding. */
export const hashedOwner: Field = {
  size: -1,
  parse(tokens, out) {
    if (tokens.kind !== TOKEN.word) return tokens.expected(hashLooks);
    const { octets, from, to } = tokens;
    const size = Math.floor(((to - from) * 5) / 8);
    if (size > 255 || Math.ceil((size * 8) / 5) !== to - from) return tokens.expected(hashLooks);
    out.reserve(1 + size);
    out.octets[out.used++] = size;
    let bits = 0;
    let held = 0;
    for (let i = from; i < to; i++) {
      const digit = base32Digit(octets[i]!);
      if (digit < 0) return tokens.expected(hashLooks);
      bits = (bits << 5) | digit;
      held += 5;
      if (held < 8) continue;
      held -= 8;
      out.octets[out.used++] = bits >> held;
      bits &= (1 << held) - 1;
    }
    if (bits !== 0) return tokens.expected(hashLooks);
    tokens.next();
    return true;
  },
  skip(octets, at, end) {
    const behind = lengthAndOctets(octets, at, end);
    return behind > at + 1 ? behind : -1;
  },
  print(octets, at, end) {
    let text = '';
    let bits = 0;
    let held = 0;
    for (let i = at + 1; i < end; i++) {
      bits = (bits << 8) | octets[i]!;
      for (held += 8; held >= 5; ) {
        held -= 5;
        text += base32Text[bits >> held];
        bits &= (1 << held) - 1;
      }
    }
    return held === 0 ? text : text + base32Text[bits << (5 - held)];
  },
};

const base32Text = '0123456789ABCDEFGHIJKLMNOPQRSTUV';

function base32Digit(octet: number): number {
  if (octet >= 48 && octet <= 57) return octet - 48;
  const letter = octet | 0x20;
  return letter >= 0x61 && letter <= 0x76 ? letter - 87 : -1;
}
