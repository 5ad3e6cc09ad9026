// Metrics of a real server: they equal what a client counts of its responses, and no query makes a series.
// 12,000 queries; a million where STEERDNS_TEST_LONG is 1.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, before, test } from 'node:test';
import { askText } from '../control/fakeserver.ts';
import { Daemon } from '../daemon.ts';
import { askMany, type LoadOptions } from '../load.ts';
import { until } from '../until.ts';
import { encode } from '../wire.ts';

const count = process.env.STEERDNS_TEST_LONG === '1' ? 250_000 : 3000;
const rate = 8000;
const zone = '$TTL 30\n@ SOA ns1 mail 1 1h 15m 1w 30\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.2\n';

let daemon: Daemon;
before(async () => {
  const files = { 'site.example.zone': zone, 'other.example.zone': zone };
  daemon = await Daemon.start({ files });
});
after(() => daemon?.close());

/** The series of a scrape by what stands before their value. */
async function scrape(): Promise<Map<string, number>> {
  const { text } = await askText(daemon.controlPath, '/metrics');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

const questions = [
  { name: 'www.site.example', type: 1, typeText: 'A', zone: 'site.example' },
  { name: 'www.other.example', type: 28, typeText: 'AAAA', zone: 'other.example' },
  { name: 'nothing.site.example', type: 16, typeText: 'TXT', zone: 'site.example' },
  { name: 'www.elsewhere.example', type: 4711, typeText: 'other', zone: '(none)' },
];
const rcodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

test('what the server counts is what its client counts', { timeout: 300_000 }, async () => {
  const expected = new Map<string, number>();
  const add = (series: string, value: number) => expected.set(series, (expected.get(series) ?? 0) + value);
  const start = await scrape();
  for (const { name, type, typeText, zone: of } of questions) {
    const onResponse: LoadOptions['onResponse'] = (octets) => {
      const rcode = rcodes[octets[3]! & 15];
      add(`steerdns_responses_total{transport="udp",type="${typeText}",rcode="${rcode}"}`, 1);
      add(`steerdns_zone_responses_total{zone="${of}"}`, 1);
      add('steerdns_response_size_bytes_sum{transport="udp"}', octets.length);
      add('steerdns_response_size_bytes_count{transport="udp"}', 1);
      add('steerdns_queries_total{transport="udp"}', 1);
    };
    const report = await askMany({ port: daemon.port, name, type, rate, count, onResponse });
    assert.deepEqual([report.answered, report.unanswered], [count, 0]);
  }
  const end = await scrape();
  for (const [series, value] of expected) {
    assert.equal((end.get(series) ?? 0) - (start.get(series) ?? 0), value, series);
  }
  const responses = [...end.keys()].filter((series) => series.startsWith('steerdns_responses_total'));
  assert.equal(responses.length, questions.length);
});

test('a flood of random names, types and classes makes no series', { timeout: 60_000 }, async () => {
  const socket = createSocket('udp4');
  let received = 0;
  socket.on('message', () => (received += 1));
  const ask = (i: number) => {
    const name = `${Math.random().toString(36).slice(2)}.${i % 2 === 0 ? 'site' : 'elsewhere'}.example.`;
    socket.send(encode({ id: i, name, type: 4000 + i }), daemon.port, '127.0.0.1');
  };
  // Both kinds of answer, that they are among the series.
  for (let i = 0; i < 2; i++) ask(i);
  await until('they are answered', 5000, () => received === 2);
  const start = await scrape();
  for (let i = 0; i < 4000; i++) {
    ask(i);
    if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await until('most are answered', 20_000, () => received > 3000);
  socket.close();
  const end = await scrape();
  assert.deepEqual([...end.keys()].sort(), [...start.keys()].sort());
  const other = 'steerdns_responses_total{transport="udp",type="other",rcode="NXDOMAIN"}';
  assert.ok(end.get(other)! - start.get(other)! > 1000);
});

test('a sample of the queries is in the log, escaped, once it is asked for', {
  timeout: 60_000,
}, async () => {
  const lines = () =>
    daemon
      .log()
      .split('\n')
      .filter((line) => line.includes('"msg":"query"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(lines(), []);
  daemon.write('steerdns.yaml', 'query-log: 100%\n');
  assert.deepEqual((await daemon.reload()).settings, ['query-log']);
  const socket = createSocket('udp4').unref();
  const query = encode({ id: 7, name: 'abcd.site.example.', type: 16 });
  query.set([0x22, 0x0a, 0x2e, 0xff], 13); // a quote, a line break, a dot, an octet that is no character
  socket.send(query, daemon.port, '127.0.0.1');
  const [line] = await until('it is in the log', 10_000, () => (lines().length > 0 ? lines() : false));
  const { name, type, rcode, transport, client } = line!;
  assert.deepEqual(
    [name, type, rcode, transport, client],
    ['\\"\\010\\.\\255.site.example.', 16, 'NXDOMAIN', 'udp', `127.0.0.1:${socket.address().port}`],
  );
  socket.close();
  daemon.write('steerdns.yaml', 'query-log: 10%\n');
  await daemon.reload();
  const before = lines().length;
  const name10 = 'www.site.example';
  await askMany({ port: daemon.port, name: name10, rate: 1000, count: 2000 });
  await until('the sample is there', 5000, () => lines().length >= before + 198);
  daemon.write('steerdns.yaml', 'query-log: 0%\n');
  assert.deepEqual((await daemon.reload()).settings, ['query-log']);
  await askMany({ port: daemon.port, name: name10, rate: 1000, count: 500 });
  const sampled = lines().length - before;
  assert.ok(sampled >= 198 && sampled <= 202, `${sampled} of 2000`);
});
