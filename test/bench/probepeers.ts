// Others who probe: what gdnsd and HAProxy need for the same endpoints, every 5 s over plain http with a
// fresh connection each. CPU is read from /proc over the same time; how many probes there were, the answerer
// counts. Called by probes.ts. Another one is one entry here.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { checkDefaults } from '../../src/health/check.ts';
import { cpuMs } from './measure.ts';
import { type Peer, versionOf } from './peers.ts';
import { startServer } from './server.ts';
import { probedAddress } from './zones.ts';

/** What a run of another prober came to; undefined figures: it is not installed. */
export type PeerProbing = {
  readonly title: string;
  readonly version: string | undefined;
  readonly coreShare: number;
  readonly perSecond: number;
};

export type ProbeTask = {
  readonly endpoints: number;
  readonly seconds: number;
  readonly core: number;
  readonly port: number;
  /** Connections that the answerer has had so far. */
  readonly connections: () => Promise<number>;
};

const intervalS = checkDefaults.intervalMs / 1000;
const timeoutS = checkDefaults.timeoutMs / 1000;
/** Two rounds, as for our own. */
const warmUpMs = 2 * checkDefaults.intervalMs;
/** gdnsd takes so many addresses into one of its resources. */
const resourceSize = 50;

type Configure = (task: ProbeTask, folder: string, ownPort: number) => readonly string[];

const others: readonly { title: string; program: string; flag: string; configure: Configure }[] = [
  { title: 'gdnsd', program: 'gdnsd', flag: '-h', configure: configureGdnsd },
  { title: 'HAProxy', program: 'haproxy', flag: '-v', configure: configureHaproxy },
];

/** Measures each of them, one after the other, on the core of our own prober. */
export async function measurePeers(task: ProbeTask): Promise<PeerProbing[]> {
  const measured: PeerProbing[] = [];
  for (const { title, program, flag, configure } of others) {
    const version = versionOf(program, [flag]);
    const none = { title, version, coreShare: 0, perSecond: 0 };
    if (version === undefined) {
      measured.push(none);
      continue;
    }
    const peer: Peer = {
      key: program,
      title,
      loadsZones: false,
      version: () => version,
      configure: ({ folder, port }) => configure(task, folder, port),
    };
    const server = await startServer(peer, 0, task.core);
    try {
      await after(warmUpMs);
      const [cpuBefore, connectionsBefore] = [cpuMs(server.pid!), await task.connections()];
      const begunAt = performance.now();
      await after(task.seconds * 1000);
      const passedMs = performance.now() - begunAt;
      if (server.hasEnded) throw new Error(`${title} ended: ${server.log()}`);
      measured.push({
        ...none,
        coreShare: (cpuMs(server.pid!) - cpuBefore) / passedMs,
        perSecond: (((await task.connections()) - connectionsBefore) * 1000) / passedMs,
      });
    } finally {
      await server.stop();
    }
  }
  return measured;
}

function configureGdnsd({ endpoints, port }: ProbeTask, folder: string, ownPort: number): readonly string[] {
  const resources: string[] = [];
  for (let first = 0; first < endpoints; first += resourceSize) {
    const size = Math.min(resourceSize, endpoints - first);
    const members = Array.from({ length: size }, (_, i) => `m${i} => ${probedAddress(first + i)}`);
    resources.push(`    r${first} => { ${members.join(', ')} }`);
  }
  mkdirSync(join(folder, 'zones'));
  writeFileSync(
    join(folder, 'config'),
    `options => {
  listen => 127.0.0.1:${ownPort}, udp_threads => 1, tcp_threads => 1,
  run_dir => ${join(folder, 'run')}, state_dir => ${join(folder, 'state')}
}
service_types => {
  web => {
    plugin => http_status, port => ${port}, url_path => /, interval => ${intervalS}, timeout => ${timeoutS}
  }
}
plugins => { multifo => {
    service_types => web,
${resources.join(',\n')}
} }
`,
  );
  return ['gdnsd', '-c', folder, 'start'];
}

function configureHaproxy(
  { endpoints, port }: ProbeTask,
  folder: string,
  ownPort: number,
): readonly string[] {
  const servers = Array.from(
    { length: endpoints },
    (_, i) => `  server s${i} ${probedAddress(i)}:${port} check inter ${intervalS}s\n`,
  );
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    `global
  nbthread 1
  spread-checks 5
defaults
  mode http
  timeout connect ${timeoutS}s
  timeout client ${timeoutS}s
  timeout server ${timeoutS}s
  timeout check ${timeoutS}s
listen probed
  bind 127.0.0.1:${ownPort}
  option httpchk GET /
${servers.join('')}`,
  );
  return ['haproxy', '-db', '-f', file];
}

/** A line for each. */
export function printPeers(peers: readonly PeerProbing[]): string {
  return peers
    .map(({ title, version, coreShare, perSecond }) => {
      if (version === undefined) return `${title}: not installed\n`;
      const [share, rate] = [coreShare * 100, perSecond].map((figure) => figure.toFixed(0));
      const each = ((coreShare * 1e6) / perSecond).toFixed(0);
      return `${title} ${version}: ${share} % of one core, ${rate} probes/s, ${each} µs each\n`;
    })
    .join('');
}
