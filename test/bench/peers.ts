// The servers of the bench, one entry each: whether it is installed, how it is configured, how it is started
// in the foreground. Every one gets one UDP worker and leaves the rest at its defaults, except what would
// make the answers differ (all four addresses, rotated, nothing in the other sections) or would refuse the
// load (NSD's rate limit). A new server is one entry here.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nsdSettings } from '../nsd.ts';
import { balancedDyna, balancedName, balancedPlain, memberAddresses, origin, writeZone } from './zones.ts';

/** Where a peer writes its configuration and where it shall listen. */
export type Place = { readonly folder: string; readonly port: number; readonly names: number };

export type Peer = {
  readonly key: string;
  readonly title: string;
  /** Loads a zone file, so start time and memory can be measured. */
  readonly loadsZones: boolean;
  /** The version that is installed, or undefined. */
  version(): string | undefined;
  /** Writes configuration and zone into the folder and gives the command line that runs in the foreground. */
  configure(place: Place): readonly string[];
};

/** The repository: package.json, dist/ and node_modules/ are here. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(import.meta.url);
const dns2Server = fileURLToPath(new URL('./dns2-server.ts', import.meta.url));
/** Debian puts servers where only root looks. */
process.env.PATH += ':/usr/local/sbin:/usr/sbin:/sbin';

/** All servers, ours first; `--only` selects by key. */
export const peers: readonly Peer[] = [
  steerdns('batch'),
  steerdns('dgram'),
  {
    key: 'dns2',
    title: 'dns2 alone',
    loadsZones: false,
    version: () => readVersion(require.resolve('dns2/package.json')),
    configure: ({ port }) => [
      process.execPath,
      '--import',
      import.meta.resolve('tsx'),
      dns2Server,
      String(port),
      balancedName,
      ...memberAddresses,
    ],
  },
  {
    key: 'gdnsd',
    title: 'gdnsd',
    loadsZones: true,
    version: () => versionOf('gdnsd', ['-h']),
    configure: configureGdnsd,
  },
  {
    key: 'nsd',
    title: 'NSD',
    loadsZones: true,
    version: () => versionOf('nsd', ['-v']),
    configure: configureNsd,
  },
  {
    key: 'knot',
    title: 'Knot DNS',
    loadsZones: true,
    version: () => versionOf('knotd', ['-V']),
    configure: configureKnot,
  },
];

/** What `version` says first that looks like one; undefined when the program is not there. */
export function versionOf(program: string, args: readonly string[]): string | undefined {
  const { error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 5000 });
  if (error !== undefined) return undefined;
  return /\d+\.\d+(\.\d+)?/.exec(stdout + stderr)?.[0] ?? 'of unknown version';
}

function readVersion(file: string): string {
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function steerdns(engine: 'batch' | 'dgram'): Peer {
  const main = join(root, 'dist/main.js');
  return {
    key: engine,
    title: `steerdns ${engine}`,
    loadsZones: engine === 'batch', // both engines load alike
    version: () => (existsSync(main) ? readVersion(join(root, 'package.json')) : undefined),
    configure: ({ folder, port, names }) => {
      const zones = makeFolder(folder, 'zones');
      writeZone(join(zones, `${origin}.zone`), balancedPlain, names);
      const members = memberAddresses.map((address) => `      ${address}: { weight: 1 }\n`).join('');
      // The rate limit is on and exempts nobody, but is too high to be reached.
      const limit = 'rate-limit: { responses-per-second: 1000000, exempt: [] }\n';
      writeFileSync(join(zones, 'steerdns.yaml'), limit);
      writeFileSync(join(zones, `${origin}.yaml`), `balance:\n  www:\n    members:\n${members}`);
      return [
        ...[process.execPath, main, 'serve', '--config', zones, '--listen', `127.0.0.1:${port}`],
        ...['--state', makeFolder(folder, 'state'), '--control', join(folder, 'control.sock')],
        ...['--workers', '1', '--engine', engine],
      ];
    },
  };
}

function configureGdnsd({ folder, port, names }: Place): readonly string[] {
  writeZone(join(makeFolder(folder, 'zones'), origin), balancedDyna, names);
  const members = memberAddresses.map((address, index) => `m${index} => ${address}`).join(', ');
  writeFileSync(
    join(folder, 'config'),
    `options => {
  listen => 127.0.0.1:${port}, udp_threads => 1, tcp_threads => 1,
  run_dir => ${join(folder, 'run')}, state_dir => ${join(folder, 'state')}
}
plugins => { multifo => { service_types => up, www => { ${members} } } }
`,
  );
  return ['gdnsd', '-c', folder, 'start'];
}

function configureNsd({ folder, port, names }: Place): readonly string[] {
  const file = join(folder, `${origin}.zone`);
  writeZone(file, balancedPlain, names);
  const configuration = join(folder, 'nsd.conf');
  writeFileSync(
    configuration,
    `${nsdSettings(folder, port, '  round-robin: yes\n')}zone:
  name: "${origin}"
  zonefile: "${file}"
`,
  );
  return ['nsd', '-d', '-c', configuration];
}

function configureKnot({ folder, port, names }: Place): readonly string[] {
  const file = join(folder, `${origin}.zone`);
  writeZone(file, balancedPlain, names);
  const configuration = join(folder, 'knot.conf');
  writeFileSync(
    configuration,
    `server:
  rundir: "${makeFolder(folder, 'run')}"
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  answer-rotation: on
log:
  - target: stderr
    any: warning
database:
  storage: "${makeFolder(folder, 'database')}"
zone:
  - domain: "${origin}"
    file: "${file}"
    zonefile-sync: -1
    journal-content: none
`,
  );
  return ['knotd', '-c', configuration];
}

function makeFolder(parent: string, name: string): string {
  const folder = join(parent, name);
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}
