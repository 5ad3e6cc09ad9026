// The http and https probes, and the only door to undici. Each try makes its own connection to the address
// itself and cuts it as soon as the verdict is known, so that what a server can cost us is a deadline, one
// header of probeHeaderMax and probeBodyMax octets of body. Redirects are never followed, encodings never
// decoded.
//
// The connection is ours, not undici's: undici keeps a socket that is still connecting when its client is
// destroyed, and its timers are up to a second late, so they are off and the Attempt's deadline is the only
// one.
import { connect, isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { buildConnector, Client, Dispatcher } from 'undici';
import { probeBodyMax, probeHeaderMax } from '../../limits.ts';
import { Attempt } from './attempt.ts';
import { certificateFault } from './certificate.ts';
import { hostText, parseCodes, splitHost } from './options.ts';
import type { Option, Options, Probe } from './probe.ts';
import { watchStatusLine } from './statusline.ts';

const httpOptions = {
  path: { kind: 'path', default: '/', what: 'what is asked for, query string included' },
  host: { kind: 'host', what: 'Host header; default: the address itself' },
  method: { kind: 'choice', default: 'GET', choices: ['GET', 'HEAD'], what: 'method' },
  expect: { kind: 'codes', default: '200-299', what: 'status codes that mean up: 200-299 or 200,204' },
  body: { kind: 'text', what: `text that must occur in the first ${probeBodyMax} octets of the body` },
} as const satisfies Record<string, Option>;

const httpsOptions = {
  ...httpOptions,
  host: { kind: 'host', what: 'Host header and name of the certificate; default: the address itself' },
  'verify-tls': { kind: 'flag', default: true, what: 'whether the certificate must be good' },
} as const satisfies Record<string, Option>;

/**
 * undici, loaded by the first probe: the loader threads of control only want the options above, and each
 * would spend time on it and leave memory that Node does not get back from an ended thread.
 */
let undici: typeof import('undici') | undefined;

/** As much of a redirect's target as a reason has room for. */
const locationMax = 100;

/**
 * How a probe opens its connection: calls back when a message can be sent, reports to the attempt when not.
 */
type Open = (attempt: Attempt, address: string, port: number, options: Options, opened: Opened) => Socket;
type Opened = (socket: Socket) => void;

/** What the probe looks for, with defaults filled in. */
type Wanted = {
  readonly expect: string;
  readonly isExpected: (code: number) => boolean;
  readonly body: string | undefined;
};

function makeProbe(scheme: 'http' | 'https', defaultPort: number, open: Open): Probe {
  return {
    options: scheme === 'http' ? httpOptions : httpsOptions,
    defaultPort,
    conflict: ({ method, body }) =>
      method === 'HEAD' && body !== undefined ? 'a response to HEAD has no body to search' : undefined,
    async run(address, port, options, deadlineMs) {
      undici ??= await import('undici'); // before the attempt, whose time begins to run
      const attempt = new Attempt(address, port, deadlineMs);
      const origin = `${scheme}://${hostText(address)}:${port}`;
      let socket: Socket | undefined;
      const connector: buildConnector.connector = (_target, callback) => {
        let isOpen = false;
        socket = open(attempt, address, port, options, (opened) => {
          isOpen = true;
          watchStatusLine(opened, attempt);
          callback(null, opened);
        });
        // Once it is open, undici reports what goes wrong, and ends a finished response with an error of its
        // own.
        socket.on('error', (error) => {
          if (!isOpen) attempt.broke(error, errorWords(error, attempt.waitsFor));
        });
      };
      const client = new undici.Client(origin, {
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
      const ownHost = port === defaultPort ? hostText(address) : `${hostText(address)}:${port}`;
      void ask(client, attempt, (options.host as string | undefined) ?? ownHost, options);
      return attempt.result;
    },
  };
}

async function ask(client: Client, attempt: Attempt, host: string, options: Options): Promise<void> {
  try {
    const response = await client.request({
      path: (options.path as string | undefined) ?? httpOptions.path.default,
      method: (options.method as 'GET' | 'HEAD' | undefined) ?? httpOptions.method.default,
      headers: { host, 'user-agent': 'steerdns', accept: '*/*', 'accept-encoding': 'identity' },
    });
    // The connection is cut when the verdict is known; undici reports that here too.
    response.body.on('error', (error) => attempt.broke(error, errorWords(error, attempt.waitsFor)));
    judge(response, attempt, wantedOf(options));
  } catch (error) {
    if (isOurMistake(error)) attempt.inconclusive(`this probe could not be made: ${error.message}`);
    else attempt.broke(error as Error, errorWords(error as Error, attempt.waitsFor));
  }
}

function wantedOf(options: Options): Wanted {
  const parsed = parseCodes(options.expect ?? httpOptions.expect.default);
  if ('wrong' in parsed) throw new TypeError(`expect ${parsed.wrong}`);
  return {
    expect: String(options.expect ?? httpOptions.expect.default),
    isExpected: (code) => parsed.ranges.some(({ first, last }) => code >= first && code <= last),
    body: options.body as string | undefined,
  };
}

function judge(response: Dispatcher.ResponseData, attempt: Attempt, wanted: Wanted): void {
  const { statusCode, headers } = response;
  if (!wanted.isExpected(statusCode)) {
    const location = statusCode >= 300 && statusCode < 400 ? String(headers.location ?? '') : '';
    const target = location.length > locationMax ? `${location.slice(0, locationMax)}…` : location;
    if (target === '') attempt.fail(`${statusCode}, expected ${wanted.expect}`);
    else attempt.fail(`redirect to ${target} not followed (${statusCode}, expected ${wanted.expect})`);
  } else if (wanted.body === undefined) {
    attempt.ok(String(statusCode));
  } else {
    search(response, attempt, wanted.body);
  }
}

/** Reads the body until the text is found, it ends, or probeBodyMax octets have come. */
function search(response: Dispatcher.ResponseData, attempt: Attempt, text: string): void {
  const { body, headers, statusCode } = response;
  const sought = Buffer.from(text);
  const quoted = JSON.stringify(text);
  const start = Buffer.alloc(probeBodyMax);
  let size = 0;
  attempt.waitsFor = `body with ${quoted}`;
  const encoding = headers['content-encoding'];
  const missing = (where: string) =>
    attempt.fail(
      `${where} not contain ${quoted}${encoding === undefined ? '' : ` (it is sent as ${encoding})`}`,
    );
  body.on('data', (chunk: Buffer) => {
    if (size === probeBodyMax) return;
    const from = Math.max(0, size - sought.length + 1);
    size += chunk.copy(start, size);
    if (start.subarray(from, size).includes(sought)) attempt.ok(String(statusCode));
    else if (size === probeBodyMax) missing(`first ${probeBodyMax} octets of the body do`);
  });
  body.on('end', () => missing('body does'));
}

const openPlain: Open = (attempt, address, port, _options, opened) => {
  const socket = connect({ host: address, port });
  return socket.on('connect', () => {
    attempt.waitsFor = 'response';
    opened(socket);
  });
};

/** Opens TLS connections that trust what `context` trusts. */
function openTls(context: () => SecureContext): Open {
  return (attempt, address, port, options, opened) => {
    const name = splitHost((options.host as string | undefined) ?? address).name;
    const socket: TLSSocket = connectTls({
      host: address,
      port,
      // RFC 6066 §3: an address is no server name.
      servername: isIP(name) === 0 ? name : '',
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      secureContext: context(),
      ALPNProtocols: ['http/1.1'],
      // Node verifies all the same; certificateFault() refuses before a single octet is sent, and says why.
      rejectUnauthorized: false,
    });
    socket.on('connect', () => (attempt.waitsFor = 'TLS handshake'));
    return socket.on('secureConnect', () => {
      const fault = options['verify-tls'] === false ? undefined : certificateFault(socket, name);
      if (fault !== undefined) return attempt.fail(fault);
      attempt.waitsFor = 'response';
      opened(socket);
    });
  };
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
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'not TLS: the server answers something else';
  if (code.startsWith('ERR_SSL_')) return `TLS failed: ${error.reason ?? error.message}`;
  return error.message;
}

/** A server cannot cause these, so they must not take it down. */
function isOurMistake(error: unknown): error is Error {
  if (error instanceof TypeError || error instanceof RangeError || !(error instanceof Error)) return true;
  const { code } = error as { code?: string };
  return code === 'UND_ERR_INVALID_ARG' || code === 'ERR_ASSERTION';
}

/** An https probe that trusts what a secure context trusts. */
export function httpsTrusting(context: () => SecureContext): Probe {
  return makeProbe('https', 443, openTls(context));
}

let trusted: SecureContext | undefined;

/** Asks over plain HTTP/1.1. */
export const http = makeProbe('http', 80, openPlain);
/** Asks over TLS, trusting the authorities that Node trusts (NODE_EXTRA_CA_CERTS adds to them). */
export const https = httpsTrusting(() => (trusted ??= createSecureContext()));
