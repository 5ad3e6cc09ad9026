// Numbers of the IANA registries that may be written by name: DNSSEC algorithms, digest types, certificate
// types and the RR types inside RDATA. Fields like those of fields.ts; rdata.ts puts them into rows. Only
// CERT and RRSIG are printed with the names, as BIND does it.
import { type OctetStore, readUint16 } from './bytes.ts';
import { type Field, u8, u16 } from './fields.ts';
import { TOKEN, type Tokens } from './tokens.ts';

type Names = Readonly<Record<string, number>>;

/** DNSSEC algorithms; where one has several names the first is printed. */
const algorithms: Names = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  NSEC3DSA: 6,
  'DSA-NSEC3-SHA1': 6,
  NSEC3RSASHA1: 7,
  'RSASHA1-NSEC3-SHA1': 7,
  RSASHA256: 8,
  RSASHA512: 10,
  ECCGOST: 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
};
const digestTypes: Names = {
  'SHA-1': 1,
  SHA1: 1,
  'SHA-256': 2,
  SHA256: 2,
  'SHA-384': 4,
  SHA384: 4,
};
/** Certificate types (RFC 4398 §2.1). */
const certificateTypes: Names = {
  PKIX: 1,
  SPKI: 2,
  PGP: 3,
  IPKIX: 4,
  ISPKI: 5,
  IPGP: 6,
  ACPKIX: 7,
  IACPKIX: 8,
  URI: 253,
  OID: 254,
};

/** A number that may be written by one of its names, and is printed as a number. */
function named(number: Field, names: Names): Field {
  return {
    ...number,
    parse(tokens, out, origin) {
      const value = tokens.kind === TOKEN.word ? names[tokens.text().toUpperCase()] : undefined;
      if (value === undefined) return number.parse(tokens, out, origin);
      appendNumber(out, value, number.size);
      tokens.next();
      return true;
    },
  };
}

/** A number that is printed by its name too. */
function printedByName(number: Field, names: Names): Field {
  const nameOf = new Map(
    Object.entries(names)
      .reverse()
      .map(([name, value]) => [String(value), name]),
  );
  return {
    ...named(number, names),
    print(octets, at, end) {
      const text = number.print(octets, at, end);
      return nameOf.get(text) ?? text;
    },
  };
}

function appendNumber(out: OctetStore, value: number, size: number): void {
  out.reserve(size);
  if (size === 2) out.octets[out.used++] = value >> 8;
  out.octets[out.used++] = value & 255;
}

export const algorithm = named(u8, algorithms);
export const digestType = named(u8, digestTypes);
export const certificateType = printedByName(u16, certificateTypes);
export const certificateAlgorithm = printedByName(u8, algorithms);

/** What rdata.ts knows of the names of RR types. */
export type TypeNames = {
  readonly parse: (text: Uint8Array, from: number, to: number) => number;
  readonly print: (type: number) => string;
};

/** One RR type: what a RRSIG covers. */
export function typeByName(types: TypeNames): Field {
  return {
    ...u16,
    parse(tokens, out) {
      const type = parseType(tokens, types);
      if (type < 0) return false;
      appendNumber(out, type, 2);
      tokens.next();
      return true;
    },
    print: (octets, at) => types.print(readUint16(octets, at)),
  };
}

/** The type that the current token names, or -1: tokens.problem says why. */
function parseType(tokens: Tokens, types: TypeNames): number {
  const type = tokens.kind === TOKEN.word ? types.parse(tokens.octets, tokens.from, tokens.to) : -1;
  if (type < 0) tokens.expected('an RR type');
  return type;
}

/** A list of RR types as windows of bits (RFC 4034 §4.1.2), up to the end of the RDATA. */
export function typeBitmap(types: TypeNames): Field {
  return {
    size: -1,
    parse(tokens, out) {
      const listed: number[] = [];
      while (tokens.kind !== TOKEN.end) {
        const type = parseType(tokens, types);
        if (type < 0) return false;
        listed.push(type);
        tokens.next();
      }
      writeBitmap(listed, out);
      return true;
    },
    skip: skipBitmap,
    print(octets, at, end) {
      const listed: string[] = [];
      for (let p = at; p < end; p += octets[p + 1]! + 2) {
        for (let bit = 0; bit < octets[p + 1]! * 8; bit++) {
          if ((octets[p + 2 + (bit >> 3)]! & (0x80 >> (bit & 7))) !== 0)
            listed.push(types.print(octets[p]! * 256 + bit));
        }
      }
      return listed.join(' ');
    },
  };
}

function writeBitmap(types: number[], out: OctetStore): void {
  types.sort((a, b) => a - b);
  for (let i = 0; i < types.length; ) {
    const window = types[i]! >> 8;
    const at = out.reserve(34);
    out.octets.fill(0, at, at + 34);
    out.octets[at] = window;
    for (; i < types.length && types[i]! >> 8 === window; i++) {
      const bit = types[i]! & 255;
      out.octets[at + 2 + (bit >> 3)]! |= 0x80 >> (bit & 7);
      out.octets[at + 1] = (bit >> 3) + 1;
    }
    out.used += 2 + out.octets[at + 1]!;
  }
}

function skipBitmap(octets: Uint8Array, at: number, end: number): number {
  let before = -1;
  let p = at;
  while (p < end) {
    if (p + 2 > end || octets[p]! <= before) return -1;
    before = octets[p]!;
    const size = octets[p + 1]!;
    p += 2 + size;
    if (size === 0 || size > 32 || p > end || octets[p - 1] === 0) return -1;
  }
  return p;
}
