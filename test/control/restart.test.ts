// The control process dies, starts again, or ends: what is served then, and what is kept on the disk.
import assert from 'node:assert';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readVerdicts } from '../../src/control/keep.ts';
import { loadAll } from '../../src/control/load.ts';
import { readKept, readManifest } from '../../src/serve/kept.ts';
import { spawnMain } from '../../src/spawn.ts';
import { until } from '../until.ts';
import { holds, Site, zoneText } from './site.ts';

const site = new Site('127.0.0.71', '127.0.0.72');

/** Waits until the state directory holds accepted sources with this text in the zone file. */
function accepted(text: string): Promise<boolean> {
  return until(`accepted sources with ${text}`, 20_000, () => {
    const manifest = readManifest(site.folders.state);
    if ('fault' in manifest || manifest.accepted === undefined) return false;
    const file = join(site.folders.state, 'accepted', manifest.accepted, 'site.example.zone');
    return readFileSync(file, 'utf8').includes(text);
  });
}

test('after a crash it starts from what was accepted, verdicts too, beside a half-edited file', async () => {
  site.write();
  const first = await site.started();
  await accepted(' 7 ');
  // On a busy machine the first answer comes after the first write.
  await until('a verdict of each is kept', 20_000, () => {
    const kept = readVerdicts(site.folders.state, Date.now(), 60_000)?.verdicts ?? [];
    return (
      kept
        .map(({ verdict }) => verdict)
        .sort()
        .join() === 'down,up'
    );
  });
  const [before] = (await site.status()).zones[0]!.pools;
  await first.kill();
  site.folders.write('site.example.zone', zoneText(8, []).slice(0, 40));
  const second = site.start({ recover: true, generation: 1, answering: true });
  second.generation = 1;
  await second.heard('ready');
  const publication = await second.heard('publish');
  const old = first.said.find((message) => message.kind === 'publish')!;
  assert.equal(publication.zones![0]!.id, old.zones![0]!.id);
  assert.ok(publication.sets[0]!.edition > old.sets[0]!.edition);
  assert.ok(!holds(publication, site.absent));
  const status = await site.status();
  assert.equal(status.control.source, 'accepted');
  assert.equal(status.control.recovered, true);
  assert.deepEqual(
    status.zones[0]!.pools[0]!.members.map(({ verdict, since }) => [verdict, since]),
    before!.members.map(({ verdict, since }) => [verdict, since]),
  );
});

test('after a crash with the files as they were accepted there is nothing to say about them', async () => {
  site.write();
  const first = await site.started();
  await accepted(' 7 ');
  await first.kill();
  const second = await site.started({ recover: true, generation: 1, answering: true });
  assert.equal((await site.status()).control.source, 'config');
  assert.ok(!second.log.includes('accepted before'));
});

test('secrets are kept with what was accepted, for nobody else, and serve after a crash', async () => {
  site.write();
  site.folders.write('steerdns.yaml', 'cookies: { secret-file: secrets }\n');
  site.folders.write('secrets', '00112233445566778899aabbccddeeff\n');
  const first = await site.started();
  await accepted(' 7 ');
  await first.kill();
  const manifest = readManifest(site.folders.state) as { accepted: string };
  for (const copy of [
    join(site.folders.run, 'accepted'),
    join(site.folders.state, 'accepted', manifest.accepted),
  ]) {
    assert.equal(statSync(copy).mode & 0o077, 0);
    assert.equal(statSync(join(copy, 'secrets')).mode & 0o777, 0o600);
    const { faults, server } = loadAll({ dir: copy, tablesDir: undefined, known: [] });
    assert.deepEqual([faults, server.cookies.secrets.length], [[], 1]);
  }
  site.folders.write('secrets', '0011\n');
  const second = await site.started({ recover: true, generation: 1, answering: true });
  assert.equal((await site.status()).control.source, 'accepted');
  await second.stop();
});

test('a restart on faulty files serves what was accepted, and says why', async () => {
  site.write();
  const first = await site.started();
  await accepted(' 7 ');
  await first.stop();
  site.folders.write('site.example.zone', 'half\n');
  const second = await site.started();
  const status = await site.status();
  assert.equal(status.zones[0]!.serial, 7);
  assert.equal(status.control.source, 'accepted');
  assert.ok(status.attention.some(({ what }) => what.startsWith('the last load was refused')));
  const listen = second.said.filter((message) => message.kind === 'listen');
  assert.equal(listen.at(-1)!.accepted, true);
});

test('after a crash it needs no state directory to know what was accepted', async () => {
  site.write();
  const first = await site.started();
  await accepted(' 7 ');
  await first.kill();
  rmSync(join(site.folders.state, 'accepted'), { recursive: true });
  site.folders.write('site.example.zone', 'half\n');
  const second = await site.started({ recover: true, generation: 1, answering: true });
  const status = await site.status();
  assert.deepEqual([status.zones[0]!.serial, status.control.source], [7, 'accepted']);
  await second.stop();
});

test('after a crash with nothing accepted anywhere, faulty files take nothing out of service', async () => {
  site.write();
  const first = await site.started();
  await accepted(' 7 ');
  await first.kill();
  rmSync(join(site.folders.state, 'accepted'), { recursive: true });
  rmSync(join(site.folders.run, 'accepted'), { recursive: true });
  site.folders.write('site.example.zone', 'half\n');
  const second = await site.started({ recover: true, generation: 1, answering: true });
  assert.ok(!second.said.some(({ kind }) => kind === 'publish'));
  await second.stop();
});

test('where nothing at all can be loaded, nothing is published over the tables that were kept', async () => {
  site.write();
  const first = await site.started();
  await accepted(' 7 ');
  await first.stop();
  rmSync(join(site.folders.state, 'accepted'), { recursive: true });
  site.folders.write('site.example.zone', 'half\n');
  const second = await site.started({ generation: 1, answering: true });
  assert.ok(!second.said.some(({ kind }) => kind === 'publish'));
  await second.stop();
  const kept = readKept(site.folders.state);
  assert.ok(!('fault' in kept) && kept.zones.length === 1);
});

test('damaged verdicts are as if there were none', async () => {
  site.write();
  const damaged = [
    '{"savedAt"',
    '{}',
    JSON.stringify({ savedAt: Date.now(), verdicts: { verdicts: [{ key: 1 }] } }),
  ];
  for (const text of damaged) {
    writeFileSync(join(site.folders.state, 'verdicts.json'), text);
    assert.equal(readVerdicts(site.folders.state, Date.now(), 60_000), undefined);
  }
  const saved = { verdicts: [{ key: 'k', verdict: 'up', since: 1, at: 2 }] };
  writeFileSync(
    join(site.folders.state, 'verdicts.json'),
    JSON.stringify({ savedAt: 1000, verdicts: saved }),
  );
  assert.deepEqual(readVerdicts(site.folders.state, 1500, 500), saved);
  assert.equal(readVerdicts(site.folders.state, 1501, 500), undefined);
});

test('what is kept at the end is what is in service', async () => {
  site.write();
  const server = await site.started();
  const publication = await server.heard('publish');
  assert.equal(await server.stop(), 0);
  assert.ok(!existsSync(site.folders.socket));
  const kept = readKept(site.folders.state);
  assert.ok(!('fault' in kept));
  assert.deepEqual(
    kept.zones.map(({ origin, id }) => [origin, id]),
    publication.zones!.map(({ origin, id }) => [origin, id]),
  );
  assert.deepEqual(Buffer.from(kept.sets[0]!.table), Buffer.from(publication.sets[0]!.table));
});

test('a state directory that cannot be written is shouted about and stops nothing', async () => {
  site.write();
  site.folders.write('not-a-folder', '');
  await site.started({ stateDir: join(site.folders.config, 'not-a-folder') });
  site.write(8);
  assert.equal((await site.reload()).status, 200);
  await until('an alarm', 20_000, async () => {
    const { attention } = await site.status();
    return attention.some(({ what }) => what.startsWith('nothing is kept for a restart'));
  });
});

test('it ends when its channel does', async () => {
  site.write();
  const server = await site.started();
  const ended = new Promise((resolve) => server.child.once('exit', resolve));
  server.child.disconnect();
  assert.equal(await ended, 0);
});

test('it ends when its channel does before it has read its code', async () => {
  const child = spawnMain(['control'], ['ignore', 'ignore', 'ignore', 'ipc']);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  assert.equal(await ended, 0);
  clearTimeout(timer);
});
