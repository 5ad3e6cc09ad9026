// What is counted on the query path: one row of these per worker, written by that worker only, summed by the
// server. A row is a Float64Array in shared memory: exact to 2^53, and no increment ever allocates.

/** Names of the counters; the index of a name is its cell in a row. */
export const counterNames = [
  'udp-queries',
  'tcp-queries',
  'edns-queries',
  'silent',
  'noerror',
  'nodata',
  'nxdomain',
  'yxdomain',
  'referral',
  'refused',
  'formerr',
  'notimp',
  'badvers',
  'servfail',
  'truncated',
  'balanced',
  'send-failed',
  'tcp-refused',
  'tcp-cut',
  'rate-dropped',
  'rate-slipped',
  'cookies-valid',
  'badcookie',
  'chaos',
  'tcp-accepted',
  'tcp-idle',
  'tcp-refused-client',
] as const;

/** Cell of each counter. */
export const COUNTER = {
  udpQueries: 0,
  tcpQueries: 1,
  ednsQueries: 2,
  /** Messages that get no response: too short, a response themselves, source port 0. */
  silent: 3,
  /** Positive answers. */
  noerror: 4,
  nodata: 5,
  nxdomain: 6,
  /** A DNAME made a name that is too long. */
  yxdomain: 7,
  referral: 8,
  refused: 9,
  formerr: 10,
  notimp: 11,
  badvers: 12,
  servfail: 13,
  truncated: 14,
  /** Draws from answer sets. */
  balanced: 15,
  /** Responses that the kernel refused to send. */
  sendFailed: 16,
  /** TCP connections that made room for others, and those cut: a message unfinished, a client not reading. */
  tcpRefused: 17,
  tcpCut: 18,
  /** Responses left out and cut short by the rate limit; what they would have been is counted too. */
  rateDropped: 19,
  rateSlipped: 20,
  /** Queries with a server cookie that we made. */
  cookiesValid: 21,
  /** BADCOOKIE: responses cut short, with a cookie for the next query; a cookie asked about alone. */
  badcookie: 22,
  /** Answers about the server itself, class CHAOS. */
  chaos: 23,
  tcpAccepted: 24,
  /** Closed because no query came for the idle time, as is usual. */
  tcpIdle: 25,
  /** Made room for another of the same client, which had its share. */
  tcpRefusedClient: 26,
} as const;
