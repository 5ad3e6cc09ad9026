// What is said of a balanced name, as far as it is for some policies only. The faults are in faults.txt.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config.ts';

test('tiers, groups and thresholds, and where they stand', () => {
  const files: Readonly<Record<string, string>> = {
    'site.example.zone': '',
    'site.example.yaml': `balance:
  www:
    policy: failover
    min-up: 2
    trickle: 2.5 %
    spread: group
    members:
      192.0.2.1: { tier: 2, group: rack1, labels: [canary, dc2] }
      192.0.2.2: { labels: canary }
`,
  };
  const read = (path: string) => new TextEncoder().encode(files[path]);
  const { config, faults } = loadConfig('.', () => Object.keys(files), read);
  assert.deepEqual(faults, []);
  const { policy, spread, minUp, trickle, settingPlaces, members } = config.zones[0]!.pools[0]!;
  const settings = { policy, spread, minUp, trickle };
  assert.deepEqual(settings, { policy: 'failover', spread: 'group', minUp: 2, trickle: 0.025 });
  const places = [...settingPlaces].map(([key, { line, column }]) => `${key} ${line}:${column}`);
  assert.deepEqual(places, ['policy 3:13', 'spread 6:13', 'min-up 4:13', 'trickle 5:14']);
  const { tier, group, labels } = members.get('192.0.2.1')!;
  assert.deepEqual([tier, group, labels], [2, 'rack1', ['canary', 'dc2']]);
  assert.deepEqual(members.get('192.0.2.2')!.labels, ['canary']);
});
