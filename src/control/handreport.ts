// What a command of the operator's hand is told: the reply of `POST /hand`. cli/hand.ts puts it into words.
import type { Hand } from '../balance/hand.ts';
import type { FamilyChoice } from '../balance/pool.ts';
import type { HandVerb } from './handrequest.ts';
import type { HandRow } from './hands.ts';
import type { Target } from './selectors.ts';
import type { PoolStatus } from './status.ts';

/** What is answered for one family of a pool. */
export type Answered = {
  readonly owner: string;
  readonly type: PoolStatus['type'];
  readonly mode: FamilyChoice['mode'];
  readonly ttl: number;
  readonly members: readonly {
    readonly member: string;
    readonly address: string;
    readonly share: number;
    readonly why: string;
  }[];
};

/** What a verb did, as the control socket gives it. Times are wall clock milliseconds. */
export type HandReport = {
  readonly verb: HandVerb;
  readonly now: number;
  readonly matched: readonly Target[];
  /** What was laid; undefined where hands were lifted. */
  readonly hand: Hand | undefined;
  readonly lifted: readonly HandRow[];
  /** Earlier hands that this one ended or cut short. */
  readonly displaced: readonly HandRow[];
  /** Of the pools that are meant, from now on or from when the hand begins. */
  readonly answers: readonly Answered[];
  /** Members that are put up although their checks say down, with the reason. */
  readonly overruled: readonly { readonly target: Target; readonly reason: string }[];
  /** When the last cached answer with one of the members has run out; undefined where one is still given. */
  readonly goneAt: number | undefined;
  /** Why it is not in service yet, and why it is not kept over a restart; undefined: it is. */
  readonly notServed: string | undefined;
  readonly notKept: string | undefined;
};

/** `web1 60.0%, web3 40.0%`, or NODATA. */
export function answerText({ mode, members }: Answered): string {
  if (mode !== 'sets') return mode === 'nodata' ? 'answered NODATA' : 'answered SERVFAIL';
  const given = members.filter(({ share }) => share > 0);
  return given.map(({ member, share }) => `${member} ${(share * 100).toFixed(1)}%`).join(', ');
}
