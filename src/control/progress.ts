// A line of progress for work that takes long: on stderr, only where that is a terminal, and erased at the
// end, so that neither a log nor a pipe ever has it. Written at once, also in the midst of a load and by a
// thread, where process.stderr would wait for the event loop of somebody.
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** A terminal is told so often at most. */
const gapMs = 100;
/** Work that is done sooner shows nothing. */
const quietMs = 300;

export type Progress = {
  /** Says how far the work is; called as often as one likes. `isNew`: it is at something else now. */
  readonly show: (text: string, isNew?: boolean) => void;
  /** Erases the line. */
  readonly end: () => void;
};

type Terminal = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };

/** Begins a line of progress. */
export function startProgress(
  stream: Terminal = { isTTY: isatty(2), write: writeNow },
  now: () => number = () => performance.now(),
): Progress {
  if (stream.isTTY !== true || process.env.TERM === 'dumb') return { show: () => {}, end: () => {} };
  let due = now() + quietMs;
  let isShown = false;
  return {
    show(text, isNew = false) {
      if (now() < due && !(isNew && isShown)) return;
      due = now() + gapMs;
      isShown = true;
      stream.write(`\r\x1b[K${text.slice(0, (stream.columns ?? 80) - 1)}`);
    },
    end() {
      if (isShown) stream.write('\r\x1b[K');
      isShown = false;
    },
  };
}

function writeNow(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // a terminal that takes nothing at the moment misses a line of progress
  }
}
