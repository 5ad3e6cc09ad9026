// What explain foretells, of zones that were loaded and published to nobody: pools that lead to one another,
// hands that are there already, and members without a check.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { allAlike } from '../../src/answer/settings.ts';
import { explainText } from '../../src/cli/explain.ts';
import { type Explanation, explain } from '../../src/control/explain.ts';
import { type HandRow, Hands } from '../../src/control/hands.ts';
import { loadAll } from '../../src/control/load.ts';
import { Publisher } from '../../src/control/publish.ts';
import { Shares } from '../../src/control/shares.ts';
import { printFault } from '../../src/faults.ts';
import type { EndpointState } from '../../src/health/state.ts';
import { lines, plain } from '../cli/statuses.ts';

const zone = `$TTL 60
@    SOA   ns h 1 3600 600 86400 90
@    NS    ns
ns   A     192.0.2.1
www  A     192.0.2.11
www  A     192.0.2.12
www  A     192.0.2.13
cdn  CNAME eu
near CNAME eu
eu   A     192.0.2.21
eu   A     192.0.2.22
us   A     192.0.2.31
us   A     192.0.2.32
`;
const yaml = `checks: { web: { type: tcp, port: 80 } }
balance:
  www:
    answers: 1
    members:
      192.0.2.11: { name: web1, weight: 3, check: web }
      192.0.2.12: { name: web2, check: web }
      192.0.2.13: { name: web3 }
  cdn: { members: { eu: { name: europe, weight: 2 }, us: { name: america } } }
  near: { policy: nearest, members: { eu: { name: here, place: eu }, us: { place: us, weight: 3 } } }
  eu: { check: web, members: { 192.0.2.21: { name: eu1 }, 192.0.2.22: { name: eu2 } } }
  us: { check: web, members: { 192.0.2.31: { name: us1 }, 192.0.2.32: { name: us2 } } }
`;
const server = `places: { eu: { networks: [198.51.100.0/24] }, us: { networks: [203.0.113.0/24] } }\n`;

const folder = mkdtempSync(join(tmpdir(), 'explain-'));
const hands = new Hands();
let publisher: Publisher;

before(async () => {
  const tablesDir = join(folder, 'tables');
  mkdirSync(tablesDir);
  writeFileSync(join(folder, 'x.test.zone'), zone);
  writeFileSync(join(folder, 'x.test.yaml'), yaml);
  writeFileSync(join(folder, 'steerdns.yaml'), server);
  const { zones, faults, places } = loadAll({ dir: folder, tablesDir, known: [] });
  assert.deepEqual(faults.map(printFault), []);
  publisher = new Publisher({
    send: (message) => {
      const { ticket } = message as { ticket: number };
      publisher.published({ kind: 'published', ticket, generation: 1, fault: undefined });
    },
    healthOf: () => ({ verdict: 'up', settled: true }),
    handOf: (...who) => hands.handOf(...who),
    shares: new Shares(),
    firstEdition: 1,
    onServed: () => {},
    onFault: assert.fail,
    onSilence: assert.fail,
  });
  const settings = { ...allAlike, identity: 'ns1', version: '', cookieSecrets: [], rateLimit: undefined };
  await publisher.publishZones(zones, { ...settings, places });
});
beforeEach(() => hands.set([]));
after(() => {
  publisher.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(name: string, parameters: Record<string, string> = {}) {
  const well = { verdict: 'up', settled: true, failures: 0, successes: 0, check: { fall: 3, rise: 2 } };
  const monitors = { state: () => well as EndpointState };
  const query = new URLSearchParams({ name: `${name}.x.test`, ...parameters });
  return explain(publisher, monitors, hands.handOf, query);
}

async function explained(name: string, parameters: Record<string, string> = {}): Promise<Explanation> {
  const { status, body } = await ask(name, parameters);
  assert.equal(status, 200, JSON.stringify(body));
  return body as Explanation;
}

/** `web1 0.6->0`, of each pool on the way where something is supposed. */
async function supposed(name: string, what: string): Promise<string[]> {
  const { pools } = await explained(name, { if: what });
  return pools.flatMap(({ supposed: then }) => {
    const members = then?.members.map(
      (one) => `${one.name} ${one.before.toFixed(2)}->${one.after.toFixed(2)}`,
    );
    return members === undefined ? [] : [members.join(', ')];
  });
}

const lay = async (member: string, hand: HandRow['hand']) => {
  hands.set([...hands.rows, { owner: 'www.x.test.', member, hand, at: 0 }]);
  assert.equal(await publisher.handChanged(new Set(['www.x.test.'])), undefined);
};
const by = { reason: '', by: 'alice' };

test('a supposed weight takes the place of the one that was set by hand', async () => {
  assert.deepEqual(await supposed('www', 'web1=8'), ['web1 0.60->0.80, web2 0.20->0.10, web3 0.20->0.10']);
  await lay('web1', { ...by, weight: 2 });
  assert.deepEqual(await supposed('www', 'web1=8'), ['web1 0.50->0.80, web2 0.25->0.10, web3 0.25->0.10']);
});

test('up lifts the hand on the state, and leaves the one on the weight', async () => {
  await lay('web1', { ...by, weight: 2 });
  await lay('web1', { ...by, state: 'drain' });
  assert.deepEqual(await supposed('www', 'web1=up'), ['web1 0.00->0.50, web2 0.50->0.25, web3 0.50->0.25']);
});

test('drain leaves the hand on the weight too, and both may be supposed', async () => {
  await lay('web1', { ...by, weight: 2 });
  const { pools } = await explained('www', { if: 'web1=drain,web2=2,web1=7' });
  const members = pools[0]!.supposed!.members.map(({ why, after: share }) => `${why} ${share.toFixed(2)}`);
  assert.deepEqual(members, [
    'drained by supposition 0.00',
    'up, weight 2 by supposition 0.67',
    'up, not checked 0.33',
  ]);
});

test('that somebody is down who has no check would be noticed by nothing', async () => {
  const refused = await ask('www', { if: 'web3=down' });
  assert.deepEqual(
    [refused.status, refused.body],
    [
      400,
      {
        error: '"web3=down" would be noticed by nothing: web3 has no check',
        hint: '"web3=drain" supposes that you take it out',
      },
    ],
  );
  const { pools } = await explained('www', { if: 'www.x.test=down' });
  assert.deepEqual(pools[0]!.supposed!.remarks, ['web3 has no check: nothing would notice that it is down']);
  assert.equal(pools[0]!.supposed!.members[2]!.after, 1);
});

/** Where the walk goes on from a balanced CNAME. */
const goesOn = async (name: string, parameters: Record<string, string> = {}) => {
  const { steps } = await explained(name, parameters);
  return steps.find(({ step }) => step === 'cname')!.text;
};

test('a balanced CNAME and the pool it leads to are explained, with what is supposed of each', async () => {
  const { pools } = await explained('cdn');
  assert.deepEqual(
    pools.map(({ owner, type }) => `${owner} ${type}`),
    ['cdn.x.test. CNAME', 'eu.x.test. A'],
  );
  assert.deepEqual(await supposed('cdn', 'europe=drain'), ['europe 0.67->0.00, america 0.33->1.00']);
  assert.deepEqual(await supposed('cdn', 'eu1=down'), ['eu1 0.50->0.00, eu2 0.50->1.00']);
  assert.deepEqual(await supposed('cdn', 'america=0,eu1=down'), [
    'europe 0.67->1.00, america 0.33->0.00',
    'eu1 0.50->0.00, eu2 0.50->1.00',
  ]);
  const said = { if: 'america=0,eu1=down', from: '198.51.100.7' };
  const text = lines(explainText(await explained('cdn', said), plain));
  const heads = text.filter((line) => /^(pool|if|then) /.test(line));
  assert.deepEqual(heads, [
    'pool      cdn.x.test. CNAME: weighted, 1 name per response (answers: 1), TTL 60',
    'if        america=0: TTL 60 -> 60 s',
    'then      198.51.100.7: in turn, whoever asks',
    'pool      eu.x.test. A: weighted, 2 addresses per response (answers: auto), TTL',
    'if        eu1=down: TTL 60 -> 5 s',
    'then      198.51.100.7: in turn, whoever asks',
  ]);
});

test('the walk goes by what is supposed, and what nobody on it has is refused', async () => {
  assert.match(await goesOn('cdn'), /: goes on at eu\.x\.test\., as most responses do, TTL 60$/);
  assert.match(await goesOn('cdn', { if: 'europe=drain' }), /: would go on at us\.x\.test\., TTL 5$/);
  assert.deepEqual(await supposed('cdn', 'europe=drain,us1=down'), [
    'europe 0.67->0.00, america 0.33->1.00',
    'us1 0.50->0.00, us2 0.50->1.00',
  ]);
  const refused = await ask('cdn', { if: 'us1=down' });
  assert.deepEqual(
    [refused.status, refused.body],
    [
      400,
      { error: 'nothing matches "us1"', hint: 'one of: europe, america, eu1, eu2, cdn.x.test, eu.x.test' },
    ],
  );
});

test("the walk of one client goes by its place, and elsewhere where nobody's is asked for", async () => {
  assert.match(await goesOn('near', { from: '198.51.100.7' }), /goes on at eu\.x\.test\., TTL 60$/);
  assert.match(await goesOn('near', { from: '::ffff:198.51.100.7' }), /goes on at eu\.x\.test\., TTL 60$/);
  assert.match(await goesOn('near', { from: '203.0.113.7' }), /goes on at us\.x\.test\., TTL 60$/);
  assert.match(await goesOn('near'), /goes on at us\.x\.test\., as most responses do, TTL 60$/);
  const { pools } = await explained('near', { from: '198.51.100.7', if: 'here=drain' });
  assert.equal(pools[0]!.client!.sets[0]!.addresses[0], 'eu.x.test.');
  assert.equal(pools[0]!.supposed!.client!.sets[0]!.addresses[0], 'us.x.test.');
});
