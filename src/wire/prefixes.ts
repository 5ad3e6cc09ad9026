// APL (RFC 3123): a list of address prefixes, `[!]family:address/length`, family 1 for IPv4 and 2 for IPv6.
// On the wire an address has no zero octets at its end. Other families have no text form, so records with
// them are refused. One field is the whole RDATA.
import { readUint16 } from './bytes.ts';
import type { Field } from './fields.ts';
import { NOT_ONE, parseDecimal, parseIpv4, parseIpv6, printIpv4, printIpv6 } from './literals.ts';
import { TOKEN } from './tokens.ts';

const families = {
  1: { size: 4, parse: parseIpv4, print: printIpv4 },
  2: { size: 16, parse: parseIpv6, print: printIpv6 },
} as const;

function familyOf(number: number): (typeof families)[1 | 2] | undefined {
  return number === 1 || number === 2 ? families[number] : undefined;
}

const looks = '[!]1:ADDRESS/LENGTH for IPv4, [!]2:ADDRESS/LENGTH for IPv6, as in !1:192.0.2.0/24';
const negation = 0x80;
const address = new Uint8Array(16);

/** Parses one prefix into `out` at `at`, where 20 octets must be free; returns its octets, or NOT_ONE. */
function parsePrefix(text: Uint8Array, from: number, to: number, out: Uint8Array, at: number): number {
  const negated = text[from] === 0x21 ? 1 : 0;
  const colon = from + negated + 1;
  const number = text[colon - 1]! - 48;
  const family = familyOf(number);
  let slash = colon;
  while (slash < to && text[slash] !== 0x2f) slash++;
  if (family === undefined || text[colon] !== 0x3a || slash >= to) return NOT_ONE;
  const length = parseDecimal(text, slash + 1, to, family.size * 8);
  if (length < 0 || !family.parse(text, colon + 1, slash, address, 0)) return NOT_ONE;
  let size = family.size;
  while (size > 0 && address[size - 1] === 0) size--;
  out.set([0, number, length, size | (negated * negation)], at);
  out.set(address.subarray(0, size), at + 4);
  return 4 + size;
}

export const prefixes: Field = {
  size: -1,
  parse(tokens, out) {
    while (tokens.kind !== TOKEN.end) {
      const at = out.reserve(20);
      const { octets, from, to } = tokens;
      const size = tokens.kind === TOKEN.word ? parsePrefix(octets, from, to, out.octets, at) : NOT_ONE;
      if (size < 0) return tokens.fail(`"${tokens.text()}" is no address prefix`, looks);
      out.used += size;
      tokens.next();
    }
    return true;
  },
  skip(octets, at, end) {
    let p = at;
    while (p < end) {
      if (p + 4 > end) return -1;
      const family = familyOf(readUint16(octets, p));
      const length = octets[p + 2]!;
      const size = octets[p + 3]! & ~negation;
      p += 4 + size;
      if (family === undefined || length > family.size * 8 || size > family.size || p > end) return -1;
      if (size > 0 && octets[p - 1] === 0) return -1;
    }
    return p;
  },
  print(octets, at, end) {
    const parts: string[] = [];
    for (let p = at; p < end; p += 4 + (octets[p + 3]! & ~negation)) {
      const number = readUint16(octets, p);
      const family = familyOf(number)!;
      address.fill(0);
      address.set(octets.subarray(p + 4, p + 4 + (octets[p + 3]! & ~negation)));
      const sign = (octets[p + 3]! & negation) !== 0 ? '!' : '';
      parts.push(`${sign}${number}:${family.print(address)}/${octets[p + 2]}`);
    }
    return parts.join(' ');
  },
};
