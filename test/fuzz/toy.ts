// A target with planted bugs: behind six conditions one after the other a throw, elsewhere time that grows
// with the square of the input, and memory that is kept. fuzz.test.ts shows that the search finds them.
import { octetsOf, type Target } from './target.ts';

/** What a toy has planted in it. */
export type Bug = 'throw' | 'slow' | 'leak';

/** The toy with one of its bugs. */
export function toyTarget(bug: Bug): Target {
  const kept: Uint8Array[] = [];
  return {
    name: `toy that has a ${bug}`,
    sizeMax: 1024,
    seeds: [octetsOf('any text at all')],
    words: [],
    guide: /\/test\/fuzz\/toy\.ts$/,
    run: (input) => {
      const startedAt = performance.now();
      if (bug === 'throw') throwDeepInside(input);
      if (bug === 'slow') countPairs(input);
      if (bug === 'leak') kept.push(new Uint8Array(100));
      return performance.now() - startedAt;
    },
    timeMaxMs: () => 1,
  };
}

function throwDeepInside(octets: Uint8Array): void {
  if (octets[0] !== 0x73) return;
  if (octets[1] !== 0xc0) return;
  if (octets[2] !== 0x91) return;
  if (octets[3] !== 0x1d) return;
  if (octets[4] !== 0xe5) return;
  if (octets[5] !== 0x2a) return;
  throw new Error('the planted bug');
}

/** How many octets stand twice, the slow way. */
function countPairs(octets: Uint8Array): number {
  let pairs = 0;
  for (const one of octets) for (const other of octets) if (one === other) pairs++;
  return pairs;
}
