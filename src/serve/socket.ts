// Sockets made and bound by the server's main thread through libc, while it may still bind to port 53: Node
// cannot make one with SO_REUSEPORT before version 22, knows no IP_FREEBIND, and closes what it made with its
// thread. Threads are given descriptor numbers; whatever becomes of a thread, the socket and what waits in it
// stay.
import { receiveBufferSize, receiveTimeoutMs, tcpBacklog, tcpReceiveSize, tcpSendSize } from '../limits.ts';
import { printSocketAddress } from '../wire/addresses.ts';
import { parseAddressText } from '../wire/literals.ts';
import { libc } from './libc.ts';

/** Family of unix sockets. */
export const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_TYPE = 3;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const SO_RCVBUFFORCE = 33;
const SO_DOMAIN = 39;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IP_MTU_DISCOVER = 10;
const IP_FREEBIND = 15;
const IPPROTO_IPV6 = 41;
const IPV6_MTU_DISCOVER = 23;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;
const IPV6_FREEBIND = 78;
/** Never fragment because somebody says that a path is narrow (RFC 9715 §3.1). */
const PMTUDISC_OMIT = 5;

/** Octets of a sockaddr_in6, the larger of the two. */
const nameSize = 28;

export type UdpSocket = { readonly fd: number };

/** A bound socket, and whether no interface has its address yet. */
export type Bound = { readonly fd: number; readonly isFree: boolean };

function int(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/**
 * Makes and binds one UDP socket. Port 0 lets the kernel choose. Throws an Error whose `code` is the
 * system's (EADDRINUSE, EACCES, EAFNOSUPPORT …).
 */
export function bindUdp(address: string, port: number, shared: boolean): Bound {
  return bind(address, port, SOCK_DGRAM, (fd) => {
    if (shared) libc().setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, int(1), 4);
    prepareUdp(fd, address);
  });
}

/** Makes a UDP socket one that threads can wait on: for one that is about to be bound, or was passed. */
export function prepareUdp(fd: number, address: string): void {
  const c = libc();
  const six = address.includes(':');
  if (six) c.setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, int(PMTUDISC_OMIT), 4);
  else c.setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, int(PMTUDISC_OMIT), 4);
  if (isWildcard(address)) {
    // Each datagram says which address of ours it came to, and the answer goes out from there.
    if (six) c.setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, int(1), 4);
    else c.setsockopt(fd, IPPROTO_IP, IP_PKTINFO, int(1), 4);
  }
  if (c.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, int(receiveBufferSize), 4) !== 0) {
    c.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, int(receiveBufferSize), 4);
  }
  c.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, int(receiveBufferSize), 4);
  setTimeouts(fd);
  // The one that systemd passes may not wait, and workers would turn in circles.
  c.setBlocking(fd);
}

function setTimeouts(fd: number): void {
  const timeval = new BigInt64Array([0n, BigInt(receiveTimeoutMs) * 1000n]);
  for (const option of [SO_RCVTIMEO, SO_SNDTIMEO]) {
    libc().setsockopt(fd, SOL_SOCKET, option, new Uint8Array(timeval.buffer), 16);
  }
}

/** Makes and binds one TCP socket; from here on the kernel takes connections. Throws as bindUdp() does. */
export function listenTcp(address: string, port: number): Bound {
  const bound = bind(address, port, SOCK_STREAM, (fd) => {
    // Connections of the server before this one are still closing: no reason to wait a minute.
    libc().setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, int(1), 4);
    prepareTcp(fd);
  });
  try {
    listenOn(bound.fd, printSocketAddress(address, port));
    return bound;
  } catch (error) {
    libc().close(bound.fd);
    throw error;
  }
}

/** Gives a TCP socket, and the connections that come of it, our buffers. */
export function prepareTcp(fd: number): void {
  libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUF, int(tcpReceiveSize), 4);
  libc().setsockopt(fd, SOL_SOCKET, SO_SNDBUF, int(tcpSendSize), 4);
}

/** Has the kernel take connections, as many as we let wait; one that listens already may be told again. */
export function listenOn(fd: number, where: string): void {
  if (libc().listen(fd, tcpBacklog) !== 0) throw libc().error(`listen ${where}`);
}

function bind(address: string, port: number, type: number, prepare: (fd: number) => void): Bound {
  const c = libc();
  const octets = parseAddressText(address)!;
  const six = octets.length === 16;
  const where = printSocketAddress(address, port);
  const fd = c.socket(six ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
  if (fd < 0) throw c.error(`socket ${where}`);
  if (six) c.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, int(1), 4);
  prepare(fd);
  const name = new Uint8Array(nameSize);
  const view = new DataView(name.buffer);
  view.setUint16(0, six ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  name.set(octets, six ? 8 : 4);
  const bindIt = (): boolean => c.bind(fd, name, six ? nameSize : 16) === 0;
  if (bindIt()) return { fd, isFree: false };
  const error = c.error(`bind ${where}`);
  if (error.code === 'EADDRNOTAVAIL') {
    // An address that a routing daemon or a fail-over brings later: bound now, answered from then on.
    if (six) c.setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, int(1), 4);
    else c.setsockopt(fd, IPPROTO_IP, IP_FREEBIND, int(1), 4);
    if (bindIt()) return { fd, isFree: true };
  }
  c.close(fd);
  throw error;
}

/** Whether it stands for all addresses of a family. */
export function isWildcard(address: string): boolean {
  return parseAddressText(address)!.every((octet) => octet === 0);
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

/** What a descriptor from elsewhere is, or why it is nothing for us, as the end of a sentence. */
export function kindOf(
  fd: number,
): { readonly transport: 'udp' | 'tcp'; readonly isSixOnly: boolean } | string {
  const [family, type] = [optionOf(fd, SOL_SOCKET, SO_DOMAIN), optionOf(fd, SOL_SOCKET, SO_TYPE)];
  if (family === undefined || type === undefined) return 'is no socket';
  if (family !== AF_INET && family !== AF_INET6) return 'is no socket of IPv4 or IPv6';
  if (type !== SOCK_DGRAM && type !== SOCK_STREAM) return 'is neither UDP nor TCP';
  const isSixOnly = family === AF_INET6 && optionOf(fd, IPPROTO_IPV6, IPV6_V6ONLY) === 1;
  return { transport: type === SOCK_DGRAM ? 'udp' : 'tcp', isSixOnly };
}

function optionOf(fd: number, level: number, option: number): number | undefined {
  const value = int(0);
  if (libc().getsockopt(fd, level, option, value, Int32Array.of(4)) !== 0) return undefined;
  return new DataView(value.buffer).getInt32(0, true);
}

/** A unix socket to send datagrams from, which waits for a slow reader as briefly as the others do. */
export function unixDatagrams(): number {
  const fd = libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd >= 0) setTimeouts(fd);
  return fd;
}

/** The port a socket is bound to. */
export function boundPort(socket: UdpSocket): number {
  return localAddress(socket).port;
}

/** One more descriptor of a socket, for a thread to close. */
export function duplicate(fd: number): number {
  const copy = libc().dup(fd);
  if (copy < 0) throw libc().error('dup');
  return copy;
}

/** Takes back the SO_REUSEADDR that libuv sets on a socket it is given: nobody is to bind the same port. */
export function keepAlone(fd: number): void {
  libc().setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, int(0), 4);
}

/** Closes the descriptor of a socket. */
export function closeSocket(fd: number): void {
  libc().close(fd);
}
