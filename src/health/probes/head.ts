// The header of a response, read by ourselves: all that most checks look at, and for thousands of endpoints a
// library that could read bodies too costs as much as everything else of a probe together. Framing is of no
// interest here, as the connection is cut behind the header. Called by http.ts.
import type { Socket } from 'node:net';
import { probeHeaderMax } from '../../limits.ts';
import type { Attempt } from './attempt.ts';
import { startFault, withoutInterim } from './statusline.ts';

export type Head = {
  readonly statusCode: number;
  readonly statusText: string;
  /** By name in lower case; a list where a name stands more than once. */
  readonly headers: Readonly<Record<string, string | string[]>>;
};

/** The request line and header of a request without a body. */
export function printRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): string {
  let text = `${method} ${path} HTTP/1.1\r\nconnection: close\r\n`;
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
  return `${text}\r\n`;
}

/** Sends the request on an open socket and has `judge` look at the header of the final response. */
export function askForHead(
  socket: Socket,
  attempt: Attempt,
  request: string,
  judge: (head: Head) => void,
): void {
  let held: Buffer | undefined;
  attempt.waitsFor = 'response';
  socket.on('data', (chunk: Buffer) => {
    if (held === undefined) attempt.watch?.('first octet', `with ${chunk.length - 1} more`);
    held = withoutInterim(held === undefined || held.length === 0 ? chunk : Buffer.concat([held, chunk]));
    const read = readHead(held);
    if (read === undefined) {
      if (held.length > 0) attempt.waitsFor = 'end of the response header';
    } else if ('wrong' in read) attempt.fail(read.wrong);
    else judge(read);
  });
  socket.on('end', () => attempt.fail(`connection closed, no ${attempt.waitsFor}`));
  socket.write(request);
}

/** Reads a header that is whole; undefined: more octets are needed. */
export function readHead(octets: Buffer): Head | { readonly wrong: string } | undefined {
  const start = startFault(octets.toString('latin1', 0, Math.min(octets.length, 32)));
  if (start !== undefined) return { wrong: `not HTTP: ${start}` };
  const text = octets.toString('latin1', 0, Math.min(octets.length, probeHeaderMax));
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) {
    const isLong = octets.length > probeHeaderMax;
    return isLong ? { wrong: `response header longer than ${probeHeaderMax} octets` } : undefined;
  }
  const [statusLine = '', ...lines] = text.slice(0, end.index).split(/\r?\n/);
  // RFC 9112 §4: the reason may be missing, and with it the space before it.
  const status = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(statusLine);
  if (status === null) return { wrong: 'not HTTP: Invalid status line' };
  const headers: Record<string, string | string[]> = Object.create(null);
  for (const line of lines) {
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (field === null) return { wrong: `not HTTP: ${JSON.stringify(line.slice(0, 40))} is no header` };
    const name = field[1]!.toLowerCase();
    const before = headers[name];
    headers[name] = before === undefined ? field[2]! : [...[before].flat(), field[2]!];
  }
  // RFC 9112 §6.3: whoever reads the body of such a response may be led astray.
  const lengths = new Set([headers['content-length'] ?? []].flat());
  if (lengths.size > 1) return { wrong: 'not HTTP: two lengths of one body' };
  return { statusCode: Number(status[1]), statusText: status[2] ?? '', headers };
}
