// What `explain --if` foretells is what then happens; what `explain --from` says a client may get is what it
// gets; and `timeline` has the results by which a member was judged.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import type { Event } from '../../src/control/events.ts';
import type { Explanation } from '../../src/control/explain.ts';
import type { ExplainedPool } from '../../src/control/explainpool.ts';
import { Daemon } from '../daemon.ts';
import { types } from '../rows.ts';
import { startToys, stopToys, type Toy } from '../toys.ts';
import { until } from '../until.ts';
import { decode, encode } from '../wire.ts';

const addresses = ['127.0.0.181', '127.0.0.182', '127.0.0.183', '127.0.0.184'];
const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
${addresses.map((address) => `www A ${address}\nsticky A ${address}`).join('\n')}
`;
const yaml = (port: number): string => `checks:
  web: { type: http, port: ${port}, interval: 1s, timeout: 500ms, recheck: 200ms, fall: 2, hold-down: 0s }
balance:
  www:
    check: web
    answers: 2
    members:
      ${addresses[0]}: { name: web1, weight: 3 }
      ${addresses[1]}: { name: web2, weight: 2 }
      ${addresses[2]}: { name: web3, weight: 2 }
      ${addresses[3]}: { name: web4, weight: 0 }
  sticky: { check: web, policy: sticky }
`;

describe('explain', { timeout: 120_000 }, () => {
  let toys: Toy[];
  let daemon: Daemon;
  before(async () => {
    toys = await startToys(addresses);
    const files = { 'site.example.zone': zone, 'site.example.yaml': yaml(toys[0]!.port) };
    daemon = await Daemon.start({ files });
  });
  after(async () => {
    await daemon?.close();
    await stopToys(toys);
  });

  const explain = async (...args: string[]): Promise<ExplainedPool> => {
    const { code, stdout, stderr } = await daemon.run('explain', ...args, '--json');
    assert.equal(code, 0, stderr);
    return (JSON.parse(stdout) as Explanation).pools[0]!;
  };
  const verdicts = async (): Promise<string[]> =>
    (await explain('www.site.example')).members.map(({ verdict }) => verdict);

  it('--if foretells what happens when members are killed, one after the other', async () => {
    await until('all are up', 20_000, async () => (await verdicts()).every((verdict) => verdict === 'up'));
    // The last, too: of one that is left, its silence is likelier its own than the prober's.
    for (const [index, name] of ['web2', 'web1', 'web3', 'web4'].entries()) {
      const { supposed, foundOutMs } = await explain('www.site.example', 'A', '--if', `${name}=down`);
      assert.equal(foundOutMs, 1000 + 500 + 500 + 2000);
      await toys[Number(name.at(-1)) - 1]!.behave('refusing');
      await until(`${name} is down`, 20_000, async () => {
        const { members } = await explain('www.site.example');
        return members.filter(({ verdict }) => verdict === 'down').length === index + 1;
      });
      await until('it is published', 5000, async () => {
        const { sets, ttl, mode, members } = await explain('www.site.example');
        const now = { sets, ttl, mode, shares: members.map(({ share }) => share) };
        const { members: foretold, ...then } = supposed!;
        const said = {
          sets: then.sets,
          ttl: then.ttl,
          mode: then.mode,
          shares: foretold.map((m) => m.after),
        };
        return JSON.stringify(now) === JSON.stringify(said);
      });
    }
    for (const toy of toys) await toy.behave('well');
    await until('all are up', 20_000, async () => (await verdicts()).every((verdict) => verdict === 'up'));
  });

  it('--if shows now and then side by side, and knows hands and weights', async () => {
    const { code, stdout } = await daemon.run(
      'explain',
      'www.site.example',
      'A',
      '--if',
      'web1=drain,web2=4',
    );
    assert.equal(code, 0);
    assert.match(stdout, /^if {8}web1=drain, web2=4: TTL 30 -> 5 s$/m);
    assert.match(stdout, /^ {2}web1 {4}127\.0\.0\.181 {2}\S+ {3}0\.0% {2}drained by supposition$/m);
    assert.ok(
      stdout.split('\n').every((line) => line.length <= 80),
      stdout,
    );
  });

  it('what cannot be supposed, and who is nobody, is refused in a line', async () => {
    const rows: [string[], RegExp][] = [
      [['www.site.example', 'A', '--if', 'web9=down'], /nothing matches "web9" \(did you mean "web1"\?\)/],
      [['www.site.example', 'A', '--if', 'web1=dead'], /"web1=dead" cannot be supposed/],
      [['ns1.site.example', 'A', '--if', 'web1=down'], /nothing of ns1\.site\.example\. is balanced/],
      [['www.site.example', 'A', '--from', 'here'], /"here" is no IPv4 or IPv6 address/],
    ];
    for (const [args, expected] of rows) {
      const { code, stderr } = await daemon.run('explain', ...args);
      assert.equal(code, 1);
      assert.match(stderr, expected);
    }
  });

  it('--from names the one address that a client gets of a sticky pool', async () => {
    for (const from of ['127.78.1.5', '127.78.2.5', '127.78.3.5', '127.78.4.5']) {
      const { client } = await explain('sticky.site.example', 'A', '--from', from);
      assert.match(
        client!.reason,
        /^the network 127\.78\.\d\.0\/24 is in bucket \d+ of 16384; what counts is/,
      );
      assert.deepEqual(client!.sets[0]!.addresses, await askFrom(from, daemon.port));
      assert.equal(client!.sets.length, 1);
    }
    const { client } = await explain('www.site.example', 'A', '--from', '127.78.1.5');
    assert.equal(client!.reason, 'in turn, whoever asks');
    assert.ok(client!.sets.length > 1);
  });

  it('timeline: who was judged how, by what', async () => {
    const { stdout } = await daemon.run('timeline', 'web2', '--json');
    const { events } = JSON.parse(stdout) as { events: Event[] };
    assert.ok(events.every(({ kind, data }) => kind !== 'verdict' || data.member === 'web2'));
    const turns = events.filter(({ kind }) => kind === 'verdict');
    assert.deepEqual(
      turns.map(({ data }) => data.to),
      ['up', 'down', 'up'],
    );
    const evidence = turns[1]!.data.evidence as { outcome: string; reason: string }[];
    assert.deepEqual(
      evidence.slice(-2).map(({ outcome, reason }) => `${outcome}: ${reason}`),
      ['fail: connection refused', 'fail: connection refused'],
    );
    const text = await daemon.run('timeline', 'www.site.example');
    assert.match(
      text.stdout,
      /web1 http 127\.0\.0\.181 port \d+ is down: connection refused\n +-\d\.\d s {2}/,
    );
    assert.ok(
      text.stdout.split('\n').every((line) => line.length <= 80),
      text.stdout,
    );
    const nobody = await daemon.run('timeline', 'web7');
    assert.deepEqual([nobody.code, nobody.stdout], [1, '']);
    assert.match(nobody.stderr, /nothing matches "web7" \(/);
  });
});

async function askFrom(from: string, port: number): Promise<string[]> {
  const socket = createSocket('udp4');
  try {
    socket.bind(0, from);
    await once(socket, 'listening');
    const received = once(socket, 'message', { signal: AbortSignal.timeout(5000) });
    socket.send(encode({ name: 'sticky.site.example.', type: types.A! }), port, '127.0.0.1');
    const [octets] = (await received) as [Buffer];
    return decode(octets).answer.map(({ data }) => data);
  } finally {
    socket.close();
  }
}
