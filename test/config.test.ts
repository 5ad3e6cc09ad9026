// The configuration: what good files mean, and every fault with its place and hint (the table in
// config/faults.txt).
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { defaults, type LoadedConfig, loadConfig } from '../src/config.ts';
import { printFault } from '../src/faults.ts';
import { yamlAliasesMax, yamlSizeMax } from '../src/limits.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

function load(files: Files): LoadedConfig {
  const read = (path: string): Uint8Array => {
    const octets = files[path];
    if (octets === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return typeof octets === 'string' ? new TextEncoder().encode(octets) : octets;
  };
  return loadConfig('.', () => Object.keys(files), read);
}

const faultsOf = (files: Files) => load(files).faults.map(printFault);

/** The zone's YAML beside an empty zone file and steerdns.yaml. */
function loadZone(yaml: string, server = ''): LoadedConfig {
  const loaded = load({ 'site.example.zone': '', 'site.example.yaml': yaml, 'steerdns.yaml': server });
  assert.deepEqual(loaded.faults.map(printFault), []);
  return loaded;
}

describe('faults', () => {
  const table = readFileSync(new URL('config/faults.txt', import.meta.url), 'utf8');
  const cases = table.split(/^== /m).slice(1);
  assert.ok(cases.length > 25);
  for (const text of cases) {
    const [what, ...lines] = text.trimEnd().split('\n');
    test(what!, () => {
      const files: Record<string, string> = lines.includes('no zone') ? {} : { 'site.example.zone': '' };
      const expected: string[] = [];
      let file = '';
      for (const line of lines) {
        const rest = line.slice(3);
        if (line.startsWith('-- ')) files[(file = rest)] = '';
        else if (line.startsWith('| ')) files[file] += `${line.slice(2)}\n`;
        else if (line.startsWith('=> ')) expected.push(rest);
        else assert.ok(line === '' || line === 'no zone', `what is "${line}"?`);
      }
      assert.deepEqual(faultsOf(files), expected);
    });
  }
});

describe('what good files mean', () => {
  test('a folder of zone files is enough', () => {
    const { config, faults, files } = load({ 'B.example.zone': '', 'a.example.zone': '' });
    assert.deepEqual(faults, []);
    assert.deepEqual(config.server, defaults.server);
    assert.deepEqual(config.zones, [
      { origin: 'b.example.', file: 'B.example.zone', yamlFile: undefined, pools: [], isWhole: true },
      { origin: 'a.example.', file: 'a.example.zone', yamlFile: undefined, pools: [], isWhole: true },
    ]);
    assert.deepEqual(files, ['B.example.zone', 'a.example.zone']);
  });

  test('the server', () => {
    const yaml =
      'listen: [127.0.0.1:5311, "[0:0::1]:53", 192.0.2.1, 2001:DB8::1]\nworkers: 3\n' +
      'control: { mode: 0600, group: dns }\n';
    assert.deepEqual(loadZone('', yaml).config.server, {
      listen: ['127.0.0.1:5311', '[::1]:53', '192.0.2.1:53', '[2001:db8::1]:53'],
      workers: 3,
      control: { mode: 0o600, group: 'dns' },
    });
    const short = loadZone('', 'listen: 127.0.0.1\nworkers: auto\ncontrol: { mode: 660 }\n').config.server;
    assert.deepEqual(short, { listen: ['127.0.0.1:53'], workers: 0, control: { mode: 0o660 } });
  });

  test('a pool, with what the operator said', () => {
    const [pool] = loadZone(`checks:
  web: { type: http, port: 8080, path: /healthz, host: WWW.site.example, expect: [301, 200-299],
         interval: 1.5 }
balance:
  WWW:
    check: web
    policy: weighted
    answers: 2
    ttl: { stable: 1m, unsettled: 2s }
    when-all-down: [web1, 192.0.2.2]
    members:
      192.0.2.1: { name: web1, weight: 3 }
      2001:DB8::0:1: { weight: 0 }
`).config.zones[0]!.pools;
    assert.deepEqual(pool, {
      owner: 'www.site.example.',
      check: {
        kind: 'http',
        port: 8080,
        options: { path: '/healthz', host: 'www.site.example', method: 'GET', expect: '200-299,301' },
        intervalMs: 1500,
        timeoutMs: 1500,
        recheckMs: 1000,
        fall: 3,
        rise: 2,
      },
      policy: 'weighted',
      answers: 2,
      ttl: { stable: 60, unsettled: 2 },
      whenAllDown: ['web1', '192.0.2.2'],
      whenAllDownPlaces: [21, 27].map((column) => ({ file: 'site.example.yaml', line: 10, column })),
      members: new Map(
        [
          { key: '192.0.2.1', name: 'web1', weight: 3, line: 12 },
          { key: '2001:db8::1', name: undefined, weight: 0, line: 13 },
        ].map(({ key, name, weight, line }) => {
          const place = { file: 'site.example.yaml', line, column: 7 };
          return [key, { name, weight, check: undefined, place }];
        }),
      ),
      place: { file: 'site.example.yaml', line: 5, column: 3 },
    });
  });

  test('owners: the origin, wildcards, relative and absolute names, escapes', () => {
    const yaml = 'balance:\n  "@":\n  "*":\n  10:\n  a.b:\n  c.site.example.:\n  constructor:\n  d\\046e:\n';
    assert.deepEqual(
      loadZone(yaml).config.zones[0]!.pools.map(({ owner }) => owner),
      [
        'site.example.',
        '*.site.example.',
        '10.site.example.',
        'a.b.site.example.',
        'c.site.example.',
        'constructor.site.example.',
        'd\\.e.site.example.',
      ],
    );
  });

  test("a zone's own check takes the place of the shared one; a member's that of its pool's", () => {
    const shared = 'checks:\n  web: { type: tcp, port: 80 }\n  old: { type: tcp, port: 81 }\n';
    const [pool] = loadZone(
      'checks: { web: { type: tcp, port: 82 } }\n' +
        'balance: { www: { check: web, members: { 192.0.2.1: { check: old } } } }\n',
      shared,
    ).config.zones[0]!.pools;
    assert.equal(pool!.check!.port, 82);
    assert.equal(pool!.members.get('192.0.2.1')!.check!.port, 81);
  });

  test('the example files are as the README says', () => {
    const dir = new URL('../zones/', import.meta.url).pathname;
    const { config, faults } = loadConfig(
      dir,
      (path) => [...new Set([...readdirSync(path), 'site.example.zone'])],
      (path) => readFileSync(path),
    );
    assert.deepEqual(faults.map(printFault), []);
    const { pools } = config.zones.find(({ origin }) => origin === 'site.example.')!;
    const www = pools.find(({ owner }) => owner === 'www.site.example.')!;
    assert.equal(www.answers, 1);
    assert.deepEqual(
      [...www.members.values()].map(({ name, weight }) => `${name} ${weight}`),
      ['web1 3', 'web2 2', 'web3 undefined', 'web4 undefined'],
    );
    assert.ok(pools.some(({ owner, check }) => owner === 'api.site.example.' && check?.kind === 'http'));
  });
});

describe('what has faults is left out of the config', () => {
  test('a pool, but not its neighbours', () => {
    const yaml =
      'checks: { bad: { type: htp } }\nbalance:\n  a: { answers: 0 }\n  b: { check: bad }\n' +
      '  c: { members: { 192.0.2.1: { check: bad } } }\n  d: {}\n';
    const { config } = load({ 'site.example.zone': '', 'site.example.yaml': yaml });
    assert.deepEqual(
      config.zones[0]!.pools.map(({ owner }) => owner),
      ['d.site.example.'],
    );
    assert.equal(config.zones[0]!.isWhole, false);
    assert.equal(loadZone('balance: { a: {} }').config.zones[0]!.isWhole, true);
  });

  test('names that need a check of a file that cannot be read', () => {
    const files = {
      'site.example.zone': '',
      'steerdns.yaml': '{',
      'site.example.yaml': 'balance: { a: { check: x }, b: }',
    };
    const { config } = load(files);
    assert.deepEqual(
      config.zones[0]!.pools.map(({ owner }) => owner),
      ['b.site.example.'],
    );
    assert.equal(config.zones[0]!.isWhole, false);
    assert.equal(load({ ...files, 'site.example.yaml': '' }).config.zones[0]!.isWhole, true);
    assert.equal(load({ ...files, 'site.example.yaml': '{' }).config.zones[0]!.isWhole, false);
    assert.deepEqual(config.server, defaults.server);
  });
});

describe('files that cannot be read', () => {
  const site = { 'site.example.zone': '' };

  test('folders and files that are not there', () => {
    const gone = () => {
      throw Object.assign(new Error('gone'), { code: 'EACCES' });
    };
    assert.deepEqual(loadConfig('/etc/x', gone, gone).faults.map(printFault), [
      '/etc/x:1:1: error: the folder /etc/x cannot be read: EACCES',
    ]);
    const names = () => ['site.example.zone', 'site.example.yaml'];
    assert.deepEqual(loadConfig('/etc/x', names, gone).faults.map(printFault), [
      '/etc/x/site.example.yaml:1:1: error: this file cannot be read: EACCES',
    ]);
    const mistake = () => {
      throw new Error('a mistake of ours');
    };
    assert.throws(() => loadConfig('/etc/x', mistake, mistake), /a mistake of ours/);
  });

  test('octets that are no text', () => {
    const octets = new Uint8Array([...Buffer.from('checks:\n# caf'), 0xe9, 10]);
    assert.deepEqual(faultsOf({ ...site, 'site.example.yaml': octets }), [
      'site.example.yaml:2:1: error: this is not UTF-8',
    ]);
    assert.deepEqual(faultsOf({ ...site, 'site.example.yaml': '\ufeff# café\r\nchecks:\r\n' }), []);
  });

  test('the largest file, and one octet more', () => {
    const comment = (size: number) => new Uint8Array(Buffer.alloc(size, '#'));
    assert.deepEqual(faultsOf({ ...site, 'site.example.yaml': comment(yamlSizeMax) }), []);
    assert.deepEqual(faultsOf({ ...site, 'site.example.yaml': comment(yamlSizeMax + 1) }), [
      'site.example.yaml:1:1: error: 8388609 octets of YAML, more than the 8388608 we read',
    ]);
  });

  test('aliases as many as are followed, and one more; a thousand million laughs', () => {
    const aliases = (count: number) => {
      const lines = Array.from({ length: count }, (_, i) => `  n${i}: *x\n`);
      return `balance:\n  a: &x { answers: 1 }\n${lines.join('')}`;
    };
    assert.deepEqual(faultsOf({ ...site, 'site.example.yaml': aliases(yamlAliasesMax) }), []);
    assert.deepEqual(faultsOf({ ...site, 'site.example.yaml': aliases(yamlAliasesMax + 1) }), [
      'site.example.yaml:1003:10: error: more than 1000 aliases',
    ]);
    const laughs = ['a0: &a0 [x]'];
    for (let i = 1; i < 12; i++) laughs.push(`a${i}: &a${i} [${new Array(10).fill(`*a${i - 1}`).join(',')}]`);
    const faults = faultsOf({ ...site, 'site.example.yaml': laughs.join('\n') });
    assert.ok(faults.some((fault) => fault.endsWith('more than 1000 aliases')));
  });

  test('brackets without end are a fault, not a crash', () => {
    const faults = faultsOf({ ...site, 'site.example.yaml': '['.repeat(100_000) });
    assert.ok(faults.length > 0);
  });
});
