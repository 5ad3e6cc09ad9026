// hot: response rate limiting: a flood of queries that bear the address of a victim must not make us the one
// who floods it. Responses are counted per prefix of the source and per what is answered. One table in shared
// memory serves all threads, so that the limit does not depend on their number; nothing is ever locked.
//
//   | seed 2, 0 ... | set | set | ...    set = 4 buckets    bucket = | tag | TAT |
//
// A bucket is a generic cell rate algorithm (ITU-T I.371): its theoretical arrival time TAT, in microseconds
// modulo 2^32, moves on by one interval with each response, from now where it lies in the past. A response
// that would move it further than a second from now is limited. A bucket whose TAT is not in the future is
// as good as new, so whoever needs one takes it: there is nothing to expire.
import { randomFillSync } from 'node:crypto';
import { rateBuckets } from '../limits.ts';
import { isInOne, isMapped, type Network, unmapped } from '../wire/networks.ts';

/** What to do with a response: send it, send nothing, or send one that says only: ask over TCP. */
export const LIMIT = { pass: 0, drop: 1, slip: 2 } as const;

export type RateLimitSettings = {
  /** Full responses a second to one prefix about one thing, 1 to responsesPerSecondMax. */
  readonly responsesPerSecond: number;
  /** Of the limited responses every n-th becomes a truncated one, 1: all, 0: none. */
  readonly slip: number;
  /**
   * Sources that are never limited. What they are sent counts all the same against the prefix they lie in.
   */
  readonly exempt: readonly Network[];
};

/** Words of the header: a cache line, so that no set lies across two. */
const headerWords = 16;
const ways = 4;
const sets = rateBuckets / ways;
/** Limited is what would move TAT further than this from now: one second's worth may come at once. */
const burst = 1_000_000;
/**
 * A TAT further ahead than this is from before the clock went round. Above the burst, because threads read
 * the clock at different times: what another has just written must not look old.
 */
const aheadMax = 2 * burst;
/**
 * Another thread was faster so often: the bucket is in such demand that the prefix is a victim or at fault.
 */
const attemptsMax = 16;

/** Set-up: makes the table, once for all threads of a process; nobody outside knows its seed. */
export function makeRateTable(): Int32Array {
  const table = new Int32Array(new SharedArrayBuffer((headerWords + 2 * rateBuckets) * 4));
  table.set(randomFillSync(new Int32Array(2)));
  return table;
}

/** One thread's view of the table. */
export class RateLimiter {
  readonly table: Int32Array;
  /** Microseconds between two responses, rounded down; 0: nothing is limited. */
  interval = 0;
  /** Parts of `rate` that the interval is short of, and how many of them are owed. */
  rest = 0;
  owed = 0;
  rate = 1;
  slip = 0;
  /** Limited responses since the last slip. */
  limited = 0;
  exempt: readonly Network[] = [];
  /** What spread() found: the tag of the key, and where its set begins. */
  tag = 0;
  set = 0;

  constructor(table: Int32Array) {
    this.table = table;
  }

  /** Set-up: takes settings into use; undefined: nothing is limited. */
  configure(settings: RateLimitSettings | undefined): void {
    this.rate = settings?.responsesPerSecond ?? 1;
    this.interval = settings === undefined ? 0 : Math.floor(burst / this.rate);
    this.rest = burst % this.rate;
    this.owed = 0;
    this.slip = settings?.slip ?? 0;
    this.limited = 0;
    this.exempt = (settings?.exempt ?? []).map(unmapped);
  }
}

/**
 * Counts one response and says what to do with it, as one of LIMIT. `source` has an address of `size` 4 or 16
 * octets at `at`; `now` is in microseconds modulo 2^32, of a clock that all threads share; where it is set,
 * what is limited may be so for a second more, or has its burst again; `key` is a hash of what is answered.
 */
export function limitResponse(
  limiter: RateLimiter,
  source: Uint8Array,
  at: number,
  size: number,
  now: number,
  key: number,
): number {
  if (limiter.interval === 0) return LIMIT.pass;
  let high = 0;
  let low = 0;
  if (size === 4 || isMapped(source, at)) {
    const ip = at + size - 4;
    high = (source[ip]! << 24) | (source[ip + 1]! << 16) | (source[ip + 2]! << 8); // a /24
    low = 4; // no IPv6 prefix ends so
  } else {
    high = (source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!;
    low = (source[at + 4]! << 24) | (source[at + 5]! << 16) | (source[at + 6]! << 8); // a /56
  }
  spread(limiter, high, low, key);
  const bucket = bucketFor(limiter, now);
  // Exempt networks are looked through only for what would be limited.
  if (bucket < 0 || takeFrom(limiter, bucket + 1, now) || isInOne(limiter.exempt, source, at, size)) {
    return LIMIT.pass;
  }
  if (limiter.slip === 0) return LIMIT.drop;
  limiter.limited++;
  if (limiter.limited < limiter.slip) return LIMIT.drop;
  limiter.limited = 0;
  return LIMIT.slip;
}

/**
 * Finds the set and the tag of a key by a hash after HalfSipHash, seeded: an attacker who could aim at a set
 * would fill it and pass uncounted, and simpler hashes collide whatever their seed.
 */
function spread(limiter: RateLimiter, high: number, low: number, key: number): void {
  const seed0 = limiter.table[0]!;
  const seed1 = limiter.table[1]!;
  let a = seed0;
  let b = seed1;
  let c = seed0 ^ 0x6c796765;
  let d = seed1 ^ 0x74656462;
  let word = 0;
  // One round for each of the three words, then three.
  for (let round = 0; round < 6; round++) {
    a ^= word;
    word = round === 0 ? high : round === 1 ? low : round === 2 ? key : 0;
    d ^= word;
    if (round === 3) c ^= 0xff;
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    a = (a << 16) | (a >>> 16);
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (a + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
  }
  limiter.tag = b ^ d || 1; // 0 is a bucket that nobody has used
  limiter.set = headerWords + ((a ^ c) & (sets - 1)) * ways * 2;
}

/**
 * The bucket of the key that spread() looked at, its own or one it takes; -1 where there is none. Reads are
 * plain here and in takeFrom(): what is written is written only where the exchange finds what was read.
 */
function bucketFor(limiter: RateLimiter, now: number): number {
  const table = limiter.table;
  const tag = limiter.tag;
  const first = limiter.set;
  const end = first + ways * 2;
  for (let bucket = first; bucket < end; bucket += 2) {
    if (table[bucket] === tag) return bucket;
  }
  for (let bucket = first; bucket < end; bucket += 2) {
    const before = table[bucket]!;
    const tat = table[bucket + 1]!;
    if (before !== 0 && aheadOf(tat, now) > 0) continue;
    // A TAT from before the clock went round would count against the new key. Whoever comes in between loses
    // one count.
    if (Atomics.compareExchange(table, bucket, before, tag) !== before) continue;
    Atomics.compareExchange(table, bucket + 1, tat, now | 0);
    return bucket;
  }
  // Four others are being counted here. To share a bucket would limit the innocent for the guilty; to pass is
  // what a server without a limit does.
  return -1;
}

/** Moves the TAT at table[at] on by an interval; false where that is further than the burst allows. */
function takeFrom(limiter: RateLimiter, at: number, now: number): boolean {
  const table = limiter.table;
  const owed = limiter.owed + limiter.rest;
  const isDue = owed >= limiter.rate;
  const interval = isDue ? limiter.interval + 1 : limiter.interval;
  let tat = table[at]!;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const ahead = aheadOf(tat, now) + interval;
    if (ahead > burst) return false;
    const before = Atomics.compareExchange(table, at, tat, (now + ahead) | 0);
    if (before === tat) {
      limiter.owed = isDue ? owed - limiter.rate : owed;
      return true;
    }
    tat = before;
  }
  return false;
}

/** Microseconds from now to a TAT; 0 where it is in the past or from before the clock went round. */
function aheadOf(tat: number, now: number): number {
  const ahead = (tat - now) | 0;
  return ahead > 0 && ahead <= aheadMax ? ahead : 0;
}
