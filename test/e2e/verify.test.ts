// `steerdns verify` against real daemons: it passes a server that gives what it should, and finds a weight
// that is changed behind the operator's back: by a hand, in a file that is not in service yet, at another
// server. What changes while it asks is said, and does not make a good server a bad one.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Report } from '../../src/cli/verify/text.ts';
import { Daemon, type Ended } from '../daemon.ts';
import { freePort } from '../ports.ts';
import { until } from '../until.ts';

const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
    A 192.0.2.2
    A 192.0.2.3
    A 192.0.2.4
six AAAA 2001:db8::1
    AAAA 2001:db8::2
own A 192.0.2.1
    A 192.0.2.2
    A 192.0.2.3
to  CNAME a.elsewhere.example.
one A 192.0.2.1
$GENERATE 1-100 big A 192.0.2.$
`;
const balance = (weights: readonly number[]): string => `balance:
  www:
    answers: 1
    members:
${weights.map((weight, i) => `      192.0.2.${i + 1}: { name: web${i + 1}, weight: ${weight} }`).join('\n')}
  six: { answers: 2 }
  own: { policy: sticky }
  big: { answers: 90 }
  to: { members: { a.elsewhere.example.: { name: a, weight: 3 }, b.elsewhere.example.: { name: b } } }
`;
const files = (weights: readonly number[], more = '') => ({
  'site.example.zone': zone,
  'site.example.yaml': balance(weights),
  'steerdns.yaml': `client-subnet: on\n${more}`,
});

type Printed = Report & { readonly ok: boolean };

function read({ code, stdout, stderr }: Ended): Printed {
  assert.equal(stderr, '');
  const report = JSON.parse(stdout) as Printed;
  assert.equal(report.ok, code === 0);
  return report;
}

const verdicts = ({ rows }: Printed) => rows.map(({ member, verdict }) => `${member} ${verdict}`);

describe('verify', { timeout: 120_000 }, () => {
  let daemon: Daemon;
  let other: Daemon;
  before(async () => {
    daemon = await Daemon.start({ files: files([3, 2, 1, 1]), flags: ['--workers', '2'] });
    // The loopback is not exempt there: 200 responses a second to whoever has no cookie.
    other = await Daemon.start({ files: files([2, 2, 1, 1], 'rate-limit: { exempt: [] }\n') });
  });
  after(async () => {
    await daemon?.close();
    await other?.close();
  });

  it('passes 3:2:1:1', async () => {
    const { code, stdout, stderr } = await daemon.run('verify', 'www.site.example');
    assert.deepEqual([code, stderr], [0, ''], stdout);
    assert.match(
      stdout,
      /^www\.site\.example A at 127\.0\.0\.1:\d+ against what the daemon publishes: 10,000$/m,
    );
    assert.match(stdout, /^ {2}web1 +192\.0\.2\.1 +42\.9% +4[23]\.\d% +40\.8-4[45]\.\d% +ok$/m);
    assert.match(stdout, /^good: 4 shares inside their intervals/m);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
    console.log(stdout);
  });

  it('finds the weight that another server has, whatever its rate limit is', async () => {
    const server = `127.0.0.1#${other.port}`;
    const ended = await daemon.run('verify', 'www.site.example', '--server', server, '--json');
    const report = read(ended);
    assert.deepEqual([report.ok, report.answered, report.wrong], [false, 10_000, {}]);
    assert.deepEqual(verdicts(report).slice(0, 2), ['web1 too little', 'web2 too much']);
    const files = `${daemon.folder}/zones`;
    const there = ['--server', `@${server}`, '--config', files, '--control', '/nowhere/control.sock'];
    const alone = await daemon.program('verify', 'www.site.example', '--json', ...there);
    assert.deepEqual(verdicts(read(alone)).slice(0, 2), ['web1 too little', 'web2 too much']);
    assert.match(read(alone).notes.join(), /no daemon says who is up/);
  });

  it('finds what a hand has changed, and a file that is not in service yet', async () => {
    const against = ['verify', 'www.site.example', '--json', '--config', `${daemon.folder}/zones`];
    assert.equal(read(await daemon.run(...(against as [string]))).ok, true);
    assert.equal((await daemon.run('weight', 'web1@www.site.example', '1')).code, 0);
    const held = read(await daemon.run(...(against as [string])));
    assert.deepEqual(verdicts(held)[0], 'web1 too little');
    assert.match(held.notes.join(), /a hand is on web1/);
    assert.equal(read(await daemon.run('verify', 'www.site.example', '--json')).ok, true);
    assert.equal((await daemon.run('release', 'web1@www.site.example')).code, 0);
    daemon.write('site.example.yaml', balance([3, 3, 1, 1]));
    assert.deepEqual(verdicts(read(await daemon.run(...(against as [string]))))[1], 'web2 too little');
    await daemon.reload();
    assert.equal(read(await daemon.run(...(against as [string]))).ok, true);
  });

  it('says that a member went away in the middle, and goes on', async () => {
    const asked = async () => (await daemon.status()).server!.counters['udp-queries']!;
    const before = await asked();
    const running = daemon.run('verify', 'www.site.example', '--json', '--queries', '40000');
    await until('it asks', 30_000, async () => (await asked()) > before + 2000);
    assert.equal((await daemon.run('down', 'web3@www.site.example')).code, 0);
    const report = read(await running);
    assert.deepEqual([report.ok, report.answered], [true, 40_000]);
    assert.equal(report.changes.length, 1);
    assert.match(report.changes[0]!.what.join(), /^web1 37\.5% -> 42\.9% .*web3 12\.5% -> 0\.0% \(.*down/);
    const { wanted, given } = report.rows[2]!;
    assert.ok(wanted > 0 && wanted < 0.125 && Math.abs(wanted - given) < 0.01, `${wanted} ${given}`);
    await daemon.run('release', 'web3@www.site.example');
  });

  it('verifies AAAA, targets of a CNAME, and what is kept by each client', async () => {
    const verify = async (...args: readonly string[]) =>
      read(await daemon.run('verify', ...args, '--queries', '3000', '--json'));
    assert.deepEqual(verdicts(await verify('six.site.example', 'AAAA')), [
      '2001:db8::1 ok',
      '2001:db8::2 ok',
    ]);
    const alias = await verify('to.site.example');
    assert.deepEqual(
      [alias.ok, alias.type, alias.rows.map(({ wanted }) => wanted)],
      [true, 'CNAME', [0.75, 0.25]],
    );
    // 90 addresses are more than 1232 octets: they come over TCP.
    const big = read(await daemon.run('verify', 'big.site.example', '--queries', '200', '--json'));
    assert.deepEqual([big.ok, big.wrong, big.rows.length], [true, {}, 100]);
    const own = await verify('own.site.example');
    assert.equal(own.ok, true);
    assert.match(own.notes.join(), /random network/);
    assert.ok(own.rows.every(({ given }) => Math.abs(given - 1 / 3) < 0.05));
    const one = await verify('own.site.example', '--from', '198.51.100.7');
    assert.deepEqual(one.rows.map(({ given }) => given).sort(), [0, 0, 1]);
    assert.equal(one.ok, true);
  });

  it('compares what this machine is given, where the server does not look at subnets', async () => {
    daemon.write('steerdns.yaml', 'client-subnet: off\n');
    assert.equal((await daemon.reload()).ok, true);
    const report = read(await daemon.run('verify', 'own.site.example', '--queries', '500', '--json'));
    assert.deepEqual([report.ok, report.rows.map(({ given }) => given).sort()], [true, [0, 0, 1]]);
    assert.match(report.notes.join(), /this is what 127\.0\.0\.1 is given, and no other/);
    const refused = await daemon.run('verify', 'own.site.example', '--from', '198.51.100.7');
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /^steerdns: the server does not look at client subnets \(.*\)\n$/);
  });

  it('says in a line why there is nothing to compare', async () => {
    const cases: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
      [['one.site.example'], 1, /one\.site\.example A is not balanced here/],
      [['www.site.example', 'MX'], 2, /of type A, AAAA, CNAME, not MX/],
      [['www.site.example', '--queries', '0'], 2, /--queries is a number from 1/],
      [['www.site.example', '--server', 'ns1.example'], 2, /--server is an address/],
      [['www.site.example', '--from', 'home'], 2, /--from is an IPv4 or IPv6 address/],
      [['www.site.example', '--server', `127.0.0.1#${await freePort()}`], 1, /nobody listens on 127/],
      [['wwww.site.example', '--config', `${daemon.folder}/zones`], 1, /did you mean "www\.site\.example"/],
    ];
    for (const [args, expected, says] of cases) {
      const { code, stdout, stderr } = await daemon.run('verify', ...args);
      assert.deepEqual([code, stdout], [expected, ''], args.join(' '));
      assert.match(stderr, says);
      assert.match(stderr, /^steerdns: [^\n]*\n$/);
    }
  });
});
