// UDP sockets of the batch engine, made and bound by the server's main thread through libc: Node cannot make
// one with SO_REUSEPORT before version 22, and closes what it made with its thread. Threads are given
// descriptor numbers.
import { receiveBufferSize, receiveTimeoutMs } from '../limits.ts';
import { printSocketAddress } from '../wire/addresses.ts';
import { parseAddressText } from '../wire/literals.ts';
import { libc } from './libc.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SO_SNDTIMEO = 21;
const IPPROTO_IP = 0;
const IP_MTU_DISCOVER = 10;
const IPV6_MTU_DISCOVER = 23;
/** Never fragment because somebody says that a path is narrow (RFC 9715 §3.1). */
const PMTUDISC_OMIT = 5;
const IP_PKTINFO = 8;
const IPV6_RECVPKTINFO = 49;

/** Octets of a sockaddr_in6, the larger of the two. */
const nameSize = 28;

export type UdpSocket = { readonly fd: number };

function int(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/**
 * Makes and binds one UDP socket. Port 0 lets the kernel choose. Throws an Error whose `code` is the
 * system's (EADDRINUSE, EACCES, EADDRNOTAVAIL …).
 */
export function bindUdp(address: string, port: number, shared: boolean): UdpSocket {
  const c = libc();
  const octets = parseAddressText(address)!;
  const six = octets.length === 16;
  const fd = c.socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw c.error('socket');
  if (shared) c.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, int(1), 4);
  if (six) c.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, int(1), 4);
  if (six) c.setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, int(PMTUDISC_OMIT), 4);
  else c.setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, int(PMTUDISC_OMIT), 4);
  if (octets.every((octet) => octet === 0)) {
    // A wildcard address: each datagram says which of ours it came to, and the answer goes out from there.
    if (six) c.setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, int(1), 4);
    else c.setsockopt(fd, IPPROTO_IP, IP_PKTINFO, int(1), 4);
  }
  if (c.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, int(receiveBufferSize), 4) !== 0) {
    c.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, int(receiveBufferSize), 4);
  }
  c.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, int(receiveBufferSize), 4);
  const timeval = new BigInt64Array([0n, BigInt(receiveTimeoutMs) * 1000n]);
  c.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(timeval.buffer), 16);
  c.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, new Uint8Array(timeval.buffer), 16);
  const name = new Uint8Array(nameSize);
  const view = new DataView(name.buffer);
  view.setUint16(0, six ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  name.set(octets, six ? 8 : 4);
  if (c.bind(fd, name, six ? nameSize : 16) !== 0) {
    const error = c.error(`bind ${printSocketAddress(address, port)}`);
    c.close(fd);
    throw error;
  }
  return { fd };
}

/** What a socket is bound to. */
export type LocalAddress = {
  readonly octets: Uint8Array;
  readonly port: number;
  readonly isWildcard: boolean;
};

/** Asks the kernel what a socket is bound to. */
export function localAddress(socket: UdpSocket): LocalAddress {
  const name = new Uint8Array(nameSize);
  if (libc().getsockname(socket.fd, name, Int32Array.of(nameSize)) !== 0) throw libc().error('getsockname');
  const view = new DataView(name.buffer);
  const octets = view.getUint16(0, true) === AF_INET ? name.slice(4, 8) : name.slice(8, 24);
  return { octets, port: view.getUint16(2), isWildcard: octets.every((octet) => octet === 0) };
}

/** The port a socket is bound to. */
export function boundPort(socket: UdpSocket): number {
  return localAddress(socket).port;
}

/** Closes a socket that no thread uses any more. */
export function closeUdp(socket: UdpSocket): void {
  libc().close(socket.fd);
}
