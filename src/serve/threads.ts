// The threads of the server process: started, watched, replaced. A thread that dies is replaced at once by
// one with the same number, sockets and counters, which adopts the tables in service before it receives;
// back-off keeps a thread that dies at every start from eating a core.
import type { Worker } from 'node:worker_threads';
import { ringSize } from '../answer/querylog.ts';
import { rowCells } from '../answer/tally.ts';
import { streamYoungMiB, tcpAcceptors, threadStartTimeoutMs } from '../limits.ts';
import { besideModule, spawnWorker } from '../spawn.ts';
import { type Publication, SHARED, type ThreadData, type ThreadReport } from './inbox.ts';
import type { Place } from './places.ts';
import { closeSocket, duplicate, keepAlone, type UdpSocket } from './socket.ts';

/** What a thread does. */
export type ThreadKind =
  | { readonly kind: 'batch'; readonly sockets: readonly UdpSocket[] }
  | { readonly kind: 'dgram'; readonly listen: readonly Place[] }
  | { readonly kind: 'stream'; readonly listen: readonly Place[]; readonly connectionsMax: number };

/** A thread that lived this long had a good start: its next death is not part of a series. */
const goodLifeMs = 10_000;
const backOffMs = [0, 100, 500, 2000, 5000];

/** In the cell of a thread that has adopted nothing in this life: it is loading its code. */
const noneYet = -1;

const modules = { batch: './worker.ts', dgram: './dgram.ts', stream: './stream.ts' } as const;

/** Memory that all threads share. */
export type ThreadMemory = Pick<ThreadData, 'shared' | 'rateTable'>;

/** What the server wants to know of a thread. */
export type ThreadWatch = {
  /** Tables in service, for a thread that has just been started. */
  current(index: number): Publication;
  /** It died and will be replaced. */
  died(name: string, why: string, restarts: number): void;
  /** It has something to say in the log. */
  noted(name: string, what: string): void;
};

/** One place for a thread; the thread in it changes when it dies. */
export class Thread {
  readonly name: string;
  readonly index: number;
  readonly counters: Float64Array;
  readonly queryRing = new SharedArrayBuffer(ringSize);
  restarts = 0;
  isAlive = false;
  readonly #what: ThreadKind;
  readonly #shared: Int32Array;
  readonly #rateTable: Int32Array;
  readonly #watch: ThreadWatch;
  #worker: Worker | undefined;
  #startedAt = 0;
  #deathsInSeries = 0;
  #isStopping = false;
  /**
   * It has served: one that never could is for whoever started the server to hear of, not to be tried again.
   */
  #hasServed = false;

  constructor(name: string, index: number, what: ThreadKind, memory: ThreadMemory, watch: ThreadWatch) {
    this.name = name;
    this.index = index;
    this.#what = what;
    this.#shared = memory.shared;
    this.#rateTable = memory.rateTable;
    this.#watch = watch;
    const cells = new SharedArrayBuffer(rowCells * Float64Array.BYTES_PER_ELEMENT);
    this.counters = new Float64Array(cells);
  }

  /** Starts it. Resolves when it listens (at once for the batch engine: its sockets are bound already). */
  start(): Promise<ThreadReport> {
    this.#startedAt = performance.now();
    Atomics.store(this.#shared, SHARED.adopted + this.index, noneYet);
    const { kind } = this.#what;
    const taken = new Int32Array(new SharedArrayBuffer(4));
    const places: Place[] = [];
    /** Descriptors that the thread has not taken are closed here, and only those. */
    const closeCopies = (): void => {
      if (Atomics.exchange(taken, 0, 1) === 1) return;
      for (const { fd, moreFds = [] } of places) {
        if (fd !== undefined) for (const one of [fd, ...moreFds]) closeSocket(one);
      }
    };
    let worker: Worker;
    try {
      worker = this.#spawn(taken, places);
    } catch (error) {
      closeCopies();
      // No room for another thread: what goes for one that died goes for one that was never born.
      this.#willRestart((error as Error).message);
      return Promise.resolve({ kind: 'fault', code: '', what: (error as Error).message });
    }
    this.#worker = worker;
    this.isAlive = true;
    let why: string | undefined;
    worker.postMessage(this.#watch.current(this.index));
    return new Promise((resolve) => {
      if (kind === 'batch') {
        this.#hasServed = true;
        resolve({ kind: 'listening' });
      }
      worker.on('message', (report: ThreadReport) => {
        if (report.kind === 'note') return this.#watch.noted(this.name, report.what);
        if (report.kind === 'fault') why = report.what;
        else this.#serves();
        resolve(report);
      });
      worker.on('error', (error) => {
        const { code, message } = error as NodeJS.ErrnoException;
        resolve({ kind: 'fault', code: code ?? '', what: message });
        this.#died(worker, message);
      });
      worker.on('exit', (code) => {
        closeCopies();
        resolve({ kind: 'fault', code: '', what: why ?? `a thread ended with exit code ${code}` });
        this.#died(worker, why ?? `exit code ${code}`);
      });
    });
  }

  /** Hands a publication to the thread. */
  post(publication: Publication): void {
    this.#worker?.postMessage(publication);
  }

  /** The generation it answers from; -1 while it has none. */
  generation(): number {
    return Atomics.load(this.#shared, SHARED.adopted + this.index);
  }

  /**
   * Ends it, so that it is replaced: for one that no longer adopts what is published. One that is still
   * loading its code, which takes seconds on a busy machine, is left to it.
   */
  replace(): void {
    const isLoading = this.generation() === noneYet;
    if (isLoading && performance.now() - this.#startedAt < threadStartTimeoutMs) return;
    void this.#worker?.terminate();
  }

  /** Lets it end by itself within `timeoutMs`, then ends it. */
  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    const worker = this.#worker;
    if (worker === undefined || !this.isAlive) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const timer = setTimeout(() => void worker.terminate(), timeoutMs);
    await ended;
    clearTimeout(timer);
  }

  /** A thread with descriptors for its own life, put into `places`: a Node socket closes what it has. */
  #spawn(taken: Int32Array, places: Place[]): Worker {
    const what = this.#what;
    const isStream = what.kind === 'stream';
    if (what.kind !== 'batch') {
      for (const place of what.listen) {
        if (place.fd === undefined) places.push(place);
        else {
          const more = isStream ? tcpAcceptors - 1 : 0;
          const moreFds: number[] = [];
          places.push({ ...place, fd: duplicate(place.fd), moreFds });
          for (let i = 0; i < more; i++) moreFds.push(duplicate(place.fd));
        }
      }
    }
    const workerData = {
      index: this.index,
      shared: this.#shared,
      counters: this.counters,
      rateTable: this.#rateTable,
      queryRing: this.queryRing,
      taken,
      ...what,
      ...(what.kind === 'batch' ? {} : { listen: places }),
    };
    return spawnWorker(besideModule(import.meta.url, modules[what.kind]), {
      workerData,
      name: this.name,
      ...(isStream ? { resourceLimits: { maxYoungGenerationSizeMb: streamYoungMiB } } : {}),
    });
  }

  #serves(): void {
    this.#hasServed = true;
    if (this.#what.kind !== 'dgram') return;
    for (const { fd } of this.#what.listen) if (fd !== undefined) keepAlone(fd);
  }

  #died(worker: Worker, why: string): void {
    if (worker !== this.#worker || !this.isAlive) return;
    this.isAlive = false;
    this.#willRestart(why);
  }

  #willRestart(why: string): void {
    if (this.#isStopping || !this.#hasServed) return;
    this.#deathsInSeries = performance.now() - this.#startedAt > goodLifeMs ? 0 : this.#deathsInSeries + 1;
    this.restarts += 1;
    this.#watch.died(this.name, why, this.restarts);
    const delay = backOffMs[Math.min(this.#deathsInSeries, backOffMs.length) - 1] ?? 0;
    const again = setTimeout(() => {
      if (!this.#isStopping) void this.start();
    }, delay);
    again.unref();
  }
}
