// A network namespace for one daemon, where it may have port 53 and where addresses come and go as a test
// wants. Only root can make one: see asroot.ts.
import assert from 'node:assert/strict';
import { type Daemon, runToEnd } from './daemon.ts';

/** The value of `by` for a daemon in a network of its own, which has a loopback and nothing else. */
export const ownNetwork: readonly string[] = inOwnNetwork('true');

/** The same, after a shell command in it. */
export function inOwnNetwork(command: string): readonly string[] {
  return ['unshare', '--net', 'sh', '-c', `ip link set lo up && ${command} && exec "$@"`, 'sh'];
}

/** Runs a command where the daemon is, and gives what it printed; it must end well. */
export async function runThere(daemon: Daemon, ...command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runToEnd('nsenter', [
    `--net=/proc/${daemon.pid}/ns/net`,
    ...command,
  ]);
  assert.equal(code, 0, `${command.join(' ')}\n${stdout}${stderr}\n${daemon.log()}`);
  return stdout.trim();
}

/** What dig, where the daemon is, says to these arguments in short: the addresses, or nothing. */
export async function digThere(daemon: Daemon, ...args: readonly string[]): Promise<string> {
  const all = ['dig', ...args, '+short', '+tries=1', '+time=3'];
  const { stdout } = await runToEnd('nsenter', [`--net=/proc/${daemon.pid}/ns/net`, ...all]);
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .join(' ');
}
