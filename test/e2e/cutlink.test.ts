// Links that are cut between the prober and its servers, in network namespaces of their own: when its own
// link is cut nothing is withdrawn and it says so; when some servers are cut off exactly those leave. Once
// with a canary, once without. Runs alone.
//
//   daemon  v0 10.99.0.1  ======  v1 10.99.0.11 to .14: servers, .53: the canary  (the far side)
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Status } from '../../src/control/status.ts';
import { describeAsRoot } from '../asroot.ts';
import { Daemon, runToEnd } from '../daemon.ts';
import { digThere, inOwnNetwork } from '../network.ts';
import { until } from '../until.ts';

const intervalMs = 2000;
/** Longer than the second after which the kernel asks again who has an address. */
const timeoutMs = 1500;
/** What this machine may be late, and we look. */
const slackMs = 1500;

const servers = [11, 12, 13, 14].map((last) => `10.99.0.${last}`);
const [, second, , fourth] = servers as [string, string, string, string];
const port = 8080;
const timing = `interval: ${intervalMs}ms, timeout: ${timeoutMs}ms, recheck: 500ms`;

const files = {
  'site.example.zone': `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 192.0.2.1
${servers.map((address) => `www A ${address}\n`).join('')}`,
  'site.example.yaml': `checks:
  web: { type: http, port: ${port}, ${timing}, fall: 3, rise: 2, hold-down: 0s }
balance:
  www: { check: web }
`,
};
const canary = `canaries: [{ type: tcp, address: 10.99.0.53, port: ${port}, ${timing} }]\n`;

/** A process with one web server on all addresses of a namespace that has nobody else in it yet. */
const web = `const server = require('node:http').createServer((query, response) => response.end());
server.listen(${port}, () => console.log('listens'));`;

/** Daemon and far side, each in its own network, with a link between. */
class Wire {
  readonly #far: ChildProcess;
  readonly daemon: Daemon;

  constructor(far: ChildProcess, daemon: Daemon) {
    this.#far = far;
    this.daemon = daemon;
  }

  static async make(more: Readonly<Record<string, string>>): Promise<Wire> {
    const addresses = [...servers, '10.99.0.53'].map((address) => `ip addr add ${address}/24 dev v1`);
    const prepare = ['ip link add v1 type veth peer name v0', ...addresses, 'ip link set v1 up'].join(' && ');
    const [command, ...args] = inOwnNetwork(prepare);
    const far = spawn(command!, [...args, process.execPath, '-e', web], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(far.stdout!, 'data');
    const take = `nsenter --net=/proc/${far.pid}/ns/net ip link set v0 netns $$`;
    const by = inOwnNetwork(`${take} && ip addr add 10.99.0.1/24 dev v0 && ip link set v0 up`);
    const daemon = await Daemon.make({ files: { ...files, ...more }, by });
    const wire = new Wire(far, daemon);
    try {
      daemon.launch();
      await until('all are up', 20_000, async () => (await wire.verdicts()) === 'up up up up');
    } catch (error) {
      await wire.close();
      throw error;
    }
    return wire;
  }

  async close(): Promise<void> {
    await this.daemon.close();
    this.#far.kill('SIGKILL');
  }

  /** Runs `ip` on the far side. */
  async far(...args: readonly string[]): Promise<void> {
    const { code, stderr } = await runToEnd('nsenter', [
      `--net=/proc/${this.#far.pid}/ns/net`,
      'ip',
      ...args,
    ]);
    assert.equal(code, 0, stderr);
  }

  async verdicts(): Promise<string> {
    const { members } = await this.daemon.pool('www.site.example.');
    return members.map(({ verdict }) => verdict).join(' ');
  }

  async silence(): Promise<Status['control']['silence']> {
    return (await this.daemon.status()).control.silence;
  }

  async answers(): Promise<string> {
    const said = await digThere(
      this.daemon,
      '@127.0.0.1',
      '-p',
      String(this.daemon.port),
      'www.site.example',
    );
    return said.split(' ').sort().join(' ');
  }
}

describeAsRoot(import.meta.url, 'cut links', 120_000, () => {
  for (const [name, more, said] of [
    [
      'with a canary',
      { 'steerdns.yaml': canary },
      /the prober cannot reach its canaries \(tcp .*\): .*\d verdicts? (is|are) withheld/,
    ],
    ['without a canary', {}, /no endpoint answers the prober: .*\d verdicts? (is|are) withheld/],
  ] as const) {
    let wire: Wire;
    before(async () => (wire = await Wire.make(more)));
    after(() => wire.close());

    it(`${name}: the prober's link is cut, and nothing is withdrawn`, async () => {
      await wire.far('link', 'set', 'v1', 'down');
      await until('it says so', intervalMs + timeoutMs + slackMs, () => wire.silence());
      for (const end = performance.now() + 4 * intervalMs; performance.now() < end; await pause(100)) {
        assert.equal(await wire.verdicts(), 'up up up up', wire.daemon.log());
      }
      assert.equal((await wire.silence())?.withheld, servers.length);
      assert.equal(await wire.answers(), servers.join(' '));
      const attention = (await wire.daemon.status()).attention.map(({ what }) => what).join('\n');
      assert.match(attention, said);
      assert.match(wire.daemon.log(), said);
      await wire.far('link', 'set', 'v1', 'up');
      await until('all is normal', 2 * intervalMs + slackMs, async () => {
        const { members, isSettled } = await wire.daemon.pool('www.site.example.');
        const areWell = members.every(({ verdict, last }) => verdict === 'up' && last?.outcome === 'ok');
        return areWell && isSettled && (await wire.silence()) === undefined;
      });
    });

    it(`${name}: half the servers are cut off, and exactly those leave`, async () => {
      for (const address of [second, fourth]) await wire.far('addr', 'del', `${address}/24`, 'dev', 'v1');
      await until('they are down', 20_000, async () => (await wire.verdicts()) === 'up down up down');
      assert.equal(await wire.silence(), undefined);
      await until('they are not answered', slackMs, async () => {
        return (await wire.answers()) === servers.filter((one) => one !== second && one !== fourth).join(' ');
      });
      for (const address of [second, fourth]) await wire.far('addr', 'add', `${address}/24`, 'dev', 'v1');
      await until('they are back', 20_000, async () => (await wire.verdicts()) === 'up up up up');
      assert.doesNotMatch(wire.daemon.log(), /10\.99\.0\.1[13] port 8080 is down/);
    });
  }
});
