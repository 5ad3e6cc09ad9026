// Fields that carry octets as hex or base64, over several words if need be; further rows of the kinds in
// fields.ts. Also the generic form of RFC 3597 §5, `\# length hex`, that every type may be written in.
import type { OctetStore } from './bytes.ts';
import type { Field } from './fields.ts';
import { base64Digit, hexDigit, inWords, NOT_ONE, parseDecimal, printBase64, printHex } from './literals.ts';
import { TOKEN, type Tokens } from './tokens.ts';

/** Parses hex in the words up to the end of the record into the store. */
function parseHexWords(tokens: Tokens, out: OctetStore): boolean {
  let high = -1;
  while (tokens.kind === TOKEN.word) {
    out.reserve(tokens.to - tokens.from);
    for (let i = tokens.from; i < tokens.to; i++) {
      const digit = hexDigit(tokens.octets[i]!);
      if (digit < 0)
        return tokens.fail(`"${tokens.text()}" is no hex`, 'two hex digits an octet, blanks between words');
      if (high < 0) high = digit;
      else {
        out.octets[out.used++] = high * 16 + digit;
        high = -1;
      }
    }
    tokens.next();
  }
  if (tokens.kind !== TOKEN.end) return tokens.expected('hex');
  return high < 0 || tokens.fail('an odd number of hex digits', 'two hex digits an octet');
}

function restAsHex(sizeMin: number): Field {
  return {
    size: -1,
    parse(tokens, out) {
      const at = out.used;
      if (!parseHexWords(tokens, out)) return false;
      return out.used - at >= sizeMin || tokens.expected('hex');
    },
    skip: (_octets, at, end) => (end - at >= sizeMin ? end : -1),
    print: (octets, at, end) => inWords(printHex(octets, at, end)),
  };
}

/** The rest of the RDATA in hex, at least one octet. */
export const restHex = restAsHex(1);

/** Where base64 stands between two words: the bits not yet written, how many they are, and the pads seen. */
export type Base64State = { bits: number; held: number; pads: number };

/** Adds the digits of a range to what was read before; false where one is no base64. */
export function parseBase64(
  text: Uint8Array,
  from: number,
  to: number,
  out: OctetStore,
  state: Base64State,
): boolean {
  out.reserve(to - from);
  for (let i = from; i < to; i++) {
    const digit = base64Digit(text[i]!);
    if (digit < 0 || (state.pads > 0 && digit !== 64)) return false;
    if (digit === 64) {
      state.pads++;
      continue;
    }
    state.bits = ((state.bits << 6) | digit) & 0xfff;
    state.held += 6;
    if (state.held >= 8) {
      state.held -= 8;
      out.octets[out.used++] = (state.bits >> state.held) & 255;
      state.bits &= (1 << state.held) - 1;
    }
  }
  return true;
}

/** Says whether base64 ended where it may: padded to four digits, no stray bits (RFC 4648 §3.5). */
export function base64IsWhole(state: Base64State): boolean {
  return (
    state.bits === 0 && state.held <= 4 && state.pads === (state.held === 0 ? 0 : state.held === 4 ? 2 : 1)
  );
}

/** The rest of the RDATA in base64, at least one octet. */
export const restBase64: Field = {
  size: -1,
  parse(tokens, out) {
    const at = out.used;
    const state: Base64State = { bits: 0, held: 0, pads: 0 };
    while (tokens.kind === TOKEN.word) {
      if (!parseBase64(tokens.octets, tokens.from, tokens.to, out, state)) {
        return tokens.fail(`"${tokens.text()}" is no base64`, 'letters, digits, + and /, = only at the end');
      }
      tokens.next();
    }
    if (tokens.kind !== TOKEN.end || out.used === at) return tokens.expected('base64');
    return (
      base64IsWhole(state) || tokens.fail('base64 that ends too early', 'pad it with = to four characters')
    );
  },
  skip: (_octets, at, end) => (end > at ? end : -1),
  print: (octets, at, end) => inWords(printBase64(octets, at, end)),
};

/** Says whether the current token is `\#`, which begins RDATA in generic form. */
export function isGeneric(tokens: Tokens): boolean {
  const { octets, from } = tokens;
  return (
    tokens.to - from === 2 && octets[from] === 0x5c && octets[from + 1] === 0x23 && tokens.kind === TOKEN.word
  );
}

/** Parses `\# length hex` (RFC 3597 §5); the current token is `\#`. */
export function parseGeneric(tokens: Tokens, out: OctetStore): boolean {
  tokens.next();
  if (tokens.kind !== TOKEN.word) return tokens.expected('a length in octets');
  const size = parseDecimal(tokens.octets, tokens.from, tokens.to, 65_535);
  if (size === NOT_ONE) return tokens.expected('a length in octets');
  if (size < 0) return tokens.fail(`RDATA of ${tokens.text()} octets`, 'at most 65535');
  const { line, lineAt, from } = tokens;
  tokens.next();
  const at = out.used;
  if (!parseHexWords(tokens, out)) return false;
  if (out.used - at === size) return true;
  const what = `the length says ${size} octets, but ${out.used - at} follow`;
  return tokens.failAt(line, lineAt, from, what, 'two hex digits an octet');
}

/** Prints RDATA in generic form. */
export function printGeneric(octets: Uint8Array, at: number, end: number): string {
  return end === at ? '\\# 0' : `\\# ${end - at} ${inWords(printHex(octets, at, end))}`;
}
