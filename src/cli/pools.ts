// steerdns pools: the balanced names, a line for each.
import type { PoolStatus, Status } from '../control/status.ts';
import { statusCommand } from './statuscommand.ts';
import type { Paint } from './statustext.ts';
import { type Column, paintRows, printCount, tableRows } from './text.ts';

export const command = statusCommand(
  (status) => ({ pools: poolsOf(status) }),
  (status, paint) => poolsText(poolsOf(status), paint),
);

function poolsOf({ zones }: Status): PoolStatus[] {
  return zones.flatMap(({ pools }) => pools);
}

const columns: readonly Column[] = [
  { head: 'POOL' },
  { head: 'TYPE' },
  { head: 'POLICY' },
  { head: 'UP', right: true },
  { head: 'GIVEN', right: true },
  { head: 'ANSWERS', right: true },
  { head: 'TTL', right: true },
  { head: 'RESPONSES', right: true },
];

/** Members that are up or nobody asks, of all; those that are given; addresses per response. */
function poolRow({ owner, type, policy, members, mode, answers, ttl, responses }: PoolStatus): string[] {
  const up = members.filter(({ verdict }) => verdict !== 'down').length;
  const given = members.filter(({ eligible }) => eligible).length;
  const answer = mode === 'sets' ? String(answers) : mode.toUpperCase();
  const counts = [`${up}/${members.length}`, String(given), answer, String(ttl), printCount(responses)];
  return [owner, type, policy, ...counts];
}

/** Makes the text, in 80 columns. */
export function poolsText(pools: readonly PoolStatus[], paint: Paint): string {
  if (pools.length === 0) return 'nothing is balanced\n';
  const lines = paintRows(tableRows(columns, pools.map(poolRow)), paint, (i) => {
    return pools[i]!.members.some(({ verdict }) => verdict === 'down') ? 'red' : undefined;
  });
  return `${lines.join('\n')}\n`;
}
