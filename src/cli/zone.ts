// steerdns zone NAME: one zone as it is in service; with --records its records, as canonical text.
import type { ZoneStatus } from '../control/status.ts';
import { suggest } from '../near.ts';
import { findControl } from '../paths.ts';
import { absoluteText, parseNameText } from '../wire/names.ts';
import { printZoneChunks } from '../zone/print.ts';
import { loadZoneFile } from '../zone/scan.ts';
import { indexZone, type Zone } from '../zone/zone.ts';
import { askStatus, open, refused } from './client.ts';
import { type Command, complain, EXIT, options, painter, textOf, type Values } from './command.ts';
import { poolsText } from './pools.ts';
import type { Paint } from './statustext.ts';
import { hang, plural, printCount, printMoment } from './text.ts';
import { balancedOf } from './zones.ts';

export const command: Command = {
  usage: 'NAME',
  options: {
    records: { what: 'print its records as they are in service' },
    control: options.control,
    json: options.json,
  },
  positionalsMin: 1,
  positionalsMax: 1,
  async run(values, [name = '']) {
    const status = await askStatus(values);
    if (typeof status === 'number') return status;
    const { zones, now } = status;
    const origin = absoluteText(name);
    const found = zones.find((zone) => zone.origin === origin);
    if (found === undefined) {
      const hint = suggest(
        origin,
        zones.map((zone) => zone.origin),
      );
      complain(`there is no zone ${origin} in service`, hint);
      return EXIT.failed;
    }
    if (values.records === true) return printRecords(values, found);
    process.stdout.write(values.json === true ? `${JSON.stringify(found)}\n` : zoneText(found, now, painter));
    return EXIT.done;
  },
};

/** Makes the text, in 80 columns. */
export function zoneText(zone: ZoneStatus, now: number, paint: Paint): string {
  const { origin, serial, records, names, file, generation, since, pools } = zone;
  const when = since === undefined ? '' : `, since ${printMoment(since, now)}`;
  const lines = [
    ...hang('', origin).map((line) => paint('bold', line)),
    ...hang('serial     ', String(serial)),
    ...hang('holds      ', `${plural(records, 'record')}, ${plural(names, 'name')}`),
    ...hang('file       ', file),
    ...hang('in service ', `generation ${generation}${when}`),
    ...hang('balanced   ', printCount(balancedOf(pools).length)),
  ];
  return `${lines.join('\n')}\n${pools.length === 0 ? '' : `\n${poolsText(pools, paint)}`}`;
}

/** They come in the order of the table, and are put into that of `check --print` here. */
async function printRecords(values: Values, { origin, serial }: ZoneStatus): Promise<number> {
  const socketPath = findControl({ control: textOf(values, 'control') });
  const response = await open(socketPath, `/zone?${new URLSearchParams({ name: origin })}`);
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks);
  if (response.statusCode !== 200) {
    return refused({ status: response.statusCode ?? 0, body: JSON.parse(text.toString()) });
  }
  if (!response.complete) {
    complain('the daemon went away before it had said everything');
    return EXIT.failed;
  }
  const zone = readZone(text, origin);
  if (values.json === true) {
    const records = [...printZoneChunks(zone)].join('').trimEnd().split('\n');
    process.stdout.write(`${JSON.stringify({ origin, serial, records })}\n`);
    return EXIT.done;
  }
  for (const chunk of printZoneChunks(zone)) {
    if (!process.stdout.write(chunk)) await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
  return EXIT.done;
}

function readZone(text: Buffer, origin: string): Zone {
  const { name } = parseNameText(origin);
  const { records } = loadZoneFile('served', name!, {
    root: '/',
    read: () => text,
    realpath: (path) => path,
  });
  return indexZone(records, name!);
}
