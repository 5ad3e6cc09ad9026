// hot: the query log of one thread: a ring of entries in shared memory, written here, read by the server's
// main thread (serve/querydrain.ts), which makes lines of the log of them. Sampled; what finds the ring full
// is counted and left out. Off unless the word that the server writes says otherwise.
//
//   ring: written, read, lost, unused (a word each) | entries of entrySize octets
import { queryLogEntries } from '../limits.ts';
import type { Response } from '../wire/message.ts';
import { type Query, TRANSPORT } from '../wire/query.ts';

/** Words before the entries: how many were written and read, modulo 2^32, and how many were lost. */
export const RING = { written: 0, read: 1, lost: 2, words: 4 } as const;
/**
 * Octets of an entry, and where its parts stand: seconds since 1970 and the length of the response (four
 * octets each), transport, size of the address and the address, port, QTYPE, RCODE, size of the name and the
 * name as it was asked. All in host order.
 */
export const ENTRY = {
  seconds: 0,
  length: 4,
  transport: 8,
  addressSize: 9,
  address: 10,
  port: 26,
  type: 28,
  rcode: 30,
  nameSize: 32,
  name: 33,
  size: 288,
} as const;

/** Octets of a thread's ring. */
export const ringSize = RING.words * 4 + queryLogEntries * ENTRY.size;

/** The golden ratio of 2^32: samples are spread evenly, whatever pattern the queries have. */
const step = 0x9e3779b9;

/** This thread's ring; until it is opened nothing is ever noted. */
const log: {
  words: Int32Array;
  octets: Uint8Array;
  view: DataView;
  shared: Int32Array;
  cell: number;
  phase: number;
} = {
  words: new Int32Array(RING.words),
  octets: new Uint8Array(0),
  view: new DataView(new ArrayBuffer(0)),
  shared: new Int32Array(1),
  cell: 0,
  phase: 0,
};

/** Set-up: notes into this ring from now on, while shared[cell], as an unsigned number of 2^32, is not 0. */
export function openQueryLog(ring: SharedArrayBuffer, shared: Int32Array, cell: number): void {
  log.words = new Int32Array(ring, 0, RING.words);
  log.octets = new Uint8Array(ring, RING.words * 4);
  log.view = new DataView(ring, RING.words * 4);
  log.shared = shared;
  log.cell = cell;
}

/** Notes a response of `length` octets, if it is to be among the samples. */
export function noteQuery(query: Query, response: Response, length: number): void {
  const part = log.shared[log.cell]! >>> 0;
  if (part === 0) return;
  log.phase = (log.phase + step) >>> 0;
  if (log.phase >= part) return;
  const written = log.words[RING.written]!;
  if (((written - Atomics.load(log.words, RING.read)) | 0) >= queryLogEntries) {
    log.words[RING.lost]! += 1;
    return;
  }
  const at = (written & (queryLogEntries - 1)) * ENTRY.size;
  const octets = log.octets;
  const view = log.view;
  view.setUint32(at + ENTRY.seconds, query.nowSeconds, true);
  view.setUint32(at + ENTRY.length, length, true);
  octets[at + ENTRY.transport] = query.transport === TRANSPORT.udp ? 0 : 1;
  octets[at + ENTRY.addressSize] = query.sourceSize;
  for (let i = 0; i < query.sourceSize; i++) {
    octets[at + ENTRY.address + i] = query.source[query.sourceAt + i]!;
  }
  view.setUint16(at + ENTRY.port, query.sourcePort, true);
  const from = query.at + 12;
  // What could not be read as far as its question has no name and no type.
  const size = query.questionEnd > from ? query.questionEnd - from - 4 : 0;
  view.setUint16(at + ENTRY.type, size > 0 ? query.type : 0, true);
  view.setUint16(at + ENTRY.rcode, response.rcode, true);
  octets[at + ENTRY.nameSize] = size;
  for (let i = 0; i < size; i++) octets[at + ENTRY.name + i] = query.octets[from + i]!;
  Atomics.store(log.words, RING.written, (written + 1) | 0);
}
