// What there is to show of a lab at one moment, as a value: lab.ts makes it, everything that shows reads it.
import type { PoolStatus, Status } from '../../control/status.ts';
import type { SocketAddress } from '../../wire/addresses.ts';
import type { Happening } from './daemon.ts';
import type { LoadCounts } from './load.ts';
import type { Toy } from './toys.ts';

/** What the lab asks for all the time. */
export const measuredName = 'www.site.example.';

/** Everything there is to show, at one moment. */
export type LabState = {
  /** Wall clock in milliseconds. */
  readonly now: number;
  readonly startedAt: number;
  /** Since when the daemon answers queries; undefined before. */
  readonly answeringSince: number | undefined;
  /** Where to ask with dig. */
  readonly ask: SocketAddress;
  readonly toys: readonly Toy[];
  /** The daemon's latest word, and whether it still gives it. */
  readonly status: Status | undefined;
  readonly isStatusFresh: boolean;
  /** Queries per second that the daemon got from everybody, between its two latest words. */
  readonly queriesPerSecond: number | undefined;
  readonly load: LoadCounts;
  /** Newest last. */
  readonly happenings: readonly Happening[];
  /** The folder to edit, and how to type our commands. */
  readonly configDir: string;
  readonly controlPath: string;
  readonly invocation: string;
};

/** The pool that is measured; undefined where the zone has lost it. */
export function measuredPool(status: Status | undefined): PoolStatus | undefined {
  const pools = status?.zones.flatMap((zone) => zone.pools) ?? [];
  return pools.find(({ owner, type }) => owner === measuredName && type === 'A');
}
