// LOC (RFC 1876): where something is on the earth. Text is degrees, minutes and seconds of latitude and
// longitude, then metres; the wire has thousandths of an arc second around 2^31, centimetres, and sizes of
// one digit and a power of ten. One field is the whole RDATA, since its parts may be left out from the right.
import { readUint32 } from './bytes.ts';
import type { Field } from './fields.ts';
import { TOKEN, type Tokens } from './tokens.ts';

const rdataSize = 16;
const equator = 2 ** 31;
const perDegree = 3_600_000;
const altitudeBase = 10_000_000; // centimetres below the reference spheroid
const altitudeMax = 2 ** 32 - 1 - altitudeBase;
const sizeMax = 9_000_000_000;
/** Size, horizontal and vertical precision where they are left out (RFC 1876 §3), in centimetres. */
const sizeDefaults = [100, 1_000_000, 1000];

export const location: Field = {
  size: rdataSize,
  parse(tokens, out) {
    const latitude = parseAngle(tokens, 'N', 'S', 90);
    const longitude = latitude < 0 ? -1 : parseAngle(tokens, 'E', 'W', 180);
    if (longitude < 0) return false;
    const altitude = parseMetres(tokens, 'an altitude', -altitudeBase, altitudeMax);
    if (altitude === undefined) return false;
    const at = out.reserve(rdataSize);
    out.octets[at] = 0; // version
    for (const [n, byDefault] of sizeDefaults.entries()) {
      const left = tokens.kind === TOKEN.end;
      const size = left ? byDefault : parseMetres(tokens, 'a size', 0, sizeMax);
      if (size === undefined) return false;
      out.octets[at + 1 + n] = digitAndPower(size);
    }
    const view = new DataView(out.octets.buffer, out.octets.byteOffset + at);
    view.setUint32(4, latitude);
    view.setUint32(8, longitude);
    view.setUint32(12, altitude + altitudeBase);
    out.used += rdataSize;
    return true;
  },
  skip(octets, at, end) {
    if (at + rdataSize > end || octets[at] !== 0) return -1;
    for (let p = at + 1; p < at + 4; p++) {
      const digit = octets[p]! >> 4;
      if (digit > 9 || (octets[p]! & 15) > 9 || (digit === 0 && octets[p] !== 0)) return -1;
    }
    const north = Math.abs(readUint32(octets, at + 4) - equator);
    const east = Math.abs(readUint32(octets, at + 8) - equator);
    return north <= 90 * perDegree && east <= 180 * perDegree ? at + rdataSize : -1;
  },
  print(octets, at) {
    const altitude = readUint32(octets, at + 12) - altitudeBase;
    const sign = altitude < 0 ? '-' : '';
    const parts = [
      printAngle(readUint32(octets, at + 4), 'N', 'S'),
      printAngle(readUint32(octets, at + 8), 'E', 'W'),
      `${sign}${(Math.abs(altitude) / 100).toFixed(2)}m`,
    ];
    for (let p = at + 1; p < at + 4; p++) parts.push(printSize(octets[p]!));
    return parts.join(' ');
  },
};

/** Parses degrees, minutes and seconds up to the direction; -1: tokens.problem says why. */
function parseAngle(tokens: Tokens, positive: string, negative: string, degreesMax: number): number {
  const looks = `as in 51 30 12.748 ${positive}, at most ${degreesMax} degrees`;
  const parts: number[] = [];
  for (; tokens.kind === TOKEN.word; tokens.next()) {
    const text = tokens.text();
    const direction = text.toUpperCase();
    if (parts.length > 0 && (direction === positive || direction === negative)) break;
    const pattern = parts.length === 2 ? /^\d{1,2}(\.\d{1,3})?$/ : /^\d{1,3}$/;
    const value = Number(text);
    if (parts.length === 3 || !pattern.test(text) || (parts.length > 0 ? value >= 60 : value > degreesMax)) {
      tokens.fail(`"${text}" is no part of an angle`, looks);
      return -1;
    }
    parts.push(value);
  }
  if (tokens.kind !== TOKEN.word) {
    tokens.expected(`${positive} or ${negative}`);
    return -1;
  }
  const [degrees = 0, minutes = 0, seconds = 0] = parts;
  const angle = degrees * perDegree + minutes * 60_000 + Math.round(seconds * 1000);
  if (angle > degreesMax * perDegree) {
    tokens.fail(`an angle beyond ${degreesMax} degrees`, looks);
    return -1;
  }
  const isPositive = tokens.text().toUpperCase() === positive;
  tokens.next();
  return equator + (isPositive ? angle : -angle);
}

/** Parses metres with up to two decimals into centimetres; undefined: tokens.problem says why. */
function parseMetres(tokens: Tokens, what: string, min: number, max: number): number | undefined {
  if (tokens.kind !== TOKEN.word) {
    tokens.expected(what);
    return undefined;
  }
  const text = tokens.text();
  const centimetres = Math.round(Number.parseFloat(text) * 100);
  if (!/^-?\d{1,8}(\.\d{0,2})?m?$/i.test(text) || centimetres < min || centimetres > max) {
    const range = `from ${min / 100} to ${max / 100} metres with up to two decimals`;
    tokens.fail(`"${text}" is not ${what}`, range);
    return undefined;
  }
  tokens.next();
  return centimetres;
}

/** One digit and a power of ten: what lies between is rounded down, as RFC 1876 appendix A does it. */
function digitAndPower(centimetres: number): number {
  let digit = centimetres;
  let power = 0;
  for (; digit > 9; digit = Math.floor(digit / 10)) power++;
  return (digit << 4) | power;
}

function printAngle(wire: number, positive: string, negative: string): string {
  const thousandths = Math.abs(wire - equator);
  const degrees = Math.floor(thousandths / perDegree);
  const minutes = Math.floor(thousandths / 60_000) % 60;
  const seconds = ((thousandths % 60_000) / 1000).toFixed(3);
  return `${degrees} ${minutes} ${seconds} ${wire >= equator ? positive : negative}`;
}

function printSize(octet: number): string {
  const centimetres = (octet >> 4) * 10 ** (octet & 15);
  return (octet & 15) > 1 ? `${centimetres / 100}m` : `${(centimetres / 100).toFixed(2)}m`;
}
