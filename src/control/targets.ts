// Names that members of a balanced CNAME lead to, in the zone itself: whoever gets one that does not exist
// gets NXDOMAIN. Asked of the table, by the walk that answers queries. Called by load.ts for each zone.
import { FOUND, find } from '../answer/find.ts';
import { Tables } from '../answer/tables.ts';
import type { PoolConfig } from '../config.ts';
import { errorAt, type Fault } from '../faults.ts';
import { Labels, readLabels } from '../wire/labels.ts';
import { parseNameText, printName } from '../wire/names.ts';
import { TYPE } from '../wire/numbers.ts';

/** The CNAME of a balanced name, with every target that it may have. */
export type Alias = { readonly config: PoolConfig; readonly targets: readonly Uint8Array[] };

/** Finds targets that the zone of `origin` would answer for and does not have; `origins` are all zones. */
export function targetFaults(
  origin: string,
  table: Uint8Array,
  aliases: readonly Alias[],
  origins: ReadonlySet<string>,
): Fault[] {
  const inside = aliases.flatMap(({ config, targets }) =>
    targets.filter((target) => zoneOf(target, origins) === origin).map((target) => ({ config, target })),
  );
  if (inside.length === 0) return [];
  const tables = new Tables();
  tables.adopt({ zones: [{ origin, table }], sets: [] });
  return inside.flatMap(({ config, target }) => {
    if (find(tables.zones[0]!, labelsOf(target), TYPE.A) !== FOUND.nxdomain) return [];
    const text = printName(target);
    const place = config.members.get(text.toLowerCase())?.place ?? config.place;
    const what = `${config.owner} may lead to ${text}, which the zone does not have`;
    return [errorAt(place, what, hintFor(text, origin))];
  });
}

/** The zone with the longest apex that a name lies in. */
function zoneOf(name: Uint8Array, origins: ReadonlySet<string>): string | undefined {
  const { octets, starts, count } = labelsOf(name);
  for (let label = 0; label <= count; label++) {
    const apex = printName(octets, starts[label]!);
    if (origins.has(apex)) return apex;
  }
  return undefined;
}

/** The labels of a name, in lowercase. */
function labelsOf(name: Uint8Array): Labels {
  const labels = new Labels();
  readLabels(labels, name, 0, name.length);
  return labels;
}

/** A name of several labels that was completed may have been meant as it is. */
function hintFor(text: string, origin: string): string {
  const relative = text.slice(0, -origin.length - 1);
  const isLong = relative.includes('.') && parseNameText(`${relative}.`).name !== undefined;
  const meant = `is a final dot missing? "${relative}." is a name as it is; without one the zone's is added`;
  return isLong ? meant : `add "${relative}" to the zone file`;
}
