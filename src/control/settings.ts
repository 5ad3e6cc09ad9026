// The settings of steerdns.yaml that threads answer with, defaults filled in. Called at each publication.
import { hostname } from 'node:os';
import type { Settings } from '../answer/settings.ts';
import type { ServerConfig } from '../config.ts';
import { version as programVersion } from '../version.ts';

/** What is published of the server's settings. */
export function settingsOf({
  identity,
  version,
  cookies,
  rateLimit,
  clientSubnet,
  explainTo,
}: ServerConfig): Settings {
  return {
    identity: identity === undefined ? hostname() : (identity ?? ''),
    version: version === undefined ? `steerdns ${programVersion}` : (version ?? ''),
    cookieSecrets: cookies.enabled ? cookies.secrets : undefined,
    rateLimit,
    clientSubnet,
    explainTo,
    places: undefined,
  };
}
