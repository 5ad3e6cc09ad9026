// Servers for the probe tests, good, broken and hostile, all on loopback; and certificates made by openssl.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';

export const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

/** Starts listening on a free port; `connections` are those that were ever accepted. */
export async function listen(
  server: Server,
  address = '127.0.0.1',
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return { port: (server.address() as AddressInfo).port, close };
}

/** Runs `use` against a raw TCP server that treats every connection as told. */
export async function withServer<Result>(
  onConnection: (socket: Socket) => void,
  use: (port: number) => Promise<Result>,
): Promise<Result> {
  const { port, close } = await listen(createServer(onConnection));
  try {
    return await use(port);
  } finally {
    await close();
  }
}

/** Treats a connection as told once something has been asked on it. */
export function onceAsked(respond: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => socket.once('data', () => respond(socket));
}

/** Writes `text` again and again until the other side has had enough. */
export function drip(socket: Socket, text: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.on('close', () => clearInterval(timer));
}

/** Writes as fast as the other side reads, without end or until `sizeMax` octets are sent. */
export function flood(socket: Socket, octets: Uint8Array, sizeMax = Number.POSITIVE_INFINITY): void {
  const more = () => {
    while (!socket.destroyed && socket.bytesWritten < sizeMax && socket.write(octets));
  };
  socket.on('drain', more);
  more();
}

/** A port on which nothing listens. */
export async function refusingPort(): Promise<number> {
  const { port, close } = await listen(createServer());
  await close();
  return port;
}

/**
 * Runs `use` against a port whose process is stopped and whose backlog is full: the kernel drops what comes.
 */
export async function withDeafServer(use: (port: number) => Promise<void>): Promise<void> {
  const code = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['--eval', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve) =>
    child.stdout.once('data', (text) => resolve(Number(text))),
  );
  child.kill('SIGSTOP');
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await new Promise((resolve) => fillers[0]!.once('connect', resolve));
  try {
    await use(port);
  } finally {
    for (const filler of fillers) filler.destroy();
    child.kill('SIGKILL');
  }
}

/** Descriptors of this process now. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

export type Certificate = { readonly cert: Buffer; readonly key: Buffer };

export type Authority = {
  readonly ca: Buffer;
  /** Makes a certificate for names such as `DNS:www.site.example`; `days` -1: expired. */
  issue(names: string, days?: number): Certificate;
  selfSigned(names: string): Certificate;
  remove(): void;
};

/** Says why there can be no certificates here, or false. */
export function opensslMissing(): string | false {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'openssl is not installed';
  }
}

/** Makes an authority of its own in a temporary folder. */
export function makeAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'steerdns-test-'));
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const read = (name: string) => readFileSync(join(folder, name));
  run('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test authority');
  return {
    ca: read('ca.pem'),
    issue(names, days = 30) {
      run('req', ...newKey, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=leaf');
      writeFileSync(join(folder, 'names'), `subjectAltName=${names}\n`);
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
      run('x509', '-req', '-in', 'leaf.csr', ...by, '-days', String(days), '-out', 'leaf.pem');
      return { cert: read('leaf.pem'), key: read('leaf.key') };
    },
    selfSigned(names) {
      const extension = ['-addext', `subjectAltName=${names}`];
      run(
        'req',
        '-x509',
        ...newKey,
        '-keyout',
        'own.key',
        '-out',
        'own.pem',
        '-subj',
        '/CN=own',
        ...extension,
      );
      return { cert: read('own.pem'), key: read('own.key') };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
