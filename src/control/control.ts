// The control process: a child of the server, which forks it with a channel and restarts it when it dies. It
// loads, watches, publishes and answers on the control socket; queries are answered without it. It speaks
// first when it is told to start, and ends with its channel. This file wires; each piece has its own.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { healthFrom } from '../balance/pool.ts';
import type { ServerConfig } from '../config.ts';
import { systemClock } from '../health/clock.ts';
import { Monitors } from '../health/monitor.ts';
import { isRemote, probeEndpoint } from '../health/probes/index.ts';
import {
  controlPulseMs,
  controlRetryMs,
  keptAgeMaxMs,
  reloadsWaitingMax,
  seriesMaxDefault,
  stopTimeoutMs,
} from '../limits.ts';
import { flushLog, log, logLinesLost } from '../log.ts';
import type { Facts, Start, ToControl, ToServer } from '../serve/channel.ts';
import { readManifest } from '../serve/kept.ts';
import { type Reply, refusal } from './admin.ts';
import { Caches } from './caches.ts';
import { Events } from './events.ts';
import { EventStreams } from './eventstream.ts';
import { FactsDesk } from './facts.ts';
import type { Family } from './families.ts';
import { firstLoad, isSettled } from './firstload.ts';
import { Glance } from './glance.ts';
import { Hands } from './hands.ts';
import { type HandSurroundings, HandVerbs } from './handverbs.ts';
import { AdminHttp } from './http.ts';
import { monitorNotes, noteHand, noteKeeping, noteReload, noteServed, noteStart } from './journal.ts';
import { firstEdition, Keeper, readHands, readVerdicts } from './keep.ts';
import { metricsOf, metricsReply } from './metrics.ts';
import { readPages } from './pages.ts';
import { ProbeMeter } from './probemeter.ts';
import { Publisher } from './publish.ts';
import { takePush } from './push.ts';
import {
  copyAccepted,
  type ReloadOptions,
  type ReloadReport,
  type Running,
  reload,
  reloadOptions,
  removeTables,
  takeIntoService,
} from './reload.ts';
import type { Handlers } from './routes.ts';
import { stopBy } from './service.ts';
import { Shares } from './shares.ts';
import { ControlSocket, type SocketSettings } from './socket.ts';
import { type ControlFacts, type Refusal, type Status, statusOf } from './status.ts';
import { Webhooks } from './webhooks.ts';

/** Starts to listen to the server; false where there is no channel to one. */
export function runControl(): boolean {
  if (process.send === undefined) return false;
  // The terminal's Ctrl-C and systemd's SIGTERM reach every process: the server decides when this one ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  process.on('uncaughtException', (error) =>
    leave(1, () => log.fatal({ stack: error.stack }, error.message)),
  );
  process.on('disconnect', () => leave(0, () => log.info('the server process is gone')));
  let control: Control | undefined;
  process.on('message', (message: ToControl) => {
    if (message.kind === 'start') control ??= new Control(message);
    else control?.take(message);
  });
  // A server that died while this process read its code was gone before anybody listened.
  if (!process.connected) leave(0, () => log.info('the server process is gone'));
  return true;
}

function leave(code: number, say: () => void): never {
  say();
  flushLog();
  process.exit(code);
}

function send(message: ToServer): void {
  // What cannot be sent finds no server any more, and `disconnect` ends this process.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

class Control {
  readonly #start: Start;
  readonly #startedAt = Date.now();
  readonly #shares = new Shares();
  readonly #caches = new Caches();
  readonly #hands = new Hands();
  readonly #handVerbs: HandVerbs;
  readonly #monitors: Monitors;
  readonly #publisher: Publisher;
  readonly #keeper: Keeper;
  readonly #running: Running;
  readonly #events = new Events();
  readonly #streams = new EventStreams(this.#events);
  readonly #probes = new ProbeMeter();
  readonly #reloads = { ok: 0, refused: 0 };
  readonly #webhooks = new Webhooks(this.#events);
  readonly #http: AdminHttp;
  readonly #glance = new Glance(send, () => {
    return { publisher: this.#publisher, monitors: this.#monitors, facts: this.#facts };
  });
  #socket: ControlSocket | undefined;
  #source: 'config' | 'accepted' = 'config';
  #loadedAt: number | undefined;
  #refused: Refusal | undefined;
  readonly #warnings: string[] = [];
  /** What answers each route, on the control socket and over TCP. */
  readonly #handlers: Handlers = {
    'GET /status': async () => ({ status: 200, body: this.#statusOf(await this.#facts.ask()) }),
    ...this.#glance.handlers,
    'GET /explain': (parameters) => this.#explain(parameters),
    'GET /events': (parameters, caller) => this.#streams.reply(parameters, caller),
    'GET /metrics': async () => metricsReply(await this.#metrics()),
    'GET /stats': async () => ({ status: 200, body: { families: await this.#metrics() } }),
    'POST /hand': (parameters, { by }) => {
      if (by !== undefined) parameters.set('by', by);
      return this.#handVerbs.run(parameters);
    },
    'POST /push': (parameters) => takePush(this.#running.loaded, this.#monitors, parameters),
    'POST /stop': (_, { by }) => stopBy(by, this.#start.serverPid, () => send({ kind: 'stop' })),
    'POST /reload': (parameters) => this.#answerReload(parameters),
  };
  readonly #facts = new FactsDesk(send);
  /** The start, then reloads, one after the other. */
  #lastLoad: Promise<unknown>;
  #loadsWaiting = 0;
  #isStopping = false;

  constructor(start: Start) {
    this.#start = start;
    const { stateDir, runDir, configDir } = start;
    const manifest = readManifest(stateDir);
    const kept = 'fault' in manifest ? undefined : manifest;
    const tablesDir = join(runDir, 'tables');
    this.#http = new AdminHttp(this.#handlers, readPages());
    this.#monitors = new Monitors({
      clock: this.#probes.clock(systemClock),
      run: this.#probes.run(this.#glance.latencies.run(probeEndpoint)),
      onChange: (keys) => {
        this.#publisher.healthChanged(keys);
        this.#keeper.request();
      },
      isRemote,
      ...monitorNotes(this.#events, () => this.#running),
    });
    const healthOf = healthFrom(this.#monitors);
    this.#publisher = new Publisher({
      send,
      healthOf,
      handOf: this.#hands.handOf,
      shares: this.#shares,
      caches: this.#caches,
      firstEdition: firstEdition(kept?.sets.map(({ edition }) => edition) ?? []),
      onServed: () => {
        this.#handVerbs.expire();
        this.#keeper.request();
        noteServed(this.#events, this.#publisher.generation);
      },
      onFault: (fault) => log.error({ fault }, 'answer sets were not taken by the server; trying again'),
      onSilence: (fault) => leave(1, () => log.fatal(`${fault}: beginning again`)),
    });
    this.#keeper = new Keeper(
      {
        stateDir,
        wall: Date.now,
        service: () => this.#service(),
        verdicts: () => this.#monitors.save(),
        hands: () => this.#hands.rows,
        onFault: (fault) => noteKeeping(fault),
      },
      kept?.accepted,
    );
    this.#handVerbs = this.#takeUpHands(healthOf);
    this.#running = {
      configDir,
      tablesDir,
      monitors: this.#monitors,
      publisher: this.#publisher,
      keeper: this.#keeper,
      names: new Map(),
      copied: new Map(),
      loaded: undefined,
    };
    this.#lastLoad = this.#begin(kept?.accepted)
      .then(() => this.#glance.rates.start())
      .catch((error: Error) => leave(1, () => log.fatal({ stack: error.stack }, error.message)));
  }

  /** The hands that were kept, and what commands do with them. */
  #takeUpHands(healthOf: HandSurroundings['healthOf']): HandVerbs {
    const { rows, faults } = readHands(this.#start.stateDir);
    this.#hands.set(rows);
    for (const fault of faults) log.error(fault);
    this.#warnings.push(...faults);
    return new HandVerbs({
      hands: this.#hands,
      publisher: this.#publisher,
      caches: this.#caches,
      healthOf,
      keep: () => this.#keeper.keepHands(),
      now: systemClock.wall,
      note: (text) => noteHand(this.#events, text),
    });
  }

  /** Takes a message of the server. */
  take(message: Exclude<ToControl, Start>): void {
    switch (message.kind) {
      case 'published':
        this.#publisher.published(message);
        return;
      case 'retired':
        this.#shares.retire(message);
        return;
      case 'facts':
        this.#facts.take(message);
        return;
      case 'rcodes':
        this.#glance.rates.take(message);
        return;
      case 'reload':
        void this.#reload();
        return;
      case 'stop':
        void this.#stop();
    }
  }

  /** The start: load, say where to listen, probe once, publish, let the server receive. */
  async #begin(accepted: string | undefined): Promise<void> {
    setInterval(() => send({ kind: 'alive' }), controlPulseMs).unref();
    const { stateDir, runDir, recover, controlPath } = this.#start;
    const verdicts = readVerdicts(stateDir, Date.now(), keptAgeMaxMs);
    if (verdicts !== undefined) this.#monitors.restore(verdicts);
    const kept = accepted === undefined ? undefined : join(stateDir, 'accepted', accepted);
    const copy = join(runDir, 'accepted');
    const acceptedDir = recover && existsSync(copy) ? copy : kept;
    const first = await firstLoad(this.#running, acceptedDir, recover, (server) => this.#sayListen(server));
    this.#source = first.source;
    this.#refused = first.refused;
    noteStart(first);
    const { loaded } = first;
    if (loaded !== undefined && isSettled(loaded, this.#start.configDir)) this.#sayListen(loaded.server);
    else send({ kind: 'listen', listen: this.#start.listenFlags, workers: 0, accepted: true });
    await this.#openSocket(controlPath, loaded?.server.control ?? { mode: 0o600 });
    this.#adopt(loaded?.server);
    if (loaded === undefined || loaded.zones.length === 0) {
      // Kept tables that are in service stay there; where there are none, REFUSED is better than silence.
      send({ kind: 'ready' });
      return;
    }
    const fault = await takeIntoService(this.#running, loaded);
    if (fault !== undefined) throw new Error(`the server did not take the first publication: ${fault}`);
    send({ kind: 'ready' });
    this.#loadedAt = Date.now();
    const { generation } = this.#publisher;
    log.info({ zones: loaded.zones.length, generation, source: first.source }, 'in service');
    if (first.source === 'config') this.#keeper.accept(loaded.sources);
    else this.#keeper.request();
    await copyAccepted(this.#running, loaded.sources);
    await removeTables(this.#running);
  }

  /** Settings that are control's own. */
  #adopt(server: ServerConfig | undefined): void {
    this.#http.adopt(server?.http);
    this.#webhooks.adopt(server?.webhooks ?? []);
    send({ kind: 'query-log', part: server?.queryLog ?? 0 });
  }

  /** Tells the server where to listen, when it is first known and when a reload has read it anew. */
  #sayListen({ listen, workers, isListenDefault: isDefault }: ServerConfig): void {
    const accepted = this.#source === 'accepted';
    send({ kind: 'listen', listen, workers, isDefault, ...(accepted ? { accepted } : {}) });
  }

  #openSocket(given: string, settings: SocketSettings): Promise<void> {
    this.#socket = new ControlSocket(given, settings, this.#handlers);
    return this.#socket.open(controlRetryMs);
  }

  async #metrics(): Promise<Family[]> {
    const meters = {
      probes: this.#probes,
      events: this.#events,
      streams: this.#streams,
      http: this.#http,
      webhooks: this.#webhooks,
      reloads: this.#reloads,
    };
    const seriesMax = this.#running.loaded?.server.seriesMax ?? seriesMaxDefault;
    const facts = await this.#facts.ask();
    return metricsOf(this.#statusOf(facts), facts, this.#monitors.states(), meters, seriesMax);
  }

  #statusOf(facts: Facts | undefined): Status {
    this.#handVerbs.expire();
    const [publisher, monitors, shares] = [this.#publisher, this.#monitors, this.#shares];
    const sources = { publisher, monitors, shares, hands: this.#hands, caches: this.#caches };
    return statusOf(this.#controlFacts(), this.#start, facts, sources, Date.now());
  }

  #controlFacts(): ControlFacts {
    const { configDir, stateDir, recover } = this.#start;
    return {
      pid: process.pid,
      startedAt: this.#startedAt,
      configDir,
      stateDir,
      controlPath: this.#socket?.path ?? this.#start.controlPath,
      source: this.#source,
      recovered: recover,
      loadedAt: this.#loadedAt,
      leftOut: this.#running.loaded?.faulty ?? [],
      refused: this.#refused,
      keeping: this.#keeper.fault,
      silence: this.#monitors.silence(),
      canaries: this.#monitors.canaries(),
      logLinesLost: logLinesLost(),
      warnings: [...this.#warnings, ...(this.#socket?.warnings ?? []), ...this.#http.warnings],
    };
  }

  async #explain(parameters: URLSearchParams): Promise<Reply> {
    const { explain } = await import('./explain.ts'); // nothing that a start should wait for
    return explain(this.#publisher, this.#monitors, this.#hands.handOf, parameters);
  }

  async #answerReload(parameters: URLSearchParams): Promise<Reply> {
    const options = reloadOptions(parameters);
    if ('status' in options) return options;
    if (this.#loadsWaiting >= reloadsWaitingMax) {
      return refusal(503, 'too many reloads are waiting already', 'each takes in all changes: one is enough');
    }
    const report = await this.#reload(options);
    return { status: report.ok ? 200 : 422, body: report };
  }

  #reload(options: ReloadOptions = {}): Promise<ReloadReport> {
    this.#loadsWaiting++;
    const turn = this.#lastLoad.then(async () => {
      const report = await reload(this.#running, options);
      this.#loadsWaiting--;
      const servingSince = this.#loadedAt;
      if (!report.isDryRun) this.#note(report, options.only);
      // Answered in the order of what was sent: then the server has heard of the part.
      if (report.settings.includes('query-log')) await this.#facts.ask();
      return { ...report, servingSince: report.ok ? this.#loadedAt : servingSince };
    });
    this.#lastLoad = turn.catch(() => {}); // whoever asked gets the error
    return turn;
  }

  #note(report: ReloadReport, only: string | undefined): void {
    const { ok, failure, losses } = report;
    const faults = ok ? report.faults : [...report.faults, ...losses];
    this.#reloads[ok ? 'ok' : 'refused'] += 1;
    if (ok) {
      if (only === undefined) {
        this.#refused = undefined;
        this.#source = 'config';
      }
      this.#loadedAt = Date.now();
      const { server } = this.#running.loaded!;
      this.#sayListen(server);
      this.#adopt(server);
    } else this.#refused = { at: Date.now(), faults, failure };
    noteReload(this.#events, { ...report, faults }, this.#publisher.zones().length);
  }

  /** What is in service, for the keeper. */
  #service() {
    if (this.#running.loaded === undefined) return undefined;
    const zones = this.#publisher.zones();
    return {
      zones: zones.map(({ origin, id, file, at, length }) => ({ origin, id, path: file, at, length })),
      sets: zones.map(({ origin }) => this.#publisher.served(origin)).filter((sets) => sets !== undefined),
    };
  }

  async #stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#publisher.stop();
    // Before the first publication there is nothing better to keep than what is kept.
    const kept = this.#running.loaded === undefined ? undefined : this.#keeper.stop();
    const enough = new Promise((resolve) => setTimeout(resolve, stopTimeoutMs));
    // A frozen disk must not keep us.
    this.#http.close();
    await Promise.race([Promise.all([kept, this.#socket?.close()]), enough]);
    this.#monitors.stop();
    leave(0, () => log.info('control ends'));
  }
}
