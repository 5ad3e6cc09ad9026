// The control process with a server that only plays its side of the channel: start, health, reload, status
// and explain.
import assert from 'node:assert';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { ZoneReader } from '../../src/answer/read.ts';
import type { Explanation } from '../../src/control/explain.ts';
import { ask, endServer, webServer } from './fakeserver.ts';
import { holds, Site, zoneText } from './site.ts';

const site = new Site('127.0.0.61', '127.0.0.62');

test('a start listens, probes, publishes without the dead member, and only then is ready', async () => {
  site.write();
  const server = await site.started();
  assert.deepEqual(
    server.said.map(({ kind }) => kind).filter((kind, i, all) => kind !== 'alive' && all.indexOf(kind) === i),
    ['listen', 'query-log', 'publish', 'ready'],
  );
  const { listen, workers } = await server.heard('listen');
  assert.deepEqual({ listen, workers }, { listen: ['127.0.0.1:5399'], workers: 2 });
  const first = await server.heard('publish');
  assert.ok(holds(first, site.there));
  assert.ok(!holds(first, site.absent), 'a server that is down is never handed out');
  const [ref] = first.zones!;
  const table = new Uint8Array(readFileSync(join(site.folders.run, ref!.file)));
  assert.equal(table.length, ref!.length);
  const reader = new ZoneReader(table);
  assert.equal(reader.origin, 'site.example.');
  assert.equal(reader.id, ref!.id);
  assert.match(server.log, /127\.0\.0\.62 .*is down: connection refused/);
});

test('a health change is published, with a higher edition and no zones', async () => {
  site.write();
  const server = await site.started();
  const first = await server.heard('publish');
  const { server: web2 } = await webServer(site.absent, site.port);
  try {
    const up = await server.heard('publish', (message) => holds(message, site.absent));
    assert.equal(up.zones, undefined);
    assert.ok(up.sets[0]!.edition > first.sets[0]!.edition);
  } finally {
    await endServer(web2);
  }
  await server.nextPublish((message) => !holds(message, site.absent));
});

test('a publication that the server refuses is offered again', async () => {
  site.write();
  const server = await site.started();
  server.fault = 'no room';
  const { server: web2 } = await webServer(site.absent, site.port);
  try {
    const refused = await server.heard('publish', (message) => holds(message, site.absent));
    server.fault = undefined;
    await server.heard(
      'publish',
      (message) => message.ticket > refused.ticket && holds(message, site.absent),
    );
  } finally {
    await endServer(web2);
  }
});

test('a reload says what changed; the same files again change nothing and publish nothing', async () => {
  site.write();
  const server = await site.started();
  site.write(8, [site.there, site.absent, '127.0.0.63']);
  site.folders.write('new.example.zone', zoneText(1, []));
  const { status, report } = await site.reload();
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
  const again = await site.reload();
  assert.deepEqual(again.report.changes, []);
  assert.equal(server.said.filter(({ kind }) => kind === 'publish').length, published);
  const tables = readdirSync(join(site.folders.run, 'tables'));
  assert.deepEqual(
    tables.sort(),
    [...new Set(last.zones!.map(({ file }) => basename(file)))].sort(),
    'old tables are removed',
  );
});

test('a reload with faults in three places names all of them and changes nothing', async () => {
  site.write();
  site.folders.write('b.example.zone', zoneText(1, []));
  const server = await site.started();
  site.folders.write('site.example.zone', `${zoneText(8, [site.there])}bad A 1.2.3\nworse NSX foo\n`);
  site.folders.write('site.example.yaml', site.yaml.replace('balance', 'balanse'));
  const { status, report } = await site.reload();
  assert.equal(status, 422);
  const places = report.faults
    .filter(({ severity }) => severity === 'error')
    .map(({ file, line }) => [file, line]);
  assert.deepEqual(places, [
    [join(site.folders.config, 'site.example.yaml'), 3],
    [join(site.folders.config, 'site.example.zone'), 6],
    [join(site.folders.config, 'site.example.zone'), 7],
  ]);
  assert.equal(report.generation, server.generation);
  const { zones, attention } = await site.status();
  assert.equal(zones.find(({ origin }) => origin === 'site.example.')!.serial, 7);
  assert.ok(attention.some(({ what, details }) => what.includes('3 faults') && details.length === 3));
  site.write(9);
  assert.equal((await site.reload()).status, 200);
  assert.equal((await site.status()).control.refused, undefined);
});

test('a reload that the server refuses leaves the old data and says so', async () => {
  site.write();
  const server = await site.started();
  site.write(8);
  server.fault = 'zone table is damaged';
  const { status, report } = await site.reload();
  assert.equal(status, 422);
  assert.equal(report.failure, 'zone table is damaged');
  server.fault = undefined;
  assert.equal((await site.status()).zones[0]!.serial, 7);
});

test('a changed listen is taken for the next start, and the reload says that it needs one', async () => {
  site.write();
  const server = await site.started();
  site.folders.write('steerdns.yaml', 'listen: [127.0.0.1:5398]\nworkers: 2\n');
  const { report } = await site.reload();
  assert.deepEqual(report.notes, ['listen changed: restart the server for it']);
  await server.heard('listen', ({ listen }) => listen[0] === '127.0.0.1:5398');
});

test('changed settings are published with the reload, which names them', async () => {
  site.write();
  const server = await site.started();
  const secret = '00112233445566778899aabbccddeeff';
  site.folders.write('secrets', `${secret}\n`);
  const cookies = 'cookies: { secret-file: secrets }';
  const limit = 'rate-limit: { responses-per-second: 50 }';
  site.folders.write('steerdns.yaml', `workers: 2\n${cookies}\n${limit}\nversion: none\n`);
  const publication = server.nextPublish(({ settings }) => settings !== undefined);
  const { report } = await site.reload();
  assert.deepEqual([report.settings, report.changes], [['version', 'cookies', 'rate-limit'], []]);
  const { settings } = await publication;
  assert.equal(settings!.rateLimit!.responsesPerSecond, 50);
  assert.deepEqual(
    settings!.cookieSecrets!.map((one) => Buffer.from(one).toString('hex')),
    [secret],
  );
  assert.equal(settings!.version, '');
  assert.deepEqual((await site.reload()).report.settings, []);
  // Another content of the same file is a change.
  site.folders.write('secrets', `${'11'.repeat(16)}\n${secret}\n`);
  assert.deepEqual((await site.reload()).report.settings, ['cookies']);
});

test('at a first start a faulty zone does not stop the others', async () => {
  site.write();
  site.folders.write('bad.example.zone', 'nonsense\n');
  const server = await site.started();
  const { zones } = await server.heard('publish');
  assert.deepEqual(
    zones!.map(({ origin }) => origin),
    ['site.example.'],
  );
  const status = await site.status();
  assert.deepEqual(status.control.leftOut, ['bad.example.']);
  assert.match(server.log, /bad\.example\.zone:1:9: error: the record ends/);
});

test('with nothing to serve it stays, lets the server refuse, and waits for a reload', async () => {
  await site.started();
  site.write();
  assert.equal((await site.reload()).status, 200);
  assert.equal((await site.status()).zones.length, 1);
});

test('status gives wanted and given shares; what a retired table gave still counts', async () => {
  site.write(7, [site.there, site.absent]);
  const { server: web2 } = await webServer(site.absent, site.port);
  try {
    const server = site.start();
    await server.heard('ready');
    const first = await server.heard('publish');
    server.counts = [
      { origin: 'site.example.', edition: first.sets[0]!.edition, counts: Float64Array.of(100) },
    ];
    const members = (await site.status()).zones[0]!.pools[0]!.members;
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
    assert.equal((await site.status()).zones[0]!.pools[0]!.responses, 150);
  } finally {
    await endServer(web2);
  }
});

test('explain walks as the query would, to every kind of end', async () => {
  site.write();
  const more = 'alias CNAME www\n*.w TXT "x"\nsub NS ns.sub\nns.sub A 192.0.2.9\na.b TXT "y"\n';
  const aliases = `moved DNAME sub\nloop CNAME loop\nfar DNAME ${'a'.repeat(60)}.${'b'.repeat(60)}\n`;
  site.folders.write('site.example.zone', zoneText(7, [site.there, site.absent]) + more + aliases);
  await site.started();
  const explain = async (name: string, type: string) => {
    const { body } = await ask(site.folders.socket, 'GET', `/explain?name=${name}&type=${type}`);
    return body as Explanation;
  };
  const alias = await explain('ALIAS.site.example', 'a');
  assert.deepEqual(
    alias.steps.map(({ step }) => step),
    ['zone', 'name', 'cname', 'zone', 'name', 'rrset'],
  );
  assert.deepEqual(alias.pools[0]!.sets, [{ share: 1, addresses: [site.there] }]);
  assert.deepEqual(
    alias.pools[0]!.members.map(({ address, eligible, why }) => [address, eligible, why]),
    [
      [site.there, true, 'up'],
      [site.absent, false, 'down'],
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
  const moved = await explain('x.moved.site.example', 'A');
  assert.deepEqual(
    moved.steps.map(({ step }) => step),
    ['zone', 'dname', 'zone', 'name'],
  );
  assert.equal(
    moved.steps[1]!.text,
    'moved.site.example. leads to sub.site.example.: goes on at x.sub.site.example., TTL 300',
  );
  assert.deepEqual(await last('x.moved.site.example', 'A'), [
    'sub.site.example. is delegated to ns.sub.site.example.: referral',
    'NOERROR',
  ]);
  const long = `${'c'.repeat(60)}.${'d'.repeat(60)}`;
  const [tooLong, yxdomain] = await last(`${long}.far.site.example`, 'A');
  assert.match(tooLong!, /too long: YXDOMAIN$/);
  assert.equal(yxdomain, 'YXDOMAIN');
  assert.deepEqual(await last('loop.site.example', 'A'), [
    'loop.site.example. was followed before: the answer ends here',
    'NOERROR',
  ]);
  assert.deepEqual(await last('b.site.example', 'A'), ['no A record: NODATA', 'NOERROR']);
  assert.deepEqual(await last('other.example', 'A'), [
    'other.example. is in no zone served here: REFUSED',
    'REFUSED',
  ]);
  assert.equal((await ask(site.folders.socket, 'GET', '/explain?name=a..b')).status, 400);
  assert.equal((await ask(site.folders.socket, 'GET', '/explain?name=a&type=NOPE')).status, 400);
});

test('explain takes for ANY what the server takes: an RRset that has something to give', async () => {
  site.write();
  site.folders.write('site.example.zone', zoneText(7, [site.absent]) + 'www TXT "x"\na.b TXT "y"\n');
  site.folders.write(
    'site.example.yaml',
    site.yaml.replace('{ check: web,', '{ check: web, when-all-down: none,'),
  );
  await site.started();
  const explain = async (name: string, type: string) => {
    const { body } = await ask(site.folders.socket, 'GET', `/explain?name=${name}&type=${type}`);
    const { steps, response } = body as Explanation;
    return [steps.at(-1)!.text, response.answer];
  };
  assert.deepEqual(await explain('www.site.example', 'A'), ['1 A record, balanced', 0]);
  assert.deepEqual(await explain('www.site.example', 'ANY'), ['1 TXT record, TTL 300: "x"', 1]);
  assert.deepEqual(await explain('b.site.example', 'ANY'), ['no ANY record: NODATA', 0]);
});

test('the control socket has the mode of the YAML', async () => {
  site.write();
  site.folders.write('steerdns.yaml', 'listen: [127.0.0.1:5399]\ncontrol: { mode: 0600 }\n');
  await site.started();
  assert.equal((await ask(site.folders.socket, 'GET', '/healthz')).status, 200);
  const { body } = await ask(site.folders.socket, 'GET', '/generation');
  assert.deepEqual(Object.keys(body as object), ['generation', 'workers']);
  assert.equal(statSync(site.folders.socket).mode & 0o777, 0o600);
});
