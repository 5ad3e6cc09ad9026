// The verbs of the operator's hand: which members are meant, what the answers would be, whether that may be,
// and only then the hand itself: published and written down before anybody is told that it is done. Behind
// `POST /hand`; one at a time.
import { type Hand, handText } from '../balance/hand.ts';
import { choosePool, type FamilyChoice, familyText, type Health, type Pool } from '../balance/pool.ts';
import { handsMax } from '../limits.ts';
import { type Reply, refusal } from './admin.ts';
import type { Caches } from './caches.ts';
import { firstEmptied } from './emptied.ts';
import { type Answered, answerText, type HandReport } from './handreport.ts';
import { type HandRequest, readHandRequest } from './handrequest.ts';
import { type HandRow, type Hands, handOfRows, inertRows, withHand, withoutHands } from './hands.ts';
import type { Publisher } from './publish.ts';
import { ownerText, type Selectable, select, type Target } from './selectors.ts';

export type HandSurroundings = {
  readonly hands: Hands;
  readonly publisher: Publisher;
  readonly caches: Caches;
  readonly healthOf: (
    endpoint: string,
  ) => Health & { readonly last?: { readonly reason: string } | undefined };
  /** Writes the hands down; gives the reason where that fails. */
  readonly keep: () => Promise<string | undefined>;
  readonly now: () => number;
  /** Says that hands were laid on, lifted or are over. */
  readonly note: (text: string) => void;
};

type Change = Pick<HandReport, 'hand' | 'lifted' | 'displaced'> & { readonly rows: readonly HandRow[] };

export class HandVerbs {
  readonly #around: HandSurroundings;
  #last: Promise<unknown> = Promise.resolve();

  constructor(around: HandSurroundings) {
    this.#around = around;
  }

  /** Does what the parameters of `POST /hand` say, or refuses. */
  run(parameters: URLSearchParams): Promise<Reply> {
    const turn = this.#last.then(() => this.#run(parameters));
    this.#last = turn.catch(() => {}); // whoever asked gets the error
    return turn;
  }

  /** Forgets the hands that are over, and says so. */
  expire(): void {
    for (const { owner, member, address, hand } of this.#around.hands.expire(this.#around.now())) {
      this.#around.note(`over: ${address ?? member}@${ownerText(owner)} ${handText(hand)}`);
    }
  }

  async #run(parameters: URLSearchParams): Promise<Reply> {
    const { hands, publisher, now: clock } = this.#around;
    if (publisher.generation === 0) return refusal(503, 'nothing is published yet', 'try again');
    const now = clock();
    this.expire();
    const request = readHandRequest(parameters, now);
    if ('error' in request) return refusal(400, request.error, request.hint);
    const pools = publisher.zones().flatMap((zone) => zone.pools);
    const isLifting = request.verb === 'undrain' || request.verb === 'release';
    const selected = select(isLifting ? withInert(pools, hands.rows) : pools, request.selectors);
    if ('error' in selected) return refusal(404, selected.error, selected.hint);
    const { targets } = selected;
    const change = changeOf(hands.rows, targets, request, now);
    if (isLifting && change.lifted.length === 0) {
      const what = request.verb === 'undrain' ? 'is drained' : 'has a hand on it';
      return refusal(409, `nothing that matches ${what}`, 'steerdns status shows the hands there are');
    }
    if (change.rows.length > handsMax) return refusal(409, `there are ${handsMax} hands already`);
    const touched = isLifting ? change.lifted : targets;
    const owners = new Set(touched.map(({ owner }) => owner));
    const concerned = pools.filter(({ owner }) => owners.has(owner));
    const left = request.force ? undefined : this.#leftEmpty(concerned, change.rows, now);
    if (left !== undefined) return refusal(409, left, 'with --force it is done all the same');
    return { status: 200, body: await this.#take(request, targets, concerned, change) };
  }

  /** Says which family of a pool would lose its last member that takes clients, and when. */
  #leftEmpty(pools: readonly Pool[], rows: readonly HandRow[], now: number): string | undefined {
    const { healthOf, hands } = this.#around;
    const emptied = firstEmptied(pools, hands.rows, rows, healthOf, now);
    if (emptied === undefined) return undefined;
    const { pool, family, at } = emptied;
    const moment = { handOf: handOfRows(rows), now: at };
    const choice = choosePool(pool, healthOf, moment).find((one) => one.family === family)!;
    const given = answerText(answered(pool, choice));
    const then = choice.mode === 'sets' ? `still given: ${given}` : given;
    const when = at === now ? '' : ` at ${new Date(at).toLocaleString('sv-SE')}`;
    return `${ownerText(pool.owner)} ${familyText(family)} would be left without a member${when} (${then})`;
  }

  /** Puts the hand into service, writes it down, and says what came of it. */
  async #take(
    request: HandRequest,
    targets: readonly Target[],
    pools: readonly Pool[],
    { rows, hand, lifted, displaced }: Change,
  ): Promise<HandReport> {
    const { hands, publisher, keep, healthOf, now } = this.#around;
    const { verb, from } = request;
    hands.set(rows);
    this.#around.note(announcement(request, targets));
    const owners = new Set(pools.map(({ owner }) => owner));
    const [notServed, notKept] = await Promise.all([publisher.handChanged(owners), keep()]);
    const at = from ?? now();
    const moment = { handOf: hands.handOf, now: at };
    const answers = pools.flatMap((pool) =>
      choosePool(pool, healthOf, moment).map((choice) => answered(pool, choice)),
    );
    const overruled = verb === 'up' ? this.#overruled(pools, targets) : [];
    const goneAt = hand !== undefined && from === undefined ? this.#goneAt(pools, targets) : undefined;
    return {
      verb,
      now: now(),
      matched: targets,
      hand,
      lifted,
      displaced,
      answers,
      overruled,
      goneAt,
      notServed,
      notKept,
    };
  }

  #overruled(pools: readonly Pool[], targets: readonly Target[]): HandReport['overruled'] {
    return addressesOf(pools, targets).flatMap(({ target, endpoint }) => {
      const health = endpoint === undefined ? undefined : this.#around.healthOf(endpoint);
      if (health?.verdict !== 'down') return [];
      return [{ target, reason: health.last?.reason ?? 'since before the start' }];
    });
  }

  #goneAt(pools: readonly Pool[], targets: readonly Target[]): number | undefined {
    const { publisher, caches } = this.#around;
    const owners = new Set(pools.map(({ owner }) => owner));
    const slots = publisher
      .zones()
      .flatMap(({ origin }) => publisher.served(origin)?.slots ?? [])
      .filter(({ owner }) => owners.has(owner));
    let last = 0;
    for (const { target, text, family } of addressesOf(pools, targets)) {
      const slot = slots.find(({ owner, choice }) => owner === target.owner && choice.family === family);
      const gone = slot === undefined ? 0 : caches.goneAt(slot, text);
      if (gone === undefined) return undefined;
      last = Math.max(last, gone);
    }
    return last;
  }
}

function changeOf(
  rows: readonly HandRow[],
  targets: readonly Target[],
  { verb, weight, from, until, reason, by }: HandRequest,
  now: number,
): Change {
  if (verb === 'undrain' || verb === 'release') {
    const lifted = withoutHands(rows, targets, verb === 'undrain' ? 'drain' : 'all');
    return { ...lifted, hand: undefined, displaced: [] };
  }
  const hand: Hand = {
    ...(verb === 'weight' ? { weight: weight! } : { state: verb }),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(by === undefined ? {} : { by }),
    reason,
  };
  return { ...withHand(rows, targets, hand, now), hand, lifted: [] };
}

/** The pools, and as members what hands are on though no configuration has it. */
function withInert(pools: readonly Pool[], rows: readonly HandRow[]): Selectable[] {
  const lost = inertRows(rows, pools).map(({ owner, member, address }) => ({
    owner,
    members: [
      { name: member, group: undefined, addresses: address === undefined ? [] : [{ text: address }] },
    ],
  }));
  return [...pools, ...lost];
}

/** Every address that the targets are on. */
export function addressesOf(pools: readonly Pool[], targets: readonly Target[]) {
  const members = new Map(
    pools.flatMap(({ owner, members }) => members.map((member) => [`${owner} ${member.name}`, member])),
  );
  return targets.flatMap((target) => {
    const addresses = members.get(`${target.owner} ${target.member}`)?.addresses ?? [];
    return addresses
      .filter(({ text }) => target.address === undefined || target.address === text)
      .map(({ text, family, endpoint }) => ({ target, text, family, endpoint }));
  });
}

function answered({ owner }: Pool, { family, mode, ttl, standings }: FamilyChoice): Answered {
  const members = standings.map(({ member, address, share, why }) => ({ member, address, share, why }));
  return { owner, type: familyText(family), mode, ttl, members };
}

function announcement(
  { verb, weight, reason, by = 'somebody' }: HandRequest,
  targets: readonly Target[],
): string {
  const who = targets
    .slice(0, 8)
    .map(({ owner, member, address }) => `${address ?? member}@${ownerText(owner)}`);
  const more = targets.length > who.length ? ` and ${targets.length - who.length} more` : '';
  const what = weight === undefined ? verb : `${verb} ${weight}`;
  return `${by}: ${what} ${who.join(' ')}${more}${reason === '' ? '' : `: ${reason}`}`;
}
