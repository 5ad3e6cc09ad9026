// What the server process and its control child say to each other: types only, no code. The channel is Node's
// IPC channel with structured clones; zone tables are too big for it and travel as files in the run
// directory. The server owns generations; control numbers its publications (tickets) and its answer-set
// tables (editions).

import type { Settings } from '../answer/settings.ts';

/** Addresses as `192.0.2.1:53` or `[2001:db8::1]:53`. */
export type ListenAddress = string;

/** First message to a new control process. */
export type Start = {
  readonly kind: 'start';
  readonly configDir: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly controlPath: string;
  /** True after a crash: take the accepted sources of the state directory, not the operator's files. */
  readonly recover: boolean;
  /** Last generation that was given out, 0 at a first start. */
  readonly generation: number;
  /** True when kept tables are in service already, so no first round has to be awaited. */
  readonly answering: boolean;
  /** Listen addresses from flags, which win over the YAML; empty: none given. */
  readonly listenFlags: readonly ListenAddress[];
  readonly serverPid: number;
  readonly startedAt: number;
};

/** A publication is adopted by every worker, or was refused with a reason. */
export type Published = {
  readonly kind: 'published';
  readonly ticket: number;
  readonly generation: number;
  readonly fault: string | undefined;
};

/**
 * Final counts of an answer-set table that no worker uses any more; counts[i] are responses that drew set i.
 */
export type Retired = {
  readonly kind: 'retired';
  readonly origin: string;
  readonly edition: number;
  readonly counts: Float64Array;
};

/** Facts of the data plane at this moment, for status and metrics. */
export type Facts = {
  readonly kind: 'facts';
  readonly ticket: number;
  readonly engine: 'batch' | 'dgram';
  /** Why the batch engine is not used, where it is not. */
  readonly engineReason: string;
  readonly listen: readonly ListenAddress[];
  /** Those of them whose address no interface has at the moment. */
  readonly listenMissing: readonly ListenAddress[];
  readonly workers: readonly {
    readonly name: string;
    readonly alive: boolean;
    readonly restarts: number;
    readonly generation: number;
  }[];
  readonly generation: number;
  readonly answering: boolean;
  readonly controlRestarts: number;
  /** Summed over workers, named as in answer/counters.ts. */
  readonly counters: Readonly<Record<string, number>>;
  /** What answer/tally.ts counts, summed over workers, and the zones that have cells there. */
  readonly tallies: Float64Array;
  readonly countedZones: readonly string[];
  /** Datagrams the kernel dropped on our sockets since they were made, -1 where it cannot be known. */
  readonly kernelDrops: number;
  /** Responses that drew each set, of the answer-set tables in service. */
  readonly sets: readonly {
    readonly origin: string;
    readonly edition: number;
    readonly counts: Float64Array;
  }[];
  readonly memory: { readonly rss: number };
  /** Entries of the query log that were too many. */
  readonly queriesUnlogged: number;
  /** Lines of the server's log that nobody read in time. */
  readonly logLinesLost: number;
};

/** Responses sent so far, by the names of tallyRcodes; summed over workers. */
export type Rcodes = { readonly kind: 'rcodes'; readonly counts: Float64Array };

export type ToControl =
  | Start
  | Published
  | Retired
  | Facts
  | Rcodes
  | { readonly kind: 'reload' } // SIGHUP came
  | { readonly kind: 'stop' }; // finish and exit

/**
 * One zone of a publication: its table is `file` in the run directory, `length` octets; `id` is its
 * content's.
 */
export type ZoneRef = {
  readonly origin: string;
  readonly id: string;
  readonly file: string;
  /** Where in the file it begins, in octets. */
  readonly at: number;
  readonly length: number;
};

export type Publish = {
  readonly kind: 'publish';
  readonly ticket: number;
  /** The whole list of zones in service from now on; absent when only answer sets change. */
  readonly zones?: readonly ZoneRef[];
  /** New answer-set tables; those of zones not named stay as they are. */
  readonly sets: readonly { readonly origin: string; readonly edition: number; readonly table: Uint8Array }[];
  /** Absent where they stay as they are. */
  readonly settings?: Settings;
};

export type ToServer =
  | Publish
  /**
   * Where to listen, as the YAML has it, with the number of workers (0: one per core); sent before the first
   * publication.
   */
  | {
      readonly kind: 'listen';
      readonly listen: readonly ListenAddress[];
      readonly workers: number;
      /** True where it is from the accepted copy: not the word of the steerdns.yaml that lies there now. */
      readonly accepted?: boolean;
      /** True where nobody has named the addresses: what this kernel cannot do is left out. */
      readonly isDefault?: boolean;
    }
  /** Which part of all responses the query log has, 0 to 1. */
  | { readonly kind: 'query-log'; readonly part: number }
  /** Control's event loop turns; sent every controlPulseMs. */
  | { readonly kind: 'alive' }
  /** Somebody who may asks the server to end. */
  | { readonly kind: 'stop' }
  /** The first round is over (or was not needed): begin to receive. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'facts?'; readonly ticket: number }
  /** Every few seconds: no more than is drawn of it. */
  | { readonly kind: 'rcodes?' };
