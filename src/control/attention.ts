// What in a status needs somebody: one row per kind of trouble, the urgent ones first. Pure; the text is for
// people.
import { printFault } from '../faults.ts';
import type { MemberStatus, PoolStatus, Status } from './status.ts';

export type Attention = {
  readonly severity: 'error' | 'warning';
  readonly what: string;
  /** Wall clock in milliseconds since when it is so, where that is known. */
  readonly since: number | undefined;
  /** Lines below it: the faults of a refused reload. */
  readonly details: readonly string[];
};

type Finder = (status: Omit<Status, 'attention'>) => readonly Attention[];

/** Everything that needs somebody. */
export function attentionOf(status: Omit<Status, 'attention'>): Attention[] {
  const found = finders.flatMap((find) => find(status));
  return [
    ...found.filter((one) => one.severity === 'error'),
    ...found.filter((one) => one.severity === 'warning'),
  ];
}

const finders: readonly Finder[] = [
  deadPools,
  membersDown,
  refusedReload,
  leftOutZones,
  silentServer,
  deadWorkers,
  notKept,
  unjudged,
  kernelDrops,
  missingAddresses,
  slowEngine,
  controlDied,
  warnings,
];

function error(what: string, since?: number, details: readonly string[] = []): Attention {
  return { severity: 'error', what, since, details };
}

function warning(what: string, since?: number, details: readonly string[] = []): Attention {
  return { severity: 'warning', what, since, details };
}

function poolsOf({ zones }: Omit<Status, 'attention'>): PoolStatus[] {
  return zones.flatMap(({ pools }) => pools);
}

/**
 * Members by address and verdict, each once however many pools it is in, with its name where a pool gives
 * one.
 */
function membersOf(status: Omit<Status, 'attention'>): MemberStatus[] {
  const once = new Map<string, MemberStatus>();
  for (const member of poolsOf(status).flatMap((pool) => pool.members)) {
    const key = `${member.address} ${member.since}`;
    const known = once.get(key);
    if (known === undefined || known.name === known.address) once.set(key, member);
  }
  return [...once.values()];
}

/** `web1 (192.0.2.10)`, or the address alone where it has no name. */
function memberText({ name, address }: { readonly name: string; readonly address: string }): string {
  return name === address ? address : `${name} (${address})`;
}

function deadPools(status: Omit<Status, 'attention'>): Attention[] {
  return poolsOf(status)
    .map((pool) => ({ ...pool, isDead: pool.members.every(({ verdict }) => verdict === 'down') }))
    .filter(({ isDead, mode, members }) => {
      const givesTheDead = members.some(({ verdict, eligible }) => verdict === 'down' && eligible);
      return isDead || mode !== 'sets' || givesTheDead;
    })
    .map(({ owner, type, mode, whenAllDown, isDead }) => {
      const who = isDead ? 'every member is' : 'too many members are';
      const rule = typeof whenAllDown === 'string' ? whenAllDown : `[${whenAllDown.join(', ')}]`;
      const answer = {
        sets: `given all the same (when-all-down: ${rule})`,
        nodata: 'answered NODATA',
        servfail: 'answered SERVFAIL',
      };
      return error(`${owner} ${type}: ${who} down; ${answer[mode]}`);
    });
}

function membersDown(status: Omit<Status, 'attention'>): Attention[] {
  return membersOf(status)
    .filter(({ verdict }) => verdict === 'down')
    .map((member) =>
      error(
        `${memberText(member)} is down: ${member.last?.reason ?? 'since before the start'}`,
        member.since,
      ),
    );
}

function refusedReload({ control: { refused } }: Omit<Status, 'attention'>): Attention[] {
  if (refused === undefined) return [];
  const { faults, failure, at } = refused;
  const errors = faults.filter(({ severity }) => severity === 'error');
  const why = failure ?? `${errors.length} ${errors.length === 1 ? 'fault' : 'faults'}`;
  return [error(`the last load was refused: ${why}`, at, errors.map(printFault))];
}

function leftOutZones({ control: { leftOut } }: Omit<Status, 'attention'>): Attention[] {
  return leftOut.map((origin) => error(`zone ${origin} is not served: its files have faults`));
}

function silentServer({ server }: Omit<Status, 'attention'>): Attention[] {
  if (server === undefined) return [error('the server process does not say how it is')];
  return server.answering ? [] : [warning('queries are not answered yet')];
}

function deadWorkers({ server }: Omit<Status, 'attention'>): Attention[] {
  return (server?.workers ?? [])
    .filter(({ alive, restarts }) => !alive || restarts > 0)
    .map(({ name, alive, restarts }) => {
      const times = `${restarts} ${restarts === 1 ? 'time' : 'times'}`;
      return alive
        ? warning(`${name} was replaced ${times}`)
        : error(`${name} is not running (replaced ${times})`);
    });
}

function notKept({ control: { keeping } }: Omit<Status, 'attention'>): Attention[] {
  return keeping === undefined
    ? []
    : [error(`nothing is kept for a restart: ${keeping.what}`, keeping.since)];
}

function unjudged(status: Omit<Status, 'attention'>): Attention[] {
  return membersOf(status)
    .filter(({ last }) => last?.outcome === 'inconclusive')
    .map((member) =>
      warning(`${memberText(member)} cannot be judged: ${member.last!.reason}`, member.last!.at),
    );
}

function kernelDrops({ server }: Omit<Status, 'attention'>): Attention[] {
  const drops = server?.kernelDrops ?? 0;
  return drops > 0 ? [warning(`the kernel dropped ${drops} datagrams: the workers do not keep up`)] : [];
}

function missingAddresses({ server }: Omit<Status, 'attention'>): Attention[] {
  return (server?.listenMissing ?? []).map((where) => warning(`no interface has the address of ${where}`));
}

function slowEngine({ server }: Omit<Status, 'attention'>): Attention[] {
  return server?.engine === 'dgram'
    ? [warning(`the slow engine (node:dgram) is used: ${server.engineReason}`)]
    : [];
}

function controlDied({ control, server }: Omit<Status, 'attention'>): Attention[] {
  const found: Attention[] = [];
  const restarts = server?.controlRestarts ?? 0;
  if (restarts > 0) {
    const times = restarts === 1 ? 'once' : `${restarts} times`;
    found.push(warning(`the control process died ${times}; this one runs`, control.startedAt));
  }
  if (control.source === 'accepted' && !(control.refused !== undefined)) {
    found.push(
      warning('in service is the copy of what was accepted; steerdns reload takes the files as they are'),
    );
  }
  return found;
}

function warnings({ control }: Omit<Status, 'attention'>): Attention[] {
  return control.warnings.map((what) => warning(what));
}
