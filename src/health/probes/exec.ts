// The exec probe: a command of the operator's, without a shell, in a process group of its own that is killed
// at the deadline. It gets the address and the port in its environment and nothing else of ours. Exit code 0
// is up; the first line that it writes is the reason. What is the fault of this host (no such file, no
// processes left, too many commands at once) is inconclusive.
import { type ChildProcess, spawn } from 'node:child_process';
import { commandOutputMax, commandsAtOnceMax, commandWordsMax, probeTextMax } from '../../limits.ts';
import { Attempt } from './attempt.ts';
import type { Option, Parsed, Probe } from './probe.ts';

const options = {
  command: {
    kind: 'own',
    parse: parseCommand,
    required: true,
    what: 'an absolute path and its arguments: [/usr/lib/checks/web, --quick]',
  },
} as const satisfies Record<string, Option>;

function parseCommand(written: unknown): Parsed {
  const words: unknown[] = Array.isArray(written) ? written : [written];
  if (words.length > commandWordsMax) return { wrong: `must have at most ${commandWordsMax} words` };
  for (const word of words) {
    if (typeof word !== 'string') return { wrong: 'must be a list of words' };
    if (word.includes('\0')) return { wrong: 'must not have an octet 0' };
    if (Buffer.byteLength(word) > probeTextMax) return { wrong: `has a word of over ${probeTextMax} octets` };
  }
  const path = String(words[0] ?? '');
  if (path.startsWith('/') && /\s/.test(path) && words.length === 1) {
    return { wrong: 'must be a list of words, because no shell takes it apart' };
  }
  return path.startsWith('/') ? { value: words } : { wrong: 'must begin with an absolute path' };
}

/** Commands that run, and what waits for one of them to end. */
let running = 0;
const waiting = new Set<() => void>();

const run: Probe['run'] = (address, port, chosen, deadlineMs, onStep) => {
  const attempt = new Attempt(address, port, deadlineMs, onStep);
  const environment = { STEERDNS_ADDRESS: address, ...(port > 0 && { STEERDNS_PORT: String(port) }) };
  const begin = () => start(attempt, chosen.command as readonly string[], environment);
  if (running < commandsAtOnceMax) {
    begin();
    return attempt.result;
  }
  // Whoever waited has less time than the operator thinks, so that its lateness says nothing either.
  attempt.late = () => attempt.inconclusive(`it waited because ${commandsAtOnceMax} commands run already`);
  waiting.add(begin);
  attempt.cut = () => waiting.delete(begin);
  return attempt.result;
};

function startNext(): void {
  for (const next of waiting) {
    if (running >= commandsAtOnceMax) return;
    waiting.delete(next);
    next();
  }
}

function start(attempt: Attempt, command: readonly string[], environment: Record<string, string>): void {
  attempt.waitsFor = 'end of the command';
  let child: ChildProcess;
  try {
    child = spawn(command[0]!, command.slice(1), {
      cwd: '/',
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    attempt.inconclusive(`the command cannot be started: ${(error as Error).message}`);
    return;
  }
  if (child.pid === undefined) {
    refuse(child, attempt);
    return;
  }
  running++;
  attempt.watch?.('started', `process ${child.pid}: ${command.join(' ')}`);
  const output = new Output(child, () => attempt.fail(`wrote more than ${commandOutputMax} octets`));
  attempt.cut = () => {
    killGroup(child);
    output.close();
  };
  child.once('exit', (code, signal) => {
    attempt.watch?.('ended', String(signal ?? `exit code ${code}`));
    // What it left behind in the background would keep its output open; and nothing of it is to stay.
    killGroup(child);
    attempt.waitsFor = 'end of its output';
    running--;
    startNext();
  });
  child.once('close', (code, signal) => {
    const line = output.firstLine();
    attempt.watch?.('output', output.whole());
    if (code === 0) attempt.ok(line === '' ? 'exit code 0' : line);
    else attempt.fail(`${signal ?? `exit code ${code}`}${line === '' ? '' : `: ${line}`}`);
  });
}

function refuse(child: ChildProcess, attempt: Attempt): void {
  child.once('error', (error: Error & { code?: string }) => {
    if (error.code === 'ENOENT') attempt.inconclusive('there is no such command (ENOENT)');
    else if (error.code === 'EACCES') attempt.inconclusive('the command may not be executed (EACCES)');
    else attempt.broke(error, `the command cannot be started: ${error.message}`);
  });
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    // Nobody is left in the group.
  }
}

/** The first commandOutputMax octets that a command writes, of both streams together. */
class Output {
  readonly #child: ChildProcess;
  readonly #texts: { stdout: string; stderr: string } = { stdout: '', stderr: '' };
  #size = 0;

  constructor(child: ChildProcess, onTooMuch: () => void) {
    this.#child = child;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]!.on('data', (chunk: Buffer) => {
        this.#size += chunk.length;
        if (this.#size > commandOutputMax) onTooMuch();
        else this.#texts[name] += chunk.toString('latin1');
      }).on('error', () => {});
    }
  }

  /** Of stdout, or of stderr where there is none. */
  firstLine(): string {
    for (const text of [this.#texts.stdout, this.#texts.stderr]) {
      const line = Buffer.from(text, 'latin1').toString().trim().split('\n')[0]!.trim();
      if (line !== '') return line;
    }
    return '';
  }

  /** Of both, for whoever watches. */
  whole(): string {
    return `${this.#texts.stdout}${this.#texts.stderr}`.trim();
  }

  close(): void {
    this.#child.stdout!.destroy();
    this.#child.stderr!.destroy();
  }
}

/** Runs a command and believes its exit code. */
export const exec: Probe = { options, defaultPort: 0, run };
