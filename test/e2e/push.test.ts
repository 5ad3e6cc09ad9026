// A live daemon that is told by heartbeats how its members are, and one whose checks have secrets: what is
// pushed is felt at once, and what is secret is seen nowhere.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../daemon.ts';
import { until } from '../until.ts';

const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 192.0.2.1
www A 127.0.0.81
    A 127.0.0.82
api A 127.0.0.83
`;
/** Nothing else has these texts. */
const secrets = ['f4k3-t0k3n-of-a-file', 'f4k3-k3y-of-the-environment'];
const yaml = `checks:
  beat: { type: push, name: "web-{address}", interval: 1h }
  api:
    type: http
    port: 1
    headers: { Authorization: { file: token }, X-Key: { env: STEERDNS_TEST_KEY } }
balance:
  www: { check: beat }
  api: { check: api }
`;

describe('heartbeats and secrets', () => {
  let daemon: Daemon;
  before(async () => {
    daemon = await Daemon.start({
      files: { 'site.example.zone': zone, 'site.example.yaml': yaml, token: `${secrets[0]}\n` },
      environment: { STEERDNS_TEST_KEY: secrets[1]! },
    });
  });
  after(() => daemon.close());

  const push = async (...args: string[]) => {
    const { code, stdout, stderr } = await daemon.run('push', ...args);
    return [code, stdout, stderr];
  };
  const verdict = (is: string) =>
    until(
      `it is ${is}`,
      1000,
      async () => (await daemon.member('www.site.example.', '127.0.0.81')).verdict === is,
    );

  it('a push is felt at once, though probes are an hour apart', async () => {
    assert.equal((await daemon.member('www.site.example.', '127.0.0.81')).verdict, 'unknown');
    assert.deepEqual(await push('web-127.0.0.81', 'down', '--reason', 'disk full'), [0, '', '']);
    await verdict('down');
    assert.equal((await daemon.member('www.site.example.', '127.0.0.81')).last?.reason, 'down: disk full');
    assert.deepEqual(await push('web-127.0.0.81'), [0, '', '']);
    await verdict('up');
    const [code, stdout] = await push('web-127.0.0.81', '75%', '--json');
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(String(stdout)), {
      ok: true,
      name: 'web-127.0.0.81',
      state: '75%',
      endpoints: 1,
    });
  });

  it('a name that nobody waits for, and a state that is none, are refused', async () => {
    const [code, , stderr] = await push('web-127.0.0.8');
    assert.equal(code, 1);
    assert.match(
      String(stderr),
      /^steerdns: no check waits for "web-127.0.0.8" \(did you mean "web-127.0.0.8\d"\?\)\n$/,
    );
    assert.match(String((await push('web-127.0.0.81', 'perhaps'))[2]), /"perhaps" is no state \(up, down,/);
  });

  it('secrets are in the copies of what was accepted, and nowhere else', async () => {
    await until('the first failure', 5000, async () => {
      return (await daemon.member('api.site.example.', '127.0.0.83')).last !== undefined;
    });
    await until('it is kept', 5000, () => readdirSync(daemon.stateDir).includes('verdicts.json'));
    const said = [daemon.log(), JSON.stringify(await daemon.status())];
    for (const [verb, ...args] of [
      ['explain', 'api.site.example'],
      ['status', '--json'],
      ['status'],
    ] as const) {
      const { stdout, stderr } = await daemon.run(verb!, ...args);
      said.push(stdout, stderr);
    }
    for (const folder of ['state', 'run']) {
      for (const path of readdirSync(join(daemon.folder, folder), { recursive: true, encoding: 'utf8' })) {
        if (/(^|\/)accepted\/(.*\/)?token$/.test(path) || !/\.(json|log)$/.test(path)) continue;
        said.push(readFileSync(join(daemon.folder, folder, path), 'utf8'));
      }
    }
    for (const text of said)
      for (const secret of secrets) assert.ok(!text.includes(secret), text.slice(0, 2000));
    assert.ok(said.length > 7);
  });
});
