// A real server process for tests: `serve` on a free port of 127.0.0.1 with its own folders, and clients over UDP and
// TCP. The members of its pools are listeners of ours, apart from those that are down. Used by engines.test.ts.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeZones } from './answering.ts';
import type { CaseZone, Transport } from './cases.ts';
import { readPools } from './pools.ts';
import { lower, types } from './rows.ts';
import { encode } from './wire.ts';

/** How long one answer may take before it counts as none. */
const answerTimeoutMs = 5000;
/** How long the server may take to its first answer; it waits 5 s for probes that hang. */
const startTimeoutMs = 30_000;
const stopTimeoutMs = 10_000;
const root = fileURLToPath(new URL('../', import.meta.url));

export class LiveServer {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #members: readonly Server[];
  readonly #said: string[] = [];
  /** A question that is always answered, to mark the end of a silence. */
  readonly #sentinel: Uint8Array;

  private constructor(
    port: number,
    folder: string,
    members: readonly Server[],
    engine: string,
    origin: string,
  ) {
    this.port = port;
    this.#folder = folder;
    this.#members = members;
    this.#sentinel = encode({ id: 0xbeef, name: origin, type: types.SOA! });
    const config = ['--config', join(folder, 'zones'), '--state', join(folder, 'state')];
    const where = ['--listen', `127.0.0.1:${port}`, '--control', join(folder, 'run', 'control.sock')];
    this.#child = spawn(
      process.execPath,
      ['--import', 'tsx', 'src/main.ts', 'serve', ...config, ...where, '--engine', engine],
      { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (data: Buffer) => this.#said.push(String(data)));
    }
  }

  /** Starts a server for these zones and waits for its first answer. */
  static async start(zones: readonly CaseZone[], engine: 'batch' | 'dgram'): Promise<LiveServer> {
    const folder = mkdtempSync(join(tmpdir(), 'steerdns-live-'));
    for (const name of ['zones', 'state', 'run']) mkdirSync(join(folder, name), { mode: 0o700 });
    const members: Server[] = [];
    const ports = new Map<CaseZone, number>();
    for (const zone of zones) {
      const listeners = await listenOn(memberAddresses(zone));
      members.push(...listeners);
      ports.set(zone, listeners.length > 0 ? (listeners[0]!.address() as AddressInfo).port : 9);
    }
    writeZones(join(folder, 'zones'), zones, (zone) => ports.get(zone)!);
    const server = new LiveServer(await freePort(), folder, members, engine, zones[0]!.origin);
    try {
      await server.#firstAnswer();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async #firstAnswer(): Promise<void> {
    const deadline = performance.now() + startTimeoutMs;
    while (performance.now() < deadline && this.#child.exitCode === null) {
      if ((await this.#askUdp([this.#sentinel], 200).catch(() => undefined)) !== undefined) return;
    }
    throw new Error(`the server does not answer; it said:\n${this.#said.join('')}`);
  }

  /** The response to these octets, or undefined: a later question on the same socket was answered first. */
  async ask(octets: Uint8Array, transport: Transport, isSilent: boolean): Promise<Uint8Array | undefined> {
    const messages = isSilent ? [octets, this.#sentinel] : [octets];
    const response = transport === 'udp' ? await this.#askUdp(messages) : await this.#askTcp(messages);
    if (isSilent && response?.[0] === 0xbe && response[1] === 0xef) return undefined;
    return response;
  }

  async #askUdp(messages: readonly Uint8Array[], timeoutMs = answerTimeoutMs): Promise<Uint8Array> {
    const socket = createSocket('udp4');
    try {
      socket.connect(this.port, '127.0.0.1');
      await once(socket, 'connect');
      const received = once(socket, 'message', { signal: AbortSignal.timeout(timeoutMs) });
      for (const message of messages) socket.send(message);
      return new Uint8Array((await received)[0] as Buffer);
    } finally {
      socket.close();
    }
  }

  /** The first response, or undefined where the server closes the connection instead. */
  async #askTcp(messages: readonly Uint8Array[]): Promise<Uint8Array | undefined> {
    const socket = connect(this.port, '127.0.0.1');
    socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error('no response over TCP')));
    let received = Buffer.alloc(0);
    try {
      for (const message of messages) {
        socket.write(Buffer.concat([Uint8Array.of(message.length >> 8, message.length & 255), message]));
      }
      for await (const data of socket) {
        received = Buffer.concat([received, data as Buffer]);
        if (received.length < 2) continue;
        const length = received.readUInt16BE(0);
        if (received.length >= length + 2) return new Uint8Array(received.subarray(2, length + 2));
      }
      return undefined;
    } finally {
      socket.destroy();
    }
  }

  /** Stops it as an operator would; it must end by itself, with exit code 0. */
  async stop(): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopTimeoutMs);
    await ended;
    clearTimeout(timer);
    for (const member of this.#members) member.close();
    rmSync(this.#folder, { recursive: true, force: true });
    assert.equal(
      this.#child.exitCode,
      0,
      `exit ${this.#child.exitCode ?? this.#child.signalCode}:\n${this.#said.join('')}`,
    );
  }
}

/** Addresses of a zone's checked pools that are up. */
function memberAddresses(zone: CaseZone): string[] {
  const pools = readPools(zone.balance, zone.origin);
  const rows = zone.rows.filter((row) => row.type === types.A || row.type === types.AAAA);
  const checked = rows.filter((row) => pools.get(lower(row.owner))?.checked).map((row) => row.data);
  return [...new Set(checked)].filter((address) => !zone.down.includes(address)).sort();
}

/** Listens on all addresses with one port; an address that this machine does not have is left out. */
async function listenOn(addresses: readonly string[]): Promise<Server[]> {
  const servers: Server[] = [];
  let port = 0;
  for (const address of addresses) {
    const server = createServer((socket) => socket.on('error', () => {}).end());
    server.listen(port, address);
    try {
      await once(server, 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') continue;
      throw error;
    }
    port = (server.address() as AddressInfo).port;
    servers.push(server);
  }
  return servers;
}

/** A port that is free for TCP and, as far as one can know, for UDP. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  await once(socket, 'listening');
  socket.close();
  server.close();
  return port;
}
