// hot: CNAME and DNAME: what leads from the name that was asked to another one. The target is left in
// `tables.target` and its place in the message in `anchors`; respond.ts goes on from there.
import { cnameChainMax, labelsMax, nameSizeMax } from '../limits.ts';
import { type Labels, readLabels } from '../wire/labels.ts';
import { addCount, type Response, setRcode, writeU16 } from '../wire/message.ts';
import { CLASS, RCODE, TYPE } from '../wire/numbers.ts';
import { anchors, placeOf, SECTION, WROTE, writeRrset } from './emit.ts';
import { findRrset, nodeWord } from './find.ts';
import { NODE_ROW, RRSET, RRSET_ROW, tailHeaderSize } from './layout.ts';
import type { Tables, ZoneView } from './tables.ts';

/** What became of an alias. */
export const ALIAS = { followed: 0, tooBig: 1, stop: 2, yxdomain: 3, nodata: 4, servfail: 5 } as const;

/**
 * Writes the CNAME at `row`, the answer for `name`, as link `hops` of a chain. `stop`, and nothing written,
 * where it was followed before or the chain is as long as we let it grow: what we have is then the answer,
 * and a resolver that wants more asks for the last target. `nodata` and `servfail` where it is balanced and
 * there is nothing to give.
 */
export function followCname(
  tables: Tables,
  zone: ZoneView,
  name: Labels,
  row: number,
  hops: number,
  response: Response,
): number {
  if (hops >= cnameChainMax) return ALIAS.stop;
  for (let i = 0; i < hops; i++) {
    if (isLink(tables, zone, row, i) && tables.followedOwners[i] === name.hashes[0]) return ALIAS.stop;
  }
  remember(tables, zone, name, row, hops);
  anchors.target = response.end - response.at + 2 + tailHeaderSize;
  const wrote = writeRrset(tables, zone, row, SECTION.answer, response);
  if (wrote !== WROTE.all) {
    return wrote === WROTE.tooBig ? ALIAS.tooBig : wrote === WROTE.nodata ? ALIAS.nodata : ALIAS.servfail;
  }
  if ((zone.words[row + RRSET_ROW.more]! & RRSET.balanced) !== 0 && zone.sets !== null) {
    // What was drawn stands in the response, and is whole there: a set's names are not compressed.
    readLabels(tables.target, response.octets, response.at + anchors.target, response.end);
    anchors.split = labelsMax;
    return ALIAS.followed;
  }
  readLabels(tables.target, tables.scratch, 0, expandTarget(tables, zone, row, 0));
  anchors.tail = anchors.apex;
  return ALIAS.followed;
}

/** Whether link `i` of the chain was made of the RRset at `row`. */
function isLink(tables: Tables, zone: ZoneView, row: number, i: number): boolean {
  return tables.followedRows[i] === row && tables.followedZones[i] === zone.index;
}

function remember(tables: Tables, zone: ZoneView, name: Labels, row: number, hops: number): void {
  tables.followedRows[hops] = row;
  tables.followedZones[hops] = zone.index;
  tables.followedOwners[hops] = name.hashes[0]!;
}

/** Whether the DNAME RRset at `row` stands in the response already, because it was followed on the way. */
export function isWritten(tables: Tables, zone: ZoneView, row: number, hops: number): boolean {
  for (let i = 0; i < hops; i++) if (isLink(tables, zone, row, i)) return true;
  return false;
}

/**
 * Writes the DNAME of `node`, an ancestor of `name`, and the CNAME that it makes for the name (RFC 6672
 * §3.1), with the DNAME's TTL. A name that grows too long is YXDOMAIN, and the DNAME says why (§2.2). A DNAME
 * that is met again under another name is not written again (RFC 2181 §5); under the same one it is a loop.
 */
export function followDname(
  tables: Tables,
  zone: ZoneView,
  name: Labels,
  node: number,
  hops: number,
  response: Response,
): number {
  if (hops >= cnameChainMax) return ALIAS.stop;
  const row = findRrset(zone, node, TYPE.DNAME);
  const owner = anchors.owner;
  const below = name.count - depthOf(zone, node);
  let targetAt = response.end - response.at + 2 + tailHeaderSize;
  let isNew = true;
  for (let i = 0; i < hops; i++) {
    if (!isLink(tables, zone, row, i)) continue;
    if (tables.followedOwners[i] === name.hashes[0]) return ALIAS.stop;
    targetAt = tables.followedTargets[i]!;
    isNew = false;
  }
  remember(tables, zone, name, row, hops);
  tables.followedTargets[hops] = targetAt;
  if (isNew) {
    anchors.owner = placeOf(name, below);
    const wrote = writeRrset(tables, zone, row, SECTION.answer, response);
    anchors.owner = owner;
    if (wrote !== WROTE.all) return ALIAS.tooBig;
  }
  const prefix = name.starts[below]!;
  for (let i = 0; i < prefix; i++) tables.scratch[i] = name.octets[i]!;
  const size = expandTarget(tables, zone, row, prefix);
  if (size > nameSizeMax) {
    setRcode(response, RCODE.YXDOMAIN);
    return ALIAS.yxdomain;
  }
  // On the wire the name that is made ends in a pointer to the DNAME's target.
  if (response.end + 2 + tailHeaderSize + prefix + 2 > response.limit) return ALIAS.tooBig;
  anchors.split = below;
  anchors.tail = targetAt;
  writeCname(tables, zone, row, owner, prefix, response);
  readLabels(tables.target, tables.scratch, 0, size);
  return ALIAS.followed;
}

/** Labels of a node's name. */
export function depthOf(zone: ZoneView, node: number): number {
  let depth = zone.apexLabels;
  for (let n = node; n !== 0; n = nodeWord(zone, n, NODE_ROW.parent)) depth++;
  return depth;
}

/**
 * Writes the CNAME that a DNAME makes: the first `prefix` octets of the scratch, then a pointer to
 * `anchors.tail`.
 */
function writeCname(
  tables: Tables,
  zone: ZoneView,
  dname: number,
  owner: number,
  prefix: number,
  response: Response,
): void {
  const octets = response.octets;
  const ttlAt = zone.words[dname + RRSET_ROW.tailsAt]! + 4;
  let to = response.end;
  writeU16(octets, to, 0xc000 | owner);
  writeU16(octets, to + 2, TYPE.CNAME);
  writeU16(octets, to + 4, CLASS.IN);
  for (let i = 0; i < 4; i++) octets[to + 6 + i] = zone.octets[ttlAt + i]!;
  writeU16(octets, to + 10, prefix + 2);
  to += 2 + tailHeaderSize;
  anchors.target = to - response.at;
  for (let i = 0; i < prefix; i++) octets[to++] = tables.scratch[i]!;
  writeU16(octets, to, 0xc000 | anchors.tail);
  response.end = to + 2;
  addCount(response, SECTION.answer, 1);
}

/**
 * Copies the target of the CNAME or DNAME at `row` behind the first `size` octets of the scratch and returns
 * where it ends. In table and message its end may stand for the apex: `anchors.split` says from which label
 * on.
 */
function expandTarget(tables: Tables, zone: ZoneView, row: number, size: number): number {
  const from = zone.octets;
  const name = tables.scratch;
  let p = zone.words[row + RRSET_ROW.tailsAt]! + tailHeaderSize;
  let to = size;
  let labels = 0;
  while (from[p] !== 0 && from[p] !== 0xc0) {
    const end = p + from[p]!;
    while (p <= end) name[to++] = from[p++]!;
    labels++;
  }
  anchors.split = labelsMax;
  if (from[p] !== 0xc0) {
    name[to] = 0;
    return to + 1;
  }
  anchors.split = labels;
  for (let i = 0; i < zone.apexSize; i++) name[to++] = from[zone.apexNameAt + i]!;
  return to;
}
