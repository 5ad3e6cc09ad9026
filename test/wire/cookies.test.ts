// Server cookies against the vectors of RFC 9018 Appendix A and of SipHash's authors; how long a cookie is
// good, and that it is good for one client only.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cookieAgeMax, cookieAgeToRenew, cookieAheadMax, cookieSecretsMax } from '../../src/limits.ts';
import { COOKIE, CookieKeys, checkCookie, cookieSize, writeCookie } from '../../src/wire/cookies.ts';
import { parseAddressText } from '../../src/wire/literals.ts';
import { readSipKey, sipHash } from '../../src/wire/siphash.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

function keysOf(...secrets: string[]): CookieKeys {
  const keys = new CookieKeys();
  keys.configure(secrets.map(hex));
  return keys;
}

/** Where addresses and options stand in what they are read from: not at its start. */
const shift = 3;
const behind = (octets: Uint8Array) => new Uint8Array([...new Array(shift).fill(0xaa), ...octets, 0xbb]);

function check(keys: CookieKeys, cookie: Uint8Array, client: string, now: number): number {
  const source = parseAddressText(client)!;
  return checkCookie(keys, behind(cookie), shift, cookie.length, behind(source), shift, source.length, now);
}

/** What the response carries, as hexadecimal digits, and what the query's cookie was worth. */
function answer(keys: CookieKeys, cookie: Uint8Array, client: string, now: number): [number, string] {
  const source = parseAddressText(client)!;
  const status = check(keys, cookie, client, now);
  const out = new Uint8Array(shift + cookieSize + 2).fill(0x11);
  const octets = behind(cookie);
  writeCookie(keys, octets, shift, status, behind(source), shift, source.length, now, out, shift);
  const text = Buffer.from(out).toString('hex');
  assert.equal(text.slice(0, 2 * shift), '111111');
  assert.equal(text.slice(-4), '1111');
  return [status, text.slice(2 * shift, -4)];
}

describe('SipHash-2-4', () => {
  // The hashes of the messages of 0, 1, ... octets 00 01 02 ..., under the key 00 01 ... 0f, that come with
  // the authors' program; enough of them for each size of the last block, and for cookies of IPv4 and IPv6.
  const expected: Readonly<Record<number, string>> = {
    0: '310e0edd47db6f72',
    1: 'fd67dc93c539f874',
    2: '5a4fa9d909806c0d',
    3: '2d7efbd796666785',
    4: 'b7877127e09427cf',
    5: '8da699cd64557618',
    6: 'cee3fe586e46c9cb',
    7: '37d1018bf50002ab',
    8: '6224939a79f5f593',
    15: 'e545be4961ca29a1',
    16: 'db9bc2577fcc2a3f',
    20: '98eea21af25cd6be',
    32: 'ce7cf2722f512771',
    63: '724506eb4c328a95',
  };
  for (const [size, digits] of Object.entries(expected)) {
    test(`${size} octets`, () => {
      const keys = new Int32Array(5);
      readSipKey(
        Uint8Array.from({ length: 17 }, (_, i) => i - 1),
        1,
        keys,
        1,
      );
      const out = new Int32Array(2);
      // What stands behind the message must not count.
      const message = Uint8Array.from({ length: 80 }, (_, i) => (i < Number(size) ? i : 0xff));
      sipHash(keys, 1, message, Number(size), out);
      assert.equal(Buffer.from(out.buffer).toString('hex'), digits);
    });
  }
});

describe('RFC 9018 Appendix A', () => {
  const secret = 'e5e973e5a6b2a43f48e7dc849e37bfcf';

  test('A.1 learning a new server cookie', () => {
    assert.deepEqual(answer(keysOf(secret), hex('2464c4abcf10c957'), '198.51.100.100', 1559731985), [
      COOKIE.client,
      '2464c4abcf10c957010000005cf79f111f8130c3eee29480',
    ]);
  });

  test('A.2 the same client learns a renewed server cookie', () => {
    const cookie = hex('2464c4abcf10c957010000005cf79f111f8130c3eee29480');
    assert.deepEqual(answer(keysOf(secret), cookie, '198.51.100.100', 1559734385), [
      COOKIE.valid,
      '2464c4abcf10c957010000005cf7a871d4a564a1442aca77',
    ]);
  });

  test('A.3 another client: its reserved octets are hashed as they came, ours are 0', () => {
    const cookie = hex('fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5');
    const client = '203.0.113.203';
    const made = 0x5cf78f71;
    assert.equal(check(keysOf(secret), cookie, client, made), COOKIE.valid);
    assert.equal(check(keysOf(secret), cookie, client, made + cookieAgeMax), COOKIE.valid);
    // The answer of the appendix is given 1 h 52 min later: the cookie is too old by then, the new one is as
    // there.
    assert.deepEqual(answer(keysOf(secret), cookie, client, 1559734700), [
      COOKIE.bad,
      'fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e',
    ]);
    // A young one with reserved octets is not handed back either.
    assert.match(answer(keysOf(secret), cookie, client, made)[1], /^fc93fc62807ddb86010000005cf78f71/);
  });

  test('A.4 IPv6, and a secret that has been changed', () => {
    const [before, after] = ['dd3bdf9344b678b185a6f5cb60fca715', '445536bcd2513298075a5d379663c962'];
    const client = '2001:db8:220:1:59de:d0f4:8769:82b8';
    const cookie = '22681ab97d52c298010000005cf7c57926556bd0934c72f8';
    assert.deepEqual(answer(keysOf(after, before), hex(cookie), client, 1559741961), [
      COOKIE.valid,
      '22681ab97d52c298010000005cf7c609a6bb79d16625507a',
    ]);
    assert.deepEqual(answer(keysOf(before), hex('22681ab97d52c298'), client, 1559741817), [
      COOKIE.client,
      cookie,
    ]);
    assert.equal(check(keysOf(after), hex(cookie), client, 1559741961), COOKIE.bad);
  });
});

describe('how long a cookie is good', () => {
  const keys = keysOf('000102030405060708090a0b0c0d0e0f');
  const client = '192.0.2.1';
  const make = (now: number) => hex(answer(keys, hex('0011223344556677'), client, now)[1]);

  for (const [when, made] of [
    ['now', 1_800_000_000],
    ['where the clock goes round', 0xffff_ffff],
    ['where its sign changes', 0x7fff_ff00],
  ] as const) {
    test(`made ${when}`, () => {
      const cookie = make(made);
      const status = (age: number) => check(keys, cookie, client, (made + age) % 2 ** 32);
      assert.equal(status(0), COOKIE.valid);
      assert.equal(status(cookieAgeMax), COOKIE.valid);
      assert.equal(status(cookieAgeMax + 1), COOKIE.bad);
      assert.equal(status(-cookieAheadMax), COOKIE.valid);
      assert.equal(status(-cookieAheadMax - 1), COOKIE.bad);
      const isTheSame = (age: number) =>
        answer(keys, cookie, client, (made + age) % 2 ** 32)[1] === Buffer.from(cookie).toString('hex');
      assert.ok(isTheSame(0));
      assert.ok(isTheSame(-cookieAheadMax));
      assert.ok(isTheSame(cookieAgeToRenew - 1));
      assert.ok(!isTheSame(cookieAgeToRenew));
    });
  }
});

describe('a cookie is good for', () => {
  const secret = '000102030405060708090a0b0c0d0e0f';
  const keys = keysOf(secret);
  const now = 1_800_000_000;
  const client = '192.0.2.1';
  const good = hex(answer(keys, hex('0011223344556677'), client, now)[1]);

  test('the client that it was made for', () => {
    assert.equal(check(keys, good, client, now), COOKIE.valid);
    assert.equal(check(keys, good, '::ffff:192.0.2.1', now), COOKIE.valid);
    assert.equal(check(keys, good, '192.0.2.2', now), COOKIE.bad);
    assert.equal(check(keys, good, '::192.0.2.1', now), COOKIE.bad);
  });

  test('nothing when any bit of it is changed', () => {
    for (let bit = 0; bit < cookieSize * 8; bit++) {
      const changed = good.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(check(keys, changed, client, now), COOKIE.bad, `bit ${bit}`);
    }
  });

  test('nothing in another version, though the hash of it is right', () => {
    const cookie = good.slice();
    cookie[8] = 2;
    const words = new Int32Array(4);
    readSipKey(hex(secret), 0, words, 0);
    const hash = new Int32Array(2);
    sipHash(words, 0, new Uint8Array([...cookie.subarray(0, 16), 192, 0, 2, 1]), 20, hash);
    cookie.set(new Uint8Array(hash.buffer), 16);
    assert.equal(check(keys, cookie, client, now), COOKIE.bad);
    cookie[8] = 1;
    sipHash(words, 0, new Uint8Array([...cookie.subarray(0, 16), 192, 0, 2, 1]), 20, hash);
    cookie.set(new Uint8Array(hash.buffer), 16);
    assert.equal(check(keys, cookie, client, now), COOKIE.valid);
  });

  test('one query: the next, without it, gets one of its own', () => {
    assert.equal(check(keys, good, client, now), COOKIE.valid);
    const bare = hex('8899aabbccddeeff');
    const [status, given] = answer(keys, bare, client, now);
    assert.equal(status, COOKIE.client);
    assert.equal(check(keys, hex(given), client, now), COOKIE.valid);
  });

  test('nothing in another size: those of other servers are bad, not faulty', () => {
    for (let size = 16; size <= 40; size++) {
      const cookie = new Uint8Array(size);
      cookie.set(good.subarray(0, size));
      assert.equal(check(keys, cookie, client, now), size === cookieSize ? COOKIE.valid : COOKIE.bad);
    }
  });

  test('any of the secrets, but only one of the first goes back as it is', () => {
    const others = ['ff'.repeat(16), 'ee'.repeat(16), 'dd'.repeat(16)];
    const same = Buffer.from(good).toString('hex');
    assert.deepEqual(answer(keysOf(secret, others[0]!), good, client, now), [COOKIE.valid, same]);
    for (const secrets of [
      [others[0]!, secret],
      [others[0]!, others[1]!, secret],
    ]) {
      const [status, given] = answer(keysOf(...secrets), good, client, now);
      assert.equal(status, COOKIE.valid);
      assert.equal(given, answer(keysOf(others[0]!), hex('0011223344556677'), client, now)[1]);
    }
    assert.equal(check(keysOf(...others), good, client, now), COOKIE.bad);
  });

  test('nothing after a secret is gone, nor without secrets', () => {
    const changed = keysOf(secret, 'ff'.repeat(16));
    changed.configure([hex('ff'.repeat(16))]);
    assert.equal(check(changed, good, client, now), COOKIE.bad);
    assert.equal(check(keysOf(), good, client, now), COOKIE.none);
    assert.equal(check(keysOf(), hex('0011223344556677'), client, now), COOKIE.none);
  });

  test('secrets are 16 octets, and not more than there is room for', () => {
    const all = Array.from({ length: cookieSecretsMax + 1 }, (_, i) => `0${i}`.repeat(16));
    assert.equal(check(keysOf(secret, ...all.slice(0, -2)), good, client, now), COOKIE.valid);
    assert.throws(() => keysOf(...all), /not a cookie secret/);
    assert.throws(() => keysOf('00'.repeat(15)), /not a cookie secret/);
  });
});
