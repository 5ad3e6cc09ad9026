// The one sentence that matters most at this moment: the first thing an operator sees of the lab. One row per
// kind of news, the urgent ones first; pure.
import { handText } from '../../balance/hand.ts';
import type { MemberStatus, PoolStatus } from '../../control/status.ts';
import type { Style } from '../command.ts';
import { type LabState, measuredName, measuredPool } from './state.ts';

export type Headline = { readonly style: Style; readonly text: string };

type Finder = (state: LabState) => Headline | undefined;

/** Unanswered queries are news for this long. */
const freshMs = 10_000;

/** What to say first. */
export function headlineOf(state: LabState): Headline {
  for (const find of finders) {
    const found = find(state);
    if (found !== undefined) return found;
  }
  return allWell(state);
}

/** What else needs somebody, beside the web servers themselves: a refused reload, dropped datagrams, … */
export function otherTrouble({ status }: LabState): string | undefined {
  const pools = status?.zones.flatMap((zone) => zone.pools) ?? [];
  const known = pools.flatMap(({ owner, members }) => [owner, ...members.map(({ address }) => address)]);
  const others = (status?.attention ?? []).filter(({ what }) => !known.some((word) => what.includes(word)));
  if (others.length === 0) return undefined;
  return others[0]!.what + (others.length > 1 ? ` (and ${others.length - 1} more: see status)` : '');
}

const finders: readonly Finder[] = [
  starting,
  unanswered,
  silent,
  noPool,
  allDown,
  someDown,
  inDoubt,
  unnoticed,
  byHand,
];

function starting({ status }: LabState): Headline | undefined {
  if (status === undefined) return { style: 'yellow', text: 'The daemon is starting.' };
  if (status.server?.answering === true) return undefined;
  return { style: 'yellow', text: 'The daemon probes every web server once before its first answer.' };
}

function unanswered({ now, load }: LabState): Headline | undefined {
  const { unansweredAt } = load;
  if (unansweredAt === undefined || now - unansweredAt > freshMs) return undefined;
  const ago = Math.round((now - unansweredAt) / 1000);
  return { style: 'red', text: `Queries go UNANSWERED: ${load.unanswered} so far, the latest ${ago} s ago.` };
}

function silent({ isStatusFresh, load }: LabState): Headline | undefined {
  if (isStatusFresh) return undefined;
  return {
    style: 'red',
    text: `Control is silent; DNS goes on without it: ${load.perSecond} queries/s are answered.`,
  };
}

function noPool({ status }: LabState): Headline | undefined {
  if (measuredPool(status) !== undefined) return undefined;
  return { style: 'yellow', text: `${measuredName.slice(0, -1)} A is not balanced any more: see the zone.` };
}

function allDown({ status }: LabState): Headline | undefined {
  const { members, mode, whenAllDown } = measuredPool(status) as PoolStatus;
  if (members.some(({ verdict }) => verdict !== 'down')) return undefined;
  const answer = { sets: 'they are given all the same', nodata: 'NODATA', servfail: 'SERVFAIL' };
  const rule = typeof whenAllDown === 'string' ? whenAllDown : `[${whenAllDown.join(', ')}]`;
  return { style: 'red', text: `Every web server is DOWN: ${answer[mode]} (when-all-down: ${rule}).` };
}

function someDown({ status }: LabState): Headline | undefined {
  const { members } = measuredPool(status) as PoolStatus;
  const down = members.filter(({ verdict }) => verdict === 'down');
  if (down.length === 0) return undefined;
  const returning = down.find(({ last }) => last?.outcome === 'ok');
  if (down.length === 1 && returning !== undefined) {
    return { style: 'yellow', text: `${returning.name} answers again; it returns when that is confirmed.` };
  }
  const others = members.filter(({ eligible }) => eligible).length;
  const share = `${others === 1 ? 'the other one takes' : `the other ${others} share`} the queries.`;
  const names = list(down.map(({ name }) => name));
  const text =
    down.length > 1 ? `${names} are DOWN; ${share}` : `${names} is DOWN (${reasonOf(down[0]!)}); ${share}`;
  return { style: 'red', text };
}

function inDoubt({ status }: LabState): Headline | undefined {
  const { members } = measuredPool(status) as PoolStatus;
  const doubtful = members.find(({ settled, last }) => !settled && last?.outcome === 'fail');
  if (doubtful === undefined) return undefined;
  const text = `${doubtful.name} is in doubt (${reasonOf(doubtful)}); it is probed again to make sure.`;
  return { style: 'yellow', text };
}

function unnoticed({ toys }: LabState): Headline | undefined {
  const odd = toys.find(({ behaviour }) => behaviour !== 'up');
  if (odd === undefined) return undefined;
  return { style: 'yellow', text: `${odd.name} is ${odd.behaviour}; its next probe will show it.` };
}

function byHand({ status }: LabState): Headline | undefined {
  const { members } = measuredPool(status) as PoolStatus;
  for (const { name, hands } of members) {
    const hand = hands.find(({ isInForce }) => isInForce);
    if (hand !== undefined) return { style: 'yellow', text: `${name}: ${handText(hand)}.` };
  }
  return undefined;
}

function allWell({ status, load }: LabState): Headline {
  const { length } = measuredPool(status)?.members ?? [];
  const lost = load.unanswered > 0 ? `; ${load.unanswered} queries went unanswered earlier` : '';
  return { style: 'green', text: `All ${length} web servers are up and every query is answered${lost}.` };
}

function reasonOf({ last }: MemberStatus): string {
  return last?.reason ?? 'not probed yet';
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
