// steerdns zones: the zones in service, a line for each.
import type { ZoneStatus } from '../control/status.ts';
import { statusCommand } from './statuscommand.ts';
import type { Paint } from './statustext.ts';
import { type Column, paintRows, printCount, printShortSpan, tableRows } from './text.ts';

export const command = statusCommand(
  ({ zones }) => ({ zones: zones.map(zoneJson) }),
  ({ zones, now }, paint) => zonesText(zones, now, paint),
);

/** What there is to say of a zone, its pools by name. */
export function zoneJson({ pools, ...zone }: ZoneStatus) {
  return { ...zone, balanced: balancedOf(pools) };
}

/** The names that are balanced. */
export function balancedOf(pools: ZoneStatus['pools']): string[] {
  return [...new Set(pools.map(({ owner }) => owner))];
}

const columns: readonly Column[] = [
  { head: 'SERIAL', right: true },
  { head: 'RECORDS', right: true },
  { head: 'NAMES', right: true },
  { head: 'BALANCED', right: true },
  { head: 'GENERATION', right: true },
  { head: 'SINCE' },
];

/** Makes the text, in 80 columns. */
export function zonesText(zones: readonly ZoneStatus[], now: number, paint: Paint): string {
  if (zones.length === 0) return 'no zone is in service\n';
  const rows = zones.map(({ origin, serial, records, names, pools, generation, since }) => [
    origin,
    String(serial),
    printCount(records),
    printCount(names),
    printCount(balancedOf(pools).length),
    String(generation),
    since === undefined ? '-' : `${printShortSpan(now - since)} ago`,
  ]);
  const lines = paintRows(tableRows([{ head: 'ZONE' }, ...columns], rows), paint);
  return `${lines.join('\n')}\n`;
}
