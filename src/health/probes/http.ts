// The http and https probes, and the only door to undici, which reads bodies; a header alone is read by
// head.ts. Each try makes its own connection to the address itself and cuts it as soon as the verdict is
// known, so that what a server can cost us is a deadline, one header of probeHeaderMax octets and
// probeBodyMax of body. Redirects are never followed, encodings never decoded.
//
// The connection is ours, not undici's: undici keeps a socket that is still connecting when its client is
// destroyed, and its timers are up to a second late, so they are off and the Attempt's deadline is the only
// one.
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { buildConnector, Client, Dispatcher } from 'undici';
import { probeBodyMax, probeHeaderMax } from '../../limits.ts';
import { Attempt } from './attempt.ts';
import { type BodyMatch, matchOf, parseBody } from './body.ts';
import { openPlain, openTls, routeOf, tlsWords } from './connections.ts';
import { secretsIn, textOf } from './content.ts';
import { askForHead, printRequest } from './head.ts';
import {
  differingHeader,
  type Headers,
  headerContent,
  headerLines,
  parseExpectedHeaders,
  parseRequestHeaders,
} from './headers.ts';
import { hostText, parseCodes } from './options.ts';
import type { Option, Options, Probe } from './probe.ts';
import { sourceOption } from './source.ts';
import { obey, type Statement } from './statement.ts';
import { watchStatusLine } from './statusline.ts';
import { tlsConflict, tlsOf, tlsOptions, trustedContext } from './tls.ts';
import { bodyStatement, headerStatement, parseWeightFrom, type WeightFrom } from './weight.ts';

const httpOptions = {
  path: { kind: 'path', default: '/', what: 'what is asked for, query string included' },
  host: { kind: 'host', what: 'Host header; default: the address itself' },
  method: { kind: 'choice', default: 'GET', choices: ['GET', 'HEAD'], what: 'method' },
  expect: { kind: 'codes', default: '200-299', what: 'status codes that mean up: 200-299 or 200,204' },
  body: {
    kind: 'own',
    parse: parseBody,
    what: `text, or /pattern/, that must occur in the first ${probeBodyMax} octets of the body`,
  },
  headers: {
    kind: 'own',
    parse: parseRequestHeaders,
    content: headerContent,
    what: 'request headers: { X-Probe: steerdns }',
  },
  'expect-header': {
    kind: 'own',
    parse: parseExpectedHeaders,
    what: 'response headers and their values: { X-Ready: yes }',
  },
  'weight-from': {
    kind: 'own',
    parse: parseWeightFrom,
    what: 'where the server says how much it wants: body, or { header: X-Weight }',
  },
  source: sourceOption,
} as const satisfies Record<string, Option>;

const httpsOptions = {
  ...httpOptions,
  host: { kind: 'host', what: 'Host header and name of the certificate; default: the address itself' },
  ...tlsOptions,
} as const satisfies Record<string, Option>;

/**
 * undici, loaded by the first probe: the loader threads of control only want the options above, and each
 * would spend time on it and leave memory that Node does not get back from an ended thread.
 */
let undici: typeof import('undici') | undefined;

/** As much of a redirect's target as a reason has room for. */
const locationMax = 100;

/** As much of a body as whoever watches is shown. */
const shownMax = 60;

type ResponseHead = Pick<Dispatcher.ResponseData, 'statusCode' | 'statusText' | 'headers'>;
type Open = (opened: (socket: Socket) => void) => Socket;

/** What the probe looks for, with defaults filled in. */
type Wanted = {
  readonly expect: string;
  readonly isExpected: (code: number) => boolean;
  readonly headers: Headers;
  readonly body: BodyMatch | undefined;
  readonly weightFrom: WeightFrom | undefined;
};

function makeProbe(scheme: 'http' | 'https', defaultPort: number, context: () => SecureContext): Probe {
  return {
    options: scheme === 'http' ? httpOptions : httpsOptions,
    defaultPort,
    conflict(options) {
      const { method, body, 'weight-from': weightFrom } = options;
      const isSearched = body !== undefined || weightFrom === 'body';
      if (method === 'HEAD' && isSearched) return 'a response to HEAD has no body to search';
      return scheme === 'https' ? tlsConflict(options) : undefined;
    },
    async run(address, port, options, deadlineMs, onStep) {
      const isRead = readsBody(options);
      if (isRead) undici ??= await import('undici'); // before the attempt, whose time begins to run
      const attempt = new Attempt(address, port, deadlineMs, onStep);
      attempt.secrets = secretsIn((options.headers as Options | undefined) ?? {});
      const route = routeOf(address, port, options);
      const ownHost = port === defaultPort ? hostText(address) : `${hostText(address)}:${port}`;
      const host = (options.host as string | undefined) ?? ownHost;
      const request = requestOf(host, options);
      const open: Open = (opened) =>
        scheme === 'http'
          ? openPlain(attempt, route, opened)
          : openTls(attempt, route, tlsOf(options, address, ['http/1.1'], context), opened);
      if (isRead) askByLibrary(attempt, `${scheme}://${hostText(address)}:${port}`, open, request, options);
      else askOurselves(attempt, open, request, options);
      return attempt.result;
    },
  };
}

/** Has undici ask over a connection of ours. */
function askByLibrary(
  attempt: Attempt,
  origin: string,
  open: Open,
  request: Request,
  options: Options,
): void {
  let socket: Socket | undefined;
  const connector: buildConnector.connector = (_target, callback) => {
    let isOpen = false;
    socket = open((opened) => {
      isOpen = true;
      attempt.waitsFor = 'response';
      attempt.watch?.('asking', askingWords(request));
      watchStatusLine(opened, attempt);
      callback(null, opened);
    });
    // Once it is open, undici reports what goes wrong, and ends a finished response with an error of its
    // own. But an alert of TLS is to it only a connection that was closed.
    socket.on('error', (error: Error & { code?: string }) => {
      if (!isOpen || error.code?.startsWith('ERR_SSL_') === true)
        attempt.broke(error, errorWords(error, attempt.waitsFor));
    });
  };
  const client = new undici!.Client(origin, {
    pipelining: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: probeHeaderMax,
    connect: connector,
  });
  attempt.cut = () => {
    socket?.destroy();
    void client.destroy();
  };
  void ask(client, attempt, request, options);
}

/** Asks for what stands in the header: no library is needed for that. */
function askOurselves(attempt: Attempt, open: Open, request: Request, options: Options): void {
  const { method, path, headers } = request;
  try {
    const wanted = wantedOf(options);
    if (!isSendable(request)) throw new TypeError('the request cannot be sent');
    const socket = open((opened) => {
      attempt.watch?.('asking', askingWords(request));
      askForHead(opened, attempt, printRequest(method, path, headers), (head) => {
        if (isExpected(head, attempt, wanted)) end(attempt, head.statusCode, saidInHeader(head, wanted));
      });
    });
    attempt.cut = () => socket.destroy();
    socket.on('error', (error) => attempt.broke(error, tlsWords(error)));
  } catch (error) {
    attempt.inconclusive(`this probe could not be made: ${(error as Error).message}`);
  }
}

/** What config.ts lets through can be sent; a line break would be a request of its own. */
function isSendable({ path, headers }: Request): boolean {
  return path.startsWith('/') && Object.values(headers).every((value) => /^[\t\x20-\x7e]*$/.test(value));
}

function askingWords({ method, path, headers }: Request): string {
  return `${method} ${path} of ${headers.host}`;
}

function readsBody({ body, 'weight-from': weightFrom }: Options): boolean {
  return body !== undefined || weightFrom === 'body';
}

function saidInHeader({ headers }: ResponseHead, { weightFrom }: Wanted) {
  return typeof weightFrom === 'object' ? headerStatement(headers, weightFrom.header) : undefined;
}

async function ask(client: Client, attempt: Attempt, request: Request, options: Options): Promise<void> {
  try {
    const response = await client.request(request);
    // The connection is cut when the verdict is known; undici reports that here too.
    response.body.on('error', (error) => attempt.broke(error, errorWords(error, attempt.waitsFor)));
    const wanted = wantedOf(options);
    if (isExpected(response, attempt, wanted)) search(response, attempt, wanted);
  } catch (error) {
    if (isOurMistake(error)) attempt.inconclusive(`this probe could not be made: ${error.message}`);
    else attempt.broke(error as Error, errorWords(error as Error, attempt.waitsFor));
  }
}

type Request = { readonly path: string; readonly method: 'GET' | 'HEAD'; readonly headers: Headers };

function requestOf(host: string, options: Options): Request {
  return {
    path: (options.path as string | undefined) ?? httpOptions.path.default,
    method: (options.method as 'GET' | 'HEAD' | undefined) ?? httpOptions.method.default,
    headers: {
      host,
      'user-agent': 'steerdns',
      accept: '*/*',
      'accept-encoding': 'identity',
      ...headersOf(options),
    },
  };
}

function headersOf({ headers }: Options): Headers {
  const all = Object.entries((headers as Options | undefined) ?? {});
  return Object.fromEntries(all.map(([name, value]) => [name, textOf(value)!]));
}

function wantedOf(options: Options): Wanted {
  const parsed = parseCodes(options.expect ?? httpOptions.expect.default);
  if ('wrong' in parsed) throw new TypeError(`expect ${parsed.wrong}`);
  return {
    expect: String(options.expect ?? httpOptions.expect.default),
    isExpected: (code) => parsed.ranges.some(({ first, last }) => code >= first && code <= last),
    headers: (options['expect-header'] as Headers | undefined) ?? {},
    body: options.body === undefined ? undefined : matchOf(String(options.body)),
    weightFrom: options['weight-from'] as WeightFrom | undefined,
  };
}

/** Looks at the header; ends the attempt where it is not what is expected. */
function isExpected(response: ResponseHead, attempt: Attempt, wanted: Wanted): boolean {
  const { statusCode, statusText, headers } = response;
  attempt.watch?.('header', headerLines(`${statusCode} ${statusText}`, headers));
  if (!wanted.isExpected(statusCode)) {
    const location = statusCode >= 300 && statusCode < 400 ? String(headers.location ?? '') : '';
    const target = location.length > locationMax ? `${location.slice(0, locationMax)}…` : location;
    if (target === '') attempt.fail(`${statusCode}, expected ${wanted.expect}`);
    else attempt.fail(`redirect to ${target} not followed (${statusCode}, expected ${wanted.expect})`);
    return false;
  }
  const differs = differingHeader(headers, wanted.headers);
  if (differs !== undefined) attempt.fail(`${statusCode}, but ${differs}`);
  return differs === undefined;
}

/** The response is as expected; what the server says of itself may yet take it out. */
function end(
  attempt: Attempt,
  statusCode: number,
  said: Statement | { readonly warning: string } | undefined,
): void {
  if (said !== undefined && 'words' in said) {
    obey(attempt, said, `${statusCode}, `);
    return;
  }
  attempt.warning ??= said?.warning;
  attempt.ok(String(statusCode));
}

/**
 * Reads the body until what is sought is found and what is said is heard, it ends, or probeBodyMax octets
 * have come. A pattern is tried once, when no more is to come.
 */
function search(response: Dispatcher.ResponseData, attempt: Attempt, wanted: Wanted): void {
  const { body, headers, statusCode } = response;
  const { body: match, weightFrom } = wanted;
  const start = Buffer.alloc(probeBodyMax);
  let size = 0;
  let isFound = match === undefined;
  let said = saidInHeader(response, wanted);
  const waits = () => (isFound ? 'first line of the body' : `body with ${match!.words}`);
  attempt.waitsFor = waits();
  const encoding = headers['content-encoding'];
  const look = (from: number, last: string | undefined): void => {
    const octets = start.subarray(0, size);
    if (weightFrom === 'body') said ??= bodyStatement(octets, last !== undefined);
    const found = isFound ? 'found' : match!.find(octets, from, last !== undefined);
    isFound = found === 'found';
    attempt.waitsFor = waits();
    if (isFound && (weightFrom === undefined || said !== undefined)) end(attempt, statusCode, said);
    else if (found === 'given up') attempt.inconclusive(`${match!.words} takes too long: simplify it`);
    else if (last !== undefined) {
      const sent = encoding === undefined ? '' : ` (it is sent as ${encoding})`;
      attempt.fail(`${last} not contain ${match!.words}${sent}`);
    }
  };
  body.on('data', (chunk: Buffer) => {
    if (size === probeBodyMax) return;
    const from = size;
    if (size === 0) attempt.watch?.('body', JSON.stringify(chunk.toString('utf8', 0, shownMax)));
    size += chunk.copy(start, size);
    look(from, size === probeBodyMax ? `first ${probeBodyMax} octets of the body do` : undefined);
  });
  body.on('end', () => {
    attempt.watch?.('end of body', `${size} octets`);
    if (size < probeBodyMax) look(size, 'body does');
  });
}

function errorWords(error: Error & { code?: string; reason?: string }, waitsFor: string): string {
  const code = error.code ?? '';
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return `response header longer than ${probeHeaderMax} octets`;
  if (code === 'UND_ERR_SOCKET' && error.message === 'other side closed') {
    return `connection closed, no ${waitsFor}`;
  }
  if (code === 'UND_ERR_SOCKET') return `not HTTP: ${error.message}`;
  // undici wraps the parser's own words: "Response does not match the HTTP/1.1 protocol (Expected HTTP/)".
  if (error.name === 'HTTPParserError') return `not HTTP: ${/\((.*)\)/.exec(error.message)?.[1] ?? code}`;
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'body is not as long as its content-length says';
  return tlsWords(error);
}

/** A server cannot cause these, so they must not take it down. */
function isOurMistake(error: unknown): error is Error {
  if (error instanceof TypeError || error instanceof RangeError || !(error instanceof Error)) return true;
  const { code } = error as { code?: string };
  return code === 'UND_ERR_INVALID_ARG' || code === 'ERR_ASSERTION';
}

/** An https probe that trusts what a secure context trusts. */
export function httpsTrusting(context: () => SecureContext): Probe {
  return makeProbe('https', 443, context);
}

/** Asks over plain HTTP/1.1. */
export const http = makeProbe('http', 80, trustedContext);
/** Asks over TLS, trusting the authorities that Node trusts (NODE_EXTRA_CA_CERTS adds to them). */
export const https = httpsTrusting(trustedContext);
