// The records of one name in the order in which zones are printed and compared: SOA, NS, then by type; within
// an RRset canonical order of RDATA (RFC 4034 §6.3). Duplicates end up side by side. check.ts, print.ts and
// diffs use it.
import { compareRdata } from '../wire/canonical.ts';
import { TYPE } from '../wire/numbers.ts';
import type { Records } from './records.ts';
import { Zone } from './zone.ts';

/** The rank of a type among the RRsets of a name. */
function rank(type: number): number {
  return type === TYPE.SOA ? -2 : type === TYPE.NS ? -1 : type;
}

/**
 * Canonical order of the RDATA of records i and j, which are of one type; 0: they are duplicates (RFC 2181
 * §5).
 */
function compareData(records: Records, i: number, j: number): number {
  return compareRdata(
    records.type[i]!,
    records.octets,
    records.rdataAt[i]!,
    records.rdataLength[i]!,
    records.octets,
    records.rdataAt[j]!,
    records.rdataLength[j]!,
  );
}

/** Says whether records i and j of one name are the same record twice, TTLs aside. */
export function isDuplicate(records: Records, i: number, j: number): boolean {
  return records.type[i] === records.type[j] && compareData(records, i, j) === 0;
}

/** Fills `into` with the node's records in order; of duplicates the first of the file stands first. */
export function sortRecords(zone: Zone, node: number, into: number[]): void {
  const { records } = zone;
  into.length = 0;
  for (let i = zone.first[node]!; i !== Zone.none; i = zone.next[i]!) into.push(i);
  if (into.length === 1) return;
  into.sort((i, j) => rank(records.type[i]!) - rank(records.type[j]!) || compareData(records, i, j) || i - j);
}

/**
 * Of the records sorted[from, to), one RRset, the first of the file with the lowest TTL: where an RRset has
 * several, the lowest holds for all of it (RFC 2181 §5.2).
 */
export function lowestTtl(records: Records, sorted: readonly number[], from: number, to: number): number {
  let lowest = sorted[from]!;
  for (let n = from + 1; n < to; n++) {
    const record = sorted[n]!;
    const less = records.ttl[record]! - records.ttl[lowest]!;
    if (less < 0 || (less === 0 && record < lowest)) lowest = record;
  }
  return lowest;
}
