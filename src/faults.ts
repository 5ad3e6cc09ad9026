// What the operator wrote wrongly: every fault carries its place and a hint, and all of them are collected
// before anything is said. Faults are values; nothing here throws. Used by zone/, config.ts, control/ and
// cli/.
import { faultsMax } from './limits.ts';

/** One fault in a file the operator wrote; line and column count from 1, column in characters. */
export type Fault = {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly what: string;
  readonly hint: string;
};

/** Where in a file something stands. */
export type Place = Pick<Fault, 'file' | 'line' | 'column'>;

/** An error at a place. */
export function errorAt(place: Place, what: string, hint = ''): Fault {
  const { file, line, column } = place;
  return { severity: 'error', file, line, column, what, hint };
}

/** A warning at a place: the data are taken into service, but hardly do what was meant. */
export function warningAt(place: Place, what: string, hint = ''): Fault {
  return { ...errorAt(place, what, hint), severity: 'warning' };
}

/** Why the system would not give a file, as the end of a sentence. */
export function whyUnreadable({ code, message }: NodeJS.ErrnoException): string {
  return unreadable[code ?? ''] ?? message;
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied (it must be readable by the user that the server runs as)',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  ELOOP: 'its symbolic links go in a circle',
  EMFILE: 'too many open files',
};

/**
 * Prints a fault as `file:line:column: error: what (hint)`. Control characters, which came out of the file,
 * are escaped: a fault is one line, and does nothing to a terminal.
 */
export function printFault(fault: Fault): string {
  const hint = fault.hint === '' ? '' : ` (${fault.hint})`;
  const text = `${fault.file}:${fault.line}:${fault.column}: ${fault.severity}: ${fault.what}${hint}`;
  return text.replace(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Says whether any of the faults forbids taking the data into service. */
export function refuses(faults: readonly Fault[]): boolean {
  return faults.some((fault) => fault.severity === 'error');
}

/** Orders faults by file, line and column, as an operator reads them. */
export function sortFaults(faults: readonly Fault[]): Fault[] {
  return [...faults].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}

/**
 * The first `faultsMax` faults of each file, each said once, and in place of the next that there are more.
 * Takes them in order.
 */
export function boundFaults(sorted: readonly Fault[]): Fault[] {
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  const bounded: Fault[] = [];
  for (const fault of sorted) {
    const count = counts.get(fault.file) ?? 0;
    if (count > faultsMax) continue;
    const text = printFault(fault);
    if (seen.has(text)) continue; // a YAML alias is read where it stands, so one mistake may be met twice
    seen.add(text);
    counts.set(fault.file, count + 1);
    const more = `more than ${faultsMax} faults in this file; this one and the rest are not said`;
    bounded.push(count < faultsMax ? fault : errorAt(fault, more, 'mend the others first'));
  }
  return bounded;
}
