// Every verb of the table: --json is JSON, exit codes say what came of it, an error is one line that names a
// way out, never a stack trace, and a slip of the finger is understood. A verb that is new has to be added
// here.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { commands, describeCommands } from '../../src/cli/commands.ts';
import { build, built, root } from '../build.ts';
import { Daemon, type Ended, runToEnd } from '../daemon.ts';

const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
www A 127.0.0.1
    A 127.0.0.2
own A 127.0.0.3
`;
/** The daemon's own port stands for the servers. */
const balance = (port: number) => `checks:
  web: { type: tcp, port: ${port} }
  heart: { type: push, name: heart, interval: 60s }
balance:
  www: { check: web, members: { 127.0.0.1: { name: web1 }, 127.0.0.2: { name: web2 } } }
  own: { check: heart }
`;

type Row = {
  /** Arguments with which it works, in a daemon's folder. */
  readonly args: (daemon: Daemon) => readonly string[];
  /** It asks a daemon. */
  readonly asks?: boolean;
  /** It prints lines of JSON, or runs until it is ended and is tested elsewhere. */
  readonly prints?: 'lines' | 'later';
  /** More arguments than these are too many; undefined: any number. */
  readonly most?: number;
};

const none = () => [];
const selector = () => ['web2@www.site.example'];
const hand: Row = { args: selector, asks: true };

/** In the order in which they are run. */
const rows: Readonly<Record<string, Row>> = {
  serve: { args: none, prints: 'later', most: 0 },
  lab: { args: none, prints: 'later', most: 2 },
  check: { args: ({ folder }) => [`${folder}/zones`], most: 2 },
  reload: { args: none, asks: true, most: 1 },
  status: { args: none, asks: true, most: 0 },
  zones: { args: none, asks: true, most: 0 },
  zone: { args: () => ['site.example'], asks: true, most: 1 },
  pools: { args: none, asks: true, most: 0 },
  explain: { args: () => ['www.site.example'], asks: true, most: 2 },
  drain: hand,
  undrain: hand,
  up: hand,
  down: hand,
  weight: { args: () => [...selector(), '5'], asks: true },
  release: hand,
  timeline: { args: none, asks: true, most: 1 },
  events: { args: none, asks: true, prints: 'lines', most: 0 },
  stats: { args: none, asks: true, most: 1 },
  push: { args: () => ['heart'], asks: true, most: 2 },
  verify: { args: () => ['www.site.example', '--queries', '200'], asks: true, most: 2 },
  doctor: { args: ({ port }) => ['--port', String(port), '--resolver', '127.0.0.1#1'] },
  probe: { args: ({ folder }) => ['web1@www.site.example', '--config', `${folder}/zones`] },
  token: { args: () => ['laptop'], most: 1 },
  simulate: { args: ({ folder }) => [`${folder}/zones`, `${folder}/script`], most: 2 },
  completion: { args: () => ['bash'], most: 1 },
  man: { args: none, most: 0 },
  schema: { args: () => ['zone'], most: 1 },
  import: { args: ({ folder }) => ['gdnsd', `${folder}/gdnsd`], most: 2 },
  version: { args: none, most: 0 },
  stop: { args: none, asks: true, most: 0 },
};

const all = await describeCommands();

function run(verb: string, ...args: readonly string[]): Promise<Ended> {
  const [program, ...first] = built;
  return runToEnd(program!, [...first, verb, ...args], { cwd: root });
}

/** One line for the operator, and nothing on stdout. */
function isOneLine({ stdout, stderr }: Ended, what: string): void {
  assert.equal(stdout, '', what);
  assert.match(stderr, /^steerdns: [^\n]+\n$/, what);
  assert.doesNotMatch(stderr, /\bat .*:\d+:\d+|node:internal/, what);
}

describe('every verb', { timeout: 170_000 }, () => {
  before(() => build());

  it('is in the table of this test', () => {
    assert.deepEqual(Object.keys(rows).sort(), Object.keys(commands).sort());
  });

  it('has --json', () => {
    for (const { verb, command } of all) assert.ok('json' in command.options, verb);
  });

  it('is found in a slip of the finger, and its flags are', async () => {
    for (const verb of Object.keys(rows)) {
      if (verb.length < 4) continue;
      const swapped = `${verb.slice(0, -2)}${verb.at(-1)}${verb.at(-2)}`;
      const slip = await run(swapped);
      isOneLine(slip, swapped);
      assert.equal(slip.code, 2);
      assert.match(slip.stderr, /^steerdns: unknown command "\w+", did you mean [a-z]+\?\n$/);
      const flag = await run(verb, '--jsno');
      isOneLine(flag, verb);
      assert.equal(flag.code, 2);
      assert.ok(flag.stderr.includes('did you mean --json?'), flag.stderr);
    }
  });

  it('says in a line that there are too many arguments, or too few', async () => {
    for (const { verb, command } of all) {
      const { most } = rows[verb]!;
      if (most !== undefined) {
        assert.equal(command.positionalsMax, most, verb);
        const many = await run(verb, ...Array.from({ length: most + 1 }, () => 'x'));
        isOneLine(many, verb);
        assert.deepEqual([many.code, /unexpected argument "x"/.test(many.stderr)], [2, true], verb);
      }
      if (command.positionalsMin === 0) continue;
      const few = await run(verb);
      isOneLine(few, verb);
      assert.deepEqual([few.code, /too few arguments/.test(few.stderr)], [2, true], verb);
    }
  });
});

describe('every verb at work', { timeout: 170_000 }, () => {
  let daemon: Daemon;
  before(async () => {
    daemon = await Daemon.make({ files: { 'site.example.zone': zone }, listen: 'yaml' });
    const { port } = daemon;
    daemon.write('site.example.yaml', balance(port));
    daemon.write('steerdns.yaml', `listen: ["127.0.0.1:${port}", "127.0.0.2:${port}"]\n`);
    daemon.launch();
    await daemon.answering();
    writeFileSync(join(daemon.folder, 'script'), 'at 1s web1 refuses\nend 20s\n');
    mkdirSync(join(daemon.folder, 'gdnsd', 'zones'), { recursive: true });
    writeFileSync(join(daemon.folder, 'gdnsd', 'config'), 'options => { listen => 127.0.0.1 }\n');
    writeFileSync(join(daemon.folder, 'gdnsd', 'zones', 'site.example'), zone);
  });
  after(() => daemon?.close());

  for (const [verb, { args, asks = false, prints }] of Object.entries(rows)) {
    if (prints === 'later') continue;
    it(`${verb} --json prints JSON`, async () => {
      const given = [...args(daemon), '--json'];
      const { options } = all.find((one) => one.verb === verb)!.command;
      const run = 'control' in options ? daemon.run.bind(daemon) : daemon.program.bind(daemon);
      if (asks) {
        const nobody = await daemon.program(verb, ...given, '--control', `${daemon.folder}/nobody.sock`);
        isOneLine(nobody, verb);
        assert.deepEqual([nobody.code, /^steerdns: not running: /.test(nobody.stderr)], [3, true], verb);
      }
      const { code, stdout, stderr } = await run(verb, ...given);
      assert.equal(code, 0, `${stdout}${stderr}`);
      const texts = prints === 'lines' ? stdout.trimEnd().split('\n') : [stdout];
      for (const text of texts) assert.equal(typeof JSON.parse(text), 'object', text);
      assert.doesNotMatch(stderr, /\bat .*:\d+:\d+/);
    });
  }
});
