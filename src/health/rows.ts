// Rows of inconclusive results: when an endpoint that cannot be judged is announced, when again, and when it
// can be judged after all. Called by the monitors with every result.
import { inconclusiveRepeatMs, inconclusiveRowMax } from '../limits.ts';

/** Inconclusive results in a row. `since` is wall clock, the other two are monotonic. */
export type Row = { results: number; since: number; begunAt: number; announcedAt: number | undefined };

const emptyRow: Row = { results: 0, since: 0, begunAt: 0, announcedAt: undefined };

/** A row of none. */
export function newRow(): Row {
  return { ...emptyRow };
}

/** Counts a result; returns what is to be announced of the row, with its beginning. */
export function countRow(
  row: Row,
  isConclusive: boolean,
  intervalMs: number,
  { now, wall }: { readonly now: number; readonly wall: number },
):
  | { readonly kind: 'inconclusive' | 'conclusive'; readonly results: number; readonly since: number }
  | undefined {
  const { results, since, announcedAt } = row;
  if (isConclusive) {
    Object.assign(row, emptyRow);
    return announcedAt === undefined ? undefined : { kind: 'conclusive', results, since };
  }
  if (row.results++ === 0) {
    row.begunAt = now;
    row.since = wall;
  }
  const isLong = now - row.begunAt > inconclusiveRowMax * intervalMs;
  if (row.results < inconclusiveRowMax && !isLong) return undefined;
  if (announcedAt !== undefined && now - announcedAt < inconclusiveRepeatMs) return undefined;
  row.announcedAt = now;
  return { kind: 'inconclusive', results: row.results, since: row.since };
}
