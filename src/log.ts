// The log: one line per transition (a verdict turned over, a reload, a fault), nothing per query and nothing
// per probe above debug. JSON lines on stderr, or one readable line each where stderr is a terminal. Written
// asynchronously into a bounded buffer: a reader that does not read costs lines, never a stalled process.
import pino from 'pino';

/** Unwritten octets that are held for a slow reader; what comes beyond is dropped. */
const unwrittenMax = 1 << 20;

const destination = pino.destination({ dest: 2, sync: false, minLength: 0, maxLength: unwrittenMax });
destination.on('error', () => {}); // the reader is gone (EPIPE): go on without a log

/** The program's log; STEERDNS_LOG sets the level: debug, info (default), warn, error, silent. */
export const log = pino(
  {
    level: levelFrom(process.env.STEERDNS_LOG),
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  },
  process.stderr.isTTY === true
    ? { write: (line: string) => destination.write(readableLine(line)) }
    : destination,
);

function levelFrom(level: string | undefined): string {
  return level !== undefined && Object.hasOwn({ ...pino.levels.values, silent: 0 }, level) ? level : 'info';
}

/** Writes out what is still in the buffer; for the moment before a process exits. */
export function flushLog(): void {
  try {
    destination.flushSync();
  } catch {
    // Not open yet, or the reader is gone: nothing can be done about it at an exit.
  }
}

/** Makes `12:03:44 warn  text  key=value` of a JSON line. */
export function readableLine(line: string): string {
  const { level, time, msg, pid: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${printValue(value)}`);
  const clock = String(time).slice(11, 19);
  return [clock, String(level).padEnd(5), String(msg ?? ''), fields.join(' ')].join(' ').trimEnd() + '\n';
}

function printValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
