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
  referral: 7,
  refused: 8,
  formerr: 9,
  notimp: 10,
  badvers: 11,
  servfail: 12,
  truncated: 13,
  /** Draws from answer sets. */
  balanced: 14,
  /** Responses that the kernel refused to send. */
  sendFailed: 15,
  /** TCP connections closed at once because of a limit, and those cut because of a deadline. */
  tcpRefused: 16,
  tcpCut: 17,
} as const;
