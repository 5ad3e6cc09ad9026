// Tests that only root can do: other users, ports below 1024, network namespaces. Where this process is not
// root the file runs itself once more through sudo; where that is not possible it is left out, but never in
// CI.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runToEnd } from './daemon.ts';
import { missing } from './tools.ts';

/** Debian's commands that such tests use. */
const commands = ['dig', 'ip', 'nsenter', 'setpriv', 'unshare'] as const;

/** Describes tests of the file `url` that want root. */
export function describeAsRoot(url: string, name: string, timeoutMs: number, body: () => void): void {
  const skip = commands.map(missing).find((one) => one !== false) ?? false;
  if (process.getuid?.() === 0) {
    describe(name, { skip, timeout: timeoutMs }, body);
    return;
  }
  const canBe = spawnSync('sudo', ['-n', 'true']).status === 0 || process.env.CI !== undefined;
  it(`${name}, as root`, {
    skip: skip || (canBe ? false : 'neither root nor sudo'),
    timeout: timeoutMs,
  }, async () => {
    const own = ['--import', 'tsx', '--test', fileURLToPath(url)];
    const { code, stdout } = await runToEnd('sudo', [
      '-n',
      '--preserve-env=CI,PATH',
      process.execPath,
      ...own,
    ]);
    assert.equal(code, 0, stdout);
  });
}
