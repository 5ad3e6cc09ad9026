// Datagrams that the kernel dropped because a socket's receive buffer was full, from /proc/net/udp: the one
// loss that the server cannot see for itself.
import { readFileSync } from 'node:fs';
import { parseAddressText } from '../wire/literals.ts';

/** Drops on all sockets bound to these addresses, or -1 where the system does not say. */
export function kernelDrops(listen: readonly { readonly address: string; readonly port: number }[]): number {
  const wanted = new Set(
    listen.map(({ address, port }) => `${kernelHex(address)}:${port.toString(16).padStart(4, '0')}`),
  );
  try {
    let drops = 0;
    for (const table of ['/proc/net/udp', '/proc/net/udp6']) {
      for (const line of readFileSync(table, 'latin1').split('\n').slice(1)) {
        const columns = line.trim().split(/\s+/);
        if (wanted.has(columns[1]?.toLowerCase() ?? '')) drops += Number(columns.at(-1));
      }
    }
    return drops;
  } catch {
    return -1;
  }
}

/** An address as the kernel prints it: 32-bit words in the machine's order, which is little-endian here. */
function kernelHex(address: string): string {
  const octets = Buffer.from(parseAddressText(address)!);
  return octets.swap32().toString('hex');
}
