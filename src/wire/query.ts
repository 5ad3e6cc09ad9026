// hot: a query read from its octets: header, QNAME, OPT. One pass, bounded by the octets received and never
// by a count in the header; no exception, no allocation. answer/respond.ts is the only reader of what stands
// here.
import { udpSizeClassic } from '../limits.ts';
import { Labels, readLabels } from './labels.ts';
import { OPCODE, TYPE } from './numbers.ts';

/** What readQuery() found. Above `ok` are the refusals, each with its row in answer/refusals.ts. */
export const READ = { silence: -1, ok: 0, formerr: 1, notimp: 2, badvers: 3 } as const;

/** How a query came; whatever the answer depends on is a field of the query. */
export const TRANSPORT = { udp: 0, tcp: 1 } as const;

/** One query: the transport fills the first group, readQuery() the second. Made once per worker. */
export class Query {
  octets: Uint8Array = new Uint8Array(0);
  /** Where the message starts in `octets`, and its length. */
  at = 0;
  length = 0;
  transport: number = TRANSPORT.udp;
  /** The source's UDP or TCP port; 0 is never answered. */
  sourcePort = 1;

  readonly name = new Labels();
  /** Offset in `octets` behind the question. */
  questionEnd = 0;
  /** QTYPE and QCLASS. */
  type = 0;
  class = 0;
  hasEdns = false;
  /** Requestor's UDP payload size (RFC 6891 §6.2.3), 512 without EDNS. */
  udpSize = udpSizeClassic;
  ednsVersion = 0;
  dnssecOk = false;
}

/**
 * Reads the message of `query`; returns one of READ. After `formerr` and `notimp` only the header may be
 * used.
 */
export function readQuery(query: Query): number {
  const octets = query.octets;
  const at = query.at;
  const length = query.length;
  query.hasEdns = false;
  query.udpSize = udpSizeClassic;
  query.ednsVersion = 0;
  query.dnssecOk = false;
  query.questionEnd = at + 12;
  if (length < 12 || query.sourcePort === 0) return READ.silence;
  const flags = octets[at + 2]!;
  if ((flags & 0x80) !== 0) return READ.silence; // a response: never answer one, or two servers talk for ever
  if (((flags >> 3) & 15) !== OPCODE.QUERY) return READ.notimp;
  if (word(octets, at + 4) !== 1 || word(octets, at + 6) !== 0) return READ.formerr;
  const end = at + length;
  const behindName = readLabels(query.name, octets, at + 12, end);
  if (behindName < 0 || behindName + 4 > end) return READ.formerr;
  query.type = word(octets, behindName);
  query.class = word(octets, behindName + 2);
  query.questionEnd = behindName + 4;
  const authority = word(octets, at + 8);
  // RFC 1995 §3: an IXFR query carries the SOA that the client has; any other has no authority section.
  if (authority !== 0 && (authority !== 1 || query.type !== TYPE.IXFR)) return READ.formerr;
  const additional = authority + word(octets, at + 10);
  if (additional !== 0) {
    const fault = readAdditional(query, behindName + 4, end, additional);
    if (fault !== READ.ok) return fault;
  }
  return READ.ok;
}

/** Walks the additional section for the one OPT it may hold (RFC 6891 §6.1.1). */
function readAdditional(query: Query, from: number, end: number, count: number): number {
  const octets = query.octets;
  let p = from;
  for (let left = count; left > 0; left--) {
    const owner = p;
    p = skipName(octets, p, end);
    if (p < 0 || p + 10 > end) return READ.formerr;
    const behind = p + 10 + word(octets, p + 8);
    if (behind > end) return READ.formerr;
    if (word(octets, p) === TYPE.OPT) {
      if (query.hasEdns || octets[owner] !== 0) return READ.formerr;
      query.hasEdns = true;
      query.udpSize = word(octets, p + 2);
      query.ednsVersion = octets[p + 5]!;
      query.dnssecOk = (octets[p + 6]! & 0x80) !== 0;
      if (!optionsAreSound(octets, p + 10, behind)) return READ.formerr;
    }
    p = behind;
  }
  return query.ednsVersion === 0 ? READ.ok : READ.badvers;
}

function optionsAreSound(octets: Uint8Array, from: number, end: number): boolean {
  let p = from;
  while (p < end) {
    if (p + 4 > end) return false;
    p += 4 + word(octets, p + 2);
  }
  return p === end;
}

/** Steps over a name that may end in a pointer; -1 where it is malformed or cut off. */
function skipName(octets: Uint8Array, from: number, end: number): number {
  let p = from;
  while (p < end) {
    const length = octets[p]!;
    if (length === 0) return p + 1;
    if (length >= 0xc0) return p + 2 <= end ? p + 2 : -1;
    if (length >= 0x40) return -1;
    p += length + 1;
  }
  return -1;
}

function word(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!;
}
