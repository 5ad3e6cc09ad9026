// hot: a query read from its octets: header, QNAME, OPT and its options. One pass, bounded by the octets
// received and never by a count in the header; no exception, no allocation. answer/respond.ts is the only
// reader of what stands here.
import { udpSizeClassic } from '../limits.ts';
import { readUint16 } from './bytes.ts';
import { clientCookieSize } from './cookies.ts';
import { Labels, readLabels } from './labels.ts';
import { OPCODE, OPTION, TYPE } from './numbers.ts';

/**
 * What readQuery() found. Above `ok` are the refusals, each with its row in answer/refusals.ts; `cookieOnly`
 * is a message without a question that asks for a cookie (RFC 7873 §5.4).
 */
export const READ = { cookieOnly: -2, silence: -1, ok: 0, formerr: 1, notimp: 2, badvers: 3 } as const;

/** How a query came; whatever the answer depends on is a field of the query. */
export const TRANSPORT = { udp: 0, tcp: 1 } as const;

/** Octets of a client cookie with a server cookie (RFC 7873 §4). */
const cookieSizeLeast = 16;
const cookieSizeMost = 40;

/** Octets of FAMILY, SOURCE PREFIX-LENGTH and SCOPE PREFIX-LENGTH (RFC 7871 §6). */
const subnetHeaderSize = 4;

/** One query: the transport fills the first group, readQuery() the second. Made once per worker. */
export class Query {
  octets: Uint8Array = new Uint8Array(0);
  /** Where the message starts in `octets`, and its length. */
  at = 0;
  length = 0;
  transport: number = TRANSPORT.udp;
  /** The source's UDP or TCP port; 0 is never answered. */
  sourcePort = 1;
  /** The source's address: sourceSize octets, 4 or 16, at sourceAt of `source`. */
  source: Uint8Array = new Uint8Array(16);
  sourceAt = 0;
  sourceSize = 4;
  /** The source is a socket of ours: whoever forged that wants us to talk to ourselves. */
  isOurs = false;
  /** Microseconds modulo 2^32, of one clock in all threads, and seconds since 1970. */
  nowMicros = 0;
  nowSeconds = 0;

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
  /** EDNS options that we know: where their data stand in `octets`; a size of 0 is an option not sent. */
  cookieAt = 0;
  cookieSize = 0;
  subnetAt = 0;
  subnetSize = 0;
  wantsNsid = false;
  wantsKeepalive = false;
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
  query.cookieSize = 0;
  query.subnetSize = 0;
  query.wantsNsid = false;
  query.wantsKeepalive = false;
  query.questionEnd = at + 12;
  if (length < 12 || query.sourcePort === 0 || query.isOurs) return READ.silence;
  const flags = octets[at + 2]!;
  if ((flags & 0x80) !== 0) return READ.silence; // a response: never answer one, or two servers talk for ever
  if (((flags >> 3) & 15) !== OPCODE.QUERY) return READ.notimp;
  const end = at + length;
  const questions = readUint16(octets, at + 4);
  if (questions > 1 || readUint16(octets, at + 6) !== 0) return READ.formerr;
  if (questions === 0) return readWithoutQuestion(query, end);
  const behindName = readLabels(query.name, octets, at + 12, end);
  if (behindName < 0 || behindName + 4 > end) return READ.formerr;
  query.type = readUint16(octets, behindName);
  query.class = readUint16(octets, behindName + 2);
  query.questionEnd = behindName + 4;
  const authority = readUint16(octets, at + 8);
  // RFC 1995 §3: an IXFR query carries the SOA that the client has; any other has no authority section.
  if (authority !== 0 && (authority !== 1 || query.type !== TYPE.IXFR)) return READ.formerr;
  const additional = authority + readUint16(octets, at + 10);
  if (additional !== 0) {
    const fault = readAdditional(query, behindName + 4, end, additional);
    if (fault !== READ.ok) return fault;
  }
  return READ.ok;
}

/** RFC 7873 §5.4: no question, but a cookie; whatever else has none is malformed (RFC 9619 §4). */
function readWithoutQuestion(query: Query, end: number): number {
  const octets = query.octets;
  if (readUint16(octets, query.at + 8) !== 0) return READ.formerr;
  const read = readAdditional(query, query.at + 12, end, readUint16(octets, query.at + 10));
  if (read !== READ.ok) return read;
  return query.cookieSize === 0 ? READ.formerr : READ.cookieOnly;
}

/** Walks the additional section for the one OPT it may hold (RFC 6891 §6.1.1). */
function readAdditional(query: Query, from: number, end: number, count: number): number {
  const octets = query.octets;
  let p = from;
  for (let left = count; left > 0; left--) {
    const owner = p;
    p = skipName(octets, p, end);
    if (p < 0 || p + 10 > end) return READ.formerr;
    const behind = p + 10 + readUint16(octets, p + 8);
    if (behind > end) return READ.formerr;
    if (readUint16(octets, p) === TYPE.OPT) {
      if (query.hasEdns || octets[owner] !== 0) return READ.formerr;
      query.hasEdns = true;
      query.udpSize = readUint16(octets, p + 2);
      query.ednsVersion = octets[p + 5]!;
      query.dnssecOk = (octets[p + 6]! & 0x80) !== 0;
      // What options mean belongs to the version (RFC 6891 §6.1.3).
      if (query.ednsVersion === 0 && !readOptions(query, p + 10, behind)) return READ.formerr;
    }
    p = behind;
  }
  return query.ednsVersion === 0 ? READ.ok : READ.badvers;
}

/**
 * Reads the options in octets[from, end) into the query; false: malformed. Of an option that comes twice the
 * first holds (RFC 7873 §5.2); what we do not know is ignored (RFC 6891 §6.1.2).
 */
function readOptions(query: Query, from: number, end: number): boolean {
  const octets = query.octets;
  let p = from;
  while (p < end) {
    if (p + 4 > end) return false;
    const code = readUint16(octets, p);
    const size = readUint16(octets, p + 2);
    const at = p + 4;
    p = at + size;
    if (p > end) return false;
    if (code === OPTION.cookie) {
      if (size !== clientCookieSize && (size < cookieSizeLeast || size > cookieSizeMost)) return false;
      if (query.cookieSize === 0) {
        query.cookieAt = at;
        query.cookieSize = size;
      }
    } else if (code === OPTION.nsid) query.wantsNsid = true;
    else if (code === OPTION.keepalive && query.transport !== TRANSPORT.udp) {
      if (size !== 0) return false; // RFC 7828 §3.2.1: a client names no time
      query.wantsKeepalive = true;
    } else if (code === OPTION.subnet) {
      if (!isSubnet(octets, at, size)) return false;
      if (query.subnetSize === 0) {
        query.subnetAt = at;
        query.subnetSize = size;
      }
    }
  }
  return true;
}

/**
 * Whether a client subnet is well-formed: no scope, as many octets of address as the prefix has, no bits
 * behind it (RFC 7871 §6, §7.1.2). Family 0 with no prefix is what dig sends for "do not use my address".
 */
function isSubnet(octets: Uint8Array, at: number, size: number): boolean {
  if (size < subnetHeaderSize) return false;
  const family = readUint16(octets, at);
  const bits = octets[at + 2]!;
  if (octets[at + 3] !== 0) return false;
  if (bits > (family === 1 ? 32 : family === 2 ? 128 : 0) || family > 2) return false;
  if (size !== subnetHeaderSize + ((bits + 7) >>> 3)) return false;
  return (bits & 7) === 0 || (octets[at + size - 1]! & (0xff >>> (bits & 7))) === 0;
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
