// What part of the traffic each address was really given: responses per answer set, as the workers count
// them, laid over the addresses that the set held. Control keeps the meaning of every table it announced
// until the server has retired that table and sent its final counts. Used by status.
import type { FamilyChoice } from '../balance/pool.ts';
import type { Facts, Retired } from '../serve/channel.ts';

/**
 * Responses per address text, each counted as 1/k of a response with k addresses; keyed by owner and family.
 */
export type Given = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Tables whose final counts never came (a crash between) are forgotten beyond this number. */
const announcedMax = 4096;

export class Shares {
  /** Meaning of announced tables: cell n of `origin edition` counts responses with these addresses. */
  readonly #announced = new Map<string, readonly Cell[]>();
  readonly #given = new Map<string, Map<string, number>>();

  /** Notes what the cells of a table mean; choice n is for slot n, with its owner. */
  announce(origin: string, edition: number, slots: readonly { owner: string; choice: FamilyChoice }[]): void {
    const cells = slots.flatMap(({ owner, choice }) =>
      choice.sets.map((set) => ({
        pool: poolKey(owner, choice.family),
        addresses: set.members.map((member) => choice.addresses[member]!.text),
      })),
    );
    this.#announced.set(tableKey(origin, edition), cells);
    if (this.#announced.size > announcedMax) this.#announced.delete(this.#announced.keys().next().value!);
  }

  /** Takes the final counts of a table out of service. */
  retire({ origin, edition, counts }: Pick<Retired, 'origin' | 'edition' | 'counts'>): void {
    const key = tableKey(origin, edition);
    add(this.#given, this.#announced.get(key) ?? [], counts);
    this.#announced.delete(key);
  }

  /** Everything given so far, with the tables in service. */
  given(live: Facts['sets']): Given {
    const sum = new Map([...this.#given].map(([key, row]) => [key, new Map(row)]));
    for (const { origin, edition, counts } of live) {
      add(sum, this.#announced.get(tableKey(origin, edition)) ?? [], counts);
    }
    return sum;
  }
}

type Cell = { readonly pool: string; readonly addresses: readonly string[] };

/** Key of a pool's family in Given. */
export function poolKey(owner: string, family: number): string {
  return `${owner} ${family}`;
}

function tableKey(origin: string, edition: number): string {
  return `${origin} ${edition}`;
}

function add(given: Map<string, Map<string, number>>, cells: readonly Cell[], counts: Float64Array): void {
  for (const [cell, { pool, addresses }] of cells.entries()) {
    const responses = counts[cell] ?? 0;
    if (responses === 0) continue;
    let row = given.get(pool);
    if (row === undefined) given.set(pool, (row = new Map()));
    for (const address of addresses) row.set(address, (row.get(address) ?? 0) + responses / addresses.length);
  }
}
