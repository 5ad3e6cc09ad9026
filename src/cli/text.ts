// How commands put things into words and columns: durations, shares, wrapped lines, tables. Pure; colour is
// applied by the caller's `paint`, after all widths are known.
import type { Paint } from './statustext.ts';

/** Columns of a terminal that every text fits into. */
export const width = 80;

/** Prints a span of time with one or two units: `14 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. */
export function printSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Prints a span of time in at most six characters, for a column: `14 s`, `3 min`, `2 h`, `41 d`. */
export function printShortSpan(ms: number): string {
  return printSpan(ms).replace(/^(\d+ (?:h|d)) .*$/, '$1');
}

/** Prints a moment as the local clock shows it, with the day where it is not today: `12:03:44`. */
export function printMoment(at: number, now: number): string {
  const day = (ms: number) => new Date(ms).toLocaleDateString('sv-SE');
  const clock = new Date(at).toLocaleTimeString('sv-SE');
  return day(at) === day(now) ? clock : `${day(at)} ${clock}`;
}

/** Prints a share with one decimal: `42.9%`. */
export function printShare(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

/** Prints a count with its thousands apart: `1,234,567`. */
export function printCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Prints a number with the right form of its noun. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${printCount(count)} ${count === 1 ? one : many}`;
}

/** Breaks text at spaces into lines of at most `room` characters; words that are longer stay whole. */
export function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

/** Wraps text behind a first line's start; further lines are indented as far as it is wide. */
export function hang(start: string, text: string): string[] {
  const indent = ' '.repeat(start.length);
  return wrap(text, width - start.length).map((line, i) => (i === 0 ? start : indent) + line);
}

/** A column of a table. */
export type Column = { readonly head: string; readonly right?: boolean };

/** Pads the cells of each column to one width; the last column is not padded. */
export function alignRows(columns: readonly Column[], rows: readonly (readonly string[])[]): string[][] {
  const widths = columns.map(({ head }, i) => Math.max(head.length, ...rows.map((row) => row[i]!.length)));
  return [columns.map(({ head }) => head), ...rows].map((row) =>
    row.map((cell, i) => {
      if (columns[i]!.right === true) return cell.padStart(widths[i]!);
      return i === row.length - 1 ? cell : cell.padEnd(widths[i]!);
    }),
  );
}

/**
 * A table, the head first: the lines of each row. Where rows are too long for 80 columns the first cell of
 * each has a line of its own above the others.
 */
export function tableRows(columns: readonly Column[], rows: readonly (readonly string[])[]): string[][] {
  const cells = alignRows(columns, rows).map((row) => [row[0]!, row.slice(1).join('  ').trimEnd()] as const);
  const isNarrow = cells.every(([first, rest]) => first.length + rest.length + 4 <= width);
  return cells.map(([first, rest]) => {
    return isNarrow ? [`  ${first}  ${rest}`] : [`  ${first.trimEnd()}`, `    ${rest}`];
  });
}

/** Puts colour on the lines of a table's rows: dim on the head, on row i behind it what `styleOf` says. */
export function paintRows(
  rows: readonly (readonly string[])[],
  paint: Paint,
  styleOf: (i: number) => Parameters<Paint>[0] | undefined = () => undefined,
): string[] {
  return rows.flatMap((lines, i) => {
    const style = i === 0 ? 'dim' : styleOf(i - 1);
    return style === undefined ? lines : lines.map((line) => paint(style, line));
  });
}
