// Prints what was measured: one table of CPU per query, one of start time and memory. Pure text; called by
// bench.ts.
import type { Turn } from './load.ts';
import type { Peer } from './peers.ts';
import { type Estimate, estimate, median, pairedRatios } from './stats.ts';

/** Whom the ratios are to. */
export const reference = 'gdnsd';
const leastRatios = 3;

/** The counted rounds of one server; undefined where a turn gave no figure. */
export type Rounds = ReadonlyMap<string, readonly (Turn | undefined)[]>;

/** One start: milliseconds to the first answer and octets of PSS, undefined where it failed. */
export type Start = {
  readonly key: string;
  readonly names: number;
  readonly firstAnswerMs: number;
  readonly pss: number;
};

/** The table of one kind of question. */
export function printRounds(peers: readonly Peer[], rounds: Rounds): string {
  const cpuOf = (key: string): (number | undefined)[] =>
    (rounds.get(key) ?? []).map((turn) => turn?.cpuMicros);
  const hasDns2 = rounds.has('dns2');
  const rows = peers.map((peer) => {
    const turns = (rounds.get(peer.key) ?? []).filter((turn) => turn !== undefined);
    if (turns.length === 0) return [peer.title, 'failed', ...(hasDns2 ? [''] : []), '', '', '', '', '', '0'];
    const of = (pick: (turn: Turn) => number): number => median(turns.map(pick));
    return [
      peer.title,
      of((turn) => turn.cpuMicros).toFixed(2),
      peer.key === reference ? '1' : printRatio(pairedRatios(cpuOf(peer.key), cpuOf(reference))),
      ...(hasDns2
        ? [peer.key === 'dns2' ? '1' : printRatio(pairedRatios(cpuOf('dns2'), cpuOf(peer.key)))]
        : []),
      of((turn) => turn.perSecond).toFixed(0),
      `${of((turn) => turn.coreShare * 100).toFixed(0)} %`,
      `${of((turn) => turn.lost)}`,
      `${turns.reduce((sum, turn) => sum + turn.lost, 0)}`,
      `${turns.length}`,
    ];
  });
  const times = hasDns2 ? ['times better than dns2'] : [];
  const head = ['', 'CPU µs/query', `ratio to ${reference}`, ...times, 'queries/s', 'core'];
  return printTable([[...head, 'lost', 'lost in all', 'rounds'], ...rows]);
}

/** What others did on the two cores, and what that means for the table. */
export function printForeign(rounds: Rounds): string {
  const shares = [...rounds.values()]
    .flat()
    .flatMap((turn) => (turn === undefined ? [] : [turn.foreignShare]));
  if (shares.length === 0) return '';
  const percent = median(shares) * 100;
  const verdict = percent > 10 ? ': this machine was not quiet, trust the ratios only' : '';
  return `Others took ${percent.toFixed(1)} % of one core (median)${verdict}.\n`;
}

/** The table of start time and memory. */
export function printStarts(
  peers: readonly Peer[],
  sizes: readonly number[],
  starts: readonly Start[],
): string {
  const head = ['', ...sizes.flatMap((names) => [`${names} names: first answer`, 'memory (PSS)', 'starts'])];
  const rows = peers.map((peer) => [
    peer.title,
    ...sizes.flatMap((names) => {
      const own = starts.filter((start) => start.key === peer.key && start.names === names);
      if (own.length === 0) return ['failed', '', '0'];
      const seconds = median(own.map((start) => start.firstAnswerMs)) / 1000;
      const mebibytes = median(own.map((start) => start.pss)) / 2 ** 20;
      return [`${seconds.toFixed(seconds < 1 ? 3 : 2)} s`, `${mebibytes.toFixed(1)} MiB`, `${own.length}`];
    }),
  ]);
  return printTable([head, ...rows]);
}

function printRatio(ratios: readonly number[]): string {
  if (ratios.length === 0) return '–';
  const { median: middle, low, high }: Estimate = estimate(ratios);
  const digits = middle >= 10 ? 1 : 2;
  if (ratios.length < leastRatios) return `${middle.toFixed(digits)} [too few rounds]`;
  return `${middle.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}

/** Pads the columns: the first to the left, numbers to the right. */
function printTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
