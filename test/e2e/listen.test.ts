// Where it listens: IPv4 and IPv6 at once (a worker with two sockets waits in poll), from the YAML as well as
// from flags, and again from what was kept, on both engines.
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../daemon.ts';
import { ask, Load } from '../load.ts';
import { freePort } from '../ports.ts';

const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
`;
const listen = ['127.0.0.51', '127.0.0.52', '::1'];
const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

describe('the wildcard address', { timeout: 60_000 }, () => {
  it('answers from the address that was asked', async () => {
    const port = await freePort(['0.0.0.0']);
    const files = { 'site.example.zone': zone, 'steerdns.yaml': `listen: 0.0.0.0:${port}\n` };
    const daemon = await Daemon.make({ files, listen: 'yaml' });
    try {
      daemon.launch();
      await daemon.answering();
      // The client is connected: an answer from another address would not reach it.
      for (const address of ['127.0.0.1', '127.0.0.53', '127.1.2.3'])
        assert.equal((await ask(port, 'www.site.example', { address })).rcode, 0);
    } finally {
      await daemon.close();
    }
  });
});

for (const engine of ['batch', 'dgram']) {
  describe(`the ${engine} engine on three addresses of the YAML`, { timeout: 60_000 }, () => {
    const addresses = listen.filter((address) => hasIpv6 || !address.includes(':'));
    let daemon: Daemon;
    let port: number;
    before(async () => {
      port = await freePort(addresses);
      const all = addresses.map((address) =>
        address.includes(':') ? `"[${address}]:${port}"` : `${address}:${port}`,
      );
      const files = {
        'site.example.zone': zone,
        'steerdns.yaml': `listen: [${all.join(', ')}]\nworkers: 2\n`,
      };
      daemon = await Daemon.make({ files, flags: ['--engine', engine], listen: 'yaml' });
    });
    after(() => daemon?.close());

    for (const start of ['first', 'second']) {
      it(`answers on each of them after the ${start} start, and loses nothing`, async () => {
        daemon.launch();
        const { server } = await daemon.answering();
        assert.equal(server?.listen.length, addresses.length);
        const loads = await Promise.all(
          addresses.map((address) =>
            Load.start({ port, address, name: 'www.site.example', rate: 1000, count: 1500 }),
          ),
        );
        for (const address of addresses)
          assert.equal((await ask(port, 'www.site.example', { address })).rcode, 0);
        while (loads.some((load) => !load.isOver)) await new Promise((resolve) => setTimeout(resolve, 10));
        for (const load of loads) {
          const { sent, unanswered } = await load.stop();
          assert.deepEqual([sent, unanswered], [1500, 0]);
        }
        assert.equal(await daemon.stop(), 0);
      });
    }
  });
}
