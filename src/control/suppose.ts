// What would be given of a pool if some members were otherwise than they are: `explain --if`. Everything
// comes of the functions that publication uses, so what is foretold is what then happens. Pure; called by
// explain.ts.
//
// A supposition replaces what it speaks of and nothing else. `down` is what would be if the server were
// killed: another verdict, below the hands there are. `up` is another verdict too, with the hand on its
// state lifted. `drain` and a weight are hands, laid as the operator's would be.
import { type Hand, type HandOf, lay } from '../balance/hand.ts';
import { choosePool, type FamilyChoice, type Health, type Pool } from '../balance/pool.ts';
import { weightMax } from '../limits.ts';
import { type Reply, refusal } from './admin.ts';
import type { Slot } from './publish.ts';
import { select, type Target } from './selectors.ts';

export type Supposition = {
  readonly text: string;
  readonly selector: string;
  readonly state: 'up' | 'down' | 'drain' | number;
};

/** What is known of this moment. */
export type Around = {
  readonly healthOf: (endpoint: string) => Health;
  readonly handOf: HandOf;
  readonly now: number;
};

/** What would be given. */
export type Supposed = {
  readonly choice: FamilyChoice;
  /** The suppositions that speak of members of this pool. */
  readonly of: readonly Supposition[];
  /** Those of them that nothing would notice: no member that is meant has a check. */
  readonly unnoticed: readonly Supposition[];
  /** Members that have no check among others that do. */
  readonly unchecked: readonly string[];
};

/** Reads `if=web2=down,web3=drain`, or says what is wrong with it. */
export function parseSuppositions(parameters: URLSearchParams): Supposition[] | Reply {
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
  return suppositions;
}

/** What is supposed of one address: its state and its weight are two things. */
type Assumed = { state?: 'up' | 'down' | 'drain'; weight?: number };

/** What would be given of a slot's pool; undefined where nothing that is supposed speaks of it. */
export function suppose(
  { pool, choice }: Pick<Slot, 'pool' | 'choice'>,
  suppositions: readonly Supposition[],
  around: Around,
): Supposed | undefined {
  const assumed = new Map<string, Assumed>();
  const of: Supposition[] = [];
  const unnoticed: Supposition[] = [];
  const unchecked = new Set<string>();
  for (const supposition of suppositions) {
    const { selector, state } = supposition;
    const selected = select([pool], [selector]);
    if ('error' in selected) continue;
    of.push(supposition);
    const addresses = selected.targets.flatMap((target) => addressesOf(pool, target));
    if (state === 'down' && addresses.every(({ endpoint }) => endpoint === undefined))
      unnoticed.push(supposition);
    for (const { member, text, endpoint } of addresses) {
      if (state === 'down' && endpoint === undefined) unchecked.add(member);
      const key = `${member} ${text}`;
      assumed.set(key, {
        ...assumed.get(key),
        ...(typeof state === 'number' ? { weight: state } : { state }),
      });
    }
  }
  if (of.length === 0) return undefined;
  const moment = { handOf: supposedHands(assumed, around), now: around.now };
  const choices = choosePool(pool, supposedHealth(pool, assumed, around), moment);
  const then = choices.find(({ family }) => family === choice.family)!;
  return { choice: then, of, unnoticed, unchecked: [...unchecked] };
}

/** Says what of the suppositions speaks of no pool at all, or would be noticed by none. */
export function suppositionFault(
  suppositions: readonly Supposition[],
  pools: readonly Pool[],
  supposed: readonly Supposed[],
): Reply | undefined {
  for (const one of suppositions) {
    const concerned = supposed.filter(({ of }) => of.includes(one));
    if (concerned.length === 0) {
      const selected = select(pools, [one.selector]);
      if ('error' in selected) return refusal(400, selected.error, selected.hint);
    } else if (concerned.every(({ unnoticed }) => unnoticed.includes(one))) {
      const what = `"${one.text}" would be noticed by nothing: ${one.selector} has no check`;
      return refusal(400, what, `"${one.selector}=drain" supposes that you take it out`);
    }
  }
  return undefined;
}

function addressesOf(pool: Pool, { member, address }: Target) {
  const { addresses } = pool.members.find(({ name }) => name === member)!;
  return addresses
    .filter(({ text }) => address === undefined || address === text)
    .map(({ text, endpoint }) => ({ member, text, endpoint }));
}

/** What health/ would say: a server that is killed is down and not settled. */
function supposedHealth(pool: Pool, assumed: ReadonlyMap<string, Assumed>, { healthOf }: Around) {
  const supposed = new Map<string, Health>();
  for (const { name, addresses } of pool.members) {
    for (const { text, endpoint } of addresses) {
      const state = assumed.get(`${name} ${text}`)?.state;
      if (endpoint === undefined) continue;
      if (state === 'down') supposed.set(endpoint, { verdict: 'down', settled: false });
      if (state === 'up') supposed.set(endpoint, { verdict: 'up', settled: true });
    }
  }
  return (endpoint: string) => supposed.get(endpoint) ?? healthOf(endpoint);
}

function supposedHands(assumed: ReadonlyMap<string, Assumed>, { handOf, now }: Around): HandOf {
  const own = { reason: '', by: 'supposition' };
  return (owner, member, address) => {
    const { state, weight } = assumed.get(`${member} ${address}`) ?? {};
    let hands: readonly Hand[] = handOf(owner, member, address);
    if (state === 'up') hands = hands.filter((hand) => hand.state === undefined);
    if (state === 'drain') hands = lay(hands, { ...own, state }, now);
    if (weight !== undefined) hands = lay(hands, { ...own, weight }, now);
    return hands;
  };
}
