// The log: one line per transition (a verdict turned over, a reload, a fault), nothing per query and nothing
// per probe above debug. JSON lines on stderr, or one readable line each where stderr is a terminal. Written
// asynchronously into a bounded buffer: a reader that does not read costs lines, never a stalled process.
// pino is loaded by the first line: no start waits for it.
import { createRequire } from 'node:module';
import type pino from 'pino';

const require = createRequire(import.meta.url);

/** Unwritten octets that are held for a slow reader; what comes beyond is dropped. */
const unwrittenMax = 1 << 20;

type Destination = ReturnType<typeof pino.destination>;
let opened: { readonly logger: pino.Logger; readonly destination: Destination } | undefined;

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const given = process.env.STEERDNS_LOG ?? '';
const level = levels.includes(given) ? given : 'info';

/** Lines of a level; those that are not wanted do not even load pino. */
function lines(of: 'debug' | 'info' | 'warn' | 'error' | 'fatal'): pino.LogFn {
  if (levels.indexOf(of) < levels.indexOf(level)) return () => {};
  return (...line: Parameters<pino.LogFn>) => open()[of](...line);
}

/** The program's log; STEERDNS_LOG sets the level: debug, info (default), warn, error, silent. */
export const log = {
  debug: lines('debug'),
  info: lines('info'),
  warn: lines('warn'),
  error: lines('error'),
  fatal: lines('fatal'),
} as const;

function open(): pino.Logger {
  if (opened !== undefined) return opened.logger;
  const library = require('pino') as typeof pino;
  const destination = library.destination({ dest: 2, sync: false, minLength: 0, maxLength: unwrittenMax });
  destination.on('error', () => {}); // the reader is gone (EPIPE): go on without a log
  const logger = library(
    {
      level,
      base: { pid: process.pid },
      timestamp: library.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    process.stderr.isTTY === true
      ? { write: (line: string) => destination.write(readableLine(line)) }
      : destination,
  );
  opened = { logger, destination };
  return logger;
}

/** Writes out what is still in the buffer; for the moment before a process exits. */
export function flushLog(): void {
  try {
    opened?.destination.flushSync();
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
