// Sockets that systemd has bound and passes (steerdns.socket): what they are is asked of the kernel, and
// they are made as ours are. All UDP workers receive from the one socket of an address, since only its
// owner could bind more beside it. They stay with systemd when the server stops: what comes meanwhile
// waits in them.
import { printSocketAddress, type SocketAddress } from '../wire/addresses.ts';
import { printAddress } from '../wire/literals.ts';
import { connectionsThereIsRoomFor } from './descriptors.ts';
import { libcFault } from './libc.ts';
import type { Place } from './places.ts';
import { closeSocket, kindOf, listenOn, localAddress, prepareTcp, prepareUdp } from './socket.ts';
import type { SocketOptions, Sockets } from './sockets.ts';
import { firstDescriptor } from './systemd.ts';
import type { ThreadKind } from './threads.ts';

export type Passed = SocketAddress & { readonly fd: number; readonly transport: 'udp' | 'tcp' };

/** Finds out what was passed; a sentence where something of it is of no use. */
export function readPassed(count: number): Passed[] | { readonly fault: string } {
  if (count === 0) return [];
  if (libcFault !== undefined) {
    return { fault: `sockets were passed and cannot be taken: ${libcFault} (start without steerdns.socket)` };
  }
  const passed: Passed[] = [];
  for (let fd = firstDescriptor; fd < firstDescriptor + count; fd++) {
    const one = readOne(fd);
    if (typeof one === 'string') return { fault: `passed descriptor ${fd} ${one}` };
    const double = passed.some((other) => keyOf(other) === keyOf(one));
    if (double) return { fault: `${keyOf(one)} is passed twice: all workers receive from one socket` };
    passed.push(one);
  }
  return passed;
}

function keyOf({ transport, address, port }: Passed): string {
  return `${transport} ${printSocketAddress(address, port)}`;
}

function readOne(fd: number): Passed | string {
  const kind = kindOf(fd);
  if (typeof kind === 'string') return kind;
  const { octets, port } = localAddress({ fd });
  const address = printAddress(octets);
  if (octets.length === 16 && !kind.isSixOnly) {
    const where = printSocketAddress(address, port);
    return `(${where}) takes IPv4 too, so clients could not be told apart: say BindIPv6Only=ipv6-only`;
  }
  return { fd, transport: kind.transport, address, port };
}

/** The addresses that were passed, each once. */
export function addressesOf(passed: readonly Passed[]): string[] {
  return [...new Set(passed.map(({ address, port }) => printSocketAddress(address, port)))];
}

/** Makes passed sockets ready for threads. Throws an Error with the system's `code`. */
export function adoptSockets({ passed, listen, engine, workers }: SocketOptions): Sockets {
  const udp = passed.filter(({ transport }) => transport === 'udp');
  const tcp = passed.filter(({ transport }) => transport === 'tcp');
  for (const { fd, address } of udp) prepareUdp(fd, address);
  for (const { fd, address, port } of tcp) {
    prepareTcp(fd);
    listenOn(fd, printSocketAddress(address, port));
  }
  const names = Array.from({ length: engine === 'batch' ? workers : 1 }, (_, i) => `udp-${i + 1}`);
  const kind: ThreadKind =
    engine === 'batch' ? { kind: engine, sockets: udp } : { kind: engine, listen: udp.map(placeOf) };
  const room = connectionsThereIsRoomFor(names.length + 1, tcp.length);
  const stream: ThreadKind = {
    kind: 'stream',
    listen: tcp.map(placeOf),
    connectionsMax: room.connectionsMax,
  };
  return {
    threads: [...names.map((name) => [name, kind] as const), ['stream', stream]],
    listen,
    warnings: [...missing(udp, tcp, 'TCP'), ...missing(tcp, udp, 'UDP'), ...room.warnings],
    close: () => {
      for (const { fd } of tcp) closeSocket(fd);
    },
  };
}

function placeOf({ address, port, fd }: Passed): Place {
  return { address, port, fd };
}

/** Resolvers need both: UDP to ask, TCP for what does not fit. */
function missing(there: readonly Passed[], beside: readonly Passed[], name: string): string[] {
  return there
    .filter((one) => !beside.some(({ address, port }) => address === one.address && port === one.port))
    .map(({ address, port }) => `no ${name} socket was passed for ${printSocketAddress(address, port)}`);
}
