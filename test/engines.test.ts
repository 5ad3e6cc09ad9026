// Runs every case of test/cases/ through every engine: the model, respond() in process, a real server over
// UDP with both of its engines, and over TCP. What only a process of ours can send (source port 0) is asked
// in process only.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { libcFault } from '../src/serve/libc.ts';
import { Answering, tablesOf } from './answering.ts';
import { type Case, type Expectation, loadCases, type Question, type Section } from './cases.ts';
import { differences, rowKeys, sameRows } from './compare.ts';
import { hasIp6, LiveServer } from './live.ts';
import { expected, worldOf } from './model.ts';
import { rcodeText } from './rows.ts';
import { decode } from './wire.ts';

const { zones, cases } = loadCases();
/** Why the batch engine cannot be tried here; in CI it must be. */
const skipBatch = libcFault !== undefined && !process.env.CI ? libcFault : false;

/** Which counters say how a query ended: of these, none moves but those that the case names. */
const endings = new Set([
  ...['silent', 'noerror', 'nodata', 'nxdomain', 'yxdomain', 'referral', 'truncated', 'chaos'],
  ...['refused', 'formerr', 'notimp', 'badvers', 'badcookie', 'servfail'],
]);

function each(
  run: (question: Question, one: Case) => void | Promise<void>,
  isAsked: (question: Question) => boolean = () => true,
): void {
  for (const one of cases) {
    for (const question of one.questions.filter(isAsked)) {
      it(`${one.file}:${one.line} ${question.line}: ${one.reason}`, async () => run(question, one));
    }
  }
}

describe('the model', () => {
  const world = worldOf(zones);
  each((question, { expect }) => {
    for (const transport of question.transports) {
      const got = expected(world, question.octets, transport, question.port);
      assert.deepEqual(readable(got, expect), readable(expect, expect));
    }
  });
});

describe('respond() in process', () => {
  const answering = new Answering(tablesOf(zones));
  each((question, { expect }) => {
    for (const transport of question.transports) {
      const responses: (Uint8Array | undefined)[] = [];
      for (let i = 0; i < question.repeat; i++) {
        const before = answering.counters();
        const response = answering.ask(question.octets, transport, question.port);
        responses.push(response);
        assert.deepEqual(differences(response, question.octets, transport, expect), []);
        checkCounters(before, answering.counters(), expect);
      }
      checkDraws(responses, question, expect);
    }
  });
});

for (const [engine, transport] of [
  ['batch', 'udp'],
  ['dgram', 'udp'],
  ['dgram', 'tcp'],
] as const) {
  describe(`a server (${engine}) over ${transport}`, { skip: engine === 'batch' ? skipBatch : false }, () => {
    let server: LiveServer;
    before(async () => {
      server = await LiveServer.start(zones, engine);
    });
    after(() => server?.stop());
    const isAsked = ({ transports, port, octets, needsIp6 }: Question): boolean =>
      transports.includes(transport) &&
      port === undefined &&
      (transport === 'udp' || octets.length > 0) &&
      (hasIp6 || !needsIp6);
    each(async (question, { expect }) => {
      const responses: (Uint8Array | undefined)[] = [];
      for (let i = 0; i < question.repeat; i++) {
        const response = await server.ask(question.octets, transport, expect.silence);
        responses.push(response);
        assert.deepEqual(differences(response, question.octets, transport, expect), []);
      }
      // Several workers answer; each draws every set by itself, but not in the questions it happens to get.
      if (engine === 'dgram') checkDraws(responses, question, expect);
    }, isAsked);
  });
}

function checkCounters(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  { counters }: Expectation,
): void {
  const moved = [...after].map(([name, n]) => ({ name, by: n - before.get(name)! }));
  const ended = moved.filter(({ name, by }) => endings.has(name) && by !== 0);
  assert.deepEqual(
    ended.map(({ by }) => by),
    [1],
    'a query ends in one way',
  );
  for (const [name, n] of counters ?? []) {
    assert.equal(moved.find((one) => one.name === name)?.by, n, `counter ${name}`);
  }
}

/** A question that is asked often enough draws every alternative. */
function checkDraws(
  responses: readonly (Uint8Array | undefined)[],
  { repeat }: Question,
  expect: Expectation,
): void {
  if (repeat === 1) return;
  const messages = responses.map((response) => decode(response!));
  for (const section of ['answer', 'additional'] as const) {
    for (const rows of expect[section]) {
      const drawn = messages.some((message) => sameRows(message[section], rows));
      assert.ok(drawn, `never drawn in ${repeat} responses: ${rowKeys(rows).join(', ')}`);
    }
  }
}

/** An expectation as something that can be compared and read; counters only where `like` names them. */
function readable(expect: Expectation, like: Expectation) {
  const { silence, bare, flags } = expect;
  const section = (alternatives: Section): string[] =>
    alternatives.map((rows) => rowKeys(rows).join('\n')).sort();
  const counters = [...(expect.counters ?? [])].filter(
    ([name]) => endings.has(name) && like.counters?.has(name),
  );
  return {
    ...{ silence, bare, flags: [...flags].sort(), rcode: rcodeText(expect.rcode) },
    answer: section(expect.answer),
    authority: section(expect.authority),
    additional: section(expect.additional),
    counters,
    options: expect.options.map(({ code }) => code).sort(),
  };
}
