// What is wrong with a zone as a whole, once its records are names: what named-checkzone and kzonecheck look
// for. Errors refuse the zone, warnings do not. Each fault stands at the record it is about. The loader calls
// checkZone after indexZone and before anything is compiled.
import type { Fault } from '../faults.ts';
import { faultsMax, messageSizeMax, nameSizeMax } from '../limits.ts';
import { printName } from '../wire/names.ts';
import { TYPE } from '../wire/numbers.ts';
import { targetOffset, typeText } from '../wire/rdata.ts';
import { isDuplicate, lowestTtl, sortRecords } from './rrsets.ts';
import { closestEncloser, NODE, sourceOf, Zone } from './zone.ts';

const delegated = NODE.cut | NODE.occluded;
/**
 * Types that may stand beside a CNAME: RRSIG and NSEC (RFC 4035 §2.5), and the SIG, KEY and NXT before them.
 */
const besideCname: readonly number[] = [TYPE.CNAME, TYPE.RRSIG, TYPE.NSEC, 24, 25, 30];
/** Types that mean something at a zone cut, besides addresses as glue. */
const atCut: readonly number[] = [TYPE.NS, TYPE.DS, TYPE.RRSIG, TYPE.NSEC];
/**
 * Octets of a header, a question and an OPT record of the longest kind, and of a record without its RDATA.
 */
const messageFixedSize = 12 + nameSizeMax + 4 + 11;
const rrFixedSize = 12;
const atMostOne: readonly number[] = [TYPE.CNAME, TYPE.DNAME, TYPE.SOA];

/**
 * Checks a zone; what is missing is said of `file`. At most `faultsMax` errors and as many warnings, in no
 * particular order, and a word about what is left out: many warnings hide no error. Where records could not
 * be read (`isWhole` is false) nothing is said to be missing: it may be among them.
 */
export function checkZone(zone: Zone, file: string = zone.records.files[0] ?? '', isWhole = true): Fault[] {
  const faults = new Faults(zone, file, isWhole);
  checkOutside(zone, faults);
  checkApex(zone, faults);
  const hasDname = zone.flags.some((flags) => (flags & NODE.dname) !== 0);
  const sorted: number[] = [];
  for (let node = 0; node < zone.nodeCount && !faults.full; node++) {
    const first = zone.first[node]!;
    if (first === Zone.none) continue;
    if (zone.next[first] !== Zone.none) checkRrsets(zone, node, sorted, faults);
    else checkSize(zone, first, zone.records.rdataLength[first]! + rrFixedSize, faults);
    if (hasDname) checkAbove(zone, node, first, faults);
    const occluded = (zone.flags[node]! & NODE.occluded) !== 0;
    for (let i = first; i !== Zone.none; i = zone.next[i]!) {
      checkPlace(zone, node, i, faults);
      const offset = occluded ? -1 : targetOffset(zone.records.type[i]!);
      if (offset >= 0) checkTarget(zone, i, offset, faults);
    }
  }
  return faults.list;
}

/** The faults found so far. */
class Faults {
  readonly list: Fault[] = [];
  readonly #zone: Zone;
  readonly #file: string;
  /** All records are there. */
  readonly isWhole: boolean;
  readonly #count = { error: 0, warning: 0 };

  constructor(zone: Zone, file: string, isWhole: boolean) {
    this.#zone = zone;
    this.#file = file;
    this.isWhole = isWhole;
  }

  /** No more errors are said: there is nothing left to look for. */
  get full(): boolean {
    return this.#count.error > faultsMax;
  }

  /** Whether one more is said, for who would count lines to say it. */
  wants(severity: Fault['severity']): boolean {
    return this.#count[severity] <= faultsMax;
  }

  /** Adds a fault that stands at a record; in place of the first that is too many, that there are more. */
  add(severity: Fault['severity'], record: number, what: string, hint: string): void {
    if (!this.wants(severity)) return;
    const { records } = this.#zone;
    const place = { file: records.files[records.file[record]!]!, ...records.place(record) };
    this.#count[severity] += 1;
    if (this.wants(severity)) this.list.push({ severity, ...place, what, hint });
    else {
      const more = `more than ${faultsMax} ${severity}s in this zone; this one and the rest are not said`;
      this.list.push({ severity, ...place, what: more, hint: 'mend the others first' });
    }
  }

  /** Adds an error that stands nowhere, because what it is about is missing. */
  missing(what: string, hint: string): void {
    if (!this.isWhole) return;
    this.list.push({ severity: 'error', file: this.#file, line: 1, column: 1, what, hint });
  }

  owner(record: number): string {
    const { records } = this.#zone;
    return printName(records.octets, records.ownerAt[record]!);
  }

  isWildcard(record: number): boolean {
    const { octets, ownerAt } = this.#zone.records;
    return octets[ownerAt[record]!] === 1 && octets[ownerAt[record]! + 1] === 0x2a;
  }

  /** Where a record stands, for a message about another. */
  place(record: number): string {
    const { records } = this.#zone;
    return `${records.files[records.file[record]!]!}:${records.place(record).line}`;
  }
}

/** Data outside the zone; of records of one owner in a row only the first is named. */
function checkOutside(zone: Zone, faults: Faults): void {
  const { records } = zone;
  const hint = `the zone is ${printName(zone.origin)}; a name with a final dot is not completed`;
  for (let i = 0; i < records.count; i++) {
    if (zone.node[i] !== Zone.none || (i > 0 && records.ownerAt[i] === records.ownerAt[i - 1])) continue;
    faults.add('error', i, `${faults.owner(i)} is outside the zone`, hint);
  }
}

/** A zone has one SOA and at least one NS at its apex (RFC 1035 §5.2, RFC 1034 §4.2.1). */
function checkApex(zone: Zone, faults: Faults): void {
  const name = printName(zone.origin);
  if (!hasType(zone, 0, TYPE.SOA)) {
    faults.missing(`no SOA at ${name}`, '@ SOA ns1 hostmaster ( SERIAL 1h 15m 1w 5m )');
  }
  if (!hasType(zone, 0, TYPE.NS)) faults.missing(`no NS at ${name}`, '@ NS ns1, with an address for ns1');
}

function hasType(zone: Zone, node: number, type: number): boolean {
  for (let i = zone.first[node]!; i !== Zone.none; i = zone.next[i]!) {
    if (zone.records.type[i] === type) return true;
  }
  return false;
}

function hasAddress(zone: Zone, node: number): boolean {
  return hasType(zone, node, TYPE.A) || hasType(zone, node, TYPE.AAAA);
}

/** Duplicates, TTLs, CNAMEs and other types of which a name has one record. `sorted` is room to work in. */
function checkRrsets(zone: Zone, node: number, sorted: number[], faults: Faults): void {
  const { records } = zone;
  sortRecords(zone, node, sorted);
  for (let at = 0; at < sorted.length && !faults.full; ) {
    const type = records.type[sorted[at]!]!;
    let end = at;
    let first = sorted[at]!; // the first of the file
    for (; end < sorted.length && records.type[sorted[end]!] === type; end++) {
      first = Math.min(first, sorted[end]!);
    }
    const lowest = lowestTtl(records, sorted, at, end);
    let size = 0;
    for (let n = at; n < end; n++) {
      const record = sorted[n]!;
      const duplicate = n > at && isDuplicate(records, sorted[n - 1]!, record);
      if (!duplicate) size += records.rdataLength[record]! + rrFixedSize;
      if (duplicate && faults.wants('warning')) {
        const what = `${faults.owner(record)} ${typeText(type)} stands here again`;
        faults.add('warning', record, what, `first at ${faults.place(sorted[n - 1]!)}; this one is left out`);
      } else if (!duplicate && record !== first && atMostOne.includes(type) && faults.wants('error')) {
        const what = `${faults.owner(record)} has more than one ${typeText(type)}`;
        faults.add('error', record, what, `the first is at ${faults.place(first)}`);
      }
      if (records.ttl[record] !== records.ttl[lowest] && faults.wants('warning')) {
        const what = `TTL ${records.ttl[record]} in an RRset of TTL ${records.ttl[lowest]}`;
        const hint = `one RRset has one TTL (RFC 2181 §5.2): the lowest holds, ${faults.place(lowest)}`;
        faults.add('warning', record, what, hint);
      }
    }
    checkSize(zone, first, size, faults);
    if (type === TYPE.CNAME) checkCname(zone, node, first, faults);
    at = end;
  }
}

/** An RRset that no message can carry beside a header and the question can never be answered. */
function checkSize(zone: Zone, record: number, size: number, faults: Faults): void {
  if (size <= messageSizeMax - messageFixedSize) return;
  const what = `${faults.owner(record)} ${typeText(zone.records.type[record]!)}: an RRset of ${size} octets`;
  faults.add('error', record, what, `a DNS message has at most ${messageSizeMax}`);
}

/** A name with a CNAME has nothing else (RFC 1034 §3.6.2). */
function checkCname(zone: Zone, node: number, cname: number, faults: Faults): void {
  const { records } = zone;
  for (let i = zone.first[node]!; i !== Zone.none; i = zone.next[i]!) {
    const type = records.type[i]!;
    if (besideCname.includes(type)) continue;
    const what = `${faults.owner(cname)} has a CNAME and ${typeText(type)} too`;
    faults.add(
      'error',
      cname,
      what,
      `a CNAME stands alone (RFC 1034 §3.6.2); the other is at ${faults.place(i)}`,
    );
    return;
  }
}

const wildcardHint = 'name what is delegated (RFC 4592 §4.2); BIND refuses the zone';

/** A SOA belongs to the apex and a DS to a cut; of data at or below a cut only NS, DS and glue are ours. */
function checkPlace(zone: Zone, node: number, record: number, faults: Faults): void {
  const flags = zone.flags[node]!;
  const type = zone.records.type[record]!;
  if (type === TYPE.SOA && node !== 0) {
    faults.add(
      'error',
      record,
      `a SOA at ${faults.owner(record)}, which is not the apex`,
      'one zone per file',
    );
  } else if (type === TYPE.NS && faults.isWildcard(record)) {
    faults.add('warning', record, `${faults.owner(record)} NS: a wildcard delegates nothing`, wildcardHint);
  } else if (type === TYPE.DS && node === 0) {
    faults.add('error', record, 'a DS at the apex', 'it belongs into the zone above (RFC 4035 §2.4)');
  } else if ((flags & delegated) !== 0) {
    const isAddress = type === TYPE.A || type === TYPE.AAAA;
    if (isAddress || ((flags & NODE.occluded) === 0 && atCut.includes(type))) return;
    const what = `${faults.owner(record)} ${typeText(type)} is never answered: the name is delegated`;
    faults.add('warning', record, what, 'it belongs into the zone that is delegated');
  }
}

/** Nothing stands below a DNAME (RFC 6672 §2.4). `first` is a record of the node. */
function checkAbove(zone: Zone, node: number, first: number, faults: Faults): void {
  const dname = node === 0 ? Zone.none : dnameAt(zone, zone.parent[node]!);
  if (dname === Zone.none || (zone.flags[dname]! & delegated) !== 0) return; // itself never answered
  const what = `${faults.owner(first)} stands below the DNAME of ${printName(zone.name(dname))}`;
  faults.add('error', first, what, 'nothing may stand there (RFC 6672 §2.4)');
}

/** The nearest node with a DNAME, from `node` upwards, or `none`. */
function dnameAt(zone: Zone, node: number): number {
  for (let n = node; ; n = zone.parent[n]!) {
    if ((zone.flags[n]! & NODE.dname) !== 0) return n;
    if (n === 0) return Zone.none;
  }
}

/** The host that a NS, MX or SRV record names must be no alias (RFC 2181 §10.3) and have an address. */
function checkTarget(zone: Zone, record: number, offset: number, faults: Faults): void {
  const { octets, rdataAt, type } = zone.records;
  const at = rdataAt[record]! + offset;
  if (octets[at] === 0) return; // `MX 0 .`: no such service (RFC 7505, RFC 2782)
  const encloser = closestEncloser(zone, octets, at);
  if (encloser === Zone.none) return; // in another zone
  const owner = zone.node[record]!;
  const isNs = type[record] === TYPE.NS;
  const what = `${typeText(type[record]!)} ${printName(octets, at)}`;
  const flags = zone.flags[encloser]!;
  if ((flags & delegated) !== 0) {
    // The parent must tell the addresses of servers inside what it delegates to them: nobody else can.
    if (!isNs || owner === 0 || !isAtOrBelow(zone, encloser, owner)) return;
    const host = zone.find(octets, at);
    if (!faults.isWhole || (host !== Zone.none && hasAddress(zone, host))) return;
    const hint = 'the server is inside the zone that is delegated to it: add its A or AAAA here';
    faults.add('error', record, `${what} has no glue`, hint);
    return;
  }
  const host = sourceOf(zone, octets, at, encloser);
  const isAlias =
    host === Zone.none ? dnameAt(zone, encloser) !== Zone.none : (zone.flags[host]! & NODE.cname) !== 0;
  if (isAlias) {
    // Resolvers that find the zone by such a server may not follow the alias: BIND refuses the zone too.
    const severity = isNs && owner === 0 ? 'error' : 'warning';
    faults.add(severity, record, `${what} is an alias`, 'name the host itself (RFC 2181 §10.3)');
  } else if (faults.isWhole && (host === Zone.none || !hasAddress(zone, host))) {
    faults.add(
      isNs ? 'error' : 'warning',
      record,
      `${what} has no address`,
      'add its A or AAAA to this zone',
    );
  }
}

function isAtOrBelow(zone: Zone, node: number, ancestor: number): boolean {
  let n = node;
  while (n > ancestor) n = zone.parent[n]!; // a parent's index is below its children's
  return n === ancestor;
}
