// What a pool's settings come to by arithmetic, where that is hardly what was meant: a time for which clients
// keep an address against the time in which its end is found out, weights against the addresses of a
// response. Pure; the warnings refuse nothing. Called by members.ts for each pool.
import { type Fault, type Place, warningAt } from '../faults.ts';
import { detectionMaxMs, type Endpoint } from '../health/check.ts';
import { cachedToDetectionMax, shareErrorWarned, ttlQuietMax } from '../limits.ts';
import { choosePool, type Pool } from './pool.ts';

/** Warns of a pool that has no error; `placeOf` gives where a key of it stands, or the pool's own place. */
export function arithmeticWarnings(
  pool: Pool,
  endpoints: readonly Endpoint[],
  placeOf: (key: string) => Place,
): Fault[] {
  return [...ttlWarnings(pool, endpoints, placeOf('ttl')), ...shareWarnings(pool, placeOf('answers'))];
}

/** How long clients keep an address against how long its end goes unnoticed, in seconds. */
export type Kept = {
  readonly ttl: number;
  readonly detection: number;
  /** The longest TTL that nobody is warned of. */
  readonly advice: number;
};

/** What a pool's TTL and checks come to; undefined where nothing is checked. */
export function keptOf({ ttl }: Pool, endpoints: readonly Endpoint[]): Kept | undefined {
  if (endpoints.length === 0) return undefined;
  const detection = Math.max(...endpoints.map(({ check }) => detectionMaxMs(check) / 1000));
  const advice = Math.max(ttlQuietMax, Math.ceil(cachedToDetectionMax * detection));
  return { ttl: ttl.stable ?? Math.max(...Object.values(ttl.rrset)), detection, advice };
}

/** A TTL that is long against detection makes all probing in vain for those who have the answer. */
function ttlWarnings(pool: Pool, endpoints: readonly Endpoint[], place: Place): Fault[] {
  const kept = keptOf(pool, endpoints);
  if (kept === undefined || kept.ttl <= kept.advice) return [];
  const { ttl, detection, advice } = kept;
  const found = `a server that falls silent is found out after ${Math.ceil(detection)} s at most`;
  const what = `the TTL of ${pool.owner} is ${ttl} s, while ${found}`;
  const hint = `clients keep a dead address for ${ttl} s; at most ${advice} s: ttl: { stable: 30s }`;
  return [warningAt(place, what, hint)];
}

/** Shares that the number of addresses in a response does not allow, when everything is up. */
function shareWarnings(pool: Pool, place: Place): Fault[] {
  if (pool.answers === 'auto') return []; // chosen so that they come out
  return choosePool(pool, () => ({ verdict: 'up', settled: true })).flatMap(
    ({ answers, standings, pick }) => {
      if (pick.by !== 'turn') return [];
      const wrong = standings.filter(({ share, wanted }) => Math.abs(share - wanted) > shareErrorWarned);
      if (wrong.length === 0) return [];
      const named = wrong.slice(0, 4).map(({ member, share, wanted }) => {
        return `${member} gets ${printPart(share)} and not ${printPart(wanted)}`;
      });
      const more = wrong.length > named.length ? `, and ${wrong.length - named.length} more` : '';
      const head = `with ${answers} addresses per response the weights do not come out`;
      const what = `${head}: ${named.join(', ')}${more}`;
      return [warningAt(place, what, 'answers: auto is the most with which they do')];
    },
  );
}

function printPart(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
