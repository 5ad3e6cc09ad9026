// An address with its port, as operators write it and as this program prints it everywhere. No library and no
// I/O, so the server process can read its flags with it.
import { parseAddressText, printAddress } from './literals.ts';

/** The octets of an address, 4 or 16; undefined for what is none. */
export { parseAddressText as parseAddress } from './literals.ts';

export type SocketAddress = { readonly address: string; readonly port: number };

/**
 * Reads `192.0.2.1:53`, `[2001:db8::1]:53` or an address alone, into canonical text; undefined for what is
 * none.
 */
export function parseSocketAddress(text: string, portDefault: number): SocketAddress | undefined {
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text);
  const octets = parseAddressText(parts === null ? text : (parts[1] ?? parts[2]!));
  // Brackets belong to IPv6, and IPv6 with a port needs them.
  if (octets === undefined || (parts?.[1] !== undefined && octets.length === 4)) return undefined;
  const port = parts?.[3] === undefined ? portDefault : Number(parts[3]);
  return port <= 65_535 ? { address: printAddress(octets), port } : undefined;
}

/** Prints an address with its port, IPv6 in brackets. */
export function printSocketAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
