// The file of tokens that `http:` names: who may ask over TCP, for what, until when. A line is
// `NAME SCOPE sha256:DIGITS [until TIME]`, as `steerdns token` prints it. A token has 256 random bits, so its
// plain hash gives nothing away that could be guessed. Faults never repeat a hash.
import { createHash, randomBytes } from 'node:crypto';
import { errorAt, type Fault, type Place } from '../faults.ts';
import { secretFileSizeMax, tokensMax } from '../limits.ts';
import { suggest } from '../near.ts';
import { word } from './values.ts';

/** What a token allows: to look, or to change things too. */
export const scopes = ['read', 'operate'] as const;
export type Scope = (typeof scopes)[number];

export type Token = {
  readonly name: string;
  readonly scope: Scope;
  /** SHA-256 of its text. */
  readonly hash: Uint8Array;
  /** Wall clock in milliseconds from which it is no longer good; undefined: it always is. */
  readonly until: number | undefined;
};

/** Says what a token is when it turns up in a log or a repository. */
const prefix = 'steerdns_';
const tokenSize = 32;

/** Makes the text of a new token. */
export function makeToken(): string {
  return prefix + randomBytes(tokenSize).toString('base64url');
}

/** What is kept of a token. */
export function hashToken(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** Prints the line of the file. */
export function printToken({ name, scope, hash, until }: Token): string {
  const end = until === undefined ? '' : ` until ${new Date(until).toISOString().replace(/\.\d+Z$/, 'Z')}`;
  return `${name} ${scope} sha256:${Buffer.from(hash).toString('hex')}${end}`;
}

const looks = 'steerdns token NAME makes a line';

/** Reads a whole file of tokens; none where it has faults. */
export function readTokens(start: Place, octets: Uint8Array, faults: Fault[]): Token[] {
  const before = faults.length;
  if (octets.length > secretFileSizeMax) {
    const what = `${octets.length} octets, more than the ${secretFileSizeMax} we read`;
    faults.push(errorAt(start, what, 'is this the file of tokens?'));
    return [];
  }
  const tokens = new Map<string, Token>();
  for (const [i, written] of Buffer.from(octets).toString('utf8').split('\n').entries()) {
    const words = [...written.replace(/#.*/, '').matchAll(/\S+/g)];
    if (words.length === 0) continue;
    const places = words.map(({ index }) => ({ ...start, line: i + 1, column: index + 1 }));
    const token = readToken(
      words.map(([text]) => text),
      places,
      faults,
    );
    if (token === undefined) continue;
    if (tokens.has(token.name)) {
      faults.push(errorAt(places[0]!, `a second token ${token.name}`, 'give it a name of its own'));
    }
    tokens.set(token.name, token);
  }
  if (faults.length > before) return [];
  if (tokens.size === 0) faults.push(errorAt(start, 'there is no token in this file', looks));
  if (tokens.size > tokensMax) faults.push(errorAt(start, `more than ${tokensMax} tokens`, 'remove some'));
  return [...tokens.values()];
}

function readToken(words: readonly string[], places: readonly Place[], faults: Fault[]): Token | undefined {
  const fault = (at: number, what: string, hint = looks): undefined => {
    faults.push(errorAt(places[at] ?? places[0]!, what, hint));
  };
  const [name = '', scopeText = '', hashText = '', keyword, untilText = ''] = words;
  const named = word(name);
  if ('wrong' in named) return fault(0, `the name of a token ${named.wrong}`, named.hint);
  const scope = scopes.find((one) => one === scopeText);
  if (scope === undefined) return fault(1, `"${scopeText}" is no scope`, suggest(scopeText, scopes));
  if (!/^sha256:[0-9a-f]{64}$/.test(hashText)) {
    return fault(2, 'no hash of a token stands here: sha256: and 64 hexadecimal digits');
  }
  const hash = new Uint8Array(Buffer.from(hashText.slice(7), 'hex'));
  if (keyword === undefined) return { name, scope, hash, until: undefined };
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/.test(untilText);
  const until = isTime ? Date.parse(untilText) : Number.NaN;
  if (keyword === 'until' && words.length === 5 && !Number.isNaN(until)) return { name, scope, hash, until };
  return fault(3, 'behind the hash only an end may stand', 'such as until 2027-01-31T12:00:00Z');
}
