// The model's reading of a query: the question, EDNS and its options, and which options go back. Written for
// obviousness, like model.ts, and sharing nothing with src/. Called by model.ts.
import { caseSettings, type Expectation, type Transport } from './cases.ts';
import { types } from './rows.ts';
import { readName } from './wire.ts';

/** An EDNS option, its data in hexadecimal. */
export type Option = { readonly code: number; readonly hex: string };

export type Asked = {
  /** A message without a question, by which a client asks for a cookie. */
  readonly isCookieOnly: boolean;
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly edns:
    | { readonly size: number; readonly version: number; readonly options: readonly Option[] }
    | undefined;
};

/** The question and OPT of a query, or undefined: malformed. */
export function readQuestion(octets: Uint8Array, transport: Transport): Asked | undefined {
  const u16 = (at: number): number => {
    if (at + 2 > octets.length) throw new Error('cut off');
    return octets[at]! * 256 + octets[at + 1]!;
  };
  try {
    if (u16(4) > 1 || u16(6) !== 0 || u16(8) !== 0) return undefined;
    const isCookieOnly = u16(4) === 0;
    const { name, next } = isCookieOnly ? { name: '.', next: 8 } : readName(octets, 12, false);
    const [type, code] = isCookieOnly ? [0, 1] : [u16(next), u16(next + 2)];
    let at = next + 4;
    let edns: Asked['edns'];
    for (let left = u16(10); left > 0; left--) {
      const owner = at;
      at = skipName(octets, at);
      const [rowType, size, version, length] = [u16(at), u16(at + 2), octets[at + 5]!, u16(at + 8)];
      const end = at + 10 + length;
      if (end > octets.length) return undefined;
      if (rowType === types.OPT) {
        if (edns || octets[owner] !== 0) return undefined;
        const options: Option[] = [];
        let option = at + 10;
        while (version === 0 && option < end) {
          const behind = option + 4 + u16(option + 2);
          const hex = Buffer.from(octets.slice(option + 4, behind)).toString('hex');
          options.push({ code: u16(option), hex });
          option = behind;
        }
        if (version === 0 && (option !== end || !options.every((one) => isSound(one, transport))))
          return undefined;
        edns = { size, version, options };
      }
      at = end;
    }
    const hasCookie = edns?.options.some((option) => option.code === 10) ?? false;
    if (isCookieOnly && edns?.version === 0 && !hasCookie) return undefined;
    if (isCookieOnly && !edns) return undefined;
    return { isCookieOnly, name, type, class: code, edns };
  } catch {
    return undefined;
  }
}

function skipName(octets: Uint8Array, at: number): number {
  for (; octets[at] !== 0; at += octets[at]! + 1) {
    if (at >= octets.length) throw new Error('cut off');
    if (octets[at]! >= 0xc0) return at + 2;
    if (octets[at]! > 63) throw new Error('label type');
  }
  return at + 1;
}

/** The options that go back for these, in any order. */
export function answeredOptions(asked: readonly Option[], transport: Transport): Expectation['options'] {
  const first = asked.filter(({ code }, i) => asked.findIndex((other) => other.code === code) === i);
  return first.flatMap(({ code, hex }) => {
    if (code === 3) return [{ code, hex: Buffer.from(caseSettings.identity).toString('hex') }];
    if (code === 8) return [{ code, hex: `${hex.slice(0, 6)}00${hex.slice(8)}` }];
    if (code === 10) return [{ code, hex: `${hex.slice(0, 16)}01000000*` }];
    return code === 11 && transport === 'tcp' ? [{ code, hex: '0064' }] : [];
  });
}

/** Whether the data of an option are well-formed; of options nobody here knows they always are. */
function isSound({ code, hex }: Option, transport: Transport): boolean {
  const size = hex.length / 2;
  if (code === 10) return size === 8 || (size >= 16 && size <= 40);
  if (code === 11) return transport === 'udp' || size === 0;
  if (code !== 8) return true;
  const [family, source, scope] = [hex.slice(0, 4), Number.parseInt(hex.slice(4, 6), 16), hex.slice(6, 8)];
  const bitsMax = { '0000': 0, '0001': 32, '0002': 128 }[family];
  if (size < 4 || bitsMax === undefined || source > bitsMax || scope !== '00') return false;
  const bits = [...Buffer.from(hex.slice(8), 'hex')]
    .map((octet) => octet.toString(2).padStart(8, '0'))
    .join('');
  return bits.length === Math.ceil(source / 8) * 8 && !bits.slice(source).includes('1');
}
