// The operator's hand on a live server: what is drained is in no answer, a planned drain is counted down as a
// resolver sees it, and restarts, reloads and time do what they say.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { HandReport } from '../../src/control/handreport.ts';
import { Daemon } from '../daemon.ts';
import { addressesOf, ask, askMany, readAddresses } from '../load.ts';
import { freePort } from '../ports.ts';
import { until } from '../until.ts';

const zone = (addresses: readonly number[], serial = 1) => `$TTL 4
@ SOA ns1 hostmaster ${serial} 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
${addresses.map((last) => `www A 192.0.2.${last}`).join('\n')}
pair A 192.0.2.7
pair A 192.0.2.8
late A 192.0.2.9
late A 192.0.2.10
real A 127.0.0.1
real A 192.0.2.11
`;
const balance = (port: number) => `checks:
  web: { type: tcp, port: ${port}, interval: 200ms, timeout: 100ms, fall: 1 }
balance:
  www:
    answers: 1
    members:
      192.0.2.1: { name: web1, weight: 3, labels: [canary] }
      192.0.2.2: { name: web2, weight: 2, group: rack2 }
      192.0.2.3: { name: web3 }
  pair:
  late: { answers: 1, members: { 192.0.2.9: { name: late1 }, 192.0.2.10: { name: late2 } } }
  real: { members: { 127.0.0.1: { name: gone, check: web }, 192.0.2.11: { name: there } } }
`;

describe("the operator's hand", { timeout: 90_000 }, () => {
  let daemon: Daemon;
  before(async () => {
    const port = await freePort();
    const files = { 'site.example.zone': zone([1, 2, 3]), 'site.example.yaml': balance(port) };
    daemon = await Daemon.start({ files });
  });
  after(() => daemon?.close());

  /** Runs a verb that must be done, and gives its report. */
  const done = async (verb: string, ...args: readonly string[]): Promise<HandReport> => {
    const { code, stdout, stderr } = await daemon.run(verb, ...args, '--json');
    assert.deepEqual([code, stderr], [0, ''], stdout);
    return JSON.parse(stdout) as HandReport;
  };
  const refused = async (verb: string, ...args: readonly string[]) => {
    const { code, stdout, stderr } = await daemon.run(verb, ...args);
    assert.equal(stdout, '');
    return `${code} ${stderr}`;
  };
  /** How often each of 192.0.2.1 to 3 is in 600 answers for www, by its last octet. */
  const counts = async () => {
    const given: Record<string, number> = {};
    const onResponse = (octets: Uint8Array) => {
      for (const address of readAddresses(octets)) {
        const last = address.split('.')[3]!;
        given[last] = (given[last] ?? 0) + 1;
      }
    };
    const load = { port: daemon.port, name: 'www.site.example', rate: 2000, count: 600, onResponse };
    assert.equal((await askMany(load)).unanswered, 0);
    return given;
  };
  const near = (value: number | undefined, wanted: number) =>
    assert.ok(Math.abs((value ?? 0) - wanted) <= 12, `${value}, not ${wanted}`);

  it('drains: from the next answer on nobody is sent there, and the rest keep their ratio', async () => {
    const before = Date.now();
    const { goneAt, matched, notKept } = await done('drain', 'web2', '--reason', 'new kernel');
    const given = await counts();
    assert.equal(given[2], undefined);
    near(given[1], 450);
    near(given[3], 150);
    assert.deepEqual(matched, [{ owner: 'www.site.example.', member: 'web2' }]);
    assert.equal(notKept, undefined);
    assert.ok(goneAt! > before + 4000 && goneAt! <= Date.now() + 4000); // the TTL was 4 seconds
    const member = await daemon.member('www.site.example.', '192.0.2.2');
    assert.match(member.why, /^drained by .*: new kernel$/);
    assert.deepEqual([member.verdict, member.goneAt], ['unchecked', goneAt]);
    const text = (await daemon.run('status')).stdout;
    assert.match(text, /drained by .*: new kernel\n +last cached answer gone (at|since) /);
  });

  it('stays over a restart, of control alone too', async () => {
    const { pid } = (await daemon.status()).control;
    process.kill(pid, 'SIGKILL');
    await until('another control process', 20_000, async () => (await daemon.status()).control.pid !== pid);
    await until('it has loaded', 10_000, async () => (await daemon.status()).control.loadedAt);
    assert.equal((await counts())[2], undefined);
    await daemon.stop();
    daemon.launch();
    await daemon.answering();
    assert.equal((await counts())[2], undefined);
    assert.match((await daemon.member('www.site.example.', '192.0.2.2')).why, /new kernel$/);
  });

  it('stays over a reload; without its member it waits, and says so', async () => {
    daemon.write('site.example.zone', zone([1, 3], 2));
    daemon.write('site.example.yaml', balance(1).replace(/ {6}192.0.2.2:.*\n/, ''));
    assert.ok((await daemon.reload()).ok);
    const text = (await daemon.run('status')).stdout.replace(/\n +/g, ' ');
    assert.match(text, /there is no web2@www\.site\.example any more/);
    daemon.write('site.example.zone', zone([1, 2, 3], 3));
    daemon.write('site.example.yaml', balance(1));
    assert.ok((await daemon.reload()).ok);
    const given = await counts();
    assert.equal(given[2], undefined);
    near(given[1], 450);
  });

  it('is lifted by undrain, a release lifts the rest', async () => {
    await done('weight', 'label=canary', '1');
    const { lifted } = await done('undrain', 'web2@www.site.example');
    assert.deepEqual(
      lifted.map(({ member, hand }) => [member, hand.state]),
      [['web2', 'drain']],
    );
    near((await counts())[2], 300);
    await done('release', 'www.site.example');
    near((await counts())[1], 300);
    assert.match(await refused('release', 'www.site.example'), /^1 .*nothing that matches has a hand on it/);
    assert.deepEqual((await daemon.status()).hands, []);
  });

  it('ends by itself', async () => {
    await done('down', 'group=rack2', '--for', '1.5s');
    assert.equal((await counts())[2], undefined);
    await until('web2 is back', 5000, async () => (await counts())[2]);
    assert.match(daemon.log(), /"over: web2@www\.site\.example down by /);
  });

  it('counts a planned drain down: no answer lives past its time, as a resolver sees it', async () => {
    const at = Date.now() + 7000;
    await done(
      'drain',
      'late1',
      '--at',
      new Date(Math.ceil(at / 1000) * 1000).toISOString().replace('.000', ''),
    );
    const begin = Math.ceil(at / 1000) * 1000;
    const ttls = new Set<number>();
    const others = new Set<number>();
    while (Date.now() < begin + 500) {
      const askedAt = Date.now();
      const { answer } = await ask(daemon.port, 'late.site.example');
      const isLeaving = answer[0]!.data === '192.0.2.9';
      const { ttl } = answer[0]!;
      if (!isLeaving) others.add(ttl);
      else {
        assert.ok(askedAt < begin + 100, 'given after its time');
        assert.ok(ttl <= 4 && Date.now() + ttl * 1000 <= begin + 1000, `TTL ${ttl} at ${begin - askedAt} ms`);
        ttls.add(ttl);
      }
      await pause(20);
    }
    const seen = [...ttls];
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => b - a),
    ); // it only shrinks
    assert.ok(seen[0] === 4 && seen.length >= 4, `TTLs ${seen}`);
    assert.deepEqual([...others], [4]);
    await done('release', 'late.site.example');
  });

  it('puts up what is down, and shows both', async () => {
    await until(
      'gone is down',
      5000,
      async () => (await daemon.member('real.site.example.', '127.0.0.1')).verdict === 'down',
    );
    const { overruled } = await done('up', 'gone', '--reason', 'the check is wrong');
    assert.deepEqual(
      overruled.map(({ target, reason }) => [target.member, /refused/.test(reason)]),
      [['gone', true]],
    );
    assert.equal(addressesOf(await ask(daemon.port, 'real.site.example')).length, 2);
    const { stdout } = await daemon.run('status');
    assert.match(stdout, /gone +127\.0\.0\.1 +down .*50\.0%/);
    await done('release', 'gone');
  });

  it('refuses what leaves a pool without a member, and does it when it is forced', async () => {
    const pair = await refused('down', 'pair.site.example');
    assert.match(
      pair,
      /^1 steerdns: pair\.site\.example A would be left without a member \(answered NODATA\)/,
    );
    assert.match(pair, /\(with --force it is done all the same\)\n$/);
    assert.equal(addressesOf(await ask(daemon.port, 'pair.site.example')).length, 2);
    await done('down', 'pair.site.example', '--force');
    assert.deepEqual(addressesOf(await ask(daemon.port, 'pair.site.example')), []);
    await done('release', '192.0.2.7');
    assert.deepEqual(addressesOf(await ask(daemon.port, 'pair.site.example')), ['192.0.2.7']);
    await done('release', '*@pair*');
    await done('drain', 'late1', '--at', '+1h');
    const later =
      /^1 .*late\.site\.example A would be left without a member at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \(/;
    assert.match(await refused('drain', 'late2'), later);
    await done('drain', 'late2', '--for', '59m');
    await done('release', '*@late*');
  });

  it('refuses what it does not understand, with a suggestion', async () => {
    assert.match(await refused('drain', 'wbe1'), /^1 .*nothing matches "wbe1" \(did you mean "web1"\?\)/);
    assert.match(await refused('drain', 'web1', '--for', 'ever'), /^2 .*no duration/);
    assert.match(await refused('weight', 'web1', 'much'), /^2 .*the weight is "much"/);
    assert.match(await refused('weight', 'web1'), /^2 .*too few arguments, expected SELECTOR\.\.\. WEIGHT/);
    assert.match(await refused('undrain', 'web1', '--for', '1h'), /^2 .*unknown flag --for/);
  });

  it('says when it cannot be kept', async () => {
    const inTheWay = join(daemon.stateDir, 'hands.json.new');
    mkdirSync(inTheWay);
    const { code, stdout, stderr } = await daemon.run('drain', 'web3');
    assert.equal(code, 1);
    assert.match(stdout, /^www\.site\.example: web3: drained by /);
    assert.match(stderr, /in service, but a restart forgets it: .*EISDIR/);
    assert.equal((await counts())[3], undefined);
    await until('status says so', 5000, async () => (await daemon.status()).control.keeping !== undefined);
    rmSync(inTheWay, { recursive: true });
    await until('it is kept', 10_000, async () => (await daemon.status()).control.keeping === undefined);
  });
});
