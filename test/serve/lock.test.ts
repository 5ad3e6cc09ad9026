// One server per state directory: the lock is taken, refused, released, and taken over when its holder is
// gone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Lock, takeLock } from '../../src/serve/lock.ts';

describe('the lock of the state directory', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'steerdns-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function taken(): Promise<Lock> {
    const lock = await takeLock(folder);
    assert.ok(!('fault' in lock));
    return lock;
  }

  it('is taken once, and again after it was released', async () => {
    const first = await taken();
    assert.deepEqual(await takeLock(folder), {
      fault: `another steerdns uses the state directory ${folder}`,
    });
    first.release();
    assert.equal(existsSync(join(folder, 'lock')), false);
    (await taken()).release();
  });

  it('is taken over from a holder that was killed', async () => {
    const dying = `
      import { takeLock } from ${JSON.stringify(new URL('../../src/serve/lock.ts', import.meta.url).href)};
      await takeLock(${JSON.stringify(folder)});
      process.kill(process.pid, 'SIGKILL');`;
    const run = ['--import', 'tsx', '--input-type=module', '--eval', dying];
    assert.equal(spawnSync(process.execPath, run).signal, 'SIGKILL');
    assert.equal(existsSync(join(folder, 'lock')), true);
    (await taken()).release();
  });

  it('throws the system’s error where the folder is not there', async () => {
    await assert.rejects(takeLock(join(folder, 'nowhere')), /listen/);
  });
});
