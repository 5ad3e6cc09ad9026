// Buckets of clients, dealt to members: weighted rendezvous with exact quotas. A client's network hashes to a
// bucket (wire/clienthash.ts), so who gets a bucket gets its clients. Called by policies/sticky.ts.
//
// Each member has a score in each bucket, an exponential variable made of its name; the member with the
// least quotient of score and weight would be given the bucket, and when it leaves, nobody but its own
// clients would move. That alone gives a member its share within a point or so. So factors are fitted to the
// scores until the counts are near the quotas, and the last buckets go to those who are short by the least
// change of their order. Nothing here depends on history, time or the order in which members stand: every
// server of an anycast set deals the same. No function of Math is used whose last digit may differ between
// machines.
import { fittingNear, fittingPasses, scoresKept, stickyBuckets } from '../limits.ts';
import { divide } from './sets.ts';

/** Who is dealt to: a name, by which others are told apart, and a weight above 0. */
export type Player = { readonly name: string; readonly weight: number };

/**
 * Deals `picks` different players, or all where they are fewer, into each of these buckets; players are
 * named by their indices, those of bucket i stand one behind the other from i times their number on. Each
 * has its part of all places by its weight, to one bucket; one that would need more buckets than there are
 * is in all. Players must stand in the order of their names.
 */
export function deal(players: readonly Player[], picks: number, buckets: Uint16Array): Uint16Array {
  const weights = players.map(({ weight }) => weight);
  const { certain, others, picks: rest, whole } = divide(weights, picks);
  const hand = new Hand(
    others.map((player) => scoresOf(players[player]!.name)),
    others.map((player) => 1 / weights[player]!),
    buckets,
    rest,
  );
  if (rest > 0) {
    const total = rest * buckets.length;
    const quotas = quotasOf(
      others.map((player) => weights[player]!),
      whole,
      total,
    );
    hand.fit(quotas);
    hand.settle(quotas);
  }
  const size = certain.length + rest;
  const dealt = new Uint16Array(buckets.length * size);
  for (let i = 0; i < buckets.length; i++) {
    for (let pick = 0; pick < size; pick++) {
      const picked = pick < rest ? others[hand.given[i * rest + pick]!]! : certain[pick - rest]!;
      dealt[i * size + pick] = picked;
    }
  }
  return dealt;
}

/**
 * Which of the players of each bucket stands first there: those of bucket i are `dealt[i]`, indices of names.
 * Each stands first in an equal part of the buckets of its set, to one bucket or so in all. By the scores
 * that the buckets were dealt by: who stood first does so for as long as it is there, or nearly.
 */
export function dealFirst(names: readonly string[], dealt: readonly (readonly number[])[]): Uint16Array {
  const buckets = Uint16Array.from(dealt, (_, bucket) => bucket);
  const scores = names.map(() => new Float32Array(dealt.length).fill(Infinity));
  const parts = new Array<number>(names.length).fill(0);
  for (const [player, name] of names.entries()) {
    const own = scoresOf(name);
    for (const [bucket, players] of dealt.entries()) {
      if (!players.includes(player)) continue;
      scores[player]![bucket] = own[bucket]!;
      parts[player]! += 1 / players.length;
    }
  }
  const factors = names.map(() => 1);
  const hand = new Hand(scores, factors, buckets, 1);
  const quotas = quotasOf(parts, dealt.length, dealt.length);
  hand.fit(quotas);
  hand.settle(quotas);
  return hand.given;
}

/** The parts of `total` by weight, whole numbers; each is at most one off, and their sum is exact. */
function quotasOf(weights: readonly number[], whole: number, total: number): number[] {
  let before = 0;
  let sum = 0;
  return weights.map((weight) => {
    sum += weight;
    const upTo = Math.round((sum / whole) * total);
    const quota = upTo - before;
    before = upTo;
    return quota;
  });
}

/** One deal: scores and factors, and who is given each bucket. */
class Hand {
  /** Players of bucket i at given[i * picks], given[i * picks + 1], …, the best first. */
  readonly given: Uint16Array;
  readonly #scores: readonly Float32Array[];
  readonly #factors: number[];
  readonly #buckets: Uint16Array;
  readonly #picks: number;
  /** Buckets that each player is given. */
  readonly #counts: number[];

  constructor(
    scores: readonly Float32Array[],
    factors: readonly number[],
    buckets: Uint16Array,
    picks: number,
  ) {
    this.#scores = scores;
    this.#factors = [...factors];
    this.#buckets = buckets;
    this.#picks = picks;
    this.given = new Uint16Array(buckets.length * picks);
    this.#counts = new Array<number>(scores.length).fill(0);
  }

  /** Fits the factors until the counts are near the quotas. */
  fit(quotas: readonly number[]): void {
    const near = this.#buckets.length * fittingNear;
    this.#rank();
    for (let pass = 1; pass < fittingPasses && this.#distance(quotas) > near; pass++) {
      for (const [player, quota] of quotas.entries()) {
        this.#factors[player]! *= (this.#counts[player]! + 1) / (quota + 1);
      }
      this.#rank();
    }
  }

  /** Gives what some have too much to those who are short of it: the smallest changes of order first. */
  settle(quotas: readonly number[]): void {
    const counts = this.#counts;
    const picks = this.#picks;
    // Near changes are nearly always enough, and few to put in order.
    for (let reach = 0.05; reach < 1e9 && this.#distance(quotas) > 0; reach *= 4) {
      const changes = this.#changes(quotas, 1 + reach);
      for (const { at, player } of changes) {
        const from = this.given[at]!;
        if (counts[from]! <= quotas[from]! || counts[player]! >= quotas[player]!) continue;
        if (this.#isGiven(Math.floor(at / picks), player)) continue;
        this.given[at] = player;
        counts[from]!--;
        counts[player]!++;
      }
    }
  }

  /** How far the counts are from the quotas, in buckets. */
  #distance(quotas: readonly number[]): number {
    return quotas.reduce((sum, quota, player) => sum + Math.abs(this.#counts[player]! - quota), 0);
  }

  #isGiven(i: number, player: number): boolean {
    for (let pick = 0; pick < this.#picks; pick++) {
      if (this.given[i * this.#picks + pick] === player) return true;
    }
    return false;
  }

  /** Gives each bucket to the players with the least products of score and factor. */
  #rank(): void {
    const counts = this.#counts.fill(0);
    if (this.#picks === 1) rankFirst(this.#scores, this.#factors, this.#buckets, this.given);
    else rankSeveral(this.#scores, this.#factors, this.#buckets, this.given, this.#picks);
    for (let at = 0; at < this.given.length; at++) counts[this.given[at]!]!++;
  }

  /**
   * The best change at each place of somebody who has too much, where its cost is below `most` times that of
   * who is there; those that change the order least first.
   */
  #changes(quotas: readonly number[], most: number): { at: number; player: number; cost: number }[] {
    const isOver = quotas.map((quota, player) => this.#counts[player]! > quota);
    const short = [...quotas.keys()].filter((player) => this.#counts[player]! < quotas[player]!);
    const changes: { at: number; player: number; cost: number }[] = [];
    for (let at = 0; at < this.given.length; at++) {
      const from = this.given[at]!;
      if (!isOver[from]) continue;
      const i = this.#picks === 1 ? at : Math.floor(at / this.#picks);
      const bucket = this.#buckets[i]!;
      const own = this.#scores[from]![bucket]! * this.#factors[from]!;
      let best = -1;
      let cost = most;
      for (const player of short) {
        const change = (this.#scores[player]![bucket]! * this.#factors[player]!) / own;
        if (change >= cost || this.#isGiven(i, player)) continue;
        best = player;
        cost = change;
      }
      if (best >= 0) changes.push({ at, player: best, cost });
    }
    return changes.sort((a, b) => a.cost - b.cost || a.at - b.at);
  }
}

/** Writes the player with the least product for each bucket: one player after the other, which is fastest. */
function rankFirst(
  scores: readonly Float32Array[],
  factors: readonly number[],
  buckets: Uint16Array,
  given: Uint16Array,
): void {
  const least = new Float64Array(buckets.length).fill(Infinity);
  for (const [player, score] of scores.entries()) {
    const factor = factors[player]!;
    for (let i = 0; i < least.length; i++) {
      const cost = score[buckets[i]!]! * factor;
      if (cost >= least[i]!) continue;
      least[i] = cost;
      given[i] = player;
    }
  }
}

/** Writes the `picks` players with the least products for each bucket, the best first. */
function rankSeveral(
  scores: readonly Float32Array[],
  factors: readonly number[],
  buckets: Uint16Array,
  given: Uint16Array,
  picks: number,
): void {
  const least = new Float64Array(picks);
  for (let i = 0; i < buckets.length; i++) {
    const bucket = buckets[i]!;
    const first = i * picks;
    least.fill(Infinity);
    for (let player = 0; player < scores.length; player++) {
      const cost = scores[player]![bucket]! * factors[player]!;
      let place = picks;
      for (; place > 0 && cost < least[place - 1]!; place--) {
        if (place === picks) continue;
        least[place] = least[place - 1]!;
        given[first + place] = given[first + place - 1]!;
      }
      if (place === picks) continue;
      least[place] = cost;
      given[first + place] = player;
    }
  }
}

/** Scores by name, those that were used last behind the others: a name has them for as long as it is used. */
const known = new Map<string, Float32Array>();

function scoresOf(name: string): Float32Array {
  let scores = known.get(name);
  known.delete(name);
  if (scores === undefined) {
    scores = new Float32Array(stickyBuckets);
    const seed = mix(hashOf(name));
    for (let bucket = 0; bucket < scores.length; bucket++) {
      scores[bucket] = minusLog(mix(seed ^ mix(bucket + 0x9e3779b9)));
    }
  }
  known.set(name, scores);
  if (known.size > scoresKept) known.delete(known.keys().next().value!);
  return scores;
}

/** FNV-1a of a name. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash;
}

/** The end of MurmurHash3: every bit of the result depends on every bit of the hash. */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** -ln(hash / 2^32) by additions, multiplications and a division, which are the same everywhere. */
function minusLog(hash: number): number {
  const number = Math.max(1, hash) >>> 0;
  const zeros = Math.clz32(number);
  const mantissa = ((number << zeros) >>> 0) / 2 ** 31;
  // ln m = 2 artanh((m - 1) / (m + 1)), and the quotient is at most 1/3.
  const quotient = (mantissa - 1) / (mantissa + 1);
  const square = quotient * quotient;
  let sum = 0;
  for (let power = 21; power > 0; power -= 2) sum = sum * square + 1 / power;
  return (zeros + 1) * Math.LN2 - 2 * quotient * sum;
}
