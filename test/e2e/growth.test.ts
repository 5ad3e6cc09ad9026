// Many reloads of a big zone: the memory of the server and of control levels off. 60 reloads of 6000 names
// here; with STEERDNS_TEST_LONG=1 it is 200 of 100,000, which takes minutes: run this file alone then.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../daemon.ts';

const isLong = process.env.STEERDNS_TEST_LONG === '1';
const reloads = isLong ? 200 : 60;
const nameCount = isLong ? 100_000 : 6000;
/**
 * What the second half may have more than the first: a heap may wait long for its garbage collector. One
 * table of the smaller zone that stayed with each reload would come to more.
 */
const slackMiB = 12;

const names = Array.from(
  { length: nameCount },
  (_, i) => `host${i} A 10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
).join('\n');
const zone = (serial: number): string => `$TTL 30
@ SOA ns1 hostmaster ${serial} 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
${names}
`;

describe(`${reloads} reloads of a zone of ${nameCount} names`, {
  timeout: isLong ? 1_800_000 : 170_000,
}, () => {
  let daemon: Daemon;
  before(async () => {
    daemon = await Daemon.start({ files: { 'site.example.zone': zone(1) } });
  });
  after(() => daemon?.close());

  it('do not make memory grow', async () => {
    const control = (await daemon.status()).control.pid;
    const sizes: { server: number; control: number }[] = [];
    for (let serial = 2; serial <= reloads + 1; serial++) {
      daemon.write('site.example.zone', zone(serial));
      const report = await daemon.reload();
      assert.ok(report.ok, JSON.stringify(report));
      sizes.push({ server: residentMiB(daemon.pid), control: residentMiB(control) });
    }
    for (const process of ['server', 'control'] as const) {
      // Medians: a sample may fall into the last moments of a loader.
      const first = median(sizes.slice(0, reloads / 2).map((size) => size[process]));
      const second = median(sizes.slice(reloads / 2).map((size) => size[process]));
      console.log(
        `${process}: ${first.toFixed(1)} MiB in the first half, ${second.toFixed(1)} in the second`,
      );
      assert.ok(second <= first + slackMiB, `${process} grows from ${first} to ${second} MiB`);
    }
  });
});

/** Resident memory of a process, its threads included. */
function residentMiB(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
  return (pages * 4096) / 2 ** 20;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
