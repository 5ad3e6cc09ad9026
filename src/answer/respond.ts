// hot: the one function that answers. Query in, response out, its length back; 0 means: send nothing. No I/O,
// no throw, no allocation. UDP, TCP, the command line and every test call it. The order is that of RFC 1034
// §4.3.2.
import { labelsMax, udpSizeClassic, udpSizeMax } from '../limits.ts';
import { COOKIE } from '../wire/cookies.ts';
import type { Labels } from '../wire/labels.ts';
import {
  type Response,
  setAuthoritative,
  setRcode,
  setTruncated,
  writeHeader,
  writeQuestion,
} from '../wire/message.ts';
import { CLASS, RCODE, TYPE } from '../wire/numbers.ts';
import { type Query, READ, readQuery, TRANSPORT } from '../wire/query.ts';
import { ALIAS, depthOf, followCname, followDname, isWritten } from './alias.ts';
import { answerChaos, CHAOS } from './chaos.ts';
import { client } from './client.ts';
import { COUNTER } from './counters.ts';
import { ednsSize, readCookie, writeEdns } from './edns.ts';
import {
  anchors,
  hasAnswer,
  negativeTtlMax,
  placeOf,
  SECTION,
  WROTE,
  writeNegativeSoa,
  writeRrset,
  writeTargets,
} from './emit.ts';
import { FOUND, find, findRrset, findZone, found, nodeWord } from './find.ts';
import { NODE_ROW, none, RRSET_ROW } from './layout.ts';
import { LIMIT, limitResponse, type RateLimiter } from './ratelimit.ts';
import { REFUSAL, refusals } from './refusals.ts';
import type { Tables, ZoneView } from './tables.ts';

/** What answering came to, beside a refusal (which is above 0). */
const DONE = 0;
const TRUNCATED = -1;
const FOLLOW = -2;

/** What the rate limit counts this response with; errors of all kinds count together. */
const answered = { key: 0 };
const errorKey = 0;

/**
 * Answers `query` from `tables` into `response`; returns the length of the message, 0 for silence. The
 * response is at most `response.sizeMax` octets, over UDP also at most what the client and udpSizeMax allow
 * (RFC 6891 §6.2.3).
 */
export function respond(tables: Tables, query: Query, response: Response): number {
  const counters = tables.counters;
  counters[query.transport === TRANSPORT.udp ? COUNTER.udpQueries : COUNTER.tcpQueries]! += 1;
  const read = readQuery(query);
  if (read === READ.silence) {
    counters[COUNTER.silent]! += 1;
    return 0;
  }
  writeHeader(response, query.octets, query.at);
  response.zoneCell = 0;
  let cookie: number = COOKIE.none;
  if (query.hasEdns) {
    counters[COUNTER.ednsQueries]! += 1;
    client.scope = 0; // what only an OPT record tells is of no account without one
    client.slot = 0;
    if (read <= READ.ok) cookie = readCookie(tables, query);
    if (cookie === COOKIE.valid) counters[COUNTER.cookiesValid]! += 1;
  }
  setLimit(query, response, ednsSize(tables, query, cookie));
  answered.key = errorKey;
  if (client.query !== query) client.query = query; // of a thread it is always the same one
  let outcome: number = read;
  if (read === READ.ok) {
    writeQuestion(response, query.octets, query.at + 12, query.questionEnd);
    outcome = answer(tables, query, response);
  } else if (read === READ.cookieOnly) outcome = answerCookie(tables, cookie);
  if (outcome > DONE) answered.key = errorKey;
  // Counted before the limit: a flood is to be seen as what it is.
  if (outcome > DONE) counters[refusals[outcome]!.counter]! += 1;
  else if (outcome === TRUNCATED) counters[COUNTER.truncated]! += 1;
  if (query.transport === TRANSPORT.udp && cookie !== COOKIE.valid && tables.limiter !== null) {
    const limit = limitOf(tables.limiter, query);
    // What has no question, or is refused unread, is answered in short: nothing shorter could be slipped.
    if (limit === LIMIT.drop || (limit === LIMIT.slip && read === READ.ok)) {
      return limited(tables, query, response, limit, cookie);
    }
  }
  if (outcome > DONE) return refuse(tables, query, response, outcome, cookie);
  if (outcome === TRUNCATED) truncate(query, response);
  if (query.hasEdns) writeEdns(tables, query, response, RCODE.NOERROR, cookie, null);
  return response.end - response.at;
}

/** A message without a question is a header and a cookie, and says whether ours was good (RFC 7873 §5.4). */
function answerCookie(tables: Tables, cookie: number): number {
  if (cookie === COOKIE.none) return REFUSAL.formerr;
  return cookie === COOKIE.bad ? REFUSAL.badCookie : count(tables, COUNTER.noerror);
}

/** How far the response may reach, with room kept for the OPT record. */
function setLimit(query: Query, response: Response, reserved: number): void {
  let size = response.sizeMax;
  if (query.transport === TRANSPORT.udp) {
    const asked = Math.max(query.udpSize, udpSizeClassic);
    if (asked < size) size = asked;
    if (udpSizeMax < size) size = udpSizeMax;
  }
  response.reserved = reserved;
  response.limit = response.at + size - reserved;
}

/** RFC 2181 §9: what does not fit is left out whole; the client asks again over TCP. */
function truncate(query: Query, response: Response): void {
  response.end = response.at + query.questionEnd - query.at;
  for (let i = 6; i < 12; i++) response.octets[response.at + i] = 0;
  setTruncated(response);
}

/** Whether this response may be sent, one of LIMIT, by what it says and to whom. */
function limitOf(limiter: RateLimiter, query: Query): number {
  return limitResponse(
    limiter,
    query.source,
    query.sourceAt,
    query.sourceSize,
    query.nowMicros,
    answered.key,
  );
}

/**
 * A response over the limit: nothing, or now and then a short one by which a real client finds another way to
 * us: with the cookie that it can show next time (RFC 7873 §5.2.3), else over TCP.
 */
function limited(tables: Tables, query: Query, response: Response, limit: number, cookie: number): number {
  if (limit === LIMIT.drop) {
    tables.counters[COUNTER.rateDropped]! += 1;
    return 0;
  }
  tables.counters[COUNTER.rateSlipped]! += 1;
  query.wantsNsid = false; // who we are may be longer than all of the query
  client.slot = 0; // and so may the pool
  if (cookie !== COOKIE.none) {
    tables.counters[COUNTER.badcookie]! += 1;
    return refuse(tables, query, response, REFUSAL.badCookie, cookie);
  }
  writeHeader(response, query.octets, query.at);
  echoQuestion(query, response);
  setTruncated(response);
  if (query.hasEdns) writeEdns(tables, query, response, RCODE.NOERROR, cookie, null);
  return response.end - response.at;
}

/**
 * Writes a refusal in place of whatever was written: the header, the question where it was read, OPT where it
 * was.
 */
function refuse(tables: Tables, query: Query, response: Response, refusal: number, cookie: number): number {
  const row = refusals[refusal]!;
  writeHeader(response, query.octets, query.at);
  setRcode(response, row.rcode);
  if (row.echoesQuestion) {
    echoQuestion(query, response);
    if (query.hasEdns) writeEdns(tables, query, response, row.rcode, cookie, row);
  }
  return response.end - response.at;
}

/** Sends the question back where there was one. */
function echoQuestion(query: Query, response: Response): void {
  const from = query.at + 12;
  if (query.questionEnd > from) writeQuestion(response, query.octets, from, query.questionEnd);
}

/** Finds the zone and follows CNAMEs from there; returns DONE, TRUNCATED or a refusal. */
function answer(tables: Tables, query: Query, response: Response): number {
  if (query.class !== CLASS.IN) return answerOther(tables, query, response);
  if (query.type === TYPE.AXFR || query.type === TYPE.IXFR) return REFUSAL.transfer;
  let index = zoneFor(tables, query.name, query.type, 0);
  if (index < 0) return REFUSAL.notOurs;
  let zone = tables.zones[index]!;
  response.zoneCell = zone.cell;
  let name: Labels = query.name;
  anchors.name = 12;
  anchors.split = labelsMax;
  anchors.owner = 12;
  anchors.apex = placeOf(name, name.count - zone.apexLabels);
  for (let hops = 0; ; hops++) {
    const outcome = answerFrom(tables, zone, name, query.type, hops, response);
    if (outcome !== FOLLOW) return outcome;
    // RFC 1034 §3.6.2: start again at the target, in whichever of our zones it lies; where it leaves us,
    // stop.
    name = tables.target;
    index = zoneFor(tables, name, query.type, hops + 1);
    if (index < 0) return count(tables, COUNTER.noerror);
    anchors.name = anchors.target;
    anchors.owner = placeOf(name, 0);
    if (tables.zones[index] !== zone) {
      zone = tables.zones[index]!;
      anchors.apex = placeOf(name, name.count - zone.apexLabels);
    }
  }
}

/** Another class than IN: CHAOS says who we are, all others are refused. */
function answerOther(tables: Tables, query: Query, response: Response): number {
  if (query.class !== CLASS.CH) return REFUSAL.otherClass;
  const outcome = answerChaos(tables, query.name, query.type, response);
  if (outcome === CHAOS.unknown) return REFUSAL.otherClass;
  return outcome === CHAOS.tooBig ? TRUNCATED : count(tables, COUNTER.chaos);
}

/** Index of the zone that answers for this name and type behind so many aliases, or -1. */
function zoneFor(tables: Tables, name: Labels, type: number, hops: number): number {
  const nearest = findZone(tables, name, 0);
  if (type !== TYPE.DS || nearest < 0 || name.count === 0) return nearest;
  if (name.count !== tables.zones[nearest]!.apexLabels) return nearest;
  // RFC 4035 §3.1.4.1: the DS of a zone's apex is the parent's; where we serve both, the parent answers.
  const above = findZone(tables, name, 1);
  if (above < 0) return nearest;
  // A parent that does not know the name cannot say that it does not exist: an alias of ours leads to it.
  return hops > 0 && find(tables.zones[above]!, name, type) === FOUND.nxdomain ? nearest : above;
}

/**
 * Answers one name from its zone; FOLLOW where a CNAME was written and its target stands in `tables.target`.
 */
function answerFrom(
  tables: Tables,
  zone: ZoneView,
  name: Labels,
  type: number,
  hops: number,
  response: Response,
): number {
  const outcome = find(zone, name, type);
  const node = found.node;
  if (hops === 0) countAs(zone, node, type);
  if (outcome === FOUND.referral) return refer(tables, zone, name, node, response);
  if (hops === 0) setAuthoritative(response);
  if (outcome === FOUND.dname) {
    if (hops === 0) countAs(zone, node, TYPE.DNAME);
    return outcomeOf(tables, type, followDname(tables, zone, name, node, hops, response));
  }
  if (outcome === FOUND.nxdomain) {
    setRcode(response, RCODE.NXDOMAIN);
    answered.key = ~zone.apexHash;
    return writeNegativeSoa(zone, none, response) ? count(tables, COUNTER.nxdomain) : TRUNCATED;
  }
  const row = type === TYPE.ANY ? anyRrset(zone, node) : findRrset(zone, node, type);
  if (row !== none) {
    if (type === TYPE.DNAME && isWritten(tables, zone, row, hops)) return count(tables, COUNTER.noerror);
    const wrote = writeRrset(tables, zone, row, SECTION.answer, response);
    if (wrote === WROTE.tooBig) return TRUNCATED;
    if (wrote === WROTE.servfail) return REFUSAL.noAnswer;
    if (wrote === WROTE.nodata) return noData(tables, zone, negativeTtlMax(zone, row), response);
    writeTargets(tables, zone, row, response); // RFC 2181 §9: additional data that do not fit are not missed
    return count(tables, COUNTER.noerror);
  }
  // RFC 4035 §2.5: these stand beside a CNAME, so what is asked for is the alias's own.
  const isOfAlias = type === TYPE.RRSIG || type === TYPE.NSEC;
  const cname = isOfAlias ? none : findRrset(zone, node, TYPE.CNAME);
  if (cname === none) return noData(tables, zone, none, response);
  if (hops === 0) countAs(zone, node, TYPE.CNAME);
  const alias = followCname(tables, zone, name, cname, hops, response);
  if (alias === ALIAS.nodata) return noData(tables, zone, negativeTtlMax(zone, cname), response);
  return outcomeOf(tables, type, alias);
}

/**
 * What the rate limit counts together: a name and the type that it answers with, which behind an alias is the
 * alias, whatever was asked for; of a zone all that it refers elsewhere or denies.
 */
function countAs(zone: ZoneView, node: number, type: number): void {
  answered.key = nodeWord(zone, node, NODE_ROW.hash) ^ type;
}

/** Where an alias leads: on, unless the alias itself was asked for. */
function outcomeOf(tables: Tables, type: number, alias: number): number {
  if (alias === ALIAS.tooBig) return TRUNCATED;
  if (alias === ALIAS.servfail) return REFUSAL.noAnswer;
  if (alias === ALIAS.yxdomain) return count(tables, COUNTER.yxdomain);
  if (alias === ALIAS.stop || type === TYPE.CNAME || type === TYPE.ANY) return count(tables, COUNTER.noerror);
  return FOLLOW;
}

/** NODATA: the SOA in the authority section says for how long (RFC 2308 §2.2). */
function noData(tables: Tables, zone: ZoneView, ttlMax: number, response: Response): number {
  answered.key = ~zone.apexHash;
  return writeNegativeSoa(zone, ttlMax, response) ? count(tables, COUNTER.nodata) : TRUNCATED;
}

/** RFC 8482 §4.1: one RRset stands for ANY: A, else the one that stands first (SOA, NS, then by type). */
export function anyRrset(zone: ZoneView, node: number): number {
  const a = findRrset(zone, node, TYPE.A);
  if (a !== none && hasAnswer(zone, a)) return a;
  const rrsets = nodeWord(zone, node, NODE_ROW.countAndFlags) & 0xffff;
  let row = zone.rrsetsAt + nodeWord(zone, node, NODE_ROW.firstRrset) * RRSET_ROW.words;
  for (let i = 0; i < rrsets; i++) {
    if (hasAnswer(zone, row)) return row;
    row += RRSET_ROW.words;
  }
  return a;
}

/** The NS RRset of the cut with its glue; a referral without its glue is truncated (RFC 9471 §3.1). */
function refer(tables: Tables, zone: ZoneView, name: Labels, cut: number, response: Response): number {
  answered.key = ~zone.apexHash;
  anchors.owner = placeOf(name, name.count - depthOf(zone, cut));
  const row = findRrset(zone, cut, TYPE.NS);
  if (writeRrset(tables, zone, row, SECTION.authority, response) !== WROTE.all) return TRUNCATED;
  if (!writeTargets(tables, zone, row, response)) return TRUNCATED;
  return count(tables, COUNTER.referral);
}

function count(tables: Tables, counter: number): number {
  tables.counters[counter]! += 1;
  return DONE;
}
