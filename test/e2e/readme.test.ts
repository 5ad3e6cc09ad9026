// Runs the commands of README.md as a reader would type them, in order and in one clone of the project: what it says
// must work. Which surroundings a block wants stands in a comment before it, see test/readme.ts.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { build, root } from '../build.ts';
import { runToEnd } from '../daemon.ts';
import { ask } from '../load.ts';
import { type Block, readBlocks } from '../readme.ts';
import { missing } from '../tools.ts';
import { until } from '../until.ts';

/** Where zones/steerdns.yaml has the server answer; README's commands say it literally. */
const port = 5311;
const startTimeoutMs = 20_000;
const stopTimeoutMs = 10_000;
/** Another test may have the lab's port at first. */
const portTimeoutMs = 60_000;

describe('the blocks of a README', () => {
  const fenced = (comment: string, body = 'true'): string => `Text\n${comment}\n\`\`\`sh\n${body}\n\`\`\`\n`;

  it('are found with what they want', () => {
    const text = `${fenced('')}\n\`\`\`yaml\na: 1\n\`\`\`\n${fenced('<!-- test: lab -->', 'dig\nls')}`;
    assert.deepEqual(readBlocks(text + fenced('<!-- test: skip, it is the parent -->')), [
      { line: 3, commands: 'true', surroundings: 'none', reason: '' },
      { line: 12, commands: 'dig\nls', surroundings: 'lab', reason: '' },
      { line: 18, commands: 'true', surroundings: 'skip', reason: 'it is the parent' },
    ]);
  });

  it('are refused where a comment is not understood', () => {
    for (const comment of [
      '<!-- test: labb -->',
      '<!-- test: skip -->',
      '<!-- tset: lab -->',
      '<!-- test: lab, x -->',
    ])
      assert.throws(() => readBlocks(fenced(comment)), /^Error: line 2: /);
    assert.throws(() => readBlocks('```sh\ntrue\n'), /line 1: a fence without an end/);
  });

  it('fail where a command fails', async () => {
    const clone = new Clone();
    try {
      await assert.rejects(clone.run({ ...readBlocks(fenced('', 'false\ntrue'))[0]! }), /README.md:3/);
      await clone.run({ ...readBlocks(fenced('', 'test -f zones/site.example.zone\nsteerdns version'))[0]! });
    } finally {
      await clone.remove();
    }
  });
});

const readme = join(root, 'README.md');

describe('README.md', { skip: !existsSync(readme) && 'not written yet', timeout: 170_000 }, () => {
  const blocks = existsSync(readme) ? readBlocks(readFileSync(readme, 'utf8')) : [];
  let clone: Clone;
  before(async () => {
    await build();
    clone = new Clone();
  });
  after(() => clone?.remove());

  for (const block of blocks) {
    const [first] = block.commands.split('\n');
    const wantsDig = /\bdig\b/.test(block.commands) && missing('dig');
    if (block.surroundings !== 'skip')
      it(`line ${block.line}: ${first}`, { skip: wantsDig }, () => clone.run(block));
  }

  it('has commands that are run', () => {
    assert.ok(blocks.some(({ surroundings }) => surroundings !== 'skip'));
  });
});

/** A copy of the project to type commands in, with `steerdns` installed and no way to the real system's folders. */
class Clone {
  readonly #folder = mkdtempSync(join(tmpdir(), 'steerdns-readme-'));
  readonly #dir = join(this.#folder, 'steerdns');
  #surroundings: Block['surroundings'] = 'none';
  #running: ChildProcess | undefined;

  constructor() {
    for (const name of readdirSync(root)) {
      if (['.git', 'node_modules', 'dist', '.cache'].includes(name)) continue;
      cpSync(join(root, name), join(this.#dir, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(this.#dir, 'node_modules'));
    cpSync(join(root, 'dist'), join(this.#dir, 'dist'), { recursive: true });
    mkdirSync(join(this.#folder, 'bin'));
    mkdirSync(join(this.#folder, 'tmp'));
    symlinkSync(join(this.#dir, 'dist/main.js'), join(this.#folder, 'bin/steerdns'));
  }

  /** Runs a block in its surroundings; rejects with what it printed where it fails. */
  async run(block: Block): Promise<void> {
    await this.#surround(block.surroundings);
    const script = ['-euo', 'pipefail', '-c', block.commands];
    const { code, stdout, stderr } = await runToEnd('bash', script, {
      cwd: this.#dir,
      env: this.#environment(),
    });
    assert.equal(code, 0, `README.md:${block.line}: exit ${code}\n${block.commands}\n${stdout}${stderr}`);
  }

  async remove(): Promise<void> {
    await this.#surround('none');
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #surround(surroundings: Block['surroundings']): Promise<void> {
    if (surroundings === this.#surroundings) return;
    await this.#stop();
    this.#surroundings = surroundings;
    if (surroundings === 'none') return;
    await until(`port ${port} is free`, portTimeoutMs, async () => !(await listens()));
    const [program, ...args] =
      surroundings === 'lab' ? ['npm', 'start'] : [join(this.#folder, 'bin/steerdns'), 'serve'];
    this.#running = spawn(program!, args, {
      cwd: this.#dir,
      env: this.#environment(),
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true, // npm does not pass a signal on: its whole group is ended
    });
    await until(`${surroundings} answers`, startTimeoutMs, async () => {
      const { answer } = await ask(port, 'www.site.example', { timeoutMs: 200 });
      return answer.length > 0;
    });
  }

  async #stop(): Promise<void> {
    const child = this.#running;
    this.#running = undefined;
    if (child?.pid === undefined) return;
    const group = -child.pid;
    process.kill(group, 'SIGTERM');
    await until('it has ended', stopTimeoutMs, async () => !(await listens())).catch(() => {});
    try {
      process.kill(group, 'SIGKILL');
    } catch {
      // nobody is left
    }
  }

  #environment(): NodeJS.ProcessEnv {
    const at = (name: string): string => join(this.#folder, name);
    return {
      PATH: `${at('bin')}:${process.env.PATH}`,
      HOME: at('home'),
      TMPDIR: at('tmp'),
      CONFIGURATION_DIRECTORY: join(this.#dir, 'zones'),
      STATE_DIRECTORY: at('state'),
      RUNTIME_DIRECTORY: at('run'),
    };
  }
}

/** Whether somebody answers on the lab's port; TCP, which says so at once. */
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
