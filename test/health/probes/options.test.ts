// Options as operators write them: what is taken, in which canonical form, and what is said of the rest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCodes, parseOption, splitHost } from '../../../src/health/probes/options.ts';
import type { Option } from '../../../src/health/probes/probe.ts';

type Kind = Exclude<Option['kind'], 'own' | 'content'>;

function parse(kind: Kind, written: unknown): unknown {
  const parsed = parseOption({ kind, what: '', choices: ['GET', 'HEAD'], range: [0, 1] } as Option, written);
  return 'value' in parsed ? parsed.value : { wrong: parsed.wrong };
}

function isWrong(kind: Kind, written: unknown): void {
  const parsed = parse(kind, written) as { wrong?: string };
  assert.equal(typeof parsed.wrong, 'string', `${kind} ${String(written)} gave ${JSON.stringify(parsed)}`);
}

test('codes: single ones, ranges, lists, numbers', () => {
  assert.equal(parse('codes', '200-299'), '200-299');
  assert.equal(parse('codes', 200), '200');
  assert.equal(parse('codes', ' 300 - 399 , 200,204'), '200,204,300-399');
  assert.equal(parse('codes', [200, '401-403']), '200,401-403');
  assert.deepEqual(parseCodes('404,200-299'), {
    ranges: [
      { first: 200, last: 299 },
      { first: 404, last: 404 },
    ],
  });
  for (const written of [
    '',
    '2xx',
    '200-',
    '299-200',
    '100',
    '600',
    '200,,204',
    true,
    null,
    {},
    20,
    [[200]],
  ]) {
    isWrong('codes', written);
  }
  assert.match((parse('codes', '200,abc') as { wrong: string }).wrong, /"abc"/);
  assert.match((parse('codes', '300-200') as { wrong: string }).wrong, /backwards/);
});

test('hosts: names and addresses, with or without a port', () => {
  assert.equal(parse('host', 'WWW.Site.Example.'), 'www.site.example');
  assert.equal(parse('host', 'www.site.example:8443'), 'www.site.example:8443');
  assert.equal(parse('host', '2001:db8::1'), '[2001:db8::1]');
  assert.equal(parse('host', '[2001:db8::1]:8443'), '[2001:db8::1]:8443');
  assert.equal(parse('host', '192.0.2.1'), '192.0.2.1');
  assert.equal(parse('host', `${'a'.repeat(63)}.example`), `${'a'.repeat(63)}.example`);
  const wrong = [
    '',
    'a b',
    'a\r\nX: y',
    'a/b',
    'a..b',
    '-a',
    'a:b',
    'a:0',
    'a:65536',
    '192.0.2.256',
    '[::1',
    5,
    '.',
  ];
  for (const written of [...wrong, `${'a'.repeat(64)}.example`, 'a.'.repeat(127) + 'ab'])
    isWrong('host', written);
  assert.deepEqual(splitHost('[::1]:53'), { name: '::1', port: '53' });
});

test('paths begin with a slash and are printable ASCII', () => {
  assert.equal(parse('path', '/healthz?full=1'), '/healthz?full=1');
  for (const written of ['healthz', '', '/a b', '/ä', '/a#b', '/a\r\nX: y', 1]) isWrong('path', written);
});

test('ports, flags, choices, text', () => {
  assert.equal(parse('port', 65_535), 65_535);
  for (const written of [0, 65_536, 1.5, '80', Number.NaN]) isWrong('port', written);
  assert.equal(parse('flag', false), false);
  isWrong('flag', 'no');
  assert.equal(parse('choice', 'HEAD'), 'HEAD');
  isWrong('choice', 'POST');
  assert.equal(parse('text', 'ok'), 'ok');
  isWrong('text', '');
  isWrong('text', 1);
});
