// The configuration: what good files mean, and every fault with its place and hint (the table in
// config/faults.txt).
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { defaults, type LoadedConfig, loadConfig } from '../src/config.ts';
import { printFault } from '../src/faults.ts';
import {
  characterStringSizeMax,
  exemptMax,
  faultsMax,
  responsesPerSecondMax,
  secretFileSizeMax,
  yamlAliasesMax,
  yamlCopiedMax,
  yamlParseDepthMax,
  yamlSizeMax,
} from '../src/limits.ts';
import { parseAddressText } from '../src/wire/literals.ts';
import { readFaultCases } from './config/cases.ts';

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
  const cases = readFaultCases();
  assert.ok(cases.length > 25);
  for (const { what, files, expected } of cases) {
    test(what, () => assert.deepEqual(faultsOf(files), expected));
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
      isListenDefault: false,
      workers: 3,
      control: { mode: 0o600, group: 'dns' },
      identity: undefined,
      version: undefined,
      cookies: { enabled: true, secrets: [] },
      rateLimit: {
        responsesPerSecond: 200,
        slip: 2,
        exempt: [
          { address: new Uint8Array([127, 0, 0, 0]), bits: 8 },
          { address: parseAddressText('::1'), bits: 128 },
        ],
      },
      clientSubnet: false,
      explainTo: [],
      ...{ queryLog: 0, webhooks: [], canaries: [], seriesMax: 5000, http: undefined },
    });
    const short = loadZone('', 'listen: 127.0.0.1\nworkers: auto\ncontrol: { mode: 660 }\n').config.server;
    assert.deepEqual(short, { ...defaults.server, listen: ['127.0.0.1:53'], isListenDefault: false });
  });

  test('canaries are checks with an address', () => {
    const { canaries } = loadZone('', 'canaries: [{ type: tcp, address: 192.0.2.53, port: 53 }]\n').config
      .server;
    assert.deepEqual(
      canaries.map(({ address, check: { kind, port, timeoutMs } }) => [address, kind, port, timeoutMs]),
      [['192.0.2.53', 'tcp', 53, 2000]],
    );
  });

  test('what the server says of itself', () => {
    const server = (yaml: string) => loadZone('', yaml).config.server;
    const { identity, version } = server('identity: ns1.example.net\nversion: none\n');
    assert.deepEqual([identity, version], ['ns1.example.net', null]);
    const longest = 'é'.repeat(127) + 'e';
    assert.equal(Buffer.byteLength(longest), characterStringSizeMax);
    assert.equal(server(`version: ${longest}\n`).version, longest);
    assert.deepEqual(faultsOf({ 'site.example.zone': '', 'steerdns.yaml': `version: e${longest}\n` }), [
      'steerdns.yaml:1:10: error: version has 256 octets of UTF-8, more than the 255 of a string of TXT',
    ]);
  });

  test('rate limits: a list of exempt networks takes the place of loopback', () => {
    const limit = (yaml: string) => loadZone('', `rate-limit: ${yaml}\n`).config.server.rateLimit;
    assert.equal(limit('off'), undefined);
    assert.deepEqual(limit(''), defaults.server.rateLimit);
    assert.deepEqual(limit('{ slip: 0, exempt: [] }'), { responsesPerSecond: 200, slip: 0, exempt: [] });
    assert.deepEqual(limit('{ responses-per-second: 1000000, exempt: [10.0.0.0/8, "2001:db8::/33"] }'), {
      responsesPerSecond: responsesPerSecondMax,
      slip: 2,
      exempt: [
        { address: new Uint8Array([10, 0, 0, 0]), bits: 8 },
        { address: parseAddressText('2001:db8::'), bits: 33 },
      ],
    });
    const many = Array.from({ length: exemptMax }, (_, i) => `10.0.${i}.0/24`);
    assert.equal(limit(`{ exempt: [${many}] }`)?.exempt.length, exemptMax);
    const yaml = `rate-limit: { exempt: [${many}, 192.0.2.0/24] }\n`;
    assert.deepEqual(faultsOf({ 'site.example.zone': '', 'steerdns.yaml': yaml }), [
      'steerdns.yaml:1:23: error: exempt has 257 networks, more than 256 (write larger networks)',
    ]);
  });

  test('cookies: off, with a secret of our own, and with those of a file', () => {
    const first = '00112233445566778899aabbccddeeff';
    const second = 'FFEEDDCCBBAA99887766554433221100';
    const files = {
      'site.example.zone': '',
      'a/secrets': `; both\n${first} # new\r\n\n ${second}`,
      '/etc/secrets': second,
    };
    const settings = (yaml: string) => {
      const loaded = load({ ...files, 'steerdns.yaml': `cookies: ${yaml}\n` });
      assert.deepEqual(loaded.faults, []);
      return loaded;
    };
    const cookies = (yaml: string) => settings(yaml).config.server.cookies;
    assert.deepEqual(cookies('off'), { enabled: false, secrets: [] });
    assert.deepEqual(cookies('{}'), { enabled: true, secrets: [] });
    const both = [first, second].map((digits) => new Uint8Array(Buffer.from(digits, 'hex')));
    assert.deepEqual(cookies('{ secret-file: a/secrets }'), { enabled: true, secrets: both });
    assert.deepEqual(cookies('{ secret-file: /etc/secrets }'), { enabled: true, secrets: [both[1]] });
    // What is kept as accepted must have the file too.
    assert.deepEqual(settings('{ secret-file: a/secrets }').settingsFiles, ['steerdns.yaml', 'a/secrets']);
    assert.deepEqual(settings('off').settingsFiles, ['steerdns.yaml']);
  });

  test('secrets that everybody can read are a warning', () => {
    const read = (path: string) =>
      new TextEncoder().encode(path.endsWith('.yaml') ? 'cookies: { secret-file: s }' : '0'.repeat(32));
    const names = () => ['site.example.zone', 'steerdns.yaml'];
    const { faults, config } = loadConfig('/etc/x', names, read, (path) => path === '/etc/x/s');
    assert.deepEqual(faults.map(printFault), [
      '/etc/x/s:1:1: warning: everybody on this machine can read these secrets (chmod o-r /etc/x/s)',
    ]);
    assert.equal(config.server.cookies.secrets.length, 1);
    assert.deepEqual(loadConfig('/etc/x', names, read).faults, []);
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
        holdDownMs: 20_000,
        slowStartMs: 0,
        degradedPart: 0.5,
        weightStep: 0.25,
      },
      policy: 'weighted',
      answers: 2,
      spread: 'none',
      minUp: 1,
      trickle: 0,
      places: [{ place: '', order: [] }],
      settingPlaces: new Map([
        ['policy', { file: 'site.example.yaml', line: 7, column: 13 }],
        ['answers', { file: 'site.example.yaml', line: 8, column: 14 }],
        ['ttl', { file: 'site.example.yaml', line: 9, column: 10 }],
      ]),
      ttl: { stable: 60, unsettled: 2 },
      whenAllDown: ['web1', '192.0.2.2'],
      whenAllDownPlaces: [21, 27].map((column) => ({ file: 'site.example.yaml', line: 10, column })),
      members: new Map(
        [
          { key: '192.0.2.1', name: 'web1', weight: 3, line: 12 },
          { key: '2001:db8::1', name: undefined, weight: 0, line: 13 },
        ].map(({ key, name, weight, line }) => {
          const place = { file: 'site.example.yaml', line, column: 7 };
          const unsaid = { tier: undefined, group: undefined, located: undefined, check: undefined };
          return [key, { name, weight, ...unsaid, place }];
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
        ...['site.example.', '*.site.example.', '10.site.example.'],
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
    const why = 'permission denied (it must be readable by the user that the server runs as)';
    assert.deepEqual(loadConfig('/etc/x', gone, gone).faults.map(printFault), [
      `/etc/x:1:1: error: the folder /etc/x cannot be read: ${why}`,
    ]);
    const names = () => ['site.example.zone', 'site.example.yaml'];
    assert.deepEqual(loadConfig('/etc/x', names, gone).faults.map(printFault), [
      `/etc/x/site.example.yaml:1:1: error: this file cannot be read: ${why}`,
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
      'site.example.yaml:1:1: error: 2097153 octets of YAML, more than the 2097152 we read',
    ]);
  });

  test('the largest file of secrets, and one octet more', () => {
    const secrets = (size: number) => `${'0'.repeat(32)}${' '.repeat(size - 32)}`;
    const files = { ...site, 'steerdns.yaml': 'cookies: { secret-file: s }' };
    assert.deepEqual(faultsOf({ ...files, s: secrets(secretFileSizeMax) }), []);
    assert.deepEqual(faultsOf({ ...files, s: secrets(secretFileSizeMax + 1) }), [
      's:1:1: error: 65537 octets, more than the 65536 we read (is this the file of secrets?)',
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

  test('aliases of something long make so many values and no more', () => {
    const half = yamlCopiedMax / 2;
    const yaml = (more: string): string =>
      `x: &x [${'v,'.repeat(half - 1)}]\na: *x\nb: *x\n${more === '' ? '' : `c: &c v\nd: *c\n${more}`}`;
    const said = (text: string): string[] =>
      faultsOf({ ...site, 'site.example.yaml': text }).filter((fault) => fault.includes('aliases make'));
    assert.deepEqual(said(yaml('')), []);
    assert.deepEqual(said(yaml('e: f\n')), [
      'site.example.yaml:4:7: error: aliases make more than 100000 values',
    ]);
  });

  test('faults of a file are bounded, and the other files still have theirs', () => {
    const repeated = (count: number) => faultsOf({ 'a.zone': '', 'steerdns.yaml': 'a:\n'.repeat(count) });
    assert.equal(repeated(faultsMax).length, faultsMax); // one unknown key, the others again
    const faults = faultsOf({
      'a.yaml': 'x:\n',
      'a.zone': '',
      'steerdns.yaml': Array.from({ length: 200_000 }, (_, n) => `k${n}:\n`).join(''),
    });
    assert.equal(faults.length, 1 + faultsMax + 1);
    assert.match(faults[0]!, /^a\.yaml:1:1: error: unknown key "x"/);
    assert.match(faults.at(-1)!, /^steerdns\.yaml:101:1: error: more than 100 faults in this file/);
  });

  test('what is nested without end is a fault in its line, not the end of the process', () => {
    for (const open of ['[', '{', '- ', '? ', 'a: {', '[{']) {
      const faults = faultsOf({ ...site, 'site.example.yaml': `# one\n\n${open.repeat(60_000)}` });
      assert.deepEqual(faults, ['site.example.yaml:3:1: error: nested more than 64 deep'], open);
    }
    const inLines = Array.from({ length: 200 }, (_, i) => `${' '.repeat(i)}a:\n`).join('');
    assert.deepEqual(faultsOf({ ...site, 'site.example.yaml': inLines }), [
      `site.example.yaml:${yamlParseDepthMax}:1: error: nested more than 64 deep`,
    ]);
  });
});
