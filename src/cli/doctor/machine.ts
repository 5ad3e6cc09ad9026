// What doctor looks at on this machine: the daemon, its ports, the kernel's buffers and drops, descriptors.
// Everything that the kernel says is read from /proc by `read`, which gives undefined for what is not there.
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Status } from '../../control/status.ts';
import { probesInFlightMax, receiveBufferSize, tcpConnectionsMax } from '../../limits.ts';
import { parseSocketAddress, printSocketAddress, type SocketAddress } from '../../wire/addresses.ts';
import type { Unasked } from '../client.ts';
import { EXIT } from '../command.ts';
import { plural, printCount } from '../text.ts';
import { type Finding, finding } from './finding.ts';

export type Read = (path: string) => string | undefined;

/** Reads a file of /proc. */
export const readProc: Read = (path) => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
};

/** What needs attention of a daemon is listed up to this number; `steerdns status` has all of it. */
const attentionMax = 5;

/** Whether a daemon runs, and what it says of itself. */
export function daemonFindings(status: Status | undefined, unasked: Unasked | undefined): Finding[] {
  if (status === undefined) {
    if (unasked === undefined) return [finding('warning', 'daemon', 'does not say how it is: try again')];
    if (unasked.exit !== EXIT.notRunning) return [finding('warning', 'daemon', unasked.text)];
    const hint = 'steerdns serve, or systemctl start steerdns; --control names another socket';
    return [finding('error', 'daemon', unasked.text, hint)];
  }
  const { server, attention } = status;
  if (server === undefined) {
    return [finding('error', 'daemon', 'the server process does not answer its control process')];
  }
  const hint = 'steerdns status';
  const worst = attention.slice(0, attentionMax).map(({ severity, what }) => {
    return finding(severity === 'error' ? 'error' : 'warning', 'daemon', what, hint);
  });
  const where = `process ${server.pid}, generation ${server.generation}, on ${server.listen.join(' ')}`;
  return [finding(server.answering ? 'ok' : 'error', 'daemon', where), ...worst];
}

/** Whether its addresses are there; without a daemon, whether they are free, or who holds them. */
export async function portFindings(
  status: Status | undefined,
  listen: readonly string[],
): Promise<Finding[]> {
  if (status?.server !== undefined) {
    const { listenMissing } = status.server;
    if (listenMissing.length === 0) return [finding('ok', 'port', 'all addresses to listen on are there')];
    const text = `no interface has ${listenMissing.join(', ')}`;
    return [finding('warning', 'port', text, 'it is listened on as soon as an interface has it')];
  }
  const findings: Finding[] = [];
  for (const text of listen) {
    const address = parseSocketAddress(text, 53);
    if (address === undefined) continue;
    for (const kind of ['UDP', 'TCP'] as const) {
      const code = await (kind === 'UDP' ? bindUdp(address) : bindTcp(address));
      findings.push(portFinding(kind, address, code, readProc));
    }
  }
  return findings;
}

/** Puts the outcome of a bind into words. */
export function portFinding(
  kind: 'UDP' | 'TCP',
  { address, port }: SocketAddress,
  code: string | undefined,
  read: Read,
): Finding {
  const where = `${kind} ${printSocketAddress(address, port)}`;
  if (code === undefined) return finding('ok', 'port', `${where} is free`);
  if (code === 'EADDRINUSE') {
    const holder = holderOf(kind, port, read);
    const by = holder === undefined ? 'somebody' : `${holder.name} (process ${holder.pid})`;
    const hint = 'stop it, or listen on addresses that it does not have';
    return finding('error', 'port', `${where} is held by ${by}`, hint);
  }
  if (code === 'EACCES') {
    const hint = 'start it as root with --user NAME, or give it CAP_NET_BIND_SERVICE';
    return finding('error', 'port', `${where} is not for this user`, hint);
  }
  if (code === 'EADDRNOTAVAIL') {
    const hint = 'it is listened on as soon as an interface has it';
    return finding('warning', 'port', `no interface has ${address}`, hint);
  }
  if (code === 'EAFNOSUPPORT') return finding('ok', 'port', `${where}: not with this kernel, and left out`);
  return finding('error', 'port', `${where}: ${code}`);
}

function bindUdp({ address, port }: SocketAddress): Promise<string | undefined> {
  return new Promise((resolve) => {
    const isSix = address.includes(':');
    const socket = createSocket({ type: isSix ? 'udp6' : 'udp4', ipv6Only: isSix });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'an error'));
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}

function bindTcp({ address, port }: SocketAddress): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'an error'));
    server.listen({ host: address, port, ipv6Only: true }, () => server.close(() => resolve(undefined)));
  });
}

type Holder = { readonly name: string; readonly pid: string };

/** The process that has a socket on this port: by the socket's inode, among the descriptors of all. */
function holderOf(kind: 'UDP' | 'TCP', port: number, read: Read): Holder | undefined {
  const inodes = inodesOn(kind, port, read);
  if (inodes.size === 0) return undefined;
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of list(`/proc/${pid}/fd`)) {
      const [, inode = ''] = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${descriptor}`)) ?? [];
      if (inodes.has(inode)) return { pid, name: read(`/proc/${pid}/comm`)?.trim() ?? 'a process' };
    }
  }
  return undefined;
}

/** Inodes of the sockets that are bound to a port, of TCP those that listen (state 0A). */
export function inodesOn(kind: 'UDP' | 'TCP', port: number, read: Read): Set<string> {
  const tables = kind === 'UDP' ? ['udp', 'udp6'] : ['tcp', 'tcp6'];
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = tables.flatMap((table) => (read(`/proc/net/${table}`) ?? '').split('\n').slice(1));
  const columns = rows.map((row) => row.trim().split(/\s+/));
  const bound = columns.filter((row) => row[1]?.endsWith(ending) && (kind === 'UDP' || row[3] === '0A'));
  return new Set(bound.map((row) => row[9] ?? '').filter((inode) => inode !== '' && inode !== '0'));
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Drops below this part of all queries are a burst that once came. */
const dropsPartMax = 0.0001;
const capNetAdmin = 12n;

/** What the kernel allows for receive buffers, and what it has dropped. */
export function bufferFindings(status: Status | undefined, read: Read): Finding[] {
  const findings: Finding[] = [];
  const allowed = Number(read('/proc/sys/net/core/rmem_max') ?? Number.NaN);
  const pid = status?.server?.pid;
  const capabilities = /^CapEff:\s*([0-9a-f]+)/m.exec(read(`/proc/${pid ?? 'self'}/status`) ?? '')?.[1];
  const mayForce = capabilities !== undefined && ((BigInt(`0x${capabilities}`) >> capNetAdmin) & 1n) === 1n;
  if (allowed >= receiveBufferSize || mayForce) {
    const why = mayForce ? 'CAP_NET_ADMIN, so any size' : `net.core.rmem_max is ${printCount(allowed)}`;
    findings.push(finding('ok', 'buffers', `receive buffers get what they ask for: ${why}`));
  } else if (Number.isFinite(allowed)) {
    const asked = `${printCount(receiveBufferSize)} are asked for`;
    const hint = `sysctl -w net.core.rmem_max=${receiveBufferSize}: a burst of queries waits there`;
    const text = `receive buffers get ${printCount(allowed)} octets, ${asked}`;
    findings.push(finding('warning', 'buffers', text, hint));
  }
  const drops = status?.server?.kernelDrops ?? -1;
  if (drops < 0) return findings;
  const queries = status?.server?.counters['udp-queries'] ?? 0;
  const isMany = drops > (queries + drops) * dropsPartMax;
  const text = `the kernel dropped ${printCount(drops)} of ${printCount(queries + drops)} queries over UDP`;
  const hint = isMany ? 'larger receive buffers, more --workers, or a smaller flood' : '';
  findings.push(finding(isMany ? 'warning' : 'ok', 'drops', text, hint));
  return findings;
}

/** Whether the server and its control process have descriptors for what they may have to open. */
export function descriptorFindings(status: Status | undefined, endpoints: number, read: Read): Finding[] {
  const limitOf = (pid: number | 'self') => {
    return /^Max open files\s+(\d+)/m.exec(read(`/proc/${pid}/limits`) ?? '')?.[1];
  };
  const probes = Math.min(probesInFlightMax, endpoints);
  const needs = [
    ['the server', status?.server?.pid, 1000 + tcpConnectionsMax, 'TCP connections'],
    ['control', status?.control.pid, 300 + probes, `${plural(probes, 'probe')} at once`],
  ] as const;
  return needs.flatMap(([who, pid, needed, what]) => {
    const limit = limitOf(pid ?? 'self');
    if (limit === undefined) return [];
    const text = `${who} may open ${printCount(Number(limit))} descriptors`;
    if (Number(limit) >= needed) return [finding('ok', 'descriptors', text)];
    const hint = `LimitNOFILE=65536 in the unit, or ulimit -n: for ${what}`;
    return [finding('warning', 'descriptors', `${text}, and may need ${printCount(needed)}`, hint)];
  });
}

/** Clocks that differ by more do not agree about cookies for long; by so much, not at all (RFC 9018 §4.3). */
const skewWarned = 30;
const skewMax = 300;

/** What other servers' clocks say, by the time in their cookies; else who keeps this machine's. */
export function clockFindings(
  skews: readonly { readonly server: string; readonly seconds: number }[],
  read: Read,
): Finding[] {
  if (skews.length > 0) {
    return skews.map(({ server, seconds }) => {
      const off = Math.abs(seconds);
      const level = off > skewMax ? 'error' : off > skewWarned ? 'warning' : 'ok';
      const which =
        off === 0 ? 'agrees with ours' : `is ${off} s ${seconds > 0 ? 'ahead of' : 'behind'} ours`;
      const text = `the clock of ${server} ${which}, by the cookie it gave`;
      return finding(level, 'clock', text, level === 'ok' ? '' : 'keep all servers with NTP');
    });
  }
  if (read('/run/systemd/timesync/synchronized') !== undefined)
    return [finding('ok', 'clock', 'systemd-timesyncd has synchronized it')];
  if (read('/run/chrony/chronyd.pid') !== undefined || read('/run/chronyd.pid') !== undefined)
    return [finding('ok', 'clock', 'chronyd keeps it')];
  const text = 'nobody else says what time it is: no cookie of another server, no timesyncd, no chronyd';
  return [finding('warning', 'clock', text, 'timedatectl, or date beside another clock')];
}
