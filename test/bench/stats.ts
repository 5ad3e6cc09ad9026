// The statistics of the bench: medians, because a noisy machine makes long tails, and ratios paired within a
// round, because what slows one server down in a round slows down its neighbours too. No I/O; called by
// report.ts.

const resamples = 10_000;
const seed = 0x5eed;

/** The median and the bounds of its 95 % interval. */
export type Estimate = { readonly median: number; readonly low: number; readonly high: number };

/** The middle value, or the mean of the two middle ones; NaN for no values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value that `share` (0 to 1) of the values do not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** The median with its percentile bootstrap interval; the same values always give the same one. */
export function estimate(values: readonly number[]): Estimate {
  const random = makeRandom(seed);
  const medians = Array.from({ length: resamples }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)]!)),
  );
  return { median: median(values), low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}

/** Divides round by round; a round that one of the two lacks is left out. */
export function pairedRatios(
  numerators: readonly (number | undefined)[],
  denominators: readonly (number | undefined)[],
): number[] {
  const ratios: number[] = [];
  numerators.forEach((numerator, round) => {
    const denominator = denominators[round];
    if (numerator !== undefined && denominator !== undefined && denominator > 0) {
      ratios.push(numerator / denominator);
    }
  });
  return ratios;
}

/** mulberry32, numbers in [0, 1): seeded, so that a report can be repeated from its raw rounds. */
function makeRandom(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
