// The numbers of the protocol that the program itself speaks of (IANA DNS parameters). RR types that are only
// data have their row in rdata.ts and no name here.

/** RR types whose meaning changes what we do. */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  RRSIG: 46,
  NSEC: 47,
  SVCB: 64,
  HTTPS: 65,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const CLASS = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

export const OPCODE = { QUERY: 0, NOTIFY: 4, UPDATE: 5 } as const;

/** EDNS options that we read or write. */
export const OPTION = { nsid: 3, subnet: 8, cookie: 10, keepalive: 11, extendedError: 15 } as const;

/** Info codes of extended errors (RFC 8914 §5.2). */
export const INFO = { other: 0, notAuthoritative: 20, notSupported: 21 } as const;

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  BADVERS: 16,
  BADCOOKIE: 23,
} as const;

/** Mnemonics of response codes, as dig prints them. */
export const rcodeText: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(RCODE).map(([text, code]) => [code, text]),
);
