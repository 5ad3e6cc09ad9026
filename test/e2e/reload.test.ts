// Reloads as an operator does them, and many of them: what is printed, what is served before and after, what
// a mistake leaves as it was, and what many of them may not do: lose a query or tear an answer.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../daemon.ts';
import { addressesOf, ask, Load, readAddresses } from '../load.ts';
import { until } from '../until.ts';

const zoneText = (serial: number, lines: readonly string[]): string => `$TTL 30
@ SOA ns1 hostmaster ${serial} 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
${lines.join('\n')}
`;
const two = ['www A 192.0.2.1', 'www A 192.0.2.2'];
const three = [...two, 'www A 192.0.2.3'];

describe('steerdns reload', { timeout: 60_000 }, () => {
  const good = { 'site.example.zone': zoneText(7, two), 'site.example.yaml': 'balance:\n  www: {}\n' };
  let daemon: Daemon;
  before(async () => {
    daemon = await Daemon.start({ files: good });
  });
  after(() => daemon?.close());

  const served = async (): Promise<string[]> =>
    addressesOf(await ask(daemon.port, 'www.site.example')).sort();
  const twoServed = ['192.0.2.1', '192.0.2.2'];
  const threeServed = [...twoServed, '192.0.2.3'];

  it('prints the difference, and the next query has the new data', async () => {
    assert.deepEqual(await served(), twoServed);
    daemon.write('site.example.zone', zoneText(8, three));
    const { code, stdout, stderr } = await daemon.run('reload');
    assert.deepEqual(await served(), threeServed);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout, 'site.example: serial 7 -> 8, +1 -0 records, www 2 -> 3 members\n');
  });

  it('says that there is nothing to do', async () => {
    const { code, stdout } = await daemon.run('reload');
    assert.deepEqual([code, stdout], [0, 'no changes\n']);
  });

  it('names three mistakes in two files, changes nothing, and exits with 1', async () => {
    daemon.write('site.example.zone', zoneText(9, ['www A 192.0.2.300', 'mail MX ten mail', ...two]));
    daemon.write('site.example.yaml', 'balance:\n  www:\n    answers: many\n');
    const { code, stdout, stderr } = await daemon.run('reload');
    assert.deepEqual([code, stdout], [1, '']);
    const places = [...stderr.matchAll(/([^/\s]+:\d+:\d+): error/g)].map(([, place]) => place);
    assert.deepEqual(
      places,
      ['site.example.yaml:3:14', 'site.example.zone:5:7', 'site.example.zone:6:9'],
      stderr,
    );
    assert.deepEqual(await served(), threeServed);
    const { control } = await daemon.status();
    assert.equal(control.refused?.faults.length, 3);
    const json = await daemon.run('reload', '--json');
    assert.equal(json.code, 1);
    assert.equal(JSON.parse(json.stdout).faults.length, 3);
  });

  it('takes the files again once they are right', async () => {
    for (const [path, text] of Object.entries(good)) daemon.write(path, text);
    daemon.write('site.example.zone', zoneText(9, two)); // the serial in service is 8 and may not go back
    assert.equal((await daemon.run('reload')).code, 0);
    assert.deepEqual(await served(), twoServed);
    assert.equal((await daemon.status()).control.refused, undefined);
  });

  it('is what SIGHUP does', async () => {
    daemon.write('site.example.zone', zoneText(10, three));
    daemon.signal('SIGHUP');
    await until('SIGHUP has reloaded', 10_000, async () => (await served()).length === 3);
  });
});

describe('100 reloads under 5000 queries a second', { timeout: 120_000 }, () => {
  const reloads = 100;
  /** Every record of version v has v in its address, so that a mixture shows. */
  const version = (v: number): string =>
    zoneText(
      v,
      ['plain', 'www'].flatMap((owner) => [1, 2, 3, 4].map((i) => `${owner} A 10.0.${v}.${i}`)),
    );
  let daemon: Daemon;
  before(async () => {
    const files = { 'site.example.zone': version(0), 'site.example.yaml': 'balance:\n  www: {}\n' };
    daemon = await Daemon.start({ files });
  });
  after(() => daemon?.close());

  it('lose no query, and each answer is wholly old or wholly new', async () => {
    /** When version v was surely in service, and when it first could be. */
    const sureAt: number[] = [0];
    const offeredAt: number[] = [0];
    const faults: string[] = [];
    const onResponse = (octets: Uint8Array, sentAt: number, receivedAt: number) => {
      const addresses = readAddresses(octets);
      const versions = new Set(addresses.map((address) => Number(address.split('.')[2])));
      const [v = -1] = versions;
      if (addresses.length !== 4 || versions.size !== 1) faults.push(`a mixture: ${addresses}`);
      else if (!(offeredAt[v]! <= receivedAt)) faults.push(`version ${v} before it was there`);
      else if (sureAt[v + 1]! < sentAt) faults.push(`version ${v} after a newer one was adopted`);
    };
    const loads = await Promise.all(
      ['plain', 'www'].map((owner) =>
        Load.start({ port: daemon.port, name: `${owner}.site.example`, rate: 2500, onResponse }),
      ),
    );
    for (let v = 1; v <= reloads; v++) {
      daemon.write('site.example.zone', version(v));
      offeredAt[v] = performance.now();
      const report = await daemon.reload();
      assert.ok(report.ok, JSON.stringify(report));
      sureAt[v] = performance.now();
    }
    const reports = await Promise.all(loads.map((load) => load.stop()));
    assert.deepEqual([...new Set(faults)].slice(0, 5), []);
    for (const { unanswered, unexpected } of reports) assert.deepEqual([unanswered, unexpected], [0, 0]);
    assert.equal((await daemon.status()).zones[0]?.serial, reloads);
  });
});
