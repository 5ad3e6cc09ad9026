// Compares what was given with what was wanted. Pure.
//
// Each answer set holds some members; a response with k addresses gives each of them 1/k. The mean of n
// such numbers lies further from what it should be than an interval says with a chance of at most 2 exp(-n
// D(mean | should)), D the divergence of Kullback and Leibler (Chernoff's bound). It holds for any n, needs
// no normal distribution, and holds when the chances change between parts of a run, for their mean. All
// rows have their intervals together: with m of them each end may miss with a chance of 0.001 / 2m.
//
// A server that draws evenly, as ours does, lies closer than that. It is not counted on: other clients'
// queries stand between ours, each thread has a row of its own, and some responses are lost.

/** A server that is right passes in this part of all runs, at least. */
export const confidence = 0.999;

/** Addresses and the part of all responses that have them. */
export type WantedSet = { readonly share: number; readonly addresses: readonly string[] };

/** What responses under one choice of sets gave. */
export type Segment = {
  readonly sets: readonly WantedSet[];
  /** Responses that carried an address. */
  readonly responses: number;
  /** By address: how many responses carried it, and how much it was given. */
  readonly given: ReadonlyMap<string, Given>;
};

export type Given = { count: number; sum: number; leastSize: number };

export type Row = {
  readonly member: string;
  readonly address: string;
  /** Shares, 0 to 1. */
  readonly wanted: number;
  readonly given: number;
  readonly low: number;
  readonly high: number;
  readonly verdict: 'ok' | 'too little' | 'too much' | 'not a member';
};

/** Judges every member, and every address that is none. */
export function judge(
  members: readonly { readonly name: string; readonly address: string }[],
  segments: readonly Segment[],
): Row[] {
  const names = new Map(members.map(({ name, address }) => [address, name]));
  const strangers = segments.flatMap(({ given }) => [...given.keys()]).filter((one) => !names.has(one));
  const addresses = [...names.keys(), ...new Set(strangers)];
  const whole = segments.reduce((sum, { responses }) => sum + responses, 0);
  const bound = Math.log((2 * addresses.length) / (1 - confidence)) / Math.max(1, whole);
  return addresses.map((address) => {
    let [wanted, sum, leastSize] = [0, 0, Number.POSITIVE_INFINITY];
    for (const { sets, responses, given } of segments) {
      for (const set of sets) {
        if (responses === 0 || !set.addresses.includes(address)) continue;
        wanted += (set.share * responses) / whole / set.addresses.length;
        leastSize = Math.min(leastSize, set.addresses.length);
      }
      const own = given.get(address);
      sum += own?.sum ?? 0;
      leastSize = Math.min(leastSize, own?.leastSize ?? leastSize);
    }
    const share = whole === 0 ? 0 : sum / whole;
    const size = leastSize === Number.POSITIVE_INFINITY ? 1 : leastSize;
    const { low, high } = interval(share * size, bound);
    const row = { address, wanted, given: share, low: low / size, high: high / size };
    const member = names.get(address);
    const verdict = member === undefined ? 'not a member' : verdictOf(row);
    return { member: member ?? '', ...row, verdict };
  });
}

/** Shares are sums of quotients: what differs by less than this is the same. */
const rounding = 1e-9;

function verdictOf({ wanted, low, high }: Pick<Row, 'wanted' | 'low' | 'high'>): Row['verdict'] {
  if (wanted > high + rounding) return 'too little';
  return wanted < low - rounding ? 'too much' : 'ok';
}

/** The chances under which this mean is no surprise: those whose divergence from it is at most `bound`. */
export function interval(mean: number, bound: number): { readonly low: number; readonly high: number } {
  const clipped = Math.min(1, Math.max(0, mean));
  const end = (outside: number) => {
    let [inside, beyond] = [clipped, outside];
    for (let i = 0; i < 60; i++) {
      const middle = (inside + beyond) / 2;
      if (divergence(clipped, middle) <= bound) inside = middle;
      else beyond = middle;
    }
    return inside;
  };
  return { low: clipped === 0 ? 0 : end(0), high: clipped === 1 ? 1 : end(1) };
}

function divergence(mean: number, chance: number): number {
  const part = (of: number, by: number) => (of === 0 ? 0 : of * Math.log(of / by));
  return part(mean, chance) + part(1 - mean, 1 - chance);
}
