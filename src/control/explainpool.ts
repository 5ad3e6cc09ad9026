// What explain says of a pool beside its standing: the sets that are given, those that one client may get,
// and what would be given if some members were otherwise than they are. Everything comes of the functions
// that publication uses, so what is foretold is what then happens. Called by explain.ts.
import { findPlace, PLACE_PART } from '../answer/places.ts';
import type { Settings } from '../answer/settings.ts';
import { setsFor } from '../balance/clients.ts';
import type { HandOf } from '../balance/hand.ts';
import { type AnswerSet, choosePool, type FamilyChoice, type Health, type Pool } from '../balance/pool.ts';
import { weightMax } from '../limits.ts';
import { parseAddressText } from '../wire/literals.ts';
import { type Reply, refusal } from './admin.ts';
import type { Slot } from './publish.ts';
import { select, type Target } from './selectors.ts';

export type ExplainedSet = {
  readonly share: number;
  readonly addresses: readonly string[];
  /** The clients whose set it is where their place decides; '' is everywhere else. */
  readonly place?: string;
};

/** What one client may get. */
export type ExplainedClient = {
  readonly address: string;
  /** Why these sets, and whose address counts. */
  readonly reason: string;
  readonly sets: readonly ExplainedSet[];
};

/** What would be given. */
export type Supposed = {
  readonly of: readonly string[];
  readonly mode: FamilyChoice['mode'];
  /** Seconds. */
  readonly ttl: number;
  readonly sets: readonly ExplainedSet[];
  readonly members: readonly {
    readonly name: string;
    readonly address: string;
    /** Share of this family's traffic, as it is and as it would be. */
    readonly before: number;
    readonly after: number;
    readonly why: string;
  }[];
  readonly remarks: readonly string[];
};

/** What explain needs to know of this moment. */
export type Around = {
  readonly healthOf: (endpoint: string) => Health;
  readonly handOf: HandOf;
  readonly now: number;
  readonly settings: Settings | undefined;
};

/** What is asked beside the name: who asks, and what is to be supposed. */
export type Asked = {
  readonly from: { readonly text: string; readonly octets: Uint8Array } | undefined;
  readonly suppositions: readonly Supposition[];
};

export type Supposition = {
  readonly text: string;
  readonly selector: string;
  readonly state: 'up' | 'down' | 'drain' | number;
};

/** Reads `from=IP` and `if=web2=down,web3=drain`, or says what is wrong with them. */
export function parseAsked(parameters: URLSearchParams): Asked | Reply {
  const text = parameters.get('from');
  const octets = text === null ? undefined : parseAddressText(text);
  if (text !== null && octets === undefined) {
    return refusal(400, `"${text}" is no IPv4 or IPv6 address`, 'explain NAME TYPE --from 192.0.2.1');
  }
  const suppositions: Supposition[] = [];
  for (const one of parameters.getAll('if').flatMap((list) => list.split(','))) {
    const [, selector, word] = /^(.+)=(up|down|drain|\d{1,7})$/.exec(one) ?? [];
    const isWeight = word !== undefined && /^\d/.test(word);
    if (selector === undefined || (isWeight && Number(word) > weightMax)) {
      const hint = 'such as web2=down, web3=drain, label=rack1=down or web1=5 for a weight';
      return refusal(400, `"${one}" cannot be supposed`, hint);
    }
    const state = isWeight ? Number(word) : (word as 'up' | 'down' | 'drain');
    suppositions.push({ text: one, selector, state });
  }
  const from = octets === undefined ? undefined : { text: text!, octets };
  return { from, suppositions };
}

/** The sets of a choice; where clients' places decide, those of each place. */
export function explainedSets(choice: FamilyChoice): ExplainedSet[] {
  const { pick } = choice;
  if (pick.by !== 'place') return choice.sets.map((set) => explained(choice, set));
  return pick.places.flatMap(({ place }) =>
    setsFor(choice, { address: anybody, place }).sets.map((set) => ({ ...explained(choice, set), place })),
  );
}

/** An address, for a choice that does not look at it. */
const anybody = new Uint8Array(4);

function explained({ addresses }: FamilyChoice, { share, members }: AnswerSet): ExplainedSet {
  return { share, addresses: members.map((member) => addresses[member]!.text) };
}

/** The sets that one client may get, and why. */
export function explainClient(
  choice: FamilyChoice,
  { text, octets }: NonNullable<Asked['from']>,
  settings: Settings | undefined,
): ExplainedClient {
  const { sets, reason } = setsFor(choice, { address: octets, place: placeOf(octets, settings) });
  const whose =
    settings?.clientSubnet === true
      ? "the client's own address where its resolver sends it"
      : 'the address of the resolver (client-subnet: off)';
  return {
    address: text,
    reason: choice.pick.by === 'turn' ? reason : `${reason}; what counts is ${whose}`,
    sets: sets.map((set) => explained(choice, set)),
  };
}

function placeOf(octets: Uint8Array, settings: Settings | undefined): string {
  const places = settings?.places;
  if (places === undefined) return '';
  const words = new Uint32Array(places.table.slice().buffer);
  const number = findPlace(words, octets, 0, octets.length) & PLACE_PART.number;
  return number === 0 ? '' : places.names[number - 1]!;
}

/** What would be given of a slot's pool; a Reply says what is wrong with the suppositions. */
export function explainSupposed(
  { pool, choice }: Slot,
  suppositions: readonly Supposition[],
  around: Around,
): Supposed | Reply {
  const states = new Map<string, Supposition['state']>();
  for (const { selector, state } of suppositions) {
    const selected = select([pool], [selector]);
    if ('error' in selected) return refusal(400, selected.error, selected.hint);
    for (const target of selected.targets) {
      for (const address of addressesOf(pool, target)) states.set(`${target.member} ${address}`, state);
    }
  }
  const after = choosePool(pool, supposedHealth(pool, states, around), {
    handOf: supposedHands(states, around),
    now: around.now,
  }).find(({ family }) => family === choice.family)!;
  return {
    of: suppositions.map(({ text }) => text),
    mode: after.mode,
    ttl: after.ttl,
    sets: explainedSets(after),
    members: after.standings.map(({ member, address, share, why }, i) => {
      return { name: member, address, before: choice.standings[i]!.share, after: share, why };
    }),
    remarks: after.remarks,
  };
}

function addressesOf(pool: Pool, { member, address }: Target): string[] {
  if (address !== undefined) return [address];
  return pool.members.find(({ name }) => name === member)!.addresses.map(({ text }) => text);
}

/** What health/ would say: a server that is killed is down and not settled. */
function supposedHealth(pool: Pool, states: ReadonlyMap<string, unknown>, { healthOf }: Around) {
  const supposed = new Map<string, Health>();
  for (const { name, addresses } of pool.members) {
    for (const { text, endpoint } of addresses) {
      const state = states.get(`${name} ${text}`);
      if (endpoint === undefined) continue;
      if (state === 'down') supposed.set(endpoint, { verdict: 'down', settled: false });
      if (state === 'up') supposed.set(endpoint, { verdict: 'up', settled: true });
    }
  }
  return (endpoint: string) => supposed.get(endpoint) ?? healthOf(endpoint);
}

function supposedHands(states: ReadonlyMap<string, Supposition['state']>, { handOf }: Around): HandOf {
  return (owner, member, address) => {
    const state = states.get(`${member} ${address}`);
    if (state === 'up') return [];
    const own = { reason: '', by: 'supposition' };
    if (state === 'drain') return [{ ...own, state }];
    if (typeof state === 'number') return [...handOf(owner, member, address), { ...own, weight: state }];
    return handOf(owner, member, address);
  };
}
