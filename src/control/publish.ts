// Publications: control's side of handing tables to the server. One at a time: a publication of zones (a
// reload) and one of answer sets (health) never overlap, so what is announced always matches what is in
// service. Health changes are collected for a moment, and a zone whose choices came out the same again costs
// nothing. What changes by itself at a known time (a slow start, a hand that ends, a TTL that is counted
// down) is looked at then: one timer for the earliest of all zones.
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import { compileSets, placesId } from '../answer/compilesets.ts';
import type { Settings } from '../answer/settings.ts';
import { type Follower, followAll, type RecordsChoice } from '../balance/follow.ts';
import type { HandOf } from '../balance/hand.ts';
import { chooseFrom, type FamilyChoice, type Health, type Pool } from '../balance/pool.ts';
import { type PoolState, poolState, stateKey } from '../balance/state.ts';
import { type Summary, summaryOf } from '../balance/summary.ts';
import { type Clock, systemClock, type Timer } from '../health/clock.ts';
import {
  cachedChoicesMax,
  coalesceMs,
  publishTimeoutMs,
  republishMs,
  timedGapMs,
  wallLookMs,
} from '../limits.ts';
import type { Publish, Published, ToServer } from '../serve/channel.ts';
import type { Caches } from './caches.ts';
import { relativeName } from './diff.ts';
import type { LoadedZone } from './load.ts';
import type { Shares } from './shares.ts';

/** One balanced RRset and what is answered from it. */
export type Slot = { readonly pool: Pool; readonly owner: string; readonly choice: FamilyChoice };

/** The answer sets of one zone, as they are in service. */
export type ServedSets = {
  readonly origin: string;
  readonly edition: number;
  readonly table: Uint8Array;
  /** In the order of the zone table's slots. */
  readonly slots: readonly Slot[];
  readonly followers: readonly Follower[];
  /** What is given of the zone's followers, in their order. */
  readonly records: readonly RecordsChoice[];
  /** Equal where the table would be equal but for its edition. */
  readonly signature: string;
};

/** When a zone went into service as it is now. */
export type Taken = {
  readonly id: string;
  readonly generation: number;
  /** Wall clock in milliseconds. */
  readonly at: number;
};

export type PublisherOptions = {
  readonly send: (message: ToServer) => void;
  readonly healthOf: (endpoint: string) => Health;
  /** Absent: no hand is on anything. */
  readonly handOf?: HandOf;
  /** The time by which hands and slow starts change; the system's where it is absent. */
  readonly clock?: Clock;
  readonly shares: Shares;
  /** Told what goes into service. */
  readonly caches?: Pick<Caches, 'served'>;
  /** The next answer-set table has this number or a higher one. */
  readonly firstEdition: number;
  /** Called after answer sets went into service because health, time or a hand changed. */
  readonly onServed: () => void;
  readonly onFault: (fault: string) => void;
  /** The server said nothing: nobody knows now what is in service, and everything must be announced anew. */
  readonly onSilence: (fault: string) => void;
};

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #clock: Clock;
  /** Zones in service and their answer sets, by origin. Written only between a publication and the next. */
  #zones = new Map<string, LoadedZone>();
  #served = new Map<string, ServedSets>();
  /** Since when a zone is as it is, by origin. */
  readonly #taken = new Map<string, Taken>();
  #settings: Settings | undefined;
  #generation = 0;
  #edition: number;
  #ticket = 0;
  readonly #awaited = new Map<number, (published: Published) => void>();
  /** Zones whose health changed since their answer sets were last looked at. */
  readonly #changed = new Set<string>();
  #timer: Timer | undefined;
  /** Wall clock at which the answer sets of a zone change by themselves, by origin. */
  readonly #due = new Map<string, number>();
  #dueTimer: Timer | undefined;
  /** The last publication that was asked for; the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve();
  #stopped = false;
  readonly #choices = new LRUCache<string, readonly FamilyChoice[]>({ max: cachedChoicesMax });

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#edition = options.firstEdition;
  }

  /** Generation of the last publication that every worker adopted. */
  get generation(): number {
    return this.#generation;
  }

  /** The settings in service. */
  get settings(): Settings | undefined {
    return this.#settings;
  }

  zones(): LoadedZone[] {
    return [...this.#zones.values()];
  }

  /** Since when a zone is as it is. */
  taken(origin: string): Taken | undefined {
    return this.#taken.get(origin);
  }

  served(origin: string): ServedSets | undefined {
    return this.#served.get(origin);
  }

  /**
   * Puts these zones, and no others, into service, with answer sets for the health of this moment, and the
   * settings.
   */
  publishZones(zones: readonly LoadedZone[], settings: Settings): Promise<Published> {
    const { shares } = this.#options;
    return this.#inTurn(async () => {
      const sets = zones.map((zone) => this.#compile(zone, settings)).filter((made) => made !== undefined);
      const fresh = sets.filter((made) => this.#served.get(made.origin) !== made);
      const isSettled = isDeepStrictEqual(settings, this.#settings);
      const isSame =
        this.#generation > 0 && isSettled && fresh.length === 0 && sameTables(zones, this.zones());
      if (isSame) return this.#nothingToDo(zones);
      const published = await this.#announce({
        zones: zones.map(({ origin, id, file, at, length }) => ({
          origin,
          id,
          file: join('tables', basename(file)),
          at,
          length,
        })),
        sets: fresh,
        ...(isSettled ? {} : { settings }),
      });
      if (published.fault === undefined) {
        const kept = new Set(sets.map(({ origin }) => origin));
        const gone = [...this.#served.keys()].filter((origin) => !kept.has(origin));
        for (const origin of gone) this.#noteServed(origin, undefined);
        for (const made of fresh) this.#noteServed(made.origin, made);
        this.#noteTaken(zones);
        shares.published([...gone.map((origin) => ({ origin, edition: undefined })), ...fresh]);
        this.#zones = new Map(zones.map((zone) => [zone.origin, zone]));
        this.#served = new Map(sets.map((made) => [made.origin, made]));
        this.#settings = settings;
        for (const origin of [...this.#due.keys()]) if (!this.#zones.has(origin)) this.#due.delete(origin);
        this.#watchClock();
        this.#look(this.#zones.keys()); // health may have changed while the server was adopting
      } else shares.published([]);
      return published;
    });
  }

  /** Settings around the tables may have changed all the same: a check's timing, a source's path. */
  #nothingToDo(zones: readonly LoadedZone[]): Published {
    this.#zones = new Map(zones.map((zone) => [zone.origin, zone]));
    return { kind: 'published', ticket: 0, generation: this.#generation, fault: undefined };
  }

  /** Takes note that these endpoints changed; their zones' answer sets follow after `coalesceMs`. */
  healthChanged(endpoints: readonly string[]): void {
    const keys = new Set(endpoints);
    const concerned = this.zones().filter((zone) => zone.endpoints.some(({ key }) => keys.has(key)));
    this.#look(concerned.map(({ origin }) => origin));
  }

  /** Publishes what a hand on these pools changes; resolves when it is in service, or with why it is not. */
  handChanged(owners: ReadonlySet<string>): Promise<string | undefined> {
    for (const { origin, pools } of this.zones()) {
      if (pools.some(({ owner }) => owners.has(owner))) this.#changed.add(origin);
    }
    return this.#inTurn(() => this.#publishHealth());
  }

  /** Settles the publication that the server speaks of. */
  published(message: Published): void {
    this.#awaited.get(message.ticket)?.(message);
    this.#awaited.delete(message.ticket);
  }

  /** Resolves when nothing is being published. */
  idle(): Promise<unknown> {
    return this.#last;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#dueTimer?.cancel();
  }

  #look(origins: Iterable<string>, afterMs = coalesceMs): void {
    for (const origin of origins) this.#changed.add(origin);
    if (this.#changed.size === 0 || this.#timer !== undefined || this.#stopped) return;
    this.#timer = this.#clock.after(afterMs, () => {
      this.#timer = undefined;
      void this.#inTurn(() => this.#publishHealth());
    });
  }

  #noteTaken(zones: readonly LoadedZone[]): void {
    const origins = new Set(zones.map(({ origin }) => origin));
    for (const origin of [...this.#taken.keys()]) if (!origins.has(origin)) this.#taken.delete(origin);
    for (const { origin, id } of zones) {
      if (this.#taken.get(origin)?.id === id) continue;
      this.#taken.set(origin, { id, generation: this.#generation, at: this.#clock.wall() });
    }
  }

  #noteServed(origin: string, sets: ServedSets | undefined): void {
    this.#options.caches?.served(origin, sets, this.#clock.wall());
  }

  /** Looks again at the zones that are due, and sets the timer for those that are not. */
  #watchClock(): void {
    this.#dueTimer?.cancel();
    const now = this.#clock.wall();
    const due = [...this.#due].filter(([, at]) => at <= now).map(([origin]) => origin);
    for (const origin of due) this.#due.delete(origin);
    this.#look(due, 0);
    const next = [...this.#due.values()].reduce((a, b) => Math.min(a, b), Infinity);
    if (next === Infinity || this.#stopped) return;
    const afterMs = Math.min(Math.max(next - now, timedGapMs), wallLookMs);
    this.#dueTimer = this.#clock.after(afterMs, () => this.#watchClock());
  }

  /** Gives the fault of the server, where it refused. */
  async #publishHealth(): Promise<string | undefined> {
    const origins = [...this.#changed].filter((origin) => this.#zones.has(origin));
    this.#changed.clear();
    const sets = origins
      .map((origin) => this.#compile(this.#zones.get(origin)!, this.#settings))
      .filter((made) => made !== undefined && this.#served.get(made.origin) !== made)
      .filter((made) => made !== undefined);
    this.#watchClock();
    if (sets.length === 0) return undefined;
    const published = await this.#announce({ sets });
    if (published.fault === undefined) {
      for (const made of sets) {
        this.#served.set(made.origin, made);
        this.#noteServed(made.origin, made);
      }
      this.#options.shares.published(sets);
      this.#options.onServed();
    } else {
      this.#options.shares.published([]);
      this.#options.onFault(published.fault);
      this.#look(origins, republishMs);
    }
    return published.fault;
  }

  /**
   * Makes a zone's answer sets; those in service where nothing changed, undefined where nothing is balanced.
   */
  #compile(zone: LoadedZone, settings: Settings | undefined): ServedSets | undefined {
    if (zone.pools.length === 0) return undefined;
    const { healthOf, handOf } = this.#options;
    const { followers } = zone;
    const followersTtl = followers.reduce((most, { ttl }) => Math.max(most, ttl), 0);
    const now = this.#clock.wall();
    const moment = { now, followersTtl, ...(handOf === undefined ? {} : { handOf }) };
    const states = zone.pools.map((pool) => poolState(pool, healthOf, moment));
    const changes = states.flatMap(({ changesAt }) => changesAt ?? []);
    if (changes.length === 0) this.#due.delete(zone.origin);
    else this.#due.set(zone.origin, Math.min(...changes));
    const keys = zone.pools.map(({ owner }, i) => `${zone.poolKeys.get(owner)} ${stateKey(states[i]!)}`);
    const places = settings?.places;
    const placesKey = places && `${placesId(places)} ${places.names.join()}`;
    const summaries = summariesOf(zone, states, settings);
    const signature = [zone.id, placesKey, ...keys, JSON.stringify(summaries)].join('\n');
    const before = this.#served.get(zone.origin);
    if (before?.signature === signature) return before;
    const slots = zone.pools.flatMap((pool, i) =>
      this.#choose(keys[i]!, pool, states[i]!).map((choice) => ({ pool, owner: pool.owner, choice })),
    );
    const edition = this.#edition++;
    const choices = slots.map(({ choice }, slot) => ({ ...choice, summary: summaries[slot] }));
    this.#options.shares.announce(zone.origin, edition, slots);
    const records = followAll(followers, zone.pools, states);
    const table = compileSets(zone.id, edition, [...choices, ...records], places);
    return { origin: zone.origin, edition, table, slots, followers, records, signature };
  }

  /** Chosen once for each state of a pool, used again while a server flaps. */
  #choose(key: string, pool: Pool, state: PoolState): readonly FamilyChoice[] {
    let choices = this.#choices.get(key);
    if (choices === undefined) {
      choices = chooseFrom(pool, state);
      this.#choices.set(key, choices);
    }
    return choices;
  }

  #announce(
    publication: Pick<Publish, 'zones' | 'settings'> & { sets: readonly ServedSets[] },
  ): Promise<Published> {
    const ticket = ++this.#ticket;
    const { zones, settings } = publication;
    const sets = publication.sets.map(({ origin, edition, table }) => ({ origin, edition, table }));
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        const fault = `the server did not answer within ${publishTimeoutMs / 1000} s`;
        this.published({ kind: 'published', ticket, generation: this.#generation, fault });
        this.#options.onSilence(fault);
      }, publishTimeoutMs);
      this.#awaited.set(ticket, (published) => {
        clearTimeout(timer);
        if (published.fault === undefined) this.#generation = published.generation;
        resolve(published);
      });
      this.#options.send({
        kind: 'publish',
        ticket,
        sets,
        ...(zones === undefined ? {} : { zones }),
        ...(settings === undefined ? {} : { settings }),
      });
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {}); // whoever asked gets the error; the next in turn goes on
    return turn;
  }
}

/** How each slot's pool is, where somebody may see it. */
function summariesOf(
  { origin, pools }: LoadedZone,
  states: readonly PoolState[],
  settings: Settings | undefined,
): readonly Summary[] {
  if (settings === undefined || settings.explainTo.length === 0) return [];
  return states.flatMap(({ families }, i) => {
    return families.map((family) => summaryOf(relativeName(pools[i]!.owner, origin), family));
  });
}

function sameTables(a: readonly LoadedZone[], b: readonly LoadedZone[]): boolean {
  return a.length === b.length && a.every(({ origin, id }, i) => b[i]!.origin === origin && b[i]!.id === id);
}
