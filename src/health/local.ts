// Is it our own fault? Errors that this host makes before or instead of talking to the server: no
// descriptors, no memory, no ports, no route, a firewall of our own. They say nothing about the server.
// Called by probes.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

/** What each code means for the operator of this host. */
const ownFaults: Readonly<Record<string, string>> = {
  EMFILE: 'no file descriptors left',
  ENFILE: 'the system has no file descriptors left',
  ENOBUFS: 'no buffer space left',
  ENOMEM: 'no memory left',
  EADDRNOTAVAIL: 'no local address or port to probe from',
  ENETDOWN: 'the local network is down',
  EACCES: 'forbidden by this host, perhaps its firewall',
  EPERM: 'forbidden by this host, perhaps its firewall',
  EAFNOSUPPORT: 'this host does not speak this address family',
};

/** Says in words why an error code is our own fault, undefined where it is not or not certainly. */
export function ownFault(code: string): string | undefined {
  return Object.hasOwn(ownFaults, code) ? `${ownFaults[code]} (${code})` : undefined;
}

/** Codes that our routing table and a router far away both produce. */
export function isRouteError(code: string): boolean {
  return code === 'ENETUNREACH' || code === 'EHOSTUNREACH';
}

/**
 * Says whether this host itself has no way to the address. Connecting a UDP socket only asks the routing
 * table and sends nothing, so an error here cannot have come from the network.
 */
export function lacksRoute(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const end = (lacks: boolean) => {
      resolve(lacks);
      socket.close();
    };
    socket.once('error', () => end(true));
    socket.once('connect', () => end(false));
    socket.connect(port, address);
  });
}
