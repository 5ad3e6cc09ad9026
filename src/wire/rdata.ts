// RDATA: one row per RR type, its mnemonic and its fields in order. Text is parsed straight into wire octets,
// wire octets are printed as named-compilezone prints them, and the row says where the names are. A new type
// is a new row here and a golden line in test/wire/golden.ts. Every type, known or not, may also be
// written as `\# length hex` (RFC 3597).
import { OctetBuffer, type OctetStore } from './bytes.ts';
import * as encodings from './encodings.ts';
import * as f from './fields.ts';
import * as gateways from './gateways.ts';
import { lowerOctet } from './hash.ts';
import { location } from './location.ts';
import * as named from './mnemonics.ts';
import { root } from './names.ts';
import { prefixes } from './prefixes.ts';
import * as signatures from './signatures.ts';
import { svcParams } from './svcb.ts';
import { type Problem, TOKEN, Tokens } from './tokens.ts';

/** What is known of one RR type. */
export type Row = {
  readonly type: number;
  readonly mnemonic: string;
  /** The fields in order; undefined where only the generic form is understood. */
  readonly fields: readonly f.Field[] | undefined;
  /** The first name in the RDATA is a host whose addresses go into the additional section. */
  readonly leadsToAddresses?: boolean;
  /**
   * Octets that the last field must have, by the octet before it; other values of that octet leave it open.
   */
  readonly lastFieldSize?: Readonly<Record<number, number>>;
};

const digestSizes = { 1: 20, 2: 32, 4: 48 };
const fingerprintSizes = { 1: 20, 2: 32 };
const keyFields = [f.u16, f.u8, named.algorithm, encodings.restBase64];
const digestFields = [f.u16, named.algorithm, named.digestType, encodings.restHex];
const certificateFields = [f.u8, f.u8, f.u8, encodings.restHex];
const preferenceAndName = [f.u16, f.compressibleName];
const typeNames = { parse: typeFromText, print: typeText };
const types = named.typeBitmap(typeNames);

const table: readonly Row[] = [
  { type: 1, mnemonic: 'A', fields: [f.ipv4] },
  { type: 2, mnemonic: 'NS', fields: [f.compressibleName], leadsToAddresses: true },
  { type: 5, mnemonic: 'CNAME', fields: [f.compressibleName] },
  {
    type: 6,
    mnemonic: 'SOA',
    fields: [f.compressibleName, f.compressibleName, f.u32, f.seconds, f.seconds, f.seconds, f.seconds],
  },
  { type: 7, mnemonic: 'MB', fields: [f.compressibleName] },
  { type: 8, mnemonic: 'MG', fields: [f.compressibleName] },
  { type: 9, mnemonic: 'MR', fields: [f.compressibleName] },
  { type: 12, mnemonic: 'PTR', fields: [f.compressibleName] },
  { type: 13, mnemonic: 'HINFO', fields: [f.string, f.string] },
  { type: 14, mnemonic: 'MINFO', fields: [f.compressibleName, f.compressibleName] },
  { type: 15, mnemonic: 'MX', fields: preferenceAndName, leadsToAddresses: true },
  { type: 16, mnemonic: 'TXT', fields: [f.strings] },
  { type: 17, mnemonic: 'RP', fields: [f.foldedName, f.foldedName] },
  { type: 18, mnemonic: 'AFSDB', fields: [f.u16, f.foldedName] },
  { type: 19, mnemonic: 'X25', fields: [f.digits] },
  { type: 20, mnemonic: 'ISDN', fields: [f.oneOrTwoStrings] },
  { type: 21, mnemonic: 'RT', fields: [f.u16, f.foldedName] },
  { type: 26, mnemonic: 'PX', fields: [f.u16, f.foldedName, f.foldedName] },
  { type: 28, mnemonic: 'AAAA', fields: [f.ipv6] },
  { type: 29, mnemonic: 'LOC', fields: [location] },
  { type: 33, mnemonic: 'SRV', fields: [f.u16, f.u16, f.u16, f.foldedName], leadsToAddresses: true },
  { type: 35, mnemonic: 'NAPTR', fields: [f.u16, f.u16, f.string, f.string, f.string, f.foldedName] },
  { type: 36, mnemonic: 'KX', fields: [f.u16, f.foldedName] },
  {
    type: 37,
    mnemonic: 'CERT',
    fields: [named.certificateType, f.u16, named.certificateAlgorithm, encodings.restBase64],
  },
  { type: 39, mnemonic: 'DNAME', fields: [f.foldedName] },
  { type: 42, mnemonic: 'APL', fields: [prefixes] },
  { type: 43, mnemonic: 'DS', fields: digestFields, lastFieldSize: digestSizes },
  { type: 44, mnemonic: 'SSHFP', fields: [f.u8, f.u8, encodings.restHex], lastFieldSize: fingerprintSizes },
  { type: 45, mnemonic: 'IPSECKEY', fields: [f.u8, gateways.ipsecKey] },
  {
    type: 46,
    mnemonic: 'RRSIG',
    fields: [
      named.typeByName(typeNames),
      named.algorithm,
      f.u8,
      f.u32,
      signatures.time,
      signatures.time,
      f.u16,
      f.foldedName,
      encodings.restBase64,
    ],
  },
  { type: 47, mnemonic: 'NSEC', fields: [f.exactName, types] },
  { type: 48, mnemonic: 'DNSKEY', fields: keyFields },
  { type: 49, mnemonic: 'DHCID', fields: [encodings.restBase64] },
  {
    type: 50,
    mnemonic: 'NSEC3',
    fields: [f.u8, f.u8, f.u16, signatures.salt, signatures.hashedOwner, types],
  },
  { type: 51, mnemonic: 'NSEC3PARAM', fields: [f.u8, f.u8, f.u16, signatures.salt] },
  { type: 52, mnemonic: 'TLSA', fields: certificateFields },
  { type: 53, mnemonic: 'SMIMEA', fields: certificateFields },
  { type: 55, mnemonic: 'HIP', fields: [gateways.hostIdentity] },
  { type: 56, mnemonic: 'NINFO', fields: [f.strings] },
  { type: 58, mnemonic: 'TALINK', fields: [f.exactName, f.exactName] },
  { type: 59, mnemonic: 'CDS', fields: digestFields, lastFieldSize: digestSizes },
  { type: 60, mnemonic: 'CDNSKEY', fields: keyFields },
  { type: 61, mnemonic: 'OPENPGPKEY', fields: [encodings.restBase64] },
  { type: 62, mnemonic: 'CSYNC', fields: [f.u32, f.u16, types] },
  {
    type: 63,
    mnemonic: 'ZONEMD',
    fields: [f.u32, f.u8, f.u8, encodings.restHex],
    lastFieldSize: { 1: 48, 2: 64 },
  },
  { type: 64, mnemonic: 'SVCB', fields: [f.u16, f.exactName, svcParams] },
  { type: 65, mnemonic: 'HTTPS', fields: [f.u16, f.exactName, svcParams] },
  { type: 99, mnemonic: 'SPF', fields: [f.strings] },
  { type: 104, mnemonic: 'NID', fields: [f.u16, f.hexGroups(4, 2, ':', 1)] },
  { type: 105, mnemonic: 'L32', fields: [f.u16, f.ipv4] },
  { type: 106, mnemonic: 'L64', fields: [f.u16, f.hexGroups(4, 2, ':', 1)] },
  { type: 107, mnemonic: 'LP', fields: [f.u16, f.exactName] },
  { type: 108, mnemonic: 'EUI48', fields: [f.hexGroups(6, 1, '-', 2)] },
  { type: 109, mnemonic: 'EUI64', fields: [f.hexGroups(8, 1, '-', 2)] },
  { type: 256, mnemonic: 'URI', fields: [f.u16, f.u16, f.restQuoted] },
  { type: 257, mnemonic: 'CAA', fields: [f.u8, f.tag, f.restString] },
  { type: 258, mnemonic: 'AVC', fields: [f.strings] },
  { type: 260, mnemonic: 'AMTRELAY', fields: [f.u8, gateways.amtRelay] },
  { type: 32768, mnemonic: 'TA', fields: digestFields, lastFieldSize: digestSizes },
  { type: 32769, mnemonic: 'DLV', fields: digestFields, lastFieldSize: digestSizes },
  // Data with a name but without a text form here: only `\#`.
  ...generic([
    ['NSAP', 22],
    ['SIG', 24],
    ['KEY', 25],
    ['GPOS', 27],
  ]),
  // Types of questions and of transactions, never data (RFC 6895 §3.1).
  ...generic([
    ['OPT', 41],
    ['TKEY', 249],
    ['TSIG', 250],
    ['IXFR', 251],
    ['AXFR', 252],
    ['MAILB', 253],
    ['MAILA', 254],
    ['ANY', 255],
  ]),
];

function generic(names: readonly (readonly [string, number])[]): Row[] {
  return names.map(([mnemonic, type]) => ({ type, mnemonic, fields: undefined }));
}

/** Index in `table` plus one, by type; 0: no row. */
const rowIndex = new Uint8Array(65_536);
table.forEach((row, index) => {
  rowIndex[row.type] = index + 1;
});

/** The row of a type, or undefined. */
export function rowOf(type: number): Row | undefined {
  return table[rowIndex[type]! - 1];
}

/** Says whether a type may not stand in a zone: 0, OPT and the types from 128 to 255 (RFC 6895 §3.1). */
export function isMetaType(type: number): boolean {
  return type === 0 || type === 41 || (type >= 128 && type <= 255);
}

/** Mnemonics by the hash of their octets: index in `table` plus one, open addressing. */
const mnemonicSlots = new Uint8Array(512);
const mnemonicMask = mnemonicSlots.length - 1;
table.forEach((row, index) => {
  const octets = new TextEncoder().encode(row.mnemonic);
  let slot = hashMnemonic(octets, 0, octets.length);
  while (mnemonicSlots[slot] !== 0) slot = (slot + 1) & mnemonicMask;
  mnemonicSlots[slot] = index + 1;
});

function hashMnemonic(text: Uint8Array, from: number, to: number): number {
  let hash = to - from;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ lowerOctet(text[i]!), 0x01000193);
  return (hash ^ (hash >>> 9)) & mnemonicMask;
}

function sameText(text: Uint8Array, from: number, to: number, mnemonic: string): boolean {
  if (to - from !== mnemonic.length) return false;
  for (let i = from; i < to; i++) {
    if (lowerOctet(text[i]!) !== lowerOctet(mnemonic.charCodeAt(i - from))) return false;
  }
  return true;
}

/** The number after a prefix as in TYPE65280, or -1. */
export function numberAfter(text: Uint8Array, from: number, to: number, prefix: string): number {
  const start = from + prefix.length;
  if (start >= to || to - start > 5 || !sameText(text, from, start, prefix)) return -1;
  let number = 0;
  for (let i = start; i < to; i++) {
    const digit = text[i]! - 48;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number <= 65_535 ? number : -1;
}

/**
 * The RR type that the text from `from` to `to` names: a mnemonic in any case, or TYPEnnn; -1 if it is none.
 */
export function typeFromText(text: Uint8Array, from: number, to: number): number {
  for (let slot = hashMnemonic(text, from, to); ; slot = (slot + 1) & mnemonicMask) {
    const index = mnemonicSlots[slot]!;
    if (index === 0) return numberAfter(text, from, to, 'TYPE');
    const row = table[index - 1]!;
    if (sameText(text, from, to, row.mnemonic)) return row.type;
  }
}

/** The RR type that a string names, or undefined. */
export function typeFromString(text: string): number | undefined {
  const octets = new TextEncoder().encode(text);
  const type = typeFromText(octets, 0, octets.length);
  return type < 0 ? undefined : type;
}

/** The mnemonic of a type, or TYPEnnn. */
export function typeText(type: number): string {
  return rowOf(type)?.mnemonic ?? `TYPE${type}`;
}

/** Offset of the first name where only fields of fixed size stand before it, or -1. */
function fixedNameOffset(fields: readonly f.Field[]): number {
  let offset = 0;
  for (const field of fields) {
    if (field.name !== undefined) return offset;
    if (field.size < 0) return -1;
    offset += field.size;
  }
  return -1;
}

/** By index in `table`: what compressibleTail() and targetOffset() say; they are asked for every record. */
const tailOffsets = table.map(({ fields = [] }) => {
  const names = fields.filter((field) => field.name !== undefined);
  if (names.length !== 1 || names[0]!.name !== 'compressible' || fields.at(-1) !== names[0]) return -1;
  return fixedNameOffset(fields);
});
const targetOffsets = table.map(({ fields = [], leadsToAddresses }) =>
  leadsToAddresses === true ? fixedNameOffset(fields) : -1,
);

/**
 * Offset in the RDATA of a type that ends with exactly one name, compressible (NS 0, CNAME 0, PTR 0, MX 2),
 * else -1.
 */
export function compressibleTail(type: number): number {
  const index = rowIndex[type]!;
  return index === 0 ? -1 : tailOffsets[index - 1]!;
}

/**
 * Offset in the RDATA of the name whose addresses go into the additional section (NS 0, MX 2, SRV 6), or -1.
 */
export function targetOffset(type: number): number {
  const index = rowIndex[type]!;
  return index === 0 ? -1 : targetOffsets[index - 1]!;
}

/**
 * Parses RDATA of `type`, from the token behind the current one to the end of the record, and appends its
 * wire form to `out`. False: tokens.problem says why, and octets behind `out.used` as it was before are to be
 * forgotten.
 */
export function parseRdata(type: number, tokens: Tokens, out: OctetStore, origin: Uint8Array): boolean {
  const row = rowOf(type);
  const start = out.used;
  tokens.next();
  const { line, lineAt, from } = tokens;
  if (encodings.isGeneric(tokens)) {
    if (!encodings.parseGeneric(tokens, out)) return false;
    const wrong = checkRdata(type, out.octets, start, out.used);
    if (wrong === '') return true;
    return tokens.failAt(line, lineAt, from, wrong, 'RFC 3597 §5: the octets must be what the type demands');
  }
  if (row?.fields === undefined) {
    const hint = `write it as TYPE${type} \\# LENGTH HEX (RFC 3597)`;
    return tokens.fail(`${typeText(type)} has no text form here`, hint);
  }
  for (const field of row.fields) if (!field.parse(tokens, out, origin)) return false;
  if (tokens.kind !== TOKEN.end) {
    return tokens.fail(`"${tokens.text()}" stands behind the end of the ${row.mnemonic} record`, 'remove it');
  }
  if (out.used - start > 65_535) {
    return tokens.failAt(line, lineAt, from, `RDATA of ${out.used - start} octets`, 'at most 65535');
  }
  const wrong = row.lastFieldSize === undefined ? '' : checkRdata(type, out.octets, start, out.used);
  return wrong === '' || tokens.failAt(line, lineAt, from, wrong, 'is a part of it missing?');
}

/**
 * Says what is wrong with wire RDATA of a type, names in it uncompressed; '' if nothing is or the type is
 * unknown.
 */
export function checkRdata(type: number, octets: Uint8Array, at: number, end: number): string {
  const row = rowOf(type);
  if (row?.fields === undefined) return '';
  let p = at;
  let last = at;
  for (const field of row.fields) {
    last = p;
    p = field.skip(octets, p, end);
    if (p < 0) return `the octets are no well-formed ${row.mnemonic} RDATA`;
  }
  if (p !== end) return `octets behind the end of the ${row.mnemonic} RDATA`;
  const size = row.lastFieldSize?.[octets[last - 1]!];
  if (size !== undefined && p - last !== size) {
    return `${row.mnemonic} of kind ${octets[last - 1]} has ${size} octets at its end, not ${p - last}`;
  }
  return '';
}

/** Prints well-formed wire RDATA as named-compilezone does, names absolute. */
export function printRdata(type: number, octets: Uint8Array, at = 0, end = octets.length): string {
  const row = rowOf(type);
  if (row?.fields === undefined) return encodings.printGeneric(octets, at, end);
  const parts: string[] = [];
  let p = at;
  for (const field of row.fields) {
    const behind = field.skip(octets, p, end);
    const text = field.print(octets, p, behind);
    if (text !== '') parts.push(text);
    p = behind;
  }
  return parts.join(' ');
}

/** Parses RDATA from a string; for callers off the main path. Without an origin, names in it are absolute. */
export function parseRdataText(
  type: number,
  text: string,
  origin: Uint8Array = root,
): { rdata: Uint8Array } | { rdata: undefined; problem: Problem } {
  const tokens = new Tokens(new TextEncoder().encode(`X ${text}`));
  const out = new OctetBuffer();
  tokens.startRecord();
  const parsed = parseRdata(type, tokens, out, origin);
  if (parsed && !tokens.startRecord()) return { rdata: out.take() };
  if (parsed) tokens.fail('more than one line', 'one value');
  const { line, column, what, hint } = tokens.problem!;
  return { rdata: undefined, problem: { line, column: line === 1 ? column - 2 : column, what, hint } };
}
