// When an endpoint is probed next. Every endpoint has its own slots, a fixed phase apart from everyone
// else's, so that probes stay spread over the interval for ever, whatever rechecks or hold-ups came between.
// Pure; times in milliseconds of the monotonic clock.
//
//   slots      |    .    |    .    |    .    |       period = 0.95 interval
//   starts     |.        |  .      |.        |       each up to 0.02 interval beside its slot
//
// So two starts are at most 0.99 interval apart: the interval is a promise, and jitter is paid by probing
// more often.
import { slotOf } from '../wire/hash.ts';

const periodShare = 0.95;
const jitterShare = 0.02;
/** Timers may fire a fraction early; without this the same slot would come twice. */
const earlyMs = 1;

/** Hash of an endpoint's key: where its slots lie. Unsigned 32 bits. */
export function phaseHash(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return slotOf(hash);
}

/** First start after a probe that began at `startedAt`, at most intervalMs later. */
export function nextSlot(startedAt: number, intervalMs: number, hash: number): number {
  const period = intervalMs * periodShare;
  const jitter = intervalMs * jitterShare;
  const phase = hash % period;
  const slot = Math.floor((startedAt + jitter + earlyMs - phase) / period) + 1;
  // From -1 to 1, the same for the same endpoint and slot: no random number, so a schedule can be replayed.
  const share = slotOf((hash + Math.imul(slot, 0x9e3779b1)) | 0) / 2 ** 31 - 1;
  return phase + slot * period + share * jitter;
}
