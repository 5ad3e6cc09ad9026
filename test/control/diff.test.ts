// What a reload says of a zone that changed.
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { diffZone, relativeName } from '../../src/control/diff.ts';
import { loadAll } from '../../src/control/load.ts';
import { Folders } from './fakeserver.ts';

const head = (serial: number) => `$TTL 300\n@ SOA ns1 mail ${serial} 3600 600 86400 300\n@ NS ns1\n`;

function side(text: string, yaml?: string) {
  const folders = new Folders();
  folders.write('site.example.zone', text);
  if (yaml !== undefined) folders.write('site.example.yaml', yaml);
  const { zones, faults } = loadAll({ dir: folders.config, tablesDir: folders.run, known: [] });
  assert.deepEqual(
    faults.filter(({ severity }) => severity === 'error'),
    [],
  );
  const table = new Uint8Array(readFileSync(zones[0]!.file));
  folders.remove();
  return { zone: zones[0]!, table };
}

function diff(before: ReturnType<typeof side>, after: ReturnType<typeof side>): string | undefined {
  return diffZone(before.zone, after.zone, (zone) => (zone === before.zone ? before : after).table)?.text;
}

const rows: [string, string, string, string | undefined][] = [
  ['one record more', 'www A 192.0.2.1\n', 'www A 192.0.2.1\nwww A 192.0.2.2\n', '+1 -0 records'],
  ['another TTL', 'www 60 A 192.0.2.1\n', 'www 61 A 192.0.2.1\n', '+1 -1 records'],
  ['another order', 'a A 192.0.2.1\nb A 192.0.2.2\n', 'b A 192.0.2.2\na A 192.0.2.1\n', undefined],
  ['a comment', 'a A 192.0.2.1\n', 'a A 192.0.2.1 ; here\n', undefined],
  ['names in RDATA', 'a CNAME b\n', 'a CNAME c\n', '+1 -1 records'],
  [
    'a name that others are shortened by',
    'a MX 1 one.mail.invalid.\na MX 2 two.mail.invalid.\n',
    'a MX 0 another.mail.invalid.\na MX 1 one.mail.invalid.\na MX 2 two.mail.invalid.\n',
    '+1 -0 records',
  ],
  ['everything below', 'a A 192.0.2.1\nb.c TXT "x"\n', '', '+0 -2 records, 2 names disappear'],
];

for (const [what, before, after, expected] of rows) {
  test(`${what}: ${expected ?? 'no change'}`, () => {
    const same = diff(
      side(`${head(7)}ns1 A 192.0.2.9\n${before}`),
      side(`${head(7)}ns1 A 192.0.2.9\n${after}`),
    );
    assert.equal(same, expected && `site.example: serial 7 as before, ${expected}`);
    const higher = diff(
      side(`${head(7)}ns1 A 192.0.2.9\n${before}`),
      side(`${head(8)}ns1 A 192.0.2.9\n${after}`),
    );
    assert.equal(higher, `site.example: serial 7 -> 8${expected === undefined ? '' : `, ${expected}`}`);
  });
}

test('members of pools: more, fewer, new, gone, weighed anew', () => {
  const text = (count: number) =>
    `${head(7)}ns1 A 192.0.2.9\n@ A 192.0.2.9\n` +
    Array.from({ length: count }, (_, i) => `www A 192.0.2.${i + 10}\n`).join('');
  const yaml = (more: string) => `balance:\n  "@": {}\n${more}`;
  const www = '  www: {}\n';
  const before = side(text(2), yaml(www));
  const pools = (after: ReturnType<typeof side>) =>
    diff(before, after)!.replace('site.example: serial 7 as before, ', '');
  assert.equal(pools(side(text(3), yaml(www))), '+1 -0 records, www 2 -> 3 members');
  assert.equal(pools(side(text(1), yaml(www))), '+0 -1 records, www 2 -> 1 members');
  assert.equal(diff(before, side(text(2), yaml(''))), 'site.example: www no longer balanced');
  assert.equal(diff(side(text(2), yaml('')), before), 'site.example: www 2 members');
  assert.equal(
    diff(before, side(text(2), yaml('  www: { members: { 192.0.2.10: { weight: 3 } } }\n'))),
    'site.example: www balanced anew',
  );
});

test('owners are written as in the zone file', () => {
  assert.equal(relativeName('site.example.', 'site.example.'), '@');
  assert.equal(relativeName('a.b.site.example.', 'site.example.'), 'a.b');
  assert.equal(relativeName('com.', '.'), 'com');
});
