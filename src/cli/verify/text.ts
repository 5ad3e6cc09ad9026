// What `steerdns verify` prints, in 80 columns: who was asked what, the table, then what it comes to. Pure.
import type { Paint } from '../statustext.ts';
import {
  alignRows,
  type Column,
  hang,
  paintRows,
  plural,
  printCount,
  printShare,
  tableRows,
} from '../text.ts';
import { confidence, type Row } from './judge.ts';
import type { Change } from './sample.ts';
import type { WantedMember } from './wanted.ts';

export type Report = {
  readonly name: string;
  readonly type: string;
  readonly server: string;
  readonly comparedWith: string;
  readonly notes: readonly string[];
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly void: number;
  readonly wrong: Readonly<Record<string, number>>;
  readonly changes: readonly Change[];
  readonly members: readonly WantedMember[];
  readonly rows: readonly Row[];
};

/** More lost queries than this part say nothing good of the shares of the rest. */
const lostPartMax = 0.05;
/** What the sets come to may differ from the weights by a point before it is said. */
const weighedErrorMax = 0.01;

/** Whether everything is as it should be. */
export function isVerified(report: Report): boolean {
  return report.rows.every(({ verdict }) => verdict === 'ok') && faultsOf(report).length === 0;
}

/** What is wrong beside shares. */
function faultsOf({ sent, answered, lost, losses, wrong, void: voided }: Report): string[] {
  const faults = Object.entries(wrong).map(([what, count]) => `${plural(count, 'answer')}: ${what}`);
  const counted = sent - voided;
  if (answered === 0 || lost > counted * lostPartMax) {
    const why = Object.keys(losses).join('; ');
    faults.push(`${printCount(lost)} of ${plural(counted, 'query', 'queries')} were lost: ${why}`);
  }
  return faults;
}

const columns: readonly Column[] = [
  { head: 'WANTED', right: true },
  { head: 'GIVEN', right: true },
  { head: 'INTERVAL', right: true },
  { head: 'VERDICT' },
];

/** Makes the text. */
export function verifyText(report: Report, paint: Paint): string {
  const { name, type, server, comparedWith, answered, lost, void: voided, notes } = report;
  const losses = `${printCount(lost)} lost${voided === 0 ? '' : `, ${printCount(voided)} void`}`;
  const head = `${name} ${type} at ${server} against ${comparedWith}: `;
  const lines = hang('', `${head}${plural(answered, 'answer')}, ${losses}`).map((line) =>
    paint('bold', line),
  );
  for (const change of report.changes) {
    lines.push(...hang('!  ', changeText(change)).map((line) => paint('yellow', line)));
  }
  for (const note of notes) lines.push(...hang('   ', note));
  lines.push(...tableLines(report.rows, paint));
  for (const { name: member, weighed, share } of report.members) {
    if (Math.abs(weighed - share) <= weighedErrorMax) continue;
    const asks = `the weights ask for ${printShare(weighed)}, so many addresses come to ${printShare(share)}`;
    lines.push(...hang(`!  ${member}: `, asks).map((line) => paint('yellow', line)));
  }
  const faults = faultsOf(report);
  for (const fault of faults) lines.push(...hang('!! ', fault).map((line) => paint('red', line)));
  const outside = report.rows.filter(({ verdict }) => verdict !== 'ok').length;
  const shares = plural(report.rows.length, 'share');
  const result = outside > 0 ? `${outside} of ${shares} outside` : `${shares} inside`;
  const how = `Chernoff's bound; a server that is right passes ${confidence * 100} % of all runs, or more`;
  const isGood = isVerified(report);
  const last = hang('', `${isGood ? 'good' : 'not good'}: ${result} their intervals (${how})`);
  lines.push(...last.map((line) => paint(isGood ? 'green' : 'red', line)));
  return `${lines.join('\n')}\n`;
}

function changeText({ after, from, to, what }: Change): string {
  const when = `generation ${from} -> ${to} after ${plural(after, 'query', 'queries')}`;
  return `${when}: ${what.length === 0 ? 'nothing is otherwise for this name' : what.join(', ')}`;
}

function tableLines(rows: readonly Row[], paint: Paint): string[] {
  const named = rows.some(({ member, address }) => member !== address);
  const heads: Column[] = named ? [{ head: 'MEMBER' }, { head: 'ADDRESS' }] : [{ head: 'ADDRESS' }];
  const whoOf = ({ member, address }: Row) => {
    if (!named) return [address, ''];
    return [member === address || member === '' ? '-' : member, address, ''];
  };
  const who = alignRows([...heads, { head: '' }], rows.map(whoOf)).map((row) => row.join('  ').trimEnd());
  const cells = rows.map(({ wanted, given, low, high, verdict }, i) => {
    const between = `${(low * 100).toFixed(1)}-${printShare(high)}`;
    return [who[i + 1]!, printShare(wanted), printShare(given), between, verdict];
  });
  return paintRows(tableRows([{ head: who[0]! }, ...columns], cells), paint, (i) => {
    return rows[i]!.verdict === 'ok' ? undefined : 'red';
  });
}
