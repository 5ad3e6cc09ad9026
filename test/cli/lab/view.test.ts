// The lab's terminal view on fixed states: what an operator reads first, who gets how much, what fits where.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headlineOf, otherTrouble } from '../../../src/cli/lab/headline.ts';
import { objectOf, summaryLine } from '../../../src/cli/lab/lines.ts';
import { age, clockText, view } from '../../../src/cli/lab/view.ts';
import { emptyLoad, labState, member, pool, statusWith } from './states.ts';

const size = { columns: 80, rows: 24 };
const unpainted = (_style: string, text: string): string => text;
const well = labState();

test('a lab in which all is well, row by row', () => {
  const lines = view(well, 'web2', size, unpainted);
  assert.equal(lines.length, 24);
  assert.deepEqual(lines.slice(0, 13), [
    ' steerdns lab  127.0.0.1:5311, batch engine, 2 workers                     1:05 ',
    ' All 4 web servers are up and every query is answered.',
    '',
    ' www.site.example A: 4 of 4 up, 1 address per answer, TTL 30 s',
    '    web server      you set verdict    wanted  given last probe',
    ' 1  web1 127.0.0.11 up      up    1:00  42.9%  42.8% 200 in 2 ms',
    '>2  web2 127.0.0.12 up      up    1:00  28.6%  28.6% 200 in 2 ms',
    ' 3  web3 127.0.0.13 up      up    1:00  14.3%  14.3% 200 in 2 ms',
    ' 4  web4 127.0.0.14 up      up    1:00  14.3%  14.3% 200 in 2 ms',
    '',
    ' api.site.example A: 2 of 2 up, 2 addresses per answer, TTL 30 s',
    ' 200 queries/s answered, 0 of 12,000 unanswered; "given" counts the last 2,000',
    '',
  ]);
  assert.equal(lines[13], ` ${clockText(well.happenings[0]!.at)}  in service`);
  assert.deepEqual(lines.slice(-6), [
    ' ask   dig @127.0.0.1 -p 5311 www.site.example +short',
    '       dig @127.0.0.1 -p 5311 api.site.example +short',
    ' edit  /opt/zones/site.example.zone, then',
    '       npx tsx src/main.ts reload --control /tmp/steerdns-lab-0/control.sock',
    ' keys  1-4 choose   k kill   s slow   f fail   r revive   q quit',
    ' or    npx tsx src/main.ts lab kill web2',
  ]);
});

test('a member that is down is in the headline and in its row, with the reason whole', () => {
  const down = member(2, { verdict: 'down', reason: 'no response within 2000 ms', share: 0 });
  const state = labState({ status: statusWith([pool([member(1), down, member(3), member(4)])]) });
  assert.deepEqual(headlineOf(state), {
    style: 'red',
    text: 'web2 is DOWN (no response within 2000 ms); the other 3 share the queries.',
  });
  const row = view(state, undefined, size, unpainted)[6];
  assert.equal(row, ' 2  web2 127.0.0.12 up      DOWN  1:00      -  28.6% no response within 2000 ms');
});

test('a hand on a member is in the headline and in its row', () => {
  const hands = [{ state: 'drain', reason: 'new disk', by: 'alice', isInForce: true }] as const;
  const state = labState({ status: statusWith([pool([member(1), member(2, { hands, share: 0 })])]) });
  assert.equal(headlineOf(state).text, 'web2: drained by alice: new disk.');
  const row = view(state, undefined, size, unpainted)[6];
  assert.equal(row, ' 2  web2 127.0.0.12 up      up    1:00      -  28.6% drained by alice: new disk');
});

test('headlines, the urgent ones first', () => {
  const down = (number: number) => member(number, { verdict: 'down', share: 0 });
  const say = (over: Parameters<typeof labState>[0]): string => headlineOf(labState(over)).text;
  const withMembers = (...members: ReturnType<typeof member>[]) => ({ status: statusWith([pool(members)]) });
  assert.equal(say({ status: undefined }), 'The daemon is starting.');
  assert.match(
    say({
      load: { ...emptyLoad, unanswered: 3, unansweredAt: well.now - 2000 },
      ...withMembers(down(1), member(2)),
    }),
    /^Queries go UNANSWERED: 3 so far, the latest 2 s ago/,
  );
  assert.match(say({ isStatusFresh: false }), /^Control is silent; DNS goes on without it: 200 queries\/s/);
  assert.match(say(withMembers(down(1), down(2))), /^Every web server is DOWN: .*when-all-down: all/);
  assert.match(say(withMembers(down(1), down(2), member(3))), /^web1 and web2 are DOWN; the other one takes/);
  const returning = member(1, { verdict: 'down', outcome: 'ok', share: 0 });
  assert.match(say(withMembers(returning, member(2))), /^web1 answers again/);
  const doubtful = member(1, { outcome: 'fail', settled: false, reason: 'connection refused' });
  assert.match(say(withMembers(doubtful, member(2))), /^web1 is in doubt \(connection refused\)/);
  const toys = well.toys.map((toy) => (toy.name === 'web3' ? { ...toy, behaviour: 'killed' as const } : toy));
  assert.match(say({ toys }), /^web3 is killed; its next probe/);
  assert.match(say({ status: statusWith([]) }), /^www.site.example A is not balanced any more/);
  const lost = { ...emptyLoad, unanswered: 3, unansweredAt: well.now - 60_000 };
  assert.match(say({ load: lost }), /^All 4 .*; 3 queries went unanswered earlier\.$/);
});

test('trouble that is no member of a pool has a line of its own', () => {
  assert.equal(otherTrouble(well), undefined);
  const attention = [
    'web2 (127.0.0.12) is down: refused',
    'the last load was refused: 2 faults',
    'the disk is full',
  ];
  const state = labState({ status: statusWith([pool([member(1), member(2)])], attention) });
  assert.equal(otherTrouble(state), 'the last load was refused: 2 faults (and 1 more: see status)');
  assert.equal(view(state, 'web1', size, unpainted)[2], ` ${otherTrouble(state)}`);
});

test('shares of a handful of responses are not shown', () => {
  const state = labState({ load: { ...emptyLoad, measured: 99, shares: new Map([['127.0.0.11', 1]]) } });
  assert.doesNotMatch(view(state, undefined, size, unpainted)[5]!, /100\.0%/);
});

test('no view is wider or higher than the terminal, and none loses the members or the keys', () => {
  for (const [columns, rows] of [
    [80, 24],
    [60, 15],
    [200, 60],
    [20, 3],
    [1, 1],
  ] as const) {
    const lines = view(well, 'web1', { columns, rows }, unpainted);
    assert.ok(lines.length <= rows, `${columns}x${rows}: ${lines.length} rows`);
    for (const line of lines) assert.ok(line.length <= columns, `${columns}x${rows}: ${line}`);
    if (rows < 15) continue;
    assert.equal(lines.filter((line) => /web[1-4] 127/.test(line)).length, 4);
    assert.ok(lines.some((line) => line.startsWith(' keys')));
  }
});

test('with many members the commands stay, and what is left out is counted', () => {
  const members = Array.from({ length: 12 }, (_, index) => member(index + 1));
  const lines = view(labState({ status: statusWith([pool(members)]) }), 'web1', size, unpainted);
  assert.ok(lines.includes('    and 7 more'));
  assert.ok(lines.some((line) => line.startsWith(' keys')));
});

test('nothing that is shown can move the terminal', () => {
  const odd = member(1, { reason: 'bad\x1b[2Jthing\r\n' });
  const happenings = [{ at: 0, level: 'info' as const, text: 'a\x07b' }];
  const lines = view(labState({ status: statusWith([pool([odd])]), happenings }), undefined, size, unpainted);
  for (const line of lines) assert.doesNotMatch(line, /\p{Cc}/u);
});

test('styles go to paint() and change no text', () => {
  const styles = new Set<string>();
  const painted = view(well, 'web1', size, (style, text) => {
    styles.add(style);
    return text;
  });
  assert.deepEqual(painted, view(well, 'web1', size, unpainted));
  assert.ok(styles.has('green') && styles.has('dim'));
});

test('ages are short', () => {
  assert.deepEqual([0, 7000, 723_000, 11_100_000, 400_000_000].map(age), [
    '0:00',
    '0:07',
    '12:03',
    '3h05',
    '4d',
  ]);
});

test('the line and the object of the same state', () => {
  assert.match(
    summaryLine(well),
    / All 4 .* is answered; 200\/s answered, 0 of 12000 unanswered; wanted\/given: web1 42\.9%\/42\.8% web2/,
  );
  const object = JSON.parse(JSON.stringify(objectOf(well)));
  assert.equal(object.pools[0].members[1].name, 'web2');
  assert.equal(object.pools[0].members[1].given, 0.286);
  assert.equal(object.load.unanswered, 0);
  assert.equal(object.toys[0].behaviour, 'up');
});
