// What a word between owner and data of a record may be: a class, or something that begins like a TTL.
// scan.ts asks, of the current token.
import { numberAfter } from '../wire/rdata.ts';
import type { Tokens } from '../wire/tokens.ts';

/** Says whether the current word is the class IN. */
export function isClassIn(tokens: Tokens): boolean {
  const { octets, from, to } = tokens;
  if (to - from === 2) return (octets[from]! | 0x20) === 0x69 && (octets[from + 1]! | 0x20) === 0x6e;
  return numberAfter(octets, from, to, 'CLASS') === 1;
}

/** Says whether the current word is a class: IN, CS, CH, HS, NONE or CLASSnnn. */
export function isClass(tokens: Tokens): boolean {
  const { octets, from, to } = tokens;
  const second = octets[from + 1]! | 0x20;
  switch (octets[from]! | 0x20) {
    case 0x69:
      return to - from === 2 && second === 0x6e;
    case 0x63:
      if (to - from === 2) return second === 0x68 || second === 0x73;
      return numberAfter(octets, from, to, 'CLASS') >= 0;
    case 0x68:
      return to - from === 2 && second === 0x73;
    default:
      return tokens.to - tokens.from === 4 && tokens.text().toUpperCase() === 'NONE';
  }
}

/** Says whether the current word begins with a digit: a TTL does, no mnemonic of a type does. */
export function beginsWithDigit({ octets, from }: Tokens): boolean {
  return octets[from]! >= 48 && octets[from]! <= 57;
}
