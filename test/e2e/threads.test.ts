// UDP workers that die under load, in a server of dist/ that runs in this process so that its threads can be
// reached: by a throw inside (a message that is no publication) and by terminate(). At most what the worker
// had in its hands is lost, and it is replaced. Runs alone.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { batchMax } from '../../src/limits.ts';
import type { Publication } from '../../src/serve/inbox.ts';
import type { Server } from '../../src/serve/server.ts';
import type { Thread } from '../../src/serve/threads.ts';
import { build, root } from '../build.ts';
import { Daemon } from '../daemon.ts';
import { Load } from '../load.ts';
import { until } from '../until.ts';

const zoneText = (serial: number): string => `$TTL 30
@ SOA ns1 hostmaster ${serial} 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
`;
/** Deaths of one worker in a row that cost no more than a short back-off. */
const deaths = 3;

describe('a UDP worker that dies under 5000 queries a second', { timeout: 90_000 }, () => {
  let place: Daemon;
  let server: Server;
  let serial = 1;

  before(async () => {
    await build();
    place = await Daemon.make({ files: { 'site.example.zone': zoneText(serial) } });
    const module = pathToFileURL(join(root, 'dist/serve/server.js')).href;
    const { Server } = (await import(module)) as typeof import('../../src/serve/server.ts');
    const started = await Server.start({
      configDir: join(place.folder, 'zones'),
      stateDir: place.stateDir,
      runDir: join(place.folder, 'run'),
      controlPath: place.controlPath,
      listen: [`127.0.0.1:${place.port}`],
      workers: 2,
      engine: 'batch',
    });
    assert.ok(!('fault' in started), 'fault' in started ? started.fault : '');
    server = started;
    await place.answering();
  });
  after(async () => {
    await server?.stop();
    place?.remove();
  });

  const thread = (name: string): Thread => server.threads.find((one) => one.name === name)!;

  /** A publication that every worker has to adopt: the moment at which it reads its messages. */
  const publish = async (): Promise<void> => {
    place.write('site.example.zone', zoneText(++serial));
    assert.ok((await place.reload()).ok);
  };

  const check = async (name: string, kill: (thread: Thread) => Promise<void>): Promise<void> => {
    for (let death = 1; death <= deaths; death++) {
      const load = await Load.start({ port: place.port, name: 'www.site.example', rate: 5000 });
      await until('there is load', 5000, () => load.answered > 1000);
      const before = thread(name).restarts;
      await kill(thread(name));
      await until(`${name} was replaced and answers`, 10_000, () => {
        const one = thread(name);
        const hasAdopted = one.generation() === thread('stream').generation();
        return one.isAlive && one.restarts === before + 1 && hasAdopted;
      });
      const { sent, unanswered, unexpected } = await load.stop();
      console.log(`${name}, death ${death}: ${unanswered} of ${sent} lost`);
      assert.ok(unanswered <= batchMax, `${unanswered} lost`);
      assert.equal(unexpected, 0);
    }
  };

  it('by a throw inside it loses at most a batch and is replaced', () =>
    check('udp-1', async (thread) => {
      thread.post({ generation: 'none' } as unknown as Publication);
      await publish();
    }));

  it('by terminate() loses at most a batch and is replaced', () =>
    check('udp-2', async (thread) => thread.replace()));

  it('is told of in status', async () => {
    const { attention, server: seen } = await place.status();
    for (const name of ['udp-1', 'udp-2']) {
      assert.equal(seen?.workers.find((worker) => worker.name === name)?.restarts, deaths);
      assert.ok(attention.some(({ what }) => what === `${name} was replaced ${deaths} times`));
    }
  });
});
