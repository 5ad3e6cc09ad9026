// The log: one line per transition (a verdict turned over, a reload, a fault), nothing per query and nothing
// per probe above debug. JSON lines on stderr, or one readable line each where stderr is a terminal. Written
// without waiting, from a bounded buffer: a reader that does not read costs lines, which are counted, and
// never an answer or a probe.
// pino is loaded by the first line: no start waits for it.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import type pino from 'pino';

const require = createRequire(import.meta.url);

/** Unwritten octets that are held for a slow reader; what comes beyond is lost, and counted. */
const unwrittenMax = 1 << 20;

/** Where lines go; neither function ever waits for a reader. */
type Sink = { write(line: string): void; flush(): void };
let opened: { readonly logger: pino.Logger; readonly sink: Sink } | undefined;
let lost = 0;
let lostSaid = 0;

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

/** Lines that nobody will read: they came while the reader of this process's log did not read. */
export function logLinesLost(): number {
  return lost;
}

function open(): pino.Logger {
  if (opened !== undefined) return opened.logger;
  const library = require('pino') as typeof pino;
  const sink = openSink(library);
  const isTerminal = process.stderr.isTTY === true;
  const logger = library(
    {
      level,
      base: { pid: process.pid },
      timestamp: library.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => sink.write(isTerminal ? readableLine(line) : line) },
  );
  opened = { logger, sink };
  return logger;
}

function openSink(library: typeof pino): Sink {
  const stat = fstatSync(2);
  return stat.isFIFO() || stat.isSocket() ? pipeSink() : fileSink(library);
}

/** A pipe, or journald's socket: what it does not take at once waits here, and an exit waits for nothing. */
function pipeSink(): Sink {
  const { stderr } = process; // not blocking, where it is a pipe
  stderr.on('error', () => {}); // the reader is gone (EPIPE): go on without a log
  stderr.on('drain', sayLost);
  return {
    write(line) {
      if (stderr.writableLength > unwrittenMax) lost += 1;
      else stderr.write(line);
    },
    flush() {},
  };
}

/** A file or a terminal, written by another thread. A terminal may be held (Ctrl-S) like any slow reader. */
function fileSink(library: typeof pino): Sink {
  let isEnding = false;
  const destination = library.destination({
    dest: process.stderr.isTTY === true ? reopenTerminal() : 2,
    sync: false,
    minLength: 0,
    maxLength: unwrittenMax,
    retryEAGAIN: () => !isEnding,
  });
  destination.on('error', () => {}); // the reader is gone (EPIPE): go on without a log
  destination.on('drop', () => {
    lost += 1;
  });
  destination.on('drain', sayLost);
  return {
    write: (line) => void destination.write(line),
    flush() {
      isEnding = true;
      destination.flushSync();
    },
  };
}

/** The terminal once more, so that writing to it fails where it would wait, for us alone. */
function reopenTerminal(): number {
  try {
    const fd = openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (fstatSync(fd).isCharacterDevice()) return fd;
    closeSync(fd);
  } catch {
    // no /proc, or the terminal is another user's: as it is, then
  }
  return 2;
}

/** Says in the log what is missing from it, once it is read again. */
function sayLost(): void {
  if (lost === lostSaid) return;
  const count = lost - lostSaid;
  lostSaid = lost;
  log.warn({ lost: count }, 'lines of the log are missing here: nobody read it');
}

/** Writes out what is still in the buffer; for the moment before a process exits. */
export function flushLog(): void {
  try {
    opened?.sink.flush();
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
