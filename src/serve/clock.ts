// The time that a query is answered at, where the batch engine does not read it (Batch.stampTime): wall time
// in microseconds for the rate limit, which takes a clock that was set for an idle moment, and in seconds for
// cookies.
import type { Query } from '../wire/query.ts';

/** Writes the time of this moment into the query. */
export function stampTime(query: Query): void {
  const now = Date.now();
  query.nowMicros = (now * 1000) >>> 0;
  query.nowSeconds = Math.floor(now / 1000);
}
