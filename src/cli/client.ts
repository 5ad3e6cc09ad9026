// A command's way to the daemon: one HTTP exchange over the control socket, and the exit code where there is
// none.
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import type { Status } from '../control/status.ts';
import { clientTimeoutMs, queryTimeoutMs } from '../limits.ts';
import { findControl, runDirOf } from '../paths.ts';
import { complain, EXIT, textOf, type Values } from './command.ts';

export type Answer = { readonly status: number; readonly body: unknown };

/** Asks the daemon, or complains and gives the exit code that says why it cannot be asked. */
export async function ask(values: Values, method: 'GET' | 'POST', path: string): Promise<Answer | number> {
  const socketPath = findControl({ control: textOf(values, 'control') });
  try {
    return await exchange(socketPath, method, path);
  } catch (error) {
    return explainSilence(socketPath, error as NodeJS.ErrnoException);
  }
}

export function exchange(socketPath: string, method: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const message = request({ socketPath, method, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) });
        } catch {
          reject(new Error('the answer is not JSON: is something else listening there?'));
        }
      });
    });
    message.setTimeout(method === 'GET' ? queryTimeoutMs : clientTimeoutMs, () =>
      message.destroy(new Error('no answer in time')),
    );
    message.on('error', reject);
    message.end();
  });
}

/** Opens what is a text and comes as it likes; the caller looks at its status. */
export function open(
  socketPath: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, headers, agent: false }, resolve).on('error', reject).end();
  });
}

function explainSilence(socketPath: string, error: NodeJS.ErrnoException): number {
  const { exit, text } = silenceOf(socketPath, error);
  complain(text);
  return exit;
}

/** Why a daemon cannot be asked, as the exit code that says so and as a sentence. */
export type Unasked = { readonly exit: number; readonly text: string };

/** What an exchange that failed says of the daemon. */
export function silenceOf(socketPath: string, error: NodeJS.ErrnoException): Unasked {
  const absent = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTDIR'].includes(error.code ?? '');
  const pid = absent ? livingServer(runDirOf(socketPath)) : undefined;
  if (pid !== undefined) {
    const text = `DNS is served (process ${pid}), but the control process is restarting: try again`;
    return { exit: EXIT.controlRestarting, text };
  }
  if (absent) return { exit: EXIT.notRunning, text: `not running: nobody answers on ${socketPath}` };
  const isClosed = error.code === 'EACCES';
  const text = isClosed ? 'is not open to this user: see control: in steerdns.yaml' : `: ${error.message}`;
  return { exit: EXIT.failed, text: `${socketPath}${isClosed ? ' ' : ''}${text}` };
}

/** The process that the server's status file names, where it lives. */
export function livingServer(runDir: string): number | undefined {
  let pid: unknown;
  try {
    pid = (JSON.parse(readFileSync(join(runDir, 'server.json'), 'utf8')) as { pid?: unknown }).pid;
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0) return undefined;
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // EPERM: it lives and is another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? (pid as number) : undefined;
  }
}

/** The daemon's status, or the exit code that says why there is none. */
export async function askStatus(values: Values): Promise<Status | number> {
  const answer = await ask(values, 'GET', '/status');
  if (typeof answer === 'number') return answer;
  return answer.status === 200 ? (answer.body as Status) : refused(answer);
}

/** Prints a daemon's refusal, `{ error, hint }`, and gives the exit code. */
export function refused({ body }: Answer): number {
  const { error, hint } = (body ?? {}) as { error?: unknown; hint?: unknown };
  complain(String(error ?? 'refused'), String(hint ?? ''));
  return EXIT.failed;
}
