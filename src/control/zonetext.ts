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

/** Zones that are sent at a time: each is a copy of its table in memory for as long as it is read ... */
const streamsMax = 2;
/** ... which is this at most: a million records over a slow line. */
const streamMaxMs = 10 * 60_000;
let streams = 0;

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
  if (streams >= streamsMax) return refusal(503, `${streamsMax} zones are being read already`, 'try again');
  // Opened before a reload can take it away: what is open stays.
  const reader = new ZoneReader(openTable(zone));
  return { status: 200, body: '', stream: (response) => void send(reader, response) };
}

async function send(reader: ZoneReader, response: ServerResponse): Promise<void> {
  streams++;
  response.writeHead(200, { 'content-type': 'text/dns' });
  const signal = AbortSignal.timeout(streamMaxMs);
  await pipeline(chunksOf(reader), response, { signal }).catch(() => {}); // who asked is gone, or too slow
  streams--;
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
