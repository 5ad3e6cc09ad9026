// Addresses that are not there: one that an interface is given later, interfaces that come later behind a
// wildcard, and a kernel without IPv6. Each daemon has a network of its own.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, it } from 'node:test';
import { describeAsRoot } from '../asroot.ts';
import { Daemon } from '../daemon.ts';
import { digThere, ownNetwork, runThere } from '../network.ts';
import { type Portable, Programs } from '../portable.ts';
import { until } from '../until.ts';

const files = {
  'site.example.zone': `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
`,
};
const later = ['192.0.2.53', '2001:db8::53'];

/**
 * Runs its arguments with a filter of system calls that refuses sockets of AF_INET6 with EAFNOSUPPORT, as a
 * kernel without IPv6 does: ld nr; jeq socket; ld domain; jeq 10; allow; errno 97.
 */
const withoutIpv6 = `import koffi from 'koffi';
const c = koffi.load(null);
const prctl = c.func('int prctl(int, uint64_t, uint64_t, uint64_t, uint64_t)');
const socket = process.arch === 'x64' ? 41 : 198;
const rows = [[0x20, 0, 0, 0], [0x15, 0, 2, socket], [0x20, 0, 0, 16], [0x15, 1, 0, 10],
  [0x06, 0, 0, 0x7fff0000], [0x06, 0, 0, 0x00050000 | 97]];
const filter = new DataView(new ArrayBuffer(rows.length * 8));
rows.forEach(([code, yes, no, k], i) => {
  filter.setUint16(i * 8, code, true);
  filter.setUint8(i * 8 + 2, yes);
  filter.setUint8(i * 8 + 3, no);
  filter.setUint32(i * 8 + 4, k, true);
});
const program = new BigUint64Array([BigInt(rows.length), koffi.address(filter.buffer)]);
if (prctl(38, 1, 0, 0, 0) !== 0) throw new Error('no_new_privs');
if (prctl(22, 2, koffi.address(program.buffer), 0, 0) !== 0) throw new Error('seccomp');
// Node has its standard streams closed when another program is started.
const fcntl = c.func('int fcntl(int, int, ...)');
for (const fd of [0, 1, 2]) fcntl(fd, 2, 'int', 0);
const args = process.argv.slice(2);
c.func('int execv(const char *, const char **)')(args[0], [...args, null]);
throw new Error('execv');
`;

describeAsRoot(import.meta.url, 'addresses that are not there', 170_000, () => {
  const programs = new Programs();
  before(() => writeFileSync(join(programs.whole.folder, 'without-ipv6.mjs'), withoutIpv6));

  const launch = async (
    flags: readonly string[],
    from: Portable,
    by: readonly string[] = ownNetwork,
  ): Promise<Daemon> => {
    const daemon = await Daemon.make({ files, listen: 'yaml', program: from.program, by, flags });
    programs.daemons.push(daemon);
    daemon.launch();
    return daemon;
  };
  const dig = (daemon: Daemon, address: string, how: '+tcp' | '+notcp'): Promise<string> =>
    digThere(daemon, 'www.site.example', `@${address}`, how);
  const add = (daemon: Daemon, address: string): Promise<string> => {
    const how = address.includes(':') ? ['/128', 'nodad'] : ['/32'];
    return runThere(daemon, 'ip', 'address', 'add', `${address}${how[0]}`, 'dev', 'lo', ...how.slice(1));
  };
  const answersOn = (daemon: Daemon, address: string): Promise<true> =>
    until(`${address} answers\n${daemon.log()}`, 20_000, async () => {
      const udp = await dig(daemon, address, '+notcp');
      const tcp = await dig(daemon, address, '+tcp');
      return udp === '192.0.2.1' && tcp === udp;
    });

  for (const [name, engine] of [
    ['with libc', 'batch'],
    ['with libc', 'dgram'],
    ['without libc', 'dgram'],
  ] as const) {
    it(`an address that comes later is answered on from then on (${engine}, ${name})`, async () => {
      const flags = ['--engine', engine, '--listen', '127.0.0.1:53'];
      for (const address of later)
        flags.push('--listen', address.includes(':') ? `[${address}]:53` : address);
      const daemon = await launch(flags, name === 'with libc' ? programs.whole : programs.bare);
      const { attention } = await daemon.answering();
      await answersOn(daemon, '127.0.0.1');
      for (const where of ['192.0.2.53:53', '[2001:db8::53]:53']) {
        const said =
          name === 'with libc' ? `no interface has the address of ${where}` : `not listening on ${where}`;
        assert.ok(daemon.log().includes(said), daemon.log());
        assert.ok(attention.some(({ what }) => what === `no interface has the address of ${where}`));
      }
      for (const address of later) {
        assert.equal(await dig(daemon, address, '+notcp'), '');
        await add(daemon, address);
        await answersOn(daemon, address);
      }
      const now = (await daemon.status()).attention;
      assert.ok(!now.some(({ what }) => what.startsWith('no interface')));
    });
  }

  it('a wildcard stands for interfaces that come later, also with node:dgram', async () => {
    const daemon = await launch(
      ['--engine', 'dgram', '--listen', '0.0.0.0:53', '--listen', '[::]:53'],
      programs.whole,
    );
    await daemon.answering();
    await answersOn(daemon, '127.0.0.1');
    for (const address of later) {
      await add(daemon, address);
      await answersOn(daemon, address);
    }
  });

  for (const [name, from] of [
    ['with libc', () => programs.whole],
    ['without libc', () => programs.bare],
  ] as const) {
    const filtered = (): string[] => [
      ...ownNetwork,
      process.execPath,
      join(programs.whole.folder, 'without-ipv6.mjs'),
    ];

    it(`on a kernel without IPv6 the default still starts (${name})`, async () => {
      const daemon = await launch([], from(), filtered());
      await daemon.answering();
      await answersOn(daemon, '127.0.0.1');
      assert.match(daemon.log(), /not listening on \[::\]:53/);
      // The next start knows where to listen before control says so, and that nobody has asked for it.
      assert.equal(await daemon.stop(), 0);
      daemon.launch();
      await daemon.answering();
      assert.equal(await daemon.stop(), 0);
    });

    it(`and an address that was named is a fault there (${name})`, async () => {
      const daemon = await launch(['--listen', '[::]:53'], from(), filtered());
      assert.equal(await daemon.ended, 1);
      assert.match(
        daemon.log(),
        /cannot listen: .*EAFNOSUPPORT.*this kernel has no IPv6: leave the address out/,
      );
    });
  }
});
