// What reads the metrics: each metric that the alert rules and the dashboard name is in a real scrape, and
// promtool finds the rules and the scrape sound.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../build.ts';
import { find, missing } from '../tools.ts';
import { askText } from './fakeserver.ts';
import { Site } from './site.ts';

const site = new Site('127.0.0.69', '127.0.0.70');
const folder = join(root, 'packages/monitoring');

function promtool(args: readonly string[], input = ''): void {
  const { status, stdout, stderr } = spawnSync(find('promtool')!, args, { input, encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  assert.doesNotMatch(stderr, /\S/);
}

async function scrape(): Promise<string> {
  site.write();
  await site.started();
  return (await askText(site.folders.socket, '/metrics')).text;
}

for (const file of ['alerts.yaml', 'dashboard.json']) {
  test(`${file} asks for what there is`, async () => {
    const text = await scrape();
    const names = new Set(text.match(/^steerdns_\w+(?=[ {])/gm));
    const asked = readFileSync(join(folder, file), 'utf8').match(/\bsteerdns_\w+/g) ?? [];
    assert.ok(asked.length > 8);
    assert.deepEqual(
      [...new Set(asked)].filter((name) => !names.has(name)),
      [],
    );
  });
}

test('the dashboard is JSON', () => {
  const { panels } = JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8')) as {
    panels: unknown[];
  };
  assert.ok(panels.length > 5);
});

test('promtool finds nothing wrong', { skip: missing('promtool') }, async () => {
  promtool(['check', 'metrics'], await scrape());
  promtool(['check', 'rules', join(folder, 'alerts.yaml')]);
});
