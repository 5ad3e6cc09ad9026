// Types that say how to reach a host by another: IPSECKEY (RFC 4025), AMTRELAY (RFC 8777) and HIP (RFC 8005).
// What a gateway is written as depends on its type, and the lengths of HIP stand before its parts, so these
// fields span several parts of the RDATA. Names in them are octets like any other: never compressed, never
// folded.
import { type OctetStore, readUint16 } from './bytes.ts';
import { base64IsWhole, parseBase64, restBase64 } from './encodings.ts';
import { exactName, type Field, ipv4, ipv6, u8 } from './fields.ts';
import { hexDigit, parseDecimal, printBase64, printHex } from './literals.ts';
import { printName, skipName } from './names.ts';
import { TOKEN, type Tokens } from './tokens.ts';

/** No gateway: written as a dot, nothing on the wire. */
const none: Field = {
  size: 0,
  parse(tokens) {
    const isDot = tokens.kind === TOKEN.word && tokens.to - tokens.from === 1;
    if (!isDot || tokens.octets[tokens.from] !== 0x2e) return tokens.expected('. for no gateway');
    tokens.next();
    return true;
  },
  skip: (_octets, at) => at,
  print: () => '.',
};

/** By gateway type (RFC 4025 §2.3, RFC 8777 §4.2.3). */
const gateways: readonly Field[] = [none, ipv4, ipv6, exactName];

function parseGateway(type: number, tokens: Tokens, out: OctetStore, origin: Uint8Array): boolean {
  const gateway = gateways[type];
  if (gateway !== undefined) return gateway.parse(tokens, out, origin);
  return tokens.fail(`gateway type ${type}`, '0 for none, 1 for IPv4, 2 for IPv6, 3 for a name');
}

/** Offset behind the gateway of IPSECKEY whose gateway type is at `at`, or -1. */
function skipIpsecGateway(octets: Uint8Array, at: number, end: number): number {
  return at + 2 <= end ? (gateways[octets[at]!]?.skip(octets, at + 2, end) ?? -1) : -1;
}

/** Gateway type, algorithm, gateway and key of IPSECKEY; algorithm 0 says that there is no key. */
export const ipsecKey: Field = {
  size: -1,
  parse(tokens, out, origin) {
    const at = out.used;
    if (!u8.parse(tokens, out, origin) || !u8.parse(tokens, out, origin)) return false;
    if (!parseGateway(out.octets[at]!, tokens, out, origin)) return false;
    const mayEnd = out.octets[at + 1] === 0 && tokens.kind === TOKEN.end;
    return mayEnd || restBase64.parse(tokens, out, origin);
  },
  skip(octets, at, end) {
    const keyAt = skipIpsecGateway(octets, at, end);
    return keyAt < 0 || (keyAt === end && octets[at + 1] !== 0) ? -1 : end;
  },
  print(octets, at, end) {
    const keyAt = skipIpsecGateway(octets, at, end);
    const gateway = gateways[octets[at]!]!.print(octets, at + 2, keyAt);
    const text = `${octets[at]} ${octets[at + 1]} ${gateway}`;
    return keyAt === end ? text : `${text} ${restBase64.print(octets, keyAt, end)}`;
  },
};

const discovery = 0x80;

/** The discovery bit, the relay type and the relay of AMTRELAY. */
export const amtRelay: Field = {
  size: -1,
  parse(tokens, out, origin) {
    const bit = tokens.kind === TOKEN.word ? parseDecimal(tokens.octets, tokens.from, tokens.to, 1) : -1;
    if (bit < 0) return tokens.expected('0 or 1');
    tokens.next();
    const at = out.used;
    if (!u8.parse(tokens, out, origin)) return false;
    const type = out.octets[at]!;
    out.octets[at] = type | (bit * discovery);
    return parseGateway(type, tokens, out, origin);
  },
  skip(octets, at, end) {
    return at < end ? (gateways[octets[at]! & ~discovery]?.skip(octets, at + 1, end) ?? -1) : -1;
  },
  print(octets, at, end) {
    const type = octets[at]! & ~discovery;
    return `${octets[at]! >> 7} ${type} ${gateways[type]!.print(octets, at + 1, end)}`;
  },
};

/** Appends the hex of the current word; false if it is none or too long for a length octet. */
function parseHexWord({ kind, octets, from, to }: Tokens, out: OctetStore): boolean {
  if (kind !== TOKEN.word || (to - from) % 2 !== 0 || to - from > 510) return false;
  out.reserve((to - from) / 2);
  for (let i = from; i < to; i += 2) {
    const high = hexDigit(octets[i]!);
    const low = hexDigit(octets[i + 1]!);
    if (high < 0 || low < 0) return false;
    out.octets[out.used++] = high * 16 + low;
  }
  return true;
}

/** Appends the octets of the current word in base64; false if it is none. */
function parseBase64Word({ kind, octets, from, to }: Tokens, out: OctetStore): boolean {
  const state = { bits: 0, held: 0, pads: 0 };
  return kind === TOKEN.word && parseBase64(octets, from, to, out, state) && base64IsWhole(state);
}

/** All of HIP: algorithm, host identity tag in hex, key in base64, rendezvous servers. */
export const hostIdentity: Field = {
  size: -1,
  parse(tokens, out, origin) {
    const at = out.reserve(4);
    out.used++;
    if (!u8.parse(tokens, out, origin)) return false;
    out.used += 2;
    if (!parseHexWord(tokens, out)) {
      return tokens.expected('a host identity tag of up to 255 octets in hex');
    }
    tokens.next();
    const keyAt = out.used;
    if (!parseBase64Word(tokens, out)) return tokens.expected('a key in base64 without blanks');
    const keySize = out.used - keyAt;
    if (keySize > 65_535) return tokens.fail(`a key of ${keySize} octets`, 'at most 65535');
    tokens.next();
    out.octets[at] = keyAt - at - 4;
    out.octets[at + 2] = keySize >> 8;
    out.octets[at + 3] = keySize & 255;
    while (tokens.kind !== TOKEN.end) if (!exactName.parse(tokens, out, origin)) return false;
    return true;
  },
  skip(octets, at, end) {
    if (at + 4 > end || octets[at] === 0 || readUint16(octets, at + 2) === 0) return -1;
    let p = at + 4 + octets[at]! + readUint16(octets, at + 2);
    while (p >= 0 && p < end) p = skipName(octets, p, end);
    return p <= end ? p : -1;
  },
  print(octets, at, end) {
    const keyAt = at + 4 + octets[at]!;
    let p = keyAt + readUint16(octets, at + 2);
    const parts = [String(octets[at + 1]), printHex(octets, at + 4, keyAt), printBase64(octets, keyAt, p)];
    for (; p < end; p = skipName(octets, p, end)) parts.push(printName(octets, p));
    return parts.join(' ');
  },
};
