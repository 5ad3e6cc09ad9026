// nearest: clients get the members of their place. Each place has an order of places, itself first: the first
// of them with something up serves it, by weight; where none of them has, and for clients in no place without
// an order, everything that is up does. Which place a client is in, the data plane finds by its address
// (balance/places.ts makes the table).
import { remarkMembersMax } from '../../limits.ts';
import { countOf, draw, servingOf } from '../draw.ts';
import type { AnswerSet } from '../pool.ts';
import { givenShares } from '../sets.ts';
import type { Candidate, PlaceOrder, Policy } from './policy.ts';

export const nearest: Policy = {
  what: "the members of the client's place, by their weights",
  keys: ['place'],
  autoIsExact: true,
  choose(candidates, settings) {
    const everybody = servingOf(candidates);
    const wanted = new Array<number>(candidates.length).fill(0);
    if (everybody.length === 0) return { sets: [], wanted, notes: candidates.map(() => ''), remarks: [] };
    const drawn = new Map<string, Drawn>();
    const sets: AnswerSet[] = [];
    const servedBy = settings.places.map((order) => servedOf(candidates, order, everybody));
    const places = servedBy.map(({ place, serving }) => {
      const key = serving.join();
      let one = drawn.get(key);
      if (one === undefined) {
        const made = draw(candidates, serving, settings.answers, settings.spread);
        one = { first: sets.length, count: made.sets.length, wanted: made.wanted };
        drawn.set(key, one);
        sets.push(...made.sets);
      }
      return { place, first: one.first, count: one.count };
    });
    const remarks = servedBy.map((served, i) => {
      const { first, count } = places[i]!;
      return remarkOn(served, candidates, sets.slice(first, first + count));
    });
    return {
      sets,
      pick: { by: 'place', places },
      wanted: drawn.get(servedBy.at(-1)!.serving.join())!.wanted,
      notes: notesOf(candidates, servedBy),
      remarks,
      alarms: remarks.filter((_, i) => isLost(servedBy[i]!, candidates)),
    };
  },
};

type Drawn = { readonly first: number; readonly count: number; readonly wanted: readonly number[] };

/** A place, and who serves it. */
type Served = PlaceOrder & {
  readonly serving: readonly number[];
  /** The place whose members these are; undefined: all of them serve. */
  readonly by: string | undefined;
};

function servedOf(candidates: readonly Candidate[], order: PlaceOrder, everybody: readonly number[]): Served {
  for (const by of order.order) {
    const members = membersIn(candidates, by);
    const serving = servingOf(members.map((index) => candidates[index]!)).map((index) => members[index]!);
    if (serving.length > 0) return { ...order, serving, by };
  }
  return { ...order, serving: everybody, by: undefined };
}

/** Whether a place has members and none of them serves it. */
function isLost({ place, order, by }: Served, candidates: readonly Candidate[]): boolean {
  return by !== place && order.includes(place) && membersIn(candidates, place).length > 0;
}

function membersIn(candidates: readonly Candidate[], place: string): number[] {
  return [...candidates.keys()].filter((index) => candidates[index]!.located === place);
}

/** Whom each candidate that is up serves. */
function notesOf(candidates: readonly Candidate[], served: readonly Served[]): string[] {
  return candidates.map(({ weight }, index) => {
    const places = served.filter(({ serving }) => serving.includes(index));
    const standby = weight > 0 ? '' : places.length > 0 ? 'standby in use, ' : 'standby, not needed';
    if (places.length === served.length) return `${standby}serves everybody`;
    if (places.length > 0) return `${standby}serves ${places.map(({ place }) => nameOf(place)).join(', ')}`;
    return standby || 'serves only where everybody must';
  });
}

/** `eu: web1 75 %, web2 25 % (2 of 3 up)`, or who else serves it, and why. */
function remarkOn(
  { place, order, serving, by }: Served,
  candidates: readonly Candidate[],
  sets: readonly AnswerSet[],
): string {
  const head = `${nameOf(place)}: `;
  if (by === place) {
    const shares = givenShares(sets, candidates.length);
    const parts = serving.map((index) => `${candidates[index]!.member} ${percentText(shares[index]!)}`);
    const more = parts.splice(remarkMembersMax).length;
    if (more > 0) parts.push(`and ${more} more`);
    return `${head}${parts.join(', ')} (${countOf(candidates, membersIn(candidates, place), serving).text})`;
  }
  const who = by === undefined ? 'everything that is up' : by;
  const passed = by === undefined ? order : order.slice(0, order.indexOf(by));
  if (passed.length === 0) return `${head}served by ${who}`;
  const isEmpty = passed.every((name) => membersIn(candidates, name).length === 0);
  const names = passed.map(nameOf).join(', ');
  return `${head}served by ${who}: ${isEmpty ? `no member is in ${names}` : `nothing of ${names} is up`}`;
}

function nameOf(place: string): string {
  return place === '' ? 'elsewhere' : place;
}

function percentText(part: number): string {
  return `${Number((part * 100).toFixed(1))} %`;
}
