// What a member's verdict came of, and how long its probes take: GET /evidence has all that is known of one
// member, GET /latencies the last probes of whole pools. Of a check it says when and how often, not its
// options: a token that may look need not see what is sent to servers.
import { familyText } from '../balance/pool.ts';
import type { EndpointState } from '../health/state.ts';
import { type Reply, refusal } from './admin.ts';
import type { Latencies } from './latencies.ts';
import type { Publisher, Slot } from './publish.ts';
import type { PoolStatus } from './status.ts';

/** Pools of one request: as many as a page shows at once. */
const poolsMax = 64;

export type Evidence = {
  readonly owner: string;
  readonly type: PoolStatus['type'];
  readonly name: string;
  readonly address: string;
  /** Undefined where no check looks at it. */
  readonly endpoint:
    | (Pick<
        EndpointState,
        | 'verdict'
        | 'since'
        | 'recent'
        | 'counts'
        | 'failures'
        | 'successes'
        | 'heldUntil'
        | 'part'
        | 'warning'
      > & {
        readonly check: Pick<
          EndpointState['check'],
          'kind' | 'port' | 'intervalMs' | 'timeoutMs' | 'recheckMs' | 'fall' | 'rise' | 'holdDownMs'
        >;
        readonly latencies: readonly (number | null)[];
      })
    | undefined;
};

export type PoolLatencies = {
  readonly owner: string;
  readonly type: PoolStatus['type'];
  /** By member, in the order of the status. */
  readonly members: readonly { readonly address: string; readonly latencies: readonly (number | null)[] }[];
};

export type EvidenceSources = {
  readonly publisher: Publisher;
  readonly stateOf: (key: string) => EndpointState | undefined;
  readonly latencies: Latencies;
};

/** Answers `GET /latencies?owner=…&owner=…`. */
export function latenciesReply(
  { publisher, latencies }: EvidenceSources,
  parameters: URLSearchParams,
): Reply {
  const owners = new Set(parameters.getAll('owner'));
  if (owners.size > poolsMax) return refusal(400, `more than ${poolsMax} owners`, 'ask for some at a time');
  const pools = slotsOf(publisher, owners).map(({ owner, choice }): PoolLatencies => {
    const members = choice.addresses.map(({ text, endpoint }) => {
      return { address: text, latencies: endpoint === undefined ? [] : latencies.of(endpoint) };
    });
    return { owner, type: familyText(choice.family), members };
  });
  return { status: 200, body: { pools } };
}

/** Answers `GET /evidence?owner=…&address=…`. */
export function evidenceReply(sources: EvidenceSources, parameters: URLSearchParams): Reply {
  const [owner, address] = [parameters.get('owner')!, parameters.get('address')!];
  for (const slot of slotsOf(sources.publisher, new Set([owner]))) {
    const index = slot.choice.addresses.findIndex(({ text }) => text === address);
    if (index >= 0) return { status: 200, body: evidenceOf(sources, slot, index) };
  }
  return refusal(404, `${owner} has no member ${address}`, 'GET /status has owners and addresses');
}

function slotsOf(publisher: Publisher, owners: ReadonlySet<string>): Slot[] {
  const all = publisher.zones().flatMap(({ origin }) => publisher.served(origin)?.slots ?? []);
  return all.filter(({ owner }) => owners.has(owner));
}

function evidenceOf({ stateOf, latencies }: EvidenceSources, slot: Slot, index: number): Evidence {
  const { owner, choice } = slot;
  const { text, endpoint: key } = choice.addresses[index]!;
  const type = familyText(choice.family);
  const who = { owner, type, name: choice.standings[index]!.member, address: text };
  const state = key === undefined ? undefined : stateOf(key);
  if (key === undefined || state === undefined) return { ...who, endpoint: undefined };
  const { verdict, since, recent, counts, failures, successes, heldUntil, part, warning } = state;
  const { kind, port, intervalMs, timeoutMs, recheckMs, fall, rise, holdDownMs } = state.check;
  const check = { kind, port, intervalMs, timeoutMs, recheckMs, fall, rise, holdDownMs };
  const judged = { verdict, since, recent, counts, failures, successes, heldUntil, part, warning };
  return { ...who, endpoint: { ...judged, check, latencies: latencies.of(key) } };
}
