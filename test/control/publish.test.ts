// Publications: one at a time, health collected, nothing sent where nothing changed.

import assert from 'node:assert';
import { afterEach, test } from 'node:test';
import { allAlike } from '../../src/answer/settings.ts';
import type { Hand } from '../../src/balance/hand.ts';
import type { Health, Pool } from '../../src/balance/pool.ts';
import { Caches } from '../../src/control/caches.ts';
import type { LoadedZone } from '../../src/control/load.ts';
import { Publisher } from '../../src/control/publish.ts';
import { Shares } from '../../src/control/shares.ts';
import { type Clock, systemClock } from '../../src/health/clock.ts';
import { VirtualClock } from '../../src/health/virtualclock.ts';
import type { Publish } from '../../src/serve/channel.ts';
import { until } from '../until.ts';

const up: Health = { verdict: 'up', settled: true };
const down: Health = { verdict: 'down', settled: false };

function pool(owner: string, addresses: number): Pool {
  const members = Array.from({ length: addresses }, (_, i) => {
    const address = {
      family: 1,
      text: `192.0.2.${i}`,
      rdata: Uint8Array.of(192, 0, 2, i),
      endpoint: `e${i}`,
    } as const;
    return {
      name: address.text,
      weight: 1,
      tier: 1,
      group: undefined,
      located: undefined,
      addresses: [address],
    };
  });
  const ttl = { stable: undefined, unsettled: 5, rrset: { 1: 60 } };
  const places = [{ place: '', order: [] }];
  const settings = { answers: 1, spread: 'none', minUp: 1, trickle: 0, places } as const;
  return { owner, policy: 'weighted', ...settings, ttl, whenAllDown: 'all', members };
}

function zone(origin: string, id: string, addresses = 2): LoadedZone {
  const pools = addresses === 0 ? [] : [pool(`www.${origin}`, addresses)];
  const endpoints = Array.from({ length: addresses }, (_, i) => ({
    key: `e${i}`,
  })) as unknown as LoadedZone['endpoints'];
  const rest = {
    followers: [],
    serial: 1,
    records: 1,
    names: 1,
    at: 0,
    length: 1,
    sources: [],
    warnings: [],
  };
  const poolKeys = new Map(pools.map(({ owner }) => [owner, `${owner} ${addresses}`]));
  return { origin, id, file: `/x/tables/${id}.table`, pools, poolKeys, endpoints, ...rest };
}

let stop = () => {};
afterEach(() => stop());

const settings = { ...allAlike, identity: 'ns1', version: '', cookieSecrets: [], rateLimit: undefined };

function make(clock: Clock = systemClock, caches?: Caches) {
  const hands: { owner: string; hand: Hand }[] = [];
  const health = new Map<string, Health>();
  const sent: Publish[] = [];
  const shares = new Shares();
  let served = 0;
  const faults: string[] = [];
  const publisher = new Publisher({
    send: (message) => sent.push(message as Publish),
    healthOf: (key) => health.get(key) ?? up,
    handOf: (owner, member) =>
      hands.filter((one) => member === '192.0.2.0' && one.owner === owner).map(({ hand }) => hand),
    clock,
    shares,
    ...(caches === undefined ? {} : { caches }),
    firstEdition: 100,
    onServed: () => served++,
    onFault: (fault) => faults.push(fault),
    onSilence: (fault) => faults.push(`silence: ${fault}`),
  });
  stop = () => publisher.stop();
  let generation = 0;
  const settle = (fault?: string) => {
    if (fault === undefined) generation++;
    publisher.published({ kind: 'published', ticket: sent.at(-1)!.ticket, generation, fault });
  };
  const message = (count: number) => until(`${count} publications`, 5000, () => sent.length >= count);
  const publish = async (zones: LoadedZone[]) => {
    const published = publisher.publishZones(zones, settings);
    await message(sent.length + 1);
    settle();
    return published;
  };
  return {
    publisher,
    hands,
    health,
    sent,
    settle,
    message,
    publish,
    faults,
    shares,
    servedCount: () => served,
  };
}

test('zones travel as files below the run directory, answer sets in the message', async () => {
  const { publish, sent, publisher } = make();
  await publish([zone('a.example.', '00000000000000aa'), zone('b.example.', '00000000000000bb', 0)]);
  assert.deepEqual(sent[0]!.zones, [
    { origin: 'a.example.', id: '00000000000000aa', file: 'tables/00000000000000aa.table', at: 0, length: 1 },
    { origin: 'b.example.', id: '00000000000000bb', file: 'tables/00000000000000bb.table', at: 0, length: 1 },
  ]);
  assert.deepEqual(
    sent[0]!.sets.map(({ origin, edition }) => [origin, edition]),
    [['a.example.', 100]],
  );
  assert.equal(publisher.generation, 1);
  await publish([zone('a.example.', '00000000000000ac')]);
  assert.equal(sent[1]!.sets[0]!.edition, 101);
});

test('a storm of flips is one publication, of the zones that are concerned', async () => {
  const { publish, sent, publisher, health, message, settle } = make();
  await publish([zone('a.example.', '00000000000000aa', 3), zone('b.example.', '00000000000000bb', 1)]);
  for (let flips = 0; flips < 1001; flips++) {
    health.set('e2', flips % 2 === 0 ? down : up);
    publisher.healthChanged(['e2']);
  }
  await message(2);
  settle();
  await publisher.idle();
  assert.equal(sent.length, 2);
  assert.equal(sent[1]!.zones, undefined);
  assert.deepEqual(
    sent[1]!.sets.map(({ origin }) => origin),
    ['a.example.'],
  );
});

test('a health that came back before anybody looked costs nothing', async () => {
  const { publish, sent, publisher, health, message, settle } = make();
  await publish([zone('a.example.', '00000000000000aa')]);
  health.set('e0', down);
  publisher.healthChanged(['e0']);
  health.set('e0', up);
  health.set('e1', down);
  publisher.healthChanged(['e1']);
  await message(2);
  settle();
  await publisher.idle();
  publisher.healthChanged(['e0', 'e1']); // looked at again: nothing is different
  const pool = publisher.served('a.example.')!.slots[0]!;
  assert.deepEqual(
    pool.choice.sets.map(({ members }) => members),
    [[0]],
  );
  health.set('e1', up);
  publisher.healthChanged(['e1']);
  await message(3);
  assert.equal(sent.length, 3);
});

test('health that changes while zones are being adopted is published after them', async () => {
  const { publisher, sent, health, settle, message } = make();
  const published = publisher.publishZones([zone('a.example.', '00000000000000aa')], settings);
  await message(1);
  health.set('e0', down);
  publisher.healthChanged(['e0']); // the zone is not in service yet, so nobody is concerned
  settle();
  await published;
  await message(2);
  assert.equal(sent[1]!.zones, undefined);
  settle();
  await publisher.idle();
  assert.deepEqual(publisher.served('a.example.')!.slots[0]!.choice.sets[0]!.members, [1]);
});

test('what the server refuses is not in service; health is offered again, zones are not', async () => {
  const { publish, publisher, sent, health, settle, message, faults } = make();
  await publish([zone('a.example.', '00000000000000aa')]);
  const refused = publisher.publishZones([zone('a.example.', '00000000000000ac')], settings);
  await message(2);
  settle('damaged');
  assert.equal((await refused).fault, 'damaged');
  assert.equal(publisher.zones()[0]!.id, '00000000000000aa');
  health.set('e0', down);
  publisher.healthChanged(['e0']);
  await message(3);
  settle('busy');
  await message(4);
  assert.deepEqual(faults, ['busy']);
  settle();
  await publisher.idle();
  assert.equal(publisher.served('a.example.')!.edition, sent[3]!.sets[0]!.edition);
});

test('the same zones again are nothing to publish', async () => {
  const { publish, publisher, sent } = make();
  await publish([zone('a.example.', '00000000000000aa')]);
  const again = await publisher.publishZones([zone('a.example.', '00000000000000aa')], settings);
  assert.deepEqual([again.fault, again.generation, sent.length], [undefined, 1, 1]);
});

test('settings are published with the zones, again when they change, and not otherwise', async () => {
  const { publish, publisher, sent, message, settle } = make();
  const zones = [zone('a.example.', '00000000000000aa')];
  await publish(zones);
  assert.deepEqual(sent[0]!.settings, settings);
  const changed = { ...settings, cookieSecrets: [new Uint8Array(16).fill(1)] };
  const published = publisher.publishZones(zones, changed);
  await message(2);
  assert.deepEqual(sent[1]!.settings, changed);
  settle();
  await published;
  assert.equal((await publisher.publishZones(zones, structuredClone(changed))).generation, 2);
  assert.equal(sent.length, 2);
});

/** What is answered of www.a.example: `0:60 1:60`, the TTL with each address; and when it was published. */
function timed() {
  const clock = new VirtualClock();
  const caches = new Caches();
  const made = make(clock, caches);
  const begin = clock.wall();
  const { publisher, sent, settle, publish } = made;
  const said: string[] = [];
  const note = (origin: string) => {
    const { choice } = publisher.served(origin)!.slots[0]!;
    const ttls = choice.sets.map(({ members, ttl = choice.ttl }) => `${members[0]}:${ttl}`);
    said.push(`${(clock.wall() - begin) / 1000} ${ttls.join(' ')}`);
  };
  /** Lets time pass and settles at once what is published meanwhile. */
  const pass = async (seconds: number, origin = 'a.example.') => {
    for (let ms = 0; ms < seconds * 1000; ms += 50) {
      const before = sent.length;
      await clock.advance(50);
      if (sent.length === before) continue;
      settle();
      await publisher.idle();
      note(origin);
    }
    return said.splice(0);
  };
  const start = async (zones: LoadedZone[]) => {
    const starting = publish(zones);
    await clock.advance(0);
    await starting;
  };
  return { ...made, clock, caches, begin, pass, start };
}

test('a planned drain is counted down second by second, then the member is gone', async () => {
  const { start, pass, hands, publisher, clock, begin, servedCount } = timed();
  await start([zone('a.example.', '00000000000000aa')]);
  const reason = '';
  hands.push({
    owner: 'www.a.example.',
    hand: { state: 'drain', from: begin + 65_000, until: begin + 80_000, reason },
  });
  assert.equal(await publisher.handChanged(new Set(['www.b.example.'])), undefined);
  const nothing = publisher.handChanged(new Set(['www.a.example.']));
  await clock.advance(0);
  assert.equal(await nothing, undefined); // the answers are the same as long as the time is far
  const said = await pass(90);
  assert.equal(said[0], '4.5 0:59 1:60');
  assert.equal(
    said.find((line) => line.startsWith('60.5')),
    '60.5 0:3 1:60',
  );
  assert.deepEqual(said.slice(-4), ['62.5 0:1 1:60', '63.5 0:0 1:60', '65 1:5', '80 0:60 1:60']);
  assert.equal(said.length, 62);
  assert.equal(servedCount(), said.length);
});

test('records that follow are counted down by their own TTL, and are what caches hold longest', async () => {
  const { start, pass, hands, publisher, clock, caches, begin } = timed();
  const rdata = Uint8Array.of(0, 1, 0, 0, 4, 0, 8, 192, 0, 2, 0, 192, 0, 2, 1);
  const follower = { owner: 'www.a.example.', type: 65, ttl: 240, records: [{ rdata }] };
  await start([{ ...zone('a.example.', '00000000000000aa'), followers: [follower] }]);
  const drain = { state: 'drain', reason: '' } as const;
  const lay = async (hand: Hand) => {
    hands.splice(0, 1, { owner: 'www.a.example.', hand });
    const changed = publisher.handChanged(new Set(['www.a.example.']));
    await pass(0.05);
    await changed;
  };
  const served = () => publisher.served('a.example.')!;
  const ttls = () => [served().slots[0]!.choice.sets[0]!.ttl, served().records[0]!.ttl];
  await lay({ ...drain, from: begin + 600_000 });
  assert.deepEqual(ttls(), [undefined, 240]); // far away
  await pass(400);
  assert.deepEqual(ttls(), [undefined, 196]); // begun before the pool's
  await pass(170);
  assert.deepEqual(ttls(), [29, 29]);
  const goneAt = () => caches.goneAt(served().slots[0]!, '192.0.2.0');
  assert.equal(goneAt(), undefined);
  await pass(31);
  assert.deepEqual(ttls(), [undefined, 5]);
  assert.deepEqual(served().records[0]!.addresses, ['192.0.2.1']);
  const gone = goneAt()!;
  assert.ok(gone <= begin + 600_500, `${gone - begin}`);
  // Drained at once: the record's TTL is what there is to wait for.
  await lay({ ...drain, until: begin });
  await pass(1);
  assert.deepEqual(ttls(), [undefined, 240]);
  const at = clock.wall();
  await lay(drain);
  assert.ok(Math.abs(goneAt()! - at - 240_000) < 500, `${goneAt()! - at}`);
});

test('a slow start grows in the answers, step by step and by itself', async () => {
  const { start, clock, begin, health, publisher, sent, settle } = timed();
  /** A tenth after the other, each for six seconds. */
  const stepOf = () => Math.min(9, Math.floor((clock.wall() - begin) / 6000));
  health.set('e0', {
    verdict: 'up',
    settled: true,
    get part() {
      return (stepOf() + 1) / 10;
    },
    get changesAt() {
      return stepOf() === 9 ? undefined : begin + (stepOf() + 1) * 6000;
    },
  });
  await start([zone('a.example.', '00000000000000aa')]);
  const shares: string[] = [];
  for (let second = 0; second < 60; second += 3) {
    const before = sent.length;
    await clock.advance(3000);
    if (sent.length > before) settle();
    await publisher.idle();
    shares.push(publisher.served('a.example.')!.slots[0]!.choice.standings[0]!.share.toFixed(3));
  }
  const each = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1].map((part) => (part / (1 + part)).toFixed(3));
  assert.deepEqual([...new Set(shares)], each);
  assert.deepEqual([sent.length, clock.timerCount], [10, 0]);
});

test('what is due at one time in many zones is one publication, and nothing after it', async () => {
  const { start, pass, clock, begin, health, sent, publisher } = timed();
  const step = { verdict: 'up', settled: true } as const;
  health.set('e0', { ...step, part: 0.5, changesAt: begin + 10_000 });
  await start(['a', 'b', 'c'].map((name, i) => zone(`${name}.example.`, `00000000000000a${i}`)));
  await clock.advance(9000);
  health.set('e0', { ...step, part: 0.6, changesAt: begin + 20_000 });
  await pass(1.1);
  assert.deepEqual(
    sent.slice(1).map(({ sets }) => sets.length),
    [3],
  );
  const { share } = publisher.served('b.example.')!.slots[0]!.choice.standings[0]!;
  assert.equal(share.toFixed(3), '0.375');
  // Its time comes and nothing changes: it is looked at once more, and that is all.
  assert.deepEqual(await pass(60), []);
  assert.equal(clock.timerCount, 0);
  publisher.healthChanged(['e0']);
  publisher.stop();
  await clock.advance(1000);
  assert.equal(clock.timerCount, 0);
});
