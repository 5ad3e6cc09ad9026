// A real `steerdns serve` for end-to-end tests, from source or from dist/, in a temporary folder of its own
// on a free port of the loopback. Ended by its process id; `setpriv --pdeathsig` ends it even when the test
// itself is killed.
//
//   folder/zones/   what the operator writes     folder/state/   kept between runs
//   folder/run/     control.sock, tables         folder/log      what serve printed
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ReloadReport } from '../src/control/reload.ts';
import type { MemberStatus, PoolStatus, Status } from '../src/control/status.ts';
import { build, built, root } from './build.ts';
import { freePort } from './ports.ts';
import { find } from './tools.ts';
import { until } from './until.ts';

export type DaemonOptions = {
  /** Files of the configuration folder by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Where the program is run from; `dist`, which starts in a fifth of the time, unless said otherwise. */
  readonly from?: 'source' | 'dist';
  /** The program and its first arguments, in place of `from`. */
  readonly program?: readonly string[];
  /** What serve is started by, in place of this process: `unshare --net`, say. */
  readonly by?: readonly string[];
  /** More flags for serve. */
  readonly flags?: readonly string[];
  /** Descriptors of sockets that are passed as systemd does, for the port; then there is no --listen. */
  readonly passed?: (port: number) => readonly number[];
  /** `yaml`: without --listen, on what steerdns.yaml says; `port` is then of no meaning. */
  readonly listen?: 'yaml';
  readonly environment?: Readonly<Record<string, string>>;
};

/** A command that has ended. */
export type Ended = { readonly code: number | string; readonly stdout: string; readonly stderr: string };

const startTimeoutMs = 20_000;
const stopTimeoutMs = 10_000;
const commandTimeoutMs = 60_000;

const running = new Set<Daemon>();
process.on('exit', () => {
  for (const daemon of running) daemon.remove();
});

export class Daemon {
  readonly folder: string;
  readonly port: number;
  readonly #options: DaemonOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<number | string> = new Promise(() => {});

  /** Starts a daemon and waits until it answers queries. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const daemon = await Daemon.make(options);
    daemon.launch();
    try {
      await daemon.answering();
    } catch (error) {
      await daemon.close();
      throw error;
    }
    return daemon;
  }

  /** Makes the folder and chooses the port; nothing runs yet. */
  static async make(options: DaemonOptions): Promise<Daemon> {
    if (options.program === undefined && options.from !== 'source') await build();
    return new Daemon(options, await freePort());
  }

  private constructor(options: DaemonOptions, port: number) {
    this.folder = mkdtempSync(join(tmpdir(), 'steerdns-'));
    this.port = port;
    this.#options = options;
    for (const folder of ['zones', 'state', 'run']) mkdirSync(join(this.folder, folder));
    for (const [path, text] of Object.entries(options.files)) this.write(path, text);
    running.add(this);
  }

  get controlPath(): string {
    return join(this.folder, 'run', 'control.sock');
  }

  get stateDir(): string {
    return join(this.folder, 'state');
  }

  /** Process id of the server. */
  get pid(): number {
    assert.ok(this.#child?.pid !== undefined, 'the daemon was not started');
    return this.#child.pid;
  }

  /** Exit code or signal of the server, once it has ended. */
  get ended(): Promise<number | string> {
    return this.#ended;
  }

  /** Writes a file of the configuration folder. */
  write(path: string, text: string): void {
    const full = join(this.folder, 'zones', path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }

  /** Starts the process and does not wait. */
  launch(): void {
    const { listen } = this.#options;
    const passed = this.#options.passed?.(this.port);
    const flags = [
      ...['--config', join(this.folder, 'zones'), '--state', this.stateDir],
      ...['--control', this.controlPath],
      ...(passed !== undefined || listen === 'yaml' ? [] : ['--listen', `127.0.0.1:${this.port}`]),
      ...(this.#options.flags ?? []),
    ];
    const ties = find('setpriv') === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL'];
    const by = [...(this.#options.by ?? []), ...(passed === undefined ? [] : withSockets(passed.length))];
    const [program, ...args] = [...ties, ...by, ...this.#program(), 'serve', ...flags];
    const log = openSync(join(this.folder, 'log'), 'a');
    const stdio = ['ignore' as const, log, log, ...(passed ?? [])];
    const child = spawn(program!, args, { ...this.#surroundings(), stdio });
    closeSync(log);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? code!));
    });
  }

  /** Resolves when queries are answered; throws with the log when the server ends instead. */
  async answering(timeoutMs = startTimeoutMs): Promise<Status> {
    let isOver: number | string | undefined;
    void this.#ended.then((code) => (isOver = code));
    const status = await until(
      () => `the daemon answers\n${this.log()}`,
      timeoutMs,
      async () => {
        if (isOver !== undefined) return 'over';
        const now = await this.status();
        return now.server?.answering === true && now.control.loadedAt !== undefined && now;
      },
    );
    if (status === 'over') throw new Error(`the daemon ended with ${isOver}\n${this.log()}`);
    return status;
  }

  /** Runs a command against it, as an operator would. */
  run(verb: string, ...args: readonly string[]): Promise<Ended> {
    return this.program(verb, ...args, '--control', this.controlPath);
  }

  /** Runs a command that needs no daemon. */
  program(verb: string, ...args: readonly string[]): Promise<Ended> {
    const [program, ...first] = this.#program();
    return runToEnd(program!, [...first, verb, ...args], this.#surroundings());
  }

  /** What `steerdns status --json` prints, without the cost of a process. */
  async status(): Promise<Status> {
    return (await this.#exchange('GET', '/status')) as Status;
  }

  /** What `steerdns reload --json` prints, without the cost of a process. */
  async reload(): Promise<ReloadReport> {
    return (await this.#exchange('POST', '/reload')) as ReloadReport;
  }

  /** A pool's family as status has it. */
  async pool(owner: string, type: 'A' | 'AAAA' = 'A'): Promise<PoolStatus> {
    const { zones } = await this.status();
    const pool = zones.flatMap(({ pools }) => pools).find((one) => one.owner === owner && one.type === type);
    assert.ok(pool !== undefined, `no pool ${owner} ${type}`);
    return pool;
  }

  async member(owner: string, address: string): Promise<MemberStatus> {
    const member = (await this.pool(owner)).members.find((one) => one.address === address);
    assert.ok(member !== undefined, `no member ${address} of ${owner}`);
    return member;
  }

  /** What the server and its control process have printed so far. */
  log(): string {
    try {
      return readFileSync(join(this.folder, 'log'), 'utf8');
    } catch {
      return '';
    }
  }

  /** Sends the server a signal. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Ends it as an operator does; resolves with its exit code, or the signal that was needed. */
  async stop(): Promise<number | string> {
    if (this.#child === undefined) return 0;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), stopTimeoutMs);
    const code = await this.#ended;
    clearTimeout(timer);
    return code;
  }

  /** Ends it and removes its folder; for `after`. */
  async close(): Promise<void> {
    await this.stop();
    this.remove();
  }

  /** Removes the folder, whatever still runs. */
  remove(): void {
    running.delete(this);
    this.#child?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #program(): readonly string[] {
    const { program, from } = this.#options;
    if (program !== undefined) return program;
    return from === 'source' ? [process.execPath, '--import', 'tsx', join(root, 'src/main.ts')] : built;
  }

  /** From source tsx must be found from the current directory; what is installed must do without ours. */
  #surroundings(): { readonly cwd: string; readonly env: NodeJS.ProcessEnv } {
    const { HOME, PATH, TMPDIR } = process.env;
    const cwd = this.#options.program === undefined ? root : this.folder;
    return { cwd, env: { HOME, PATH, TMPDIR, ...this.#options.environment } };
  }

  #exchange(method: string, path: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const message = request({ socketPath: this.controlPath, method, path, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          try {
            resolve(JSON.parse(text));
          } catch (error) {
            reject(error);
          }
        });
      });
      message.on('error', reject);
      message.end();
    });
  }
}

/** What passes the descriptors from 3 on to the program behind it, as sd_listen_fds(3) has it. */
function withSockets(count: number): readonly string[] {
  return ['sh', '-c', `export LISTEN_FDS=${count} LISTEN_PID=$$; exec "$@"`, 'sh'];
}

/** Runs a program to its end without blocking this process, which may be sending queries. */
export function runToEnd(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), commandTimeoutMs);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: signal ?? code!, stdout, stderr });
    });
  });
}
