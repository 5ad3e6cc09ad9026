// A slow, obvious server: RFC 1034 §4.3.2 on a list of records, straight from the text, to hold the real one
// against. It works on names and records as text, looks through whole lists, and allocates as it likes. It
// says what must be answered as an Expectation, the same thing that a case says. Called by engines.test.ts
// and properties.test.ts.

import { type Asked, answeredOptions, readQuestion } from './asked.ts';
import { type CaseZone, caseSettings, type Expectation, type Section, type Transport } from './cases.ts';
import { choose, following, type ModelPool, otherTargets, readPools } from './pools.ts';
import {
  dataFromText,
  dataSize,
  isWithin,
  labelsOf,
  lower,
  nameText,
  parent,
  type Row,
  rcodes,
  sameName,
  types,
} from './rows.ts';

export type ModelZone = {
  readonly origin: string;
  readonly rows: readonly Row[];
  /** By owner, lowercase. */
  readonly pools: ReadonlyMap<string, ModelPool>;
  /** Addresses that are down. */
  readonly down: ReadonlySet<string>;
};

export type World = { readonly zones: readonly ModelZone[] };

/** The zones of the cases as the model has them. */
export const worldOf = (zones: readonly CaseZone[]): World => ({
  zones: zones.map(({ origin, rows, balance, down }) => ({
    origin,
    rows,
    pools: readPools(balance, origin),
    down: new Set(down),
  })),
});

/** A CNAME chain is followed for so many links. */
const chainMax = 16;

type Answered = {
  readonly rcode?: keyof typeof rcodes;
  readonly aa?: boolean;
  readonly answer?: Section;
  readonly authority?: Section;
  readonly additional?: Section;
  readonly bare?: boolean;
  readonly silence?: boolean;
  /** The counter that says how the query ended. */
  readonly ended: string;
  readonly tc?: boolean;
};

/** Says what must be answered to these octets. */
export function expected(world: World, octets: Uint8Array, transport: Transport, port = 1): Expectation {
  if (octets.length < 12 || octets[2]! >= 128 || port === 0)
    return expectation({ silence: true, ended: 'silent' });
  if (((octets[2]! >> 3) & 15) !== 0) return expectation({ rcode: 'NOTIMP', bare: true, ended: 'notimp' });
  const asked = readQuestion(octets, transport);
  if (!asked) return expectation({ rcode: 'FORMERR', bare: true, ended: 'formerr' });
  const { edns } = asked;
  const options = edns?.version === 0 ? answeredOptions(edns.options, transport) : [];
  const refuse = (rcode: keyof typeof rcodes, info: string): Expectation => {
    const why = edns ? [{ code: 15, hex: `${info}*` }] : [];
    return expectation({ rcode, ended: rcode.toLowerCase() }, [...options, ...why]);
  };
  if (edns && edns.version > 0) return refuse('BADVERS', '0015');
  if (asked.isCookieOnly) {
    // No case has a cookie that we made: whatever is more than a client's eight octets is not good.
    const isBad = (edns?.options.find(({ code }) => code === 10)?.hex.length ?? 0) > 16;
    return expectation(isBad ? { rcode: 'BADCOOKIE', ended: 'badcookie' } : { ended: 'noerror' }, options);
  }
  if (asked.class === 3) {
    const rows = chaosRows(asked);
    if (rows)
      return expectation(truncate({ aa: true, answer: [rows], ended: 'chaos' }, asked, transport), options);
  }
  if (asked.class !== 1) return refuse('REFUSED', '0015');
  if (asked.type === types.AXFR || asked.type === types.IXFR) return refuse('NOTIMP', '0015');
  const answered = truncate(resolve(world, asked.name, asked.type), asked, transport);
  if (answered.rcode === 'REFUSED') return refuse('REFUSED', '0014');
  if (answered.rcode === 'SERVFAIL') return refuse('SERVFAIL', '0000');
  return expectation(answered, options);
}

/** RFC 4892: what a server says of itself in class CHAOS. */
function chaosRows({ name, type }: Asked): Row[] | undefined {
  const texts: Record<string, string> = {
    'version.bind.': caseSettings.version,
    'version.server.': caseSettings.version,
    'hostname.bind.': caseSettings.identity,
    'id.server.': caseSettings.identity,
  };
  const text = texts[lower(name)];
  if (text === undefined || (type !== types.TXT && type !== types.ANY)) return undefined;
  return [{ owner: name, ttl: 0, class: 3, type: types.TXT!, data: `"${text}"` }];
}

function expectation(answered: Answered, options: Expectation['options'] = []): Expectation {
  const flags = [answered.aa ? 'aa' : '', answered.tc ? 'tc' : ''].filter((flag) => flag !== '');
  return {
    silence: answered.silence ?? false,
    rcode: rcodes[answered.rcode ?? 'NOERROR']!,
    bare: answered.bare ?? false,
    flags,
    answer: answered.answer ?? [[]],
    authority: answered.authority ?? [[]],
    additional: answered.additional ?? [[]],
    options,
    counters: new Map([[answered.ended, 1]]),
  };
}

/** What has been followed on the way to a name. */
type Way = {
  readonly links: number;
  readonly chain: readonly Row[];
  readonly aa: boolean;
  readonly followed: ReadonlySet<string>;
};

const start: Way = { links: 0, chain: [], aa: false, followed: new Set() };

/** RFC 1034 §4.3.2, with CNAMEs followed through all zones served here. */
export function resolve(world: World, qname: string, qtype: number, way = start): Answered {
  const chain = [...way.chain];
  let name = qname;
  let aa = way.aa;
  const followed = new Set(way.followed);
  for (let links = way.links; ; links++) {
    const zone = zoneOf(world, name, qtype, links > 0); // step 2: the zone nearest to the name
    if (!zone)
      return links === 0 ? { rcode: 'REFUSED', ended: 'refused' } : { aa, answer: [chain], ended: 'noerror' };
    const dname = dnameAbove(zone, name); // RFC 6672 §3.2 step 3C
    const cut = cutAbove(zone, name, qtype); // step 3b
    if (cut && !(dname && isWithin(cut, dname.owner) && !sameName(cut, dname.owner))) {
      return referral(zone, cut, chain, aa);
    }
    if (links === 0) aa = true;
    if (dname) {
      if (links === chainMax || followed.has(lower(name))) return { aa, answer: [chain], ended: 'noerror' };
      followed.add(lower(name));
      if (!chain.includes(dname)) chain.push(dname);
      const kept = labelsOf(name).slice(0, labelsOf(name).length - labelsOf(dname.owner).length);
      const target = [...kept, ...labelsOf(dname.data)];
      const size = target.reduce((sum, label) => sum + label.length + 1, 1);
      if (size > 255) return { rcode: 'YXDOMAIN', aa, answer: [chain], ended: 'yxdomain' };
      const made = nameText(target);
      chain.push({ ...dname, owner: name, type: types.CNAME!, data: made });
      if (qtype === types.CNAME || qtype === types.ANY) return { aa, answer: [chain], ended: 'noerror' };
      name = made;
      continue;
    }
    const source = sourceOf(zone, name); // step 3a, 3c
    if (!source) {
      return { rcode: 'NXDOMAIN', aa, answer: [chain], authority: [[negativeSoa(zone)]], ended: 'nxdomain' };
    }
    const found = rrset(zone, source, name, qtype);
    const isInChain = chain.some((row) => row.type === types.DNAME && sameName(row.owner, name));
    if (found && qtype === types.DNAME && isInChain) return { aa, answer: [chain], ended: 'noerror' };
    if (found) return positive(zone, found, chain, aa);
    const cname = zone.rows.find((row) => sameName(row.owner, source) && row.type === types.CNAME);
    const isOfAlias = qtype === types.RRSIG || qtype === types.NSEC; // RFC 4035 §2.5
    if (!cname || isOfAlias)
      return { aa, answer: [chain], authority: [[negativeSoa(zone)]], ended: 'nodata' };
    if (links === chainMax || followed.has(lower(name))) return { aa, answer: [chain], ended: 'noerror' };
    followed.add(lower(name));
    const drawn = rrset(zone, source, name, types.CNAME!)!;
    if (drawn.mode === 'servfail') return { rcode: 'SERVFAIL', ended: 'servfail' };
    if (drawn.mode === 'nodata') {
      return { aa, answer: [chain], authority: [[negativeSoa(zone, drawn.ttlMax)]], ended: 'nodata' };
    }
    const targets = drawn.alternatives.map(([row]) => row!);
    if (targets.length > 1) {
      return eitherOf(
        targets.map((row) => {
          const one = { links: links + 1, chain: [...chain, row], aa, followed };
          return resolve(world, row.data, qtype, one);
        }),
      );
    }
    chain.push(targets[0]!);
    name = targets[0]!.data;
  }
}

/** Several ways that an answer may go; but for the records they must end alike, or this model cannot say. */
function eitherOf(ways: readonly Answered[]): Answered {
  const [first] = ways;
  for (const { answer: _, additional: __, ...rest } of ways) {
    const { answer: ___, additional: ____, ...wanted } = first!;
    if (JSON.stringify(rest) !== JSON.stringify(wanted)) throw new NearLimit('an alias ends in several ways');
  }
  return { ...first!, answer: ways.flatMap(({ answer = [[]] }) => answer) };
}

/**
 * The zone whose apex is the longest ancestor; a DS at an apex is the parent zone's where we have it, behind
 * an alias only where that knows the name.
 */
function zoneOf(world: World, name: string, type: number, isTarget: boolean): ModelZone | undefined {
  const above = world.zones
    .filter((zone) => isWithin(name, zone.origin))
    .sort((a, b) => labelsOf(b.origin).length - labelsOf(a.origin).length);
  const [nearest, next] = above;
  if (type !== types.DS || !next || !sameName(name, nearest!.origin)) return nearest;
  const isKnown = cutAbove(next, name, type) || dnameAbove(next, name) || sourceOf(next, name);
  return isTarget && !isKnown ? nearest : next;
}

/** The names from below the apex down to `name`. */
function pathTo(zone: ModelZone, name: string): string[] {
  return sameName(name, zone.origin) ? [] : [...pathTo(zone, parent(name)), name];
}

/** The DNAME of the nearest ancestor to the apex that has one. */
function dnameAbove(zone: ModelZone, name: string): Row | undefined {
  const ancestors = sameName(name, zone.origin) ? [] : [zone.origin, ...pathTo(zone, parent(name))];
  for (const at of ancestors) {
    const row = zone.rows.find((one) => sameName(one.owner, at) && one.type === types.DNAME);
    if (row) return row;
  }
  return undefined;
}

const exists = (zone: ModelZone, name: string): boolean => zone.rows.some((row) => isWithin(row.owner, name));

function cutAbove(zone: ModelZone, name: string, type: number): string | undefined {
  const isCut = (at: string): boolean =>
    zone.rows.some((row) => sameName(row.owner, at) && row.type === types.NS);
  const cut = pathTo(zone, name).find(isCut);
  return cut && type === types.DS && sameName(cut, name) ? undefined : cut; // RFC 4035 §3.1.4.1
}

/**
 * The name itself where it exists, else the wildcard of its closest encloser (RFC 4592 §3.3.1), else
 * undefined.
 */
function sourceOf(zone: ModelZone, name: string): string | undefined {
  if (sameName(name, zone.origin) || exists(zone, name)) return name;
  let encloser = parent(name);
  while (!sameName(encloser, zone.origin) && !exists(zone, encloser)) encloser = parent(encloser);
  const wildcard = encloser === '.' ? '*.' : `*.${encloser}`;
  return exists(zone, wildcard) ? wildcard : undefined;
}

/** An RRset as it may be answered: alternatives of rows, or why there is none. */
type Drawn = {
  readonly alternatives: Section;
  readonly mode: 'sets' | 'nodata' | 'servfail';
  readonly ttlMax: number;
};

/** The RRset of this type; for ANY the first with an answer of A, SOA, NS, then by type (RFC 8482 §4.1). */
function rrset(zone: ModelZone, source: string, owner: string, type: number): Drawn | undefined {
  const here = zone.rows.filter((row) => sameName(row.owner, source));
  const rank = (one: number): number => [types.A, types.SOA, types.NS].indexOf(one) + 1 || one + 3;
  const ranked = here.map((row) => row.type).sort((a, b) => rank(a) - rank(b));
  const given = ranked.find((one) => draw(zone, source, owner, one, here).mode === 'sets');
  const wanted = type === types.ANY ? (given ?? ranked[0]) : type;
  return here.some((row) => row.type === wanted) ? draw(zone, source, owner, wanted!, here) : undefined;
}

function draw(zone: ModelZone, source: string, owner: string, type: number, here: readonly Row[]): Drawn {
  const pool = zone.pools.get(lower(source));
  const all = here.filter((row) => row.type === type);
  if (pool && type === types.CNAME) all.push(...otherTargets(pool, all[0]!));
  const rows = all
    .filter((row, i) => all.findIndex((other) => other.data === row.data) === i)
    .map((row) => ({ ...row, owner, ttl: Math.min(...all.map(({ ttl }) => ttl)) }));
  if (type === types.SRV) return { alternatives: [following(zone, rows)], mode: 'sets', ttlMax: Infinity };
  if (!pool || (type !== types.A && type !== types.AAAA && type !== types.CNAME)) {
    return { alternatives: [rows], mode: 'sets', ttlMax: Infinity };
  }
  const choice = choose(pool, rows, here, zone.down);
  const alternatives = choice.sets.map((set) =>
    rows.filter((row) => set.includes(row.data)).map((row) => ({ ...row, ttl: choice.ttl })),
  );
  return { alternatives, mode: choice.mode, ttlMax: choice.negativeTtlMax };
}

function positive(zone: ModelZone, found: Drawn, chain: readonly Row[], aa: boolean): Answered {
  if (found.mode === 'servfail') return { rcode: 'SERVFAIL', ended: 'servfail' };
  if (found.mode === 'nodata') {
    return { aa, answer: [chain], authority: [[negativeSoa(zone, found.ttlMax)]], ended: 'nodata' };
  }
  const answer = found.alternatives.map((rows) => [...chain, ...rows]);
  return { aa, answer, additional: targets(zone, found.alternatives[0]!), ended: 'noerror' };
}

function referral(zone: ModelZone, cut: string, chain: readonly Row[], aa: boolean): Answered {
  const ns = rrset(zone, cut, cut, types.NS!)!.alternatives[0]!;
  return { aa, answer: [chain], authority: [ns], additional: targets(zone, ns), ended: 'referral' };
}

function negativeSoa(zone: ModelZone, ttlMax = Infinity): Row {
  const soa = zone.rows.find((row) => row.type === types.SOA && sameName(row.owner, zone.origin))!;
  return { ...soa, ttl: Math.min(soa.ttl, Number(soa.data.split(' ').at(-1)), ttlMax) }; // RFC 2308 §3, §5
}

/** Addresses that the zone has for the names in these rows, or makes from a wildcard. */
function targets(zone: ModelZone, rows: readonly Row[]): Section {
  const naming: (number | undefined)[] = [types.NS, types.MX, types.SRV];
  const named = rows.filter((row) => naming.includes(row.type)).map((row) => row.data.split(' ').at(-1)!);
  const names = named.filter((name, i) => named.findIndex((other) => sameName(name, other)) === i);
  let section: Section = [[]];
  for (const name of names.filter((one) => isWithin(one, zone.origin))) {
    const isOurs = !cutAbove(zone, name, types.A!) && !dnameAbove(zone, name);
    const source = isOurs ? (sourceOf(zone, name) ?? name) : name;
    const here = zone.rows.filter((row) => sameName(row.owner, source));
    for (const type of [types.A!, types.AAAA!]) {
      if (!here.some((row) => row.type === type)) continue;
      const { alternatives } = draw(zone, source, name, type, here);
      if (alternatives.length === 0) continue;
      section = section.flatMap((before) => alternatives.map((rows) => [...before, ...rows]));
    }
  }
  return section;
}

/** Octets that a UDP response to this query may have. */
export const udpLimit = (edns: { readonly size: number } | undefined): number =>
  edns ? Math.min(1232, Math.max(512, edns.size)) : 512;

/**
 * Truncates what cannot fit. How large a response is depends on compression, which is free: where the
 * smallest possible form fits and a form with less compression does not, this model cannot say, and throws.
 */
function truncate(answered: Answered, asked: Asked, transport: Transport): Answered {
  if (transport === 'tcp') return answered;
  const options = answeredOptions(asked.edns?.options ?? [], transport);
  const optionsSize = options.reduce(
    (sum, { code, hex }) => sum + 4 + (code === 10 ? 24 : hex!.length / 2),
    0,
  );
  const limit = udpLimit(asked.edns) - (asked.edns ? 11 : 0) - optionsSize;
  const fits = (sections: readonly (Section | undefined)[]): boolean => {
    const rows = sections.flatMap((section) => section?.[0] ?? []);
    const [smallest, largest] = [sizeOf(asked.name, rows, true), sizeOf(asked.name, rows, false)];
    if (smallest <= limit && largest > limit) {
      throw new NearLimit(`between ${smallest} and ${largest} octets, and the limit is ${limit}`);
    }
    return largest <= limit;
  };
  const { answer, authority, additional, rcode, aa } = answered;
  if (!fits([answer, authority, answered.ended === 'referral' ? additional : undefined])) {
    return { ...(rcode ? { rcode } : {}), aa: aa ?? false, tc: true, ended: 'truncated' };
  }
  if (fits([answer, authority, additional])) return answered;
  // RFC 2181 §9: additional data are left out RRset by RRset; with more than one we cannot say which.
  const owners = new Set(additional?.[0]?.map((row) => `${lower(row.owner)} ${row.type}`));
  if (owners.size > 1) throw new NearLimit('some of the additional data fit');
  return { ...answered, additional: [[]] };
}

/**
 * Octets of a message. Owners are pointers: they stand in the question, in an alias or in RDATA. Names in
 * RDATA are, in the smallest form, shortened by all that stands before them, else by those of their RRset.
 */
function sizeOf(qname: string, rows: readonly Row[], smallest: boolean): number {
  let before = new Set<string>();
  let rrset = '';
  let size = 12 + sizeOfName(before, lower(qname)) + 4;
  for (const row of rows) {
    const its = `${lower(row.owner)} ${row.type}`;
    if (!smallest && its !== rrset) before = new Set();
    rrset = its;
    size += 12 + dataSize(row, (name) => sizeOfName(before, smallest ? lower(name) : name));
  }
  return size;
}

/** Octets of a name when those in `before` need not be written again; adds what is written to them. */
function sizeOfName(before: Set<string>, name: string): number {
  if (name === '.') return 1;
  if (before.has(name)) return 2;
  before.add(name);
  return labelsOf(name)[0]!.length + 1 + sizeOfName(before, parent(name));
}

/** Thrown where only a size or a draw that is not ours to say decides. */
export class NearLimit extends Error {}

/** For tests that build zones: a row from text. */
export const row = (owner: string, ttl: number, type: keyof typeof types, data: string): Row => ({
  owner,
  ttl,
  class: 1,
  type: types[type]!,
  data: dataFromText(
    types[type]!,
    data.split(' ').map((text) => ({ text, quoted: false })),
  ),
});
