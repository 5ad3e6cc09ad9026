// The package as users get it: packed, installed from the tarball into an empty folder, started there and
// asked; and the same without koffi, as on a platform for which there is none.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { build, root } from '../build.ts';
import { Daemon, runToEnd } from '../daemon.ts';
import { addressesOf, ask } from '../load.ts';
import { NotifySocket } from '../systemd.ts';
import { missing } from '../tools.ts';

const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
`;

describe('the package', { timeout: 170_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'steerdns-package-'));
  let tarball: string;
  before(async () => {
    await build();
    await npm(root, 'pack', '--pack-destination', folder);
    const [name] = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
    assert.ok(name !== undefined);
    tarball = join(folder, name);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function npm(cwd: string, ...args: readonly string[]): Promise<void> {
    const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
    const { code, stdout, stderr } = await runToEnd('npm', [...args, ...quiet], { cwd });
    assert.equal(code, 0, `npm ${args.join(' ')}\n${stdout}${stderr}`);
  }

  /** Installs into an empty folder and starts it from there. */
  async function install(
    name: string,
    flags: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Daemon> {
    const empty = join(folder, name);
    mkdirSync(empty);
    writeFileSync(join(empty, 'package.json'), '{ "private": true }\n');
    await npm(empty, 'install', tarball, ...flags);
    const program = [join(empty, 'node_modules', '.bin', 'steerdns')];
    return Daemon.start({ files: { 'site.example.zone': zone }, program, environment });
  }

  it('holds what runs and nothing else', async () => {
    const { stdout } = await runToEnd('tar', ['--list', '--file', tarball]);
    const paths = stdout
      .trim()
      .split('\n')
      .map((path) => path.slice('package/'.length));
    const tops = new Set(paths.map((path) => path.split('/')[0]));
    for (const top of ['dist', 'zones', 'LICENSE', 'package.json']) assert.ok(tops.has(top), top);
    const wanted = [
      'dist/steerdns.8',
      'dist/page/index.html',
      'dist/page/main.js',
      'docs/operations.md',
      'packages/systemd/steerdns.service',
      'packages/systemd/steerdns.socket',
    ];
    for (const path of wanted) assert.ok(paths.includes(path), path);
    for (const top of ['src', 'test', 'node_modules', '.ci']) assert.ok(!tops.has(top), top);
  });

  it('is installed, answers a question, and stops', async () => {
    const daemon = await install('whole');
    try {
      assert.deepEqual(addressesOf(await ask(daemon.port, 'www.site.example')), ['192.0.2.1']);
      const version = await runToEnd(join(folder, 'whole', 'node_modules', '.bin', 'steerdns'), ['version']);
      assert.match(version.stdout, /^steerdns \d+\.\d+\.\d+/);
      assert.equal((await daemon.run('status')).code, 0);
      assert.equal(await daemon.stop(), 0);
    } finally {
      await daemon.close();
    }
  });

  it('works without koffi on node:dgram, and says so', { skip: missing('systemd-notify') }, async () => {
    const notify = new NotifySocket(join(folder, 'notify'));
    const daemon = await install('bare', ['--omit=optional'], { NOTIFY_SOCKET: notify.path });
    try {
      await notify.next('READY=1', 10_000); // by way of systemd's own command
      assert.ok(!existsSync(join(folder, 'bare', 'node_modules', 'koffi')));
      assert.deepEqual(addressesOf(await ask(daemon.port, 'www.site.example')), ['192.0.2.1']);
      const { server } = await daemon.status();
      assert.equal(server?.engine, 'dgram');
      assert.match(server?.engineReason ?? '', /koffi/);
      assert.match((await daemon.run('status')).stdout, /node:dgram.*koffi/);
    } finally {
      notify.close();
      await daemon.close();
    }
  });
});
