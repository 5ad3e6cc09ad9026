// The built program in a folder that every user may read, wherever the checkout lies; with koffi or, as on a
// platform for which there is none, without.
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { build, root } from './build.ts';
import type { Daemon } from './daemon.ts';

export type Portable = {
  /** The program and its first arguments, as DaemonOptions has it. */
  readonly program: readonly string[];
  readonly folder: string;
  remove(): void;
};

/** Copies dist/ and what it depends on. */
export async function copyProgram({ koffi = true } = {}): Promise<Portable> {
  await build();
  const folder = mkdtempSync(join(tmpdir(), 'steerdns-program-'));
  chmodSync(folder, 0o755);
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const names = new Set<string>();
  for (const name of Object.keys(dependencies)) addWithDependencies(name, names);
  if (koffi) for (const name of ['koffi', '@koromix']) names.add(name);
  for (const path of ['dist', 'package.json', ...[...names].map((name) => join('node_modules', name))])
    cpSync(join(root, path), join(folder, path), { recursive: true, dereference: true });
  return {
    program: [process.execPath, join(folder, 'dist/main.js')],
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The programs of the suite that makes it, and the daemons that it starts; after its tests all are gone. */
export class Programs {
  whole!: Portable;
  /** Without koffi. */
  bare!: Portable;
  readonly daemons: Daemon[] = [];

  constructor() {
    before(async () => {
      this.whole = await copyProgram();
      this.bare = await copyProgram({ koffi: false });
    });
    after(async () => {
      for (const daemon of this.daemons) await daemon.close();
      this.whole?.remove();
      this.bare?.remove();
    });
  }
}

function addWithDependencies(name: string, names: Set<string>): void {
  if (names.has(name)) return;
  names.add(name);
  const file = join(root, 'node_modules', name, 'package.json');
  const { dependencies = {} } = JSON.parse(readFileSync(file, 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  for (const one of Object.keys(dependencies)) addWithDependencies(one, names);
}
