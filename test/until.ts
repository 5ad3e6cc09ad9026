// Waiting in tests: for a condition with a deadline, never for a stretch of time and luck.
import { setTimeout as pause } from 'node:timers/promises';

const pollMs = 20;

/**
 * Polls until `look` gives something other than undefined, false or null, and gives that. Past the deadline
 * it throws with `what`, and with the last error of `look`, which may throw as long as the thing is not
 * there.
 */
export async function until<T>(
  what: string | (() => string),
  timeoutMs: number,
  look: () => T | undefined | false | null | Promise<T | undefined | false | null>,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let problem: unknown; ; await pause(pollMs)) {
    try {
      const seen = await look();
      problem = undefined;
      if (seen !== undefined && seen !== false && seen !== null) return seen;
    } catch (error) {
      problem = error;
    }
    if (performance.now() > deadline) {
      const text = typeof what === 'string' ? what : what();
      throw new Error(`not within ${timeoutMs} ms: ${text}`, problem === undefined ? {} : { cause: problem });
    }
  }
}
