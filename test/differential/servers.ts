// NSD, Knot DNS and BIND with the zones of the differential test: each in a temporary folder of its own, in
// the foreground on a free port of the loopback, ended by its process id. Minimal responses everywhere, as
// ours are, and no rate limit; the rest stands at the defaults.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nsdSettings } from '../nsd.ts';
import { freePort } from '../ports.ts';
import { find } from '../tools.ts';
import { until } from '../until.ts';
import { decode, encode } from '../wire.ts';
import { Client } from './client.ts';

export type ZoneFile = { readonly origin: string; readonly file: string };
type Place = { readonly folder: string; readonly port: number; readonly zones: readonly ZoneFile[] };

export type PeerName = 'nsd' | 'knot' | 'bind';

/** Writes the configuration and gives the command line that runs in the foreground. */
const configure: Readonly<Record<PeerName, (place: Place) => readonly string[]>> = {
  nsd: configureNsd,
  knot: configureKnot,
  bind: configureBind,
};
export const peerNames = Object.keys(configure) as readonly PeerName[];

const startTimeoutMs = 20_000;
const stopTimeoutMs = 5000;
const soa = 6;

const running = new Set<PeerServer>();
process.on('exit', () => {
  for (const server of running) server.remove();
});

export class PeerServer {
  readonly name: PeerName;
  readonly client: Client;
  readonly #folder: string;
  readonly #child: ChildProcess;

  /** Starts a server and waits until it answers for every zone. */
  static async start(name: PeerName, zones: readonly ZoneFile[]): Promise<PeerServer> {
    const folder = mkdtempSync(join(tmpdir(), `differential-${name}-`));
    const port = await freePort();
    const command = configure[name]({ folder, port, zones });
    const server = new PeerServer(name, folder, command, await Client.open(port));
    try {
      for (const { origin } of zones) await server.#answersFor(origin);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  private constructor(name: PeerName, folder: string, command: readonly string[], client: Client) {
    this.name = name;
    this.client = client;
    this.#folder = folder;
    const log = openSync(join(folder, 'log'), 'w');
    const ties = find('setpriv') === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL'];
    const [program, ...args] = [...ties, ...command];
    this.#child = spawn(program!, args, { cwd: folder, detached: true, stdio: ['ignore', log, log] });
    this.#child.once('error', () => {}); // seen as a server that does not answer
    closeSync(log);
    running.add(this);
  }

  async #answersFor(origin: string): Promise<void> {
    const query = encode({ name: origin, type: soa });
    const what = (): string => `${this.name} answers for ${origin}\n${this.log()}`;
    await until(what, startTimeoutMs, async () => {
      if (this.#hasEnded) throw new Error(`${this.name} has ended`);
      const response = await this.client.ask(query, 'tcp');
      return response !== undefined && decode(response).answer.length === 1;
    });
  }

  get #hasEnded(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What the server has written. */
  log(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8');
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    this.client.close();
    if (!this.#hasEnded) this.#child.kill('SIGTERM');
    await until(`${this.name} ends`, stopTimeoutMs, () => this.#hasEnded).catch(() => {});
    this.remove();
  }

  /** Kills what is left of its process group and removes the folder. */
  remove(): void {
    running.delete(this);
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // all have ended
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function configureNsd({ folder, port, zones }: Place): readonly string[] {
  const file = join(folder, 'nsd.conf');
  const list = zones.map((zone) => `zone:\n  name: "${zone.origin}"\n  zonefile: "${zone.file}"\n`);
  writeFileSync(file, `${nsdSettings(folder, port)}${list.join('')}`);
  return [find('nsd') ?? 'nsd', '-d', '-c', file];
}

function configureKnot({ folder, port, zones }: Place): readonly string[] {
  const file = join(folder, 'knot.conf');
  const list = zones.map((zone) => `  - domain: "${zone.origin}"\n    file: "${zone.file}"\n`);
  for (const name of ['run', 'database']) mkdirSync(join(folder, name), { mode: 0o700 });
  writeFileSync(
    file,
    `server:
  rundir: "${join(folder, 'run')}"
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: warning
database:
  storage: "${join(folder, 'database')}"
template:
  - id: default
    zonefile-sync: -1
    journal-content: none
zone:
${list.join('')}`,
  );
  return [find('knotd') ?? 'knotd', '-c', file];
}

function configureBind({ folder, port, zones }: Place): readonly string[] {
  const file = join(folder, 'named.conf');
  const list = zones.map(({ origin, file }) => `zone "${origin}" { type primary; file "${file}"; };\n`);
  writeFileSync(
    file,
    `options {
  directory "${folder}";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile "${join(folder, 'session.key')}";
  recursion no;
  dnssec-validation no;
  notify no;
  minimal-responses yes;
  answer-cookie no;
  empty-zones-enable no;
  zero-no-soa-ttl no;
  check-names primary ignore;
  check-mx ignore;
  check-mx-cname ignore;
  check-srv-cname ignore;
  check-integrity no;
};
controls { };
${list.join('')}`,
  );
  return [find('named') ?? 'named', '-g', '-4', '-n', '1', '-c', file];
}
