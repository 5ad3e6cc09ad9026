// One line per RR type and shape: the text an operator may write, and how it is printed where that differs.
// rdata.test.ts takes them there and back; print.test.ts asks BIND the same of text and of wire. Origin:
// t.example.

export type Golden = { readonly type: string; readonly text: string; readonly printed: string };

function golden(type: string, text: string, printed = text): Golden {
  return { type, text, printed };
}

const hex32 = 'A1'.repeat(32);
const hex32Words = `${'A1'.repeat(28)} ${'A1'.repeat(4)}`;
const base64 = 'mQINBFtYd6cBEADVOzxKZmJm'.repeat(4);
const base64Words = `${base64.slice(0, 56)} ${base64.slice(56)}`;

export const goldens: readonly Golden[] = [
  golden('A', '192.0.2.1'),
  golden('A', '\\# 4 C0000201', '192.0.2.1'),
  golden('TYPE1', '\\# 4 c000 0202', '192.0.2.2'),
  golden('NS', 'ns1', 'ns1.t.example.'),
  golden('CNAME', 'www.Other.', 'www.Other.'),
  golden(
    'SOA',
    'NS1 host\\.master 4294967295 1h30m 15m 1w2d 0',
    'NS1.t.example. host\\.master.t.example. 4294967295 5400 900 777600 0',
  ),
  golden('MB', 'box', 'box.t.example.'),
  golden('MG', 'box', 'box.t.example.'),
  golden('MR', 'box', 'box.t.example.'),
  golden('PTR', '@', 't.example.'),
  golden('HINFO', 'i386 "a b"', '"i386" "a b"'),
  golden('MINFO', 'a b', 'a.t.example. b.t.example.'),
  golden('MX', '0 .', '0 .'),
  golden('MX', '0010 mail', '10 mail.t.example.'),
  golden('TXT', '"a b" c "q\\"uo\\\\te" "semi;colon\\200\\007" ""'.replace(' c ', ' "c" ')),
  golden('TXT', 'foo\\ bar a\\;b \\065', '"foo bar" "a;b" "A"'),
  golden('TXT', `"${'x'.repeat(255)}"`),
  golden('RP', 'mbox txt', 'mbox.t.example. txt.t.example.'),
  golden('AFSDB', '1 afs', '1 afs.t.example.'),
  golden('RT', '2 relay', '2 relay.t.example.'),
  golden('PX', '10 a b', '10 a.t.example. b.t.example.'),
  golden('AAAA', '2001:DB8:0::1', '2001:db8::1'),
  golden('AAAA', '::ffff:1.2.3.4'),
  golden('SRV', '1 2 65535 host', '1 2 65535 host.t.example.'),
  golden('NAPTR', '100 10 u "E2U+sip" "!^.*$!sip:a@b!" .', '100 10 "u" "E2U+sip" "!^.*$!sip:a@b!" .'),
  golden('KX', '1 kx', '1 kx.t.example.'),
  golden('DNAME', 'other.', 'other.'),
  golden('DS', `60485 RSASHA256 SHA-256 ${hex32}`, `60485 8 2 ${hex32Words}`),
  golden('DS', '1 8 9 00'),
  golden('SSHFP', `1 1 ${'0A'.repeat(10)} ${'0a'.repeat(10)}`, `1 1 ${'0A'.repeat(20)}`),
  golden('NSEC', 'b A MX TYPE1234 CAA', 'b.t.example. A MX CAA TYPE1234'),
  golden('DNSKEY', `256 3 ECDSAP256SHA256 ${base64}`, `256 3 13 ${base64Words}`),
  golden('DHCID', 'AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA='),
  golden('NSEC3PARAM', '1 0 10 aabb', '1 0 10 AABB'),
  golden('NSEC3PARAM', '1 0 0 -'),
  golden('TLSA', `3 1 1 ${hex32}`, `3 1 1 ${hex32Words}`),
  golden('SMIMEA', `3 1 1 ${hex32}`, `3 1 1 ${hex32Words}`),
  golden('NINFO', '"x" "y"'),
  golden('TALINK', 'a b', 'a.t.example. b.t.example.'),
  golden('CDS', '0 0 0 00'),
  golden('CDNSKEY', '0 3 0 AA=='),
  golden('OPENPGPKEY', base64, base64Words),
  golden('CSYNC', '66 3 AAAA A NS', '66 3 A NS AAAA'),
  golden('CSYNC', '4294967295 1'),
  golden('ZONEMD', `7 1 1 ${'B2'.repeat(48)}`, `7 1 1 ${'B2'.repeat(28)} ${'B2'.repeat(20)}`),
  golden('SVCB', '16 foo.example. key667="hello\\210qoo"'),
  golden('HTTPS', '0 svc', '0 svc.t.example.'),
  golden('HTTPS', '1 .'),
  golden(
    'HTTPS',
    '1 . alpn=h2,h3 port=443 ipv4hint=1.2.3.4,5.6.7.8 ipv6hint=::1,2001:db8::1 ech=AEX+DQ== ' +
      'no-default-alpn mandatory=port,alpn key65333="a\\"b c\\\\\\001" key667=hello',
    '1 . mandatory=alpn,port alpn="h2,h3" no-default-alpn port=443 ipv4hint=1.2.3.4,5.6.7.8 ech=AEX+DQ== ' +
      'ipv6hint=::1,2001:db8::1 key667="hello" key65333="a\\"b c\\\\\\001"',
  ),
  golden('HTTPS', '1 svc. alpn="f\\\\\\\\oo\\\\,bar,h2"'), // RFC 9460 appendix D.2, figure 8
  golden('HTTPS', '1 . key3=\\001\\187 key1="\\002h2" key700', '1 . alpn="h2" port=443 key700'),
  golden('HTTPS', '1 . alpn="a\\032b" key700="a b"'),
  golden('HTTPS', '\\# 3 000100', '1 .'),
  golden('SPF', '"v=spf1 -all"'),
  golden('NID', '10 0014:4fff:ff20:ee64', '10 14:4fff:ff20:ee64'),
  golden('L32', '10 10.1.2.0'),
  golden('L64', '10 2001:0DB8:1140:1000', '10 2001:db8:1140:1000'),
  golden('LP', '10 l64', '10 l64.t.example.'),
  golden('EUI48', '00-00-5E-00-53-2A', '00-00-5e-00-53-2a'),
  golden('EUI64', '00-00-5e-ef-10-00-00-2a'),
  golden('URI', '1 2 "http://x/\\"y"'),
  golden('CAA', '0 issue letsencrypt.org', '0 issue "letsencrypt.org"'),
  golden('CAA', '128 ioDef ""'),
  golden('AVC', '"x"'),
  golden('TA', `1 8 2 ${hex32}`, `1 8 2 ${hex32Words}`),
  golden('DLV', `1 8 2 ${hex32}`, `1 8 2 ${hex32Words}`),
  golden('TYPE65280', '\\# 3 a abb cc', '\\# 3 AABBCC'),
  golden('TYPE65280', '\\# 0'),
];
