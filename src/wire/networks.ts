// hot: networks: an address and how many of its leading bits count, as in 192.0.2.0/24. An IPv4 address in
// IPv6 clothes is an IPv4 address everywhere.
import { parseAddressText, printAddress } from './literals.ts';

/** A network: 4 or 16 octets, of which the first `bits` bits count; the others are 0. */
export type Network = { readonly address: Uint8Array; readonly bits: number };

/** Whether the 16 octets at `at` are an IPv4 address in IPv6 clothes, ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
export function isMapped(address: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (address[at + i] !== 0) return false;
  return address[at + 10] === 0xff && address[at + 11] === 0xff;
}

/** Whether the first `bits` bits of one address at octets[at] are those of `network`. */
export function startsWith(octets: Uint8Array, at: number, network: Uint8Array, bits: number): boolean {
  const whole = bits >>> 3;
  for (let i = 0; i < whole; i++) if (octets[at + i] !== network[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (octets[at + whole]! ^ network[whole]!) >>> (8 - rest) === 0;
}

/** Whether the address of `size` 4 or 16 octets at octets[at] lies in one of these networks, all unmapped. */
export function isInOne(networks: readonly Network[], octets: Uint8Array, at: number, size: number): boolean {
  const skipped = size === 16 && isMapped(octets, at) ? 12 : 0;
  for (let i = 0; i < networks.length; i++) {
    const network = networks[i]!;
    if (network.address.length !== size - skipped) continue;
    if (startsWith(octets, at + skipped, network.address, network.bits)) return true;
  }
  return false;
}

/**
 * Set-up: reads `192.0.2.0/24` or an address alone, which is a network of one; where it is neither, says what
 * is wrong with it, as the end of a sentence that begins with the text.
 */
export function parseNetwork(text: string): Network | { readonly wrong: string; readonly hint: string } {
  const [first = '', length, ...others] = text.split('/');
  const octets = parseAddressText(first);
  if (octets === undefined || others.length > 0) {
    return { wrong: 'is no network', hint: 'such as 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1' };
  }
  const most = octets.length * 8;
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (bits < 0 || bits > most) {
    return { wrong: `has a length of "${length}"`, hint: `a whole number from 0 to ${most}` };
  }
  const network = octets.map((octet, i) => octet & (0xff00 >> Math.max(0, Math.min(8, bits - 8 * i))));
  if (Buffer.compare(network, octets) !== 0) {
    return { wrong: `has bits beyond the first ${bits}`, hint: `is ${printAddress(network)}/${bits} meant?` };
  }
  return { address: octets, bits };
}

/** Set-up: the network with what it has of IPv4 in IPv6 clothes undressed, as isInOne() needs it. */
export function unmapped(network: Network): Network {
  if (network.bits < 96 || !isMapped(network.address, 0)) return network;
  return { address: network.address.slice(12), bits: network.bits - 96 };
}
