// What the parent of a zone says of it: its NS records and glue against the zone's own, and whether it calls
// the zone signed. The parent's servers are found by a resolver, or named by the operator.

import type { DnsResponse } from '../../health/dnsclient.ts';
import type { SocketAddress } from '../../wire/addresses.ts';
import { printSocketAddress } from '../../wire/addresses.ts';
import { RCODE, rcodeText, TYPE } from '../../wire/numbers.ts';
import { isBelow, type ZoneFacts } from './facts.ts';
import { type Finding, finding } from './finding.ts';
import { addressesOf, askOf, resolve } from './names.ts';
import { differenceOf, type Listed } from './servers.ts';

/** Servers of the parent that are tried: they say the same, and one that answers is enough. */
const parentsMax = 3;
/** The type of DS records, which a parent has for signed zones (RFC 4034 §5). */
const typeDs = 43;

/** Asks the parent and compares. */
export async function parentFindings(
  zone: ZoneFacts,
  listed: readonly Listed[],
  resolver: SocketAddress | undefined,
  named: SocketAddress | undefined,
): Promise<Finding[]> {
  if (zone.origin === '.') return [];
  const found = named === undefined ? await findParents(zone.origin, resolver) : [named];
  if ('fault' in found) return [unknown(zone, found.fault)];
  let lost = 'its servers have no address';
  for (const parent of found.slice(0, parentsMax)) {
    const question = { name: zone.origin, recursive: false } as const;
    const ns = await askOf(parent, { ...question, type: TYPE.NS });
    if ('lost' in ns) {
      lost = ns.lost;
      continue;
    }
    const ds = await askOf(parent, { ...question, type: typeDs });
    const who = `the parent (${printSocketAddress(parent.address, parent.port)})`;
    const isSigned = !('lost' in ds) && ds.response.answers.some(({ type }) => type === typeDs);
    return [...delegationFindings(zone, listed, who, ns.response), ...signedFindings(zone, who, isSigned)];
  }
  return [unknown(zone, lost)];
}

function unknown({ origin }: ZoneFacts, why: string): Finding {
  const hint = 'name a server of the parent with --parent, or another resolver with --resolver';
  return finding('warning', 'parent', `the parent of ${origin} cannot be asked: ${why}`, hint);
}

/** The addresses of the parent's servers: of the next name above that has NS records. */
async function findParents(
  origin: string,
  resolver: SocketAddress | undefined,
): Promise<SocketAddress[] | { readonly fault: string }> {
  if (resolver === undefined) return { fault: 'no resolver is known' };
  for (let above = origin.slice(origin.indexOf('.') + 1); ; above = above.slice(above.indexOf('.') + 1)) {
    const name = above === '' ? '.' : above;
    const servers = await resolve(resolver, name, TYPE.NS);
    if ('fault' in servers) return servers;
    if (servers.data.length === 0 && name !== '.') continue;
    const resolved = await Promise.all(
      servers.data.slice(0, parentsMax).map((server) => addressesOf(resolver, server)),
    );
    const addresses = resolved.flatMap((one) => ('data' in one ? one.data : []));
    if (addresses.length > 0) return addresses.map((address) => ({ address, port: 53 }));
    const fault = resolved.find((one) => 'fault' in one);
    return fault ?? { fault: `the servers of ${name} have no address` };
  }
}

/** Compares a referral with what the zone says of itself. */
export function delegationFindings(
  { origin, servers }: ZoneFacts,
  listed: readonly Listed[],
  who: string,
  { rcode, isAuthoritative, answers, authorities, additionals }: DnsResponse,
): Finding[] {
  const say = (level: Finding['level'], text: string, hint = '') => finding(level, 'parent', text, hint);
  const isOwn = ({ name, type }: { name: string; type: number }) => name === origin && type === TYPE.NS;
  const theirs = [...answers, ...authorities].filter(isOwn).map(({ data }) => data ?? '');
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) {
    return [say('warning', `${who} says ${rcodeText[rcode] ?? rcode} to ${origin}`, 'is it the parent?')];
  }
  if (theirs.length === 0) {
    return [say('error', `${who} does not delegate ${origin}`, 'put the records below into the parent')];
  }
  if (isAuthoritative && answers.some(isOwn)) {
    const text = `${who} serves ${origin} itself: that does not show whether the parent delegates it`;
    return [say('warning', text, 'ask another server of the parent with --parent')];
  }
  const findings: Finding[] = [];
  const differs = differenceOf(servers, theirs);
  if (differs !== '') {
    const level = theirs.some((one) => servers.includes(one)) ? 'warning' : 'error';
    const text = `${who} has other NS records of ${origin}: ${differs}`;
    findings.push(say(level, text, 'the parent and the zone should say the same (RFC 1034 §4.2.2)'));
  }
  for (const { name, addresses } of listed) {
    if (!theirs.includes(name) || !isBelow(name, origin)) continue;
    const isAddress = ({ type }: { type: number }) => type === TYPE.A || type === TYPE.AAAA;
    const glue = additionals.filter((record) => record.name === name && isAddress(record));
    const wrong = differenceOf(addresses, glue.map(({ data }) => data ?? '').sort());
    if (wrong === '') continue;
    const text = glue.length === 0 ? 'no glue' : `other glue: ${wrong}`;
    findings.push(say('error', `${who} has for ${name} ${text}`, 'glue is how resolvers find it'));
  }
  if (findings.length > 0) return findings;
  return [say('ok', `${who} delegates ${origin} to the same servers, with their glue`)];
}

function signedFindings({ origin }: ZoneFacts, who: string, isSigned: boolean): Finding[] {
  if (!isSigned) return [];
  const text = `${who} has a DS record: resolvers that validate refuse the unsigned ${origin}`;
  return [finding('error', 'parent', text, 'remove it from the parent')];
}

/** The records that a parent should have, as lines of a zone file. */
export function parentRecords({ origin, servers, ttl }: ZoneFacts, listed: readonly Listed[]): string[] {
  const records: string[][] = servers.map((server) => [origin, String(ttl), 'NS', server]);
  for (const { name, addresses } of listed) {
    if (!isBelow(name, origin)) continue;
    for (const address of addresses) {
      records.push([name, String(ttl), address.includes(':') ? 'AAAA' : 'A', address]);
    }
  }
  const width = Math.max(0, ...records.map(([owner]) => owner!.length));
  return records.map(([owner, ...rest]) => `${owner!.padEnd(width)}  ${rest.join('  ')}`);
}
