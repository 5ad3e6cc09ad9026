// All sockets of the server, bound by its main thread before it gives root up: what a thread has lost with
// its life, the next one in its place gets again, without a right to port 53. Where there is no libc, the
// threads bind for themselves (places.ts); a thread that dies then needs that right anew.
import { printSocketAddress, type SocketAddress } from '../wire/addresses.ts';
import { connectionsThereIsRoomFor } from './descriptors.ts';
import { interfacesOf } from './interfaces.ts';
import { libcFault } from './libc.ts';
import { adoptSockets, type Passed } from './passed.ts';
import type { Place } from './places.ts';
import { type Bound, bindUdp, closeSocket, isWildcard, listenTcp, type UdpSocket } from './socket.ts';
import type { ThreadKind } from './threads.ts';

export type SocketOptions = {
  readonly listen: readonly SocketAddress[];
  /** Nobody has asked for just these addresses: what this kernel cannot do is left out. */
  readonly isDefault: boolean;
  readonly engine: 'batch' | 'dgram';
  readonly workers: number;
  /** Bound by whoever started the server; where there are any, nothing is bound here. */
  readonly passed: readonly Passed[];
};

/** Bound sockets as threads want them. */
export type Sockets = {
  /** Names of threads and what they do. */
  readonly threads: readonly (readonly [name: string, kind: ThreadKind])[];
  /** Addresses that are listened on. */
  readonly listen: readonly SocketAddress[];
  /** What the operator should know. */
  readonly warnings: readonly string[];
  /** Ends the listening on TCP: what still waits in the kernel is refused. */
  close(): void;
};

/** Binds everything. Throws an Error with the system's `code`; nothing is bound then. */
export function openSockets(options: SocketOptions): Sockets {
  if (options.passed.length > 0) return adoptSockets(options);
  return libcFault === undefined ? new Binder(options).bind() : unbound(options);
}

/** Leaves the binding to the threads. */
function unbound({ listen, isDefault }: SocketOptions): Sockets {
  const places = listen.map((one): Place => ({ ...one, isOptional: isDefault }));
  const { connectionsMax, warnings } = connectionsThereIsRoomFor(2, listen.length);
  return {
    threads: [
      ['udp-1', { kind: 'dgram', listen: places }],
      ['stream', { kind: 'stream', listen: places, connectionsMax }],
    ],
    listen,
    warnings,
    close: () => {},
  };
}

class Binder {
  readonly #options: SocketOptions;
  readonly #listen: SocketAddress[] = [];
  readonly #warnings: string[] = [];
  readonly #made: number[] = [];

  constructor(options: SocketOptions) {
    this.#options = options;
  }

  bind(): Sockets {
    const { engine, workers } = this.#options;
    try {
      const tcp = this.#bindTcp();
      const udp: [string, ThreadKind][] = [];
      if (engine === 'dgram') udp.push(['udp-1', { kind: 'dgram', listen: this.#bindForDgram() }]);
      else {
        // Bound once without SO_REUSEPORT: another server there, of whatever user, is then found and not
        // joined.
        for (const { address, port } of this.#listen) closeSocket(bindUdp(address, port, false).fd);
        for (let i = 1; i <= workers; i++) {
          const sockets: UdpSocket[] = this.#listen.map((one) =>
            this.#keep(bindUdp(one.address, one.port, true)),
          );
          udp.push([`udp-${i}`, { kind: 'batch', sockets }]);
        }
      }
      const { connectionsMax, warnings } = connectionsThereIsRoomFor(udp.length + 1, tcp.length);
      return {
        threads: [...udp, ['stream', { kind: 'stream', listen: tcp, connectionsMax }]],
        listen: this.#listen,
        warnings: [...this.#warnings, ...warnings],
        close: () => {
          for (const { fd } of tcp) closeSocket(fd!);
        },
      };
    } catch (error) {
      for (const fd of this.#made) closeSocket(fd);
      throw error;
    }
  }

  /** TCP first: it finds out which addresses there are. */
  #bindTcp(): Place[] {
    const places: Place[] = [];
    for (const one of this.#options.listen) {
      const where = printSocketAddress(one.address, one.port);
      try {
        const bound = this.#keep(listenTcp(one.address, one.port));
        if (bound.isFree)
          this.#warnings.push(`no interface has the address of ${where} yet: listening for it`);
        places.push({ ...one, fd: bound.fd });
        this.#listen.push(one);
      } catch (error) {
        const isUnknown = (error as NodeJS.ErrnoException).code === 'EAFNOSUPPORT';
        if (!this.#options.isDefault || !isUnknown) throw error;
        this.#warnings.push(`not listening on ${where}: this kernel has no IPv6`);
      }
    }
    return places;
  }

  /** One socket for each address of a wildcard, and the wildcard, for the thread to look for new ones. */
  #bindForDgram(): Place[] {
    return this.#listen.flatMap((one): Place[] => {
      const places = interfacesOf(one).flatMap((place) =>
        this.#bindInterface(place, isWildcard(one.address)),
      );
      return isWildcard(one.address) ? [...places, one] : places;
    });
  }

  #bindInterface(place: SocketAddress, isOneOfMany: boolean): Place[] {
    const bound = this.#keep(bindUdp(place.address, place.port, false));
    // What an interface has only just been given is not ready yet, and is looked for again.
    if (bound.isFree && isOneOfMany) {
      closeSocket(this.#made.pop()!);
      return [];
    }
    return [{ ...place, fd: bound.fd }];
  }

  #keep(bound: Bound): Bound {
    this.#made.push(bound.fd);
    return bound;
  }
}

/** Why nothing could be bound, for the operator. */
export function bindFault({ code, message }: { code?: string | undefined; message: string }): string {
  const hint = code === undefined ? undefined : hints[code];
  return `cannot listen: ${message}${hint === undefined ? '' : ` (${hint})`}`;
}

const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something listens there already',
  EACCES: 'ports below 1024 need root, CAP_NET_BIND_SERVICE, or a lower net.ipv4.ip_unprivileged_port_start',
  EINVAL: 'a link-local address such as fe80::1 belongs to one interface and cannot be listened on',
  EADDRNOTAVAIL: 'no interface has this address',
  EAFNOSUPPORT: 'this kernel has no IPv6: leave the address out',
};
