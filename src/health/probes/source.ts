// The address that probes come from: one of this host, or one of each family. Used by the probes that talk to
// an address, by way of connections.ts where they open a connection.
import { isIP } from 'node:net';
import { parseAddressText, printAddress } from '../../wire/literals.ts';
import type { Option, Parsed } from './probe.ts';

/** The option of every such probe. */
export const sourceOption = {
  kind: 'own',
  parse: parseSource,
  what: 'address of this host to probe from, or one of each family: [192.0.2.5, 2001:db8::5]',
} as const satisfies Option;

function parseSource(written: unknown): Parsed {
  const sources: string[] = [];
  for (const one of Array.isArray(written) ? written : [written]) {
    const octets = typeof one === 'string' ? parseAddressText(one) : undefined;
    if (octets === undefined) return { wrong: 'must be an address, or one of each family' };
    const address = printAddress(octets);
    if (sources.some((other) => isIP(other) === isIP(address))) {
      return { wrong: `has two IPv${isIP(address)} addresses` };
    }
    sources.push(address);
  }
  if (sources.length === 0) return { wrong: 'must be an address, or one of each family' };
  return { value: sources.sort((a, b) => isIP(a) - isIP(b)) };
}

/** The one of the sources that can talk to an address; undefined: the system chooses. */
export function sourceFor(address: string, source: unknown): string | undefined {
  return (source as readonly string[] | undefined)?.find((one) => isIP(one) === isIP(address));
}
