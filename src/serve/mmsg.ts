// hot: batched UDP on Linux: recvmmsg and sendmmsg, and the buffers they work on. Two calls into libc per
// batch and no allocation. Only sync calls; every buffer lives as long as the thread, because libc keeps
// addresses that V8 knows nothing of; every socket has SO_RCVTIMEO, or an exit would hang in recvmmsg. The
// layouts below are those of 64-bit little-endian Linux (x64 and arm64, glibc and musl).
import { batchMax, receiveTimeoutMs, udpQuerySizeMax } from '../limits.ts';
import { sameOctets } from '../wire/bytes.ts';
import { parseAddressText } from '../wire/literals.ts';
import type { Query } from '../wire/query.ts';
import { type LibC, libc } from './libc.ts';
import type { LocalAddress, UdpSocket } from './socket.ts';

const AF_INET = 2;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_WAITFORONE = 0x10000;
const POLLIN = 1;
/** The time of the last tick of the kernel: some milliseconds old, and the cheapest there is. */
const CLOCK_REALTIME_COARSE = 5;

/** Octets of a sockaddr_in6, the larger of the two; of a struct mmsghdr; of a struct iovec. */
const nameSize = 28;
/** Room for one control message: a struct cmsghdr and a struct in_pktinfo or in6_pktinfo. */
const controlSize = 64;
/** Octets of a struct cmsghdr. */
const cmsgHeaderSize = 16;
const headerSize = 64;
const iovecSize = 16;
/**
 * 32-bit words of a struct mmsghdr: lengths of the peer's name and of the control messages, flags, octets
 * received.
 */
const NAME_LENGTH = 2;
const CONTROL_LENGTH = 10;
const FLAGS = 12;
const LENGTH = 14;
const headerWords = headerSize / 4;

/**
 * A batch of datagrams: received into `rx`, answered into `tx`. Datagram i is at i * slotSize. The answer to
 * it is staged with stage(); staged answers keep the peers' names, so they are moved where an answer was left
 * out.
 */
export class Batch {
  readonly slotSize = udpQuerySizeMax;
  readonly rx = new Uint8Array(batchMax * udpQuerySizeMax);
  readonly tx = new Uint8Array(batchMax * udpQuerySizeMax);
  /** How many answers are staged, and where the next is to be written in `tx`. */
  staged = 0;
  /** The peers' names: struct sockaddr_in or sockaddr_in6, nameSize octets each. */
  readonly names = new Uint8Array(batchMax * nameSize);
  readonly #controls = new Uint8Array(batchMax * controlSize);
  readonly #rxIovecs = new BigUint64Array(batchMax * 2);
  readonly #txIovecs = new BigUint64Array(batchMax * 2);
  readonly #rxHeaders = new BigUint64Array((batchMax * headerSize) / 8);
  readonly #txHeaders = new BigUint64Array((batchMax * headerSize) / 8);
  // The same memory as 32-bit words: lengths and flags without BigInt in the loop.
  readonly #rxWords = new Uint32Array(this.#rxHeaders.buffer);
  readonly #txWords = new Uint32Array(this.#txHeaders.buffer);
  readonly #txLengths = new Uint32Array(this.#txIovecs.buffer);
  /** A struct timespec: low words of seconds and nanoseconds at 0 and 2. */
  readonly #time = new Int32Array(4);
  readonly #timeAddress: bigint;
  readonly #rxAddress: bigint;
  readonly #txAddresses: bigint[] = [];
  readonly #c: LibC;

  /** Set-up: lays out the buffers once. */
  constructor() {
    const c = libc();
    this.#c = c;
    const names = c.address(this.names.buffer);
    const controls = c.address(this.#controls.buffer);
    for (let i = 0; i < batchMax; i++) {
      const slot = BigInt(i * udpQuerySizeMax);
      this.#rxIovecs[i * 2] = c.address(this.rx.buffer) + slot;
      this.#rxIovecs[i * 2 + 1] = BigInt(udpQuerySizeMax);
      this.#txIovecs[i * 2] = c.address(this.tx.buffer) + slot;
      for (const [headers, iovecs] of [
        [this.#rxHeaders, this.#rxIovecs],
        [this.#txHeaders, this.#txIovecs],
      ] as const) {
        headers[i * 8] = names + BigInt(i * nameSize); // both share the peer's name and our address
        headers[i * 8 + 1] = BigInt(nameSize);
        headers[i * 8 + 2] = c.address(iovecs.buffer) + BigInt(i * iovecSize);
        headers[i * 8 + 3] = 1n;
        headers[i * 8 + 4] = controls + BigInt(i * controlSize);
        headers[i * 8 + 5] = headers === this.#rxHeaders ? BigInt(controlSize) : 0n;
      }
      this.#txAddresses.push(c.address(this.#txHeaders.buffer) + BigInt(i * headerSize));
    }
    this.#rxAddress = c.address(this.#rxHeaders.buffer);
    this.#timeAddress = c.address(this.#time.buffer);
  }

  /**
   * Receives up to batchMax datagrams; with `wait` until the first comes or the socket's time is up. 0: none.
   */
  receive(fd: number, wait: boolean): number {
    const received = this.#c.recvmmsg(
      fd,
      this.#rxAddress,
      batchMax,
      wait ? MSG_WAITFORONE : MSG_DONTWAIT,
      null,
    );
    this.staged = 0;
    return Math.max(received, 0);
  }

  /** Writes the time into the query, once per batch: Date and performance would allocate. */
  stampTime(query: Query): void {
    this.#c.clock_gettime(CLOCK_REALTIME_COARSE, this.#timeAddress);
    const seconds = this.#time[0]!;
    query.nowSeconds = seconds >>> 0;
    query.nowMicros = (Math.imul(seconds, 1_000_000) + Math.floor(this.#time[2]! / 1000)) >>> 0;
  }

  /** Length of datagram i, or 0 where it was longer than a slot: no query is, so it is not read. */
  lengthOf(i: number): number {
    return (this.#rxWords[i * headerWords + FLAGS]! & MSG_TRUNC) !== 0
      ? 0
      : this.#rxWords[i * headerWords + LENGTH]!;
  }

  /** UDP port that datagram i came from. */
  portOf(i: number): number {
    return (this.names[i * nameSize + 2]! << 8) | this.names[i * nameSize + 3]!;
  }

  /** Where in `names` the address of datagram i's source stands, and how many octets it has. */
  addressAt(i: number): number {
    return i * nameSize + (this.names[i * nameSize] === AF_INET ? 4 : 8);
  }

  addressSize(i: number): number {
    return this.names[i * nameSize] === AF_INET ? 4 : 16;
  }

  /**
   * Whether datagram i says that it came from the socket it came to, which is bound to `local`: behind a
   * wildcard, to the address that the control message names.
   */
  isFromUs(i: number, local: LocalAddress): boolean {
    if (this.portOf(i) !== local.port) return false;
    const at = this.addressAt(i);
    if (!local.isWildcard) return sameOctets(this.names, at, local.octets, 0, local.octets.length);
    if (this.#rxWords[i * headerWords + CONTROL_LENGTH] === 0) return false;
    // struct in_pktinfo has the address asked behind the interface and the local address; in6_pktinfo first.
    const size = this.addressSize(i);
    const asked = i * controlSize + cmsgHeaderSize + (size === 4 ? 8 : 0);
    return sameOctets(this.names, at, this.#controls, asked, size);
  }

  /**
   * Puts back the kernel's room for the peer's name and for control messages; for every datagram received.
   */
  release(i: number): void {
    this.#rxWords[i * headerWords + NAME_LENGTH] = nameSize;
    this.#rxWords[i * headerWords + CONTROL_LENGTH] = controlSize;
  }

  /** Stages the `length` octets written at tx[staged * slotSize] as the answer to datagram i. */
  stage(i: number, length: number): void {
    const to = this.staged;
    const control = this.#rxWords[i * headerWords + CONTROL_LENGTH]!;
    if (to !== i) {
      this.names.copyWithin(to * nameSize, i * nameSize, (i + 1) * nameSize);
      if (control !== 0) this.#controls.copyWithin(to * controlSize, i * controlSize, (i + 1) * controlSize);
    }
    // What says where the datagram came to says where the answer goes out from (ip(7), IP_PKTINFO); which way
    // it goes is for the routing table to say, not for the interface it came in by.
    if (control !== 0) this.#forgetInterface(to);
    this.#txWords[to * headerWords + CONTROL_LENGTH] = control;
    this.#txWords[to * headerWords + NAME_LENGTH] = this.#rxWords[i * headerWords + NAME_LENGTH]!;
    this.#txLengths[to * 4 + 2] = length;
    this.staged = to + 1;
  }

  /**
   * Clears the interface in a struct in_pktinfo (first) or in6_pktinfo (behind the address, kept for
   * link-local).
   */
  #forgetInterface(i: number): void {
    const at = i * controlSize + cmsgHeaderSize;
    if (this.#controls[i * controlSize + 8] === 0) this.#controls.fill(0, at, at + 4);
    else if (this.#controls[at] !== 0xfe) this.#controls.fill(0, at + 16, at + 20);
  }

  /**
   * Sends what is staged; returns how many the kernel refused. One that it refuses is skipped, never the
   * rest.
   */
  send(fd: number): number {
    let sent = 0;
    let refused = 0;
    while (sent < this.staged) {
      const n = this.#c.sendmmsg(fd, this.#txAddresses[sent]!, this.staged - sent, 0);
      if (n > 0) sent += n;
      else {
        sent += 1;
        refused += 1;
      }
    }
    return refused;
  }

  /** Set-up: addresses datagram i to a peer; for the self-test, which has nobody to answer. */
  addressTo(i: number, address: string, port: number): void {
    const at = i * nameSize;
    const view = new DataView(this.names.buffer);
    view.setUint16(at, AF_INET, true);
    view.setUint16(at + 2, port);
    this.names.set(parseAddressText(address)!, at + 4);
    this.#rxWords[i * headerWords + NAME_LENGTH] = 16;
    this.#rxWords[i * headerWords + CONTROL_LENGTH] = 0;
  }
}

/** Waits until one of several sockets has something: struct pollfd for each, laid out once. */
export class Readiness {
  readonly #polls: Int32Array;
  readonly #address: bigint;
  readonly #c: LibC;

  /** Set-up: for the sockets in this order. */
  constructor(sockets: readonly UdpSocket[]) {
    this.#c = libc();
    this.#polls = new Int32Array(sockets.length * 2);
    sockets.forEach((socket, i) => {
      this.#polls[i * 2] = socket.fd;
      this.#polls[i * 2 + 1] = POLLIN;
    });
    this.#address = this.#c.address(this.#polls.buffer as ArrayBuffer);
  }

  /** Waits at most receiveTimeoutMs; false when nothing came. */
  wait(): boolean {
    return this.#c.poll(this.#address, this.#polls.length / 2, receiveTimeoutMs) > 0;
  }

  /** Whether socket i has something to read. */
  isReady(i: number): boolean {
    return this.#polls[i * 2 + 1]! >>> 16 !== 0;
  }
}
