// A real resolver in front: Debian's unbound with a stub zone for the delegated subdomain resolves through us
// over UDP and over TCP, and what its clients are told follows a failover within the TTL and the time of
// detection.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../daemon.ts';
import { addressesOf, ask } from '../load.ts';
import { freePort } from '../ports.ts';
import { find, missing } from '../tools.ts';
import { startToys, stopToys, type Toy } from '../toys.ts';
import { until } from '../until.ts';

const addresses = ['127.0.0.41', '127.0.0.42', '127.0.0.43'];
const owner = 'www.lb.site.example.';
const ttlMs = 3000;
/** With default settings, and for a resolver's clock of whole seconds. */
const detectionMs = 8000;
const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5
  NS ns1
ns1 A 127.0.0.1
${addresses.map((address) => `www A ${address}`).join('\n')}
txt TXT "by way of unbound"
`;
const balance = (port: number): string => `checks:
  web: { type: http, port: ${port}, path: /healthz }
balance:
  www: { check: web, ttl: { stable: 3s, unsettled: 1s } }
`;

/** An unbound of its own folder and port; ended by its process id. */
class Unbound {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'steerdns-unbound-'));
  readonly #child: ChildProcess;

  constructor(port: number, stubPort: number, tcp: boolean) {
    this.port = port;
    const file = join(this.#folder, 'unbound.conf');
    writeFileSync(file, settings(this.#folder, port, stubPort, tcp));
    this.#child = spawn(find('unbound')!, ['-d', '-p', '-c', file], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const settings = (folder: string, port: number, stubPort: number, tcp: boolean): string => `server:
  interface: 127.0.0.1
  port: ${port}
  do-daemonize: no
  use-syslog: no
  logfile: "log"
  verbosity: 0
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: ""
  num-threads: 1
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  module-config: "iterator"
  tcp-upstream: ${tcp ? 'yes' : 'no'}
remote-control:
  control-enable: no
stub-zone:
  name: "lb.site.example."
  stub-addr: 127.0.0.1@${stubPort}
`;

const resolve = (port: number, name: string, type = 1) => ask(port, name, { type, recursive: true });

describe('unbound with a stub zone', { timeout: 90_000, skip: missing('unbound') }, () => {
  let toys: Toy[];
  let daemon: Daemon;
  let overUdp: Unbound;
  let overTcp: Unbound;
  before(async () => {
    toys = await startToys(addresses);
    const files = { 'lb.site.example.zone': zone, 'lb.site.example.yaml': balance(toys[0]!.port) };
    daemon = await Daemon.start({ files, from: 'source' });
    overUdp = new Unbound(await freePort(), daemon.port, false);
    overTcp = new Unbound(await freePort(), daemon.port, true);
    for (const { port } of [overUdp, overTcp])
      await until('unbound resolves', 10_000, async () => (await resolve(port, owner)).rcode === 0);
  });
  after(async () => {
    await overUdp?.stop();
    await overTcp?.stop();
    await daemon?.close();
    await stopToys(toys ?? []);
  });

  const counters = async () => (await daemon.status()).server!.counters;

  for (const [transport, counter, other] of [
    ['UDP', 'udp-queries', 'tcp-queries'],
    ['TCP', 'tcp-queries', 'udp-queries'],
  ] as const) {
    it(`resolves through us over ${transport}`, async () => {
      const { port } = transport === 'UDP' ? overUdp : overTcp;
      const before = await counters();
      const text = await resolve(port, 'txt.lb.site.example', 16);
      assert.deepEqual([text.rcode, text.answer.map(({ data }) => data)], [0, ['"by way of unbound"']]);
      assert.equal((await resolve(port, 'none.lb.site.example')).rcode, 3);
      const nodata = await resolve(port, 'txt.lb.site.example');
      assert.deepEqual([nodata.rcode, nodata.answer.length], [0, 0]);
      const after = await counters();
      assert.ok(after[counter]! > before[counter]!);
      assert.equal(after[other], before[other]);
    });
  }

  it('gives all members while all are up', async () => {
    for (const { port } of [overUdp, overTcp]) {
      assert.deepEqual(addressesOf(await resolve(port, owner)).sort(), addresses);
    }
  });

  it('follows a failover within TTL and detection, and the return', async () => {
    const [toy] = toys as [Toy];
    await toy.behave('refusing');
    const since = performance.now();
    const without = async (port: number, what: string) => {
      await until(`${what} no longer gives ${toy.address}`, ttlMs + detectionMs, async () => {
        return !addressesOf(await resolve(port, owner)).includes(toy.address);
      });
      console.log(`${what}: without it after ${(performance.now() - since).toFixed(0)} ms`);
      assert.ok(performance.now() - since <= ttlMs + detectionMs);
    };
    await Promise.all([without(overUdp.port, 'unbound over UDP'), without(overTcp.port, 'unbound over TCP')]);
    for (const { port } of [overUdp, overTcp])
      assert.deepEqual(addressesOf(await resolve(port, owner)).sort(), addresses.slice(1));
    await toy.behave('well');
    for (const { port } of [overUdp, overTcp])
      await until('it is back', 15_000, async () => addressesOf(await resolve(port, owner)).length === 3);
  });
});
