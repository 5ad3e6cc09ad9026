// Whom a timeline is asked of: the selectors of the operator's hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whoIs } from '../../src/cli/timeline.ts';
import { member, pool, status } from './statuses.ts';

test('a member, an address, a pool, a label, a group and patterns of them', () => {
  const four = pool([
    member('web1', '192.0.2.1', { labels: ['canary'] }),
    member('web2', '192.0.2.2', { group: 'rack2' }),
  ]);
  const six = pool([member('web1', '2001:db8::1', { labels: ['canary'] })], { type: 'AAAA' });
  const other = pool([member('web2', '192.0.2.9')], { owner: 'api.site.example.' });
  const all = status([four, six, other]);
  const rows: [string, string][] = [
    ['web1', '192.0.2.1 2001:db8::1 web1'],
    ['192.0.2.1', '192.0.2.1'],
    ['web2', '192.0.2.2 192.0.2.9 web2'],
    ['web2@api.site.example', '192.0.2.9 web2'],
    ['www.site.example', '192.0.2.1 192.0.2.2 2001:db8::1 web1 web2'],
    ['*@api.*', '192.0.2.9 web2'],
    ['label=can*', '192.0.2.1 2001:db8::1 web1'],
    ['group=rack2', '192.0.2.2 web2'],
  ];
  for (const [who, expected] of rows) {
    const named = whoIs(all, who);
    assert.equal('names' in named && [...named.names].sort().join(' '), expected, who);
  }
  assert.deepEqual(whoIs(all, 'web7'), {
    error: 'nothing matches "web7"',
    hint: 'did you mean "web1"?',
  });
});
