// Which address stands first in a drawn response, as respond() writes it: most clients take that one, so it
// must be each member of a set equally often, wherever the phase of a thread happens to begin.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileSets } from '../../src/answer/compilesets.ts';
import { tableId } from '../../src/answer/layout.ts';
import { respond } from '../../src/answer/respond.ts';
import { setsFor } from '../../src/balance/clients.ts';
import { choosePool, type FamilyChoice } from '../../src/balance/pool.ts';
import { Response } from '../../src/wire/message.ts';
import { Query, TRANSPORT } from '../../src/wire/query.ts';
import { tablesOf } from '../answering.ts';
import { healthFrom, poolOf } from '../balance/pools.ts';
import { randomFrom } from '../balance/random.ts';
import { parseCases } from '../cases.ts';
import { types } from '../rows.ts';
import { encode } from '../wire.ts';

const { zones } = parseCases(
  'order.test.ts',
  `zone order.test.
$TTL 60
@   SOA  ns.order.test. admin.order.test. 1 3600 600 86400 60
@   NS   ns.order.test.
ns  A    192.0.2.1
www A    192.0.2.10
end
balance order.test.
balance:
  www: {}
end
`,
);

const tables = tablesOf(zones);
const zone = tables.zones[0]!;

/** A query for the pool, written once. */
function queryFor(): Query {
  const query = new Query();
  query.octets = encode({ name: 'www.order.test.', type: types.A! });
  query.length = query.octets.length;
  query.transport = TRANSPORT.udp;
  query.source = new Uint8Array(4);
  query.sourceSize = 4;
  return query;
}

/**
 * How often each member stands first in the responses of each set, one row for each set; `random` gives each
 * query a client of its own.
 */
function firsts(choice: FamilyChoice, draws: number, phase: number, random = randomFrom(1)): number[][] {
  const counts = new Float64Array(choice.sets.length);
  const table = compileSets(tableId(zone.words), 1, [choice]);
  tables.adopt({ sets: [{ origin: zone.origin, table, counts }] });
  zone.phases[0] = phase;
  const query = queryFor();
  const response = new Response();
  response.writeInto(new Uint8Array(1232));
  response.sizeMax = 1232;
  const answerAt = query.length + 12; // a pointer, TYPE, CLASS, TTL, RDLENGTH
  const rows = choice.sets.map(() => new Array<number>(choice.addresses.length).fill(0));
  const before = new Float64Array(counts.length);
  for (let i = 0; i < draws; i++) {
    for (let at = 0; at < 4; at++) query.source[at] = random.below(256);
    respond(tables, query, response);
    const first = response.octets[answerAt + 3]! - 10;
    const set = counts.findIndex((count, one) => count !== before[one]);
    before[set] = counts[set]!;
    rows[set]![first]!++;
  }
  return rows;
}

function choose(weights: readonly number[], policy: string, answers: 'auto' | number): FamilyChoice {
  const lines = weights.map((weight, i) => `m${i} ${weight} 192.0.2.${10 + i}`);
  return choosePool(poolOf(lines, { policy, answers }), healthFrom({}))[0]!;
}

const draws = 100_000;
const vectors: [weights: number[], answers: 'auto' | number][] = [
  [[1, 1], 'auto'],
  [[1, 1, 1, 1], 2],
  [[1, 1, 1, 1], 3],
  [[1, 1, 1, 1], 4],
  [[1, 1, 1, 1, 1, 1, 1], 'auto'],
  [[10, 20, 30, 40], 2],
  [[3, 2, 1, 1], 2],
  [[8, 1, 1], 2],
  [[1, 10, 1, 100], 3],
];

describe('in the responses of a set each of its members stands first equally often', () => {
  for (const [weights, answers] of vectors) {
    it(`drawn in turn, ${weights.join(':')}, ${answers} addresses`, () => {
      const choice = choose(weights, 'weighted', answers);
      for (const phase of [0, 1, 0x19999999, 0x40000000, 0x80000000, 0xdeadbeef]) {
        const rows = firsts(choice, draws, phase);
        for (const [set, { members, share }] of choice.sets.entries()) {
          for (const member of members) {
            const seen = rows[set]![member]! / draws;
            const off = Math.abs(seen - share / members.length);
            assert.ok(off < 0.0002, `phase ${phase}: m${member} first ${seen} in ${members} of ${share}`);
          }
        }
      }
    });
  }

  it('by place', () => {
    const made = choose([1, 1, 1, 1], 'weighted', 2);
    const places = [{ place: '', first: 2, count: 2 }, ...[{ place: 'eu', first: 0, count: 2 }]];
    const choice: FamilyChoice = {
      ...made,
      sets: [...made.sets, ...made.sets],
      pick: { by: 'place', places },
    };
    const rows = firsts(choice, draws, 0);
    for (const [member, count] of [0, 1, 2, 3].map((m) => [m, rows[2]![m]! + rows[3]![m]!])) {
      assert.ok(Math.abs(count! / draws - 0.25) < 0.0002, `m${member} first ${count} times`);
    }
  });

  for (const [weights, answers] of vectors.filter(([, answers]) => answers !== 'auto')) {
    it(`sticky, ${weights.join(':')}, ${answers} addresses`, () => {
      const choice = choose(weights, 'sticky', answers);
      const rows = firsts(choice, draws * 2, 0);
      for (const [member, { share }] of choice.standings.entries()) {
        const seen = rows.reduce((sum, row) => sum + row[member]!, 0) / draws / 2;
        assert.ok(Math.abs(seen - share) < 0.005, `m${member} first ${seen} of ${share}`);
      }
    });
  }
});

describe('sticky', () => {
  it('gives a network the same order again and again, also where all members are in each response', () => {
    for (const answers of [2, 4]) {
      const choice = choose([1, 1, 1, 1], 'sticky', answers);
      for (let seed = 0; seed < 50; seed++) {
        const rows = firsts(choice, 20, seed * 0x01234567, { ...randomFrom(1), below: () => seed });
        assert.equal(rows.flat().filter((count) => count > 0).length, 1);
        const from = Uint8Array.of(seed, seed, seed, seed);
        const [{ members } = { members: [] }] = setsFor(choice, { address: from, place: '' }).sets;
        const seen = rows.map((row) => row.findIndex((count) => count > 0)).find((one) => one >= 0);
        assert.equal(seen, members[0], 'explain says another order');
      }
    }
  });

  it('of sixteen addresses and more each stands first with somebody, or one in sixteen', () => {
    for (const [n, least] of [
      [16, 16],
      [28, 16],
    ] as const) {
      const choice = choose(new Array<number>(n).fill(1), 'sticky', n);
      const [row] = firsts(choice, 20_000, 0);
      assert.ok(row!.filter((count) => count > 0).length >= least);
    }
  });
});
