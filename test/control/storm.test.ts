// A storm of flips, in virtual time: a thousand servers that turn up and down all the time cost a bounded
// number of publications, and each turn is in the answers within 100 ms.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readScript } from '../../src/cli/simulate/script.ts';
import { planOf, simulate } from '../../src/cli/simulate/simulation.ts';
import { loadAll } from '../../src/control/load.ts';
import { settingsOf } from '../../src/control/settings.ts';
import { coalesceMs } from '../../src/limits.ts';
import { endpointOf } from '../health/virtual.ts';

const pools = 10;
const members = 100;
const endMs = 10_000;

test('a thousand endpoints that flip', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'steerdns-storm-'));
  const names = Array.from({ length: pools }, (_, pool) => `www${pool}`);
  const records = names.flatMap((name, pool) =>
    Array.from({ length: members }, (_, i) => `${name} A 10.0.${pool}.${i}\n`),
  );
  writeFileSync(
    join(folder, 'site.example.zone'),
    `$TTL 30\n@ SOA ns1 h 1 1h 15m 1w 5m\n NS ns1\nns1 A 192.0.2.9\n${records.join('')}`,
  );
  writeFileSync(
    join(folder, 'site.example.yaml'),
    `checks:
  web: { type: http, port: 80, interval: 1s, timeout: 500ms, recheck: 500ms, fall: 1, rise: 1, hold-down: 0s }
balance:
${names.map((name) => `  ${name}: { check: web, answers: 1 }\n`).join('')}`,
  );
  const loaded = loadAll({ dir: folder, tablesDir: undefined, known: [] });
  rmSync(folder, { recursive: true });
  assert.deepEqual(loaded.faults, []);
  const plan = planOf(readScript('script', 'at 1s * flaps 1500ms'), loaded.zones);
  const { happenings } = await simulate(loaded.zones, settingsOf(loaded), plan, {
    seed: 1,
    endMs,
    canaries: [endpointOf(10_000)],
  });
  const turns = happenings.filter(
    (one) => one.kind === 'monitor' && one.event.kind === 'turned' && one.event.from !== 'unknown',
  );
  const served = [...new Set(happenings.flatMap((one) => (one.kind === 'answers' ? [one.atMs] : [])))];
  console.log(`${turns.length} turns in ${endMs / 1000} s, ${served.length} publications`);
  assert.ok(turns.length > 5000, String(turns.length));
  assert.ok(served.length <= 1 + endMs / coalesceMs, String(served.length));
  for (const { atMs } of turns) {
    if (atMs > endMs - 100) continue;
    assert.ok(
      served.some((at) => at >= atMs && at <= atMs + 100),
      `the turn at ${atMs} ms`,
    );
  }
});
