// Metrics: what the text looks like, the bound on series, and that a scrape says what is so.
import assert from 'node:assert';
import { describe, test } from 'node:test';
import { bounded, type Family, Histogram, merged, printFamilies } from '../../src/control/families.ts';
import { ask, askText } from './fakeserver.ts';
import { Site } from './site.ts';

const site = new Site('127.0.0.67', '127.0.0.68');

function family(name: string, type: Family['type'], count: number, names?: readonly string[]): Family {
  const series = Array.from({ length: count }, (_, i) => ({
    labels: { zone: `z${i}`, outcome: 'ok' },
    value: 1,
  }));
  return { name, type, help: 'A thing.', series, ...(names === undefined ? {} : { names }) };
}

describe('families', () => {
  test('as text', () => {
    const histogram = new Histogram([1, 2]);
    for (const value of [0.5, 1, 1.5, 9]) histogram.observe(value);
    const families: Family[] = [
      { name: 'a', type: 'gauge', help: 'A.', series: [{ labels: { x: 'q"\\\n' }, value: 1.5 }] },
      { name: 'b', type: 'histogram', help: 'B.', series: histogram.series({ k: 'v' }) },
      { name: 'c', type: 'counter', help: 'C.', series: [] },
    ];
    assert.equal(
      printFamilies(families),
      [
        '# HELP a A.',
        '# TYPE a gauge',
        'a{x="q\\"\\\\\\n"} 1.5',
        '# HELP b B.',
        '# TYPE b histogram',
        'b_bucket{k="v",le="1"} 2',
        'b_bucket{k="v",le="2"} 3',
        'b_bucket{k="v",le="+Inf"} 4',
        'b_sum{k="v"} 12',
        'b_count{k="v"} 4',
        '',
      ].join('\n'),
    );
  });

  test('at the bound nothing is folded, and one past it what names things is', () => {
    const all = [family('fixed', 'gauge', 8), family('count', 'counter', 45, ['zone'])];
    const count = (families: readonly Family[]) =>
      families.reduce((sum, { series }) => sum + series.length, 0);
    const value = (families: readonly Family[], name: string) =>
      families.find((one) => one.name === name)!.series[0]!.value;
    const whole = bounded(all, 55);
    assert.deepEqual([count(whole), value(whole, 'steerdns_series_folded')], [55, 0]);
    const less = bounded(all, 54);
    assert.deepEqual(
      [count(less), value(less, 'steerdns_series'), value(less, 'steerdns_series_folded')],
      [54, 54, 1],
    );
    const { series } = less[1]!;
    assert.deepEqual(series.at(-1), { labels: { zone: 'other', outcome: 'ok' }, value: 2 });
    assert.equal(
      series.reduce((sum, one) => sum + one.value, 0),
      45,
      'nothing is lost from a counter',
    );
    const gauges = bounded([family('fixed', 'gauge', 8), family('level', 'gauge', 100, ['zone'])], 50);
    assert.deepEqual(
      [count(gauges), gauges[1]!.series.some(({ labels }) => labels.zone === 'other')],
      [50, false],
    );
  });

  test('with the same labels are added up', () => {
    const labels = { a: 'b' };
    assert.deepEqual(
      merged([
        { labels, value: 1 },
        { labels: { a: 'c' }, value: 5 },
        { labels, value: 2 },
      ]),
      [
        { labels, value: 3 },
        { labels: { a: 'c' }, value: 5 },
      ],
    );
  });
});

test('a scrape has the health of members, and stats the same', async () => {
  site.write();
  await site.started();
  const { status, type, text } = await askText(site.folders.socket, '/metrics');
  assert.deepEqual([status, type], [200, 'text/plain; version=0.0.4; charset=utf-8']);
  const pool = 'zone="site.example",owner="www.site.example",type="A"';
  const member = (address: string) => `{${pool},member="${address}",address="${address}"}`;
  for (const line of [
    `steerdns_member_up${member(site.there)} 1`,
    `steerdns_member_up${member(site.absent)} 0`,
    `steerdns_member_share_ratio${member(site.there)} 1`,
    `steerdns_pool_members_up{${pool}} 1`,
    'steerdns_zone_serial{zone="site.example"} 7',
    'steerdns_queries_total{transport="udp"} 3',
    'steerdns_reloads_total{outcome="ok"} 0',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line}\n${text}`);
  }
  const failed = new RegExp(
    `^steerdns_probes_total\\{.*address="${site.absent}".*outcome="fail"\\} [1-9]`,
    'm',
  );
  assert.match(text, failed);
  assert.match(text, /^steerdns_probe_duration_seconds_count\{probe="http"\} [1-9]/m);
  const { body } = await ask(site.folders.socket, 'GET', '/stats');
  const names = (body as { families: Family[] }).families.map(({ name }) => name);
  assert.ok(names.includes('steerdns_member_up'));
  assert.equal(new Set(names).size, names.length);
});

test('reloads are counted by what came of them', async () => {
  site.write();
  await site.started();
  await site.reload();
  site.folders.write('site.example.zone', 'nonsense');
  await site.reload();
  const { text } = await askText(site.folders.socket, '/metrics');
  assert.match(
    text,
    /^steerdns_reloads_total\{outcome="ok"\} 1\nsteerdns_reloads_total\{outcome="refused"\} 1$/m,
  );
  assert.match(text, /^steerdns_load_refused 1$/m);
  assert.match(text, /^steerdns_events_total\{kind="reload"\} 2$/m);
});
