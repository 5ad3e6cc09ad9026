// Ports below 1024 and the user: `--user` gives root up in every thread of both processes and keeps the ports
// also for threads that come later; without root a capability or a setting of the kernel is enough.
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { it } from 'node:test';
import { describeAsRoot } from '../asroot.ts';
import { Daemon, type DaemonOptions } from '../daemon.ts';
import { digThere, inOwnNetwork, ownNetwork } from '../network.ts';
import { Programs } from '../portable.ts';
import { types } from '../rows.ts';
import { until } from '../until.ts';
import { decode, encode } from '../wire.ts';

const files = {
  'site.example.zone': `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
`,
};
const nobody = 65_534;
const asNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
const onPort53 = ['--listen', '127.0.0.1:53', '--listen', '[::1]:53'];

/** A network where ports from `port` on need no right. */
const unprivileged = (port: number): readonly string[] =>
  inOwnNetwork(`echo ${port} > /proc/sys/net/ipv4/ip_unprivileged_port_start`);
/** The program, with a stream thread that ends on SIGUSR2 as if it had died of a mistake of ours. */
const mortal = `import { Server } from './dist/serve/server.js';
const start = Server.start;
Server.start = async (options) => {
  const server = await start.call(Server, options);
  process.on('SIGUSR2', () => server.threads.find(({ name }) => name === 'stream').replace());
  return server;
};
await import('./dist/main.js');
`;

describeAsRoot(import.meta.url, 'privileges', 170_000, () => {
  const programs = new Programs();

  const make = async (options: Partial<DaemonOptions>): Promise<Daemon> => {
    const daemon = await Daemon.make({ files, listen: 'yaml', program: programs.whole.program, ...options });
    programs.daemons.push(daemon);
    chmodSync(daemon.folder, 0o755);
    return daemon;
  };

  const dig = (daemon: Daemon, ...args: readonly string[]): Promise<string> =>
    digThere(daemon, 'www.site.example', ...args);

  const answersOnPort53 = async (daemon: Daemon): Promise<void> => {
    for (const address of ['127.0.0.1', '::1'])
      for (const how of ['+notcp', '+tcp'])
        assert.equal(
          await dig(daemon, `@${address}`, how),
          '192.0.2.1',
          `${address} ${how}\n${daemon.log()}`,
        );
  };

  const engines = [
    ['batch', () => programs.whole],
    ['dgram', () => programs.whole],
    ['dgram', () => programs.bare],
  ] as const;
  for (const [engine, from] of engines) {
    const name = engines.findIndex((one) => one[1] === from) === 2 ? 'no libc' : engine;
    it(`--user gives root up in all threads of both processes (${name})`, async () => {
      const flags = ['--user', 'nobody', '--engine', engine, ...onPort53];
      const daemon = await make({ by: ownNetwork, program: from().program, flags });
      daemon.launch();
      const { control } = await daemon.answering();
      await answersOnPort53(daemon);
      for (const pid of [daemon.pid, control.pid]) checkIsNobody(pid);
      for (const folder of ['state', 'run']) {
        assert.equal(statSync(join(daemon.folder, folder)).uid, nobody);
      }
      assert.doesNotMatch(daemon.log(), /stays root/);
      // A control process that comes later is nobody too, and finds what it needs.
      process.kill(control.pid, 'SIGKILL');
      const next = await until('there is a new control process', 20_000, async () => {
        const { pid } = (await daemon.status()).control;
        return pid !== control.pid && pid;
      });
      checkIsNobody(next);
      assert.ok((await daemon.reload()).ok);
      // What was kept is read again by the next start.
      assert.equal(await daemon.stop(), 0);
      daemon.launch();
      await daemon.answering();
      await answersOnPort53(daemon);
    });
  }

  it('a stream thread that dies without root loses neither the port nor who waits there', async () => {
    const main = join(programs.whole.folder, 'mortal.mjs');
    writeFileSync(main, mortal);
    const program = [process.execPath, main];
    const daemon = await make({ by: ownNetwork, program, flags: ['--user', 'nobody', ...onPort53] });
    daemon.launch();
    await daemon.answering();
    for (let death = 1; death <= 3; death++) {
      process.kill(daemon.pid, 'SIGUSR2');
      assert.equal(await dig(daemon, '@127.0.0.1', '+tcp'), '192.0.2.1', daemon.log());
      await until('it was replaced', 10_000, async () => {
        const stream = (await daemon.status()).server!.workers.find(({ name }) => name === 'stream')!;
        return stream.restarts === death && stream.alive;
      });
    }
    await answersOnPort53(daemon);
  });

  it('a directory of root with what is not ours in it is not given away', async () => {
    const daemon = await make({ flags: ['--user', 'nobody'] });
    writeFileSync(join(daemon.stateDir, 'payroll'), '');
    daemon.launch();
    assert.equal(await daemon.ended, 1);
    assert.match(daemon.log(), /state is root's and holds payroll, which is not ours to give to nobody/);
    assert.equal(statSync(daemon.stateDir).uid, 0);
  });

  it('a folder that the user cannot get into is refused at the start, not found out later', async () => {
    const daemon = await make({ flags: ['--user', 'nobody'] });
    const above = join(daemon.stateDir, '..', 'closed');
    mkdirSync(above, { mode: 0o700 });
    const closed = await make({ flags: ['--user', 'nobody', '--state', join(above, 'state')] });
    closed.launch();
    assert.equal(await closed.ended, 1);
    assert.match(closed.log(), /closed\/state cannot be reached by nobody: a folder above it is closed/);
  });

  it('what a server of root has left is given to the user, and no link is followed', async () => {
    const daemon = await make({
      flags: ['--user', `${nobody}:${nobody}`, '--listen', '127.0.0.1:53'],
      by: ownNetwork,
    });
    const secret = join(daemon.folder, 'secret');
    writeFileSync(secret, '');
    mkdirSync(join(daemon.stateDir, 'tables'));
    writeFileSync(join(daemon.stateDir, 'tables', 'old'), '');
    symlinkSync(secret, join(daemon.stateDir, 'tables', 'link'));
    symlinkSync(daemon.folder, join(daemon.stateDir, 'accepted'));
    symlinkSync(secret, join(daemon.folder, 'run', 'server.json.new'));
    daemon.launch();
    await daemon.answering();
    assert.equal(statSync(secret).uid, 0);
    assert.equal(readFileSync(secret, 'utf8'), '');
    assert.equal(statSync(daemon.folder).uid, 0);
    assert.equal(statSync(join(daemon.stateDir, 'tables')).uid, nobody);
  });

  it('root without --user is told so', async () => {
    const daemon = await make({ by: ownNetwork, flags: onPort53 });
    daemon.launch();
    await daemon.answering();
    assert.match(daemon.log(), /runs as root and stays root: say --user NAME/);
  });

  it('whoever is not root cannot become anybody, and is told so', async () => {
    const daemon = await make({ by: asNobody, flags: ['--user', 'nobody'] });
    daemon.launch();
    assert.equal(await daemon.ended, 2);
    assert.match(daemon.log(), /--user nobody: only root can become another user/);
  });

  const capability = ['--inh-caps=+net_bind_service', '--ambient-caps=+net_bind_service'];
  for (const [what, by] of [
    ['CAP_NET_BIND_SERVICE', [...ownNetwork, ...asNobody, ...capability]],
    ['ip_unprivileged_port_start', [...unprivileged(53), ...asNobody]],
  ] as const) {
    it(`port 53 needs no root where there is ${what}`, async () => {
      const daemon = await make({ by, flags: onPort53 });
      for (const folder of ['state', 'run']) chownSync(join(daemon.folder, folder), nobody, nobody);
      daemon.launch();
      const { control } = await daemon.answering();
      await answersOnPort53(daemon);
      for (const pid of [daemon.pid, control.pid]) checkIsNobody(pid);
    });
  }

  it('without any of them the fault says what would help', async () => {
    const daemon = await make({ by: [...unprivileged(1024), ...asNobody], flags: onPort53 });
    for (const folder of ['state', 'run']) chownSync(join(daemon.folder, folder), nobody, nobody);
    daemon.launch();
    assert.equal(await daemon.ended, 1);
    assert.match(
      daemon.log(),
      /cannot listen: bind 127.0.0.1:53: EACCES \(.*CAP_NET_BIND_SERVICE.*ip_unprivileged_port_start\)/,
    );
  });

  it('connections that come before the start is over wait, and are answered', async () => {
    const daemon = await Daemon.make({ files, program: programs.whole.program });
    programs.daemons.push(daemon);
    daemon.launch();
    const socket = await until('the port is open', 20_000, () => tryConnect(daemon.port));
    const answer = new Promise<Buffer>((resolve, reject) => {
      socket.once('data', resolve);
      socket.once('close', () => reject(new Error('closed without an answer')));
    });
    const query = encode({ id: 1, name: 'www.site.example.', type: types.A! });
    socket.write(Buffer.concat([Uint8Array.of(0, query.length), query]));
    assert.equal(decode(new Uint8Array((await answer).subarray(2))).answer.length, 1);
    socket.destroy();
  });
});

/** Every thread of the process is nobody: real, effective, saved and file system ids, and no group beside. */
function checkIsNobody(pid: number): void {
  const tasks = readdirSync(`/proc/${pid}/task`);
  assert.ok(tasks.length > 4, `${tasks.length} threads`);
  for (const task of tasks) {
    const text = readFileSync(`/proc/${pid}/task/${task}/status`, 'latin1');
    const value = (key: string): string => new RegExp(`^${key}:[\\t ]*(.*?)[\\t ]*$`, 'm').exec(text)![1]!;
    const all = [nobody, nobody, nobody, nobody].join('\t');
    assert.deepEqual([value('Uid'), value('Gid')], [all, all], `thread ${task} of ${pid}`);
    assert.ok(['', String(nobody)].includes(value('Groups')), value('Groups'));
  }
}

function tryConnect(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
