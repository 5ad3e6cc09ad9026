// The admin API over TCP: the routes of the control socket, and pages, for whoever has a token. Opened where
// `http:` says and changed by a reload. A request gets as far as its name (Host), its origin and its token
// allow; none of this is awaited by health or by answers.
//
//   Host -> Origin -> a page? -> token -> scope -> route
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { HttpConfig } from '../config/http.ts';
import { hashToken, type Token } from '../config/tokens.ts';
import {
  controlHeaderSizeMax,
  controlRequestTimeoutMs,
  controlRetryMs,
  httpConnectionsMax,
  httpIdleMs,
  httpRequestsPerConnection,
} from '../limits.ts';
import { log } from '../log.ts';
import { parseSocketAddress } from '../wire/addresses.ts';
import { answer, dispatch, type Reply, type Routes, refusal } from './admin.ts';
import { routes as described, type Route } from './routes.ts';

/** Files of the page by path, served to everybody: nothing in them is secret. */
export type Pages = Readonly<Record<string, { readonly type: string; readonly body: string | Uint8Array }>>;

/** Sent with every response: what is shown here runs no foreign code, in no frame, and is kept nowhere. */
const securityHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'", // no text becomes markup, even by mistake
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/** One address that is listened on, or will be when it can be. */
type Door = { server: Server | undefined; timer: NodeJS.Timeout | undefined; fault: string | undefined };

export class AdminHttp {
  readonly #routes: Routes;
  readonly #pages: Pages;
  readonly #doors = new Map<string, Door>();
  readonly #counts = new Map<number, number>();
  #config: HttpConfig | undefined;

  constructor(routes: Routes, pages: Pages) {
    this.#routes = routes;
    this.#pages = pages;
  }

  /** Responses by status code. */
  get counts(): ReadonlyMap<number, number> {
    return this.#counts;
  }

  /** What is not as the operator wished. */
  get warnings(): string[] {
    return [...this.#doors.values()].map(({ fault }) => fault).filter((fault) => fault !== undefined);
  }

  /** Takes new settings: listens where they say and no longer elsewhere; tokens hold from now on. */
  adopt(config: HttpConfig | undefined): void {
    // Whoever is connected showed a token that may be gone.
    if (!isDeepStrictEqual(config, this.#config)) this.#disconnect();
    this.#config = config;
    const wanted = new Set(config?.listen);
    for (const [address, door] of this.#doors) if (!wanted.has(address)) this.#shut(address, door);
    for (const address of wanted) if (!this.#doors.has(address)) this.#open(address);
  }

  /** Ends everything at once. */
  close(): void {
    this.adopt(undefined);
  }

  #disconnect(): void {
    for (const { server } of this.#doors.values()) server?.closeAllConnections();
  }

  #shut(address: string, { server, timer }: Door): void {
    clearTimeout(timer);
    server?.close();
    server?.closeAllConnections();
    this.#doors.delete(address);
  }

  #open(address: string, before?: string): void {
    const door: Door = { server: undefined, timer: undefined, fault: before };
    this.#doors.set(address, door);
    const server = makeServer((request, response) => this.#take(request, response));
    server.once('error', (error) => {
      const fault = `no admin HTTP on ${address}: ${error.message}`;
      if (fault !== before) log.error(fault);
      door.fault = fault;
      door.timer = setTimeout(() => this.#open(address, fault), controlRetryMs);
    });
    const { address: host, port } = parseSocketAddress(address, 0)!;
    server.listen(port, host, () => {
      if (this.#doors.get(address) !== door) return void server.close();
      door.server = server;
      door.fault = undefined;
      server.removeAllListeners('error');
      server.on('error', () => {}); // an accept that failed (EMFILE): the next one may not
      log.info({ listen: address }, 'admin HTTP open');
    });
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const page = this.#page(request);
    const done = page === undefined ? answer(request, response, () => this.#reply(request, response)) : 200;
    if (page !== undefined) {
      request.resume();
      response.writeHead(200, { 'content-type': page.type, 'content-length': Buffer.byteLength(page.body) });
      response.end(page.body);
    }
    void Promise.resolve(done).then((status) => {
      this.#counts.set(status, (this.#counts.get(status) ?? 0) + 1);
    });
  }

  #page(request: IncomingMessage): Pages[string] | undefined {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const isWanted = request.method === 'GET' && Object.hasOwn(this.#pages, path);
    // A link from elsewhere may lead to the page: it does nothing without a token, and cannot be framed.
    const { 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = request.headers;
    const isLink = mode === 'navigate' && dest === 'document';
    return isWanted && this.#strangerFault(request, isLink) === undefined ? this.#pages[path] : undefined;
  }

  #reply(request: IncomingMessage, response: ServerResponse): Reply | Promise<Reply> {
    const stranger = this.#strangerFault(request);
    if (stranger !== undefined) return stranger;
    const found = findToken(request.headers.authorization, this.#config?.tokens ?? [], Date.now());
    if (typeof found === 'string') {
      response.setHeader('www-authenticate', 'Bearer realm="steerdns"');
      return refusal(401, found, 'steerdns token NAME makes one');
    }
    const name = `${request.method} ${(request.url ?? '').split('?', 1)[0]}`;
    const route: Route | undefined = Object.hasOwn(described, name)
      ? described[name as keyof typeof described]
      : undefined;
    if (route?.scope === 'operate') {
      if (found.scope !== 'operate') return refusal(403, `token ${found.name} may only read`);
      log.info({ token: found.name, from: request.socket.remoteAddress }, name);
    }
    return dispatch(this.#routes, { request, by: found.name, token: found });
  }

  /**
   * A foreign name is a browser that was lied to (DNS rebinding), a foreign origin or site another's page;
   * with `mayLink` that page may lead here.
   */
  #strangerFault({ headers, socket }: IncomingMessage, mayLink = false): Reply | undefined {
    const host = hostOf(headers.host);
    const ours = [
      'localhost',
      '127.0.0.1',
      '[::1]',
      bracketed(socket.localAddress),
      ...(this.#config?.names ?? []),
    ];
    if (host === undefined || !ours.includes(host)) {
      return refusal(
        403,
        'this is not asked for by a name of ours',
        'http: names: in steerdns.yaml has them',
      );
    }
    const site = headers['sec-fetch-site'];
    const isForeign = !mayLink && site !== undefined && site !== 'same-origin' && site !== 'none';
    const isElsewhere = headers.origin !== undefined && !isOriginOf(headers.origin, headers.host!);
    return isForeign || isElsewhere ? refusal(403, 'asked by a page from elsewhere') : undefined;
  }
}

function makeServer(take: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(
    {
      maxHeaderSize: controlHeaderSizeMax,
      headersTimeout: controlRequestTimeoutMs,
      requestTimeout: controlRequestTimeoutMs,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: controlRequestTimeoutMs,
    },
    take,
  );
  server.maxConnections = httpConnectionsMax;
  server.maxRequestsPerSocket = httpRequestsPerConnection;
  server.setTimeout(httpIdleMs); // a response that nobody reads
  return server;
}

/** The token that is shown, or why it is none. All are looked at, each in constant time. */
function findToken(shown: string | undefined, tokens: readonly Token[], now: number): Token | string {
  const [, text] = /^Bearer +(\S{1,256})$/i.exec(shown ?? '') ?? [];
  if (text === undefined) return 'no token: send Authorization: Bearer';
  const hash = hashToken(text);
  let found: Token | undefined;
  for (const token of tokens) if (timingSafeEqual(hash, token.hash)) found = token;
  if (found === undefined) return 'this token is not known';
  return found.until !== undefined && found.until <= now ? `token ${found.name} is no longer good` : found;
}

/** The name in a Host header, lowercase and without the port; undefined where it is none. */
function hostOf(header: string | undefined): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(header?.toLowerCase() ?? '')?.[1];
}

/** An address as it stands in a Host header. */
function bracketed(address = ''): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  return plain.includes(':') ? `[${plain}]` : plain;
}

/** Whether an Origin header names the host that was asked, over whatever a proxy in front speaks. */
function isOriginOf(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}
