// zones, zone, pools and stop against a real daemon: what they say is what is in service, and what is stopped
// is gone when the command is back.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon, type Ended } from '../daemon.ts';
import { ask } from '../load.ts';
import { freePort } from '../ports.ts';

const zone = (serial: number, more = '') => `$TTL 300
@ SOA ns1 hostmaster ${serial} 1h 15m 1w 5m
  NS ns1
ns1 A 192.0.2.1
www A 192.0.2.2
    A 192.0.2.3
_443._tcp TLSA 3 1 1 ${'0b'.repeat(32)}
a.b.c TXT "a \\"quoted\\" text" x
* MX 10 mail.elsewhere.example.
odd TYPE65534 \\# 2 abcd
${more}`;
const files = {
  'site.example.zone': zone(1),
  'site.example.yaml': 'balance:\n  www: {}\n',
  'other.example.zone': '$TTL 30\n@ SOA ns1 mail 5 1h 15m 1w 30\n@ NS ns1\nns1 A 192.0.2.1\n',
};

describe('what is in service', { timeout: 90_000 }, () => {
  let daemon: Daemon;
  before(async () => {
    daemon = await Daemon.start({ files });
  });
  after(() => daemon?.close());

  const json = async (verb: string, ...args: string[]) => {
    const { code, stdout, stderr } = await daemon.run(verb, ...args, '--json');
    assert.deepEqual([code, stderr], [0, '']);
    return JSON.parse(stdout);
  };

  it('is listed, with the generation since which it is so', async () => {
    daemon.write('site.example.zone', zone(2, 'new A 192.0.2.9\n'));
    assert.equal((await daemon.reload()).ok, true);
    const { zones } = await json('zones');
    const rows = zones.map((one: Record<string, unknown>) => [
      one.origin,
      one.serial,
      one.records,
      one.balanced,
    ]);
    assert.deepEqual(rows, [
      ['other.example.', 5, 3, []],
      ['site.example.', 2, 10, ['www.site.example.']],
    ]);
    const [other, site] = zones;
    assert.ok(site.generation > other.generation && site.since > other.since);
    assert.match(site.file, /site\.example\.zone$/);
    assert.match(
      (await daemon.run('zones')).stdout,
      /^ {2}site\.example\. +2 +10 +\d+ +1 +\d+ {2}\d+ s ago$/m,
    );
    const { pools } = await json('pools');
    assert.deepEqual([pools.length, pools[0].owner, pools[0].members.length], [1, 'www.site.example.', 2]);
    assert.equal((await json('zone', 'SITE.example')).serial, 2);
    assert.match((await daemon.run('zone', 'site.example')).stdout, /^serial {5}2$/m);
  });

  it('is printed as check prints the files', async () => {
    const printed = await daemon.run('zone', 'site.example', '--records');
    const checked = await daemon.program('check', `${daemon.folder}/zones`, 'site.example', '--print');
    assert.deepEqual([printed.code, printed.stderr, printed.stdout], [0, '', checked.stdout]);
    const { records } = await json('zone', 'site.example', '--records');
    assert.deepEqual(records, checked.stdout.trimEnd().split('\n'));
  });

  it('has no other zones', async () => {
    const { code, stdout, stderr } = await daemon.run('zone', 'site.exmaple');
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(
      stderr,
      'steerdns: there is no zone site.exmaple. in service (did you mean "site.example."?)\n',
    );
  });
});

describe('stop', { timeout: 60_000 }, () => {
  const gone = ({ code, stderr }: Ended) => {
    assert.equal(code, 3);
    assert.match(stderr, /^steerdns: not running: [^\n]*\n$/);
  };

  it('ends the server, and is back when it is gone', async () => {
    const daemon = await Daemon.start({ files });
    try {
      const { pid } = daemon;
      const { code, stdout } = await daemon.run('stop', '--json');
      assert.deepEqual([code, JSON.parse(stdout)], [0, { stopped: pid }]);
      assert.equal(await daemon.ended, 0);
      await assert.rejects(ask(daemon.port, 'www.site.example'));
      gone(await daemon.run('stop'));
    } finally {
      await daemon.close();
    }
  });

  it('is refused to whoever comes over the network', async () => {
    const port = await freePort();
    const daemon = await Daemon.make({ files });
    try {
      daemon.write('steerdns.yaml', `http: { listen: ["127.0.0.1:${port}"], token-file: tokens }\n`);
      const file = `${daemon.folder}/zones/tokens`;
      const made = await daemon.program('token', 'a', '--scope', 'operate', '--file', file, '--json');
      daemon.launch();
      await daemon.answering();
      const { token } = JSON.parse(made.stdout) as { token: string };
      const reply = await fetch(`http://127.0.0.1:${port}/stop`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      });
      assert.equal(reply.status, 403);
      assert.match(JSON.stringify(await reply.json()), /a server is not ended from afar/);
      assert.equal((await daemon.status()).server!.answering, true);
    } finally {
      await daemon.close();
    }
  });
});
