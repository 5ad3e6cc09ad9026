// Run as a process of its own, so that descriptors and heap of the test are those of the probes alone:
// fifteen servers on loopback, each with its own way to misbehave. Tells its parent where they are, then
// answers every message with how many connections each has accepted; ends with its parent.
import { createHash } from 'node:crypto';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { drip, flood, listen, makeAuthority, onceAsked } from './servers.ts';

/** What is said first: the port of each server, and the authority of its certificates as PEM. */
export type Started = { readonly ports: Readonly<Record<string, number>>; readonly ca: string };

/** A server is slow to close, not for ever: its descriptors would not last. */
const slowCloseMs = 10_000;
const okHeader = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';
const redirect = 'HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n';
const bomb = gzipSync(Buffer.alloc(64 << 20));
const gzipHeader = `${okHeader}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`;
/** Begins a handshake record of 16,384 octets, whose octets then come one by one. */
const tlsRecordHeader = Buffer.from([22, 3, 3, 64, 0, 2, 0, 63, 252, 3, 3]);
/** Octets without sense, the same in every run. */
const garbage = Buffer.concat(Array.from({ length: 2048 }, (_, index) => digest(String(index))));

const treatments: Readonly<Record<string, (socket: Socket) => void>> = {
  resets: (socket) => socket.resetAndDestroy(),
  silent: (socket) => socket.resume(),
  dripsHeader: onceAsked((socket) => {
    socket.write(okHeader);
    drip(socket, 'X-More: and more\r\n', 20);
  }),
  dripsBody: onceAsked((socket) => {
    socket.write(`${okHeader}\r\n`);
    drip(socket, 'x', 20);
  }),
  endlessBody: onceAsked((socket) => {
    socket.write(`${okHeader}\r\n`);
    flood(socket, Buffer.alloc(65_536, 'x'));
  }),
  gigabyteHeader: onceAsked((socket) => {
    socket.write(`${okHeader}X-More: `);
    flood(socket, Buffer.alloc(65_536, 'x'), 1 << 30);
  }),
  endlessHandshake: onceAsked((socket) => {
    socket.write(tlsRecordHeader);
    drip(socket, '\0', 20);
  }),
  redirectLoop: (socket) => socket.on('data', () => socket.write(redirect)),
  gzipBomb: onceAsked((socket) => {
    socket.write(gzipHeader);
    socket.write(bomb);
  }),
  http09: onceAsked((socket) => socket.end('<html><body>It works!</body></html>\n')),
  garbage: (socket) => flood(socket, garbage),
};

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Answers well, and neither closes nor takes notice that the other side has. */
function slowToClose(): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    socket.once('data', () => socket.write(`${okHeader}Connection: close\r\n\r\nok`));
    const timer = setTimeout(() => socket.destroy(), slowCloseMs);
    socket.on('close', () => clearTimeout(timer));
  });
}

const authority = makeAuthority();
const secure = (names: string, days?: number) =>
  createHttpsServer({ ...authority.issue(names, days) }, (_request, response) => response.end('ok'));
const servers: Record<string, Server> = {
  slowClose: slowToClose(),
  expired: secure('DNS:www.site.example', -1),
  wrongName: secure('DNS:other.example'),
};
authority.remove();
for (const [name, treat] of Object.entries(treatments)) servers[name] = createServer(treat);

const accepted: Record<string, number> = {};
// Port 1 is nobody's, and no ephemeral port: a connection to one of those may meet itself.
const ports: Record<string, number> = { refuses: 1 };
for (const [name, server] of Object.entries(servers)) {
  accepted[name] = 0;
  server.on('connection', () => accepted[name]!++);
  server.on('tlsClientError', () => {});
  ports[name] = (await listen(server)).port;
}
process.on('message', () => process.send!(accepted));
process.on('disconnect', () => process.exit());
process.send!({ ports, ca: authority.ca.toString() } satisfies Started);
