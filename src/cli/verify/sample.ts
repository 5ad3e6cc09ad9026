// Asks a server many times, in batches between which nothing changed: a batch in which the daemon's
// generation went on is thrown away and asked again, so that every response that counts was drawn from sets
// that are known.
import { isDeepStrictEqual } from 'node:util';
import { eachOf } from '../../eachof.ts';
import type { DnsResponse } from '../../health/dnsclient.ts';
import { RCODE, rcodeText, TYPE } from '../../wire/numbers.ts';
import { askTcp, type Question, type Reply, type UdpAsker } from '../asking.ts';
import { printShare } from '../text.ts';
import type { Given, Segment } from './judge.ts';
import type { Source, Wanted } from './wanted.ts';

/** Queries under way: enough to keep two cores busy, few enough for any receive buffer. */
const openMax = 64;
/** Queries of a batch: a tenth of a second, so that a change costs little. */
const batchSize = 1000;
/** Batches that may be thrown away: a server whose answers change all the time cannot be compared. */
const voidMax = 20;

/** A change of what is wanted in the middle. */
export type Change = {
  /** Responses that were counted before it. */
  readonly after: number;
  readonly from: number;
  readonly to: number;
  /** What is otherwise for this name: `web2 33.3% -> 0.0% (down)`; empty: nothing. */
  readonly what: readonly string[];
};

export type Sample = {
  readonly segments: readonly Segment[];
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  /** Why queries were lost, and how many. */
  readonly losses: ReadonlyMap<string, number>;
  /** Queries that were asked while something changed, and count for nothing. */
  readonly void: number;
  /** Answers without an address of this name, by what they said instead. */
  readonly wrong: ReadonlyMap<string, number>;
  readonly changes: readonly Change[];
  /** What was wanted at the end. */
  readonly wanted: Wanted;
};

/** How a sample is asked for. */
export type Plan = {
  readonly asker: UdpAsker;
  readonly source: Source;
  readonly count: number;
  /** Whose sets are wanted, where that matters. */
  readonly from: string | undefined;
  readonly question: () => Question;
  readonly tell: (done: number) => void;
};

type Batch = {
  readonly responses: number;
  readonly answered: number;
  readonly given: Map<string, Given>;
  readonly wrong: Map<string, number>;
  readonly losses: Map<string, number>;
};

/** Asks until `count` queries have counted, answered or not. */
export async function takeSample(plan: Plan, first: Wanted): Promise<Sample | { readonly error: string }> {
  const { source, count, from } = plan;
  const segments: Segment[] = [];
  const [losses, wrong] = [new Map<string, number>(), new Map<string, number>()];
  const changes: Change[] = [];
  let wanted = first;
  let [done, sent, answered, voided] = [0, 0, 0, 0];
  for (let voidBatches = 0; done < count; ) {
    const size = Math.min(batchSize, count - done);
    const batch = await askBatch(plan, size, wanted, done);
    sent += size;
    const before = wanted;
    const isSame = (await source.generation()) === before.generation;
    const next = isSame ? before : await source.read(from);
    if ('error' in next) return next;
    wanted = next;
    if (isVoid(before, next)) {
      if (++voidBatches > voidMax) return { error: 'the answers change all the time' };
      changes.push(changeOf(before, next, done));
      if (next.mode !== 'sets') return { error: `${nothingText(next)} since generation ${next.generation}` };
      voided += size;
      continue;
    }
    voidBatches = 0;
    done += size;
    answered += batch.answered;
    addAll(losses, batch.losses);
    addAll(wrong, batch.wrong);
    segments.push({ sets: before.sets, responses: batch.responses, given: batch.given });
  }
  const lost = [...losses.values()].reduce((sum, number) => sum + number, 0);
  return { segments, sent, answered, lost, losses, void: voided, wrong, changes, wanted };
}

/**
 * Whether nobody knows which sets a batch was drawn from. One change of other names is none of ours; of
 * several the first may have been taken back by the last.
 */
function isVoid(before: Wanted, after: Wanted): boolean {
  if (after.generation === before.generation) return false;
  return after.generation !== before.generation! + 1 || !isDeepStrictEqual(after.sets, before.sets);
}

/** What is said of a pool that has nothing to give. */
export function nothingText({ owner, type, mode }: Wanted): string {
  return `nothing is given of ${owner} ${type} (${mode === 'nodata' ? 'NODATA' : 'SERVFAIL'})`;
}

function addAll(sums: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [what, count] of more) sums.set(what, (sums.get(what) ?? 0) + count);
}

async function askBatch(plan: Plan, size: number, wanted: Wanted, done: number): Promise<Batch> {
  const given = new Map<string, Given>();
  const [wrong, losses] = [new Map<string, number>(), new Map<string, number>()];
  let [asked, responses, answered] = [0, 0, 0];
  const note = (map: Map<string, number>, what: string) => map.set(what, (map.get(what) ?? 0) + 1);
  const take = (reply: Reply) => {
    if ('lost' in reply) return note(losses, reply.lost);
    answered++;
    const addresses = addressesIn(reply.response, wanted);
    if (typeof addresses === 'string') return note(wrong, addresses);
    responses++;
    for (const address of addresses) {
      const own = given.get(address) ?? { count: 0, sum: 0, leastSize: addresses.size };
      const leastSize = Math.min(own.leastSize, addresses.size);
      given.set(address, { count: own.count + 1, sum: own.sum + 1 / addresses.size, leastSize });
    }
  };
  await eachOf(Array.from({ length: size }), openMax, async () => {
    asked++;
    take(await askOnce(plan));
    plan.tell(done + asked);
  });
  return { responses, answered, given, wrong, losses };
}

/** What is truncated is asked for again over TCP, as a resolver does. */
async function askOnce({ asker, question }: Plan): Promise<Reply> {
  const asked = question();
  const reply = await asker.ask(asked);
  const isTruncated = 'response' in reply && reply.response.isTruncated;
  return isTruncated ? askTcp(asker.server, asked, asker.timeoutMs) : reply;
}

/** The addresses of a name, or the target that it leads to; else what the response is in place of that. */
export function addressesIn(
  { rcode, isTruncated, isWhole, answers }: DnsResponse,
  { owner, type }: Pick<Wanted, 'owner' | 'type'>,
): Set<string> | string {
  if (!isWhole) return 'not readable';
  if (isTruncated) return 'truncated';
  if (rcode !== RCODE.NOERROR) return rcodeText[rcode] ?? `RCODE ${rcode}`;
  const wantedType = TYPE[type];
  const own = answers.filter((record) => record.type === wantedType);
  // Of a chain of aliases only one is balanced; the names that a wildcard stands for are below it.
  const isOwn = ({ name }: { readonly name: string }) =>
    name === owner || (owner.startsWith('*.') && name.endsWith(owner.slice(1)));
  const found = type === 'CNAME' ? own.filter(isOwn).slice(0, 1) : own;
  const data = new Set(found.map((record) => record.data ?? ''));
  return data.size === 0 ? 'NODATA' : data;
}

function changeOf(before: Wanted, now: Wanted, after: number): Change {
  const shareIn = ({ sets }: Wanted, address: string) =>
    sets
      .filter(({ addresses }) => addresses.includes(address))
      .reduce((sum, { share, addresses }) => sum + share / addresses.length, 0);
  const addresses = new Set([...before.members, ...now.members].map(({ address }) => address));
  const what = [...addresses].flatMap((address) => {
    const [was, is] = [shareIn(before, address), shareIn(now, address)];
    const member = now.members.find((one) => one.address === address);
    if (Math.abs(was - is) < 1e-9) return [];
    return [`${member?.name ?? address} ${printShare(was)} -> ${printShare(is)} (${member?.why ?? 'gone'})`];
  });
  return { after, from: before.generation!, to: now.generation!, what };
}
