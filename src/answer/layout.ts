// The tables, word by word. A zone table and an answer-set table are each one run of octets, read as
// little-endian 32-bit words: compile.ts writes them, find.ts, respond.ts and read.ts read them, everyone
// else hands them on whole. Immutable once made; kept in files and SharedArrayBuffers as they are. Change
// anything here: raise `version`.
//
//   zone table   header | nodes | name slots | octets (labels, RR tails) | RRsets | lists
//   set table    header | slots | sets | lists | octets (RR tails, texts)
//
// An RR *tail* is an RR without its owner: TYPE CLASS TTL RDLENGTH RDATA. The owner is written per response.
// A name that ends RDATA and may be compressed ends in a *placeholder* where its last labels stand elsewhere
// in the response: two octets, C000 plus a PLACE, which become a pointer. An uncompressed name ends with 00
// and a placeholder never does, so the two cannot be confused.
import { crc32 } from 'node:zlib';
import { cnameChainMax, nameSizeMax } from '../limits.ts';

/** Words that both tables begin with. */
export const HEADER = { magic: 0, version: 1, length: 2, crc: 3, idHigh: 4, idLow: 5 } as const;

export const zoneMagic = 0x5a445453; // STDZ
export const setsMagic = 0x41445453; // STDA
export const version = 7;

/** Header words of a zone table. `…At` are word indices unless they say octets. */
export const ZONE = {
  ...HEADER,
  /** SOA serial, 0 to 2^32-1. */
  serial: 6,
  nodeCount: 7,
  nodesAt: 8,
  /**
   * Open-addressed table from slotOf(hash) to node + 1 in the bits of the mask, with the hash's own bits
   * above them; a power of two, at most half full.
   */
  slotsAt: 9,
  slotMask: 10,
  rrsetsAt: 11,
  rrsetCount: 12,
  listsAt: 13,
  /** First octet of the octet store. */
  octetsAt: 14,
  /**
   * The apex's name in wire form, lowercase: offset in octets of the table, length, labels without the root,
   * hash.
   */
  apexNameAt: 15,
  apexSize: 16,
  apexLabels: 17,
  apexHash: 18,
  /** Index of the SOA RRset, `none` where a broken zone has none. */
  soa: 19,
  /** TTL of negative answers: min(SOA TTL, MINIMUM), seconds (RFC 2308 §5). */
  negativeTtl: 20,
  /** Balanced RRsets: how many, and at word `balancedAt` a pair for each: node, type. Slot n is pair n. */
  balancedCount: 21,
  balancedAt: 22,
  recordCount: 23,
  /** Offsets in the SOA's tail of the placeholder that ends MNAME and of the one that ends RNAME; 0: none. */
  soaPatchMname: 24,
  soaPatchRname: 25,
  words: 32,
} as const;

/** A node: one existing name, empty non-terminals too. Node 0 is the apex. */
export const NODE_ROW = {
  /** Hash of the full name. */
  hash: 0,
  /** The parent's node; 0 for the apex. */
  parent: 1,
  /** Offset in octets of the first label: a length octet and the label, lowercase. */
  labelAt: 2,
  /** Index of the node's first RRset; its RRsets are neighbours. */
  firstRrset: 3,
  /** Low 16 bits: number of RRsets. High 16 bits: NODE flags of zone/zone.ts. */
  countAndFlags: 4,
  words: 5,
} as const;

/** Flags of a node that are read on the query path; as in zone/zone.ts, moved up by 16 bits. */
export const FLAG = { cut: 1 << 16, wildcardBelow: 8 << 16, dname: 16 << 16 } as const;

/** An RRset. */
export const RRSET_ROW = {
  /** Low 16 bits: type. High 16 bits: number of RRs. */
  typeAndCount: 0,
  /** Offset in octets of the first tail, and the length of all tails, which are neighbours. */
  tailsAt: 1,
  tailsSize: 2,
  /**
   * RRSET flags, and in the low 28 bits: of a balanced RRset its slot, else 0 or the word index of its target
   * list.
   */
  more: 3,
  words: 4,
} as const;

/** Flags in RRSET_ROW.more. */
export const RRSET = {
  /** An answer-set table says what is answered: the RRset has a slot. */
  balanced: 0x80000000,
  /** Every tail ends with a name, at least one of them with a placeholder. */
  compressed: 0x40000000,
  /** The part of `more` that is a slot or a list. */
  number: 0x0fffffff,
} as const;

/**
 * A target list: one word with the count, then a pair for each target: the node whose A and AAAA go into the
 * additional section, and the place of the target's name, which is their owner.
 */

/** Octets of a tail before its RDATA. */
export const tailHeaderSize = 10;

/** Header, question and a chain of DNAMEs with their CNAMEs: no more stands before an RRset. */
const octetsBefore = 12 + nameSizeMax + 4 + cnameChainMax * 2 * (2 + tailHeaderSize + nameSizeMax);

/**
 * Where a name stands that is pointed at: at the apex, at the RRset's owner, or so many octets behind the
 * first octet of the RRset in the message (its first owner's pointer).
 */
export const PLACE = {
  apex: 1,
  owner: 2,
  /** Distances in placeholders are at most this, so that pointers have 14 bits, and no multiple of 256. */
  max: 0x3fff - octetsBefore,
} as const;

export const none = 0xffffffff;

/** Header words of an answer-set table; id is that of the zone table it belongs to. */
export const SETS = {
  ...HEADER,
  /** Control's number of this table. */
  edition: 6,
  slotCount: 7,
  slotsAt: 8,
  setCount: 9,
  setsAt: 10,
  /** Checksum of the table of places whose numbers stand in the lists, 0 where there is none (places.ts). */
  placesId: 11,
  words: 16,
} as const;

/** A slot: one RRset that is balanced, or follows the members that it leads to. */
export const SLOT_ROW = {
  /** One of MODE. */
  mode: 0,
  /** The slot's sets are neighbours. */
  firstSet: 1,
  setCount: 2,
  /** The SOA's TTL in a NODATA from this slot may not be above this, seconds. */
  negativeTtlMax: 3,
  /** A word index and a number; MODE says of what. */
  pickAt: 4,
  pickSize: 5,
  /** Offset in octets of the summary of the pool and its size, 0: there is none. */
  textAt: 6,
  textSize: 7,
  words: 8,
} as const;

/** In a summary: a second since 1970 follows in four octets, and the time gone by since is to be written. */
export const elapsedMark = 0;

/** What a slot answers with; those up to `place` draw a set, those up to `records` have an answer. */
export const MODE = {
  /** A set in turn, by the bounds. */
  turn: 0,
  /**
   * The set of the client's bucket. At pickAt stand pickSize buckets, a power of two: BUCKET, 16 bits each,
   * the lower half of a word first. All bounds are 2^32-1.
   */
  client: 1,
  /**
   * A set in turn out of those for the client's place. At pickAt stand pickSize words: for each place, by its
   * number, the first of its sets, counted from the slot's first. Bounds begin anew with each place.
   */
  place: 2,
  /**
   * The one set, whose tails are of any size, pickSize octets in all, in their order. At pickAt stands a
   * target list as in a zone table, by whose nodes the addresses of the targets are added; 0: none.
   */
  records: 3,
  nodata: 4,
  servfail: 5,
} as const;

/**
 * A bucket: its set, counted from the slot's first, and above it where in the set the address stands that is
 * written first, in sixteenths of the set's size, rounded up: of sixteen members each can be named.
 */
export const BUCKET = { set: 0x0fff, firstShift: 12, firstParts: 16 } as const;

/** An answer set. */
export const SET_ROW = {
  /** Drawn when the phase is at most this and above the bound before; the last is 2^32-1. */
  bound: 0,
  /** Number of RRs. */
  count: 1,
  /** Offset in octets of the tails, and the size of each. */
  tailsAt: 2,
  tailSize: 3,
  words: 4,
} as const;

/** CRC-32 of a table, its own word left out. */
export function tableCrc(table: Uint8Array): number {
  const head = crc32(table.subarray(0, HEADER.crc * 4));
  return crc32(table.subarray(HEADER.crc * 4 + 4), head);
}

/** Says what is wrong with a table that came from a file or another process; undefined: it is whole. */
export function tableFault(table: Uint8Array, magic: number): string | undefined {
  const headerWords = magic === zoneMagic ? ZONE.words : SETS.words;
  if (table.length < headerWords * 4) return `cut off: ${table.length} octets`;
  const words = new Uint32Array(table.buffer, table.byteOffset, headerWords);
  if (words[HEADER.magic] !== magic) return 'not a table of this kind';
  if (words[HEADER.version] !== version)
    return `made by another version (${words[HEADER.version]}, not ${version})`;
  if (words[HEADER.length] !== table.length)
    return `cut off: ${table.length} of ${words[HEADER.length]} octets`;
  if (words[HEADER.crc] !== tableCrc(table)) return 'damaged: its checksum is wrong';
  return undefined;
}

/** The table's id as 16 hexadecimal digits. */
export function tableId(words: Uint32Array): string {
  return hex(words[HEADER.idHigh]!) + hex(words[HEADER.idLow]!);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
