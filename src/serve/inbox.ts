// How a thread of the server process learns of publications. The server posts one message per publication and
// then raises a shared generation word; a thread that sees a new word after a receive drains its port,
// adopts, and writes the generation into its cell. The server counts a publication as adopted when every cell
// shows it.
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { openQueryLog } from '../answer/querylog.ts';
import type { Settings } from '../answer/settings.ts';
import type { Tables } from '../answer/tables.ts';
import { receiveTimeoutMs } from '../limits.ts';

/** Cells of the shared control words; from `adopted` on there is one cell per thread. */
export const SHARED = {
  /** Last generation posted; written by the server. */
  generation: 0,
  /** 1 once queries may be received, 2 when the process stops; written by the server. */
  phase: 1,
  /** Part of the responses that the query log notes, of 2^32; written by the server. */
  queryLog: 2,
  adopted: 3,
} as const;

export const PHASE = { waiting: 0, answering: 1, stopping: 2 } as const;

/**
 * One publication as it is posted to a thread. Buffers may be longer than what they hold; tables say their
 * length.
 */
export type Publication = {
  readonly generation: number;
  readonly zones?: readonly {
    readonly origin: string;
    readonly table: Uint8Array;
    /** Where its responses are counted (answer/tally.ts). */
    readonly cell: number;
  }[];
  readonly sets: readonly {
    readonly origin: string;
    readonly table: Uint8Array;
    /** This thread's cells, one per set. */
    readonly counts: Float64Array;
  }[];
  /** Absent where they stay as they are. */
  readonly settings?: Settings;
};

/** What every thread of the server process is given at its start. */
export type ThreadData = {
  /** The thread's number: its cell is SHARED.adopted + index. */
  readonly index: number;
  readonly shared: Int32Array;
  /** The thread's row of counters. */
  readonly counters: Float64Array;
  /** The rate limit's table, one for all UDP workers. */
  readonly rateTable: Int32Array;
  /** The thread's ring of the query log. */
  readonly queryRing: SharedArrayBuffer;
};

/** What the thread tells the server: it is bound, or why not; and what is to be said in the log. */
export type ThreadReport =
  | { readonly kind: 'listening' }
  | { readonly kind: 'note'; readonly what: string }
  | { readonly kind: 'fault'; readonly code: string; readonly what: string };

/**
 * Tells the server that the thread cannot listen, and ends the thread, for the supervisor to start it anew.
 */
export function reportFault(port: MessagePort, error: unknown): void {
  const { code, message } = error as NodeJS.ErrnoException;
  port.postMessage({ kind: 'fault', code: code ?? '', what: message } satisfies ThreadReport);
  port.close();
}

/** A thread's end of it. */
export class Inbox {
  readonly #port: MessagePort;
  readonly #shared: Int32Array;
  readonly #cell: number;
  readonly #tables: Tables;
  #seen = 0;

  constructor(port: MessagePort, data: ThreadData, tables: Tables) {
    this.#port = port;
    this.#shared = data.shared;
    this.#cell = SHARED.adopted + data.index;
    this.#tables = tables;
    openQueryLog(data.queryRing, data.shared, SHARED.queryLog);
  }

  /**
   * Whether there is something to adopt: one read of shared memory, for between two batches. A plain one here
   * and in phase(): what it misses is seen at the next batch, and an atomic one is a call.
   */
  isBehind(): boolean {
    return this.#shared[SHARED.generation] !== this.#seen;
  }

  /** Adopts everything that was posted, in order. */
  drain(): void {
    for (let received = receiveMessageOnPort(this.#port); received !== undefined; ) {
      this.take(received.message);
      received = receiveMessageOnPort(this.#port);
    }
  }

  /** Adopts one publication. A message that is none is a mistake of ours: the thread dies and is replaced. */
  take(message: Publication): void {
    if (!Number.isInteger(message.generation)) throw new Error('not a publication');
    this.#tables.adopt(message);
    this.#seen = message.generation;
    Atomics.store(this.#shared, this.#cell, message.generation);
  }

  /** Holds the thread until queries may be received: what comes meanwhile waits in the kernel. */
  waitWhileWaiting(): void {
    while (this.phase() === PHASE.waiting) {
      if (this.isBehind()) this.drain();
      Atomics.wait(this.#shared, SHARED.phase, PHASE.waiting, receiveTimeoutMs);
    }
  }

  /** One of PHASE. */
  phase(): number {
    return this.#shared[SHARED.phase]!;
  }
}
