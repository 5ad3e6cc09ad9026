// The admin API: HTTP with JSON, on the unix control socket, where mode and group decide who may connect, and
// over TCP (http.ts). Routes are a table (routes.ts); each handler gives a status and a value, and what is
// wrong is always { error, hint }.
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Token } from '../config/tokens.ts';
import {
  controlBodySizeMax,
  controlConnectionsMax,
  controlHeaderSizeMax,
  controlRequestTimeoutMs,
} from '../limits.ts';
import { parameterFault } from './routes.ts';

/** What a handler answers. */
export type Reply = {
  readonly status: number;
  readonly body: unknown;
  /** Media type of a body that is a text; without it the body is sent as JSON. */
  readonly type?: string;
  /** Writes the response, for as long as it lasts, in place of a body. */
  readonly stream?: (response: ServerResponse) => void;
};

/** Who asks. */
export type Caller = {
  readonly request: IncomingMessage;
  /** Name of the token; undefined on the control socket. */
  readonly by: string | undefined;
  /** The token; undefined on the control socket. */
  readonly token?: Token;
};

export type Handler = (parameters: URLSearchParams, caller: Caller) => Reply | Promise<Reply>;

/** Handlers by `METHOD /path`. */
export type Routes = Readonly<Record<string, Handler>>;

/** Makes the reply that says what is wrong. */
export function refusal(status: number, error: string, hint = ''): Reply {
  return { status, body: { error, hint } };
}

/** Opens the control socket. Rejects with an Error for the operator; `warn` is told what is not as wished. */
export async function openControlSocket(
  path: string,
  { mode, group }: { readonly mode: number; readonly group?: string },
  routes: Routes,
  warn: (what: string) => void,
): Promise<Server> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  await removeStale(path);
  const server = createServer(
    {
      maxHeaderSize: controlHeaderSizeMax,
      headersTimeout: controlRequestTimeoutMs,
      requestTimeout: controlRequestTimeoutMs,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => void handle(routes, request, response),
  );
  server.maxConnections = controlConnectionsMax;
  server.keepAliveTimeout = 1; // every command makes one request
  await listen(server, path);
  chmodSync(path, mode);
  if (group !== undefined) giveToGroup(path, group, warn);
  return server;
}

/** Binds with no permission for anybody else, so that nobody connects before mode and group are set. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      server.on('error', () => {}); // an accept that failed (EMFILE): the next one may not
      resolve();
    });
    const mask = process.umask(0o177);
    server.listen(path); // binds before it returns
    process.umask(mask);
  });
}

/** Removes the socket of a process that is gone; refuses where somebody answers on it. */
function removeStale(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false) {
      reject(new Error(`${path} is there and is no socket`));
      return;
    }
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      reject(new Error(`${path} is in use by another process`));
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return resolve();
      if (error.code !== 'ECONNREFUSED') return reject(error);
      rmSync(path, { force: true });
      resolve();
    });
  });
}

function giveToGroup(path: string, group: string, warn: (what: string) => void): void {
  try {
    const id = /^\d+$/.test(group) ? Number(group) : groupId(readFileSync('/etc/group', 'utf8'), group);
    if (id === undefined)
      warn(`there is no group ${group}: the control socket stays with the server's own group`);
    else chownSync(path, -1, id);
  } catch (error) {
    warn(`the control socket cannot be given to group ${group}: ${(error as Error).message}`);
  }
}

/** Finds a group's number in the text of /etc/group. */
export function groupId(text: string, group: string): number | undefined {
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':');
    if (name === group && id !== undefined && /^\d+$/.test(id)) return Number(id);
  }
  return undefined;
}

async function handle(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await answer(request, response, () => dispatch(routes, { request, by: undefined }));
}

/** Reads the request to its end and writes what `act` answers. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  act: () => Reply | Promise<Reply>,
): Promise<number> {
  let reply: Reply;
  try {
    reply = (await readBody(request)) ?? (await act());
  } catch (error) {
    if (request.destroyed && !request.complete) return 0; // who asked is gone
    reply = refusal(500, (error as Error).message, 'this is a mistake in steerdns: please report it');
  }
  const { status, type = 'application/json', body, stream } = reply;
  if (stream !== undefined) {
    stream(response);
    return status;
  }
  const text = reply.type === undefined ? JSON.stringify(body) + '\n' : String(body);
  if (status === 413) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
  return status;
}

/** Finds the handler and lets it answer. */
export async function dispatch(routes: Routes, caller: Caller): Promise<Reply> {
  const { method = '', url = '' } = caller.request;
  const [path = '', query = ''] = url.split('?', 2);
  const name = `${method} ${path}`;
  if (Object.hasOwn(routes, name)) {
    const parameters = new URLSearchParams(query);
    const fault = parameterFault(name, parameters);
    return fault === undefined ? routes[name]!(parameters, caller) : refusal(400, fault);
  }
  const others = Object.keys(routes).filter((route) => route.endsWith(` ${path}`));
  if (others.length > 0) return refusal(405, `${method} is not possible here`, `use ${others.join(' or ')}`);
  return refusal(404, `there is no ${path}`, `there are ${Object.keys(routes).join(', ')}`);
}

/** Reads a body to its end; no command has one that matters. */
async function readBody(request: IncomingMessage): Promise<Reply | undefined> {
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > controlBodySizeMax)
      return refusal(413, `the body is larger than ${controlBodySizeMax} octets`);
  }
  return undefined;
}
