// What respond() does over several queries: a cookie that comes back, and the rate limit with and without
// one. The limiter's arithmetic has its own test; here it is which responses count together, what is sent in
// their place, and which counters say so.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COUNTER, counterNames } from '../../src/answer/counters.ts';
import { makeRateTable } from '../../src/answer/ratelimit.ts';
import { respond } from '../../src/answer/respond.ts';
import { allAlike, type Settings } from '../../src/answer/settings.ts';
import { Tables } from '../../src/answer/tables.ts';
import { Response } from '../../src/wire/message.ts';
import { Query, TRANSPORT } from '../../src/wire/query.ts';
import { tablesOf } from '../answering.ts';
import { parseCases } from '../cases.ts';
import { types } from '../rows.ts';
import { type Ask, decode, encode } from '../wire.ts';

const { zones } = parseCases(
  'respond.test.ts',
  `zone limit.test.
$TTL 60
@      SOA  ns.limit.test. admin.limit.test. 1 3600 600 86400 60
@      NS   ns.limit.test.
ns     A    192.0.2.1
www    A    192.0.2.2
*.wild TXT  "x"
alias  CNAME www.elsewhere.test.
moved  DNAME elsewhere.test.
sub    NS   ns.sub
ns.sub A    192.0.2.3
end
zone other.test.
$TTL 60
@      SOA  ns.other.test. admin.other.test. 1 3600 600 86400 60
@      NS   ns.other.test.
ns     A    192.0.2.1
end
`,
);
const settings: Settings = {
  ...allAlike,
  identity: '',
  version: '',
  cookieSecrets: [new Uint8Array(16).fill(9)],
  rateLimit: { responsesPerSecond: 10, slip: 2, exempt: [] },
};
const clientCookie = [1, 2, 3, 4, 5, 6, 7, 8];

/** A client of one address, at a time that the test says. */
class Client {
  readonly tables: Tables;
  readonly query = new Query();
  readonly #response = new Response();

  constructor(change: Partial<Settings> = {}) {
    // The zones of the one, the limiter of the other: what a UDP worker has.
    const plain = tablesOf(zones);
    this.tables = new Tables(new Float64Array(counterNames.length), makeRateTable());
    this.tables.adopt({
      zones: plain.zones.map(({ origin, octets }) => ({ origin, table: octets })),
      sets: [],
      settings: { ...settings, ...change },
    });
    this.query.source = Uint8Array.of(192, 0, 2, 77);
    this.query.nowSeconds = 1_800_000_000;
    this.#response.writeInto(new Uint8Array(4096));
    this.#response.sizeMax = 1232;
  }

  ask(ask: Ask | Uint8Array, transport: number = TRANSPORT.udp): ReturnType<typeof decode> | undefined {
    const { query } = this;
    query.octets = ask instanceof Uint8Array ? ask : encode(ask);
    query.length = query.octets.length;
    query.transport = transport;
    const length = respond(this.tables, query, this.#response);
    return length === 0 ? undefined : decode(this.#response.octets.slice(0, length));
  }

  /** Asks so often at one moment: full responses, short ones, silences. */
  flood(
    ask: Ask | Uint8Array,
    count: number,
    transport?: number,
  ): [full: number, short: number, none: number] {
    const sums: [number, number, number] = [0, 0, 0];
    for (let i = 0; i < count; i++) {
      const message = this.ask(ask, transport);
      if (message === undefined) sums[2]++;
      else sums[message.tc || message.rcode === 23 ? 1 : 0]++;
    }
    return sums;
  }

  counter(cell: number): number {
    return this.tables.counters[cell]!;
  }
}

const www: Ask = { name: 'www.limit.test.', type: types.A! };
const withCookie = (ask: Ask, data: readonly number[] = clientCookie): Ask => ({
  ...ask,
  edns: { size: 1232, options: [{ code: 10, data }] },
});
const cookieOf = (message: ReturnType<typeof decode> | undefined): number[] => {
  const option = message?.edns?.options.find(({ code }) => code === 10);
  assert.ok(option, 'a cookie');
  return [...option.data];
};

describe('cookies', () => {
  it('a server cookie that comes back is known, and goes back as it is for half an hour', () => {
    const client = new Client();
    const first = cookieOf(client.ask(withCookie(www)));
    assert.deepEqual(first.slice(0, 8), clientCookie);
    assert.equal(client.counter(COUNTER.cookiesValid), 0);
    client.query.nowSeconds += 1700;
    assert.deepEqual(cookieOf(client.ask(withCookie(www, first))), first);
    client.query.nowSeconds += 200;
    assert.notDeepEqual(cookieOf(client.ask(withCookie(www, first))), first);
    assert.equal(client.counter(COUNTER.cookiesValid), 2, 'cookies-valid');
  });

  it('another address cannot use it', () => {
    const client = new Client();
    const cookie = cookieOf(client.ask(withCookie(www)));
    client.query.source = Uint8Array.of(192, 0, 2, 78);
    client.ask(withCookie(www, cookie));
    assert.equal(client.counter(COUNTER.cookiesValid), 0);
  });

  it('turned off they are not answered, and a message with nothing else is malformed', () => {
    const client = new Client({ cookieSecrets: undefined });
    assert.deepEqual(client.ask(withCookie(www))?.edns?.options, []);
    const alone = Uint8Array.from(
      Buffer.from('12340000000000000000000100002904d000000000000c000a00080102030405060708', 'hex'),
    );
    assert.equal(client.ask(alone)?.rcode, 1);
    assert.equal(new Client().ask(alone)?.rcode, 0);
  });
});

describe('the rate limit', () => {
  it('lets a second’s worth through, then every second response is short: rate-dropped, rate-slipped', () => {
    const client = new Client();
    assert.deepEqual(client.flood(www, 30), [10, 10, 10]);
    assert.equal(client.counter(COUNTER.rateDropped), 10, 'rate-dropped');
    assert.equal(client.counter(COUNTER.rateSlipped), 10, 'rate-slipped');
    client.query.nowMicros += 1_000_000;
    assert.equal(client.flood(www, 30)[0], 10);
  });

  it('short is the question with TC, and OPT where there was one', () => {
    const client = new Client();
    client.flood(www, 10);
    const messages = [1, 2].map(() => client.ask({ ...www, edns: { size: 1232 } }));
    const short = messages.find((message) => message !== undefined)!;
    assert.deepEqual([short.tc, short.rcode, short.answer.length, short.question.length], [true, 0, 0, 1]);
    assert.ok(short.edns);
  });

  it('short is no longer than the query, whatever options that has', () => {
    const client = new Client({ identity: 'n'.repeat(255), cookieSecrets: undefined });
    client.flood(www, 10);
    const options = [
      { code: 3, data: [] },
      { code: 10, data: clientCookie },
      { code: 8, data: [0, 1, 24, 0, 192, 0, 2] },
    ];
    const messages = [1, 2].map(() => client.ask({ ...www, edns: { size: 1232, options } }));
    const short = messages.find((message) => message !== undefined)!;
    assert.deepEqual([short.tc, short.edns!.options.map(({ code }) => code)], [true, [8]]);
  });

  it('a client that knows cookies is sent one in place of TC, and with it has no limit: badcookie', () => {
    const client = new Client();
    client.flood(www, 10);
    const messages = [1, 2].map(() => client.ask(withCookie(www)));
    const short = messages.find((message) => message !== undefined)!;
    assert.deepEqual([short.tc, short.rcode, short.answer.length], [false, 23, 0]);
    assert.equal(client.counter(COUNTER.badcookie), 1, 'badcookie');
    assert.deepEqual(client.flood(withCookie(www, cookieOf(short)), 100), [100, 0, 0]);
  });

  it('TCP has no limit', () => {
    const client = new Client();
    assert.deepEqual(client.flood(www, 100, TRANSPORT.tcp), [100, 0, 0]);
  });

  it('names and types count for themselves, what a zone denies or refers counts together', () => {
    const client = new Client();
    const ask = (name: string, type = types.A!) => client.flood({ name, type }, 10)[0];
    assert.equal(ask('www.limit.test.'), 10);
    assert.equal(ask('ns.limit.test.'), 10);
    assert.equal(ask('limit.test.', types.NS), 10);
    assert.equal(ask('limit.test.', types.SOA), 10);
    assert.equal(ask('no.limit.test.'), 10);
    assert.equal(ask('none.limit.test.'), 0, 'another name that does not exist');
    assert.equal(ask('www.limit.test.', types.MX), 0, 'NODATA');
    assert.equal(ask('x.sub.limit.test.'), 0, 'a referral');
    assert.equal(ask('no.other.test.'), 10, 'of another zone');
    assert.equal(ask('one.wild.limit.test.', types.TXT), 10);
    assert.equal(ask('two.wild.limit.test.', types.TXT), 0, 'the same wildcard');
    assert.equal(ask('www.elsewhere.test.'), 10);
    assert.equal(ask('www.nowhere.test.'), 0, 'errors of all kinds count together');
  });

  it('an alias that leads elsewhere counts as one, whatever type and name below it are asked for', () => {
    for (const nameOf of [() => 'alias.limit.test.', (i: number) => `x${i}.moved.limit.test.`]) {
      const client = new Client();
      let full = 0;
      for (let i = 0; i < 30; i++) full += client.flood({ name: nameOf(i), type: 300 + i }, 1)[0];
      assert.equal(full, 10, nameOf(0));
    }
  });

  it('what is over the limit is counted as what it would have been, refusals too', () => {
    const client = new Client();
    client.flood({ name: 'www.elsewhere.test.', type: types.A! }, 30);
    assert.deepEqual(
      [COUNTER.refused, COUNTER.noerror].map((cell) => client.counter(cell)),
      [30, 0],
    );
    client.flood(www, 30);
    assert.equal(client.counter(COUNTER.noerror), 30);
  });

  it('a cookie that is asked about alone is limited, and is never slipped into anything else', () => {
    const client = new Client();
    const alone = Uint8Array.from(
      Buffer.from(
        '12340000000000000000000100002904d0000000000014000a00100102030405060708ffffffffffffffff',
        'hex',
      ),
    );
    const rcodes = Array.from({ length: 30 }, () => client.ask(alone)?.rcode);
    assert.deepEqual(
      [23, undefined].map((one) => rcodes.filter((rcode) => rcode === one).length),
      [20, 10],
    );
    assert.equal(client.counter(COUNTER.badcookie), 30, 'badcookie');
  });

  it('what is malformed is limited too, and is never slipped into something longer', () => {
    const client = new Client();
    const bad = Uint8Array.from(Buffer.from('1234000000020000000000000000010001', 'hex'));
    const [full, short, none] = client.flood(bad, 30);
    assert.deepEqual([full, short, none], [20, 0, 10]);
    assert.equal(client.ask(bad)?.rcode ?? 1, 1);
  });

  it('turned off there is none', () => {
    const client = new Client({ rateLimit: undefined });
    assert.deepEqual(client.flood(www, 1000), [1000, 0, 0]);
  });
});
