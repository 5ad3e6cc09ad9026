// The records of a zone as they are in service, as text: read from the table that the threads answer from,
// and sent as fast as they are taken. `GET /zone`.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { ZoneReader } from '../answer/read.ts';
import { suggest } from '../near.ts';
import { printRdata, typeText } from '../wire/rdata.ts';
import { type Reply, refusal } from './admin.ts';
import type { LoadedZone } from './load.ts';
import { openTable } from './tablefiles.ts';

/** Characters that are sent at once: a few milliseconds of the process that probes. */
const chunkSize = 65_536;

/** Answers with the zone's records, a line for each. */
export function zoneText(zones: readonly LoadedZone[], parameters: URLSearchParams): Reply {
  const name = parameters.get('name') ?? '';
  const origin = name === '.' ? name : `${name.toLowerCase().replace(/\.$/, '')}.`;
  const zone = zones.find((one) => one.origin === origin);
  if (zone === undefined) {
    const hint = suggest(
      origin,
      zones.map((one) => one.origin),
    );
    return refusal(404, `there is no zone ${origin} in service`, hint);
  }
  // Opened before a reload can take it away: what is open stays.
  const reader = new ZoneReader(openTable(zone));
  return { status: 200, body: '', stream: (response) => void send(reader, response) };
}

async function send(reader: ZoneReader, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/dns' });
  let text = '';
  for (const { owner, type, ttl, rdata } of reader.records()) {
    text += `${owner}\t${ttl}\tIN\t${typeText(type)}\t${printRdata(type, rdata)}\n`;
    if (text.length < chunkSize) continue;
    const isTaken = response.write(text);
    text = '';
    // Others have their turn meanwhile, and whoever takes nothing more gets nothing more.
    if (isTaken) await new Promise((resolve) => setImmediate(resolve));
    else await Promise.race([once(response, 'drain'), once(response, 'close')]).catch(() => {});
    if (response.destroyed) return;
  }
  response.end(text);
}
