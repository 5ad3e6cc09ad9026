// What explain says of a pool beside its standing: the sets that are given, and those that one client may
// get, and what would be given if some members were otherwise than they are. Called by explain.ts.

import { findPlace, PLACE_PART } from '../answer/places.ts';
import type { Settings } from '../answer/settings.ts';
import { type ClientSets, setsFor } from '../balance/clients.ts';
import type { AnswerSet, FamilyChoice } from '../balance/pool.ts';
import { slowestDetectionMs } from '../health/check.ts';
import type { Monitors } from '../health/monitor.ts';
import { parseAddressText } from '../wire/literals.ts';
import { isMapped } from '../wire/networks.ts';
import { type Reply, refusal } from './admin.ts';
import type { Slot } from './publish.ts';
import { nothingGiven } from './shares.ts';
import { type PoolStatus, poolStatus } from './status.ts';
import { type Around, parseSuppositions, type Supposed, type Supposition } from './suppose.ts';

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
export type ExplainedSupposed = {
  readonly of: readonly string[];
  readonly mode: FamilyChoice['mode'];
  /** Seconds. */
  readonly ttl: number;
  readonly sets: readonly ExplainedSet[];
  readonly client?: ExplainedClient;
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

/** A pool with the sets that are given of it, and how one of them is picked for a response. */
export type ExplainedPool = PoolStatus & {
  readonly drawnBy: FamilyChoice['pick']['by'];
  readonly sets: readonly ExplainedSet[];
  /** A member that falls silent is no longer given after this; undefined: none is checked. */
  readonly foundOutMs?: number | undefined;
  /** Of the client that was asked about. */
  readonly client?: ExplainedClient;
  /** What was asked to be supposed, where it speaks of members of this pool. */
  readonly supposed?: ExplainedSupposed;
};

/** What explain needs to know of this moment. */
export type Surroundings = Around & {
  readonly monitors: Pick<Monitors, 'state'>;
  readonly settings: Settings | undefined;
};

/** What is asked beside the name: who asks, and what is to be supposed. */
export type Asked = {
  readonly from: { readonly text: string; readonly octets: Uint8Array } | undefined;
  readonly suppositions: readonly Supposition[];
};

/** Reads `from=IP` and `if=web2=down,web3=drain`, or says what is wrong with them. */
export function parseAsked(parameters: URLSearchParams): Asked | Reply {
  const text = parameters.get('from');
  const from = text === null ? undefined : readClient(text);
  if (text !== null && from === undefined) {
    return refusal(400, `"${text}" is no IPv4 or IPv6 address`, 'explain NAME TYPE --from 192.0.2.1');
  }
  const suppositions = parseSuppositions(parameters);
  if ('status' in suppositions) return suppositions;
  return { from, suppositions };
}

/** Reads the address of a client, as the data plane takes it: IPv4 in IPv6 clothes is IPv4. */
export function readClient(text: string): Asked['from'] {
  const octets = parseAddressText(text);
  if (octets === undefined) return undefined;
  return { text, octets: octets.length === 16 && isMapped(octets, 0) ? octets.slice(12) : octets };
}

/** Says everything of a pool; what is supposed of it has been found out. */
export function explainPool(
  slot: Slot,
  { from }: Asked,
  supposed: Supposed | undefined,
  { monitors, settings }: Surroundings,
): ExplainedPool {
  const { choice } = slot;
  const clientOf = (of: FamilyChoice) =>
    from === undefined ? {} : { client: explainClient(of, from, settings) };
  return {
    ...poolStatus(slot, { monitors, given: nothingGiven }),
    drawnBy: choice.pick.by,
    sets: explainedSets(choice),
    foundOutMs: foundOutMs(choice, monitors),
    ...clientOf(choice),
    ...(supposed === undefined
      ? {}
      : { supposed: { ...explainSupposed(choice, supposed), ...clientOf(supposed.choice) } }),
  };
}

/** How long a member that falls silent is given at most; undefined where none is checked. */
function foundOutMs({ addresses }: FamilyChoice, monitors: Surroundings['monitors']): number | undefined {
  const states = addresses.flatMap(({ endpoint = '' }) => monitors.state(endpoint) ?? []);
  return slowestDetectionMs(states.map(({ check }) => check));
}

function explainSupposed(
  before: FamilyChoice,
  { choice, of, unchecked }: Supposed,
): Omit<ExplainedSupposed, 'client'> {
  const unnoticed = unchecked.map((name) => `${name} has no check: nothing would notice that it is down`);
  return {
    of: of.map(({ text }) => text),
    mode: choice.mode,
    ttl: choice.ttl,
    sets: explainedSets(choice),
    members: choice.standings.map(({ member, address, share, why }, i) => {
      return { name: member, address, before: before.standings[i]!.share, after: share, why };
    }),
    remarks: [...choice.remarks, ...unnoticed],
  };
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
  from: NonNullable<Asked['from']>,
  settings: Settings | undefined,
): ExplainedClient {
  const { text } = from;
  const { sets, reason } = clientSets(choice, from, settings);
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

/** The sets that a client may get; where nobody is named, those for most. */
export function clientSets(
  choice: FamilyChoice,
  from: Asked['from'],
  settings: Settings | undefined,
): Pick<ClientSets, 'sets' | 'reason'> {
  if (from === undefined) {
    const { sets, pick } = choice;
    return pick.by === 'place' ? setsFor(choice, { address: anybody, place: '' }) : { sets, reason: '' };
  }
  return setsFor(choice, { address: from.octets, place: placeOf(from.octets, settings) });
}

function placeOf(octets: Uint8Array, settings: Settings | undefined): string {
  const places = settings?.places;
  if (places === undefined) return '';
  const words = new Uint32Array(places.table.slice().buffer);
  const number = findPlace(words, octets, 0, octets.length) & PLACE_PART.number;
  return number === 0 ? '' : places.names[number - 1]!;
}
