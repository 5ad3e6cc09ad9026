// A clean clone of the project in a temporary folder, where the blocks of README.md and docs/ are typed:
// `steerdns` runs from its sources, and no command finds a way to the folders of the real system. Used by
// e2e/readme.test.ts.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './build.ts';
import { runToEnd } from './daemon.ts';
import { ask } from './load.ts';
import type { Block } from './readme.ts';
import { until } from './until.ts';

/** Where zones/steerdns.yaml and README.md have the server answer. */
const port = 5311;
/** A start takes some four seconds here, and several times that while the machine runs another test. */
const labTimeoutMs = 30_000;
const stopTimeoutMs = 10_000;
/** Another test may have the port at first. */
const portTimeoutMs = 60_000;

const clones = new Set<Clone>();
process.on('exit', () => {
  for (const clone of clones) clone.kill();
});

const notCloned = ['.git', 'node_modules', 'dist', '.cache'];

export class Clone {
  readonly #folder = mkdtempSync(join(tmpdir(), 'steerdns-clone-'));
  readonly #dir = join(this.#folder, 'steerdns');
  #running: ChildProcess[] = [];
  #lab: ChildProcess | undefined;

  constructor() {
    clones.add(this);
    for (const name of readdirSync(root)) {
      if (!notCloned.includes(name)) cpSync(join(root, name), join(this.#dir, name), { recursive: true });
    }
    const bin = join(this.#folder, 'bin');
    for (const folder of [bin, join(this.#folder, 'tmp')]) mkdirSync(folder);
    const script = `#!/bin/sh\nexec node --import tsx '${this.#dir}/src/main.ts' "$@"\n`;
    writeFileSync(join(bin, 'steerdns'), script, { mode: 0o755 });
  }

  /** Installs what the project depends on. */
  install(): Promise<void> {
    return this.#runToEnd('npm ci', 'npm ci');
  }

  /** Does what a block says; rejects with what was printed where it fails. */
  async take(block: Block, page = 'README.md'): Promise<void> {
    await this.#end(this.#lab);
    this.#lab = undefined;
    const where = `${page}:${block.line}`;
    if (block.kind === 'file') this.#write(block.argument, block.text);
    else if (block.kind === 'run') await this.#runToEnd(block.text, where);
    else if (block.kind === 'background') this.#leaveRunning(block.text);
    else if (block.kind === 'daemon') await this.#serve(block.text, where);
    else if (block.kind === 'lab') {
      const last = block.text.lastIndexOf('&&');
      if (last > 0) await this.#runToEnd(block.text.slice(0, last), where);
      this.#lab = await this.#serve(block.text.slice(last < 0 ? 0 : last + 2), where);
    }
  }

  /** Ends what runs and removes the folder. */
  async remove(): Promise<void> {
    for (const child of this.#running) await this.#end(child);
    this.kill();
  }

  /** The same, at once. */
  kill(): void {
    clones.delete(this);
    for (const { pid } of this.#running)
      if (pid !== undefined && !isEmpty(pid)) process.kill(-pid, 'SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #write(path: string, text: string): void {
    const full = join(this.#dir, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text + '\n');
  }

  async #runToEnd(commands: string, where: string): Promise<void> {
    const args = ['-euo', 'pipefail', '-c', commands];
    const { code, stdout, stderr } = await runToEnd('bash', args, this.#surroundings());
    assert.equal(code, 0, `${where}: exit ${code}\n${commands}\n${stdout}${stderr}`);
  }

  /** Starts commands in a process group of their own: npm does not pass signals on. */
  #leaveRunning(commands: string): ChildProcess {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', commands], {
      ...this.#surroundings(),
      stdio: 'ignore',
      detached: true,
    });
    this.#running.push(child);
    return child;
  }

  async #serve(commands: string, where: string): Promise<ChildProcess> {
    await until(`port ${port} is free`, portTimeoutMs, async () => !(await listens()));
    const child = this.#leaveRunning(commands);
    const since = performance.now();
    await until(`${where}: ${commands} answers`, labTimeoutMs, async () => {
      const { rcode, answer } = await ask(port, 'www.site.example', { timeoutMs: 200 });
      return rcode === 0 && answer.length > 0;
    });
    console.log(`${commands.trim()}: first answer after ${(performance.now() - since).toFixed(0)} ms`);
    return child;
  }

  async #end(child: ChildProcess | undefined): Promise<void> {
    if (child?.pid === undefined || !this.#running.includes(child)) return;
    this.#running = this.#running.filter((one) => one !== child);
    try {
      process.kill(-child.pid, 'SIGTERM');
      await until('the group is empty', stopTimeoutMs, () => isEmpty(child.pid!));
    } catch {
      // none is left, or one that does not end
    }
    if (!isEmpty(child.pid)) process.kill(-child.pid, 'SIGKILL');
  }

  #surroundings(): { readonly cwd: string; readonly env: NodeJS.ProcessEnv } {
    const at = (name: string): string => join(this.#folder, name);
    const env = {
      PATH: `${at('bin')}:${process.env.PATH}`,
      HOME: at('home'),
      TMPDIR: at('tmp'),
      CONFIGURATION_DIRECTORY: at('config'),
      STATE_DIRECTORY: at('state'),
      RUNTIME_DIRECTORY: at('run'),
      STEERDNS_CONTROL: 'run/control.sock',
      npm_config_cache: process.env.npm_config_cache ?? join(homedir(), '.npm'),
      npm_config_prefer_offline: 'true',
    };
    return { cwd: this.#dir, env };
  }
}

/** Whether a process group has no process any more. */
function isEmpty(group: number): boolean {
  try {
    process.kill(-group, 0);
    return false;
  } catch {
    return true;
  }
}

/** Whether somebody listens on the port; TCP, which says so at once. */
function listens(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
