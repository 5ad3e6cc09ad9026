// `cookies:` of steerdns.yaml, and the file of secrets that it may name: one secret of 32 hexadecimal digits
// on a line, the one that makes cookies first (RFC 9018 §5). Faults never repeat a secret.
import * as v from 'valibot';
import { errorAt, type Fault, type Place } from '../faults.ts';
import { cookieSecretsMax, secretFileSizeMax } from '../limits.ts';
import { hexDigit } from '../wire/literals.ts';
import { sipKeySize } from '../wire/siphash.ts';
import { type Beside, besidePath, warnIfOpen } from './contents.ts';
import { type JsonSchema, map, offOr, shaped, text, valueAt } from './shape.ts';
import { filePath } from './values.ts';
import type { YamlNode } from './yaml.ts';

export type CookiesConfig = {
  readonly enabled: boolean;
  /** Secrets of 16 octets, the one that makes cookies first; none: the server makes one of its own. */
  readonly secrets: readonly Uint8Array[];
};

/** What holds where steerdns.yaml says nothing. */
export const cookiesDefaults: CookiesConfig = { enabled: true, secrets: [] };

const shape = map({ 'secret-file': v.optional(text(filePath)) });

/** What an editor should know of the value of `cookies`. */
export const cookiesLook = (): JsonSchema => offOr(shape);

/** Reads the value of `cookies`, and the secrets where it names a file of them. */
export function readCookies(node: YamlNode | undefined, beside: Beside, faults: Fault[]): CookiesConfig {
  if (node === undefined) return cookiesDefaults;
  if (node.kind === 'text' && node.text === 'off') return { enabled: false, secrets: [] };
  if (node.kind !== 'map' && !(node.kind === 'text' && node.text === '')) {
    const hint = 'write off, or { secret-file: PATH }';
    faults.push(errorAt(node.place, 'cookies must be off or have keys of its own', hint));
    return cookiesDefaults;
  }
  const written = shaped(node, shape, faults)?.['secret-file'];
  if (written === undefined) return cookiesDefaults;
  const path = besidePath(written, beside.dir);
  const octets = beside.read(path, valueAt(node, 'secret-file')!.place);
  if (octets === undefined) return cookiesDefaults;
  const start: Place = { file: path, line: 1, column: 1 };
  warnIfOpen(path, 'everybody on this machine can read these secrets', beside, faults);
  return { enabled: true, secrets: readSecrets(start, octets, faults) };
}

const looks = `a secret is ${sipKeySize * 2} hexadecimal digits: openssl rand -hex ${sipKeySize}`;

/** Reads a whole file of secrets; none where it has faults. */
function readSecrets(start: Place, octets: Uint8Array, faults: Fault[]): Uint8Array[] {
  const before = faults.length;
  const secrets: { readonly octets: Uint8Array; readonly line: number }[] = [];
  if (octets.length > secretFileSizeMax) {
    const what = `${octets.length} octets, more than the ${secretFileSizeMax} we read`;
    faults.push(errorAt(start, what, 'is this the file of secrets?'));
    return [];
  }
  // Any octet is a character here: what matters is ASCII.
  const lines = Buffer.from(octets).toString('latin1').split('\n');
  for (const [i, written] of lines.entries()) {
    const [content = ''] = written.split(/[;#]/, 1);
    const digits = content.trim();
    if (digits === '') continue;
    const place: Place = { ...start, line: i + 1, column: content.indexOf(digits) + 1 };
    const secret = readSecret(digits, place, faults);
    if (secret === undefined) continue;
    const same = secrets.find((other) => Buffer.compare(other.octets, secret) === 0);
    if (same !== undefined) {
      faults.push(errorAt(place, `the secret of line ${same.line} again`, 'keep one of them'));
    } else if (secrets.length === cookieSecretsMax) {
      const what = `more than ${cookieSecretsMax} secrets`;
      faults.push(errorAt(place, what, 'the first makes cookies, the others are for a change'));
      break;
    } else {
      secrets.push({ octets: secret, line: i + 1 });
    }
  }
  if (secrets.length === 0 && faults.length === before) {
    faults.push(errorAt(start, 'there is no secret in this file', looks));
  }
  return faults.length > before ? [] : secrets.map((secret) => secret.octets);
}

function readSecret(digits: string, place: Place, faults: Fault[]): Uint8Array | undefined {
  const bad = [...digits].findIndex((digit) => hexDigit(digit.charCodeAt(0)) < 0);
  if (bad >= 0) {
    const there = { ...place, column: place.column + bad };
    faults.push(errorAt(there, `${JSON.stringify(digits[bad])} is no hexadecimal digit`, looks));
    return undefined;
  }
  if (digits.length !== sipKeySize * 2) {
    faults.push(errorAt(place, `a secret of ${digits.length} digits`, looks));
    return undefined;
  }
  return new Uint8Array(Buffer.from(digits, 'hex'));
}
