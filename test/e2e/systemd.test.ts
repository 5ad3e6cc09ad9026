// Under systemd, which a test plays: sockets are passed, the service says how it is, and a watchdog is fed
// by queries that are really answered. The units themselves are read by systemd's own tool.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { bindUdp, closeSocket, listenTcp } from '../../src/serve/socket.ts';
import { takeSystemd } from '../../src/serve/systemd.ts';
import { root } from '../build.ts';
import { Daemon, runToEnd } from '../daemon.ts';
import { addressesOf, ask } from '../load.ts';
import { hearOnly, NotifySocket } from '../systemd.ts';
import { missing } from '../tools.ts';

const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
`;
const files = { 'site.example.zone': zone };
const folder = mkdtempSync(join(tmpdir(), 'steerdns-systemd-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('what systemd says', () => {
  const all = {
    LISTEN_PID: '7',
    LISTEN_FDS: '2',
    LISTEN_FDNAMES: 'a:b',
    NOTIFY_SOCKET: '/run/systemd/notify',
    WATCHDOG_PID: '7',
    WATCHDOG_USEC: '60000000',
  };
  it('is taken out of the environment, once', () => {
    const environment = { ...all, PATH: '/bin' };
    const said = { sockets: 2, notifyPath: '/run/systemd/notify', watchdogMs: 60_000 };
    assert.deepEqual(takeSystemd(environment, 7), said);
    assert.deepEqual(environment, { PATH: '/bin' });
    assert.deepEqual(takeSystemd(environment, 7), {
      sockets: 0,
      notifyPath: undefined,
      watchdogMs: undefined,
    });
  });
  it('is for the process that it names', () => {
    assert.deepEqual(takeSystemd({ ...all }, 8), {
      sockets: 0,
      notifyPath: '/run/systemd/notify',
      watchdogMs: undefined,
    });
  });
  it('may be nonsense, and is none then', () => {
    const odd = { LISTEN_FDS: '-1', NOTIFY_SOCKET: 'vsock:2:1', WATCHDOG_USEC: '0' };
    const nothing = { sockets: 0, notifyPath: undefined, watchdogMs: undefined };
    assert.deepEqual(takeSystemd({ ...all, ...odd }, 7), nothing);
  });
});

describe('as a service of systemd', { skip: missing('dig'), timeout: 120_000 }, () => {
  it('takes sockets, says how it is, and loses nothing while it restarts', async () => {
    const notify = new NotifySocket(join(folder, 'notify'));
    let held: number[] = [];
    const passed = (port: number): readonly number[] => {
      if (held.length === 0) held = [bindUdp('127.0.0.1', port, false).fd, listenTcp('127.0.0.1', port).fd];
      return held;
    };
    const environment = { NOTIFY_SOCKET: notify.path, WATCHDOG_USEC: '1500000' };
    const daemon = await Daemon.start({ files, passed, environment, flags: ['--workers', '2'] });
    try {
      const where = `127.0.0.1:${daemon.port}`;
      await notify.next('READY=1', 5000);
      const { server } = await daemon.status();
      assert.deepEqual(server?.listen, [where]);
      assert.ok(notify.lines.some((line) => line.startsWith(`STATUS=answering on ${where}; generation `)));
      assert.deepEqual(addressesOf(await ask(daemon.port, 'www.site.example')), ['192.0.2.1']);
      assert.equal(await digOverTcp(daemon.port), '192.0.2.1\n');
      assertKeptFrom(daemon.pid, held);

      await notify.next('WATCHDOG=1', 5000);
      hearOnly(held[0]!, 9);
      notify.hear();
      await assert.rejects(notify.next('WATCHDOG=1', 2500), 'a server that hears nobody does not live');
      hearOnly(held[0]!, undefined);
      await notify.next('WATCHDOG=1', 5000);

      assert.equal(await daemon.stop(), 0);
      await notify.next('STOPPING=1', 1000);
      const overUdp = ask(daemon.port, 'www.site.example', { timeoutMs: 20_000 });
      const overTcp = digOverTcp(daemon.port);
      daemon.launch();
      assert.deepEqual(addressesOf(await overUdp), ['192.0.2.1']);
      assert.equal(await overTcp, '192.0.2.1\n');
    } finally {
      await daemon.close();
      notify.close();
      for (const fd of held) closeSocket(fd);
    }
  });

  const refusals: readonly (readonly [
    what: string,
    fds: (port: number) => readonly number[],
    says: RegExp,
  ])[] = [
    ['a file', () => [openSync('/dev/null', 'r')], /passed descriptor 3 is no socket\n/],
    ['a socket twice', (port) => twice(bindUdp('127.0.0.1', port, false).fd), /is passed twice: all workers/],
  ];
  for (const [what, passed, says] of refusals) {
    it(`refuses ${what}, in a sentence`, async () => {
      const daemon = await Daemon.make({ files, passed });
      try {
        daemon.launch();
        assert.equal(await daemon.ended, 1);
        assert.match(daemon.log(), says);
      } finally {
        await daemon.close();
      }
    });
  }
});

async function digOverTcp(port: number): Promise<string> {
  const args = ['@127.0.0.1', '-p', String(port), '+tcp', '+short', '+tries=1', '+time=20'];
  return (await runToEnd('dig', [...args, 'www.site.example', 'A'])).stdout;
}

function twice(fd: number): readonly number[] {
  return [fd, fd];
}

/** Neither the sockets nor the environment are for children: a checking command could do harm with both. */
function assertKeptFrom(pid: number, sockets: readonly number[]): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  assert.ok(children.length > 0 && children[0] !== '');
  const inodes = sockets.map((fd) => readlinkSync(`/proc/self/fd/${fd}`));
  for (const child of children) {
    const open = readdirSync(`/proc/${child}/fd`).map((fd) => readlinkSync(`/proc/${child}/fd/${fd}`));
    assert.deepEqual(
      open.filter((one) => inodes.includes(one)),
      [],
    );
    assert.doesNotMatch(readFileSync(`/proc/${child}/environ`, 'latin1'), /LISTEN_|NOTIFY_|WATCHDOG_/);
  }
}

describe('the units', { skip: missing('systemd-analyze') }, () => {
  const units = join(root, 'packages', 'systemd');
  const verified = mkdtempSync(join(folder, 'units-'));
  const text = readFileSync(join(units, 'steerdns.service'), 'utf8');
  // systemd-analyze wants to find the program, which nobody has installed here.
  writeFileSync(join(verified, 'steerdns.service'), text.replaceAll('=steerdns ', '=/bin/true '));
  copyFileSync(join(units, 'steerdns.socket'), join(verified, 'steerdns.socket'));
  const analyze = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
    return stderr;
  };

  it('are read by systemd without a word', () => {
    const paths = readdirSync(verified).map((name) => join(verified, name));
    assert.equal(analyze('verify', '--man=no', ...paths), '');
  });

  it('leave little open to whoever breaks in', () => {
    // Of 100; what is left is the network, the capability of port 53 and code that is made while it runs.
    const path = join(verified, 'steerdns.service');
    analyze('security', '--offline=true', '--no-pager', '--threshold=25', path);
  });

  it('say what the program understands', () => {
    assert.match(text, /^ExecStart=steerdns serve$/m);
    assert.match(text, /^ExecReload=steerdns reload$/m);
    assert.doesNotMatch(text, /^MemoryDenyWriteExecute/m);
  });
});
