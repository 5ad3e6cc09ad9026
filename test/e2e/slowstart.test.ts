// A slow start as clients meet it: a server that came back is given a tenth of its weight at first, then more
// from step to step, and all of it in the end, while nothing else happens.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../daemon.ts';
import { startToys, stopToys, type Toy } from '../toys.ts';
import { until } from '../until.ts';

const addresses = ['127.0.0.27', '127.0.0.28'];
const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
${addresses.map((address) => `www A ${address}`).join('\n')}
`;
const balance = (port: number): string => `checks:
  web:
    { type: http, port: ${port}, interval: 600ms, timeout: 500ms, fall: 1, rise: 1, hold-down: 0,
      slow-start: 8s }
balance:
  www: { check: web }
`;

describe('a slow start', { timeout: 60_000 }, () => {
  let toys: Toy[];
  let daemon: Daemon;
  before(async () => {
    toys = await startToys(addresses);
    const files = { 'site.example.zone': zone, 'site.example.yaml': balance(toys[0]!.port) };
    daemon = await Daemon.start({ files });
  });
  after(async () => {
    await daemon?.close();
    await stopToys(toys ?? []);
  });

  it('grows in the answers from a tenth of the weight to all of it', async () => {
    const member = () => daemon.member('www.site.example.', addresses[1]!);
    assert.equal((await member()).share, 0.5); // who was up at the start was up before
    await toys[1]!.behave('refusing');
    await until('it is out', 10_000, async () => (await member()).share === 0);
    await toys[1]!.behave('well');
    const shares: number[] = [];
    await until('it has all of its weight', 30_000, async () => {
      const { share } = await member();
      if (share > 0 && share !== shares.at(-1)) shares.push(share);
      return share === 0.5;
    });
    assert.ok(shares.length >= 6 && shares[0]! < 0.2, `shares ${shares}`);
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    );
    const text = (await daemon.run('status')).stdout;
    assert.doesNotMatch(text, /slow start/);
  });
});
