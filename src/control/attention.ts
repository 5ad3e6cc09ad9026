// What in a status needs somebody: one row per kind of trouble, the urgent ones first. Pure; the text is for
// people.
import { handText } from '../balance/hand.ts';
import { printFault } from '../faults.ts';
import { silenceText } from '../health/doubts.ts';
import { handAgedMs, suspicionChainMs } from '../limits.ts';
import { ownerText } from './selectors.ts';
import type { HandStatus, MemberStatus, PoolStatus, Status } from './status.ts';

export type Attention = {
  readonly severity: 'error' | 'warning';
  readonly what: string;
  /** Wall clock in milliseconds since when it is so, where that is known. */
  readonly since: number | undefined;
  /** Lines below it: the faults of a refused reload. */
  readonly details: readonly string[];
};

/** Pools that are named where all have the same trouble. */
const poolsNamedMax = 3;

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
  silentProber,
  deadPools,
  membersDown,
  lastMembers,
  standIns,
  overruled,
  drainedGiven,
  refusedReload,
  leftOutZones,
  silentServer,
  deadWorkers,
  deadCanaries,
  notKept,
  unjudged,
  memberWarnings,
  oldHands,
  inertHands,
  kernelDrops,
  missingAddresses,
  slowEngine,
  lostLines,
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

/** The state that the operator's hand has put a member into, now. */
function stateByHand({ hands }: MemberStatus): HandStatus | undefined {
  return hands.find(({ isInForce, state }) => isInForce && state !== undefined);
}

/** Down by its check, or by hand, and not put up by hand. */
function isDown(member: MemberStatus): boolean {
  const state = stateByHand(member)?.state;
  return state === 'down' || (member.verdict === 'down' && state !== 'up');
}

function silentProber({ control: { silence } }: Omit<Status, 'attention'>): Attention[] {
  return silence === undefined ? [] : [error(silenceText(silence), silence.since)];
}

/** One that is gone for long is missed only when the others are, too. */
function deadCanaries({ now, control: { canaries } }: Omit<Status, 'attention'>): Attention[] {
  return canaries
    .filter(({ outcome, since }) => outcome === 'fail' && now - since >= suspicionChainMs)
    .map(({ what, reason, since }) => warning(`the canary ${what} does not answer: ${reason}`, since));
}

function deadPools(status: Omit<Status, 'attention'>): Attention[] {
  return poolsOf(status)
    .map((pool) => ({ ...pool, isDead: pool.members.every(isDown) }))
    .filter(({ isDead, mode, members }) => {
      const givesTheDead = members.some((member) => isDown(member) && member.eligible);
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

/** Places and tiers that others stand in for. */
function standIns(status: Omit<Status, 'attention'>): Attention[] {
  return poolsOf(status).flatMap(({ owner, type, alarms = [], members }) =>
    members.every(isDown) ? [] : alarms.map((alarm) => warning(`${owner} ${type}: ${alarm}`)),
  );
}

function membersDown(status: Omit<Status, 'attention'>): Attention[] {
  return membersOf(status)
    .filter((member) => member.verdict === 'down' && stateByHand(member) === undefined)
    .map((member) =>
      error(
        `${memberText(member)} is down: ${member.last?.reason ?? 'since before the start'}`,
        member.since,
      ),
    );
}

/** Pools of several members of which one alone takes clients: the next fault is an outage. */
function lastMembers(status: Omit<Status, 'attention'>): Attention[] {
  const poolsLeft = new Map<string, string[]>();
  for (const { owner, type, members } of poolsOf(status)) {
    const names = new Set(members.map(({ name }) => name));
    const willing = members.filter((member) => {
      const state = stateByHand(member)?.state;
      return !isDown(member) && state !== 'drain' && (state === 'up' || member.part > 0);
    });
    const left = [...new Set(willing.map(({ name }) => name))];
    if (names.size === 1 || left.length !== 1) continue;
    poolsLeft.set(left[0]!, [...(poolsLeft.get(left[0]!) ?? []), `${owner} ${type}`]);
  }
  return [...poolsLeft].map(([name, pools]) => {
    const more = pools.length > poolsNamedMax ? ` and ${pools.length - poolsNamedMax} more` : '';
    return warning(`only ${name} is left: ${pools.slice(0, poolsNamedMax).join(', ')}${more}`);
  });
}

function overruled(status: Omit<Status, 'attention'>): Attention[] {
  return membersOf(status)
    .filter((member) => member.verdict === 'down' && stateByHand(member)?.state === 'up')
    .map((member) => {
      const reason = member.last?.reason ?? 'since before the start';
      const text = `${memberText(member)} is ${handText(stateByHand(member)!)}; really it is down: ${reason}`;
      return warning(text, member.since);
    });
}

function drainedGiven(status: Omit<Status, 'attention'>): Attention[] {
  return poolsOf(status).flatMap(({ owner, type, members }) => {
    const drained = members.filter((member) => {
      const isOwnWord = member.part === 0 && stateByHand(member) === undefined;
      return member.eligible && (isOwnWord || stateByHand(member)?.state === 'drain');
    });
    const names = [...new Set(drained.map(({ name }) => name))].join(', ');
    return drained.length === 0
      ? []
      : [warning(`${owner} ${type}: ${names}: drained, but given for want of anything else`)];
  });
}

function memberWarnings(status: Omit<Status, 'attention'>): Attention[] {
  return membersOf(status).flatMap((member) => {
    return member.warning === undefined ? [] : [warning(`${memberText(member)}: ${member.warning}`)];
  });
}

/** Hands in force that nobody will lift: one line for all that were laid by one command. */
function oldHands({ hands, now }: Omit<Status, 'attention'>): Attention[] {
  const old = hands.filter(({ hand, at, isInForce, isInert }) => {
    return isInForce && !isInert && hand.until === undefined && now - (hand.from ?? at) > handAgedMs;
  });
  const commands = new Map<string, typeof old>();
  for (const row of old) {
    const key = `${row.at} ${handText(row.hand)}`;
    commands.set(key, [...(commands.get(key) ?? []), row]);
  }
  return [...commands.values()].map((rows) => {
    const { hand, at, member, address, owner } = rows[0]!;
    const more = rows.length > 1 ? ` and ${rows.length - 1} more` : '';
    const who = `${address ?? member}@${ownerText(owner)}${more}`;
    return warning(`${who}: ${handText(hand)}, without an end`, hand.from ?? at);
  });
}

function inertHands({ hands }: Omit<Status, 'attention'>): Attention[] {
  return hands
    .filter(({ isInert }) => isInert)
    .map(({ owner, member, address, hand }) => {
      const who = `${address ?? member}@${ownerText(owner)}`;
      return warning(`there is no ${who} any more: "${handText(hand)}" does nothing (release ${who})`);
    });
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

function lostLines({ control, server }: Omit<Status, 'attention'>): Attention[] {
  const lost = control.logLinesLost + (server?.logLinesLost ?? 0);
  return lost > 0 ? [warning(`${lost} lines of the log were lost: nobody read it in time`)] : [];
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
