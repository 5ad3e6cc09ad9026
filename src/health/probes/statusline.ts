// What a server sends before the status line of its final response, looked at on its way to undici. Interim
// responses are dropped: undici takes an unasked `100 Continue` for a broken server, and a client must not
// (RFC 9110 §15.2). What is no HTTP is said in the server's own octets, by which an operator knows the
// service that answers there. Called by http.ts, once for each connection.
import type { Socket } from 'node:net';
import { probeHeaderMax } from '../../limits.ts';
import type { Attempt } from './attempt.ts';

/** So much tells an interim response from all others: `HTTP/1.1 103`. */
const decidingSize = 12;
/** As much of a strange greeting as tells its protocol. */
const quotedMax = 32;

/**
 * Has `socket.read()`, by which undici reads, give nothing before the final response begins; tells the
 * attempt when it does, and when what begins is no HTTP. Holds at most probeHeaderMax octets and one chunk.
 */
export function watchStatusLine(socket: Socket, attempt: Attempt): void {
  const read = socket.read.bind(socket);
  let held: Buffer = Buffer.alloc(0);
  socket.read = (size?: number): Buffer | null => {
    const chunk: Buffer | null = read(size);
    if (chunk === null) return null;
    if (held.length === 0) attempt.watch?.('first octet', `with ${chunk.length - 1} more`);
    held = withoutInterim(held.length === 0 ? chunk : Buffer.concat([held, chunk]));
    if (held.length === 0) return null;
    const fault = startFault(held.toString('latin1', 0, quotedMax));
    if (fault !== undefined) {
      attempt.fail(`not HTTP: ${fault}`);
      return null;
    }
    if (held.length >= decidingSize && !isInterim(held)) attempt.waitsFor = 'end of the response header';
    else if (held.length <= probeHeaderMax) return null;
    socket.read = read;
    return held;
  };
}

/** Why octets that begin so are no response of HTTP, as far as they tell. */
export function startFault(start: string): string | undefined {
  if (!'HTTP/'.startsWith(start.slice(0, 5))) return `the response begins with ${JSON.stringify(start)}`;
  if (/^HTTP\/(?!1\.[01] )..../.test(start)) return 'Invalid HTTP version';
  if (/^HTTP\/1\.[01] 101/.test(start)) return '101 changes to another protocol, unasked';
  return undefined;
}

/** 101 is none: what follows it is not HTTP. */
function isInterim(octets: Buffer): boolean {
  return /^HTTP\/1\.[01] 1(?!01)\d\d/.test(octets.toString('latin1', 0, decidingSize));
}

/** Drops whole interim responses and, as undici does, empty lines before a response. */
export function withoutInterim(octets: Buffer): Buffer {
  let rest = octets;
  for (;;) {
    let first = 0;
    while (rest[first] === 13 || rest[first] === 10) first++;
    rest = rest.subarray(first);
    if (!isInterim(rest)) return rest;
    const end = /\r?\n\r?\n/.exec(rest.toString('latin1'));
    if (end === null) return rest;
    rest = rest.subarray(end.index + end[0].length);
  }
}
