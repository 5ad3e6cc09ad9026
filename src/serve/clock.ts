// The time that a query is answered at, read once per batch: microseconds of one monotonic clock for all
// threads, because they share the table of the rate limit, and wall seconds for cookies.
import type { Query } from '../wire/query.ts';

/** performance.now() counts from the start of its thread; this much is added to have the system's clock. */
const originMicros = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000;

/** Writes the time of this moment into the query. */
export function stampTime(query: Query): void {
  query.nowMicros = (originMicros + performance.now() * 1000) >>> 0;
  query.nowSeconds = Math.floor(Date.now() / 1000);
}
