// What the server publishes to its threads, and the generations it owns. Tables arrive from control (or from
// the state directory), are checked, copied into shared buffers and posted, one message per publication and
// thread; then the generation word is raised. What a publication replaced is given back when every thread has
// adopted it.
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { SETS, setsMagic, tableFault, tableId, ZONE, zoneMagic } from '../answer/layout.ts';
import { placesFault } from '../answer/places.ts';
import type { Settings } from '../answer/settings.ts';
import { adoptTimeoutMs, hugePagesAfterMs, zoneCellsMax } from '../limits.ts';
import { Buffers, joinPages } from './buffers.ts';
import type { Publish, ZoneRef } from './channel.ts';
import { readInto } from './files.ts';
import { type Publication, SHARED } from './inbox.ts';
import type { Kept } from './kept.ts';
import { type OwnSecrets, startSettings } from './settings.ts';
import type { Thread } from './threads.ts';

type ZoneInService = { readonly origin: string; readonly id: string; readonly table: Uint8Array };
type SetsInService = {
  readonly origin: string;
  readonly edition: number;
  readonly zoneId: string;
  readonly table: Uint8Array;
  readonly setCount: number;
  /** A row of cells per thread. */
  readonly counts: Float64Array;
};

/** A publication that not every thread has adopted yet. */
type Pending = {
  readonly generation: number;
  readonly ticket: number;
  readonly deadline: number;
  readonly newZones: readonly ZoneInService[];
  readonly oldZones: readonly ZoneInService[];
  readonly oldSets: readonly SetsInService[];
  /** The table of places that is of no more use. */
  readonly oldPlaces: Uint8Array | undefined;
};

/** What happens to publications, for the server to pass on. */
export type PublicationWatch = {
  adopted(ticket: number, generation: number, fault: string | undefined): void;
  /** Final counts of an answer-set table. */
  retired(origin: string, edition: number, counts: Float64Array): void;
  /** These settings are in service, without secrets of the server's own. */
  settled(settings: Settings): void;
};

const pollMs = 5;

export class Publications {
  generation = 0;
  readonly buffers = new Buffers();
  readonly #runDir: string;
  readonly #shared: Int32Array;
  readonly #watch: PublicationWatch;
  #threads: readonly Thread[] = [];
  #zones = new Map<string, ZoneInService>();
  readonly #cells = new Map<string, number>();
  #sets = new Map<string, SetsInService>();
  #pending: Pending[] = [];
  #poll: NodeJS.Timeout | undefined;
  readonly #secrets: OwnSecrets;
  /** As they were published: secrets of the server's own are filled in when they are posted. */
  #settings: Settings = startSettings;
  #isStopped = false;

  constructor(runDir: string, shared: Int32Array, secrets: OwnSecrets, watch: PublicationWatch) {
    this.#runDir = runDir;
    this.#shared = shared;
    this.#secrets = secrets;
    this.#watch = watch;
  }

  /** Sets the threads that publications go to; before the first. */
  setThreads(threads: readonly Thread[]): void {
    this.#threads = threads;
  }

  /** Ends the waiting for threads; nothing is published any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#poll);
  }

  /** The origin of one of the zones in service; undefined where there is none. */
  get anyOrigin(): string | undefined {
    return this.#zones.keys().next().value;
  }

  /** Everything in service, as one publication for a thread that has just been started. */
  current(index: number): Publication {
    return {
      generation: this.generation,
      zones: [...this.#zones.values()].map((zone) => this.#postZone(zone)),
      sets: [...this.#sets.values()].map((sets) => post(sets, index)),
      ...this.#postSettings(),
    };
  }

  /** Origins of the zones that have a cell of their own, in the order of the cells behind the first. */
  get countedZones(): readonly string[] {
    return [...this.#cells.keys()];
  }

  /** A zone keeps its cell for the life of the process; when all are taken, others share the first. */
  #postZone({ origin, table }: ZoneInService): { origin: string; table: Uint8Array; cell: number } {
    let cell = this.#cells.get(origin);
    if (cell === undefined && this.#cells.size + 1 < zoneCellsMax) {
      this.#cells.set(origin, (cell = this.#cells.size + 1));
    }
    return { origin, table, cell: cell ?? 0 };
  }

  /** Counts per set, summed over threads, of the tables in service. */
  setCounts(): { origin: string; edition: number; counts: Float64Array }[] {
    return [...this.#sets.values()].map((sets) => ({
      origin: sets.origin,
      edition: sets.edition,
      counts: folded(sets),
    }));
  }

  /** Takes control's publication. Any fault refuses it whole: what is in service stays. */
  publish(message: Publish): void {
    if (this.#isStopped) return;
    const taken: SharedArrayBuffer[] = [];
    try {
      const zones = message.zones?.map((ref) => this.#zoneInService(ref, taken));
      const sets = message.sets.map(({ origin, edition, table }) =>
        this.#setsInService(origin, edition, table, taken),
      );
      const places = message.settings?.places;
      const placeFault = places && placesFault(places.table);
      if (placeFault !== undefined) throw new Error(`the table of places is ${placeFault}`);
      const inService = zones === undefined ? this.#zones : byOrigin(zones);
      for (const { origin, zoneId } of sets) {
        if (inService.get(origin)?.id !== zoneId)
          throw new Error(`answer sets of ${origin} are of another zone table`);
      }
      this.#adopt(zones, sets, message.settings, message.ticket);
      if (message.settings !== undefined) this.#watch.settled(message.settings);
    } catch (error) {
      for (const buffer of taken) this.buffers.giveBack(buffer);
      this.#watch.adopted(message.ticket, this.generation, (error as Error).message);
    }
  }

  /** Takes kept tables into service; they must be whole. Nothing kept is nothing done. */
  restore(kept: (Pick<Kept, 'zones' | 'sets'> & { settings: Settings | undefined }) | undefined): void {
    if (kept === undefined) return;
    const taken: SharedArrayBuffer[] = [];
    this.#adopt(
      kept.zones.map(({ origin, id, table }) => ({ origin, id, table: this.#copy(table, taken) })),
      kept.sets.map(({ origin, edition, table }) => this.#setsInService(origin, edition, table, taken)),
      kept.settings,
      0,
    );
  }

  /** Gives the server's own cookies a new secret and tells every thread. */
  renewSecrets(): void {
    this.#secrets.renew();
    if (!this.#isStopped) this.#adopt(undefined, [], this.#settings, 0);
  }

  #postSettings(): { settings: Settings } {
    return { settings: this.#secrets.complete(this.#settings) };
  }

  #adopt(
    zones: ZoneInService[] | undefined,
    sets: readonly SetsInService[],
    settings: Settings | undefined,
    ticket: number,
  ): void {
    const newZones: ZoneInService[] = [];
    const oldZones: ZoneInService[] = [];
    const oldSets: SetsInService[] = [];
    if (zones !== undefined) {
      const before = [...this.#zones.values()];
      const after = new Set(zones);
      oldZones.push(...before.filter((zone) => !after.has(zone)));
      newZones.push(...zones.filter((zone) => this.#zones.get(zone.origin) !== zone));
      this.#zones = byOrigin(zones);
    }
    for (const next of sets) {
      const old = this.#sets.get(next.origin);
      if (old !== undefined) oldSets.push(old);
      this.#sets.set(next.origin, next);
    }
    for (const [origin, old] of this.#sets) {
      // Sets of a zone that is gone or has other content are of no use to anyone.
      if (this.#zones.get(origin)?.id === old.zoneId) continue;
      oldSets.push(old);
      this.#sets.delete(origin);
    }
    const oldPlaces = settings === undefined ? undefined : this.#takeSettings(settings);
    this.generation += 1;
    for (const thread of this.#threads) {
      thread.post({
        generation: this.generation,
        ...(zones === undefined ? {} : { zones: zones.map((zone) => this.#postZone(zone)) }),
        sets: sets.map((next) => post(next, thread.index)),
        ...(settings === undefined ? {} : this.#postSettings()),
      });
    }
    Atomics.store(this.#shared, SHARED.generation, this.generation);
    Atomics.notify(this.#shared, SHARED.phase); // those that wait for their first queries sleep on this word
    const deadline = performance.now() + adoptTimeoutMs;
    this.#pending.push({
      generation: this.generation,
      ticket,
      deadline,
      newZones,
      oldZones,
      oldSets,
      oldPlaces,
    });
    this.#settle();
  }

  /** Takes settings, their table of places in shared memory; returns the table that has no use any more. */
  #takeSettings(settings: Settings): Uint8Array | undefined {
    const before = this.#settings.places;
    const { places } = settings;
    const isSame = places !== undefined && before !== undefined && isDeepStrictEqual(places, before);
    const table = isSame ? before.table : places && this.#copy(places.table, []);
    this.#settings = { ...settings, places: places && { names: places.names, table: table! } };
    return isSame ? undefined : before?.table;
  }

  /** Reports what every thread has adopted, and replaces threads that do not adopt in time. */
  #settle(): void {
    clearTimeout(this.#poll);
    if (this.#isStopped) return;
    const adopted = this.#threads.reduce(
      (least, thread) => Math.min(least, thread.generation()),
      this.generation,
    );
    while (this.#pending.length > 0 && this.#pending[0]!.generation <= adopted)
      this.#retire(this.#pending.shift()!);
    const first = this.#pending[0];
    if (first === undefined) return;
    if (performance.now() > first.deadline) {
      for (const thread of this.#threads) if (thread.generation() < first.generation) thread.replace();
      this.#pending[0] = { ...first, deadline: performance.now() + adoptTimeoutMs };
    }
    this.#poll = setTimeout(() => this.#settle(), pollMs);
  }

  #retire({ generation, ticket, newZones, oldZones, oldSets, oldPlaces }: Pending): void {
    for (const { table } of oldZones) this.buffers.giveBack(table.buffer as SharedArrayBuffer);
    for (const sets of oldSets) {
      this.#watch.retired(sets.origin, sets.edition, folded(sets));
      this.buffers.giveBack(sets.table.buffer as SharedArrayBuffer);
      this.buffers.giveBack(sets.counts.buffer as SharedArrayBuffer);
    }
    if (oldPlaces !== undefined) this.buffers.giveBack(oldPlaces.buffer as SharedArrayBuffer);
    if (ticket !== 0) this.#watch.adopted(ticket, generation, undefined);
    if (newZones.length === 0) return;
    const joining = () => {
      for (const zone of newZones) if (this.#zones.get(zone.origin) === zone) joinPages(zone.table);
    };
    setTimeout(joining, hugePagesAfterMs).unref();
  }

  #zoneInService({ origin, id, file, at, length }: ZoneRef, taken: SharedArrayBuffer[]): ZoneInService {
    const old = this.#zones.get(origin);
    if (old?.id === id) return old;
    const buffer = this.buffers.take(length);
    taken.push(buffer);
    const table = new Uint8Array(buffer, 0, length);
    readInto(join(this.#runDir, file), at, table);
    const fault = tableFault(table, zoneMagic);
    if (fault !== undefined) throw new Error(`zone table of ${origin} ${fault}`);
    if (tableId(new Uint32Array(buffer, 0, ZONE.words)) !== id)
      throw new Error(`zone table of ${origin} is another`);
    return { origin, id, table };
  }

  #setsInService(
    origin: string,
    edition: number,
    table: Uint8Array,
    taken: SharedArrayBuffer[],
  ): SetsInService {
    const copy = this.#copy(table, taken);
    const fault = tableFault(copy, setsMagic);
    if (fault !== undefined) throw new Error(`answer sets of ${origin} ${fault}`);
    const words = new Uint32Array(copy.buffer, 0, SETS.words);
    const setCount = words[SETS.setCount]!;
    const rows = Math.max(1, this.#threads.length);
    const size = Math.max(8, rows * setCount * Float64Array.BYTES_PER_ELEMENT);
    const buffer = this.buffers.take(size);
    taken.push(buffer);
    const counts = new Float64Array(buffer, 0, size / Float64Array.BYTES_PER_ELEMENT).fill(0);
    return { origin, edition, zoneId: tableId(words), table: copy, setCount, counts };
  }

  #copy(table: Uint8Array, taken: SharedArrayBuffer[]): Uint8Array {
    const buffer = this.buffers.take(table.length);
    taken.push(buffer);
    const copy = new Uint8Array(buffer, 0, table.length);
    copy.set(table);
    return copy;
  }
}

function byOrigin(zones: readonly ZoneInService[]): Map<string, ZoneInService> {
  return new Map(zones.map((zone) => [zone.origin, zone]));
}

function post(
  { origin, table, setCount, counts }: SetsInService,
  index: number,
): Publication['sets'][number] {
  return { origin, table, counts: counts.subarray(index * setCount, (index + 1) * setCount) };
}

function folded({ setCount, counts }: SetsInService): Float64Array {
  const sums = new Float64Array(setCount);
  for (let i = 0; i < counts.length && setCount > 0; i++) sums[i % setCount]! += counts[i]!;
  return sums;
}
