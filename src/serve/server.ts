// The server process: owns the sockets, the threads that answer, the tables they answer from and the control
// child. It reaches no library but koffi (in mmsg.ts) and pino, reads no zone and judges nothing: whatever is
// clever lives in control, and when control dies, answers go on from the last tables.
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setsMagic, tableFault, zoneMagic } from '../answer/layout.ts';
import { makeRateTable } from '../answer/ratelimit.ts';
import {
  cookieSecretLifeMs,
  firstRoundMaxMs,
  keptAgeMaxMs,
  listenPatienceMs,
  workersMax,
} from '../limits.ts';
import { flushLog, log, logLinesLost } from '../log.ts';
import type { Paths } from '../paths.ts';
import { parseSocketAddress, printSocketAddress, type SocketAddress } from '../wire/addresses.ts';
import type { Facts, Start, ToServer } from './channel.ts';
import { ControlChild } from './child.ts';
import { sumCounters, sumRcodes, sumTallies } from './counts.ts';
import { claimDirectories } from './directories.ts';
import { kernelDrops } from './drops.ts';
import { writeAnew } from './files.ts';
import { PHASE, SHARED } from './inbox.ts';
import { isThere } from './interfaces.ts';
import { type Kept, readKept } from './kept.ts';
import { libcFault } from './libc.ts';
import { keepListen, type Listen, readListen } from './listen.ts';
import type { Lock } from './lock.ts';
import { Notifier } from './notify.ts';
import { addressesOf, type Passed, readPassed } from './passed.ts';
import { become, type User } from './privileges.ts';
import { Publications } from './publications.ts';
import { QueryDrain } from './querydrain.ts';
import { batchEngineFault } from './selftest.ts';
import { keepSettings, OwnSecrets, readSettings } from './settings.ts';
import { bindFault, openSockets, type Sockets } from './sockets.ts';
import { noSystemd, type Systemd } from './systemd.ts';
import { Thread, type ThreadWatch } from './threads.ts';

export type Engine = 'batch' | 'dgram';

export type ServerOptions = Paths & {
  /** Listen addresses from flags; empty: the YAML's. */
  readonly listen: readonly string[];
  /** Number of UDP workers; undefined: the YAML's, else one per core. */
  readonly workers: number | undefined;
  readonly engine: Engine | 'auto';
  /** Who to be once everything is bound; only root can become anybody. */
  readonly user?: User | undefined;
  readonly systemd?: Systemd | undefined;
};

/** Why a server does not start: one sentence for the operator. */
export type ServerFault = { readonly fault: string };

/** The stream worker beside the UDP workers. */
const threadsMax = workersMax + 1;
/**
 * Control publishes its first round within firstRoundMaxMs; if it has not by then, we answer with what we
 * have.
 */
const patienceMs = firstRoundMaxMs + 3000;
const stopMs = 2000;
const rootWarning =
  'runs as root and stays root: say --user NAME, or start it as another user with CAP_NET_BIND_SERVICE';

export class Server {
  readonly #options: ServerOptions;
  readonly #lock: Lock;
  readonly #shared = new Int32Array(new SharedArrayBuffer((SHARED.adopted + threadsMax) * 4));
  readonly #queries = new QueryDrain(this.#shared, SHARED.queryLog);
  readonly #secrets = new OwnSecrets();
  #renewal: NodeJS.Timeout | undefined;
  readonly #publications: Publications;
  readonly #control: ControlChild;
  readonly #startedAt = Date.now();
  #threads: Thread[] = [];
  #sockets: Sockets | undefined;
  #passed: readonly Passed[] = [];
  readonly #notifier: Notifier;
  #listen: readonly SocketAddress[] = [];
  #engine: Engine = 'batch';
  #engineReason = '';
  /** Kept tables were fresh enough to answer from at once. */
  #isKept = false;
  /** A reload was asked for while there was no control process. */
  #isReloadWanted = false;
  /** What control said last, by kind, and who waits for it. */
  readonly #came = new Map<string, ToServer>();
  readonly #waiting = new Map<string, (message: ToServer) => void>();
  #stopping: Promise<void> | undefined;

  /** Starts a server. It answers when kept tables are fresh, or when control has published a round. */
  static async start(options: ServerOptions): Promise<Server | ServerFault> {
    const lock = await claimDirectories(options);
    if ('fault' in lock) return lock;
    const server = new Server(options, lock);
    const fault = await server.#start();
    if (fault === undefined) return server;
    server.#notifier.status(fault);
    await server.stop();
    return { fault };
  }

  private constructor(options: ServerOptions, lock: Lock) {
    this.#options = options;
    this.#lock = lock;
    this.#notifier = new Notifier(options.systemd ?? noSystemd, {
      addresses: () => this.#listen.filter(isThere),
      origin: () => this.#publications.anyOrigin,
    });
    this.#publications = new Publications(options.runDir, this.#shared, this.#secrets, {
      adopted: (ticket, generation, fault) => {
        this.#control.send({ kind: 'published', ticket, generation, fault });
        this.#sayStatus();
      },
      settled: (settings) => keepSettings(options.stateDir, settings),
      retired: (origin, edition, counts) => this.#control.send({ kind: 'retired', origin, edition, counts }),
    });
    this.#control = new ControlChild({
      user: () => (process.getuid?.() === 0 ? options.user : undefined),
      start: (recover) => this.#startMessage(recover),
      message: (message) => this.#receive(message),
      died: (why, restarts) => {
        log.error({ why, restarts }, 'control died: DNS goes on from the last tables');
        this.#notifier.status('control died and is started again: DNS goes on from the last tables');
      },
    });
  }

  /** How and where it answers, for whoever started it. */
  get facts(): { pid: number; engine: Engine; listen: readonly string[]; workers: number } {
    const listen = this.#listen.map(({ address, port }) => printSocketAddress(address, port));
    return { pid: process.pid, engine: this.#engine, listen, workers: this.#threads.length - 1 };
  }

  /** The control child's process id. */
  get controlPid(): number | undefined {
    return this.#control.pid;
  }

  /** The UDP and stream threads, for tests that end them. */
  get threads(): readonly Thread[] {
    return this.#threads;
  }

  /** Reads everything anew, as SIGHUP asks; the log says what came of it. */
  reload(): void {
    if (this.#control.pid === undefined) this.#isReloadWanted = true;
    else this.#control.send({ kind: 'reload' });
  }

  /** Answers what is queued, ends threads and control, and releases the state directory. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<string | undefined> {
    const { stateDir, runDir, configDir, systemd = noSystemd } = this.#options;
    const passed = readPassed(systemd.sockets);
    if ('fault' in passed) return passed.fault;
    this.#passed = passed;
    const identity = JSON.stringify({ pid: process.pid, startedAt: this.#startedAt });
    writeAnew(join(runDir, 'server.json'), identity, 0o644);
    if (process.getuid?.() === 0 && (this.#options.user?.uid ?? 0) === 0) log.warn(rootWarning);
    const kept = this.#readKept(keptAgeMaxMs);
    this.#isKept = kept !== undefined;
    const known = this.#withFlags(readListen(stateDir, configDir));
    // What is known already is not kept waiting: a start of control would take the cores of the first answer.
    const isControlLater = this.#isKept && known !== undefined;
    if (!isControlLater) this.#control.start(false);
    const listen =
      known ?? this.#withFlags((await this.#first('listen', listenPatienceMs)) as Listen | undefined);
    if (listen === undefined || listen.listen.length === 0) {
      return 'where to listen is not known: see the lines above, or say it with --listen';
    }
    const fault = await this.#open(listen, kept);
    if (fault !== undefined) return fault;
    if (this.#isKept) this.#answer();
    else void this.#answerWhenReady();
    if (isControlLater) this.#control.start(false);
    return undefined;
  }

  get #isAnswering(): boolean {
    return Atomics.load(this.#shared, SHARED.phase) === PHASE.answering;
  }

  /** What was passed is listened on and nothing else; without it, what flags say. */
  get #listenFlags(): readonly string[] {
    return this.#passed.length > 0 ? addressesOf(this.#passed) : this.#options.listen;
  }

  /** Flags win over what was kept or said; undefined while something is not known. */
  #withFlags(known: Listen | undefined): Listen | undefined {
    const flags = this.#listenFlags;
    const listen = flags.length > 0 ? flags : known?.listen;
    const workers = this.#options.workers ?? known?.workers;
    if (listen === undefined || workers === undefined) return undefined;
    return { listen, workers, isDefault: flags.length === 0 && known?.isDefault === true };
  }

  async #answerWhenReady(): Promise<void> {
    if ((await this.#first('ready', patienceMs)) === undefined && this.#publications.generation === 0) {
      log.error('control has published nothing: answering from what was kept, however old it is');
      const kept = this.#readKept(Number.POSITIVE_INFINITY);
      this.#publications.restore(kept && { ...kept, settings: readSettings(this.#options.stateDir) });
    }
    this.#answer();
  }

  #answer(): void {
    Atomics.compareExchange(this.#shared, SHARED.phase, PHASE.waiting, PHASE.answering);
    Atomics.notify(this.#shared, SHARED.phase);
    const { engine, listen, workers } = this.facts;
    log.info({ engine, listen, workers }, 'serving');
    this.#sayStatus();
    this.#notifier.ready();
  }

  #sayStatus(): void {
    if (!this.#isAnswering) return;
    const { listen } = this.facts;
    this.#notifier.status(`answering on ${listen.join(', ')}; generation ${this.#publications.generation}`);
  }

  /** What was kept, if it is younger than `ageMaxMs` and whole; with no bound on age, what of it is whole. */
  #readKept(ageMaxMs: number): Kept | undefined {
    const kept = readKept(this.#options.stateDir);
    if ('fault' in kept || Date.now() - kept.savedAt > ageMaxMs || kept.zones.length === 0) return undefined;
    const zones = kept.zones.filter(({ origin, table }) => isWhole(origin, table, zoneMagic));
    const sets = kept.sets.filter(({ origin, table }) => isWhole(origin, table, setsMagic));
    const isAll = zones.length === kept.zones.length && sets.length === kept.sets.length;
    // Where some are damaged, some zones would be refused until control is up: a start that waits for it is
    // better.
    return isAll || ageMaxMs === Number.POSITIVE_INFINITY ? { ...kept, zones, sets } : undefined;
  }

  /** Binds everything and starts the threads; a sentence where that fails. */
  async #open(
    { listen, workers, isDefault = false }: Listen,
    kept: Kept | undefined,
  ): Promise<string | undefined> {
    const addresses: SocketAddress[] = [];
    for (const text of listen) {
      const address = parseSocketAddress(text, 53);
      if (address === undefined || address.port === 0)
        return `"${text}" is not an address to listen on, use 192.0.2.1:53 or [2001:db8::1]:53`;
      addresses.push(address);
    }
    const { engine } = this.#options;
    const engineFault = engine === 'dgram' ? 'chosen by --engine' : batchEngineFault();
    if (engineFault !== undefined && engine === 'batch')
      return `the batch engine cannot be used: ${engineFault}`;
    this.#engine = engineFault === undefined ? 'batch' : 'dgram';
    this.#engineReason = engineFault ?? '';
    const count = Math.min(workers || availableParallelism(), workersMax);
    try {
      const passed = this.#passed;
      const options = { listen: addresses, isDefault, engine: this.#engine, workers: count, passed };
      this.#sockets = openSockets(options);
    } catch (error) {
      return bindFault(error as NodeJS.ErrnoException);
    }
    if (libcFault === undefined) this.#giveRootUp();
    this.#listen = this.#sockets.listen;
    for (const warning of this.#sockets.warnings) log.warn(warning);
    this.#threads = this.#makeThreads(this.#sockets);
    this.#publications.setThreads(this.#threads);
    this.#queries.follow(this.#threads.map(({ queryRing }) => queryRing));
    this.#publications.restore(kept && { ...kept, settings: readSettings(this.#options.stateDir) });
    this.#renewal = setInterval(() => this.#publications.renewSecrets(), cookieSecretLifeMs).unref();
    const reports = await Promise.all(this.#threads.map((thread) => thread.start()));
    for (const report of reports)
      if (report.kind === 'fault') return bindFault({ code: report.code, message: report.what });
    if (libcFault !== undefined) this.#giveRootUp(); // not before the threads have bound for themselves
    return undefined;
  }

  #giveRootUp(): void {
    const { user } = this.#options;
    if (user !== undefined) become(user);
  }

  #makeThreads({ threads }: Sockets): Thread[] {
    const watch: ThreadWatch = {
      current: (index) => this.#publications.current(index),
      died: (name, why, restarts) =>
        log.error({ thread: name, why, restarts }, 'a thread died and is replaced'),
      noted: (name, what) => log.warn({ thread: name }, what),
    };
    const memory = { shared: this.#shared, rateTable: makeRateTable() };
    return threads.map(([name, what], index) => new Thread(name, index, what, memory, watch));
  }

  #startMessage(recover: boolean): Start {
    const { configDir, stateDir, runDir, controlPath } = this.#options;
    return {
      kind: 'start',
      configDir,
      stateDir,
      runDir,
      controlPath,
      recover,
      generation: this.#publications.generation,
      answering: this.#isKept || this.#publications.generation > 0,
      listenFlags: this.#listenFlags,
      serverPid: process.pid,
      startedAt: this.#startedAt,
    };
  }

  #receive(message: ToServer): void {
    if (message.kind === 'publish') this.#publications.publish(message);
    else if (message.kind === 'query-log') this.#queries.sample(message.part);
    else if (message.kind === 'stop') process.kill(process.pid, 'SIGTERM');
    else if (message.kind === 'facts?') this.#control.send(this.#facts(message.ticket));
    else if (message.kind === 'rcodes?') this.#control.send(sumRcodes(this.#threads));
    else {
      // What control read from the accepted copy says nothing about the file that lies there now.
      if (message.kind === 'listen' && message.accepted !== true) {
        keepListen(this.#options.stateDir, this.#options.configDir, message);
      }
      this.#came.set(message.kind, message);
      if (message.kind === 'ready' && this.#isReloadWanted) {
        this.#isReloadWanted = false;
        this.reload();
      }
      this.#waiting.get(message.kind)?.(message);
    }
  }

  /** The first message of this kind, which may have come already; undefined when it does not come in time. */
  #first(kind: ToServer['kind'], timeoutMs: number): Promise<ToServer | undefined> {
    const came = this.#came.get(kind);
    if (came !== undefined) return Promise.resolve(came);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs).unref(); // never what keeps the process
      this.#waiting.set(kind, (message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
  }

  #facts(ticket: number): Facts {
    const { countedZones } = this.#publications;
    const print = ({ address, port }: SocketAddress) => printSocketAddress(address, port);
    return {
      kind: 'facts',
      ticket,
      engine: this.#engine,
      engineReason: this.#engineReason,
      listen: this.#listen.map(print),
      listenMissing: this.#listen.filter((one) => !isThere(one)).map(print),
      workers: this.#threads.map((thread) => ({
        name: thread.name,
        alive: thread.isAlive,
        restarts: thread.restarts,
        generation: thread.generation(),
      })),
      generation: this.#publications.generation,
      answering: this.#isAnswering,
      controlRestarts: this.#control.restarts,
      counters: sumCounters(this.#threads),
      tallies: sumTallies(this.#threads, countedZones.length),
      countedZones,
      kernelDrops: kernelDrops(this.#listen),
      sets: this.#publications.setCounts(),
      memory: { rss: process.memoryUsage.rss() },
      queriesUnlogged: this.#queries.lost,
      logLinesLost: logLinesLost(),
    };
  }

  async #stop(): Promise<void> {
    this.#notifier.stopping();
    await this.#control.stop(stopMs); // meanwhile queries are still answered
    clearInterval(this.#renewal);
    this.#publications.stop();
    Atomics.store(this.#shared, SHARED.phase, PHASE.stopping);
    Atomics.notify(this.#shared, SHARED.phase);
    this.#sockets?.close();
    await Promise.all(this.#threads.map((thread) => thread.stop(stopMs)));
    rmSync(join(this.#options.runDir, 'server.json'), { force: true });
    this.#lock.release();
    flushLog();
  }
}

/** Says in the log what is wrong with a kept table, where something is. */
function isWhole(origin: string, table: Uint8Array, magic: number): boolean {
  const fault = tableFault(table, magic);
  if (fault !== undefined) log.warn({ origin, fault }, 'a kept table was left out');
  return fault === undefined;
}
