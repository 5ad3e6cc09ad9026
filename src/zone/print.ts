// A zone as canonical text, equal to `named-compilezone -s full`: names in canonical order, SOA and NS first,
// names absolute, one record a line, duplicates left out, the lowest TTL of an RRset for all of it (BIND's is
// the first of neighbours). For `check --print` and for whoever wants to compare two zones as text.
import { compareLabels, printName } from '../wire/names.ts';
import { printRdata, typeText } from '../wire/rdata.ts';
import { isDuplicate, lowestTtl, sortRecords } from './rrsets.ts';
import { Zone } from './zone.ts';

/** Columns at which BIND puts the TTL, and the RDATA. */
const ttlColumn = 46;
const rdataColumn = 64;
const tabSize = 8;
/** Characters that printZoneChunks collects before it hands them on. */
const chunkSize = 65_536;

/** Prints a zone into one string. */
export function printZone(zone: Zone): string {
  return [...printZoneChunks(zone)].join('');
}

/** Prints a zone, in chunks that end with a line. */
export function* printZoneChunks(zone: Zone): Generator<string> {
  let chunk = '';
  for (const node of namesInOrder(zone)) {
    chunk += printNode(zone, node);
    if (chunk.length < chunkSize) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

/**
 * The nodes in canonical order of their names (RFC 4034 §6.1): each before what is below it, siblings by
 * label.
 */
function* namesInOrder(zone: Zone): Generator<number> {
  const { parent, labelAt, nodeCount } = zone;
  const { octets } = zone.records;
  const firstChild = new Uint32Array(nodeCount + 1); // offsets in `children`, by parent
  for (let node = 1; node < nodeCount; node++) firstChild[parent[node]! + 1]!++;
  for (let node = 0; node < nodeCount; node++) firstChild[node + 1]! += firstChild[node]!;
  const children = new Uint32Array(nodeCount);
  const filled = firstChild.slice();
  for (let node = 1; node < nodeCount; node++) children[filled[parent[node]!]!++] = node;
  const pending = [0];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    yield node;
    const below = children.subarray(firstChild[node], firstChild[node + 1]);
    below.sort((a, b) => compareLabels(octets, labelAt[b]!, octets, labelAt[a]!)); // the last is popped first
    for (const child of below) pending.push(child);
  }
}

const sorted: number[] = [];

function printNode(zone: Zone, node: number): string {
  if (zone.first[node] === Zone.none) return '';
  const { records } = zone;
  sortRecords(zone, node, sorted);
  let text = '';
  for (let at = 0; at < sorted.length; ) {
    const type = records.type[sorted[at]!]!;
    let end = at;
    let first = sorted[at]!; // the first of the file: the case of its owner holds
    for (; end < sorted.length && records.type[sorted[end]!] === type; end++) {
      first = Math.min(first, sorted[end]!);
    }
    const ttl = records.ttl[lowestTtl(records, sorted, at, end)]!;
    const head = printHead(printName(records.octets, records.ownerAt[first]!), ttl, type);
    for (let n = at; n < end; n++) {
      const record = sorted[n]!;
      if (n > at && isDuplicate(records, sorted[n - 1]!, record)) continue;
      const rdataAt = records.rdataAt[record]!;
      text += `${head}${printRdata(type, records.octets, rdataAt, rdataAt + records.rdataLength[record]!)}\n`;
    }
    at = end;
  }
  return text;
}

/** Owner, TTL, class and type with the blanks that BIND puts between them. */
function printHead(owner: string, ttl: number, type: number): string {
  const mnemonic = typeText(type);
  const beforeTtl = blanks(owner.length, ttlColumn);
  let column = Math.max(owner.length + 1, ttlColumn) + String(ttl).length;
  const beforeClass = blanks(column, ttlColumn);
  column = Math.max(column + 1, ttlColumn) + 2;
  const beforeType = blanks(column, ttlColumn);
  column = Math.max(column + 1, ttlColumn) + mnemonic.length;
  return owner + beforeTtl + ttl + beforeClass + 'IN' + beforeType + mnemonic + blanks(column, rdataColumn);
}

/** Tabs, then spaces, from a column to another, or to the next one if that is already passed. */
function blanks(from: number, to: number): string {
  const target = Math.max(to, from + 1);
  const tabs = Math.floor(target / tabSize) - Math.floor(from / tabSize);
  const spaces = tabs > 0 ? target % tabSize : target - from;
  return '\t'.repeat(tabs) + ' '.repeat(spaces);
}
