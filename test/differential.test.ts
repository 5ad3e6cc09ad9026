// The same questions to us, NSD, Knot and BIND, with the same zones: what differs must be on the short list
// in differential/compare.ts. 2,000 questions; 20,000 where STEERDNS_TEST_LONG is 1. Another
// STEERDNS_TEST_SEED makes other zones and asks other questions.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { randomFrom } from './balance/random.ts';
import { Daemon } from './daemon.ts';
import { Client } from './differential/client.ts';
import {
  fieldsThatDiffer,
  judge,
  linesAbout,
  printView,
  rules,
  type View,
  viewOf,
} from './differential/compare.ts';
import { type DifferentialQuestion, digLine, questionMaker } from './differential/questions.ts';
import { type PeerName, PeerServer, peerNames } from './differential/servers.ts';
import { differentialZones } from './differential/zones.ts';
import { missing } from './tools.ts';
import { decode, encode } from './wire.ts';

const count = process.env.STEERDNS_TEST_LONG === '1' ? 20_000 : 2000;
const seed = Number(process.env.STEERDNS_TEST_SEED ?? 1);
/** Questions on their way at once. */
const width = 24;
const faultsShown = 12;

const absent = ['nsd', 'knotd', 'named'].map(missing).find(Boolean);
const skip = process.env.CI || absent === undefined ? false : absent;

describe('the same questions to NSD, Knot and BIND', { skip }, () => {
  const random = randomFrom(seed);
  const zones = differentialZones(random);
  let daemon: Daemon;
  let client: Client;
  let peers: PeerServer[] = [];

  before(async () => {
    const named = zones.map((zone) => ({ ...zone, name: `${zone.origin.slice(0, -1)}.zone` }));
    daemon = await Daemon.start({ files: Object.fromEntries(named.map(({ name, text }) => [name, text])) });
    client = await Client.open(daemon.port);
    const files = named.map(({ origin, name }) => ({ origin, file: join(daemon.folder, 'zones', name) }));
    for (const name of peerNames) peers.push(await PeerServer.start(name, files));
  });
  after(async () => {
    client?.close();
    for (const peer of peers) await peer.stop();
    peers = [];
    await daemon?.close();
  });

  it(`${count} questions have no difference without a reason (seed ${seed})`, async (test) => {
    const next = questionMaker(zones, random);
    const faults: string[] = [];
    const explained = new Map(rules.map(({ name }) => [name, 0]));
    let [asked, unexplained] = [0, 0];
    const ask = async (): Promise<void> => {
      while (asked < count) {
        asked++;
        const question = next();
        const views = await askAll(question);
        const { ours, ...others } = views;
        const theirs = peerNames.map((name) => others[name]);
        const differs = theirs.some((one) => fieldsThatDiffer(ours, one).length > 0);
        const whole = new Map(differs ? await askWhole(question) : []);
        const all = { ours, peers: new Map(peerNames.map((name) => [name, others[name]])), whole };
        const verdicts = judge(question, all);
        for (const { rule } of verdicts) explained.set(rule, (explained.get(rule) ?? 0) + 1);
        if (verdicts.every(({ rule }) => rule !== 'unexplained')) continue;
        unexplained++;
        if (faults.length < faultsShown) faults.push(shown(question, views, verdicts));
      }
    };
    await Promise.all(Array.from({ length: width }, ask));
    for (const [rule, times] of explained) test.diagnostic(`${rule}: ${times} differences`);
    assert.equal(unexplained, 0, `${unexplained} of ${count}:\n${faults.join('\n\n')}`);
  });

  async function askAll(question: DifferentialQuestion): Promise<Record<PeerName | 'ours', View>> {
    const ours = askOne('ours', client, question);
    const all = await Promise.all([ours, ...peers.map((peer) => askOne(peer.name, peer.client, question))]);
    return Object.fromEntries(all) as Record<PeerName | 'ours', View>;
  }

  /** The peers once more, over TCP. */
  function askWhole(question: DifferentialQuestion): Promise<[PeerName, View][]> {
    const whole = { ...question, transport: 'tcp' } as const;
    return Promise.all(peers.map((peer) => askOne(peer.name, peer.client, whole)));
  }

  async function askOne<Name extends PeerName | 'ours'>(
    name: Name,
    of: Client,
    question: DifferentialQuestion,
  ): Promise<[Name, View]> {
    const response = await of.ask(encode(question.ask), question.transport);
    assert.ok(response !== undefined, `${name} does not answer: ${digLine(question, 'PORT')}`);
    try {
      return [name, viewOf(decode(response, name === 'ours'), response.length)];
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}: ${digLine(question, 'PORT')}`);
    }
  }

  function shown(
    question: DifferentialQuestion,
    views: Readonly<Record<string, View>>,
    verdicts: ReturnType<typeof judge>,
  ): string {
    const texts = zones.map(({ text }) => text);
    return [
      digLine(question, 'PORT'),
      ...linesAbout(question.ask.name, texts).map((line) => `  ${line.slice(0, 120)}`),
      ...Object.entries(views).map(([name, view]) => `  ${name}: ${printView(view)}`),
      ...verdicts.map(({ peer, fields, rule }) => `  ${peer} differs in ${fields.join(', ')}: ${rule}`),
    ].join('\n');
  }
});
