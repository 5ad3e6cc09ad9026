// What a zone says of itself, as far as doctor compares it with others: its serial, its name servers and
// their addresses, from its files.
import { type LoadedZone, openZone } from '../../control/load.ts';
import { printAddress } from '../../wire/literals.ts';
import { parseNameText, printName } from '../../wire/names.ts';
import { TYPE } from '../../wire/numbers.ts';
import { Zone } from '../../zone/zone.ts';

export type ZoneFacts = {
  readonly origin: string;
  readonly serial: number;
  /** Lowercase and absolute, sorted. */
  readonly servers: readonly string[];
  /** TTL of the NS RRset in seconds. */
  readonly ttl: number;
  /** Addresses that the zone itself has for its name servers: their glue. */
  readonly glue: ReadonlyMap<string, readonly string[]>;
};

/** Reads them. */
export function factsOf(dir: string, { origin, serial, sources }: LoadedZone): ZoneFacts {
  const zone = openZone(dir, sources[0]!, origin);
  const found = recordsAt(zone, zone.origin).filter(({ type }) => type === TYPE.NS);
  const servers = [...new Set(found.map(({ rdata }) => printName(rdata).toLowerCase()))].sort();
  const glue = new Map<string, string[]>();
  for (const server of servers) {
    if (!isBelow(server, origin)) continue;
    const own = recordsAt(zone, parseNameText(server).name!);
    const addresses = own.filter(({ type }) => type === TYPE.A || type === TYPE.AAAA);
    glue.set(server, addresses.map(({ rdata }) => printAddress(rdata)).sort());
  }
  return { origin, serial, servers, ttl: Math.min(...found.map(({ ttl }) => ttl)), glue };
}

/** Whether a name is that of a zone or below it. */
export function isBelow(name: string, origin: string): boolean {
  return name === origin || origin === '.' || name.endsWith(`.${origin}`);
}

type Found = { readonly type: number; readonly ttl: number; readonly rdata: Uint8Array };

function recordsAt(zone: Zone, name: Uint8Array): Found[] {
  const { records, next, first } = zone;
  const node = zone.find(name, 0);
  const found: Found[] = [];
  for (let i = node === Zone.none ? Zone.none : first[node]!; i !== Zone.none; i = next[i]!) {
    const at = records.rdataAt[i]!;
    const rdata = records.octets.subarray(at, at + records.rdataLength[i]!);
    found.push({ type: records.type[i]!, ttl: records.ttl[i]!, rdata });
  }
  return found;
}
