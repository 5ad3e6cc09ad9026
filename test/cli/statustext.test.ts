// The text of status: what needs somebody comes first, and everything fits into 80 columns.
import assert from 'node:assert';
import { test } from 'node:test';
import { explainText } from '../../src/cli/explain.ts';
import { statusText } from '../../src/cli/statustext.ts';
import { printShortSpan, printSpan, wrap } from '../../src/cli/text.ts';
import type { PoolStatus, Status } from '../../src/control/status.ts';
import { isDown, lines, member, now, plain, pool, server, status } from './statuses.ts';

test('all is well: one line says so, then server, zones, members', () => {
  const text = lines(
    statusText(status([pool([member('web1', '192.0.2.10'), member('web2', '192.0.2.11')])]), plain),
  );
  assert.equal(text[0], 'all is well');
  assert.match(text[2]!, /^steerdns {3}0\.1\.0, up 2 h 5 min, process 123, 100 MB, generation 5$/);
  assert.ok(text.includes('queries    1,234,567 UDP, 3 TCP, 0 dropped by the kernel'));
  assert.deepEqual(text.slice(text.indexOf('site.example. serial 7, 28 records, 14 names') + 2), [
    'www.site.example. A: weighted, 1 address per response, TTL 30, 7,000 responses',
    '  MEMBER  ADDRESS     VERDICT  FOR  WEIGHT  SHARE  GIVEN  LAST RESULT',
    '  web1    192.0.2.10  up       1 h       1  50.0%  50.0%  200 in 3 ms',
    '  web2    192.0.2.11  up       1 h       1  50.0%  50.0%  200 in 3 ms',
    '',
  ]);
});

test('responses over the rate limit are told of where there are any', () => {
  const counters = { 'udp-queries': 5000, 'tcp-queries': 3, 'rate-dropped': 1200, 'rate-slipped': 1199 };
  const text = lines(statusText(status([], { server: { ...server, counters } }), plain));
  assert.ok(text.includes('queries    5,000 UDP, 3 TCP, 2,399 over the rate limit, 0 dropped by the kernel'));
});

test('trouble comes first, errors before warnings, a member once however many pools it is in', () => {
  const members = [member('web1', '192.0.2.10', isDown), member('web2', '192.0.2.11')];
  const fault = {
    severity: 'error',
    file: '/etc/steerdns/a.zone',
    line: 3,
    column: 1,
    what: 'no',
    hint: '',
  } as const;
  const base = status([]);
  const text = lines(
    statusText(
      status([pool(members), pool(members, { owner: 'api.site.example.' })], {
        server: { ...server, engine: 'dgram', engineReason: 'koffi is not installed', kernelDrops: 4 },
        control: { ...base.control, refused: { at: now - 120_000, faults: [fault], failure: undefined } },
      }),
      plain,
    ),
  );
  assert.deepEqual(text.slice(0, 7), [
    '!! web1 (192.0.2.10) is down: connection refused (14 s ago)',
    '!! the last load was refused: 1 fault (2 min ago)',
    '     /etc/steerdns/a.zone:3:1: error: no',
    '!  only web2 is left: www.site.example. A, api.site.example. A',
    '!  the kernel dropped 4 datagrams: the workers do not keep up',
    '!  the slow engine (node:dgram) is used: koffi is not installed',
    '',
  ]);
});

test('of a load that was refused for very much the first faults are listed', () => {
  const fault = { severity: 'error', file: 'a.zone', column: 1, what: 'no', hint: '' } as const;
  const faults = Array.from({ length: 101 }, (_, n) => ({ ...fault, line: n + 1 }));
  const { control } = status([]);
  const refused = { at: now, faults, failure: undefined };
  const text = lines(statusText(status([], { control: { ...control, refused } }), plain));
  assert.equal(text[10], '     a.zone:10:1: error: no');
  assert.deepEqual(text.slice(11, 13), ['     and 91 more (steerdns check has them all)', '']);
});

test('what a member was given is of the shares it has now, and what its weight asks for beside them', () => {
  const members = [
    member('web1', '192.0.2.10', { share: 0.5, wanted: 0.6, given: 0.503 }),
    member('web2', '192.0.2.11', { share: 0.5, wanted: 0.4, given: 0.497 }),
  ];
  const made = pool(members, { answers: 2, responses: 1_234_567, responsesNow: 312 });
  const text = lines(statusText(status([made, pool([member('web3', '192.0.2.12')])]), plain));
  const at = text.findIndex((line) => line.startsWith('www.site.example. A'));
  assert.deepEqual(text.slice(at, -1), [
    'www.site.example. A: weighted, 2 addresses per response, TTL 30, 1,234,567',
    'responses, 312 by these shares',
    '  MEMBER  ADDRESS     VERDICT  FOR  WEIGHT  SHARE  GIVEN  LAST RESULT',
    '  web1    192.0.2.10  up       1 h       1  50.0%  50.3%  200 in 3 ms',
    '      its weight asks for 60.0%',
    '  web2    192.0.2.11  up       1 h       1  50.0%  49.7%  200 in 3 ms',
    '      its weight asks for 40.0%',
    '',
    'www.site.example. A: weighted, 1 address per response, TTL 30, 7,000 responses',
    '  MEMBER  ADDRESS     VERDICT  FOR  WEIGHT  SHARE  GIVEN  LAST RESULT',
    '  web3    192.0.2.12  up       1 h       1  50.0%  50.0%  200 in 3 ms',
  ]);
});

test('a pool with nobody up says what is answered', () => {
  const dead = [member('a', '192.0.2.1', isDown)];
  const said = (more: Partial<PoolStatus>) => status([pool(dead, more)]).attention[0]!.what;
  assert.match(said({}), /every member is down; given all the same \(when-all-down: all\)/);
  assert.match(said({ mode: 'nodata', whenAllDown: 'none' }), /answered NODATA/);
  assert.match(said({ mode: 'servfail', whenAllDown: 'servfail' }), /answered SERVFAIL/);
  const few = status([pool([...dead, member('b', '192.0.2.2', { eligible: false })], { mode: 'nodata' })]);
  assert.equal(few.attention[0]!.what, 'www.site.example. A: too many members are down; answered NODATA');
});

test('what the policy remarks stands above the members', () => {
  const remarks = ['tier 1: 0 of 2 up, fails', 'tier 2: 1 of 1 up, in use'];
  const tiers = pool([member('a', '192.0.2.1')], { policy: 'failover', remarks });
  const text = lines(statusText(status([tiers]), plain));
  const at = text.findIndex((line) => line.startsWith('www.site.example. A: failover'));
  assert.deepEqual(text.slice(at + 1, at + 3), ['  tier 1: 0 of 2 up, fails', '  tier 2: 1 of 1 up, in use']);
});

const why = 'tcp 192.0.2.53 port 53: connection refused';
const silence = { since: now, hasCanaries: true, why, isOver: false, withheld: 3 };
const standIn = 'us: served by eu: nothing of us is up';
const canary = { what: 'tcp 192.0.2.53 port 53', outcome: 'fail', reason: 'connection refused' } as const;
const troubles: [string, Partial<Status>, RegExp][] = [
  [
    'a silence of the canaries',
    { control: { ...status([]).control, silence } },
    /canaries \(tcp 192\.0\.2\.53 port 53: .* nothing is withdrawn \(3 verdicts are withheld\)/,
  ],
  [
    'a place that others stand in for',
    { zones: status([pool([member('a', '192.0.2.1')], { alarms: [standIn] })]).zones },
    /www\.site\.example\. A: us: served by eu: nothing of us is up/,
  ],
  [
    'a canary that is gone for long',
    { control: { ...status([]).control, canaries: [{ ...canary, since: now - 60_000 }] } },
    /the canary tcp 192\.0\.2\.53 port 53 does not answer: connection refused/,
  ],
  [
    'a silence that is over',
    { control: { ...status([]).control, silence: { ...silence, hasCanaries: false, isOver: true } } },
    /no endpoint answers the prober, and has not for 10 minutes: its verdicts count again/,
  ],
  [
    'keeping',
    { control: { ...status([]).control, keeping: { what: 'ENOSPC', since: now } } },
    /nothing is kept.*ENOSPC/,
  ],
  [
    'a zone left out',
    { control: { ...status([]).control, leftOut: ['b.example.'] } },
    /zone b\.example\. is not served/,
  ],
  ['no facts', { server: undefined }, /does not say how it is/],
  [
    'a dead worker',
    { server: { ...server, workers: [{ name: 'udp-1', alive: false, restarts: 2, generation: 1 }] } },
    /udp-1 is not running \(replaced 2 times\)/,
  ],
  ['lost lines', { server: { ...server, logLinesLost: 7 } }, /7 lines of the log were lost/],
  ['control restarts', { server: { ...server, controlRestarts: 1 } }, /control process died once/],
  [
    'accepted sources',
    { control: { ...status([]).control, source: 'accepted' } },
    /copy of what was accepted/,
  ],
  [
    'a warning of the start',
    { control: { ...status([]).control, warnings: ['there is no group dns'] } },
    /no group dns/,
  ],
];
for (const [what, more, expected] of troubles) {
  test(`${what} needs somebody, and the text fits`, () => {
    const trouble = status([], more);
    assert.match(trouble.attention.map((one) => one.what).join('\n'), expected);
    lines(statusText(trouble, plain));
  });
}

test('inconclusive probes are a warning', () => {
  const last = { outcome: 'inconclusive', reason: 'inconclusive: EMFILE', latencyMs: 0, at: now } as const;
  const [one] = status([pool([member('a', '192.0.2.1', { last })])]).attention;
  assert.deepEqual(
    [one!.severity, one!.what],
    ['warning', 'a (192.0.2.1) cannot be judged: inconclusive: EMFILE'],
  );
});

test('long names, IPv6 and long reasons stay within 80 columns and lose nothing', () => {
  const address = '2001:db8:1234:5678:9abc:def0:1234:5678';
  const reason = `TLS failed: ${'certificate has expired and so has everything else '.repeat(3)}`.trim();
  const last = { outcome: 'fail', reason, latencyMs: 3, at: now } as const;
  const members = [
    member('a-rather-long-member-name', address, { last }),
    member(address, address),
    member('b', '::1'),
  ];
  const text = lines(statusText(status([pool(members, { type: 'AAAA' })]), plain)).join('\n');
  for (const word of [...reason.split(' '), address, 'a-rather-long-member-name'])
    assert.ok(text.includes(word));
});

test('many plain zones are cut short, with where to find the rest', () => {
  const zones = Array.from({ length: 30 }, (_, i) => ({
    ...{ origin: `z${i}.example.`, serial: 1, records: 1, names: 1, id: '0', pools: [] },
    ...{ file: 'z.zone', generation: 1, since: undefined },
  }));
  const text = lines(statusText(status([], { zones }), plain));
  assert.equal(text.at(-2), 'and 10 more zones (status --json has them all)');
});

test('explain: steps, members with why, sets with shares', () => {
  const members = [
    member('web1', '192.0.2.10', { share: 1 }),
    member('web2', '192.0.2.11', { ...isDown, eligible: false }),
  ];
  const text = explainText(
    {
      name: 'www.site.example.',
      type: 'A',
      steps: [
        { step: 'zone', text: 'site.example., serial 7, 28 records' },
        { step: 'name', text: 'www.site.example. has A' },
        { step: 'rrset', text: '2 A records, balanced' },
      ],
      pools: [
        {
          ...pool(members, { ttl: 5, isSettled: false, remarks: ['tier 1: 1 of 2 up, in use'] }),
          drawnBy: 'turn',
          sets: [{ share: 1, addresses: ['192.0.2.10'] }],
          foundOutMs: 11_500,
        },
      ],
      response: { rcode: 'NOERROR', authoritative: true, answer: 1, authority: 0, additional: 0, size: 50 },
    },
    plain,
  );
  assert.deepEqual(lines(text), [
    'www.site.example. A',
    'zone      site.example., serial 7, 28 records',
    'name      www.site.example. has A',
    'RRset     2 A records, balanced',
    'pool      weighted, 1 address per response (answers: auto), TTL 5 (unsettled)',
    '          tier 1: 1 of 2 up, in use',
    '          who falls silent is out after 12 s at most',
    '  MEMBER  ADDRESS     WEIGHT   SHARE  WHY',
    '  web1    192.0.2.10       1  100.0%  up (200 in 3 ms)',
    '  web2    192.0.2.11       1    0.0%  down (connection refused)',
    '1 answer set, drawn by share',
    '  100.0%  192.0.2.10',
    'response  NOERROR, authoritative, answer 1, authority 0, additional 0, 50 octets',
    '',
  ]);
});

test('explain: the sets of each place', () => {
  const set = (place: string, share: number, address: string) => ({ place, share, addresses: [address] });
  const text = explainText(
    {
      name: 'www.site.example.',
      type: 'A',
      steps: [],
      pools: [
        {
          ...pool([member('web1', '192.0.2.10', { share: 1 })], {}),
          drawnBy: 'place',
          sets: [set('eu', 0.75, '192.0.2.10'), set('eu', 0.25, '192.0.2.11'), set('', 1, '192.0.2.12')],
        },
      ],
      response: { rcode: 'NOERROR', authoritative: true, answer: 1, authority: 0, additional: 0, size: 50 },
    },
    plain,
  );
  assert.deepEqual(lines(text).slice(-6, -2), [
    "3 answer sets, drawn by share, of those for the client's place",
    '          eu 75.0%  192.0.2.10',
    '          eu 25.0%  192.0.2.11',
    '  elsewhere 100.0%  192.0.2.12',
  ]);
});

test('spans of time, long and short', () => {
  const minute = 60_000;
  const rows: [number, string, string][] = [
    [-5, '0 s', '0 s'],
    [59_999, '59 s', '59 s'],
    [minute, '1 min', '1 min'],
    [60 * minute, '1 h', '1 h'],
    [125 * minute, '2 h 5 min', '2 h'],
    [24 * 60 * minute, '1 d', '1 d'],
    [76 * 60 * minute, '3 d 4 h', '3 d'],
  ];
  for (const [ms, long, short] of rows) assert.deepEqual([printSpan(ms), printShortSpan(ms)], [long, short]);
});

test('wrapping breaks at spaces and keeps every word', () => {
  assert.deepEqual(wrap('a bb ccc dddd', 4), ['a bb', 'ccc', 'dddd']);
  assert.deepEqual(wrap('longerthanthat x', 4), ['longerthanthat', 'x']);
});
