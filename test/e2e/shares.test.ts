// Weights as traffic, over live UDP: what part of the responses each address is given, with one address and
// with two addresses per response, by two workers of the batch engine and by the one of node:dgram.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../daemon.ts';
import { askMany, readAddresses } from '../load.ts';

const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
one A 192.0.2.1
    A 192.0.2.2
    A 192.0.2.3
    A 192.0.2.4
two A 192.0.2.1
    A 192.0.2.2
    A 192.0.2.3
    A 192.0.2.4
`;
const balance = `balance:
  one:
    answers: 1
    members:
      192.0.2.1: { weight: 3 }
      192.0.2.2: { weight: 2 }
      192.0.2.3: { weight: 1 }
      192.0.2.4: { weight: 1 }
  two:
    answers: 2
    members:
      192.0.2.1: { weight: 10 }
      192.0.2.2: { weight: 20 }
      192.0.2.3: { weight: 30 }
      192.0.2.4: { weight: 40 }
`;
const queries = 7000;
/** Percentage points that a share may be off. */
const slack = 0.5;

for (const engine of ['batch', 'dgram']) {
  describe(`shares of 7000 responses of the ${engine} engine`, { timeout: 60_000 }, () => {
    let daemon: Daemon;
    before(async () => {
      const files = { 'site.example.zone': zone, 'site.example.yaml': balance };
      daemon = await Daemon.start({ files, flags: ['--engine', engine, '--workers', '2'] });
      assert.equal((await daemon.status()).server?.engine, engine);
    });
    after(() => daemon?.close());

    it('are 3:2:1:1 with one address each', () => check('one', 1, [3, 2, 1, 1]));
    it('are 10:20:30:40 with two addresses each, counted half', () => check('two', 2, [10, 20, 30, 40]));

    it('are the same in status', async () => {
      const { members, responses } = await daemon.pool('two.site.example.');
      assert.equal(responses, queries);
      for (const { given, share } of members) assert.ok(Math.abs(given! - share) < slack / 100);
    });

    async function check(owner: string, answers: number, weights: readonly number[]): Promise<void> {
      const given = new Map<string, number>();
      const report = await askMany({
        port: daemon.port,
        name: `${owner}.site.example`,
        rate: 5000,
        count: queries,
        onResponse: (octets) => {
          const addresses = readAddresses(octets);
          assert.equal(new Set(addresses).size, answers);
          for (const address of addresses) given.set(address, (given.get(address) ?? 0) + 1 / answers);
        },
      });
      assert.equal(report.unanswered, 0);
      assert.equal(given.size, weights.length);
      const sum = weights.reduce((all, weight) => all + weight, 0);
      for (const [i, weight] of weights.entries()) {
        const share = (given.get(`192.0.2.${i + 1}`)! / queries) * 100;
        const wanted = (weight / sum) * 100;
        assert.ok(Math.abs(share - wanted) <= slack, `192.0.2.${i + 1}: ${share} %, not ${wanted} %`);
      }
    }
  });
}
