// hot: the OPT record of a response and its options: cookie (RFC 7873), client subnet (RFC 7871), keepalive
// (RFC 7828), NSID (RFC 5001), extended error (RFC 8914). Room for what was asked for is kept free while the
// answer is written; an option that does not fit all the same is left out. Called by respond.ts.
import { tcpIdleTimeoutMs, udpSizeMax } from '../limits.ts';
import { COOKIE, checkCookie, cookieSize, writeCookie } from '../wire/cookies.ts';
import { addOption, optSize, type Response, writeOpt, writeU16 } from '../wire/message.ts';
import { OPTION, RCODE } from '../wire/numbers.ts';
import { type Query, TRANSPORT } from '../wire/query.ts';
import { client } from './client.ts';
import type { Refusal } from './refusals.ts';
import { writeSummary } from './summary.ts';
import type { Tables } from './tables.ts';

/** Octets of an option's code and length. */
const optionHeaderSize = 4;
/** Where SCOPE PREFIX-LENGTH stands in a client subnet (RFC 7871 §6). */
const scopeAt = 3;
/** TIMEOUT of keepalive in units of 100 ms (RFC 7828 §3.1). */
const keepaliveUnits = tcpIdleTimeoutMs / 100;

/** What the query's cookie is worth, one of COOKIE; `none` where cookies are off. */
export function readCookie(tables: Tables, query: Query): number {
  if (query.cookieSize === 0) return COOKIE.none;
  return checkCookie(
    tables.cookieKeys,
    query.octets,
    query.cookieAt,
    query.cookieSize,
    query.source,
    query.sourceAt,
    query.sourceSize,
    query.nowSeconds,
  );
}

/** Octets of the OPT record that will answer this query, without an extended error; 0 without EDNS. */
export function ednsSize(tables: Tables, query: Query, cookie: number): number {
  if (!query.hasEdns) return 0;
  let size = optSize;
  if (cookie !== COOKIE.none) size += optionHeaderSize + cookieSize;
  if (query.subnetSize !== 0) size += optionHeaderSize + query.subnetSize;
  if (query.wantsKeepalive) size += optionHeaderSize + 2;
  if (query.wantsNsid && tables.identity.length > 0) size += optionHeaderSize + tables.identity.length;
  return size;
}

/** Writes OPT with the options that this query is answered with, and why it is refused where it is. */
export function writeEdns(
  tables: Tables,
  query: Query,
  response: Response,
  rcode: number,
  cookie: number,
  refusal: Refusal | null,
): void {
  const opt = response.end;
  writeOpt(response, udpSizeMax, rcode, query.dnssecOk);
  if (cookie !== COOKIE.none) writeCookieOption(tables, query, response, opt, cookie);
  if (query.subnetSize !== 0) {
    // As it was sent, with how much of it the answer depends on (RFC 7871 §7.2.1).
    const at = copyOption(response, opt, OPTION.subnet, query.octets, query.subnetAt, query.subnetSize);
    if (at >= 0) response.octets[at + scopeAt] = client.scope;
  }
  if (query.wantsKeepalive && query.transport !== TRANSPORT.udp) {
    const at = addOption(response, opt, OPTION.keepalive, 2);
    if (at >= 0) writeU16(response.octets, at, keepaliveUnits);
  }
  if (query.wantsNsid && tables.identity.length > 0) {
    copyOption(response, opt, OPTION.nsid, tables.identity, 0, tables.identity.length);
  }
  // A pool that has nothing to give says more of it than that.
  if (rcode === RCODE.NOERROR || rcode === RCODE.SERVFAIL) {
    if (writeSummary(tables, query, response, opt)) return;
  }
  if (refusal !== null && refusal.info >= 0) writeExtendedError(response, opt, refusal);
}

function writeCookieOption(
  tables: Tables,
  query: Query,
  response: Response,
  opt: number,
  cookie: number,
): void {
  const at = addOption(response, opt, OPTION.cookie, cookieSize);
  if (at < 0) return;
  writeCookie(
    tables.cookieKeys,
    query.octets,
    query.cookieAt,
    cookie,
    query.source,
    query.sourceAt,
    query.sourceSize,
    query.nowSeconds,
    response.octets,
    at,
  );
}

function writeExtendedError(response: Response, opt: number, refusal: Refusal): void {
  const text = refusal.octets;
  const at = addOption(response, opt, OPTION.extendedError, 2 + text.length);
  if (at < 0) return;
  writeU16(response.octets, at, refusal.info);
  for (let i = 0; i < text.length; i++) response.octets[at + 2 + i] = text[i]!;
}

/** Copies an option's data into the response; returns where they stand, or -1: there is no room. */
function copyOption(
  response: Response,
  opt: number,
  code: number,
  from: Uint8Array,
  start: number,
  size: number,
): number {
  const at = addOption(response, opt, code, size);
  if (at < 0) return at;
  for (let i = 0; i < size; i++) response.octets[at + i] = from[start + i]!;
  return at;
}
