// The control process with a server that only plays its side of the channel: start, health, reload, crash, stop.
import assert from 'node:assert';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { ZoneReader } from '../../src/answer/read.ts';
import type { Explanation } from '../../src/control/explain.ts';
import type { ReloadReport } from '../../src/control/reload.ts';
import type { Status } from '../../src/control/status.ts';
import type { Publish } from '../../src/serve/channel.ts';
import { readKept, readManifest } from '../../src/serve/kept.ts';
import { until } from '../until.ts';
import { ask, endServer, FakeServer, Folders, webServer } from './fakeserver.ts';

let folders: Folders;
let port: number;
let web1: Server;
let running: FakeServer[] = [];

before(async () => {
  ({ server: web1, port } = await webServer('127.0.0.61'));
});
after(() => endServer(web1));
beforeEach(() => {
  folders = new Folders();
});
afterEach(async () => {
  await Promise.all(running.map((server) => server.stop()));
  running = [];
  folders.remove();
});

function start(options: ConstructorParameters<typeof FakeServer>[1] = {}): FakeServer {
  const server = new FakeServer(folders, options);
  running.push(server);
  return server;
}

function zone(serial: number, addresses: readonly string[]): string {
  const records = addresses.map((address) => `www 60 A ${address}`);
  return [
    '$TTL 300',
    `@ SOA ns1 mail ${serial} 3600 600 86400 300`,
    '@ NS ns1',
    'ns1 A 192.0.2.1',
    ...records,
    '',
  ].join('\n');
}

const fast = 'interval: 200ms, timeout: 150ms, fall: 1, rise: 1';
function yaml(): string {
  return `checks:\n  web: { type: http, port: ${port}, ${fast} }\nbalance:\n  www: { check: web, ttl: { stable: 30s } }\n`;
}

/** Two members, of which only the first is there. */
function writeSite(serial = 7, addresses = ['127.0.0.61', '127.0.0.62']): void {
  folders.write('steerdns.yaml', 'listen: [127.0.0.1:5399]\nworkers: 2\n');
  folders.write('site.example.zone', zone(serial, addresses));
  folders.write('site.example.yaml', yaml());
}

/** Addresses anywhere in an answer-set table of the publication. */
function holds({ sets }: Publish, address: string): boolean {
  const octets = Buffer.from(address.split('.').map(Number));
  return sets.some(({ table }) => Buffer.from(table).includes(octets));
}

async function statusNow(): Promise<Status> {
  const { status, body } = await ask(folders.socket, 'GET', '/status');
  assert.equal(status, 200);
  return body as Status;
}

async function reloadNow(): Promise<{ status: number; report: ReloadReport }> {
  const { status, body } = await ask(folders.socket, 'POST', '/reload');
  return { status, report: body as ReloadReport };
}

test('a start says where to listen, probes, publishes without the dead member, and only then is ready', async () => {
  writeSite();
  const server = start();
  await server.heard('ready');
  assert.deepEqual(
    server.said.map(({ kind }) => kind).filter((kind, i, all) => all.indexOf(kind) === i),
    ['listen', 'publish', 'ready'],
  );
  const { listen, workers } = await server.heard('listen');
  assert.deepEqual({ listen, workers }, { listen: ['127.0.0.1:5399'], workers: 2 });
  const first = await server.heard('publish');
  assert.ok(holds(first, '127.0.0.61'));
  assert.ok(!holds(first, '127.0.0.62'), 'a server that is down is never handed out');
  const [ref] = first.zones!;
  const table = new Uint8Array(readFileSync(join(folders.run, ref!.file)));
  assert.equal(table.length, ref!.length);
  const reader = new ZoneReader(table);
  assert.equal(reader.origin, 'site.example.');
  assert.equal(reader.id, ref!.id);
  assert.match(server.log, /127\.0\.0\.62 .*is down: connection refused/);
});

test('a health change is published, with a higher edition and no zones', async () => {
  writeSite();
  const server = start();
  await server.heard('ready');
  const first = await server.heard('publish');
  const { server: web2 } = await webServer('127.0.0.62', port);
  try {
    const up = await server.heard('publish', (message) => holds(message, '127.0.0.62'));
    assert.equal(up.zones, undefined);
    assert.ok(up.sets[0]!.edition > first.sets[0]!.edition);
  } finally {
    await endServer(web2);
  }
  await server.nextPublish((message) => !holds(message, '127.0.0.62'));
});

test('a publication that the server refuses is offered again', async () => {
  writeSite();
  const server = start();
  await server.heard('ready');
  server.fault = 'no room';
  const { server: web2 } = await webServer('127.0.0.62', port);
  try {
    const refused = await server.heard('publish', (message) => holds(message, '127.0.0.62'));
    server.fault = undefined;
    await server.heard(
      'publish',
      (message) => message.ticket > refused.ticket && holds(message, '127.0.0.62'),
    );
  } finally {
    await endServer(web2);
  }
});

test('a reload says what changed; the same files again change nothing and publish nothing', async () => {
  writeSite();
  const server = start();
  await server.heard('ready');
  writeSite(8, ['127.0.0.61', '127.0.0.62', '127.0.0.63']);
  folders.write('new.example.zone', zone(1, []));
  const { status, report } = await reloadNow();
  assert.equal(status, 200);
  assert.deepEqual(
    report.changes.map(({ text }) => text),
    [
      'new.example: new, serial 1, 3 records',
      'site.example: serial 7 -> 8, +1 -0 records, www 2 -> 3 members',
    ],
  );
  const last = server.said.filter((message) => message.kind === 'publish').at(-1)!;
  assert.deepEqual(
    last.zones!.map(({ origin }) => origin),
    ['new.example.', 'site.example.'],
  );
  assert.ok(!holds(last, '127.0.0.63'), 'a new member is probed before it is handed out');
  const published = server.said.filter(({ kind }) => kind === 'publish').length;
  const again = await reloadNow();
  assert.deepEqual(again.report.changes, []);
  assert.equal(server.said.filter(({ kind }) => kind === 'publish').length, published);
  const tables = readdirSync(join(folders.run, 'tables'));
  assert.deepEqual(
    tables.sort(),
    last.zones!.map(({ id }) => `${id}.table`).sort(),
    'old tables are removed',
  );
});

test('a reload with faults in three places names all of them and changes nothing', async () => {
  writeSite();
  folders.write('b.example.zone', zone(1, []));
  const server = start();
  await server.heard('ready');
  folders.write('site.example.zone', `${zone(8, ['127.0.0.61'])}bad A 1.2.3\nworse NSX foo\n`);
  folders.write('site.example.yaml', yaml().replace('balance', 'balanse'));
  const { status, report } = await reloadNow();
  assert.equal(status, 422);
  const places = report.faults
    .filter(({ severity }) => severity === 'error')
    .map(({ file, line }) => [file, line]);
  assert.deepEqual(places, [
    [join(folders.config, 'site.example.yaml'), 3],
    [join(folders.config, 'site.example.zone'), 6],
    [join(folders.config, 'site.example.zone'), 7],
  ]);
  assert.equal(report.generation, server.generation);
  const { zones, attention } = await statusNow();
  assert.equal(zones.find(({ origin }) => origin === 'site.example.')!.serial, 7);
  assert.ok(attention.some(({ what, details }) => what.includes('3 faults') && details.length === 3));
  writeSite(9);
  assert.equal((await reloadNow()).status, 200);
  assert.equal((await statusNow()).control.refused, undefined);
});

test('a reload that the server refuses leaves the old data and says so', async () => {
  writeSite();
  const server = start();
  await server.heard('ready');
  writeSite(8);
  server.fault = 'zone table is damaged';
  const { status, report } = await reloadNow();
  assert.equal(status, 422);
  assert.equal(report.failure, 'zone table is damaged');
  server.fault = undefined;
  assert.equal((await statusNow()).zones[0]!.serial, 7);
});

test('a changed listen is taken for the next start, and the reload says that it needs one', async () => {
  writeSite();
  const server = start();
  await server.heard('ready');
  folders.write('steerdns.yaml', 'listen: [127.0.0.1:5398]\nworkers: 2\n');
  const { report } = await reloadNow();
  assert.deepEqual(report.notes, ['listen changed: restart the server for it']);
  await server.heard('listen', ({ listen }) => listen[0] === '127.0.0.1:5398');
});

test('at a first start a faulty zone does not stop the others', async () => {
  writeSite();
  folders.write('bad.example.zone', 'nonsense\n');
  const server = start();
  await server.heard('ready');
  const { zones } = await server.heard('publish');
  assert.deepEqual(
    zones!.map(({ origin }) => origin),
    ['site.example.'],
  );
  const status = await statusNow();
  assert.deepEqual(status.control.leftOut, ['bad.example.']);
  assert.match(server.log, /bad\.example\.zone:1:1/);
});

test('with nothing to serve it stays, lets the server refuse, and waits for a reload', async () => {
  const server = start();
  await server.heard('ready');
  writeSite();
  assert.equal((await reloadNow()).status, 200);
  assert.equal((await statusNow()).zones.length, 1);
});

/** Waits until the state directory holds accepted sources with this text in the zone file. */
function accepted(text: string): Promise<boolean> {
  return until(`accepted sources with ${text}`, 20_000, () => {
    const manifest = readManifest(folders.state);
    if ('fault' in manifest || manifest.accepted === undefined) return false;
    const file = join(folders.state, 'accepted', manifest.accepted, 'site.example.zone');
    return readFileSync(file, 'utf8').includes(text);
  });
}

test('after a crash it starts from what was accepted, with the verdicts it had, while a file lies half-edited', async () => {
  writeSite();
  const first = start();
  await first.heard('ready');
  await accepted(' 7 ');
  const [before] = (await statusNow()).zones[0]!.pools;
  await first.kill();
  folders.write('site.example.zone', zone(8, []).slice(0, 40));
  const second = start({ recover: true, generation: 1, answering: true });
  second.generation = 1;
  await second.heard('ready');
  const publication = await second.heard('publish');
  const old = first.said.find((message) => message.kind === 'publish')!;
  assert.equal(publication.zones![0]!.id, old.zones![0]!.id);
  assert.ok(publication.sets[0]!.edition > old.sets[0]!.edition);
  assert.ok(!holds(publication, '127.0.0.62'));
  const status = await statusNow();
  assert.equal(status.control.source, 'accepted');
  assert.equal(status.control.recovered, true);
  assert.deepEqual(
    status.zones[0]!.pools[0]!.members.map(({ verdict, since }) => [verdict, since]),
    before!.members.map(({ verdict, since }) => [verdict, since]),
  );
});

test('a restart on faulty files serves what was accepted, and says why', async () => {
  writeSite();
  const first = start();
  await first.heard('ready');
  await accepted(' 7 ');
  await first.stop();
  folders.write('site.example.zone', 'half\n');
  const second = start();
  await second.heard('ready');
  const status = await statusNow();
  assert.equal(status.zones[0]!.serial, 7);
  assert.equal(status.control.source, 'accepted');
  assert.ok(status.attention.some(({ what }) => what.startsWith('the last load was refused')));
  const listen = second.said.filter((message) => message.kind === 'listen');
  assert.equal(listen.at(-1)!.accepted, true);
});

test('what is kept at the end is what is in service', async () => {
  writeSite();
  const server = start();
  await server.heard('ready');
  const publication = await server.heard('publish');
  assert.equal(await server.stop(), 0);
  assert.ok(!existsSync(folders.socket));
  const kept = readKept(folders.state);
  assert.ok(!('fault' in kept));
  assert.deepEqual(
    kept.zones.map(({ origin, id }) => [origin, id]),
    publication.zones!.map(({ origin, id }) => [origin, id]),
  );
  assert.deepEqual(Buffer.from(kept.sets[0]!.table), Buffer.from(publication.sets[0]!.table));
});

test('a state directory that cannot be written is shouted about and stops nothing', async () => {
  writeSite();
  folders.write('not-a-folder', '');
  const server = start({ stateDir: join(folders.config, 'not-a-folder') });
  await server.heard('ready');
  writeSite(8);
  assert.equal((await reloadNow()).status, 200);
  await until('an alarm', 20_000, async () => {
    const { attention } = await statusNow();
    return attention.some(({ what }) => what.startsWith('nothing is kept for a restart'));
  });
});

test('it ends when its channel does', async () => {
  writeSite();
  const server = start();
  await server.heard('ready');
  const ended = new Promise((resolve) => server.child.once('exit', resolve));
  server.child.disconnect();
  assert.equal(await ended, 0);
});

test('status gives wanted and given shares; what a retired table gave still counts', async () => {
  writeSite(7, ['127.0.0.61', '127.0.0.62']);
  const { server: web2 } = await webServer('127.0.0.62', port);
  try {
    const server = start();
    await server.heard('ready');
    const first = await server.heard('publish');
    server.counts = [
      { origin: 'site.example.', edition: first.sets[0]!.edition, counts: Float64Array.of(100) },
    ];
    const members = (await statusNow()).zones[0]!.pools[0]!.members;
    assert.deepEqual(
      members.map(({ share, given }) => [share, given]),
      [
        [0.5, 0.5],
        [0.5, 0.5],
      ],
    );
    server.counts = [];
    server.send({
      kind: 'retired',
      origin: 'site.example.',
      edition: first.sets[0]!.edition,
      counts: Float64Array.of(150),
    });
    assert.equal((await statusNow()).zones[0]!.pools[0]!.responses, 150);
  } finally {
    await endServer(web2);
  }
});

test('explain walks as the query would: balanced, CNAME, NODATA, NXDOMAIN, wildcard, referral, elsewhere', async () => {
  writeSite();
  const more = 'alias CNAME www\n*.w TXT "x"\nsub NS ns.sub\nns.sub A 192.0.2.9\na.b TXT "y"\n';
  folders.write('site.example.zone', zone(7, ['127.0.0.61', '127.0.0.62']) + more);
  const server = start();
  await server.heard('ready');
  const explain = async (name: string, type: string) => {
    const { body } = await ask(folders.socket, 'GET', `/explain?name=${name}&type=${type}`);
    return body as Explanation;
  };
  const alias = await explain('ALIAS.site.example', 'a');
  assert.deepEqual(
    alias.steps.map(({ step }) => step),
    ['zone', 'name', 'cname', 'zone', 'name', 'rrset'],
  );
  assert.deepEqual(alias.pool!.sets, [{ share: 1, addresses: ['127.0.0.61'] }]);
  assert.deepEqual(
    alias.pool!.members.map(({ address, eligible, why }) => [address, eligible, why]),
    [
      ['127.0.0.61', true, 'up'],
      ['127.0.0.62', false, 'down'],
    ],
  );
  assert.deepEqual([alias.response.rcode, alias.response.answer], ['NOERROR', 2]);
  const last = async (name: string, type: string) => {
    const { steps, response } = await explain(name, type);
    return [steps.at(-1)!.text, response.rcode];
  };
  assert.deepEqual(await last('www.site.example', 'MX'), ['no MX record: NODATA', 'NOERROR']);
  assert.deepEqual(await last('no.site.example', 'A'), [
    'no.site.example. does not exist (the closest name is site.example.): NXDOMAIN',
    'NXDOMAIN',
  ]);
  assert.deepEqual(await last('q.w.site.example', 'TXT'), ['1 TXT record, TTL 300: "x"', 'NOERROR']);
  assert.deepEqual(await last('x.sub.site.example', 'A'), [
    'sub.site.example. is delegated to ns.sub.site.example.: referral',
    'NOERROR',
  ]);
  assert.deepEqual(await last('b.site.example', 'A'), ['no A record: NODATA', 'NOERROR']);
  assert.deepEqual(await last('other.example', 'A'), [
    'other.example. is in no zone served here: REFUSED',
    'REFUSED',
  ]);
  assert.equal((await ask(folders.socket, 'GET', '/explain?name=a..b')).status, 400);
  assert.equal((await ask(folders.socket, 'GET', '/explain?name=a&type=NOPE')).status, 400);
});

test('the control socket has the mode of the YAML', async () => {
  writeSite();
  folders.write('steerdns.yaml', 'listen: [127.0.0.1:5399]\ncontrol: { mode: 0600 }\n');
  const server = start();
  await server.heard('ready');
  assert.equal((await ask(folders.socket, 'GET', '/healthz')).status, 200);
  assert.equal(statSync(folders.socket).mode & 0o777, 0o600);
});
