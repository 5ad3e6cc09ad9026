// How a pool is, told in an extended error (RFC 8914): to whom, when, and where it fits.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileSets } from '../../src/answer/compilesets.ts';
import { setsMagic, tableFault, tableId } from '../../src/answer/layout.ts';
import { makeRateTable } from '../../src/answer/ratelimit.ts';
import { respond } from '../../src/answer/respond.ts';
import { allAlike, type Settings } from '../../src/answer/settings.ts';
import { Tables } from '../../src/answer/tables.ts';
import type { FamilyChoice } from '../../src/balance/pool.ts';
import type { Summary } from '../../src/balance/summary.ts';
import { parseAddressText } from '../../src/wire/literals.ts';
import { Response } from '../../src/wire/message.ts';
import { parseNetwork } from '../../src/wire/networks.ts';
import { Query, TRANSPORT } from '../../src/wire/query.ts';
import { tablesOf } from '../answering.ts';
import { parseCases } from '../cases.ts';
import { types } from '../rows.ts';
import { type Ask, decode, encode } from '../wire.ts';

const { zones } = parseCases(
  'summary.test.ts',
  `zone told.test.
$TTL 60
@      SOA  ns.told.test. admin.told.test. 1 3600 600 86400 60
@      NS   ns.told.test.
ns     A    192.0.2.1
www    A    192.0.2.10
www    A    192.0.2.11
none   A    192.0.2.12
fail   A    192.0.2.13
alias  CNAME www
mail   MX   10 www
end
balance told.test.
balance:
  www: { answers: 1 }
  none: {}
  fail: {}
end
`,
);

const now = 1_800_000_000;
const networks = (...texts: string[]) => texts.map((text) => parseNetwork(text)) as Settings['explainTo'];

function choice(
  mode: FamilyChoice['mode'],
  summary: Summary,
  last: number,
): FamilyChoice & { summary: Summary } {
  const rdata = Uint8Array.of(192, 0, 2, last);
  const addresses = [{ family: 1, text: `192.0.2.${last}`, rdata, endpoint: undefined }] as const;
  const sets = mode === 'sets' ? [{ members: [0], share: 1 }] : [];
  const rest = {
    answers: 1,
    ttl: 60,
    negativeTtlMax: 5,
    standings: [],
    remarks: [],
    pick: { by: 'turn' },
  } as const;
  return { family: 1, mode, summary, addresses, sets, ...rest };
}

function tablesWith(summary: Summary, change: Partial<Settings> = {}): Tables {
  const plain = tablesOf(zones).zones[0]!;
  const tables = new Tables(undefined, makeRateTable());
  const sets = compileSets(tableId(plain.words), 1, [
    choice('sets', summary, 10),
    choice('nodata', summary, 12),
    choice('servfail', summary, 13),
  ]);
  assert.equal(tableFault(sets, setsMagic), undefined);
  tables.adopt({
    zones: [{ origin: plain.origin, table: plain.octets }],
    sets: [{ origin: plain.origin, table: sets, counts: new Float64Array(3) }],
    settings: {
      ...allAlike,
      ...{ identity: 'one of ours', version: '', cookieSecrets: undefined, rateLimit: undefined },
      explainTo: networks('127.0.0.0/8', '::1/128', '::ffff:192.0.2.0/120'),
      ...change,
    },
  });
  return tables;
}

function ask(tables: Tables, from: string, question: Partial<Ask> | Uint8Array = {}, sizeMax = 1232) {
  const query = new Query();
  const usual = { name: 'www.told.test.', type: types.A!, edns: { size: 1232 } };
  query.octets = question instanceof Uint8Array ? question : encode({ ...usual, ...question });
  query.length = query.octets.length;
  query.transport = TRANSPORT.udp;
  query.source = Uint8Array.from(parseAddressText(from)!);
  query.sourceSize = query.source.length;
  query.nowSeconds = now;
  const response = new Response();
  response.writeInto(new Uint8Array(2048));
  response.sizeMax = sizeMax;
  const length = respond(tables, query, response);
  const message = decode(response.octets.slice(0, length));
  const errors = (message.edns?.options ?? []).filter(({ code }) => code === 15);
  const texts = errors.map(({ data }) => [data[0]! * 256 + data[1]!, Buffer.from(data).toString('utf8', 2)]);
  return { message, length, told: texts };
}

const summary: Summary = ['pool www: 3 of 4 up', ', web3 down', ' ', now - 41, ': 503'];
const text = 'pool www: 3 of 4 up, web3 down 41 s: 503';

describe('how a pool is', () => {
  const tables = tablesWith(summary);

  it('is told to those on the list, under whichever address they come, and to nobody else', () => {
    for (const from of [
      '127.0.0.1',
      '127.255.0.1',
      '::1',
      '::ffff:127.0.0.9',
      '192.0.2.7',
      '::ffff:192.0.2.7',
    ]) {
      assert.deepEqual(ask(tables, from).told, [[0, text]], from);
    }
    for (const from of ['128.0.0.1', '::2', '192.0.3.1', '::ffff:10.0.0.1']) {
      assert.deepEqual(ask(tables, from).told, [], from);
    }
    assert.deepEqual(ask(tablesWith(summary, { explainTo: [] }), '127.0.0.1').told, [], 'nobody is on it');
    assert.deepEqual(ask(tablesWith([]), '127.0.0.1').told, [], 'there is nothing to tell');
  });

  it('is told where the answer comes from a pool, also behind an alias, and with EDNS alone', () => {
    assert.deepEqual(ask(tables, '127.0.0.1', { name: 'alias.told.test.' }).told, [[0, text]]);
    assert.deepEqual(ask(tables, '127.0.0.1', { name: 'none.told.test.' }).told, [[0, text]], 'NODATA');
    const failed = ask(tables, '127.0.0.1', { name: 'fail.told.test.' });
    assert.deepEqual(
      [failed.message.rcode, failed.told],
      [2, [[0, text]]],
      'more than SERVFAIL says by itself',
    );
    assert.equal(
      ask(tables, '10.0.0.1', { name: 'fail.told.test.' }).told[0]![1],
      'every member of the pool is down',
    );
    for (const [name, type] of [
      ['ns.told.test.', types.A],
      ['www.told.test.', types.TXT],
      ['mail.told.test.', types.MX],
      ['nowhere.told.test.', types.A],
    ] as const) {
      assert.deepEqual(ask(tables, '127.0.0.1', { name, type: type! }).told, [], name);
    }
    const plain = ask(tables, '127.0.0.1', encode({ name: 'www.told.test.', type: types.A! }));
    assert.deepEqual([plain.message.edns, plain.message.answer.length], [undefined, 1]);
  });

  it('does not stick to the query that follows', () => {
    ask(tables, '127.0.0.1');
    assert.deepEqual(ask(tables, '127.0.0.1', { name: 'nowhere.told.test.' }).told, []);
    assert.deepEqual(ask(tables, '127.0.0.1', { class: 1, type: types.AXFR! }).told, [
      [21, 'zone transfer is not implemented'],
    ]);
  });

  it('is left out where it does not fit, and nothing else is left out for it', () => {
    const { length } = ask(tables, '127.0.0.1');
    assert.deepEqual(ask(tables, '127.0.0.1', {}, length).told, [[0, text]]);
    const short = ask(tables, '127.0.0.1', {}, length - 1);
    assert.deepEqual([short.told, short.message.answer.length, short.message.tc], [[], 1, false]);
  });

  it('is not told with a response that is over the limit', () => {
    const limited = tablesWith(summary, { rateLimit: { responsesPerSecond: 1, slip: 1, exempt: [] } });
    assert.deepEqual(ask(limited, '127.0.0.1').told, [[0, text]]);
    const slipped = ask(limited, '127.0.0.1');
    assert.deepEqual([slipped.message.tc, slipped.told], [true, []]);
  });

  it('says times as people do', () => {
    for (const [seconds, said] of [
      ...([
        [0, '0 s'],
        [9, '9 s'],
        [10, '10 s'],
        [119, '119 s'],
        [120, '2 min'],
        [7199, '119 min'],
      ] as const),
      ...([
        [7200, '2 h'],
        [172_799, '47 h'],
        [172_800, '2 d'],
        [86_400 * 400, '400 d'],
        [-5, '0 s'],
      ] as const),
    ] as const) {
      const told = ask(tablesWith(['down ', now - seconds, ', ', now - seconds]), '127.0.0.1').told;
      assert.deepEqual(told, [[0, `down ${said}, ${said}`]]);
    }
  });
});
