// Asks every name server of a zone, at each of its addresses, what it serves: over UDP with EDNS and over
// TCP. They should all be there, be authoritative, and say the same as our files.

import { eachOf } from '../../eachof.ts';
import { udpSizeMax } from '../../limits.ts';
import { printSocketAddress, type SocketAddress } from '../../wire/addresses.ts';
import { RCODE, rcodeText, TYPE } from '../../wire/numbers.ts';
import { askTcp, askUdp, type Reply } from '../asking.ts';
import type { ZoneFacts } from './facts.ts';
import { type Finding, finding } from './finding.ts';
import { addressesOf, answerTimeoutMs, tries } from './names.ts';

/** Servers asked at a time. */
const atOnce = 8;
/** Octets of a client cookie; what stands behind them in a cookie of RFC 9018 begins with a version. */
const clientCookie = Buffer.from('steerdns');
const cookieVersion = 1;

export type Surroundings = {
  readonly resolver: SocketAddress | undefined;
  /** Port at which name servers are asked. */
  readonly port: number;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
};

/** Addresses of the zone's name servers; what a zone does not say itself the resolver does. */
export type Listed = { readonly name: string; readonly addresses: readonly string[] };

export type ServersReport = {
  readonly findings: readonly Finding[];
  readonly listed: readonly Listed[];
  /** How far the clock of each server is from ours, where its cookie says so. */
  readonly skews: readonly { readonly server: string; readonly seconds: number }[];
};

/** Asks all of them. */
export async function askServers(zone: ZoneFacts, around: Surroundings): Promise<ServersReport> {
  const found = await eachOf(zone.servers, atOnce, (name) => addressesFor(name, zone, around));
  const listed = found.filter((one) => 'addresses' in one);
  const findings = found.filter((one) => 'level' in one);
  const all = listed.flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address })));
  if (new Set(all.map(({ address }) => address)).size < 2) {
    const text = `${zone.origin} has one name server address: when it is gone, so is the zone`;
    findings.push(finding('warning', 'servers', text, 'a second server elsewhere (RFC 1034 §4.1)'));
  }
  const reports = await eachOf(all, atOnce, ({ name, address }) => askServer(zone, name, address, around));
  return {
    listed,
    findings: [...findings, ...reports.flatMap((report) => report.findings)],
    skews: reports.flatMap(({ skew }) => skew ?? []),
  };
}

async function addressesFor(
  name: string,
  zone: ZoneFacts,
  { resolver }: Surroundings,
): Promise<Listed | Finding> {
  const own = zone.glue.get(name);
  if (own !== undefined) {
    if (own.length > 0) return { name, addresses: own };
    const hint = `without A or AAAA records of ${name} nobody finds it`;
    return finding('error', 'servers', `${name} is a name server of ${zone.origin} and has no address`, hint);
  }
  if (resolver === undefined)
    return finding('warning', 'servers', `${name}: no resolver to ask for its addresses`);
  const resolved = await addressesOf(resolver, name);
  if ('fault' in resolved) return finding('warning', 'servers', `${name}: ${resolved.fault}`);
  if (resolved.data.length > 0) return { name, addresses: resolved.data };
  return finding('error', 'servers', `${name} is a name server of ${zone.origin} and has no address`);
}

type ServerReport = {
  readonly findings: readonly Finding[];
  readonly skew: { readonly server: string; readonly seconds: number } | undefined;
};

async function askServer(
  zone: ZoneFacts,
  name: string,
  address: string,
  { port, now }: Surroundings,
): Promise<ServerReport> {
  const server: SocketAddress = { address, port };
  const question = { name: zone.origin, recursive: false } as const;
  const edns = { isDnssecOk: true, cookie: clientCookie };
  const [soa, overTcp, ns] = await Promise.all([
    askUdp(server, { ...question, type: TYPE.SOA, ...edns }, answerTimeoutMs, tries),
    askTcp(server, { ...question, type: TYPE.SOA }, answerTimeoutMs),
    askUdp(server, { ...question, type: TYPE.NS }, answerTimeoutMs, tries),
  ]);
  const who = `${name.replace(/\.$/, '')} (${port === 53 ? address : printSocketAddress(address, port)})`;
  const skew = 'lost' in soa ? undefined : skewOf(soa.cookie, now());
  return {
    findings: serverFindings(zone, who, { soa, overTcp, ns }),
    skew: skew === undefined ? undefined : { server: who, seconds: skew },
  };
}

/** Seconds that a server's clock is ahead of ours, by the time in the cookie that it made. */
export function skewOf(cookie: Buffer | undefined, now: number): number | undefined {
  if (cookie?.length !== 24 || cookie[8] !== cookieVersion) return undefined;
  return (cookie.readUInt32BE(12) - Math.floor(now / 1000)) | 0;
}

type Replies = { readonly soa: Reply; readonly overTcp: Reply; readonly ns: Reply };

/** What there is to say of a server's answers. */
export function serverFindings(zone: ZoneFacts, who: string, { soa, overTcp, ns }: Replies): Finding[] {
  const say = (level: Finding['level'], text: string, hint = '') => finding(level, 'servers', text, hint);
  if ('lost' in soa && 'lost' in overTcp) {
    const hint = 'is it on, and do firewalls let UDP and TCP of this port pass?';
    return [say('error', `${who} does not answer: ${soa.lost}`, hint)];
  }
  const findings: Finding[] = [];
  if ('lost' in soa) {
    findings.push(say('error', `${who} answers over TCP and not over UDP`, 'a firewall before it?'));
  }
  if ('lost' in overTcp) {
    const hint = 'truncated answers are asked for again over TCP (RFC 7766): a firewall before it?';
    findings.push(say('error', `${who} answers over UDP and not over TCP: ${overTcp.lost}`, hint));
  }
  const { response } = 'lost' in soa ? (overTcp as Extract<Reply, { octets: number }>) : soa;
  if (response.rcode !== RCODE.NOERROR || !response.isAuthoritative) {
    const rcode = rcodeText[response.rcode] ?? `RCODE ${response.rcode}`;
    const text = `${who} is not authoritative for ${zone.origin} (${rcode})`;
    return [...findings, say('error', text, 'load the zone there, or take it out of the NS records')];
  }
  if (!('lost' in soa)) findings.push(...ednsFindings(who, soa));
  const serial = response.answers.find(({ type }) => type === TYPE.SOA)?.data;
  if (serial !== String(zone.serial)) {
    const text = `${who} has serial ${serial ?? 'none'}, the files here have ${zone.serial}`;
    findings.push(say('warning', text, 'copy the files, and steerdns reload on each server'));
  }
  if (!('lost' in ns)) {
    const theirs = ns.response.answers.filter(({ type }) => type === TYPE.NS).map(({ data }) => data ?? '');
    const differs = differenceOf(zone.servers, theirs);
    if (differs !== '') {
      const text = `${who} has other NS records than the files here: ${differs}`;
      findings.push(say('warning', text, 'all servers of a zone should say the same'));
    }
  }
  if (findings.length > 0) return findings;
  return [say('ok', `${who}: UDP, TCP, authoritative, serial ${zone.serial}`)];
}

function ednsFindings(who: string, { response }: Extract<Reply, { octets: number }>): Finding[] {
  const { edns, isTruncated } = response;
  const say = (text: string, hint: string) => finding('warning', 'edns', `${who} ${text}`, hint);
  if (edns === undefined) {
    return [say('has no EDNS', 'something on the way takes it out, and answers are short of 512 octets')];
  }
  const findings: Finding[] = [];
  if (edns.size < udpSizeMax) {
    findings.push(say(`takes only ${edns.size} octets over UDP`, `${udpSizeMax} pass everywhere`));
  }
  if (!edns.isDnssecOk) findings.push(say('does not give the DO bit back', 'RFC 3225 §3'));
  if (isTruncated) findings.push(say('truncates its SOA', 'what is on the way cuts answers'));
  return findings;
}

/** What one list has and the other has not, in words: `ns3.example. is missing`. */
export function differenceOf(wanted: readonly string[], there: readonly string[]): string {
  const missing = wanted.filter((one) => !there.includes(one));
  const extra = there.filter((one) => !wanted.includes(one));
  const words = [
    missing.length === 0 ? '' : `${missing.join(', ')} missing`,
    extra.length === 0 ? '' : `${extra.join(', ')} too many`,
  ];
  return words.filter((one) => one !== '').join('; ');
}
