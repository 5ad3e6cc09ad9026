// The records of a zone as they are in service, as text: read from the table that the threads answer from,
// and sent as fast as they are taken. `GET /zone`.

import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ZoneReader } from '../answer/read.ts';
import { suggest } from '../near.ts';
import { absoluteText } from '../wire/names.ts';
import { printRdata, typeText } from '../wire/rdata.ts';
import { type Reply, refusal } from './admin.ts';
import type { LoadedZone } from './load.ts';
import { openTable } from './tablefiles.ts';

/** Characters that are sent at once: a few milliseconds of the process that probes. */
const chunkSize = 65_536;

/** Answers with the zone's records, a line for each. */
export function zoneText(zones: readonly LoadedZone[], parameters: URLSearchParams): Reply {
  const name = parameters.get('name') ?? '';
  const origin = absoluteText(name);
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
  await pipeline(chunksOf(reader), response).catch(() => {}); // who asked is gone
}

async function* chunksOf(reader: ZoneReader): AsyncGenerator<string> {
  let text = '';
  for (const { owner, type, ttl, rdata } of reader.records()) {
    text += `${owner}\t${ttl}\tIN\t${typeText(type)}\t${printRdata(type, rdata)}\n`;
    if (text.length < chunkSize) continue;
    yield text;
    text = '';
    await new Promise((resolve) => setImmediate(resolve)); // others have their turn
  }
  if (text !== '') yield text;
}
