// Simulations: what a script says, or what is wrong with it; that a seed decides all that chance would; and
// that time costs what its probes cost.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readScript } from '../../src/cli/simulate/script.ts';
import { type Happening, planOf, simulate } from '../../src/cli/simulate/simulation.ts';
import { simulationText } from '../../src/cli/simulate/text.ts';
import { type Loaded, loadAll } from '../../src/control/load.ts';
import { settingsOf } from '../../src/control/settings.ts';
import { printFault } from '../../src/faults.ts';
import type { Endpoint } from '../../src/health/check.ts';
import { endpointOf } from '../health/virtual.ts';

let folder: string;
let loaded: Loaded;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'steerdns-simulate-'));
  const addresses = [1, 2, 3].map((i) => `www A 192.0.2.${i}\n`).join('');
  writeFileSync(
    join(folder, 'site.example.zone'),
    `$TTL 30\n@ SOA ns1 h 1 1h 15m 1w 5m\n NS ns1\nns1 A 192.0.2.9\n${addresses}bare A 192.0.2.4\n`,
  );
  writeFileSync(
    join(folder, 'site.example.yaml'),
    `checks:
  web: { type: http, port: 80 }
balance:
  www:
    check: web
    members:
      192.0.2.1: { name: web1, weight: 2 }
      192.0.2.2: { name: web2, group: rack1 }
      192.0.2.3: { name: web3, group: rack1 }
  bare: { members: { 192.0.2.4: { name: unwatched } } }
`,
  );
  loaded = loadAll({ dir: folder, tablesDir: undefined, known: [] });
  assert.deepEqual(loaded.faults, []);
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function run(text: string, seed = 1, canaries: readonly Endpoint[] = []) {
  const script = readScript('script', text);
  const plan = planOf(script, loaded.zones, canaries);
  assert.deepEqual([...script.faults, ...plan.faults], []);
  return simulate(loaded.zones, settingsOf(loaded), plan, { seed, endMs: script.endMs!, canaries });
}

/** `web2 up -> down` with the second in which it happened, rounded up. */
function transitions(happenings: readonly Happening[]): string[] {
  return happenings.flatMap((one) =>
    one.kind === 'monitor' && one.event.kind === 'turned' && one.event.from !== 'unknown'
      ? [`${Math.ceil(one.atMs / 1000)} ${one.member} ${one.event.from} -> ${one.event.to}`]
      : [],
  );
}

const faults: readonly [string, string][] = [
  ['at 10s wbe2 refuses', '1:8: error: nothing matches "wbe2" (did you mean "web2"?)'],
  ['at 10s web2 refuse', '1:13: error: "refuse" is nothing that a server does (did you mean "refuses"?)'],
  ['\n at', '2:2: error: the time is missing (such as 10s or 2m)'],
  ['at 3x web2 ok', '1:4: error: the time is "3x", which is no duration (such as 500ms, 5s or 1m)'],
  ['at 3s', '1:4: error: who is missing (such as "at 10s web2 refuses")'],
  ['at 3s web2', '1:7: error: what happens to it is missing (such as "at 10s web2 refuses")'],
  ['at 5s web2 flaky', '1:12: error: "flaky" wants one more word (such as "at 10s web2 flaky 30%")'],
  ['at 5s web2 ok 3s', '1:15: error: "ok" says too much (such as "at 10s web2 ok")'],
  ['at 5s web2 slow x', '1:17: error: "slow" is "x", which is no duration (such as 500ms, 5s or 1m)'],
  ['kill web2', '1:1: error: "kill" begins no line of a script (one of: at, end)'],
  [
    '\nat 5s unwatched refuses',
    '2:7: error: nothing probes unwatched: what it does is seen by nobody (give it a check)',
  ],
  ['at 5s prober slow', '1:14: error: "slow" is nothing that becomes of the prober (one of: cut, ok)'],
  ['at 5s prober cut 3s', '1:18: error: "cut" says too much (such as "at 10s prober cut")'],
  ['at 5s web2 drain 3s', '1:18: error: "drain" says too much (such as "at 10s web2 drain")'],
  ['at 5s web2 dran', '1:12: error: "dran" is nothing that a server does (did you mean "drain"?)'],
  ['end 1m\nend 2m', '2:1: error: the end is said twice'],
  ['end 1m 2', '1:8: error: nothing follows the time of the end'],
];
for (const [text, fault] of faults) {
  test(`a fault: ${JSON.stringify(text)}`, () => {
    const script = readScript('script', text);
    const found = [...script.faults, ...planOf(script, loaded.zones).faults];
    assert.deepEqual(found.map(printFault), [`script:${fault}`]);
  });
}

test('steps come in order of time, comments and empty lines are nothing', () => {
  const { steps, endMs } = readScript('script', '# one\n\nat 2s a ok # two\nat 1s b refuses\nend 1m');
  assert.deepEqual([steps.map(({ text }) => text), endMs], [['b refuses', 'a ok'], 60_000]);
});

test('a server that refuses leaves and comes back, and answers follow it', async () => {
  const outcome = await run('at 10s web2 refuses\nat 40s web2 ok\nend 1m');
  const [down, up, ...more] = transitions(outcome.happenings);
  assert.match(down!, /^1[1-7] web2 up -> down$/);
  assert.match(up!, /^4[1-7] web2 down -> up$/);
  assert.deepEqual(more, []);
  const plain = simulationText(outcome, (_, text) => text);
  assert.match(plain, /\n 0:\d\d\.\d\d {2}www\.site\.example\. A, TTL 30 -> 5\n/);
  assert.match(plain, /\n 0:1\d\.\d\d {2}www\.site\.example\. A, TTL 5: web1 66\.7%, web3 33\.3%\n/);
  assert.ok(
    plain.split('\n').every((line) => line.length <= 80),
    plain,
  );
});

const allDie = 'at 5s group=rack1 silent\nat 30s * refuses\n';

test('group=NAME and * name several; all that are down are given all the same', async () => {
  const { happenings } = await run(`${allDie}end 1m`, 1, [endpointOf(1000)]);
  const down = transitions(happenings).map((line) => line.replace(/^\d+ /, ''));
  assert.deepEqual(down.sort(), ['web1 up -> down', 'web2 up -> down', 'web3 up -> down']);
  const last = happenings.findLast((one) => one.kind === 'answers');
  assert.equal(last?.kind === 'answers' && last.given[0]?.why, 'down, but all are (when-all-down: all)');
});

test('without a canary all that fall silent at once are withheld for ten minutes', async () => {
  const { happenings } = await run(`at 5s * silent\nend 12m`);
  assert.deepEqual(saidOf(happenings), ['silent', 'over']);
  assert.ok(transitions(happenings).every((line) => /^6\d\d web\d up -> down$/.test(line)));
  const alone = await run(`${allDie}end 1m`);
  assert.match(transitions(alone.happenings).at(-1)!, /^3\d web1 up -> down$/, 'the last is believed');
});

const saidOf = (happenings: readonly Happening[]) =>
  happenings.flatMap((one) => (one.kind === 'prober' ? [one.event.kind] : []));

test('while the prober is cut nothing is withdrawn, with a canary or without', async () => {
  for (const canaries of [[endpointOf(1000)], []]) {
    for (const seed of [1, 2, 3]) {
      const script = 'at 20s prober cut\nat 3m prober ok\nend 5m';
      const { happenings } = await run(script, seed, canaries);
      assert.deepEqual(transitions(happenings), []);
      assert.deepEqual(saidOf(happenings), ['silent', 'answered']);
      for (const one of happenings) {
        if (one.kind !== 'answers' || !one.owner.startsWith('www')) continue;
        assert.deepEqual(
          one.given.map(({ member }) => member),
          ['web1', 'web2', 'web3'],
        );
      }
    }
  }
});

test('a server that dies while the prober is cut leaves when it is not any more', async () => {
  const script = 'at 20s prober cut\nat 60s web2 refuses\nat 2m prober ok\nend 3m';
  const { happenings } = await run(script, 1, [endpointOf(1000)]);
  const [down, ...more] = transitions(happenings);
  assert.match(down!, /^12\d web2 up -> down$/);
  assert.deepEqual(more, []);
});

test('a canary is called by its address', async () => {
  const canary = endpointOf(1000);
  const outcome = await run(`at 10s ${canary.address} silent\nat 20s * refuses\nend 1m`, 1, [canary]);
  assert.deepEqual(transitions(outcome.happenings), []);
  assert.deepEqual(saidOf(outcome.happenings), ['silent']);
});

test('the hand of the operator is laid as control lays it, and refused as control refuses it', async () => {
  const script = `at 0s  web3 down
at 10s web2 drain
at 20s web1 drain # would leave nobody
at 30s web2 undrain
at 40s web1 refuses
at 60s web1 up
at 70s unwatched down
end 80s`;
  const { happenings } = await run(script);
  const given = happenings.flatMap((one) =>
    one.kind === 'answers' && one.owner === 'www.site.example.'
      ? [`${Math.floor(one.atMs / 10_000)} ${one.given.map(({ member }) => member).join(' ')}`]
      : [],
  );
  assert.deepEqual(
    given.filter((line, i) => line.slice(1) !== given[i - 1]?.slice(1)),
    ['0 web1 web2 web3', '0 web1 web2', '1 web1', '3 web1 web2', '4 web2', '6 web1 web2'],
  );
  const refused = happenings.flatMap((one) => (one.kind === 'refused' ? [one.text] : []));
  assert.deepEqual(refused, [
    'www.site.example A would be left without a member (still given: web1 66.7%, web2 33.3%)',
    'bare.site.example A would be left without a member (answered NODATA)',
  ]);
});

test('a seed makes the same of everything; another one other moments', async () => {
  const script = 'at 1s web1 flaky 40%\nat 2s web2 flaps 4s\nend 5m';
  const [first, again, other] = [await run(script, 7), await run(script, 7), await run(script, 8)];
  assert.deepEqual(first, again);
  assert.notDeepEqual(first.happenings, other.happenings);
});

test('what is down when the script begins is never given', async () => {
  const { happenings } = await run('at 0s web3 refuses\nend 10s');
  const given = happenings.flatMap((one) => (one.kind === 'answers' ? one.given : []));
  assert.ok(given.length > 0 && given.every(({ member }) => member !== 'web3'));
});

test('an hour takes a second or less', async () => {
  const startedAt = performance.now();
  const { happenings } = await run('at 10s web2 flaps 20s\nend 1h');
  const tookMs = performance.now() - startedAt;
  console.log(`an hour of 3 endpoints took ${tookMs.toFixed(0)} ms, ${happenings.length} happenings`);
  assert.ok(tookMs < 3000); // a busy machine is no fault
});
