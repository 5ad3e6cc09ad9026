// `steerdns doctor` with everything real on the loopback: two daemons that serve the zone, an NSD that is its
// parent and knows its name servers as a resolver does. All is well first, then one thing after the other is
// not.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Diagnosis } from '../../src/cli/doctor/text.ts';
import { Daemon, type Ended } from '../daemon.ts';
import { PeerServer } from '../differential/servers.ts';
import { freePort } from '../ports.ts';
import { missing } from '../tools.ts';
import { startToys, stopToys, type Toy } from '../toys.ts';

const zone = (serial: number) => `$TTL 30
@ SOA ns1 hostmaster ${serial} 1h 15m 1w 5m
  NS ns1
  NS ns2
ns1 A 127.0.0.1
ns2 A 127.0.0.2
www A 127.0.0.41
    A 127.0.0.42
`;
const parent = (records: string) => `$ORIGIN example.
$TTL 3600
@ SOA ns hostmaster 1 1h 15m 1w 5m
  NS ns
ns A 127.0.0.77
${records}`;
const right = `lb NS ns1.lb
lb NS ns2.lb
ns1.lb A 127.0.0.1
ns2.lb A 127.0.0.2
`;
/** ns2's glue is old, ns3 was never taken out, and there is a DS of the server before. */
const wrong = `lb NS ns1.lb
lb NS ns2.lb
lb NS ns3.lb
ns1.lb A 127.0.0.1
ns2.lb A 127.0.0.9
ns3.lb A 127.0.0.3
lb DS 12345 13 2 ${'ab'.repeat(32)}
`;

type Printed = Diagnosis & { readonly ok: boolean };

function read({ code, stdout, stderr }: Ended): Printed {
  assert.equal(stderr, '');
  const diagnosis = JSON.parse(stdout) as Printed;
  assert.equal(diagnosis.ok, code === 0);
  return diagnosis;
}

const said = ({ machine, zones }: Printed, topic: string) =>
  [...machine, ...zones.flatMap(({ findings }) => findings)]
    .filter((one) => one.topic === topic)
    .map(({ level, text }) => `${level}: ${text}`);

const skip = missing('nsd');
describe('doctor', { timeout: 120_000, skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'steerdns-doctor-'));
  const write = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  let toys: Toy[];
  let first: Daemon;
  let second: Daemon;
  let good: PeerServer;
  let bad: PeerServer;
  before(async () => {
    toys = await startToys(['127.0.0.41', '127.0.0.42']);
    const check = `checks:\n  web: { type: http, port: ${toys[0]!.port}, path: / }\n`;
    const balance = `${check}balance:\n  www: { check: web }\n`;
    const files = { 'lb.example.zone': zone(7), 'lb.example.yaml': balance };
    first = await Daemon.start({ files });
    const listen = `listen: ["127.0.0.2:${first.port}"]\n`;
    second = await Daemon.start({ files: { ...files, 'steerdns.yaml': listen }, listen: 'yaml' });
    good = await PeerServer.start('nsd', [{ origin: 'example.', file: write('good.zone', parent(right)) }]);
    bad = await PeerServer.start('nsd', [{ origin: 'example.', file: write('bad.zone', parent(wrong)) }]);
  });
  after(async () => {
    await Promise.all([good?.stop(), bad?.stop(), first?.close(), second?.close()]);
    await stopToys(toys ?? []);
    rmSync(folder, { recursive: true, force: true });
  });

  const examine = (server: PeerServer, ...more: string[]) => {
    const port = String(first.port);
    return first.run(
      'doctor',
      'lb.example',
      '--parent',
      `127.0.0.1#${server.client.port}`,
      '--port',
      port,
      ...more,
    );
  };

  it('finds nothing where all is well, and prints what belongs to the parent', async () => {
    const { code, stdout, stderr } = await examine(good);
    console.log(stdout);
    assert.deepEqual([code, stderr], [0, '']);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
    assert.match(stdout, /^ok {2}parent +the parent \(127\.0\.0\.1:\d+\) delegates lb\.example\. to/m);
    assert.match(
      stdout,
      /^for the parent of lb\.example\.\n(lb\.example\. +30 {2}NS {2}ns[12]\.lb\.example\.\n){2}/m,
    );
    assert.match(stdout, /^ns2\.lb\.example\. {2}30 {2}A {2}127\.0\.0\.2$/m);
    const diagnosis = read(await examine(good, '--json'));
    const where = (n: number) => `127.0.0.${n}:${first.port}`;
    assert.deepEqual(said(diagnosis, 'servers'), [
      `ok: ns1.lb.example (${where(1)}): UDP, TCP, authoritative, serial 7`,
      `ok: ns2.lb.example (${where(2)}): UDP, TCP, authoritative, serial 7`,
    ]);
    assert.match(said(diagnosis, 'clock').join(), /^ok: the clock of ns1\S+ \(\S+\) (agrees|is 1 s)/);
    assert.deepEqual(said(diagnosis, 'probes'), ['ok: 2 of 2 probes from here came through']);
    assert.deepEqual(said(diagnosis, 'ttl'), [
      'ok: www.lb.example.: TTL 30 s, a silent server is found out in 12 s',
    ]);
  });

  it('compares the parent with the zone', async () => {
    const diagnosis = read(await examine(bad, '--json'));
    const who = `the parent (127.0.0.1:${bad.client.port})`;
    assert.deepEqual(said(diagnosis, 'parent'), [
      `warning: ${who} has other NS records of lb.example.: ns3.lb.example. too many`,
      `error: ${who} has for ns2.lb.example. other glue: 127.0.0.2 missing; 127.0.0.9 too many`,
      `error: ${who} has a DS record: resolvers that validate refuse the unsigned lb.example.`,
    ]);
  });

  it('finds files that are not in service, a server that is behind, a probe that fails', async () => {
    first.write('lb.example.zone', zone(8));
    await toys[1]!.behave('refusing');
    const before = read(await examine(good, '--json'));
    assert.deepEqual(said(before, 'served'), [
      'warning: the files have changed (serial 8), what is served has not (serial 7)',
    ]);
    assert.match(said(before, 'probes').join(), /^warning: 1 of 2 .*,warning: 127\.0\.0\.42 http .*refused/);
    assert.equal((await first.reload()).ok, true);
    const after = read(await examine(good, '--json'));
    assert.deepEqual(said(after, 'served'), ['ok: serial 8, as the files have it']);
    assert.deepEqual(
      said(after, 'servers')[1],
      `warning: ns2.lb.example (127.0.0.2:${first.port}) has serial 7, the files here have 8`,
    );
    await toys[1]!.behave('well');
  });

  it('goes on where nobody can be asked', async () => {
    await second.stop();
    const nobody = `127.0.0.1#${await freePort()}`;
    const args = ['--resolver', nobody, '--port', String(first.port), '--json'];
    const diagnosis = read(await first.run('doctor', ...args));
    assert.match(
      said(diagnosis, 'servers')[1]!,
      /^error: ns2\.lb\.example .* does not answer: nobody listens/,
    );
    assert.match(
      said(diagnosis, 'parent').join(),
      /^warning: the parent of lb\.example\. cannot be asked: the resolver/,
    );
    assert.equal(diagnosis.zones[0]!.records.length, 4);
    // What is found by way of a resolver is asked on port 53, where nobody is.
    const args53 = ['--resolver', `127.0.0.1#${good.client.port}`, '--port', String(first.port), '--json'];
    const found = read(await first.run('doctor', ...args53));
    assert.match(
      said(found, 'parent').join(),
      /^warning: .* cannot be asked: nobody listens on 127\.0\.0\.77:53$/,
    );
    const parentGone = read(await examine(good, '--json', '--parent', nobody));
    assert.match(said(parentGone, 'parent').join(), /^warning: .* cannot be asked: nobody listens on 127/);
  });

  it('says without a daemon who holds its port', async () => {
    const held = `listen: ["127.0.0.1:${first.port}"]\n`;
    first.write('steerdns.yaml', held);
    const args = ['--config', `${first.folder}/zones`, '--control', `${folder}/control.sock`, '--json'];
    const more = ['--parent', `127.0.0.1#${good.client.port}`, '--port', String(first.port)];
    const diagnosis = read(await first.program('doctor', ...args, ...more));
    assert.match(said(diagnosis, 'daemon').join(), /^error: not running/);
    assert.match(said(diagnosis, 'port')[0]!, /^error: UDP 127\.0\.0\.1:\d+ is held by .+ \(process \d+\)$/);
  });

  it('says in a line what it does not understand', async () => {
    for (const [args, code, says] of [
      [['lb.exmaple'], 1, /there is no zone lb\.exmaple\. \(did you mean "lb\.example\."\?\)/],
      [['--resolver', 'dns.example'], 2, /--resolver is an address/],
      [['--port', '0'], 2, /--port is a number/],
    ] as const) {
      const ended = await first.run('doctor', ...args);
      assert.deepEqual([ended.code, ended.stdout], [code, '']);
      assert.match(ended.stderr, says);
    }
  });
});
