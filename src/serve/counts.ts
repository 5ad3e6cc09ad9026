// Rows of counters of all threads, summed: a thread writes its own row only, and whoever asks adds them up.
import { counterNames } from '../answer/counters.ts';
import { TALLY, tallyRcodes } from '../answer/tally.ts';
import type { Rcodes } from './channel.ts';

type Row = { readonly counters: Float64Array };

/** The counters that have names. */
export function sumCounters(threads: readonly Row[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [cell, name] of counterNames.entries()) {
    sums[name] = threads.reduce((sum, { counters }) => sum + counters[cell]!, 0);
  }
  return sums;
}

/** Responses by the names of tallyRcodes, over whatever transport, of whatever type. */
export function sumRcodes(threads: readonly Row[]): Rcodes {
  const sums = new Float64Array(tallyRcodes.length);
  for (const { counters } of threads) {
    for (let cell = TALLY.codes; cell < TALLY.sizes; cell++) {
      sums[(cell - TALLY.codes) % sums.length]! += counters[cell]!;
    }
  }
  return { kind: 'rcodes', counts: sums };
}

/** The row behind them (answer/tally.ts), as far as zones have cells; its first cells are 0. */
export function sumTallies(threads: readonly Row[], zones: number): Float64Array {
  const sums = new Float64Array(TALLY.zones + 1 + zones);
  for (const { counters } of threads) {
    for (let cell = TALLY.codes; cell < sums.length; cell++) sums[cell]! += counters[cell]!;
  }
  return sums;
}
