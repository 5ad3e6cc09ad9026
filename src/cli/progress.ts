// A line of progress for work that takes long: on stderr, only where that is a terminal, and erased at the
// end, so that neither a log nor a pipe ever has it.

/** A terminal is told so often at most. */
const gapMs = 100;
/** Work that is done sooner shows nothing. */
const quietMs = 300;

export type Progress = {
  /** Says how far the work is; called as often as one likes. */
  readonly show: (text: string) => void;
  /** Erases the line. */
  readonly end: () => void;
};

type Terminal = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };

/** Begins a line of progress. */
export function startProgress(
  stream: Terminal = process.stderr,
  now: () => number = () => performance.now(),
): Progress {
  if (stream.isTTY !== true || process.env.TERM === 'dumb') return { show: () => {}, end: () => {} };
  let due = now() + quietMs;
  let isShown = false;
  return {
    show(text) {
      if (now() < due) return;
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
