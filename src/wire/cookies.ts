// hot: DNS cookies (RFC 7873) with the server cookie that all servers of an anycast set make alike (RFC
// 9018):
//
//   | client cookie 8 | version 1 | reserved 3 | timestamp 4 | hash 8 |
//
// The hash is SipHash-2-4, under a secret of 16 octets, of the 16 octets before it and the client's address.
// The first secret makes cookies; all are accepted, so that a secret can be changed while old cookies live
// (RFC 9018 §5).
import { cookieAgeMax, cookieAgeToRenew, cookieAheadMax, cookieSecretsMax } from '../limits.ts';
import { isMapped } from './networks.ts';
import { littleWord, readSipKey, sipHash, sipKeySize, sipKeyWords } from './siphash.ts';

/**
 * What a query's cookie is worth: the query has none, only a client cookie, a server cookie that we made for
 * this client, or one that we did not or no longer accept.
 */
export const COOKIE = { none: 0, client: 1, valid: 2, bad: 3 } as const;

/** Octets of a client cookie, and of the option's data with our server cookie. */
export const clientCookieSize = 8;
export const cookieSize = 24;

const version = 1;
/** Octets that stand before the client's address in what is hashed. */
const hashedSize = 16;
const message = new Uint8Array(hashedSize + 16);
const hash = new Int32Array(2);

/** The secrets of one thread, and what the last check found. */
export class CookieKeys {
  readonly words = new Int32Array(cookieSecretsMax * sipKeyWords);
  /** Secrets in use; 0: cookies are off and every query is one without. */
  count = 0;
  /** Whether the cookie that was checked last may go back as it is: made with the first secret, and young. */
  isFresh = false;

  /** Set-up: takes secrets of 16 octets into use, the one that makes cookies first. */
  configure(secrets: readonly Uint8Array[]): void {
    for (const [i, secret] of secrets.entries()) {
      if (secret.length !== sipKeySize || i === cookieSecretsMax) throw new Error('not a cookie secret');
      readSipKey(secret, 0, this.words, i * sipKeyWords);
    }
    this.count = secrets.length;
  }
}

/**
 * Judges the data of a COOKIE option, 8 or 16 to 40 octets at octets[at], from a client with this address of
 * 4 or 16 octets, at a time in seconds since 1970 modulo 2^32; returns one of COOKIE (RFC 7873 §5.2).
 */
export function checkCookie(
  keys: CookieKeys,
  octets: Uint8Array,
  at: number,
  size: number,
  source: Uint8Array,
  sourceAt: number,
  sourceSize: number,
  nowSeconds: number,
): number {
  if (keys.count === 0) return COOKIE.none;
  if (size === clientCookieSize) return COOKIE.client;
  // What somebody else made, before us or beside us, or a client made up.
  if (size !== cookieSize || octets[at + 8] !== version) return COOKIE.bad;
  const age = ageOf(octets, at, nowSeconds);
  if (age > cookieAgeMax || age < -cookieAheadMax) return COOKIE.bad;
  // RFC 9018 §4.2: reserved octets of a cookie that comes back are hashed as they stand.
  for (let i = 0; i < hashedSize; i++) message[i] = octets[at + i]!;
  const hashed = putAddress(source, sourceAt, sourceSize);
  const low = littleWord(octets, at + 16);
  const high = littleWord(octets, at + 20);
  for (let key = 0; key < keys.count; key++) {
    sipHash(keys.words, key * sipKeyWords, message, hashed, hash);
    // Both halves, so that the time says nothing of how much was right.
    if (((hash[0]! ^ low) | (hash[1]! ^ high)) !== 0) continue;
    const reserved = octets[at + 9]! | octets[at + 10]! | octets[at + 11]!;
    keys.isFresh = key === 0 && reserved === 0 && age < cookieAgeToRenew;
    return COOKIE.valid;
  }
  return COOKIE.bad;
}

/**
 * Writes 24 octets of option data to out[outAt]: the client cookie at octets[at] and a server cookie, the
 * client's own where checkCookie(), called last for the same query, found it valid and fresh, else a new one
 * (RFC 9018 §4.3).
 */
export function writeCookie(
  keys: CookieKeys,
  octets: Uint8Array,
  at: number,
  status: number,
  source: Uint8Array,
  sourceAt: number,
  sourceSize: number,
  nowSeconds: number,
  out: Uint8Array,
  outAt: number,
): void {
  if (status === COOKIE.valid && keys.isFresh) {
    for (let i = 0; i < cookieSize; i++) out[outAt + i] = octets[at + i]!;
    return;
  }
  for (let i = 0; i < clientCookieSize; i++) message[i] = octets[at + i]!;
  message[8] = version;
  for (let i = 9; i < 12; i++) message[i] = 0;
  message[12] = nowSeconds >>> 24;
  message[13] = nowSeconds >>> 16;
  message[14] = nowSeconds >>> 8;
  message[15] = nowSeconds;
  sipHash(keys.words, 0, message, putAddress(source, sourceAt, sourceSize), hash);
  for (let i = 0; i < hashedSize; i++) out[outAt + i] = message[i]!;
  for (let i = 0; i < 8; i++) out[outAt + hashedSize + i] = hash[i >>> 2]! >>> ((i & 3) * 8);
}

/** Seconds since a cookie was made, negative where that is yet to come (RFC 1982 arithmetic). */
function ageOf(octets: Uint8Array, at: number, nowSeconds: number): number {
  const made =
    (octets[at + 12]! << 24) | (octets[at + 13]! << 16) | (octets[at + 14]! << 8) | octets[at + 15]!;
  return (nowSeconds - made) | 0;
}

/** Puts the client's address behind what is hashed with it; returns the size of the whole. */
function putAddress(source: Uint8Array, at: number, size: number): number {
  // The other servers of a set may know an IPv4 client by its four octets.
  const skipped = size === 16 && isMapped(source, at) ? 12 : 0;
  for (let i = skipped; i < size; i++) message[hashedSize + i - skipped] = source[at + i]!;
  return hashedSize + size - skipped;
}
