// Work on many things with a bound on how many at a time: probes, queries to servers, files.

/**
 * Runs work on each of some items, so many at a time, and gives what came of them in their order. Once one
 * has failed no more are begun; rejects with the first error when all have ended.
 */
export async function eachOf<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      results[i] = await work(items[i]!).catch((error: unknown) => {
        next = items.length;
        throw error;
      });
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return results;
}
