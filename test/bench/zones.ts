// The zone of the bench, written for each server: `bench.example` with one balanced name of four equal
// members and as many names h0, h1, … with one A record as a run asks for. The text differs in one line
// only: for gdnsd the balanced name is a DYNA record, for the others it is an ordinary RRset. Called by
// peers.ts.
import { closeSync, openSync, writeSync } from 'node:fs';

export const origin = 'bench.example';
export const balancedName = `www.${origin}`;
export const memberAddresses = ['192.0.2.11', '192.0.2.12', '192.0.2.13', '192.0.2.14'] as const;
export const ttl = 300;

/** The ordinary RRset of the balanced name: plain round robin for servers that know no health. */
export const balancedPlain = memberAddresses.map((address) => `www ${ttl} A ${address}\n`).join('');
/** The same for gdnsd: its plugin with all four up. */
export const balancedDyna = `www ${ttl} DYNA multifo!www\n`;

const linesPerWrite = 10_000;

/** The A record of hN: all different, all in 10/8. */
export function hostAddress(index: number): string {
  return `10.${(index >>> 16) & 255}.${(index >>> 8) & 255}.${index & 255}`;
}

/** The name that is asked for to see whether the whole zone is there: the last one of the file. */
export function lastHost(names: number): string {
  return `h${names - 1}.${origin}`;
}

/** Writes the zone file: `balanced` is one of the two texts above, `names` how many hN follow it. */
export function writeZone(file: string, balanced: string, names: number): void {
  const descriptor = openSync(file, 'w');
  try {
    writeSync(
      descriptor,
      `$ORIGIN ${origin}.\n$TTL ${ttl}\n` +
        `@ SOA ns1 hostmaster 1 3600 600 86400 ${ttl}\n@ NS ns1\n@ NS ns2\n` +
        `ns1 A 192.0.2.1\nns2 A 192.0.2.2\n` +
        balanced,
    );
    for (let start = 0; start < names; start += linesPerWrite) {
      let text = '';
      for (let index = start; index < Math.min(names, start + linesPerWrite); index++) {
        text += `h${index} A ${hostAddress(index)}\n`;
      }
      writeSync(descriptor, text);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Address number `index` of the servers that are probed: 127.1.0.0 and after. */
export function probedAddress(index: number): string {
  return `127.${1 + (index >>> 16)}.${(index >>> 8) & 255}.${index & 255}`;
}
