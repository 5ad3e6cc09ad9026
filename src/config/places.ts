// `places:` and `mmdb:` of steerdns.yaml: where clients are, and which other places serve a place that has
// nothing up. Networks stand in the YAML or in a file beside it, one on a line; countries and continents mean
// those of the MMDB file. control/places.ts makes a table of what is read here.
import * as v from 'valibot';
import type { PlaceOrder } from '../balance/policies/policy.ts';
import { errorAt, type Fault, type Place, warningAt } from '../faults.ts';
import { networksFileSizeMax, placesMax } from '../limits.ts';
import { suggest } from '../near.ts';
import { printAddress } from '../wire/literals.ts';
import { type Network, parseNetwork, unmapped } from '../wire/networks.ts';
import { type Beside, besidePath } from './contents.ts';
import {
  entriesOf,
  type JsonSchema,
  map,
  namedSchema,
  type Reading,
  schemaOf,
  shaped,
  text,
  texts,
  valueAt,
} from './shape.ts';
import { filePath, network, word } from './values.ts';
import type { YamlEntry, YamlNode } from './yaml.ts';

/** Where something of a place was said; places are numbered from 1 in the order of `names`. */
type Said<T> = { readonly what: T; readonly place: number; readonly at: Place };

export type PlacesConfig = {
  readonly names: readonly string[];
  /** How each place is served, with everywhere else last, as policies take it. */
  readonly orders: readonly PlaceOrder[];
  readonly networks: readonly Said<Network>[];
  /** Codes of ISO 3166, and of continents, each once. */
  readonly countries: readonly Said<string>[];
  readonly continents: readonly Said<string>[];
  readonly mmdb: { readonly path: string; readonly octets: Uint8Array; readonly at: Place } | undefined;
  /** False where something is left out because it has faults. */
  readonly isComplete: boolean;
};

/** What everywhere else is called, which is no place that somebody could be put into. */
const elsewhere = 'elsewhere';

/** What holds where steerdns.yaml says nothing. */
export const placesDefaults: PlacesConfig = {
  names: [],
  orders: [{ place: '', order: [] }],
  networks: [],
  countries: [],
  continents: [],
  mmdb: undefined,
  isComplete: true,
};

const continentCodes = ['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA'] as const;

const placeShape = map({
  networks: v.optional(texts(network)),
  'networks-file': v.optional(text(filePath)),
  countries: v.optional(texts(country)),
  continents: v.optional(texts(continent)),
  fallback: v.optional(texts(word)),
});
const elsewhereShape = map({ fallback: v.optional(texts(word)) });

/** What an editor should know of the value of `places`. */
export const placesLook = (): JsonSchema => namedSchema(schemaOf(placeShape));

/** Reads the values of `places` and `mmdb`; what has faults is left out. */
export function readPlaces(
  node: YamlNode | undefined,
  mmdbNode: YamlNode | undefined,
  beside: Beside,
  faults: Fault[],
): PlacesConfig {
  const before = faults.length;
  const reading = new ReadingPlaces(beside, faults);
  const entries = node === undefined ? [] : (entriesOf(node, faults) ?? []);
  const names = entries.map(({ key }) => key).filter((key) => key !== elsewhere);
  for (const { key, place, value } of entries) reading.place(key, place, value, names);
  if (names.length > placesMax) {
    const what = `${names.length} places, more than the ${placesMax} there may be`;
    faults.push(errorAt(node!.place, what, 'a place is a part of the world, not a network'));
  }
  if (faults.length === before) reading.warnOfEmpty(entries, names);
  const { countries, continents } = reading;
  const [first] = [...countries, ...continents];
  if (mmdbNode === undefined && first !== undefined) {
    const what = 'countries and continents are those of an MMDB file, and none is named';
    faults.push(errorAt(first.at, what, 'write "mmdb: GeoLite2-Country.mmdb" beside "places:"'));
  }
  const mmdb = mmdbNode === undefined ? undefined : readMmdbFile(mmdbNode, beside);
  const orders = [...reading.orders, { place: '', order: reading.elsewhere }];
  const isComplete = faults.slice(before).every(({ severity }) => severity === 'warning');
  return { names, orders, networks: reading.networks, countries, continents, mmdb, isComplete };
}

function readMmdbFile(node: YamlNode, beside: Beside): PlacesConfig['mmdb'] {
  if (node.kind !== 'text' || node.text === '') return undefined; // which its shape reports
  const path = besidePath(node.text, beside.dir);
  const octets = beside.read(path, node.place);
  return octets === undefined ? undefined : { path, octets, at: node.place };
}

/** Collects what the places say. */
class ReadingPlaces {
  readonly orders: PlaceOrder[] = [];
  elsewhere: readonly string[] = [];
  readonly networks: Said<Network>[] = [];
  readonly countries: Said<string>[] = [];
  readonly continents: Said<string>[] = [];
  readonly #beside: Beside;
  readonly #faults: Fault[];
  /** Place by network, country or continent, as text. */
  readonly #owners = new Map<string, string>();

  constructor(beside: Beside, faults: Fault[]) {
    this.#beside = beside;
    this.#faults = faults;
  }

  place(name: string, at: Place, node: YamlNode, names: readonly string[]): void {
    if (name === elsewhere) {
      const values = shaped(node, elsewhereShape, this.#faults);
      this.elsewhere = this.#fallback(name, node, values?.fallback ?? [], names);
      return;
    }
    const named = word(name);
    if ('wrong' in named) this.#faults.push(errorAt(at, `this place ${named.wrong}`, named.hint));
    const values = shaped(node, placeShape, this.#faults);
    if (values === undefined) return;
    const place = names.indexOf(name) + 1;
    const atOf = (key: string, i: number) => itemAt(node, key, i);
    for (const [i, what] of (values.networks ?? []).entries()) {
      this.#network({ what, place, at: atOf('networks', i) }, name);
    }
    const file = values['networks-file'];
    if (file !== undefined) this.#file(file, itemAt(node, 'networks-file', 0), place, name);
    for (const key of ['countries', 'continents'] as const) {
      for (const [i, what] of (values[key] ?? []).entries()) {
        const said = { what, place, at: atOf(key, i) };
        const noun = key === 'countries' ? 'country' : 'continent';
        if (this.#isFirst(`${noun} ${what}`, what, name, said.at)) this[key].push(said);
      }
    }
    const fallback = this.#fallback(name, node, values.fallback ?? [], names);
    this.orders.push({ place: name, order: [name, ...fallback] });
  }

  /** A place that nobody is in and that serves no other is a slip. */
  warnOfEmpty(entries: readonly YamlEntry[], names: readonly string[]): void {
    const said = [...this.networks, ...this.countries, ...this.continents];
    const filled = new Set(said.map(({ place }) => names[place - 1]));
    const others = [...this.orders, { place: elsewhere, order: this.elsewhere }];
    for (const { key, place } of entries) {
      const servesOthers = others.some((other) => other.place !== key && other.order.includes(key));
      if (key === elsewhere || filled.has(key) || servesOthers) continue;
      const hint = 'give it networks, countries or continents, or name it in the "fallback" of others';
      this.#faults.push(warningAt(place, `no client is in the place ${key}`, hint));
    }
  }

  #fallback(
    name: string,
    node: YamlNode,
    fallback: readonly string[],
    names: readonly string[],
  ): readonly string[] {
    for (const [i, other] of fallback.entries()) {
      const at = itemAt(node, 'fallback', i);
      if (other === name) this.#faults.push(errorAt(at, `${name} comes first in its own order anyway`));
      else if (!names.includes(other)) {
        const hint = suggest(other, names) || 'define it under "places:"';
        this.#faults.push(errorAt(at, `there is no place "${other}"`, hint));
      } else if (fallback.indexOf(other) !== i) {
        this.#faults.push(errorAt(at, `${other} is in this order already`, 'keep one of them'));
      }
    }
    return fallback;
  }

  #network(said: Said<Network>, name: string): void {
    const { address, bits } = said.what;
    const written = `${printAddress(address)}/${bits}`;
    if (address.length === 16 && bits > 64) {
      const undressed = unmapped(said.what);
      const hint =
        undressed === said.what
          ? 'of an IPv6 address the first 64 bits say where it is'
          : `write ${printAddress(undressed.address)}/${undressed.bits}`;
      this.#faults.push(errorAt(said.at, `${written} is longer than a /64`, hint));
    } else if (this.#isFirst(written, written, name, said.at)) this.networks.push(said);
  }

  /** Reads networks, one on a line; `;` and `#` begin a comment. */
  #file(written: string, at: Place, place: number, name: string): void {
    const file = besidePath(written, this.#beside.dir);
    const octets = this.#beside.read(file, at);
    if (octets === undefined) return;
    if (octets.length > networksFileSizeMax) {
      const what = `${file} has ${octets.length} octets, more than the ${networksFileSizeMax} we read`;
      this.#faults.push(errorAt(at, what, 'is it a list of networks?'));
      return;
    }
    for (const [i, line] of Buffer.from(octets).toString('latin1').split('\n').entries()) {
      const content = line.split(/[;#]/, 1)[0]!;
      const text = content.trim();
      if (text === '') continue;
      const here = { file, line: i + 1, column: content.indexOf(text) + 1 };
      const parsed = parseNetwork(text);
      if ('address' in parsed) this.#network({ what: parsed, place, at: here }, name);
      else this.#faults.push(errorAt(here, `"${text}" ${parsed.wrong}`, parsed.hint));
    }
  }

  /** Whether nobody has claimed this before. */
  #isFirst(key: string, text: string, name: string, at: Place): boolean {
    const owner = this.#owners.get(key);
    if (owner === undefined) this.#owners.set(key, name);
    else this.#faults.push(errorAt(at, `${text} is in ${owner} already`, 'keep one of them'));
    return owner === undefined;
  }
}

/** Where an item of a list stands, or the text that stands for a list of one. */
function itemAt(node: YamlNode, key: string, i: number): Place {
  const value = valueAt(node, key);
  const item = value?.kind === 'list' ? value.items[i] : value;
  return (item ?? node).place;
}

function country(text: string): Reading<string> {
  if (/^[A-Za-z]{2}$/.test(text)) return { value: text.toUpperCase() };
  return { wrong: `has "${text}", which is no country`, hint: 'two letters as in ISO 3166: DE, FR, US' };
}

function continent(text: string): Reading<string> {
  const code = continentCodes.find((code) => code === text.toUpperCase());
  if (code !== undefined) return { value: code };
  return { wrong: `has "${text}", which is no continent`, hint: `one of ${continentCodes.join(', ')}` };
}
