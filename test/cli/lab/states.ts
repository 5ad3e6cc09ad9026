// States of a lab for the tests of what it shows: all is well, unless said otherwise.
import type { LoadCounts } from '../../../src/cli/lab/load.ts';
import type { LabState } from '../../../src/cli/lab/state.ts';
import type { MemberStatus, PoolStatus, Status } from '../../../src/control/status.ts';

const now = 1_790_000_065_000;
const shares = [3 / 7, 2 / 7, 1 / 7, 1 / 7];

/** Member web1, web2, …; `outcome` and `reason` are of its last probe. */
export function member(
  number: number,
  over: Partial<MemberStatus> & { reason?: string; outcome?: 'ok' | 'fail' } = {},
): MemberStatus {
  const { reason, outcome = over.verdict === 'down' ? 'fail' : 'ok', ...rest } = over;
  const isUp = over.verdict !== 'down';
  return {
    name: `web${number}`,
    address: `127.0.0.${10 + number}`,
    verdict: 'up',
    settled: isUp,
    since: now - 60_000,
    last: { outcome, reason: reason ?? (isUp ? '200 in 2 ms' : 'connection refused'), latencyMs: 2, at: now },
    weight: 1,
    doubt: undefined,
    warning: undefined,
    heldUntil: undefined,
    isDoubted: false,
    isStartingSlowly: false,
    part: 1,
    hands: [],
    countedTtl: undefined,
    goneAt: undefined,
    tier: 1,
    group: undefined,
    labels: [],
    wanted: 0,
    eligible: isUp,
    why: 'up',
    share: shares[number - 1] ?? 0.1,
    given: undefined,
    responses: 0,
    ...rest,
  };
}

/** The pool of www with these members. */
export function pool(members: readonly MemberStatus[], over: Partial<PoolStatus> = {}): PoolStatus {
  return {
    owner: 'www.site.example.',
    type: 'A',
    policy: 'weighted',
    mode: 'sets',
    answersAsked: 1,
    isSettled: true,
    answers: 1,
    ttl: 30,
    responses: 0,
    responsesNow: 0,
    whenAllDown: 'all',
    remarks: [],
    members,
    ...over,
  };
}

/** A daemon's status with these pools; `attention` is what needs somebody. */
export function statusWith(pools: readonly PoolStatus[], attention: readonly string[] = []): Status {
  const workers = ['udp-1', 'udp-2', 'stream'].map((name) => ({
    name,
    alive: true,
    restarts: 0,
    generation: 1,
  }));
  const zone = { origin: 'site.example.', serial: 7, records: 28, names: 14, id: '0', pools };
  return {
    now,
    attention: attention.map((what) => ({ severity: 'error', what, since: undefined, details: [] })),
    server: { engine: 'batch', answering: true, workers, counters: {} },
    zones: [zone],
    hands: [],
  } as unknown as Status; // the rest is not shown
}

export const emptyLoad: LoadCounts = {
  sent: 12_000,
  answered: 12_000,
  unanswered: 0,
  empty: 0,
  perSecond: 200,
  unansweredAt: undefined,
  measured: 2000,
  shares: new Map([
    ['127.0.0.11', 0.428],
    ['127.0.0.12', 0.286],
    ['127.0.0.13', 0.143],
    ['127.0.0.14', 0.143],
  ]),
};

/** A lab that has run for a minute. */
export function labState(over: Partial<LabState> = {}): LabState {
  const four = [1, 2, 3, 4].map((number) => member(number));
  const api = pool(four.slice(0, 2), { owner: 'api.site.example.', answers: 2 });
  return {
    now,
    startedAt: now - 65_000,
    answeringSince: now - 60_000,
    ask: { address: '127.0.0.1', port: 5311 },
    toys: four.map(({ name, address }) => ({ name, addresses: [address], behaviour: 'up', hits: 12 })),
    status: statusWith([pool(four), api]),
    isStatusFresh: true,
    queriesPerSecond: 200,
    load: emptyLoad,
    happenings: [{ at: now - 60_000, level: 'info', text: 'in service' }],
    configDir: '/opt/zones',
    controlPath: '/tmp/steerdns-lab-0/control.sock',
    invocation: 'npx tsx src/main.ts',
    ...over,
  };
}
