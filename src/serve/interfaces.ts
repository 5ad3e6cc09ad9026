// The addresses of this machine's interfaces, and those behind a wildcard: node:dgram cannot say which
// address a datagram came to, a socket for each can.
import { networkInterfaces } from 'node:os';
import type { SocketAddress } from '../wire/addresses.ts';

/** Whether an interface has this address at the moment; a wildcard is always there. */
export function isThere({ address }: SocketAddress): boolean {
  if (address === '0.0.0.0' || address === '::' || address.startsWith('127.')) return true;
  return Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === address));
}

/** The addresses of this moment's interfaces that a wildcard stands for; any other address is itself. */
export function interfacesOf<Place extends SocketAddress>(place: Place): Place[] {
  const { address } = place;
  if (address !== '0.0.0.0' && address !== '::') return [place];
  const family = address === '::' ? 'IPv6' : 'IPv4';
  return Object.values(networkInterfaces())
    .flatMap((one) => one ?? [])
    .filter((one) => one.family === family && !one.address.startsWith('fe80:'))
    .map((one) => ({ ...place, address: one.address }));
}
