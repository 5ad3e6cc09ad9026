// What is going on, as one value: GET /status gives it as JSON, `steerdns status` prints it. Everything is
// read from what is in service: the choices that were published, the verdicts of this moment, the server's
// own facts.
import type { Family, Pool, Standing } from '../balance/pool.ts';
import type { Fault } from '../faults.ts';
import type { EndpointState, Monitors } from '../health/monitor.ts';
import type { Facts } from '../serve/channel.ts';
import { version } from '../version.ts';
import { type Attention, attentionOf } from './attention.ts';
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
  readonly weight: number;
  readonly tier: number;
  readonly group: string | undefined;
  readonly eligible: boolean;
  readonly why: string;
  /** Share of this family's traffic that it is given now, 0 to 1. */
  readonly share: number;
  /** The part that the weights ask for, of what is given now. */
  readonly wanted: number;
  /** Share of this family's responses that it was given since control started; undefined before the first. */
  readonly given: number | undefined;
};

export type PoolStatus = {
  readonly owner: string;
  readonly type: 'A' | 'AAAA';
  readonly policy: string;
  readonly mode: 'sets' | 'nodata' | 'servfail';
  /** Addresses per response, and what was asked for. */
  readonly answers: number;
  readonly answersAsked: 'auto' | number;
  /** Seconds, and whether it is the short one of a pool that is not settled. */
  readonly ttl: number;
  readonly isSettled: boolean;
  /** Responses since control started. */
  readonly responses: number;
  readonly whenAllDown: Pool['whenAllDown'];
  readonly members: readonly MemberStatus[];
  /** What the policy says of the pool, such as which tier is in use and why the one before it is not. */
  readonly remarks: readonly string[];
};

export type ZoneStatus = {
  readonly origin: string;
  readonly serial: number;
  readonly records: number;
  readonly names: number;
  readonly id: string;
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
  readonly keeping: { readonly what: string; readonly since: number } | undefined;
  /** Things of the start that are not as the operator wished. */
  readonly warnings: readonly string[];
};

export type ServerStatus = Omit<Facts, 'kind' | 'ticket' | 'sets'> & {
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
};

/** Puts the status together. */
export function statusOf(
  control: ControlFacts,
  start: { readonly serverPid: number; readonly startedAt: number },
  facts: Facts | undefined,
  { publisher, monitors, shares }: { publisher: Publisher; monitors: Monitors; shares: Shares },
  now: number,
): Status {
  const given = shares.given(facts?.sets ?? []);
  const zones = publisher.zones().map((zone) => zoneStatus(zone, publisher, monitors, given));
  let server: ServerStatus | undefined;
  if (facts !== undefined) {
    const { kind: _, ticket: __, sets: ___, ...rest } = facts;
    server = { pid: start.serverPid, startedAt: start.startedAt, ...rest };
  }
  const status = { version, now, attention: [], control, server, zones };
  return { ...status, attention: attentionOf(status) };
}

function zoneStatus(zone: LoadedZone, publisher: Publisher, monitors: Monitors, given: Given): ZoneStatus {
  const { origin, serial, records, names, id } = zone;
  const slots = publisher.served(origin)?.slots ?? [];
  const pools = slots.map((slot) => poolStatus(slot, monitors, given));
  return { origin, serial, records, names, id, pools };
}

/** How one family of a pool is, with what it was given. */
export function poolStatus({ pool, owner, choice }: Slot, monitors: Monitors, given: Given): PoolStatus {
  const { family, mode, answers, ttl, standings, remarks } = choice;
  const row = given.get(poolKey(owner, family));
  const responses = [...(row?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  const members = standings.map((standing) => {
    const count = row?.get(standing.address) ?? 0;
    return memberStatus(pool, standing, monitors, responses === 0 ? undefined : count / responses);
  });
  return {
    owner,
    type: familyText(family),
    policy: pool.policy,
    mode,
    answers,
    answersAsked: pool.answers,
    ttl,
    isSettled: members.every((member) => member.settled && member.verdict !== 'down'),
    responses: Math.round(responses),
    whenAllDown: pool.whenAllDown,
    members,
    remarks,
  };
}

function memberStatus(
  pool: Pool,
  { member: name, address, eligible, why, share, wanted }: Standing,
  monitors: Monitors,
  given: number | undefined,
): MemberStatus {
  const member = pool.members.find((candidate) => candidate.name === name);
  const endpoint = member?.addresses.find(({ text }) => text === address)?.endpoint;
  const state = endpoint === undefined ? undefined : monitors.state(endpoint);
  return {
    name,
    address,
    verdict: endpoint === undefined ? 'unchecked' : (state?.verdict ?? 'unknown'),
    settled: endpoint === undefined || state?.settled === true,
    since: state?.since,
    last: state?.last,
    weight: member?.weight ?? 0,
    tier: member?.tier ?? 1,
    group: member?.group,
    eligible,
    why,
    share,
    wanted,
    given,
  };
}

/** A family as the type of its records. */
function familyText(family: Family): 'A' | 'AAAA' {
  return family === 1 ? 'A' : 'AAAA';
}
