// What answers depend on beside the zones: who we say we are, the secrets of cookies, the rate limit, where
// clients are. From
// steerdns.yaml through control to every thread, adopted like a table: whole, between two batches.
import type { Network } from '../wire/networks.ts';
import type { RateLimitSettings } from './ratelimit.ts';

/** Where clients are: the table that places.ts reads, and the names of its places; the first is number 1. */
export type Places = { readonly table: Uint8Array; readonly names: readonly string[] };

export type Settings = {
  /** Text of NSID, hostname.bind and id.server; '' hides it. At most 255 octets of UTF-8. */
  readonly identity: string;
  /** Text of version.bind; '' hides it. At most 255 octets of UTF-8. */
  readonly version: string;
  /**
   * Secrets of DNS cookies, 16 octets each: the first makes them, all are accepted. Empty: the server's own.
   * Undefined: cookies are off.
   */
  readonly cookieSecrets: readonly Uint8Array[] | undefined;
  /** Undefined: no rate limiting. */
  readonly rateLimit: RateLimitSettings | undefined;
  /** Whether the client subnet of a query (RFC 7871) counts as its client's network; else its source does. */
  readonly clientSubnet: boolean;
  /** Clients that are told in an extended error how the pool behind their answer is. */
  readonly explainTo: readonly Network[];
  /** Undefined: there are no places. */
  readonly places: Places | undefined;
};

/** The part of the settings by which all clients are alike: what holds where nothing is said. */
export const allAlike = { clientSubnet: false, explainTo: [], places: undefined } as const;
