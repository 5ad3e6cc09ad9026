// What the tests of the page look at: a real daemon with the admin HTTP and two tokens, and real web servers
// on the loopback that can be killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { hashToken, printToken, type Token } from '../../src/config/tokens.ts';
import { Daemon } from '../daemon.ts';
import { freePort } from '../ports.ts';
import { find } from '../tools.ts';
import { startToys, stopToys, type Toy } from '../toys.ts';

export const tokens = { read: 'steerdns_read-token', operate: 'steerdns_operate-token' } as const;

const addresses = ['127.0.0.11', '127.0.0.12', '127.0.0.13', '127.0.0.14'];
/** In another pool, so that somebody answers the prober when all of www are down. */
const other = '127.0.0.15';

const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
${addresses.map((address) => `www A ${address}`).join('\n')}
api A 127.0.0.11
api A 127.0.0.12
static A 192.0.2.1
static A 192.0.2.2
shop CNAME www
mail A ${other}
`;

const balance = (port: number) => `checks:
  web: { type: http, port: ${port}, path: /, interval: 1s, timeout: 900ms, recheck: 200ms, fall: 2, rise: 2 }
balance:
  www:
    check: web
    answers: 1
    members:
      127.0.0.11: { name: web1, weight: 3 }
      127.0.0.12: { name: web2, weight: 2 }
      127.0.0.13: { name: web3 }
      127.0.0.14: { name: web4 }
  api:
    check: web
    members: { 127.0.0.11: { name: api1 }, 127.0.0.12: { name: api2 } }
  static:
  mail: { check: web, members: { ${other}: { name: mail1 } } }
`;

/** Tokens by their names, with what they allow. */
type Scopes = { readonly viewer?: Token['scope']; readonly laptop?: Token['scope'] };

function tokenFile(scopes: Scopes): string {
  const texts = { viewer: tokens.read, laptop: tokens.operate };
  const lines = Object.entries(scopes).map(([name, scope]) => {
    const hash = hashToken(texts[name as keyof Scopes]);
    return `${printToken({ name, scope, hash, until: undefined })}\n`;
  });
  return lines.join('');
}

export type Site = {
  readonly daemon: Daemon;
  readonly toys: readonly Toy[];
  readonly url: string;
  /** The process that serves web2, where one was wished for. */
  readonly victim: ChildProcess | undefined;
  /** Changes who may ask; holds with the next reload. */
  writeTokens(scopes: Scopes): void;
  close(): Promise<void>;
};

/** A web server that is a process of its own, to be killed as a server dies. */
async function startVictim(address: string, port: number): Promise<ChildProcess> {
  const listen = `listen(${port}, '${address}', () => console.log('up'))`;
  const code = `require('http').createServer((_, response) => response.end()).${listen}`;
  const ties = find('setpriv') === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL'];
  const [program, ...args] = [...ties, process.execPath, '-e', code];
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  return child;
}

/** Starts servers and daemon; `files` are put over those of the site. */
export async function startSite(
  files: Readonly<Record<string, string>> = {},
  { withVictim = false } = {},
): Promise<Site> {
  const toys = await startToys([...addresses, other]);
  if (withVictim) await toys[1]!.behave('refusing');
  const victim = withVictim ? await startVictim(toys[1]!.address, toys[1]!.port) : undefined;
  const port = await freePort();
  const daemon = await Daemon.start({
    files: {
      'site.example.zone': zone,
      'site.example.yaml': balance(toys[0]!.port),
      'steerdns.yaml': `http: { listen: 127.0.0.1:${port}, token-file: tokens }\n`,
      tokens: tokenFile({ viewer: 'read', laptop: 'operate' }),
      ...files,
    },
  });
  const close = async () => {
    await daemon.close();
    victim?.kill('SIGKILL');
    await stopToys(toys);
  };
  const writeTokens = (scopes: Scopes) => daemon.write('tokens', tokenFile(scopes));
  return { daemon, toys, victim, writeTokens, url: `http://127.0.0.1:${port}/`, close };
}
