// zones, zone and pools as text: a line for each in 80 columns, and two where names are long.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { poolsText } from '../../src/cli/pools.ts';
import { zoneText } from '../../src/cli/zone.ts';
import { zonesText } from '../../src/cli/zones.ts';
import { loadAll } from '../../src/control/load.ts';
import type { ZoneStatus } from '../../src/control/status.ts';
import { isDown, lines, member, now, plain, pool } from './statuses.ts';

const zone = (more: Partial<ZoneStatus> = {}): ZoneStatus => ({
  origin: 'site.example.',
  serial: 2026112801,
  records: 1_000_000,
  names: 999_999,
  id: '00',
  file: '/etc/steerdns/site.example.zone',
  generation: 12,
  since: now - 90_000,
  pools: [pool([member('web1', '192.0.2.1'), member('web2', '192.0.2.2', isDown)])],
  ...more,
});
const longName = `${'a-long-label.'.repeat(5)}example.`;

test('zones', () => {
  assert.deepEqual(
    lines(zonesText([zone(), zone({ origin: 'b.example.', pools: [], since: undefined })], now, plain)),
    [
      '  ZONE               SERIAL    RECORDS    NAMES  BALANCED  GENERATION  SINCE',
      '  site.example.  2026112801  1,000,000  999,999         1          12  1 min ago',
      '  b.example.     2026112801  1,000,000  999,999         0          12  -',
      '',
    ],
  );
  const long = lines(zonesText([zone({ origin: longName })], now, plain));
  assert.deepEqual([long.length, long[2]], [5, `  ${longName}`]);
  assert.equal(zonesText([], now, plain), 'no zone is in service\n');
});

test('pools, of which those with somebody down are red', () => {
  const painted: string[] = [];
  const paint = (style: string, text: string) => {
    if (style === 'red') painted.push(text);
    return text;
  };
  const good = pool([member('web1', '192.0.2.1')], { owner: 'b.example.', mode: 'nodata' });
  assert.deepEqual(lines(poolsText([...zone().pools, good], paint)), [
    '  POOL               TYPE  POLICY     UP  GIVEN  ANSWERS  TTL  RESPONSES',
    '  www.site.example.  A     weighted  1/2      1        1   30      7,000',
    '  b.example.         A     weighted  1/1      1   NODATA   30      7,000',
    '',
  ]);
  assert.deepEqual(painted.length, 1);
  lines(poolsText([pool([], { owner: longName })], plain));
  assert.equal(poolsText([], plain), 'nothing is balanced\n');
});

test('a zone with its pools', () => {
  const text = zoneText(zone(), now, plain);
  assert.deepEqual(lines(text).slice(0, 4), [
    'site.example.',
    'serial     2026112801',
    'holds      1,000,000 records, 999,999 names',
    'file       /etc/steerdns/site.example.zone',
  ]);
  assert.match(text, /^in service generation 12, since \S+$/m);
  assert.match(text, /^ {2}www\.site\.example\. +A /m);
  lines(zoneText(zone({ origin: longName, pools: [] }), now, plain));
});

test('a load of many records says how far it is', () => {
  const dir = mkdtempSync(join(tmpdir(), 'steerdns-progress-'));
  const head = '$TTL 30\n@ SOA ns1 mail 1 1h 15m 1w 30\n@ NS ns1\nns1 A 192.0.2.1\n';
  writeFileSync(
    join(dir, 'big.example.zone'),
    `${head}$GENERATE 1-65536 a$ TXT x\n$GENERATE 1-65536 b$ TXT x\n`,
  );
  const told: string[] = [];
  loadAll({ dir, tablesDir: undefined, known: [] }, undefined, (text) => told.push(text));
  rmSync(dir, { recursive: true });
  assert.match(told.at(-1)!, /^big\.example\. 131,075 records, being checked and compiled$/);
});
