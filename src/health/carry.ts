// What a new endpoint begins with: the verdict of one that it takes the place of, as where an operator has
// changed the interval or the path of a check. Pure.
import { type Endpoint, endpointPlace, endpointTarget } from './check.ts';
import type { Watched } from './state.ts';

/** `isSame`: it was asked the same thing, so what it said holds; else the first result decides. */
export type Predecessor = { readonly watched: Watched; readonly isSame: boolean };

/**
 * Finds whom an endpoint takes the place of: among all one that is asked the same thing, else among those
 * that leave one that is asked something else at the same port, if it is the only one; with several it may be
 * another service.
 */
export function predecessors(
  all: readonly Watched[],
  leaving: readonly Watched[],
): (endpoint: Endpoint) => Predecessor | undefined {
  const byTarget = new Map(all.map((watched) => [targetOf(watched.endpoint), watched]));
  const byPlace = new Map<string, Watched | undefined>();
  for (const watched of leaving) {
    const place = placeOf(watched.endpoint);
    byPlace.set(place, byPlace.has(place) ? undefined : watched);
  }
  return (endpoint) => {
    const same = byTarget.get(targetOf(endpoint));
    if (same !== undefined) return { watched: same, isSame: true };
    const watched = byPlace.get(placeOf(endpoint));
    return watched && { watched, isSame: false };
  };
}

function targetOf({ check, address }: Endpoint): string {
  return endpointTarget(check, address);
}

function placeOf({ check, address }: Endpoint): string {
  return endpointPlace(check, address);
}
