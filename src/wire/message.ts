// hot: a response being written: header, counts, owner pointers. It is given octets, a start and a limit;
// what would cross the limit is not written and the caller decides what that means.
import { TYPE } from './numbers.ts';

/**
 * Where a response is written. The transport says with writeInto() into what, and sets `at` and `sizeMax`;
 * the rest is the writer's state.
 */
export class Response {
  octets: Uint8Array = new Uint8Array(0);
  /** The same octets, four at a time: copies are most of the work. */
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the message starts in `octets`. */
  at = 0;
  /** Octets the transport can carry; respond() lowers it to what the client can take. */
  sizeMax = 0;
  /** Next octet to write, and the first that may not be written. */
  end = 0;
  limit = 0;
  /** Octets kept free behind `limit` for the OPT record. */
  reserved = 0;
  /** The whole RCODE, and the cell of the zone that answered, 0 for none: for those who count. */
  rcode = 0;
  zoneCell = 0;

  /** Set-up: responses are written into these octets from now on. */
  writeInto(octets: Uint8Array): void {
    this.octets = octets;
    this.view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  }
}

/** Octets of an OPT record without options (RFC 6891 §6.1.2). */
export const optSize = 11;

export function writeU16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 8;
  octets[at + 1] = value;
}

export function writeU32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 24;
  octets[at + 1] = value >>> 16;
  octets[at + 2] = value >>> 8;
  octets[at + 3] = value;
}

/** Copies `size` octets from from[at] to the response's octets at `to`. */
export function copyOctets(response: Response, to: number, from: DataView, at: number, size: number): void {
  const view = response.view;
  const words = size & ~3;
  let i = 0;
  for (; i < words; i += 4) view.setInt32(to + i, from.getInt32(at + i));
  for (; i < size; i++) view.setUint8(to + i, from.getUint8(at + i));
}

/** Adds `count` to a 16-bit count of the header: 4 QD, 6 AN, 8 NS, 10 AR. */
export function addCount(response: Response, column: number, count: number): void {
  const octets = response.octets;
  const at = response.at + column;
  const sum = ((octets[at]! << 8) | octets[at + 1]!) + count;
  octets[at] = sum >>> 8;
  octets[at + 1] = sum;
}

/**
 * Writes the header of a response to the message at from[at]: its ID, opcode and RD, QR set, no AA, no
 * counts. RA, AD and CD are clear: we do not recurse, and a server clears CD in what it composes (RFC 4035
 * §3.1.6).
 */
export function writeHeader(response: Response, from: Uint8Array, at: number): void {
  const octets = response.octets;
  const to = response.at;
  octets[to] = from[at]!;
  octets[to + 1] = from[at + 1]!;
  octets[to + 2] = 0x80 | (from[at + 2]! & 0x79);
  octets[to + 3] = 0;
  response.rcode = 0;
  response.view.setInt32(to + 4, 0);
  response.view.setInt32(to + 8, 0);
  response.end = to + 12;
}

/** Copies the question as it was asked, letter for letter: 0x20 clients check it. */
export function writeQuestion(response: Response, from: Uint8Array, start: number, end: number): void {
  const octets = response.octets;
  let to = response.end;
  for (let i = start; i < end; i++) octets[to++] = from[i]!;
  response.end = to;
  octets[response.at + 5] = 1;
}

export function setAuthoritative(response: Response): void {
  response.octets[response.at + 2]! |= 0x04;
}

export function isAuthoritative(response: Response): boolean {
  return (response.octets[response.at + 2]! & 0x04) !== 0;
}

export function setTruncated(response: Response): void {
  response.octets[response.at + 2]! |= 0x02;
}

/** Sets the low four bits of the RCODE; the rest goes into the OPT record. */
export function setRcode(response: Response, rcode: number): void {
  response.rcode = rcode;
  response.octets[response.at + 3] = (response.octets[response.at + 3]! & 0xf0) | (rcode & 15);
}

/**
 * Writes the OPT record: our size, the RCODE's upper bits, version 0, DO as asked (RFC 6891 §6.1.3, RFC 3225
 * §3).
 */
export function writeOpt(response: Response, size: number, rcode: number, dnssecOk: boolean): void {
  const octets = response.octets;
  const at = response.end;
  octets[at] = 0;
  writeU16(octets, at + 1, TYPE.OPT);
  writeU16(octets, at + 3, size);
  octets[at + 5] = rcode >>> 4;
  octets[at + 6] = 0;
  octets[at + 7] = dnssecOk ? 0x80 : 0;
  octets[at + 8] = 0;
  writeU16(octets, at + 9, 0);
  response.end = at + optSize;
  addCount(response, 10, 1);
}

/**
 * Adds an option of `size` octets to the OPT record at `opt`, which stands last; returns where its data
 * belong, or -1 where there is no room for it.
 */
export function addOption(response: Response, opt: number, code: number, size: number): number {
  const octets = response.octets;
  const at = response.end;
  if (at + 4 + size > response.limit + response.reserved) return -1;
  writeU16(octets, at, code);
  writeU16(octets, at + 2, size);
  writeU16(octets, opt + 9, at + 4 + size - opt - optSize);
  response.end = at + 4 + size;
  return at + 4;
}

/** The low four bits of the RCODE as it stands. */
export function rcodeOf(response: Response): number {
  return response.octets[response.at + 3]! & 15;
}
