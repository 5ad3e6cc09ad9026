// Whose turn it is to be probed: so many probes at once in all, and so many to one host; the rest waits, who
// is in doubt before who is not. Called by the monitors, which start what may start. Generic, and pure but
// for its own counts.
//
// Who waits for a host waits there, so that nobody is looked at again and again who cannot start anyway.

/** Two lines of those who wait: first in, first out, the hurried first. */
type Line<Item> = { readonly hurried: Set<Item>; readonly others: Set<Item> };

type Host<Item> = Line<Item> & { underWay: number };

export class Turns<Item> {
  readonly #max: number;
  readonly #perHostMax: number;
  readonly #hostOf: (item: Item) => string;
  readonly #line: Line<Item> = { hurried: new Set(), others: new Set() };
  /** Hosts that are being probed or waited for. */
  readonly #hosts = new Map<string, Host<Item>>();
  #underWay = 0;

  constructor(max: number, perHostMax: number, hostOf: (item: Item) => string) {
    this.#max = max;
    this.#perHostMax = perHostMax;
    this.#hostOf = hostOf;
  }

  /** Whether it may start now, and has then started; else it waits, and a call of ended() gives it back. */
  take(item: Item, isHurried: boolean): boolean {
    const host = this.#host(item);
    if (host.underWay >= this.#perHostMax) wait(host, item, isHurried);
    else if (this.#underWay >= this.#max) wait(this.#line, item, isHurried);
    else {
      host.underWay++;
      this.#underWay++;
      return true;
    }
    return false;
  }

  /** One has ended; returns those that have started instead. */
  ended(item: Item): Item[] {
    const name = this.#hostOf(item);
    const host = this.#host(item);
    host.underWay--;
    this.#underWay--;
    const next = first(host);
    if (next !== undefined) wait(this.#line, next.item, next.isHurried);
    if (host.underWay === 0 && next === undefined) this.#hosts.delete(name);
    const started: Item[] = [];
    while (this.#underWay < this.#max) {
      const found = first(this.#line);
      if (found === undefined) break;
      if (this.take(found.item, found.isHurried)) started.push(found.item);
    }
    return started;
  }

  waits(item: Item): boolean {
    const host = this.#hosts.get(this.#hostOf(item));
    return [this.#line, ...(host === undefined ? [] : [host])].some(
      ({ hurried, others }) => hurried.has(item) || others.has(item),
    );
  }

  /** It does not wait any more. */
  leave(item: Item): void {
    const host = this.#hosts.get(this.#hostOf(item));
    for (const line of [this.#line, ...(host === undefined ? [] : [host])]) {
      line.hurried.delete(item);
      line.others.delete(item);
    }
    if (host !== undefined && host.underWay + host.hurried.size + host.others.size === 0) {
      this.#hosts.delete(this.#hostOf(item));
    }
  }

  #host(item: Item): Host<Item> {
    const name = this.#hostOf(item);
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = { hurried: new Set(), others: new Set(), underWay: 0 };
      this.#hosts.set(name, host);
    }
    return host;
  }
}

function wait<Item>(line: Line<Item>, item: Item, isHurried: boolean): void {
  (isHurried ? line.hurried : line.others).add(item);
}

/** Takes the first out of a line. */
function first<Item>({ hurried, others }: Line<Item>): { item: Item; isHurried: boolean } | undefined {
  for (const line of [hurried, others]) {
    for (const item of line) {
      line.delete(item);
      return { item, isHurried: line === hurried };
    }
  }
  return undefined;
}
