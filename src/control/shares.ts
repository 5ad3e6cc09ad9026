// What part of the traffic each address was really given: responses per answer set, as the workers count
// them, laid over the addresses that the set held. Control keeps the meaning of every table it announced
// until the server has retired that table and sent its final counts. Used by status.
//
// Two sums are kept: of all responses since control started, and of those that were drawn from the sets which
// a pool has now. Only the latter may be held against the shares of these sets.
import type { FamilyChoice } from '../balance/pool.ts';
import type { Facts, Retired } from '../serve/channel.ts';

/**
 * Responses per address text, each counted as 1/k of a response with k addresses; keyed by owner and family.
 */
export type Counts = ReadonlyMap<string, ReadonlyMap<string, number>>;

export type Given = {
  /** Since control started. */
  readonly all: Counts;
  /** From the sets of now, since the pool has had no others. */
  readonly now: Counts;
};

/** Where nobody counts. */
export const nothingGiven: Given = { all: new Map(), now: new Map() };

/** Tables out of service whose final counts never came (a crash between) are forgotten beyond this number. */
const waitingMax = 4096;

/** A balanced RRset, as far as its counts go. */
type Counted = {
  readonly owner: string;
  readonly choice: Pick<FamilyChoice, 'family' | 'addresses' | 'sets'>;
};

/** An answer-set table: cell n counts responses with the n-th set of all its slots. */
type Table = {
  readonly origin: string;
  readonly edition: number;
  readonly slots: readonly Counted[];
  /** Its final counts came before the word of the publication that replaced it. */
  readonly isRetired?: boolean;
};

type Sums = Map<string, Map<string, number>>;

export class Shares {
  /** The tables in service, by origin. */
  readonly #served = new Map<string, Table>();
  /** Those announced for service, or out of it and without their final counts, in order. */
  readonly #waiting = new Map<string, Table>();
  readonly #all: Sums = new Map();
  readonly #now: Sums = new Map();

  /** Notes what the cells of a table mean. */
  announce(origin: string, edition: number, slots: readonly Counted[]): void {
    this.#waiting.set(tableKey(origin, edition), { origin, edition, slots });
  }

  /** Notes what a publication put into service, and the zones that are no longer; nothing where it failed. */
  published(tables: readonly { readonly origin: string; readonly edition: number | undefined }[]): void {
    for (const { origin, edition } of tables) {
      const before = this.#served.get(origin);
      if (before?.edition === edition) continue;
      const after = edition === undefined ? undefined : this.#waiting.get(tableKey(origin, edition));
      if (before !== undefined) {
        for (const key of changed(before.slots, after?.slots ?? [])) this.#now.delete(key);
        if (before.isRetired !== true) this.#waiting.set(tableKey(origin, before.edition), before);
      }
      if (after === undefined) this.#served.delete(origin);
      else this.#served.set(origin, after);
      this.#waiting.delete(tableKey(origin, edition ?? -1));
      if (before?.isRetired === true) this.#forget(before);
    }
    for (const key of this.#waiting.keys()) {
      if (this.#waiting.size <= waitingMax) break;
      this.#waiting.delete(key);
    }
  }

  /** Takes the final counts of a table out of service. */
  retire({ origin, edition, counts }: Pick<Retired, 'origin' | 'edition' | 'counts'>): void {
    const table = this.#find(origin, edition);
    if (table === undefined) return;
    this.#add({ all: this.#all, now: this.#now }, table, counts);
    this.#waiting.delete(tableKey(origin, edition));
    if (this.#served.get(origin) === table) this.#served.set(origin, { ...table, isRetired: true });
    this.#forget(table);
  }

  /** Everything given so far, with the tables in service. */
  given(live: Facts['sets']): Given {
    const sums = { all: copied(this.#all), now: copied(this.#now) };
    for (const { origin, edition, counts } of live) {
      const table = this.#find(origin, edition);
      if (table !== undefined) this.#add(sums, table, counts);
    }
    return sums;
  }

  #find(origin: string, edition: number): Table | undefined {
    const served = this.#served.get(origin);
    if (served?.edition === edition) return served.isRetired === true ? undefined : served;
    return this.#waiting.get(tableKey(origin, edition));
  }

  #add(sums: { readonly all: Sums; readonly now: Sums }, table: Table, counts: Float64Array): void {
    const served = this.#served.get(table.origin);
    const others = served === undefined || served === table ? new Set() : changed(table.slots, served.slots);
    let cell = 0;
    for (const { owner, choice } of table.slots) {
      const key = poolKey(owner, choice.family);
      for (const { members } of choice.sets) {
        const part = (counts[cell++] ?? 0) / members.length;
        if (part === 0) continue;
        for (const member of members) {
          const { text } = choice.addresses[member]!;
          addTo(sums.all, key, text, part);
          if (served !== undefined && !others.has(key)) addTo(sums.now, key, text, part);
        }
      }
    }
  }

  /** Forgets what was counted of owners and addresses that the zone has no longer. */
  #forget({ origin, slots }: Table): void {
    const left = new Map(
      (this.#served.get(origin)?.slots ?? []).map(({ owner, choice }) => [
        poolKey(owner, choice.family),
        new Set(choice.addresses.map(({ text }) => text)),
      ]),
    );
    for (const { owner, choice } of slots) {
      const key = poolKey(owner, choice.family);
      const addresses = left.get(key);
      if (addresses === undefined) this.#all.delete(key);
      else
        for (const { text } of choice.addresses) if (!addresses.has(text)) this.#all.get(key)?.delete(text);
    }
  }
}

/** Key of a pool's family in Counts. */
export function poolKey(owner: string, family: number): string {
  return `${owner} ${family}`;
}

function tableKey(origin: string, edition: number): string {
  return `${origin} ${edition}`;
}

function addTo(sums: Sums, key: string, address: string, part: number): void {
  let row = sums.get(key);
  if (row === undefined) sums.set(key, (row = new Map()));
  row.set(address, (row.get(address) ?? 0) + part);
}

function copied(sums: Sums): Sums {
  return new Map([...sums].map(([key, row]) => [key, new Map(row)]));
}

/** The pools of a table whose sets another table has not, by their keys. */
function changed(before: readonly Counted[], after: readonly Counted[]): Set<string> {
  const choices = new Map(after.map(({ owner, choice }) => [poolKey(owner, choice.family), choice]));
  const keys = before.flatMap(({ owner, choice }) => {
    const key = poolKey(owner, choice.family);
    const other = choices.get(key);
    return other !== undefined && areAlike(choice, other) ? [] : [key];
  });
  return new Set(keys);
}

/** Whether two choices give the same addresses by the same shares, whatever their TTLs are. */
function areAlike(a: Counted['choice'], b: Counted['choice']): boolean {
  if (a === b) return true;
  if (a.sets.length !== b.sets.length || a.addresses.length !== b.addresses.length) return false;
  if (a.addresses.some(({ text }, i) => text !== b.addresses[i]!.text)) return false;
  return a.sets.every(({ share, members }, i) => {
    const other = b.sets[i]!;
    return share === other.share && members.join() === other.members.join();
  });
}
