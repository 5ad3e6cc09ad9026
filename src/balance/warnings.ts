// What a pool's settings come to by arithmetic, where that is hardly what was meant: a time for which clients
// keep an address against the time in which its end is found out, weights against the addresses of a
// response. Pure; the warnings refuse nothing. Called by members.ts for each pool.
import { type Fault, type Place, warningAt } from '../faults.ts';
import { type Endpoint, slowestDetectionMs } from '../health/check.ts';
import { cachedToDetectionMax, shareErrorWarned, ttlQuietMax } from '../limits.ts';
import { policyNamed } from './policies/index.ts';
import { choosePool, type FamilyChoice, type Pool } from './pool.ts';

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
  const slowestMs = slowestDetectionMs(endpoints.map(({ check }) => check));
  if (slowestMs === undefined) return undefined;
  const detection = slowestMs / 1000;
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

/**
 * Shares that the number of addresses in a response does not allow, when everything is up: of each tier, as
 * if it were in use, and of each place.
 */
function shareWarnings(pool: Pool, place: Place): Fault[] {
  const isExact = policyNamed(pool.policy)!.autoIsExact;
  if (pool.answers === 'auto' && isExact) return []; // chosen so that they come out
  const hint = isExact
    ? 'answers: auto is the most with which they do'
    : `policy: ${pool.policy} gives everybody the same; with policy: weighted they do`;
  const said = new Map<string, string>();
  for (const { part, where } of partsOf(pool)) {
    for (const choice of choosePool(part, () => ({ verdict: 'up', settled: true }))) {
      const wrong = wrongShares(choice);
      // Places with the same members are told of once.
      if (wrong !== undefined && !said.has(wrong)) said.set(wrong, where);
    }
  }
  return [...said].map(([wrong, where]) => warningAt(place, `${where}${wrong}`, hint));
}

/** The pool as one tier of it answers, and as one place is answered. */
function partsOf(pool: Pool): { readonly part: Pool; readonly where: string }[] {
  const tiers = [...new Set(pool.members.map(({ tier }) => tier))].sort((a, b) => a - b);
  // Everywhere else is the last one.
  const places = [...pool.places.slice(-1), ...pool.places.slice(0, -1)];
  return tiers.flatMap((tier, i) =>
    places.map(({ place, order }) => {
      const members = pool.members.filter((member) => member.tier === tier);
      const part = { ...pool, members, minUp: 1, trickle: 0, places: [{ place: '', order }] };
      const ofTier = i === 0 ? '' : `in tier ${tier} `;
      return { part, where: place === '' ? ofTier : `${ofTier}in place ${place} ` };
    }),
  );
}

/** Who gets what in place of what, where a share is off by more than is passed over. */
function wrongShares({ answers, standings }: FamilyChoice): string | undefined {
  const wrong = standings.filter(({ share, wanted }) => Math.abs(share - wanted) > shareErrorWarned);
  if (wrong.length === 0) return undefined;
  const named = wrong.slice(0, 4).map(({ member, share, wanted }) => {
    return `${member} gets ${printPart(share)} and not ${printPart(wanted)}`;
  });
  const more = wrong.length > named.length ? `, and ${wrong.length - named.length} more` : '';
  return `with ${answers} addresses per response the weights do not come out: ${named.join(', ')}${more}`;
}

function printPart(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
