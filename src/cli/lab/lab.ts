// A lab: web servers, the daemon in front of them, the queries that measure it and the socket for other
// terminals, started together and ended together. Whoever shows it (screen.ts, lines.ts) asks for state();
// nothing here prints.
import type { Server } from 'node:http';
import type { Status } from '../../control/status.ts';
import { printSocketAddress, type SocketAddress } from '../../wire/addresses.ts';
import { Daemon, type Happening } from './daemon.ts';
import { Load } from './load.ts';
import {
  clearPlace,
  configFolder,
  invocation,
  labPlace,
  makePlace,
  type Place,
  removePlace,
} from './place.ts';
import { describe, openRemote } from './remote.ts';
import { type LabState, measuredName, measuredPool } from './state.ts';
import { type Action, type Toy, Toys } from './toys.ts';

const pollMs = 500;
/** Happenings that are kept for whoever shows them. */
const happeningsMax = 200;

export type LabSettings = { readonly listen: SocketAddress; readonly port: number };

export class Lab {
  /** Resolves when the daemon has ended by itself, with what it said. */
  readonly failed: Promise<string>;
  /** Called when something happened. */
  onHappening: (happening: Happening) => void = () => {};
  readonly #place: Place;
  readonly #configDir: string;
  readonly #ask: SocketAddress;
  readonly #toys: Toys;
  readonly #daemon: Daemon;
  readonly #load: Load;
  readonly #remote: Server;
  readonly #startedAt = Date.now();
  readonly #happenings: Happening[] = [];
  readonly #timer: NodeJS.Timeout;
  #status: Status | undefined;
  #isStatusFresh = false;
  #isPolling = false;
  #queriesPerSecond: number | undefined;
  #answeringSince: number | undefined;
  #ending: Promise<void> | undefined;

  /** Starts everything that can fail at once; a sentence where it does. The daemon comes up meanwhile. */
  static async start(settings: LabSettings): Promise<Lab | { readonly fault: string }> {
    const place = labPlace();
    const foreign = makePlace(place);
    if (foreign !== undefined) return { fault: foreign };
    let act: (action: Action, name: string) => Promise<string | undefined> = async () =>
      'the lab is starting';
    let list: () => readonly Toy[] = () => [];
    let remote: Server;
    try {
      remote = await openRemote(place.labPath, { act: (...what) => act(...what), list: () => list() });
    } catch (error) {
      const hint = 'end it with q, or drive it from here with lab kill|slow|fail|revive NAME';
      const isTaken = (error as Error).message.includes('in use');
      return { fault: isTaken ? `a lab runs already (${hint})` : (error as Error).message };
    }
    const prepared = await prepare(place, settings.port);
    if ('fault' in prepared) {
      remote.close();
      removePlace(place);
      return prepared;
    }
    const { toys } = prepared;
    const lab = new Lab(place, settings, prepared, remote);
    act = (action, name) => lab.act(action, name);
    list = () => toys.list();
    return lab;
  }

  private constructor(place: Place, { listen }: LabSettings, { toys, configDir }: Prepared, remote: Server) {
    this.#place = place;
    this.#toys = toys;
    this.#remote = remote;
    this.#configDir = configDir;
    this.#ask = { address: reachable(listen.address), port: listen.port };
    this.#load = new Load(this.#ask, measuredName);
    let fail: (why: string) => void;
    this.failed = new Promise((resolve) => (fail = resolve));
    this.#daemon = new Daemon(place, this.#configDir, printSocketAddress(listen.address, listen.port), {
      happened: (happening) => this.#note(happening),
      ended: (why) => fail(why),
    });
    for (const text of toys.notes) this.#note({ at: Date.now(), level: 'warn', text });
    this.#timer = setInterval(() => void this.#poll(), pollMs);
  }

  /** Changes what a web server does; a sentence where that is impossible. */
  async act(action: Action, name: string): Promise<string | undefined> {
    const fault = await this.#toys.act(action, name);
    const toy = this.#toys.list().find((candidate) => candidate.name === name);
    if (toy !== undefined) {
      const level = fault === undefined ? 'info' : 'error';
      this.#note({ at: Date.now(), level, text: fault ?? `lab: ${describe(toy)}` });
    }
    return fault;
  }

  state(): LabState {
    return {
      now: Date.now(),
      startedAt: this.#startedAt,
      answeringSince: this.#answeringSince,
      ask: this.#ask,
      toys: this.#toys.list(),
      status: this.#status,
      isStatusFresh: this.#isStatusFresh,
      queriesPerSecond: this.#queriesPerSecond,
      load: this.#load.counts(),
      happenings: this.#happenings,
      configDir: this.#configDir,
      controlPath: this.#place.controlPath,
      invocation: invocation(),
    };
  }

  /** Ends everything and leaves nothing behind. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    clearInterval(this.#timer);
    this.#load.stop();
    await this.#daemon.stop();
    this.#toys.stop();
    this.#remote.close();
    this.#remote.closeAllConnections();
    removePlace(this.#place);
  }

  #note(happening: Happening): void {
    this.#happenings.push(happening);
    if (this.#happenings.length > happeningsMax) this.#happenings.shift();
    this.onHappening(happening);
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    const status = await this.#daemon.status();
    this.#isPolling = false;
    if (this.#ending !== undefined) return;
    this.#isStatusFresh = status !== undefined;
    if (status === undefined) return;
    const before = this.#status;
    this.#status = status;
    this.#queriesPerSecond = rateBetween(before, status) ?? this.#queriesPerSecond;
    if (wantedShares(before) !== wantedShares(status)) this.#load.forgetShares();
    if (this.#answeringSince !== undefined || status.server?.answering !== true) return;
    this.#answeringSince = status.now;
    this.#load.start();
    const seconds = ((status.now - this.#startedAt) / 1000).toFixed(1);
    this.#note({
      at: status.now,
      level: 'info',
      text: `lab: queries are answered, ${seconds} s after the start`,
    });
  }
}

type Prepared = { readonly toys: Toys; readonly configDir: string };

/** Makes the folder clean, finds the zones and makes the web servers listen. */
async function prepare(place: Place, port: number): Promise<Prepared | { readonly fault: string }> {
  let configDir: string;
  try {
    await clearPlace(place);
    configDir = configFolder(place, port);
  } catch (error) {
    return { fault: `cannot use ${place.dir}: ${(error as Error).message}` };
  }
  const toys = await Toys.start(port);
  return 'fault' in toys ? toys : { toys, configDir };
}

/** What must stay the same for measured shares to mean anything. */
function wantedShares(status: Status | undefined): string {
  const members = measuredPool(status)?.members ?? [];
  return members.map(({ address, share }) => `${address} ${share}`).join();
}

function rateBetween(before: Status | undefined, after: Status): number | undefined {
  if (before?.server === undefined || after.server === undefined || after.now <= before.now) return undefined;
  const queries = queriesOf(after.server.counters) - queriesOf(before.server.counters);
  return queries < 0 ? undefined : (queries * 1000) / (after.now - before.now);
}

function queriesOf(counters: Readonly<Record<string, number>>): number {
  return (counters['udp-queries'] ?? 0) + (counters['tcp-queries'] ?? 0);
}

/** An address that listens everywhere is asked on loopback. */
function reachable(address: string): string {
  return address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
}
