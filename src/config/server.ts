// `steerdns.yaml`: settings of the server itself, all optional.
import * as v from 'valibot';
import { errorAt, type Fault } from '../faults.ts';
import type { Endpoint } from '../health/check.ts';
import { explainToMax, seriesMaxDefault, seriesMaxLeast, seriesMaxMost, workersMax } from '../limits.ts';
import type { Network } from '../wire/networks.ts';
import { canariesLook, readCanaries } from './canaries.ts';
import { type Checks, checksLook, readChecks } from './checks.ts';
import type { Beside } from './contents.ts';
import { type CookiesConfig, cookiesDefaults, cookiesLook, readCookies } from './cookies.ts';
import { type HttpConfig, httpLook, readHttp } from './http.ts';
import { type PlacesConfig, placesLook, readPlaces } from './places.ts';
import { type RateLimitConfig, rateLimitDefaults, rateLimitLook, readRateLimit } from './ratelimit.ts';
import { elsewhere, map, shaped, text, texts, valueAt } from './shape.ts';
import {
  fileMode,
  filePath,
  integer,
  integerOr,
  listenAddress,
  network,
  oneOf,
  percent,
  shownText,
  word,
} from './values.ts';
import { readWebhooks, type WebhookConfig, webhooksLook } from './webhooks.ts';
import type { YamlMap } from './yaml.ts';

export type ServerConfig = {
  /** Socket addresses in canonical form: `192.0.2.1:53`, `[2001:db8::1]:53`. */
  readonly listen: readonly string[];
  /** True where the file names no address to listen on. */
  readonly isListenDefault: boolean;
  /** UDP workers; 0: one per core. */
  readonly workers: number;
  readonly control: {
    /** Permission bits of the control socket. */
    readonly mode: number;
    readonly group?: string;
  };
  /** Text of NSID, hostname.bind and id.server; undefined: the host's name, null: hidden. */
  readonly identity: string | null | undefined;
  /** Text of version.bind; undefined: name and version of this program, null: hidden. */
  readonly version: string | null | undefined;
  readonly cookies: CookiesConfig;
  /** Undefined: responses are not limited. */
  readonly rateLimit: RateLimitConfig | undefined;
  /** Whether the client subnet of a query counts as its client's network. */
  readonly clientSubnet: boolean;
  /** Clients that are told in an extended error how the pool behind their answer is. */
  readonly explainTo: readonly Network[];
  /** Part of all responses that the log has, 0 to 1. */
  readonly queryLog: number;
  readonly webhooks: readonly WebhookConfig[];
  /** Series of metrics that are given at most. */
  readonly seriesMax: number;
  /** What the prober should always reach. */
  readonly canaries: readonly Endpoint[];
  /** Undefined: no admin API over TCP. */
  readonly http: HttpConfig | undefined;
};

/** What holds where steerdns.yaml says nothing. */
export const serverDefaults: ServerConfig = {
  listen: ['0.0.0.0:53', '[::]:53'],
  isListenDefault: true,
  workers: 0,
  control: { mode: 0o660 },
  identity: undefined,
  version: undefined,
  cookies: cookiesDefaults,
  rateLimit: rateLimitDefaults,
  clientSubnet: false,
  explainTo: [],
  queryLog: 0,
  webhooks: [],
  canaries: [],
  seriesMax: seriesMaxDefault,
  http: undefined,
};

/** The whole of steerdns.yaml. */
export const serverShape = map({
  listen: v.optional(texts(listenAddress)),
  workers: v.optional(text(integerOr('auto', 1, workersMax))),
  control: v.optional(
    map({
      mode: v.optional(text(fileMode)),
      group: v.optional(text(word)),
    }),
  ),
  identity: v.optional(text(shownText)),
  version: v.optional(text(shownText)),
  cookies: v.optional(elsewhere(cookiesLook)),
  'rate-limit': v.optional(elsewhere(rateLimitLook)),
  'client-subnet': v.optional(text(oneOf(['on', 'off'] as const))),
  'explain-to': v.optional(texts(network)),
  metrics: v.optional(map({ 'series-max': v.optional(text(integer(seriesMaxLeast, seriesMaxMost))) })),
  'query-log': v.optional(text(percent(1))),
  http: v.optional(elsewhere(httpLook)),
  webhooks: v.optional(elsewhere(webhooksLook)),
  places: v.optional(elsewhere(placesLook)),
  mmdb: v.optional(text(filePath)),
  checks: v.optional(elsewhere(checksLook)),
  canaries: v.optional(elsewhere(canariesLook)),
});

/** Reads the whole file, and what it names; what has faults is as if it were absent. */
export function readServer(
  node: YamlMap,
  beside: Beside,
  faults: Fault[],
): { server: ServerConfig; checks: Checks; places: PlacesConfig } {
  const checks = readChecks(valueAt(node, 'checks'), beside, faults);
  const canaries = readCanaries(valueAt(node, 'canaries'), beside, faults);
  const cookies = readCookies(valueAt(node, 'cookies'), beside, faults);
  const rateLimit = readRateLimit(valueAt(node, 'rate-limit'), faults);
  const http = readHttp(valueAt(node, 'http'), beside, faults);
  const webhooks = readWebhooks(valueAt(node, 'webhooks'), beside, faults);
  const places = readPlaces(valueAt(node, 'places'), valueAt(node, 'mmdb'), beside, faults);
  const values = shaped(node, serverShape, faults);
  if (values === undefined)
    return { server: { ...serverDefaults, cookies, rateLimit, http, webhooks, canaries }, checks, places };
  const listen = values.listen ?? serverDefaults.listen;
  const listenNode = valueAt(node, 'listen');
  listen.forEach((address, i) => {
    if (listen.indexOf(address) === i) return;
    const place = (listenNode?.kind === 'list' ? listenNode.items[i] : listenNode)?.place ?? node.place;
    faults.push(errorAt(place, `listen has ${address} twice`, 'keep one of them'));
  });
  const explainTo = values['explain-to'] ?? serverDefaults.explainTo;
  if (explainTo.length > explainToMax) {
    const what = `explain-to has ${explainTo.length} networks, more than ${explainToMax}`;
    faults.push(errorAt((valueAt(node, 'explain-to') ?? node).place, what, 'write larger networks'));
  }
  if (listen.length === 0) {
    const what = 'listen is an empty list';
    faults.push(errorAt((listenNode ?? node).place, what, 'name an address or remove it'));
  }
  const { mode = serverDefaults.control.mode, group } = values.control ?? {};
  const server: ServerConfig = {
    listen,
    isListenDefault: values.listen === undefined,
    workers: typeof values.workers === 'number' ? values.workers : 0,
    control: { mode, ...(group === undefined ? {} : { group }) },
    identity: values.identity,
    version: values.version,
    cookies,
    rateLimit,
    clientSubnet: values['client-subnet'] === 'on',
    explainTo,
    seriesMax: values.metrics?.['series-max'] ?? serverDefaults.seriesMax,
    queryLog: values['query-log'] ?? 0,
    http,
    webhooks,
    canaries,
  };
  return { server, checks, places };
}
