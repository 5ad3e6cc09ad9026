// Where things are: flags, then what systemd sets, then root's folders or the user's own.
import assert from 'node:assert';
import { test } from 'node:test';
import { findControl, type PathFlags, resolvePaths, runDirOf } from '../src/paths.ts';

type Row = [string, PathFlags, Record<string, string>, number, string, string, string];
const rows: Row[] = [
  ['root', {}, {}, 0, '/etc/steerdns', '/var/lib/steerdns', '/run/steerdns/control.sock'],
  [
    'systemd',
    {},
    {
      CONFIGURATION_DIRECTORY: '/etc/x',
      STATE_DIRECTORY: '/var/lib/a:/var/lib/b',
      RUNTIME_DIRECTORY: '/run/x',
    },
    990,
    '/etc/x',
    '/var/lib/a',
    '/run/x/control.sock',
  ],
  [
    'XDG',
    {},
    { XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s', XDG_RUNTIME_DIR: '/r', HOME: '/h' },
    1000,
    '/c/steerdns',
    '/s/steerdns',
    '/r/steerdns/control.sock',
  ],
  [
    'a bare home',
    {},
    { HOME: '/h' },
    1000,
    '/h/.config/steerdns',
    '/h/.local/state/steerdns',
    '/tmp/steerdns-1000/control.sock',
  ],
  [
    'XDG that is not absolute is ignored',
    {},
    { XDG_CONFIG_HOME: 'c', HOME: '/h' },
    1000,
    '/h/.config/steerdns',
    '/h/.local/state/steerdns',
    '/tmp/steerdns-1000/control.sock',
  ],
  [
    'STEERDNS_CONTROL',
    {},
    { STEERDNS_CONTROL: '/e/control.sock', RUNTIME_DIRECTORY: '/run/x' },
    0,
    '/etc/steerdns',
    '/var/lib/steerdns',
    '/e/control.sock',
  ],
  [
    'flags',
    { config: '/a', state: '/b', control: '/c/control.sock' },
    { STEERDNS_CONTROL: '/e/s' },
    0,
    '/a',
    '/b',
    '/c/control.sock',
  ],
];
for (const [what, flags, environment, uid, config, state, control] of rows) {
  test(`paths: ${what}`, () => {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = '/tmp';
    const paths = resolvePaths(flags, environment, uid);
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    assert.deepEqual([paths.configDir, paths.stateDir, paths.controlPath], [config, state, control]);
    assert.equal(paths.runDir, runDirOf(control));
  });
}

test('a socket of another name has a run directory of its own', () => {
  assert.equal(runDirOf('/run/steerdns/control.sock'), '/run/steerdns');
  assert.equal(runDirOf('/tmp/second.sock'), '/tmp/second.sock.run');
});

test('a user without a daemon of their own finds the system’s', () => {
  const home = { HOME: '/h', XDG_RUNTIME_DIR: '/r' };
  const find = (there: string[], flags: PathFlags = {}) =>
    findControl(flags, home, 1000, (path) => there.includes(path));
  assert.equal(find(['/run/steerdns']), '/run/steerdns/control.sock');
  assert.equal(find(['/run/steerdns', '/r/steerdns']), '/r/steerdns/control.sock');
  assert.equal(find([], { control: '/x/c.sock' }), '/x/c.sock');
});
