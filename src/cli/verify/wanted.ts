// Which shares a name should have: as the daemon serves them now (GET /explain), or as the files of a folder
// say, with the verdicts of the daemon where one can be asked. Either way what is wanted is what a policy
// made of members and health, by the functions that publication uses.

import { choosePool, type Family, familyText, type Health, type Pool } from '../../balance/pool.ts';
import type { Explanation } from '../../control/explain.ts';
import { type ExplainedPool, explainClient, explainedSets, readClient } from '../../control/explainpool.ts';
import { type Loaded, loadAll } from '../../control/load.ts';
import { settingsOf } from '../../control/settings.ts';
import type { MemberStatus, Status } from '../../control/status.ts';
import { suggest } from '../../near.ts';
import { absoluteText } from '../../wire/names.ts';
import { exchange } from '../client.ts';
import type { WantedSet } from './judge.ts';

/** What is said of one member beside its shares. */
export type WantedMember = {
  readonly name: string;
  readonly address: string;
  /** What the weights ask for, and what the answer sets come to, 0 to 1. */
  readonly weighed: number;
  readonly share: number;
  /** Why it is or is not given. */
  readonly why: string;
};

export type Wanted = {
  readonly owner: string;
  readonly type: 'A' | 'CNAME' | 'AAAA';
  readonly mode: 'sets' | 'nodata' | 'servfail';
  readonly drawnBy: ExplainedPool['drawnBy'];
  /** Of all responses, of those to the client that was asked about. */
  readonly sets: readonly WantedSet[];
  /** Whose sets they are, where they depend on the client. */
  readonly client: string | undefined;
  readonly members: readonly WantedMember[];
  /** Generation of the daemon under which this is so; undefined where none is watched. */
  readonly generation: number | undefined;
};

export type Fault = { readonly error: string; readonly hint: string };

/** Where wanted shares come from. */
export type Source = {
  /** In words, for the head of the table. */
  readonly what: string;
  /** What the operator should know beside the table. */
  readonly notes: readonly string[];
  /** What is wanted now, for the client with this address where answers depend on it. */
  readonly read: (from?: string) => Promise<Wanted | Fault>;
  /** The generation that every worker answers from; undefined where no daemon is watched. */
  readonly generation: () => Promise<number | undefined>;
};

type Daemon = { readonly socketPath: string; readonly status: Status };

/** A change of generation takes some milliseconds in every worker; one that takes longer hangs. */
const adoptWaitMs = 5000;
const adoptLookMs = 20;

/** Waits until all workers of a daemon answer from one generation, and gives it. */
async function adoptedGeneration(socketPath: string): Promise<number> {
  const deadline = performance.now() + adoptWaitMs;
  for (;;) {
    const { status, body } = await exchange(socketPath, 'GET', '/generation');
    const { generation, workers } = body as { generation?: number; workers?: readonly number[] };
    if (status === 200 && workers!.every((one) => one === generation)) return generation!;
    if (performance.now() > deadline) throw new Error('the workers do not come to one generation');
    await new Promise((resolve) => setTimeout(resolve, adoptLookMs));
  }
}

/** As the daemon serves it. */
export function servedSource({ socketPath }: Daemon, name: string, type: string): Source {
  const read = async (from?: string): Promise<Wanted | Fault> => {
    const query = new URLSearchParams({ name, type, ...(from === undefined ? {} : { from }) });
    for (;;) {
      const generation = await adoptedGeneration(socketPath);
      const { status, body } = await exchange(socketPath, 'GET', `/explain?${query}`);
      if (status !== 200) return body as Fault;
      if ((await adoptedGeneration(socketPath)) !== generation) continue;
      const [pool] = (body as Explanation).pools;
      if (pool === undefined) {
        const hint = 'steerdns pools lists the names that are';
        return { error: `${name} ${type} is not balanced here: there are no shares to compare`, hint };
      }
      return wantedOf(pool, generation);
    }
  };
  return {
    what: 'what the daemon publishes',
    notes: [],
    read,
    generation: () => adoptedGeneration(socketPath),
  };
}

/** What explain says of a pool, as far as it is looked at here. */
type Chosen = Pick<ExplainedPool, 'owner' | 'type' | 'mode' | 'drawnBy' | 'sets' | 'client'> & {
  readonly members: readonly Pick<
    ExplainedPool['members'][number],
    'name' | 'address' | 'wanted' | 'share' | 'why'
  >[];
};

function wantedOf(pool: Chosen, generation: number | undefined): Wanted {
  const { owner, type, mode, drawnBy, client } = pool;
  const members = pool.members.map(({ name, address, wanted: weighed, share, why }) => {
    return { name, address, weighed, share, why };
  });
  const sets = client?.sets ?? pool.sets;
  return { owner, type, mode, drawnBy, sets, client: client?.address, members, generation };
}

/** As the files in a folder say; a daemon's verdicts say who is up. */
export function filesSource(
  dir: string,
  daemon: Daemon | undefined,
  name: string,
  type: string,
): Source | Fault {
  const loaded = loadAll({ dir, tablesDir: undefined, known: [] });
  const owner = absoluteText(name);
  const pools = loaded.zones.flatMap((zone) => zone.pools);
  const pool = pools.find((one) => one.owner === owner);
  if (pool === undefined) {
    const [fault] = loaded.faults.filter(({ severity }) => severity === 'error');
    const hint =
      fault === undefined
        ? suggest(
            owner.slice(0, -1),
            pools.map((one) => one.owner.slice(0, -1)),
          )
        : `${dir} has faults: steerdns check`;
    return { error: `${name} is not balanced in ${dir}`, hint };
  }
  const family = familyOf(pool, type);
  if (family === undefined) return { error: `${name} has no balanced ${type} in ${dir}`, hint: '' };
  const read = async (from?: string): Promise<Wanted> => {
    if (daemon === undefined) return chosen(loaded, pool, family, [], from, undefined);
    for (;;) {
      const generation = await adoptedGeneration(daemon.socketPath);
      const { body } = await exchange(daemon.socketPath, 'GET', '/status');
      if ((await adoptedGeneration(daemon.socketPath)) !== generation) continue;
      return chosen(loaded, pool, family, membersOf(body as Status, owner), from, generation);
    }
  };
  const generation = async () => daemon && adoptedGeneration(daemon.socketPath);
  return { what: `what ${dir} says`, notes: notesOf(daemon, owner), read, generation };
}

function familyOf(pool: Pool, type: string): Family | undefined {
  const families = new Set(pool.members.flatMap(({ addresses }) => addresses.map(({ family }) => family)));
  return [...families].find((family) => familyText(family) === type || family === 5);
}

function membersOf({ zones }: Status, owner: string): MemberStatus[] {
  const pools = zones.flatMap((zone) => zone.pools).filter((pool) => pool.owner === owner);
  return pools.flatMap(({ members }) => members);
}

function notesOf(daemon: Daemon | undefined, owner: string): string[] {
  if (daemon === undefined) return ['no daemon says who is up: all members are taken as up'];
  const hands = membersOf(daemon.status, owner).filter((member) => member.hands.some((one) => one.isInForce));
  const names = [...new Set(hands.map(({ name }) => name))];
  const held = names.length === 0 ? [] : [`a hand is on ${names.join(', ')}, of which the files say nothing`];
  return ['who is up is what the daemon here says', ...held];
}

/** Chooses with the verdicts of these members, and without anybody's hand. */
function chosen(
  loaded: Loaded,
  pool: Pool,
  family: Family,
  known: readonly MemberStatus[],
  from: string | undefined,
  generation: number | undefined,
): Wanted {
  const health = new Map<string, Health>();
  for (const { text, endpoint } of pool.members.flatMap(({ addresses }) => addresses)) {
    const member = known.find(({ address }) => address === text);
    if (endpoint === undefined || member === undefined || member.verdict === 'unchecked') continue;
    const { verdict, settled, part } = member;
    health.set(endpoint, { verdict, settled, part });
  }
  const up = { verdict: 'up', settled: true } as const;
  const choices = choosePool(pool, (endpoint) => health.get(endpoint) ?? up);
  const choice = choices.find((one) => one.family === family)!;
  const asked = from === undefined ? undefined : readClient(from);
  const client = asked && explainClient(choice, asked, settingsOf(loaded));
  const { mode, standings, pick } = choice;
  const members = standings.map(({ member: name, ...standing }) => ({ name, ...standing }));
  const said = { owner: pool.owner, type: familyText(family), mode, drawnBy: pick.by, members };
  return wantedOf({ ...said, sets: explainedSets(choice), ...(client && { client }) }, generation);
}
