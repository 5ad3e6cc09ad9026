// Plays the server's side of the channel to a real control process, so that control can be tested without
// sockets for DNS: it takes every publication at once and keeps what it was sent.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TALLY } from '../../src/answer/tally.ts';
import type { Facts, Publish, Start, ToControl, ToServer } from '../../src/serve/channel.ts';
import { spawnMain } from '../../src/spawn.ts';

type Kind = ToServer['kind'];
type Of<K extends Kind> = Extract<ToServer, { kind: K }>;

/** Long enough for a loaded machine; a test that waits for this long has failed. */
const patienceMs = 20_000;

/** Folders of one test: configuration, state, run; removed by remove(). */
export class Folders {
  readonly root = mkdtempSync(join(tmpdir(), 'steerdns-test-'));
  readonly config = join(this.root, 'config');
  readonly state = join(this.root, 'state');
  readonly run = join(this.root, 'run');
  readonly socket = join(this.run, 'control.sock');

  constructor() {
    for (const dir of [this.config, this.state, this.run]) mkdirSync(dir);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.config, name), text);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A control process and what it said. */
export class FakeServer {
  readonly child: ChildProcess;
  readonly folders: Folders;
  /** Every message, in order. */
  readonly said: ToServer[] = [];
  generation = 0;
  /** Refuses publications with this fault while it is set. */
  fault: string | undefined;
  /** False: publications wait for settle(). */
  answersAtOnce = true;
  counts: Facts['sets'] = [];
  readonly #waiting: { matches: (message: ToServer) => boolean; resolve: (message: ToServer) => void }[] = [];
  /** What the control process logged. */
  log = '';

  constructor(folders: Folders, start: Partial<Start> = {}) {
    this.folders = folders;
    this.child = spawnMain(['control'], ['ignore', 'ignore', 'pipe', 'ipc']);
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    this.child.on('message', (message) => this.#take(message as ToServer));
    this.send({
      kind: 'start',
      configDir: folders.config,
      stateDir: folders.state,
      runDir: folders.run,
      controlPath: folders.socket,
      recover: false,
      generation: 0,
      answering: false,
      listenFlags: [],
      serverPid: process.pid,
      startedAt: Date.now(),
      ...start,
    });
  }

  send(message: ToControl): void {
    this.child.send(message);
  }

  /** The first message of a kind, said already or still to come, that `matches`. */
  async heard<K extends Kind>(kind: K, matches: (message: Of<K>) => boolean = () => true): Promise<Of<K>> {
    const wanted = (message: ToServer) => message.kind === kind && matches(message as Of<K>);
    const before = this.said.find(wanted);
    if (before !== undefined) return before as Of<K>;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no "${kind}"; log:\n${this.log}`)), patienceMs);
      this.#waiting.push({
        matches: wanted,
        resolve: (message) => {
          clearTimeout(timer);
          resolve(message as Of<K>);
        },
      });
    });
  }

  /** The next publication after the ones so far that `matches`. */
  nextPublish(matches: (message: Publish) => boolean = () => true): Promise<Publish> {
    const so = new Set(this.said);
    return this.heard('publish', (message) => !so.has(message) && matches(message));
  }

  settle({ ticket }: Publish): void {
    if (this.fault === undefined) this.generation++;
    this.send({ kind: 'published', ticket, generation: this.generation, fault: this.fault });
  }

  /** Ends the control process as the server would; resolves with its exit code. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    this.send({ kind: 'stop' });
    const [code] = (await once(this.child, 'exit')) as [number | null];
    return code;
  }

  async kill(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  #take(message: ToServer): void {
    this.said.push(message);
    if (message.kind === 'publish' && this.answersAtOnce) this.settle(message);
    if (message.kind === 'facts?') this.send(this.#facts(message.ticket));
    const waiting = this.#waiting.filter(({ matches }) => matches(message));
    for (const one of waiting) {
      this.#waiting.splice(this.#waiting.indexOf(one), 1);
      one.resolve(message);
    }
  }

  #facts(ticket: number): Facts {
    const { generation } = this;
    return {
      kind: 'facts',
      ticket,
      engine: 'batch',
      engineReason: '',
      listen: ['127.0.0.1:5399'],
      listenMissing: [],
      workers: [{ name: 'udp-1', alive: true, restarts: 0, generation }],
      generation,
      answering: true,
      controlRestarts: 0,
      counters: { 'udp-queries': 3, 'tcp-queries': 0 },
      tallies: new Float64Array(TALLY.zones + 1).fill(1),
      countedZones: [],
      kernelDrops: 0,
      sets: this.counts,
      memory: { rss: 1 },
      queriesUnlogged: 0,
      logLinesLost: 0,
    };
  }
}

/** Asks the control socket. */
export function ask(
  socketPath: string,
  method: string,
  path: string,
): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const message = request({ socketPath, method, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, body: JSON.parse(text) }));
    });
    message.on('error', reject);
    message.end();
  });
}

/** Asks the control socket for what is no JSON. */
export function askText(socketPath: string, path: string) {
  return new Promise<{ status: number; type: string; text: string }>((resolve, reject) => {
    const message = request({ socketPath, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      const { statusCode, headers } = response;
      response.on('end', () => resolve({ status: statusCode!, type: headers['content-type']!, text }));
    });
    message.on('error', reject);
    message.end();
  });
}

/** A web server to be probed, on an address of its own; `port` 0 finds one. */
export async function webServer(address: string, port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer((_, response) => response.end('ok'));
  server.listen(port, address);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** Ends a web server at once: from then on its port refuses. */
export async function endServer(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  if (server.listening) await once(server, 'close');
}
