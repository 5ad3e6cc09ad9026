// What answers depend on beside the zones: who we say we are, the secrets of cookies, the rate limit. From
// steerdns.yaml through control to every thread, adopted like a table: whole, between two batches.
import type { RateLimitSettings } from './ratelimit.ts';

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
};
