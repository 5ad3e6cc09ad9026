// What is going on, as one value: GET /status gives it as JSON, `steerdns status` prints it. Everything is
// read from what is in service: the choices that were published, the verdicts of this moment, the server's
// own facts.
import { type Hand, isInForce, takesOut } from '../balance/hand.ts';
import { familyText, type Pool } from '../balance/pool.ts';
import type { Fault } from '../faults.ts';
import type { CanaryState } from '../health/canaries.ts';
import type { NotedSilence } from '../health/doubts.ts';
import type { Monitors } from '../health/monitor.ts';
import type { EndpointState } from '../health/state.ts';
import type { Facts } from '../serve/channel.ts';
import { version } from '../version.ts';
import { type Attention, attentionOf } from './attention.ts';
import type { Caches } from './caches.ts';
import { type HandRow, type Hands, inertRows } from './hands.ts';
import type { LoadedZone } from './load.ts';
import type { Publisher, Slot } from './publish.ts';
import { type Given, poolKey, type Shares } from './shares.ts';

export type MemberStatus = {
  readonly name: string;
  readonly address: string;
  /** `unchecked` where no check says anything. */
  readonly verdict: 'up' | 'degraded' | 'down' | 'unknown' | 'unchecked';
  readonly settled: boolean;
  /** Wall clock in milliseconds; undefined where unchecked. */
  readonly since: number | undefined;
  readonly last: EndpointState['last'];
  /** Results that may soon turn the verdict over: so many of what is enough. */
  readonly doubt: { readonly of: 'failures' | 'successes'; count: number; enough: number } | undefined;
  /** What needs somebody though it may be up. */
  readonly warning: string | undefined;
  /** Wall clock before which it does not come back, because it flaps. */
  readonly heldUntil: number | undefined;
  /** It would be down if the prober were not suspected. */
  readonly isDoubted: boolean;
  /** It came back not long ago, and its part grows. */
  readonly isStartingSlowly: boolean;
  /** As configured. */
  readonly weight: number;
  /** Part of its weight that it gets by its health, 0 to 1. */
  readonly part: number;
  /** The operator's hands on it, in force and planned. */
  readonly hands: readonly HandStatus[];
  /** TTL of the answers that hold it, where it is counted down. */
  readonly countedTtl: number | undefined;
  /**
   * When the last cached answer with it has run out, where a hand or its own word took it out or made it a
   * standby.
   */
  readonly goneAt: number | undefined;
  readonly tier: number;
  readonly group: string | undefined;
  readonly labels: readonly string[];
  readonly eligible: boolean;
  readonly why: string;
  /** Share of this family's traffic that it is given now, 0 to 1. */
  readonly share: number;
  /** The part that the weights ask for, of what is given now. */
  readonly wanted: number;
  /** Share of the pool's `responsesNow` that it was given; undefined before the first. */
  readonly given: number | undefined;
  /** Responses that gave it since control started, in parts of those with several addresses. */
  readonly responses: number;
};

export type HandStatus = Hand & { readonly isInForce: boolean };

export type PoolStatus = {
  readonly owner: string;
  readonly type: 'A' | 'CNAME' | 'AAAA';
  readonly policy: string;
  readonly mode: 'sets' | 'nodata' | 'servfail';
  /** Addresses per response, and what was asked for. */
  readonly answers: number;
  readonly answersAsked: 'auto' | number;
  /** Seconds, and whether it is the short one of a pool that is not settled. */
  readonly ttl: number;
  readonly isSettled: boolean;
  /** Responses since control started, and those of them since the shares are what they are. */
  readonly responses: number;
  readonly responsesNow: number;
  readonly whenAllDown: Pool['whenAllDown'];
  readonly members: readonly MemberStatus[];
  /** What the policy says of the pool, such as which tier is in use and why the one before it is not. */
  readonly remarks: readonly string[];
  /** Those of the remarks that need somebody. */
  readonly alarms?: readonly string[];
};

export type ZoneStatus = {
  readonly origin: string;
  readonly serial: number;
  readonly records: number;
  readonly names: number;
  readonly id: string;
  /** The zone file, in the folder of the operator or in the copy of what was accepted. */
  readonly file: string;
  /** With which generation it went into service as it is, as far as this control process knows, and when. */
  readonly generation: number;
  readonly since: number | undefined;
  readonly pools: readonly PoolStatus[];
};

export type Refusal = {
  readonly at: number;
  readonly faults: readonly Fault[];
  readonly failure: string | undefined;
};

/** What control itself knows, beside zones and verdicts. */
export type ControlFacts = {
  readonly pid: number;
  readonly startedAt: number;
  readonly configDir: string;
  readonly stateDir: string;
  readonly controlPath: string;
  /** Where the data in service came from: the operator's folder or the copy of what was accepted before. */
  readonly source: 'config' | 'accepted';
  /** This process replaced one that had died. */
  readonly recovered: boolean;
  readonly loadedAt: number | undefined;
  /** Zones left out at the start because of faults. */
  readonly leftOut: readonly string[];
  /** The last reload or start, where it was refused. */
  readonly refused: Refusal | undefined;
  /** Nobody answers the prober, and so many verdicts are withheld. */
  readonly silence: NotedSilence | undefined;
  readonly canaries: readonly CanaryState[];
  readonly keeping: { readonly what: string; readonly since: number } | undefined;
  /** Lines of control's log that nobody read in time. */
  readonly logLinesLost: number;
  /** Things of the start that are not as the operator wished. */
  readonly warnings: readonly string[];
};

export type ServerStatus = Omit<Facts, 'kind' | 'ticket' | 'sets' | 'tallies' | 'countedZones'> & {
  readonly pid: number;
  readonly startedAt: number;
};

export type Status = {
  readonly version: string;
  /** Wall clock in milliseconds at which this was true. */
  readonly now: number;
  /** Most urgent first; empty: nothing needs anybody. */
  readonly attention: readonly Attention[];
  readonly control: ControlFacts;
  /** Undefined where the server process did not answer in time. */
  readonly server: ServerStatus | undefined;
  readonly zones: readonly ZoneStatus[];
  /** Every hand of the operator; an inert one is on a member that there is not. */
  readonly hands: readonly (HandRow & { readonly isInForce: boolean; readonly isInert: boolean })[];
};

/** What a status is read from. */
export type StatusSources = {
  readonly publisher: Publisher;
  readonly monitors: Monitors;
  readonly shares: Shares;
  readonly hands: Hands;
  readonly caches: Caches;
};

/** What a pool's status is read from, beside what is in service. */
type PoolSources = {
  readonly monitors: Pick<Monitors, 'state'>;
  readonly given: Given;
  /** Where hands are to be shown. */
  readonly held?: Pick<StatusSources, 'hands' | 'caches'> & { readonly now: number };
};

/** Puts the status together. */
export function statusOf(
  control: ControlFacts,
  start: { readonly serverPid: number; readonly startedAt: number },
  facts: Facts | undefined,
  { publisher, monitors, shares, hands, caches }: StatusSources,
  now: number,
): Status {
  const given = shares.given(facts?.sets ?? []);
  const sources = { monitors, given, held: { hands, caches, now } };
  const zones = publisher.zones().map((zone) => zoneStatus(zone, publisher, sources));
  let server: ServerStatus | undefined;
  if (facts !== undefined) {
    const { kind: _, ticket: __, sets: ___, tallies: ____, countedZones: _____, ...rest } = facts;
    server = { pid: start.serverPid, startedAt: start.startedAt, ...rest };
  }
  const inert = new Set(
    inertRows(
      hands.rows,
      publisher.zones().flatMap(({ pools }) => pools),
    ),
  );
  const rows = hands.rows.map((row) => {
    return { ...row, isInForce: isInForce(row.hand, now), isInert: inert.has(row) };
  });
  const status = { version, now, attention: [], control, server, zones, hands: rows };
  return { ...status, attention: attentionOf(status) };
}

function zoneStatus(zone: LoadedZone, publisher: Publisher, sources: PoolSources): ZoneStatus {
  const { origin, serial, records, names, id, sources: files } = zone;
  const taken = publisher.taken(origin);
  const slots = publisher.served(origin)?.slots ?? [];
  const pools = slots.map((slot) => poolStatus(slot, sources));
  const service = { file: files[0] ?? '', generation: taken?.generation ?? 0, since: taken?.at };
  return { origin, serial, records, names, id, ...service, pools };
}

/** How one family of a pool is, with what it was given. */
export function poolStatus(slot: Slot, sources: PoolSources): PoolStatus {
  const { pool, owner, choice } = slot;
  const { family, mode, answers, ttl, standings, remarks, alarms = [] } = choice;
  const [all, now] = [sources.given.all, sources.given.now].map((counts) =>
    counts.get(poolKey(owner, family)),
  );
  const sumOf = (row: typeof all) => [...(row?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  const responsesNow = sumOf(now);
  const members = standings.map(({ address }, index) => {
    const given = responsesNow === 0 ? undefined : (now?.get(address) ?? 0) / responsesNow;
    return memberStatus(slot, index, sources, { given, responses: all?.get(address) ?? 0 });
  });
  return {
    owner,
    type: familyText(family),
    policy: pool.policy,
    mode,
    answers,
    answersAsked: pool.answers,
    ttl,
    isSettled: ttl === (pool.ttl.stable ?? pool.ttl.rrset[family]),
    responses: Math.round(sumOf(all)),
    responsesNow: Math.round(responsesNow),
    whenAllDown: pool.whenAllDown,
    members,
    remarks,
    alarms,
  };
}

function memberStatus(
  slot: Slot,
  index: number,
  { monitors, held }: PoolSources,
  counted: Pick<MemberStatus, 'given' | 'responses'>,
): MemberStatus {
  const { pool, owner, choice } = slot;
  const { member: name, address, eligible, why, share, wanted, countedTtl } = choice.standings[index]!;
  const member = pool.members.find((candidate) => candidate.name === name);
  const { endpoint } = choice.addresses[index]!;
  const state = endpoint === undefined ? undefined : monitors.state(endpoint);
  const part = state?.part ?? 1;
  const hands = (held?.hands.handOf(owner, name, address) ?? []).map((hand) => {
    return { ...hand, isInForce: isInForce(hand, held!.now) };
  });
  const inForce = hands.filter((hand) => hand.isInForce);
  const isUpByHand = inForce.some((hand) => hand.state === 'up');
  const isTakenOut = (part === 0 && !isUpByHand) || inForce.some((hand) => takesOut(hand) !== undefined);
  return {
    name,
    address,
    verdict: endpoint === undefined ? 'unchecked' : (state?.verdict ?? 'unknown'),
    settled: endpoint === undefined || state?.settled === true,
    since: state?.since,
    last: state?.last,
    doubt: doubtOf(state),
    warning: state?.warning,
    heldUntil: state?.heldUntil,
    isDoubted: state?.isDoubted === true,
    isStartingSlowly: state?.changesAt !== undefined && state.verdict === 'up' && part < 1,
    weight: member?.weight ?? 0,
    part,
    hands,
    countedTtl,
    goneAt: isTakenOut ? held?.caches.goneAt(slot, address) : undefined,
    tier: member?.tier ?? 1,
    group: member?.group,
    labels: member?.labels ?? [],
    eligible,
    why,
    share,
    wanted,
    ...counted,
  };
}

function doubtOf(state: EndpointState | undefined): MemberStatus['doubt'] {
  if (state === undefined || state.verdict === 'unknown') return undefined;
  const { verdict, failures, successes, check } = state;
  const of = verdict === 'down' ? 'successes' : 'failures';
  const count = verdict === 'down' ? successes : failures;
  return count === 0 ? undefined : { of, count, enough: verdict === 'down' ? check.rise : check.fall };
}
