// What each address was given: counts of answer sets over tables that come and go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shares } from '../../src/control/shares.ts';

/** A pool whose sets are `0+1:0.5 1:0.5`, of addresses .0, .1 and so on. */
function slot(owner: string, sets: string, addresses = 2) {
  const texts = Array.from({ length: addresses }, (_, i) => ({ text: `192.0.2.${i}` }));
  const made = sets.split(' ').map((word) => {
    const [members = '', share = '1'] = word.split(':');
    return { members: members.split('+').map(Number), share: Number(share) };
  });
  return { owner, choice: { family: 1, addresses: texts as never, sets: made } as const };
}

const counts = (...numbers: number[]) => Float64Array.from(numbers);
const row = (map: ReadonlyMap<string, number> | undefined) => Object.fromEntries(map ?? []);

test('cells of a table count for its addresses, each 1/k, also after it is retired', () => {
  const shares = new Shares();
  shares.announce('a.', 1, [slot('www.a.', '0+1:0.5 1:0.5')]);
  shares.published([{ origin: 'a.', edition: 1 }]);
  const live = shares.given([{ origin: 'a.', edition: 1, counts: counts(10, 5) }]);
  assert.deepEqual(row(live.all.get('www.a. 1')), { '192.0.2.0': 5, '192.0.2.1': 10 });
  shares.announce('a.', 2, [slot('www.a.', '0+1:0.5 1:0.5')]);
  shares.published([{ origin: 'a.', edition: 2 }]);
  shares.retire({ origin: 'a.', edition: 1, counts: counts(20, 5) });
  shares.retire({ origin: 'a.', edition: 1, counts: counts(20, 5) });
  const { all, now } = shares.given([{ origin: 'a.', edition: 2, counts: counts(2, 0) }]);
  assert.deepEqual(row(all.get('www.a. 1')), { '192.0.2.0': 11, '192.0.2.1': 16 });
  assert.deepEqual(now, all); // the sets are the same
  assert.equal(shares.given([{ origin: 'a.', edition: 9, counts: counts(1) }]).all.size, 1);
});

test('final counts that come before the word of the next publication count once', () => {
  const shares = new Shares();
  shares.announce('a.', 1, [slot('www.a.', '0:1'), slot('old.a.', '0:1')]);
  shares.published([{ origin: 'a.', edition: 1 }]);
  shares.announce('a.', 2, [slot('www.a.', '1:1')]);
  shares.retire({ origin: 'a.', edition: 1, counts: counts(4, 1) });
  shares.retire({ origin: 'a.', edition: 1, counts: counts(4, 1) });
  shares.published([{ origin: 'a.', edition: 2 }]);
  const { all, now } = shares.given([{ origin: 'a.', edition: 2, counts: counts(3) }]);
  assert.deepEqual([...all.keys()], ['www.a. 1']);
  assert.deepEqual(row(all.get('www.a. 1')), { '192.0.2.0': 4, '192.0.2.1': 3 });
  assert.deepEqual(row(now.get('www.a. 1')), { '192.0.2.1': 3 });
});

test('what is held against the shares of now was drawn by them', () => {
  const shares = new Shares();
  const of = (edition: number, ...numbers: number[]) => [
    { origin: 'a.', edition, counts: counts(...numbers) },
  ];
  const publish = (edition: number, sets: string) => {
    shares.announce('a.', edition, [slot('www.a.', sets), slot('other.a.', '0:1')]);
    shares.published([{ origin: 'a.', edition }]);
  };
  publish(1, '0:0.5 1:0.5');
  publish(2, '0:1');
  const still = shares.given([...of(1, 40, 40, 3), ...of(2, 7, 2)]);
  assert.deepEqual(row(still.all.get('www.a. 1')), { '192.0.2.0': 47, '192.0.2.1': 40 });
  assert.deepEqual(row(still.now.get('www.a. 1')), { '192.0.2.0': 7 });
  // A neighbour's change is not its own.
  assert.deepEqual(row(still.now.get('other.a. 1')), { '192.0.2.0': 5 });
  shares.retire(of(1, 40, 40, 3)[0]!);
  publish(3, '0:0.75 1:0.25');
  shares.retire(of(2, 8, 2)[0]!);
  const now = shares.given(of(3, 3, 1, 0));
  assert.deepEqual(row(now.now.get('www.a. 1')), { '192.0.2.0': 3, '192.0.2.1': 1 });
  assert.deepEqual(row(now.all.get('www.a. 1')), { '192.0.2.0': 51, '192.0.2.1': 41 });
});

test('tables in service are never forgotten, however many there are; what nobody retires is', () => {
  const shares = new Shares();
  const origins = Array.from({ length: 6000 }, (_, i) => `z${i}.`);
  for (const origin of origins) shares.announce(origin, 1, [slot(origin, '0:1')]);
  shares.published(origins.map((origin) => ({ origin, edition: 1 })));
  for (let edition = 2; edition < 6000; edition++) {
    shares.announce('z0.', edition, [slot('z0.', '0:1')]);
    shares.published(edition % 2 === 0 ? [] : [{ origin: 'z0.', edition }]);
  }
  const live = origins.map((origin) => ({ origin, edition: origin === 'z0.' ? 5999 : 1, counts: counts(1) }));
  assert.equal(shares.given(live).all.size, 6000);
  shares.retire({ origin: 'z0.', edition: 3, counts: counts(5) }); // long forgotten
  assert.equal(row(shares.given(live).all.get('z0. 1'))['192.0.2.0'], 1);
});

test('owners and addresses that a zone has no longer are forgotten', () => {
  const shares = new Shares();
  shares.announce('a.', 1, [slot('www.a.', '0:0.5 1:0.5'), slot('old.a.', '0:1')]);
  shares.published([{ origin: 'a.', edition: 1 }]);
  shares.announce('a.', 2, [slot('www.a.', '0:1', 1)]);
  shares.published([{ origin: 'a.', edition: 2 }]);
  shares.retire({ origin: 'a.', edition: 1, counts: counts(4, 5, 6) });
  const { all } = shares.given([]);
  assert.deepEqual([...all.keys()], ['www.a. 1']);
  assert.deepEqual(row(all.get('www.a. 1')), { '192.0.2.0': 4 });
  shares.published([{ origin: 'a.', edition: undefined }]);
  shares.retire({ origin: 'a.', edition: 2, counts: counts(4) });
  assert.deepEqual([...shares.given([]).all.keys()], []);
});
