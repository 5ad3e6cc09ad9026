// steerdns pools: the balanced names, a line for each.
import type { PoolStatus } from '../control/status.ts';
import { askStatus } from './client.ts';
import { type Command, EXIT, options, paint } from './command.ts';
import type { Paint } from './statustext.ts';
import { type Column, printCount, tableRows } from './text.ts';

export const command: Command = {
  usage: '',
  options: { control: options.control, json: options.json },
  positionalsMin: 0,
  positionalsMax: 0,
  async run(values) {
    const status = await askStatus(values);
    if (typeof status === 'number') return status;
    const pools = status.zones.flatMap((zone) => zone.pools);
    if (values.json === true) process.stdout.write(`${JSON.stringify({ pools })}\n`);
    else process.stdout.write(poolsText(pools, (style, text) => paint(process.stdout, style, text)));
    return EXIT.done;
  },
};

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
  const lines = tableRows(columns, pools.map(poolRow)).flatMap((row, i) => {
    if (i === 0) return row.map((line) => paint('dim', line));
    const isBad = pools[i - 1]!.members.some(({ verdict }) => verdict === 'down');
    return isBad ? row.map((line) => paint('red', line)) : row;
  });
  return `${lines.join('\n')}\n`;
}
