// What one worker answers from: the tables it has adopted, the directory of zones, its phases and its
// counters. Written only in adopt(), between two batches; respond() reads it and moves phases and counters.
// Each worker has its own; the tables themselves are shared and never change.

import { cnameChainMax } from '../limits.ts';
import { CookieKeys } from '../wire/cookies.ts';
import { slotOf } from '../wire/hash.ts';
import { Labels } from '../wire/labels.ts';
import { type Network, unmapped } from '../wire/networks.ts';
import { counterNames } from './counters.ts';
import { HEADER, NODE_ROW, SETS, ZONE } from './layout.ts';
import { PLACES } from './places.ts';
import { RateLimiter } from './ratelimit.ts';
import type { Settings } from './settings.ts';

/** A zone table with the numbers of its header at hand. */
export class ZoneView {
  readonly origin: string;
  /** Its place in Tables.zones. */
  index = 0;
  /** Its cell among the zones of a row of counters (tally.ts). */
  cell = 0;
  readonly octets: Uint8Array;
  readonly view: DataView;
  readonly words: Uint32Array;
  readonly nodeCount: number;
  readonly nodesAt: number;
  readonly slotsAt: number;
  readonly slotMask: number;
  readonly rrsetsAt: number;
  readonly listsAt: number;
  readonly apexNameAt: number;
  readonly apexSize: number;
  readonly apexLabels: number;
  readonly apexHash: number;
  /** The answer sets in service for this zone, or null: balanced RRsets are then answered whole. */
  sets: SetsView | null = null;
  /** Per slot: the phase that draws the set and the order of its addresses; a 32-bit Weyl sequence. */
  readonly phases: Uint32Array;

  /**
   * `table` may be longer than the zone's table: its buffer may be one used before. The header says the
   * length.
   */
  constructor(origin: string, table: Uint8Array) {
    this.origin = origin;
    const header = new Uint32Array(table.buffer, table.byteOffset, ZONE.words);
    const length = header[HEADER.length]!;
    this.octets = new Uint8Array(table.buffer, table.byteOffset, length);
    this.view = new DataView(table.buffer, table.byteOffset, length);
    this.words = new Uint32Array(table.buffer, table.byteOffset, length >>> 2);
    this.nodeCount = header[ZONE.nodeCount]!;
    this.nodesAt = header[ZONE.nodesAt]!;
    this.slotsAt = header[ZONE.slotsAt]!;
    this.slotMask = header[ZONE.slotMask]!;
    this.rrsetsAt = header[ZONE.rrsetsAt]!;
    this.listsAt = header[ZONE.listsAt]!;
    this.apexNameAt = header[ZONE.apexNameAt]!;
    this.apexSize = header[ZONE.apexSize]!;
    this.apexLabels = header[ZONE.apexLabels]!;
    this.apexHash = header[ZONE.apexHash]!;
    this.phases = new Uint32Array(header[ZONE.balancedCount]!);
  }

  /** A key for each slot that stays the same while its owner and type do. */
  slotKeys(): string[] {
    const at = this.words[ZONE.balancedAt]!;
    return Array.from(this.phases, (_, slot) => {
      const node = this.words[at + slot * 2]!;
      return `${this.words[this.nodesAt + node * NODE_ROW.words]} ${this.words[at + slot * 2 + 1]}`;
    });
  }
}

/** An answer-set table with the numbers of its header at hand. */
export class SetsView {
  readonly octets: Uint8Array;
  readonly view: DataView;
  readonly words: Uint32Array;
  readonly slotsAt: number;
  readonly setsAt: number;
  /** Responses per set, written by this worker only; cell n is set n of the table. */
  readonly counts: Float64Array;

  constructor(table: Uint8Array, counts: Float64Array) {
    const header = new Uint32Array(table.buffer, table.byteOffset, SETS.words);
    const length = header[HEADER.length]!;
    this.octets = new Uint8Array(table.buffer, table.byteOffset, length);
    this.view = new DataView(table.buffer, table.byteOffset, length);
    this.words = new Uint32Array(table.buffer, table.byteOffset, length >>> 2);
    this.slotsAt = header[SETS.slotsAt]!;
    this.setsAt = header[SETS.setsAt]!;
    this.counts = counts;
  }
}

/** One publication as a worker adopts it. */
export type Adoption = {
  /** The whole list of zones from now on; absent when only answer sets change. */
  readonly zones?: readonly {
    readonly origin: string;
    readonly table: Uint8Array;
    /** Where responses of the zone are counted; 0 with all others. */
    readonly cell?: number;
  }[];
  /** Answer sets; `counts` has at least one cell per set. A table of another zone content is not used. */
  readonly sets: readonly {
    readonly origin: string;
    readonly table: Uint8Array;
    readonly counts: Float64Array;
  }[];
  /** Settings from now on; absent when they stay. */
  readonly settings?: Settings;
};

/** What one worker answers from. */
export class Tables {
  readonly zones: ZoneView[] = [];
  #byOrigin = new Map<string, ZoneView>();
  /** Open-addressed directory from the hash of an apex to index + 1 in `zones`. */
  directory = new Uint32Array(4);
  directoryMask = 3;
  /** This worker's row of counters. */
  readonly counters: Float64Array;
  /** Turns the order of plain A and AAAA RRsets. */
  turn = randomPhase();
  /** The name being looked up when it is not the QNAME: a CNAME's target. */
  readonly target = new Labels();
  readonly scratch = new Uint8Array(512);
  /**
   * The aliases followed for the query at hand: their rows, the indices of their zones, the hashes of the
   * names they were met under, of which a wildcard's or a DNAME's row has many, and of a DNAME the place of
   * its target in the message.
   */
  readonly followedRows = new Uint32Array(cnameChainMax);
  readonly followedZones = new Uint32Array(cnameChainMax);
  readonly followedOwners = new Uint32Array(cnameChainMax);
  readonly followedTargets = new Uint32Array(cnameChainMax);

  /** Who we say we are, as octets; empty: that is not said. */
  identity: Uint8Array = new Uint8Array(0);
  version: Uint8Array = new Uint8Array(0);
  /** Without secrets there are no cookies. */
  readonly cookieKeys = new CookieKeys();
  /** Whether the client subnet of a query counts as its client's network. */
  clientSubnet = false;
  /** The table of places (places.ts) and its checksum, or null. */
  places: Uint32Array | null = null;
  placesId = 0;
  /** Clients that may see how a pool is, and whether there are any. */
  explainTo: readonly Network[] = [];
  explains = false;
  /** The limit that all workers keep together; null where nothing is limited: TCP, tests, explain. */
  readonly limiter: RateLimiter | null;

  /** `rateTable` is the one of makeRateTable() that all UDP workers share. */
  constructor(
    counters: Float64Array = new Float64Array(counterNames.length),
    rateTable: Int32Array | undefined = undefined,
  ) {
    this.counters = counters;
    this.limiter = rateTable === undefined ? null : new RateLimiter(rateTable);
  }

  /** Takes a publication into service. Phases of balanced RRsets that stay go on where they were. */
  adopt(adoption: Adoption): void {
    if (adoption.settings !== undefined) this.#adoptSettings(adoption.settings);
    if (adoption.zones !== undefined) this.#adoptZones(adoption.zones);
    for (const { origin, table, counts } of adoption.sets) {
      const zone = this.#byOrigin.get(origin);
      if (zone === undefined) continue;
      const sets = new SetsView(table, counts);
      if (sets.words[HEADER.idHigh] !== zone.words[HEADER.idHigh]) continue;
      if (sets.words[HEADER.idLow] !== zone.words[HEADER.idLow]) continue;
      zone.sets = sets;
    }
  }

  #adoptSettings(settings: Settings): void {
    const { identity, version, cookieSecrets, rateLimit, clientSubnet, explainTo, places } = settings;
    this.identity = new TextEncoder().encode(identity);
    this.version = new TextEncoder().encode(version);
    this.cookieKeys.configure(cookieSecrets ?? []);
    this.limiter?.configure(rateLimit);
    this.clientSubnet = clientSubnet;
    this.explainTo = explainTo.map(unmapped);
    this.explains = explainTo.length > 0;
    this.places = places === undefined ? null : wordsOf(places.table);
    this.placesId = this.places?.[PLACES.crc] ?? 0;
  }

  #adoptZones(zones: NonNullable<Adoption['zones']>): void {
    const before = this.#byOrigin;
    this.#byOrigin = new Map();
    this.zones.length = 0;
    let size = 4;
    while (size < zones.length * 2) size *= 2;
    this.directory = new Uint32Array(size);
    this.directoryMask = size - 1;
    for (const { origin, table, cell = 0 } of zones) {
      const view = new ZoneView(origin, table);
      view.cell = cell;
      const old = before.get(origin);
      keepPhases(view, old);
      // The same content in the same or another buffer: its answer sets stay until others come.
      if (
        old?.words[HEADER.idHigh] === view.words[HEADER.idHigh] &&
        old?.words[HEADER.idLow] === view.words[HEADER.idLow]
      ) {
        view.sets = old?.sets ?? null;
      }
      view.index = this.zones.length;
      this.zones.push(view);
      this.#byOrigin.set(origin, view);
      let slot = slotOf(view.apexHash) & this.directoryMask;
      while (this.directory[slot] !== 0) slot = (slot + 1) & this.directoryMask;
      this.directory[slot] = this.zones.length;
    }
  }
}

/** A table that may stand anywhere in its buffer, in words. */
function wordsOf(table: Uint8Array): Uint32Array {
  if (table.byteOffset % 4 !== 0) return wordsOf(table.slice());
  return new Uint32Array(table.buffer, table.byteOffset, table.length >>> 2);
}

function keepPhases(view: ZoneView, old: ZoneView | undefined): void {
  const before = new Map(old?.slotKeys().map((key, slot) => [key, slot]));
  for (const [slot, key] of view.slotKeys().entries()) {
    const was = before.get(key);
    view.phases[slot] = was === undefined ? randomPhase() : old!.phases[was]!;
  }
}

function randomPhase(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
