// The settings of steerdns.yaml that threads answer with, defaults filled in. Called at each publication.
import { hostname } from 'node:os';
import type { Settings } from '../answer/settings.ts';
import { version as programVersion } from '../version.ts';
import type { Loaded } from './load.ts';

/** What is published of the server's settings, with where clients are. */
export function settingsOf({ server, places }: Pick<Loaded, 'server' | 'places'>): Settings {
  const { identity, version, cookies, rateLimit, clientSubnet, explainTo } = server;
  return {
    identity: identity === undefined ? hostname() : (identity ?? ''),
    version: version === undefined ? `steerdns ${programVersion}` : (version ?? ''),
    cookieSecrets: cookies.enabled ? cookies.secrets : undefined,
    rateLimit,
    clientSubnet,
    explainTo,
    places: places && { table: places.table, names: places.names },
  };
}
