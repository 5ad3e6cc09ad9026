// A real server with the zones of the cases, and clients that ask it octets over UDP and TCP. The members of
// its pools are listeners of ours, apart from those that are down. Used by engines.test.ts.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, isIP, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { filesOf } from './answering.ts';
import { type CaseZone, caseSettings, type Transport } from './cases.ts';
import { Daemon } from './daemon.ts';
import { readPools } from './pools.ts';
import { freePort } from './ports.ts';
import { lower, types } from './rows.ts';
import { encode } from './wire.ts';

/** How long one answer may take before it counts as none. */
const answerTimeoutMs = 5000;

export class LiveServer {
  readonly #daemon: Daemon;
  readonly #members: readonly Server[];
  /** A question that is always answered, to mark the end of a silence. */
  readonly #sentinel: Uint8Array;

  private constructor(daemon: Daemon, members: readonly Server[], origin: string) {
    this.#daemon = daemon;
    this.#members = members;
    this.#sentinel = encode({ id: 0xbeef, name: origin, type: types.SOA! });
  }

  /** Starts a server for these zones and waits until it answers. */
  static async start(zones: readonly CaseZone[], engine: 'batch' | 'dgram'): Promise<LiveServer> {
    const members: Server[] = [];
    const ports = new Map<CaseZone, number>();
    for (const zone of zones) {
      const addresses = memberAddresses(zone).filter(isHere);
      const port = addresses.length === 0 ? 9 : await freePort([...addresses, ...zone.down.filter(isHere)]);
      for (const address of addresses) members.push(await listen(address, port));
      ports.set(zone, port);
    }
    const settings = Object.entries(caseSettings).map(([key, text]) => `${key}: "${text}"\n`);
    const files = {
      'steerdns.yaml': settings.join(''),
      ...filesOf(zones, (zone) => ports.get(zone)!),
    };
    const daemon = await Daemon.start({ files, flags: ['--engine', engine] });
    return new LiveServer(daemon, members, zones[0]!.origin);
  }

  /** The response to these octets, or undefined: a later question on the same socket was answered first. */
  async ask(octets: Uint8Array, transport: Transport, isSilent: boolean): Promise<Uint8Array | undefined> {
    const messages = isSilent ? [octets, this.#sentinel] : [octets];
    const response = transport === 'udp' ? await this.#askUdp(messages) : await this.#askTcp(messages);
    if (isSilent && response?.[0] === 0xbe && response[1] === 0xef) return undefined;
    return response;
  }

  async #askUdp(messages: readonly Uint8Array[]): Promise<Uint8Array> {
    const socket = createSocket('udp4');
    try {
      socket.connect(this.#daemon.port, '127.0.0.1');
      await once(socket, 'connect');
      const received = once(socket, 'message', { signal: AbortSignal.timeout(answerTimeoutMs) });
      for (const message of messages) socket.send(message);
      return new Uint8Array((await received)[0] as Buffer);
    } finally {
      socket.close();
    }
  }

  /** The first response, or undefined where the server closes the connection instead. */
  async #askTcp(messages: readonly Uint8Array[]): Promise<Uint8Array | undefined> {
    const socket = connect(this.#daemon.port, '127.0.0.1');
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
    const code = await this.#daemon.stop();
    const log = this.#daemon.log();
    this.#daemon.remove();
    for (const member of this.#members) member.close();
    assert.equal(code, 0, log);
  }
}

/** Addresses of a zone's checked pools that are up. */
function memberAddresses(zone: CaseZone): string[] {
  const pools = readPools(zone.balance, zone.origin);
  const rows = zone.rows.filter((row) => row.type === types.A || row.type === types.AAAA);
  const checked = rows.filter((row) => pools.get(lower(row.owner))?.checked).map((row) => row.data);
  return [...new Set(checked)].filter((address) => !zone.down.includes(address)).sort();
}

/**
 * Whether this machine has the address; where it has no IPv6, probes of ::1 are inconclusive and it counts as
 * up.
 */
export const hasIp6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);
const isHere = (address: string): boolean => isIP(address) === 4 || (hasIp6 && isIP(address) === 6);

async function listen(address: string, port: number): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => {}).end()).listen(port, address);
  await once(server, 'listening');
  return server;
}
