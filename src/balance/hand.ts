// The operator's hand on a member: what was said of its state or its weight, from when, until when, and why.
// Pure. control/hands.ts keeps them; pool.ts lays those that are in force over what health/ says, without
// changing it, so that status can show both.
//
// State and weight are two aspects: of each at most one hand is in force at a time, because lay() cuts what
// was said before where it overlaps what is said now.
//
// A member that is going to leave the answers at a known time is counted down: the answers that hold it are
// given with a TTL that ends before that time, so that caches are empty when it comes.
import { handMarginMs } from '../limits.ts';

export type Hand = {
  /** `drain`: no new clients, though it is up. */
  readonly state?: 'up' | 'down' | 'drain';
  /** In place of the configured one; 0: a standby. A hand has a state or a weight. */
  readonly weight?: number;
  /** Wall clock in milliseconds; absent: at once, for ever. */
  readonly from?: number;
  readonly until?: number;
  /** Empty where none was given. */
  readonly reason: string;
  /** Who did it. */
  readonly by?: string;
};

/** The hands on one address of a member of the pool of `owner`, in force or planned. */
export type HandOf = (owner: string, member: string, address: string) => readonly Hand[];

/** What the hands on one address say at a moment. */
export type Held = { readonly state: Hand | undefined; readonly weight: Hand | undefined };

const untouched: Held = { state: undefined, weight: undefined };

/** The hands that are in force. */
export function heldAt(hands: readonly Hand[], now: number): Held {
  if (hands.length === 0) return untouched;
  const inForce = hands.filter((hand) => isInForce(hand, now));
  return {
    state: inForce.find(({ state }) => state !== undefined),
    weight: inForce.find(({ weight }) => weight !== undefined),
  };
}

/** Whether a hand is neither planned nor over. */
export function isInForce({ from = Number.NEGATIVE_INFINITY, until = Infinity }: Hand, now: number): boolean {
  return from <= now && now < until;
}

/** The moments after now at which one of them begins or ends, in order. */
export function turnsOf(hands: readonly Hand[], now: number): number[] {
  const moments = hands.flatMap(({ from, until }) => [from, until]);
  return moments.filter((at) => at !== undefined && at > now).sort((a, b) => a! - b!) as number[];
}

/** Adds a hand to those on the same address: what it overlaps ends where it begins, or is gone. */
export function lay(hands: readonly Hand[], added: Hand, now: number): Hand[] {
  const { from: begin = now, until: end = Infinity } = added;
  const left = hands.flatMap((hand) => {
    const isOther = (hand.state === undefined) !== (added.state === undefined);
    const { from = Number.NEGATIVE_INFINITY, until = Infinity } = hand;
    if (isOther || until <= begin || from >= end) return [hand];
    return from < begin && begin > now ? [{ ...hand, until: begin }] : [];
  });
  return [...left, added];
}

/** Whether a hand sends clients elsewhere: what it makes a standby may be called for, what is out may not. */
export function takesOut({ state, weight }: Pick<Hand, 'state' | 'weight'>): 'out' | 'standby' | undefined {
  if (state === 'down' || state === 'drain') return 'out';
  return weight === 0 ? 'standby' : undefined;
}

/** `drained by alice: kernel update`. */
export function handText({ state, weight, reason, by = 'hand' }: Hand): string {
  const what = state === undefined ? `weight ${weight}` : state === 'drain' ? 'drained' : state;
  return `${what} by ${by}${reason === '' ? '' : `: ${reason}`}`;
}

/**
 * TTL in seconds with which a cached answer is gone at `leavesAt`, whenever it is given between now and the
 * next step; 0 in the last second. Steps are of one second, farther away of a thirty-second part or less.
 */
export function countdownTtl(leavesAt: number, now: number): number {
  const left = (leavesAt - handMarginMs - now) / 1000;
  if (left <= 0) return 0;
  const step = 2 ** Math.max(0, Math.floor(Math.log2(left)) - 5);
  return (Math.ceil(left / step) - 1) * step;
}

/** The moment at which answers with this TTL must no longer be given. */
export function countdownStep(leavesAt: number, ttl: number): number {
  return leavesAt - handMarginMs - ttl * 1000;
}
