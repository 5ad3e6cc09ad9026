// Every route of the admin API, whichever door it is asked through: what it does, what it takes, and which
// scope a token needs for it. The OpenAPI document is made of this table, and a request with a parameter that
// is not in it is refused. Handlers are control's (control.ts).
import { eventKinds } from '../config/eventkinds.ts';
import type { Scope } from '../config/tokens.ts';
import type { Handler } from './admin.ts';

export type Parameter = {
  readonly what: string;
  readonly required?: boolean;
  /** May be given several times. */
  readonly repeated?: boolean;
};

export type Route = {
  readonly scope: Scope;
  readonly summary: string;
  /** Parameters in the query of the URL, by name. */
  readonly parameters?: Readonly<Record<string, Parameter>>;
  /** Media types of what is answered; JSON where nothing is said. */
  readonly types?: readonly string[];
};

export const routes = {
  'GET /status': { scope: 'read', summary: 'What needs attention, the server, zones, pools and members' },
  'GET /healthz': { scope: 'read', summary: 'Whether answers were published' },
  'GET /generation': {
    scope: 'read',
    summary: 'Which generation is in service, and from which each thread answers',
  },
  'GET /zone': {
    scope: 'read',
    summary: 'The records of a zone as they are in service, as a master file (RFC 1035 §5)',
    parameters: { name: { what: 'the zone', required: true } },
    types: ['text/dns'],
  },
  'GET /explain': {
    scope: 'read',
    summary: 'How a name is answered, step by step',
    parameters: {
      name: { what: 'the name that is asked for', required: true },
      type: { what: 'the record type, A unless said otherwise' },
      from: { what: 'address of a client: which answer sets it may get' },
      if: { what: 'members as they are not, such as web2=down,web3=drain,web1=5', repeated: true },
    },
  },
  'GET /events': {
    scope: 'read',
    summary: 'What happened lately, or with Accept: text/event-stream as it happens',
    parameters: {
      after: { what: 'id of the last event that is known already; a stream takes Last-Event-ID too' },
      kinds: { what: `comma-separated, of ${Object.keys(eventKinds).join(', ')}` },
    },
    types: ['application/json', 'text/event-stream'],
  },
  'GET /metrics': {
    scope: 'read',
    summary: 'Everything that is measured, as Prometheus reads it',
    types: ['text/plain; version=0.0.4; charset=utf-8'],
  },
  'GET /stats': { scope: 'read', summary: 'Everything that is measured, as families of series' },
  'GET /rates': {
    scope: 'read',
    summary: 'Responses per second by RCODE over the last minutes',
    parameters: { after: { what: 'time of the last sample that is known already, in milliseconds' } },
  },
  'GET /latencies': {
    scope: 'read',
    summary: 'How long the last probes of the members of some pools took',
    parameters: { owner: { what: 'of these pools, as the status has it', required: true, repeated: true } },
  },
  'GET /evidence': {
    scope: 'read',
    summary: 'What a verdict came of: the last results of a member, with their reasons',
    parameters: {
      owner: { what: 'of which pool, as the status has it', required: true },
      address: { what: 'of which member, as the status has it', required: true },
    },
  },
  'GET /token': { scope: 'read', summary: 'What the token that is shown allows, and until when' },
  'GET /openapi.json': { scope: 'read', summary: 'This document' },
  'POST /hand': {
    scope: 'operate',
    summary: "The operator's hand: takes members out, puts them in, weighs them, or lifts that",
    parameters: {
      verb: { what: 'drain, undrain, up, down, weight or release', required: true },
      selector: { what: 'the members that are meant, such as web2@www', required: true, repeated: true },
      weight: { what: 'with the verb weight' },
      reason: { what: 'a line that is shown with it' },
      by: { what: 'who says so; over TCP the name of the token' },
      at: { what: 'when it begins' },
      for: { what: 'how long it holds' },
      until: { what: 'when it ends' },
      force: { what: 'also where no member is left' },
    },
  },
  'POST /push': {
    scope: 'operate',
    summary: 'A heartbeat, for checks of type push',
    parameters: {
      name: { what: 'what the check calls it', required: true },
      state: { what: 'up, down, drain, maint, or a percentage of the weight; up unless said otherwise' },
      reason: { what: 'why, in a line' },
    },
  },
  'POST /stop': {
    scope: 'operate',
    summary: 'Ends the server; on the control socket only',
  },
  'POST /reload': {
    scope: 'operate',
    summary: 'Takes changed files into service, whole or not at all',
    parameters: {
      zone: { what: 'only this zone, and everything else as it was accepted' },
      'dry-run': { what: 'say what would change, and change nothing' },
      force: { what: 'whatever would be lost' },
    },
  },
} as const satisfies Readonly<Record<string, Route>>;

export type RouteName = keyof typeof routes;

/** A handler for every route. */
export type Handlers = Readonly<Record<RouteName, Handler>>;

/** What is wrong with the parameters of a request; undefined: nothing, or the route is none of ours. */
export function parameterFault(name: string, given: URLSearchParams): string | undefined {
  const route: Route | undefined = Object.hasOwn(routes, name) ? routes[name as RouteName] : undefined;
  if (route === undefined) return undefined;
  const known = route.parameters ?? {};
  for (const parameter of given.keys()) {
    if (!Object.hasOwn(known, parameter)) {
      const takes = Object.keys(known).join(', ') || 'nothing';
      return `${name} takes no ${JSON.stringify(parameter)}: it takes ${takes}`;
    }
    const isDouble = given.getAll(parameter).length > 1 && known[parameter]!.repeated !== true;
    if (isDouble) return `${parameter} is given twice`;
  }
  const missing = Object.keys(known).find((one) => known[one]!.required === true && !given.has(one));
  return missing === undefined ? undefined : `${name} needs ${missing}: ${known[missing]!.what}`;
}
