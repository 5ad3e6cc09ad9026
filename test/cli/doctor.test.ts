// What doctor makes of what it sees: the kernel's tables, ports, clocks, and answers of name servers.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import {
  bufferFindings,
  clockFindings,
  daemonFindings,
  descriptorFindings,
  inodesOn,
  portFinding,
  portFindings,
  type Read,
} from '../../src/cli/doctor/machine.ts';
import { delegationFindings, parentRecords } from '../../src/cli/doctor/parent.ts';
import { differenceOf, serverFindings, skewOf } from '../../src/cli/doctor/servers.ts';
import { doctorText } from '../../src/cli/doctor/text.ts';
import type { DnsRecord, DnsResponse } from '../../src/health/dnsclient.ts';
import { plain } from './statuses.ts';

const reading =
  (files: Readonly<Record<string, string>>): Read =>
  (path) =>
    files[path];
const said = (findings: readonly Finding[]) => findings.map(({ level, text }) => `${level}: ${text}`);

describe('the machine', () => {
  it('says who holds a port', () => {
    const head =
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
    const row = (address: string, state: string, inode: number) =>
      `\n 0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 0 0 ${inode}`;
    const held = `${row('0100007F:0035', '0A', 41)}${row('0100007F:0035', '01', 42)}`;
    const tcp = `${head}${held}${row('0100007F:0036', '0A', 43)}`;
    const read = reading({
      '/proc/net/tcp': tcp,
      '/proc/net/udp': `${head}${row('00000000:0035', '07', 51)}`,
    });
    assert.deepEqual([...inodesOn('TCP', 53, read)], ['41']);
    assert.deepEqual([...inodesOn('UDP', 53, read)], ['51']);
    const server = { address: '192.0.2.1', port: 53 };
    const codes = [undefined, 'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].map((code) =>
      portFinding('UDP', server, code, read),
    );
    assert.deepEqual(said(codes), [
      'ok: UDP 192.0.2.1:53 is free',
      'error: UDP 192.0.2.1:53 is held by somebody',
      'error: UDP 192.0.2.1:53 is not for this user',
      'warning: no interface has 192.0.2.1',
    ]);
  });

  it('names the process that holds one', async () => {
    const { createSocket } = await import('node:dgram');
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address();
    const [udp, tcp] = await portFindings(undefined, [`127.0.0.1:${port}`]);
    assert.match(
      udp!.text,
      new RegExp(`^UDP 127\\.0\\.0\\.1:${port} is held by .+ \\(process ${process.pid}\\)$`),
    );
    assert.equal(tcp!.level, 'ok');
    socket.close();
  });

  it('compares buffers, descriptors and clocks with what is needed', () => {
    const small = {
      '/proc/sys/net/core/rmem_max': '212992\n',
      '/proc/self/status': 'CapEff:\t0000000000000400\n',
    };
    const limits = (count: number) => ({
      '/proc/self/limits': `Max open files            ${count}   ${count}   files\n`,
    });
    assert.deepEqual(said(bufferFindings(undefined, reading(small))), [
      'warning: receive buffers get 212,992 octets, 4,194,304 are asked for',
    ]);
    const forced = { ...small, '/proc/self/status': 'CapEff:\t0000000000001400\n' };
    assert.equal(bufferFindings(undefined, reading(forced))[0]!.level, 'ok');
    assert.deepEqual(bufferFindings(undefined, reading({})), []);
    const levels = (count: number, endpoints: number) =>
      descriptorFindings(undefined, endpoints, reading(limits(count))).map(({ level }) => level);
    assert.deepEqual(levels(1024, 1000), ['warning', 'warning']);
    assert.deepEqual(levels(65_536, 10_000), ['ok', 'ok']);
    const clocks = [0, -40, 4000].map((seconds) => ({ server: 'ns2', seconds }));
    assert.deepEqual(
      clockFindings(clocks, reading({})).map(({ level }) => level),
      ['ok', 'warning', 'error'],
    );
    assert.equal(clockFindings([], reading({}))[0]!.level, 'warning');
    assert.equal(clockFindings([], reading({ '/run/systemd/timesync/synchronized': '' }))[0]!.level, 'ok');
    assert.equal(daemonFindings(undefined, { exit: 3, text: 'not running' })[0]!.level, 'error');
  });

  it('reads the clock of a server out of its cookie', () => {
    const cookie = Buffer.alloc(24);
    cookie[8] = 1;
    cookie.writeUInt32BE(1_000_300, 12);
    assert.equal(skewOf(cookie, 1_000_000_000), 300);
    cookie[8] = 2;
    assert.equal(skewOf(cookie, 0), undefined);
    assert.equal(skewOf(undefined, 0), undefined);
  });
});

const NS = 2;
const record = (name: string, type: number, data: string): DnsRecord => ({ name, type, ttl: 300, data });
const response = (more: Partial<DnsResponse>): DnsResponse => ({
  id: 0,
  isResponse: true,
  isAuthoritative: true,
  isTruncated: false,
  rcode: 0,
  question: undefined,
  answers: [],
  authorities: [],
  additionals: [],
  addresses: [],
  edns: { size: 1232, isDnssecOk: true, scope: undefined },
  isWhole: true,
  ...more,
});
const zone = {
  origin: 'lb.example.',
  serial: 7,
  servers: ['ns1.lb.example.', 'ns2.other.example.'],
  ttl: 3600,
  glue: new Map([['ns1.lb.example.', ['192.0.2.1', '2001:db8::1']]]),
};
const listed = [
  { name: 'ns1.lb.example.', addresses: ['192.0.2.1', '2001:db8::1'] },
  { name: 'ns2.other.example.', addresses: ['198.51.100.1'] },
];

describe('name servers', () => {
  const reply = (more: Partial<DnsResponse>) => ({
    response: response(more),
    octets: 100,
    cookie: undefined,
  });
  const soa = reply({ answers: [record('lb.example.', 6, '7')] });
  const ns = reply({ answers: zone.servers.map((server) => record('lb.example.', NS, server)) });
  const lost = { lost: 'no answer in time' };
  const cases = [
    ['all is well', { soa, overTcp: soa, ns }, ['ok: ns1: UDP, TCP, authoritative, serial 7']],
    ['silent', { soa: lost, overTcp: lost, ns: lost }, ['error: ns1 does not answer: no answer in time']],
    [
      'no TCP',
      { soa, overTcp: lost, ns },
      ['error: ns1 answers over UDP and not over TCP: no answer in time'],
    ],
    ['no UDP', { soa: lost, overTcp: soa, ns: lost }, ['error: ns1 answers over TCP and not over UDP']],
    [
      'lame',
      { soa: reply({ rcode: 5, isAuthoritative: false }), overTcp: soa, ns },
      ['error: ns1 is not authoritative for lb.example. (REFUSED)'],
    ],
    [
      'behind',
      { soa: reply({ answers: [record('lb.example.', 6, '6')] }), overTcp: soa, ns },
      ['warning: ns1 has serial 6, the files here have 7'],
    ],
    [
      'no EDNS',
      { soa: reply({ answers: [record('lb.example.', 6, '7')], edns: undefined }), overTcp: soa, ns },
      ['warning: ns1 has no EDNS'],
    ],
    [
      'small EDNS without DO',
      {
        soa: reply({
          answers: [record('lb.example.', 6, '7')],
          edns: { size: 512, isDnssecOk: false, scope: undefined },
        }),
        overTcp: soa,
        ns,
      },
      ['warning: ns1 takes only 512 octets over UDP', 'warning: ns1 does not give the DO bit back'],
    ],
    [
      'other NS records',
      { soa, overTcp: soa, ns: reply({ answers: [record('lb.example.', NS, 'ns1.lb.example.')] }) },
      ['warning: ns1 has other NS records than the files here: ns2.other.example. missing'],
    ],
  ] as const;
  for (const [what, replies, expected] of cases) {
    it(what, () => assert.deepEqual(said(serverFindings(zone, 'ns1', replies)), expected));
  }

  it('differ in words', () => {
    assert.equal(differenceOf(['a', 'b'], ['b', 'c']), 'a missing; c too many');
    assert.equal(differenceOf(['a'], ['a']), '');
  });
});

describe('the parent', () => {
  const glue = [record('ns1.lb.example.', 1, '192.0.2.1'), record('ns1.lb.example.', 28, '2001:db8::1')];
  const delegation = zone.servers.map((server) => record('lb.example.', NS, server));
  const cases = [
    [
      'says the same',
      { authorities: delegation, additionals: glue },
      ['ok: P delegates lb.example. to the same servers, with their glue'],
    ],
    ['does not know it', { rcode: 3 }, ['error: P does not delegate lb.example.']],
    ['is none', { rcode: 5 }, ['warning: P says REFUSED to lb.example.']],
    [
      'misses glue',
      { authorities: delegation, additionals: glue.slice(0, 1) },
      ['error: P has for ns1.lb.example. other glue: 2001:db8::1 missing'],
    ],
    ['has no glue', { authorities: delegation }, ['error: P has for ns1.lb.example. no glue']],
    [
      'has one server only',
      { authorities: delegation.slice(0, 1), additionals: glue },
      ['warning: P has other NS records of lb.example.: ns2.other.example. missing'],
    ],
    [
      'has other servers',
      { authorities: [record('lb.example.', NS, 'ns9.example.')] },
      [
        'error: P has other NS records of lb.example.: ' +
          'ns1.lb.example., ns2.other.example. missing; ns9.example. too many',
      ],
    ],
  ] as const;
  for (const [what, more, expected] of cases) {
    it(what, () => assert.deepEqual(said(delegationFindings(zone, listed, 'P', response(more))), expected));
  }

  it('should have these records', () => {
    assert.deepEqual(parentRecords(zone, listed), [
      'lb.example.      3600  NS  ns1.lb.example.',
      'lb.example.      3600  NS  ns2.other.example.',
      'ns1.lb.example.  3600  A  192.0.2.1',
      'ns1.lb.example.  3600  AAAA  2001:db8::1',
    ]);
  });
});

it('the text fits 80 columns', () => {
  const finding = {
    level: 'error',
    topic: 'descriptors',
    text: 'word '.repeat(40),
    hint: 'do '.repeat(50),
  } as const;
  const text = doctorText(
    { machine: [finding], zones: [{ origin: 'a.', findings: [finding], records: [] }] },
    plain,
  );
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(text, /^2 errors, 0 warnings, 0 ok$/m);
});
