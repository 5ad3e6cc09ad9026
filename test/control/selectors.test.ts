// How members are named in a command: what each selector means, and what is said of one that means nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Selectable, select } from '../../src/control/selectors.ts';
import { randomOf } from '../health/virtual.ts';

const member = (name: string, addresses: string, labels: readonly string[] = [], group?: string) => ({
  name,
  labels,
  group,
  addresses: addresses.split(' ').map((text) => ({ text })),
});

const pools: Selectable[] = [
  {
    owner: 'www.site.example.',
    members: [
      member('web1', '192.0.2.1 2001:db8::1', ['rack1', 'canary'], 'dc1'),
      member('web2', '192.0.2.2', ['rack2'], 'dc2'),
      member('192.0.2.9', '192.0.2.9'),
    ],
  },
  { owner: '*.site.example.', members: [member('web2', '192.0.2.2'), member('db', '192.0.2.7', [], 'dc2')] },
  { owner: 'db.', members: [member('m', '192.0.2.8')] },
  { owner: 'api.other.example.', members: [member('cdn.example.net.', '192.0.2.6')] },
];

/** `member@owner`, or `address=member@owner`. */
function named(...selectors: string[]): string[] | string {
  const selected = select(pools, selectors);
  if ('error' in selected) return `${selected.error} (${selected.hint})`;
  return selected.targets.map(({ owner, member, address }) => {
    return `${address === undefined ? '' : `${address}=`}${member}@${owner}`;
  });
}

const www = ['web1@www.site.example.', 'web2@www.site.example.', '192.0.2.9@www.site.example.'];

const meanings: [selector: string, targets: string[]][] = [
  ['web2', ['web2@www.site.example.', 'web2@*.site.example.']],
  ['web2@www.site.example', ['web2@www.site.example.']],
  ['web2@WWW.Site.Example.', ['web2@www.site.example.']],
  ['web2@\\*.site.example', ['web2@*.site.example.']],
  ['www.site.example', www],
  ['www.*', www],
  ['*@www.site.example', www],
  ['web?@www*', ['web1@www.site.example.', 'web2@www.site.example.']],
  ['w*1', ['web1@www.site.example.']],
  ['192.0.2.9', ['192.0.2.9@www.site.example.']],
  ['192.0.2.2', ['web2@www.site.example.', 'web2@*.site.example.']],
  ['2001:db8::1', ['2001:db8::1=web1@www.site.example.']],
  ['label=rack?', ['web1@www.site.example.', 'web2@www.site.example.']],
  ['label=canary@www.site.example', ['web1@www.site.example.']],
  ['group=dc2', ['web2@www.site.example.', 'db@*.site.example.']],
  ['cdn.example.net.', ['cdn.example.net.@api.other.example.']],
  ['db@*', ['db@*.site.example.']],
  ['*@db', ['m@db.']],
  ['**2@*.*.example', ['web2@www.site.example.', 'web2@*.site.example.']],
  ['\\w\\e\\b2@www*', ['web2@www.site.example.']],
];
for (const [selector, targets] of meanings) {
  test(`${selector}`, () => assert.deepEqual(named(selector), targets));
}

test('everything, and several selectors without repetition', () => {
  assert.equal(named('*').length, 7);
  assert.deepEqual(named('web1', 'label=canary', 'web?@www.site.example'), [
    'web1@www.site.example.',
    'web2@www.site.example.',
  ]);
});

const there =
  'one of: web1, web2, 192.0.2.9, db, m, cdn.example.net., www.site.example, *.site.example, db, ' +
  'api.other.example';

const faults: [selector: string, said: string][] = [
  ['web9', 'nothing matches "web9" (did you mean "web1"?)'],
  ['www.site.exampel', 'nothing matches "www.site.exampel" (did you mean "www.site.example"?)'],
  ['web1@www.site.exampel', 'nothing matches "web1@www.site.exampel" (did you mean "www.site.example"?)'],
  ['wbe1@www.site.example', 'nothing matches "wbe1@www.site.example" (did you mean "web1"?)'],
  ['label=cannary', 'nothing matches "label=cannary" (did you mean "canary"?)'],
  ['label=x@db', 'nothing matches "label=x@db" (no member has a label)'],
  ['nothingofthekind', `nothing matches "nothingofthekind" (${there})`],
  ['@www', '"@www" is no selector (such as web2, web2@www.site.example or label=rack1)'],
  ['web1@', '"web1@" is no selector (such as web2, web2@www.site.example or label=rack1)'],
  ['db', '"db" names both members and a pool (write "db@*" for the members, "*@db" for the pool)'],
  ['.*', `nothing matches ".*" (${there})`],
  ['web[12]', `nothing matches "web[12]" (${there})`],
];
for (const [selector, said] of faults)
  test(`${selector}: refused`, () => assert.equal(named(selector), said));

test('a pattern means what the same regular expression means', () => {
  const random = randomOf(7);
  const word = (letters: string, length: number) =>
    Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join('');
  for (let round = 0; round < 5000; round++) {
    const [pattern, name] = [word('ab*?', 1 + (round % 7)), word('ab', 1 + (round % 5))];
    const one: Selectable[] = [{ owner: 'o.', members: [member(name, 'x')] }];
    const source = pattern.replaceAll('*', '.*').replaceAll('?', '.');
    const isNamed = !('error' in select(one, [`${pattern}@o`]));
    const isExpected = new RegExp(`^${source}$`).test(name) || /^([*]|[*]*[?][*]*)$/.test(pattern);
    assert.equal(isNamed, isExpected, `${pattern} of ${name}`);
  }
});

test('many stars cost no time', () => {
  const one: Selectable[] = [{ owner: 'o.', members: [member('a'.repeat(255), 'x')] }];
  const startedAt = performance.now();
  for (const pattern of ['*'.repeat(200) + 'y', '*a'.repeat(100) + 'y', '*' + 'a'.repeat(127) + 'y']) {
    assert.ok('error' in select(one, [`${pattern}@o`]));
  }
  assert.ok(performance.now() - startedAt < 1000); // a backtracking one takes longer than a life
});

test('one selector that names nothing refuses them all', () => {
  assert.match(String(named('web1', 'web9')), /^nothing matches "web9"/);
});
