// The built program for tests that run it from dist/: built when a source is newer, once, however many test
// files ask at the same time.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './until.ts';

export const root = fileURLToPath(new URL('../', import.meta.url));

const claim = join(root, '.cache', 'building');
const buildTimeoutMs = 120_000;

/** What runs the built program; `build()` comes first. */
export const built: readonly string[] = [process.execPath, join(root, 'dist/main.js')];

/** Makes sure that dist/ is what src/ says. */
export async function build(): Promise<void> {
  if (isFresh()) return;
  await until(`${claim} is gone (remove it where no build runs)`, buildTimeoutMs, takeClaim);
  try {
    if (!isFresh())
      await promisify(execFile)('npm', ['run', 'build'], { cwd: root, timeout: buildTimeoutMs });
  } finally {
    rmdirSync(claim);
  }
}

function takeClaim(): boolean {
  mkdirSync(join(root, '.cache'), { recursive: true });
  mkdirSync(claim);
  return true;
}

function isFresh(): boolean {
  const built = statSync(join(root, 'dist/main.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|js|css|html|svg)$/.test(file))
    .map((file) => join(root, 'src', file));
  return [...sources, join(root, 'tsconfig.build.json')].every((file) => statSync(file).mtimeMs < built);
}
