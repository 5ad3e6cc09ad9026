// steerdns token: the line that it prints is one that the file of tokens takes, of the token that it shows.
import assert from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hashToken, readTokens } from '../../src/config/tokens.ts';
import { printFault } from '../../src/faults.ts';
import { build, built, root } from '../build.ts';
import { type Ended, runToEnd } from '../daemon.ts';

const folder = mkdtempSync(join(tmpdir(), 'steerdns-token-'));
before(build);
after(() => rmSync(folder, { recursive: true }));

function make(...args: string[]): Promise<Ended> {
  return runToEnd(built[0]!, [...built.slice(1), 'token', ...args], { cwd: root });
}

function read(text: string) {
  const faults: Parameters<typeof readTokens>[2] = [];
  const tokens = readTokens({ file: 'tokens', line: 1, column: 1 }, Buffer.from(text), faults);
  assert.deepEqual(faults.map(printFault), []);
  return tokens;
}

test('a token and its line', async () => {
  const { code, stdout } = await make('laptop', '--scope', 'operate', '--expires-in', '90d');
  assert.equal(code, 0);
  const [token = '', line = ''] = stdout.split('\n');
  assert.match(token, /^steerdns_[\w-]{43}$/);
  assert.ok(!line.includes(token));
  const [known] = read(line);
  assert.deepEqual([known!.name, known!.scope], ['laptop', 'operate']);
  assert.deepEqual(Buffer.from(known!.hash), hashToken(token));
  const days = (known!.until! - Date.now()) / 86_400_000;
  assert.ok(days > 89.9 && days <= 90, `${days} days`);
});

test('lines are appended to a file that only its owner reads', async () => {
  const file = join(folder, 'tokens');
  const first = await make('a', '--file', file);
  const second = await make('b', '--file', file, '--json');
  const { token } = JSON.parse(second.stdout) as { token: string };
  const tokens = read(readFileSync(file, 'utf8'));
  assert.deepEqual(
    tokens.map(({ name, scope, until }) => [name, scope, until]),
    [
      ['a', 'read', undefined],
      ['b', 'read', undefined],
    ],
  );
  assert.deepEqual(
    tokens.map(({ hash }) => Buffer.from(hash)),
    [hashToken(first.stdout.trim()), hashToken(token)],
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('what makes no sense is refused', async () => {
  for (const args of [['a b'], ['a', '--scope', 'write'], ['a', '--expires-in', 'soon'], []]) {
    const { code, stdout } = await make(...args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
  }
});
