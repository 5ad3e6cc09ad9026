// RDATA of every type: text to wire and back, what is refused and why, and where names are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRdata, namesIn } from '../../src/wire/canonical.ts';
import { parseNameText } from '../../src/wire/names.ts';
import {
  checkRdata,
  compressibleTail,
  isMetaType,
  parseRdataText,
  printRdata,
  rowOf,
  targetOffset,
  typeFromString,
  typeText,
} from '../../src/wire/rdata.ts';
import { randomFrom } from '../balance/random.ts';
import { goldens } from './golden.ts';

const origin = parseNameText('t.example.').name!;

function typeOf(text: string): number {
  const type = typeFromString(text);
  assert.ok(type !== undefined, text);
  return type;
}

function rdata(type: string, text: string): Uint8Array {
  const parsed = parseRdataText(typeOf(type), text, origin);
  assert.ok(parsed.rdata, `${type} ${text}: ${parsed.rdata === undefined ? parsed.problem.what : ''}`);
  return parsed.rdata;
}

test('every type is printed in its one form, which is read again', () => {
  for (const { type, text, printed } of goldens) {
    const octets = rdata(type, text);
    assert.equal(checkRdata(typeOf(type), octets, 0, octets.length), '', `${type} ${text}`);
    assert.equal(printRdata(typeOf(type), octets), printed);
    assert.deepEqual(rdata(type, printed), octets);
  }
});

test('every type with a text form has a golden line', () => {
  const shown = new Set(goldens.map(({ type }) => typeOf(type)));
  for (let type = 1; type < 65_536; type++) {
    if (rowOf(type)?.fields !== undefined) assert.ok(shown.has(type), typeText(type));
  }
});

test('the wire form of a few, written out from their RFCs', () => {
  const cases: readonly (readonly [type: string, text: string, hex: string])[] = [
    ['A', '10.0.0.255', '0a0000ff'],
    ['MX', '258 a', '0102' + '0161' + '0174076578616d706c6500'],
    ['SRV', '1 2 3 .', '00010002000300'],
    ['TXT', 'ab ""', '02616200'],
    ['CAA', '0 issue "ca;x"', '00' + '056973737565' + '63613b78'],
    ['DS', '258 8 9 0aff', '010208090aff'],
    ['SOA', '. a. 1 2 3 4 5', '00' + '016100' + '0000000100000002000000030000000400000005'],
    // RFC 9460 appendix D.2, figures 4 and 6
    ['SVCB', '1 foo.example.com. key667=hello', '000103666f6f076578616d706c6503636f6d00029b000568656c6c6f'],
    [
      'SVCB',
      '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
      '000103666f6f076578616d706c6503636f6d00' +
        '0006002020010db800000000000000000000000120010db8000000000000000000530001',
    ],
    ['CSYNC', '1 2 A CAA', '000000010002' + '000140' + '010140'],
    // RFC 1876: 2^31 - 71.1 degrees, in thousandths of an arc second
    ['LOC', '42 21 54 N 71 6 18 W -24m 30m', '00331613' + '89172dd0' + '70be15f0' + '00988d20'],
    ['CERT', 'PGP 1 0 AQID', '0003' + '0001' + '00' + '010203'],
    ['APL', '1:192.168.32.0/21 !1:192.168.38.0/28', '00011503c0a820' + '00011c83c0a826'],
    ['APL', '2:ff00::/8 1:0.0.0.0/0', '00020801ff' + '00010000'],
    ['IPSECKEY', '10 1 2 192.0.2.38 AQID', '0a0102' + 'c0000226' + '010203'],
    ['IPSECKEY', '10 0 0 .', '0a0000'],
    ['HIP', '2 2001 AQID a. b.', '02020003' + '2001' + '010203' + '016100' + '016200'],
    ['X25', '1234', '0431323334'],
    ['ISDN', '12 3', '02313201' + '33'],
    [
      'RRSIG',
      'CAA 8 3 86400 20030322173103 1 2642 a. AQID',
      '0101' + '0803' + '00015180' + '3e7c9dd7' + '00000001' + '0a52' + '016100' + '010203',
    ],
    [
      'RRSIG',
      'A 8 0 0 21060207062815 19700101000000 0 . AQ==',
      '00010800000000' + '00ffffffff' + '00000000' + '0000' + '00' + '01',
    ],
    ['NSEC3', '1 1 12 aabb 00000001 A', '0101000c' + '02aabb' + '050000000001' + '000140'],
    ['AMTRELAY', '10 1 3 a.', '0a83016100'],
    ['HTTPS', '1 . dohpath=/q{?dns}', '000100' + '00070008' + '2f717b3f646e737d'],
  ];
  for (const [type, text, hex] of cases) {
    assert.equal(Buffer.from(rdata(type, text)).toString('hex'), hex, text);
  }
});

test('what is refused, and why', () => {
  const cases: readonly (readonly [type: string, text: string, what: RegExp])[] = [
    ['A', '', /record ends where an IPv4 address is expected/],
    ['A', '999.1.1.1', /"999.1.1.1" is no IPv4 address/],
    ['A', '1.2.3.4 5', /"5" stands behind the end of the A record/],
    ['A', '"1.2.3.4"', /stands where an IPv4 address is expected/],
    ['A', '\\# 3 010203', /no well-formed A/],
    ['A', '\\# 5 0102030405', /octets behind the end of the A RDATA/],
    ['A', '\\# 4 010203', /says 4 octets, but 3 follow/],
    ['A', '\\# 4 0102030', /odd number of hex digits/],
    ['A', '\\# 4 0102030g', /"0102030g" is no hex/],
    ['A', '\\#', /a length in octets is expected/],
    ['A', '\\# 65536 00', /65536 octets/],
    ['NS', '\\# 3 c00c00', /no well-formed NS/],
    ['NS', '\\# 2 0161', /no well-formed NS/],
    ['AAAA', '1.2.3.4', /no IPv6 address/],
    ['MX', '65536 a', /65536 is too large for a number/],
    ['MX', '-1 a', /"-1" stands where a number is expected/],
    ['MX', '10', /record ends where a domain name is expected/],
    ['MX', '10 a..b', /empty label/],
    ['MX', '10 "a"', /quotes in a name/],
    ['SOA', 'a b 4294967296 1 1 1 1', /too large/],
    ['SOA', 'a b 1h 1 1 1 1', /"1h" stands where a number/],
    ['SOA', 'a b 1 1 1 1', /number of seconds is expected/],
    ['TXT', '', /a string is expected/],
    ['TXT', `"${'x'.repeat(256)}"`, /a string of 256 octets/],
    ['TXT', '"\\300"', /bad escape/],
    ['TXT', '"a', /not closed/],
    ['TXT', 'a="b c"', /begins inside a word/],
    [
      'TXT',
      Array(300)
        .fill(`"${'x'.repeat(255)}"`)
        .join(' '),
      /RDATA of 76800 octets/,
    ],
    ['HINFO', 'a', /a string is expected/],
    ['CAA', '0 is-sue x', /"is-sue" is no tag/],
    ['CAA', '256 issue x', /too large/],
    ['CAA', '0 issue a b', /behind the end/],
    ['URI', '1 1 abc', /without quotes/],
    ['DS', '1 8 2 00', /has 32 octets at its end, not 1/],
    ['DS', '1 8 1', /hex is expected/],
    ['DS', '1 FOO 1 00', /"FOO" stands where a number/],
    ['DS', '\\# 5 0001080200', /has 32 octets/],
    ['SSHFP', '1 2 aa', /has 32 octets/],
    ['OPENPGPKEY', 'AA', /ends too early/],
    ['OPENPGPKEY', 'AB==', /ends too early/],
    ['OPENPGPKEY', 'A=A=', /no base64/],
    ['OPENPGPKEY', 'AAAA====', /ends too early/],
    ['NSEC', 'a FOO', /"FOO" stands where an RR type/],
    ['EUI48', '00-00-5e-00-53', /6 groups/],
    ['EUI48', '00-00-5e-00-53-2', /6 groups/],
    ['NID', '1 1:2:3:4:5', /4 groups/],
    ['SIG', 'A 8 3 60 20300101000000 20200101000000 1 @ AA==', /SIG has no text form here/],
    ['LOC', '51 30 12.748 0 7 39.611 W 0m', /"0" is no part of an angle/],
    ['LOC', '91 N 0 E 0', /"91" is no part of an angle/],
    ['LOC', '90 0 0.001 N 0 E 0', /an angle beyond 90 degrees/],
    ['LOC', '1 60 N 0 E 0', /"60" is no part/],
    ['LOC', '1 1 1.0001 N 0 E 0', /"1.0001" is no part/],
    ['LOC', 'N 0 E 0', /"N" is no part/],
    ['LOC', '1 N 181 E 0', /"181" is no part/],
    ['LOC', '1 N 1 E', /record ends where an altitude is expected/],
    ['LOC', '1 N 1', /record ends where E or W is expected/],
    ['LOC', '1 N 1 E -100000.01', /"-100000.01" is not an altitude/],
    ['LOC', '1 N 1 E 42849672.96', /is not an altitude/],
    ['LOC', '1 N 1 E 0.001', /is not an altitude/],
    ['LOC', '1 N 1 E 0 90000000.01', /is not a size/],
    ['LOC', '1 N 1 E 0 -1', /is not a size/],
    ['LOC', '1 N 1 E 0 1 1 1 1', /"1" stands behind the end/],
    ['LOC', '\\# 16 01121613000000000000000000000000', /no well-formed LOC/],
    ['LOC', '\\# 16 00a21613800000008000000000989680', /no well-formed LOC/],
    ['LOC', '\\# 16 00021613800000008000000000989680', /no well-formed LOC/],
    ['LOC', '\\# 16 00121613ffffffff8000000000989680', /no well-formed LOC/],
    ['CERT', 'PKX 1 1 AA==', /"PKX" stands where a number/],
    ['CERT', '65536 1 1 AA==', /too large/],
    ['CERT', '1 1 1', /base64 is expected/],
    ['APL', '3:1/8', /"3:1\/8" is no address prefix/],
    ['APL', '1:1.2.3.4', /no address prefix/],
    ['APL', '1:1.2.3.4/33', /no address prefix/],
    ['APL', '2:::/129', /no address prefix/],
    ['APL', '2:1.2.3.4/8', /no address prefix/],
    ['APL', '!', /no address prefix/],
    ['APL', '"1:1.2.3.4/8"', /no address prefix/],
    ['APL', '\\# 5 0001080100', /no well-formed APL/],
    ['APL', '\\# 5 0003080101', /no well-formed APL/],
    ['APL', '\\# 9 0001080501020304 05', /no well-formed APL/],
    ['IPSECKEY', '10 4 2 . AQNR', /gateway type 4/],
    ['IPSECKEY', '10 0 2 a. AQNR', /"a." stands where . for no gateway is expected/],
    ['IPSECKEY', '10 1 2 ::1 AQNR', /no IPv4 address/],
    ['IPSECKEY', '\\# 3 0a0402', /no well-formed IPSECKEY/],
    ['IPSECKEY', '\\# 6 0a0102010203', /no well-formed IPSECKEY/],
    ['IPSECKEY', '10 1 2 192.0.2.1', /base64 is expected/],
    ['IPSECKEY', '\\# 3 0a0002', /no well-formed IPSECKEY/],
    ['AMTRELAY', '10 2 0 .', /0 or 1 is expected/],
    ['AMTRELAY', '10 1 4 .', /gateway type 4/],
    ['HIP', `2 ${'00'.repeat(256)} AA==`, /tag of up to 255 octets/],
    ['HIP', '2 0 AA==', /tag of up to 255 octets/],
    ['HIP', '2 00 AA', /a key in base64/],
    ['HIP', `2 00 ${'A'.repeat(87_384)}`, /a key of 65538 octets/],
    ['HIP', '2 00 AQID a..b', /empty label/],
    ['HIP', '\\# 5 0002000100', /no well-formed HIP/],
    ['HIP', '\\# 5 0102000200', /no well-formed HIP/],
    ['X25', '123', /four digits or more/],
    ['X25', '12a4', /four digits or more/],
    ['ISDN', 'a b c', /"c" stands behind the end/],
    ['RRSIG', 'FOO 8 0 0 0 0 0 . AA==', /"FOO" stands where an RR type/],
    ['RRSIG', 'A 8 0 0 20030229000000 0 0 . AA==', /"20030229000000" is no time/],
    ['RRSIG', 'A 8 0 0 21060207062816 0 0 . AA==', /is no time/],
    ['RRSIG', 'A 8 0 0 4294967296 0 0 . AA==', /too large/],
    ['RRSIG', 'A 8 0 0 0 0 0 .', /base64 is expected/],
    ['NSEC3', '1 1 12 - 0', /a hash in base32hex/],
    ['NSEC3', '1 1 12 - 01', /a hash in base32hex/],
    ['NSEC3', '1 1 12 - 0000000w', /a hash in base32hex/],
    ['NSEC3', `1 1 12 - ${'0'.repeat(416)}`, /a hash in base32hex/],
    ['NSEC3', '1 1 12 0 00000000', /a salt of up to/],
    ['NSEC3', '\\# 6 010100000000', /no well-formed NSEC3/],
    ['TYPE65280', 'abc', /TYPE65280 has no text form here/],
    ['TXT', 'a\nb', /more than one line/],
  ];
  for (const [type, text, what] of cases) {
    const parsed = parseRdataText(typeOf(type), text, origin);
    assert.ok(parsed.rdata === undefined, `${type} ${text}`);
    assert.match(parsed.problem.what, what);
    assert.ok(parsed.problem.column >= 1);
  }
});

test('SvcParams that are refused, and why (RFC 9460)', () => {
  const cases: readonly (readonly [params: string, what: RegExp])[] = [
    ['alpn', /no value of alpn/],
    ['alpn=', /no value of alpn/],
    ['alpn=h2,', /no value of alpn/],
    [`alpn=${'x'.repeat(256)}`, /no value of alpn/],
    ['no-default-alpn', /no-default-alpn without alpn/],
    ['no-default-alpn=x alpn=h2', /no value of no-default-alpn/],
    ['port=65536', /no value of port/],
    ['port', /no value of port/],
    ['port=1 port=2', /port stands twice/],
    ['port=1 key3=\\000\\001', /port stands twice/],
    ['key3=1', /"key3=1" is no value of port/],
    ['ipv4hint=', /no value of ipv4hint/],
    ['ipv4hint=1.2.3', /no value of ipv4hint/],
    ['ipv4hint=1.2.3.4,', /no value of ipv4hint/],
    ['ipv6hint=1.2.3.4', /no value of ipv6hint/],
    ['ech=a', /no value of ech/],
    ['dohpath', /no value of key7/],
    ['dohpath=dns-query{?dns}', /no value of key7/],
    ['dohpath=/dns-query', /no value of key7/],
    ['dohpath=/{?dns}\\255', /no value of key7/],
    ['key7=/x', /"key7=\/x" is no value of key7/],
    ['mandatory=port', /mandatory names port, which the record does not have/],
    ['mandatory=port,port port=1', /no value of mandatory/],
    ['mandatory=mandatory port=1', /no value of mandatory/],
    ['mandatory=foo port=1', /no value of mandatory/],
    ['mandatory port=1', /no value of mandatory/],
    ['foo=1', /begins with no SvcParamKey/],
    ['PORT=1', /begins with no SvcParamKey/],
    ['key00667=1', /begins with no SvcParamKey/],
    ['key65535=1', /begins with no SvcParamKey/],
    ['key65536=1', /begins with no SvcParamKey/],
    ['key667="a"b', /value of key667 cannot be read/],
    ['key667="a', /not closed/],
    ['"port=1"', /a SvcParam as in port=443 is expected/],
  ];
  for (const [params, what] of cases) {
    const parsed = parseRdataText(65, `1 . ${params}`, origin);
    assert.ok(parsed.rdata === undefined, params);
    assert.match(parsed.problem.what, what);
  }
});

test('SvcParams on the wire are sorted, unique and well-formed', () => {
  const cases: readonly (readonly [hex: string, right: boolean])[] = [
    ['000100' + '0003000201bb', true],
    ['000100' + '0003000201bb' + '000100030268 32', false], // alpn behind port
    ['000100' + '0003000201bb' + '0003000201bb', false],
    ['000100' + '00030003000000', false],
    ['000100' + '00030002', false],
    ['000100' + '0000000200030003000201bb', true],
    ['000100' + '000000020003', false],
    ['000100' + '00020000', false],
    ['000100' + 'ffff0000', false],
  ];
  for (const [hex, right] of cases) {
    const octets = Buffer.from(hex.replace(/ /g, ''), 'hex');
    assert.equal(checkRdata(65, octets, 0, octets.length) === '', right, hex);
  }
});

test('types have a mnemonic or a number', () => {
  assert.equal(typeFromString('a'), 1);
  assert.equal(typeFromString('Https'), 65);
  assert.equal(typeFromString('TYPE1'), 1);
  assert.equal(typeFromString('type65280'), 65_280);
  for (const text of ['', 'AA', 'TYPE', 'TYPE65536', 'TYPE1x', 'TYPE-1', 'TYPE000001', 'IN']) {
    assert.equal(typeFromString(text), undefined, text);
  }
  assert.equal(typeText(28), 'AAAA');
  assert.equal(typeText(65_280), 'TYPE65280');
  for (let type = 0; type < 65_536; type++) assert.equal(typeFromString(typeText(type)), type);
  assert.deepEqual([0, 1, 41, 127, 128, 255, 256].map(isMetaType), [
    true,
    false,
    true,
    false,
    true,
    true,
    false,
  ]);
});

test('where names are', () => {
  const tails = {
    NS: 0,
    CNAME: 0,
    PTR: 0,
    MX: 2,
    SOA: -1,
    SRV: -1,
    AFSDB: -1,
    A: -1,
    MINFO: -1,
    TYPE65280: -1,
  };
  for (const [type, at] of Object.entries(tails)) assert.equal(compressibleTail(typeOf(type)), at, type);
  const targets = { NS: 0, MX: 2, SRV: 6, CNAME: -1, SOA: -1, A: -1, TYPE65280: -1 };
  for (const [type, at] of Object.entries(targets)) assert.equal(targetOffset(typeOf(type)), at, type);
  assert.deepEqual(namesIn(6, rdata('SOA', 'ab. c. 1 2 3 4 5')), [
    { at: 0, kind: 'compressible' },
    { at: 4, kind: 'compressible' },
  ]);
  assert.deepEqual(namesIn(35, rdata('NAPTR', '1 1 a b c d.')), [{ at: 10, kind: 'folded' }]);
});

test('canonical order of RDATA folds the names of old types only', () => {
  const order = (type: string, a: string, b: string) => {
    const [x, y] = [rdata(type, a), rdata(type, b)];
    return Math.sign(compareRdata(typeOf(type), x, 0, x.length, y, 0, y.length));
  };
  assert.equal(order('MX', '1 A.b.', '1 a.B.'), 0);
  assert.equal(order('SRV', '1 1 1 A.', '1 1 1 a.'), 0);
  assert.equal(order('HTTPS', '1 A.', '1 a.'), -1);
  assert.equal(order('NSEC', 'A. A', 'a. A'), -1); // RFC 6840 §5.1
  assert.equal(order('LP', '1 A.', '1 a.'), -1);
  assert.equal(order('IPSECKEY', '1 3 0 A.', '1 3 0 a.'), -1);
  assert.equal(order('RRSIG', 'A 8 0 0 1 1 1 A. AA==', 'A 8 0 0 1 1 1 a. AA=='), 0);
  for (const type of ['AFSDB', 'RT', 'KX']) assert.equal(order(type, '1 A.', '1 a.'), 0, type);
  assert.equal(order('MX', '2 a.', '10 a.'), -1);
  assert.equal(order('TXT', 'b', 'aa'), -1); // the length octet comes first
  assert.equal(order('NS', 'z.', 'aa.'), -1);
  assert.equal(order('SOA', 'a. b. 1 1 1 1 1', 'A. B. 1 1 1 1 2'), -1);
});

test('no octets make the wire check throw, and what it accepts is printed and read again', () => {
  const random = randomFrom(35);
  const types = goldens.map(({ type }) => typeOf(type));
  let accepted = 0;
  for (let round = 0; round < 20_000; round++) {
    const golden = random.pick(goldens);
    const octets = rdata(golden.type, golden.text).slice();
    for (let flips = random.below(3); flips > 0 && octets.length > 0; flips--) {
      octets[random.below(octets.length)] = random.below(256);
    }
    const type = random.below(4) === 0 ? random.pick(types) : typeOf(golden.type);
    const end = random.below(4) === 0 ? random.below(octets.length + 1) : octets.length;
    if (checkRdata(type, octets, 0, end) !== '') continue;
    accepted++;
    const cut = octets.slice(0, end);
    assert.deepEqual(
      rdata(typeText(type), printRdata(type, cut)),
      cut,
      `${typeText(type)} ${printRdata(type, cut)}`,
    );
  }
  assert.ok(accepted > 5000, String(accepted));
});
