// Explains how a query would be answered: the walk of RFC 1034 §4.3.2 step by step over the tables in
// service, the pool behind the RRset with everybody's standing, and what respond() itself makes of the query.
// `GET /explain`.
import { depthOf } from '../answer/alias.ts';
import { FOUND, find, findRrset, found } from '../answer/find.ts';
import { none, RRSET, RRSET_ROW, SETS } from '../answer/layout.ts';
import { ZoneReader } from '../answer/read.ts';
import { anyRrset, respond } from '../answer/respond.ts';
import { Tables, type ZoneView } from '../answer/tables.ts';
import type { RecordsChoice } from '../balance/follow.ts';
import type { HandOf } from '../balance/hand.ts';
import { healthFrom } from '../balance/pool.ts';
import type { Monitors } from '../health/monitor.ts';
import { cnameChainMax, messageSizeMax, nameSizeMax } from '../limits.ts';
import { Labels, readLabels } from '../wire/labels.ts';
import { isAuthoritative, Response, rcodeOf } from '../wire/message.ts';
import { parseNameText, printName } from '../wire/names.ts';
import { rcodeText, TYPE } from '../wire/numbers.ts';
import { Query, TRANSPORT } from '../wire/query.ts';
import { printRdata, typeFromString, typeText } from '../wire/rdata.ts';
import { type Reply, refusal } from './admin.ts';
import {
  type Asked,
  clientSets,
  type ExplainedPool,
  explainPool,
  parseAsked,
  type Surroundings,
} from './explainpool.ts';
import type { LoadedZone } from './load.ts';
import type { Publisher, Slot } from './publish.ts';
import { type Supposed, suppose, suppositionFault } from './suppose.ts';
import { openTable } from './tablefiles.ts';

/** One step of the walk. */
export type Step = { readonly step: 'zone' | 'name' | 'rrset' | 'cname' | 'dname'; readonly text: string };

export type Explanation = {
  readonly name: string;
  readonly type: string;
  readonly steps: readonly Step[];
  /** The pools that the answer is drawn from, in the order of the walk: a balanced CNAME, then its target. */
  readonly pools: readonly ExplainedPool[];
  /** Header of what respond() answers, without EDNS over TCP. */
  readonly response: {
    readonly rcode: string;
    readonly authoritative: boolean;
    readonly answer: number;
    readonly authority: number;
    readonly additional: number;
    readonly size: number;
  };
};

/** Answers `GET /explain?name=…&type=…&from=…&if=…`. */
export async function explain(
  publisher: Publisher,
  monitors: Pick<Monitors, 'state'>,
  handOf: HandOf,
  parameters: URLSearchParams,
): Promise<Reply> {
  const nameText = parameters.get('name') ?? '';
  const typeName = parameters.get('type') ?? 'A';
  if (nameText === '') return refusal(400, 'no name is given', 'explain NAME [TYPE]');
  const parsed = parseNameText(nameText);
  if (parsed.name === undefined) return refusal(400, `"${nameText}" ${parsed.what}`, parsed.hint);
  const type = typeName.toUpperCase() === 'ANY' ? TYPE.ANY : typeFromString(typeName);
  if (type === undefined)
    return refusal(400, `there is no type "${typeName}"`, 'such as A, AAAA, MX or TYPE65');
  const asked = parseAsked(parameters);
  if ('status' in asked) return asked;
  try {
    const { settings } = publisher;
    const around = { monitors, healthOf: healthFrom(monitors), handOf, now: Date.now(), settings };
    const walk = new Walk(publisher, type, asked, around);
    const body = await walk.explain(parsed.name);
    return walk.refused(parsed.name) ?? { status: 200, body };
  } catch (error) {
    // A reload that removes a table while we are about to read it: the next try finds the new one.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return refusal(503, 'a reload came between', 'try again');
    throw error;
  }
}

/** One explanation: opens the zones that the walk leads through, and no others. */
class Walk {
  readonly #publisher: Publisher;
  readonly #type: number;
  readonly #tables = new Tables();
  readonly #opened = new Map<string, { zone: LoadedZone; table: Uint8Array; reader: ZoneReader }>();
  readonly #steps: Step[] = [];
  /** Names that the walk has led to, lowercase. */
  readonly #walked = new Set<string>();
  readonly #asked: Asked;
  readonly #around: Surroundings;
  readonly #pools: { readonly slot: Slot; readonly supposed: Supposed | undefined }[] = [];

  constructor(publisher: Publisher, type: number, asked: Asked, around: Surroundings) {
    this.#asked = asked;
    this.#around = around;
    this.#publisher = publisher;
    this.#type = type;
  }

  async explain(name: Uint8Array): Promise<Explanation> {
    let next: Uint8Array | undefined = name;
    for (let hops = 0; next !== undefined && hops <= cnameChainMax; hops++)
      next = await this.#step(next, hops);
    if (next !== undefined)
      this.#say('cname', `more than ${cnameChainMax} CNAMEs in a row: the answer ends, the resolver goes on`);
    return {
      name: printName(name),
      type: this.#typeName,
      steps: this.#steps,
      pools: this.#pools.map(({ slot, supposed }) => explainPool(slot, this.#asked, supposed, this.#around)),
      response: this.#respond(name),
    };
  }

  /** Why what was asked for cannot be said, once the walk is over. */
  refused(name: Uint8Array): Reply | undefined {
    const { suppositions } = this.#asked;
    if (suppositions.length === 0) return undefined;
    if (this.#pools.length === 0)
      return refusal(400, `nothing of ${printName(name)} is balanced`, 'there is nothing to suppose');
    const pools = this.#pools.map(({ slot }) => slot.pool);
    return suppositionFault(
      suppositions,
      pools,
      this.#pools.flatMap(({ supposed }) => supposed ?? []),
    );
  }

  get #typeName(): string {
    return this.#type === TYPE.ANY ? 'ANY' : typeText(this.#type);
  }

  #say(step: Step['step'], text: string): void {
    this.#steps.push({ step, text });
  }

  /** Walks one name; gives the target where a CNAME or a DNAME is to be followed. */
  async #step(name: Uint8Array, hops: number): Promise<Uint8Array | undefined> {
    const labels = new Labels();
    readLabels(labels, name, 0, name.length);
    const lowercase = printName(labels.octets);
    if (this.#walked.has(lowercase)) {
      this.#say('cname', `${printName(name)} was followed before: the answer ends here`);
      return undefined;
    }
    this.#walked.add(lowercase);
    const view = await this.#openZone(labels);
    if (view === undefined) {
      const outside =
        hops === 0 ? 'in no zone served here: REFUSED' : 'in no zone served here: the resolver goes on';
      this.#say('zone', `${printName(name)} is ${outside}`);
      return undefined;
    }
    const { zone, reader } = this.#opened.get(view.origin)!;
    this.#say('zone', `${zone.origin}, serial ${zone.serial}, ${zone.records} records`);
    const outcome = find(view, labels, this.#type);
    const { node } = found;
    const at = reader.name(node);
    if (outcome === FOUND.referral) {
      const servers = this.#texts(reader, node, TYPE.NS);
      this.#say('name', `${at} is delegated to ${servers.join(', ')}: referral`);
      return undefined;
    }
    if (outcome === FOUND.dname) return this.#dname(reader, node, labels, depthOf(view, node));
    if (outcome === FOUND.nxdomain) {
      this.#say('name', `${printName(name)} does not exist (the closest name is ${at}): NXDOMAIN`);
      return undefined;
    }
    const types = reader.rrsets(node).map((rrset) => typeText(rrset.type));
    const has = types.length === 0 ? 'an empty non-terminal' : `has ${types.join(', ')}`;
    const which = outcome === FOUND.wildcard ? `does not exist; the wildcard ${at}` : '';
    this.#say(
      'name',
      `${printName(name)} ${which === '' ? (types.length === 0 ? `is ${has}` : has) : `${which} ${has}`}`,
    );
    return this.#rrset(view, reader, node);
  }

  /** Says what the DNAME of an ancestor of `depth` labels makes of the name (RFC 6672 §3.1). */
  #dname(reader: ZoneReader, node: number, labels: Labels, depth: number): Uint8Array | undefined {
    const prefix = labels.octets.subarray(0, labels.starts[labels.count - depth]!);
    const dname = reader.rrsets(node).find(({ type }) => type === TYPE.DNAME)!;
    const target = Buffer.concat([prefix, dname.rdata[0]!]);
    const at = `${reader.name(node)} leads to ${printName(dname.rdata[0]!)}`;
    if (target.length > nameSizeMax) {
      this.#say('dname', `${at}: the name that this makes is too long: YXDOMAIN`);
      return undefined;
    }
    this.#say('dname', `${at}: goes on at ${printName(target)}, TTL ${dname.ttl}`);
    return this.#type === TYPE.CNAME || this.#type === TYPE.ANY ? undefined : target;
  }

  /** Says what the node has of the type asked for. */
  #rrset(view: ZoneView, reader: ZoneReader, node: number): Uint8Array | undefined {
    const rrsets = reader.rrsets(node);
    const any = this.#type === TYPE.ANY ? anyRrset(view, node) : none;
    const type = any === none ? this.#type : view.words[any]! & 0xffff;
    const rrset = rrsets.find((candidate) => candidate.type === type);
    if (rrset === undefined) {
      const cname = rrsets.find((candidate) => candidate.type === TYPE.CNAME);
      const isOfAlias = type === TYPE.RRSIG || type === TYPE.NSEC; // RFC 4035 §2.5
      if (cname === undefined || isOfAlias) {
        this.#say('rrset', `no ${this.#typeName} record: NODATA`);
        return undefined;
      }
      const drawn = this.#mostDrawn(view, reader, node);
      if (drawn !== undefined) return drawn.target;
      const target = cname.rdata[0]!;
      this.#say('cname', `goes on at ${printName(target)}, TTL ${cname.ttl}`);
      return target;
    }
    const noun = rrset.rdata.length === 1 ? 'record' : 'records';
    const count = `${rrset.rdata.length} ${typeText(type)} ${noun}`;
    const row = findRrset(view, node, type);
    if (row !== none && (view.words[row + RRSET_ROW.more]! & RRSET.balanced) !== 0) {
      const followed = this.#recordsOf(view.origin, reader.name(node), type);
      if (followed !== undefined) {
        const { ttl, leftOut, records } = followed;
        const texts = records.map(({ rdata }) => printRdata(type, rdata)).join(' | ');
        const left = leftOut === 0 ? 'all given' : `${leftOut} left out, whose target is down or drained`;
        this.#say('rrset', `${count} that follow their targets, ${left}, TTL ${ttl}: ${texts}`);
        return undefined;
      }
      this.#say('rrset', `${count}, balanced`);
      this.#meet(this.#slotOf(view.origin, reader.name(node), type));
    } else {
      this.#say('rrset', `${count}, TTL ${rrset.ttl}: ${this.#texts(reader, node, type).join(' | ')}`);
    }
    return undefined;
  }

  /**
   * Of a balanced CNAME the target that most responses have, to the client where one is named, whose way is
   * explained for all; no target where there is nothing to give. What is supposed is gone by.
   */
  #mostDrawn(
    { origin }: ZoneView,
    reader: ZoneReader,
    node: number,
  ): { readonly target: Uint8Array | undefined } | undefined {
    const owner = reader.name(node);
    const slot = this.#slotOf(origin, owner, TYPE.CNAME);
    if (slot === undefined) return undefined;
    const supposed = this.#meet(slot);
    const choice = supposed?.choice ?? slot.choice;
    const { addresses, mode, ttl } = choice;
    const { from } = this.#asked;
    const { sets } = clientSets(choice, from, this.#around.settings);
    const [most] = [...sets].sort((a, b) => b.share - a.share);
    if (most === undefined) {
      this.#say('cname', `CNAME, balanced: nothing to give: ${mode === 'nodata' ? 'NODATA' : 'SERVFAIL'}`);
      return { target: undefined };
    }
    const { text, rdata } = addresses[most.members[0]!]!;
    const isOfMany = sets.length > 1 || (from === undefined && choice.sets.length > 1);
    const others = isOfMany ? `, as most responses ${from === undefined ? '' : `to ${from.text} `}do` : '';
    const goes = supposed === undefined ? 'goes' : 'would go';
    this.#say('cname', `CNAME, balanced: ${goes} on at ${text}${others}, TTL ${most.ttl ?? ttl}`);
    return { target: rdata };
  }

  /** What is given of an RRset that follows the members it leads to. */
  #recordsOf(origin: string, owner: string, type: number): RecordsChoice | undefined {
    const zone = this.#publisher.zones().find((candidate) => candidate.origin === origin);
    const index = zone?.followers.findIndex((one) => one.owner === owner && one.type === type) ?? -1;
    return index < 0 ? undefined : this.#publisher.served(origin)?.records[index];
  }

  #slotOf(origin: string, owner: string, type: number): Slot | undefined {
    const slots = this.#publisher.served(origin)?.slots ?? [];
    return slots.find((slot) => slot.owner === owner && slot.choice.family === type);
  }

  /** Notes a pool on the way, and what would be given of it. */
  #meet(slot: Slot | undefined): Supposed | undefined {
    if (slot === undefined) return undefined;
    const supposed = suppose(slot, this.#asked.suppositions, this.#around);
    this.#pools.push({ slot, supposed });
    return supposed;
  }

  #texts(reader: ZoneReader, node: number, type: number): string[] {
    const rrset = reader.rrsets(node).find((candidate) => candidate.type === type);
    return (rrset?.rdata ?? []).map((rdata) => printRdata(type, rdata));
  }

  /** Opens the zone that the name lies in, with the answer sets in service. */
  async #openZone(labels: Labels): Promise<ZoneView | undefined> {
    const zone = this.#zoneOf(labels);
    if (zone === undefined) return undefined;
    if (!this.#opened.has(zone.origin)) {
      const table = openTable(zone);
      this.#opened.set(zone.origin, { zone, table, reader: new ZoneReader(table) });
      const opened = [...this.#opened.values()];
      this.#tables.adopt({
        zones: opened.map((one) => ({ origin: one.zone.origin, table: one.table })),
        sets: opened.flatMap((one) => {
          const sets = this.#publisher.served(one.zone.origin);
          if (sets === undefined) return [];
          // The table came in a message and may stand anywhere in a larger buffer: words need it aligned.
          const table = sets.table.slice();
          const count = new Uint32Array(table.buffer, 0, SETS.words)[SETS.setCount]!;
          return [{ origin: sets.origin, table, counts: new Float64Array(count) }];
        }),
      });
    }
    return this.#tables.zones.find(({ origin }) => origin === zone.origin);
  }

  /**
   * The zone with the longest apex that the name lies in; for DS at an apex the one above (RFC 4035
   * §3.1.4.1).
   */
  #zoneOf(labels: Labels): LoadedZone | undefined {
    const zones = new Map(this.#publisher.zones().map((zone) => [zone.origin, zone]));
    const candidates: LoadedZone[] = [];
    for (let label = 0; label <= labels.count; label++) {
      const zone = zones.get(printName(labels.octets, labels.starts[label]!));
      if (zone !== undefined) candidates.push(zone);
    }
    const isApex = candidates[0]?.origin === printName(labels.octets);
    return this.#type === TYPE.DS && isApex ? (candidates[1] ?? candidates[0]) : candidates[0];
  }

  /** Asks the function that answers. */
  #respond(name: Uint8Array): Explanation['response'] {
    const query = new Query();
    query.octets = new Uint8Array(12 + name.length + 4);
    query.octets[5] = 1;
    query.octets.set(name, 12);
    query.octets.set([this.#type >> 8, this.#type & 255, 0, 1], 12 + name.length);
    query.length = query.octets.length;
    query.transport = TRANSPORT.tcp;
    const response = new Response();
    response.writeInto(new Uint8Array(messageSizeMax));
    response.sizeMax = messageSizeMax;
    const size = respond(this.#tables, query, response);
    const { octets } = response;
    const count = (at: number) => (octets[at]! << 8) | octets[at + 1]!;
    const rcode = rcodeText[rcodeOf(response)] ?? String(rcodeOf(response));
    const authoritative = isAuthoritative(response);
    return { rcode, authoritative, answer: count(6), authority: count(8), additional: count(10), size };
  }
}
