// Statuses for the tests of what is printed of them: all is well, unless said otherwise.
import assert from 'node:assert';
import { width } from '../../src/cli/text.ts';
import { attentionOf } from '../../src/control/attention.ts';
import type { MemberStatus, PoolStatus, ServerStatus, Status } from '../../src/control/status.ts';

/** When every status here was true. */
export const now = Date.UTC(2026, 0, 2, 3, 4, 5);
/** No colours. */
export const plain = (_: string, text: string) => text;

/** A member that is up, unless said otherwise. */
export function member(name: string, address: string, more: Partial<MemberStatus> = {}): MemberStatus {
  const last = { outcome: 'ok', reason: '200 in 3 ms', latencyMs: 3, at: now } as const;
  const verdict = { verdict: 'up', settled: true, since: now - 3_600_000, last } as const;
  const place = { weight: 1, tier: 1, group: undefined, labels: [], eligible: true, why: 'up' } as const;
  const rest = { doubt: undefined, warning: undefined, heldUntil: undefined, isDoubted: false };
  const hand = {
    ...rest,
    isStartingSlowly: false,
    part: 1,
    hands: [],
    countedTtl: undefined,
    goneAt: undefined,
  };
  const counts = { share: 0.5, wanted: more.share ?? 0.5, given: 0.5, responses: 3500 };
  return { name, address, ...verdict, ...place, ...hand, ...counts, ...more };
}

const refusedPort = { outcome: 'fail', reason: 'connection refused', latencyMs: 0.4, at: now } as const;
/** What makes it one that is down. */
export const isDown = {
  verdict: 'down',
  settled: false,
  since: now - 14_000,
  last: refusedPort,
  eligible: false,
  share: 0,
  why: 'down',
} as const;

/** A pool of these members. */
export function pool(members: MemberStatus[], more: Partial<PoolStatus> = {}): PoolStatus {
  const rest = {
    owner: 'www.site.example.',
    type: 'A',
    policy: 'weighted',
    mode: 'sets',
    whenAllDown: 'all',
    remarks: [],
  } as const;
  return {
    ...rest,
    answers: 1,
    answersAsked: 'auto',
    ttl: 30,
    isSettled: true,
    responses: 7000,
    responsesNow: more.responses ?? 7000,
    members,
    ...more,
  };
}

/** A server that is well. */
export const server: ServerStatus = {
  pid: 123,
  startedAt: now - 7_500_000,
  engine: 'batch',
  engineReason: '',
  listenMissing: [],
  listen: [
    '127.0.0.1:53',
    '[2001:db8:1234:5678:9abc:def0:1234:5678]:53',
    '[2001:db8:1234:5678:9abc:def0:1234:5679]:53',
  ],
  workers: [{ name: 'udp-1', alive: true, restarts: 0, generation: 5 }],
  generation: 5,
  answering: true,
  controlRestarts: 0,
  counters: { 'udp-queries': 1234567, 'tcp-queries': 3 },
  kernelDrops: 0,
  memory: { rss: 100e6 },
  queriesUnlogged: 0,
  logLinesLost: 0,
};

/** A status with these pools. */
export function status(pools: PoolStatus[], more: Partial<Status> = {}): Status {
  const control: Status['control'] = {
    pid: 124,
    startedAt: now - 7_500_000,
    configDir: '/etc/steerdns',
    stateDir: '/var/lib/steerdns',
    controlPath: '/run/steerdns/control.sock',
    source: 'config',
    recovered: false,
    loadedAt: now - 60_000,
    leftOut: [],
    refused: undefined,
    silence: undefined,
    canaries: [],
    keeping: undefined,
    logLinesLost: 0,
    warnings: [],
  };
  const service = { file: '/etc/steerdns/site.example.zone', generation: 4, since: now - 60_000 };
  const zone = { origin: 'site.example.', serial: 7, records: 28, names: 14, id: '00', ...service, pools };
  const all = { version: '0.1.0', now, control, server, zones: [zone], hands: [], ...more };
  return { ...all, attention: attentionOf(all) };
}

/** Lines of a text, of which none is too long. */
export function lines(text: string): string[] {
  for (const line of text.split('\n')) assert.ok(line.length <= width, `${line.length} columns: ${line}`);
  return text.split('\n');
}
