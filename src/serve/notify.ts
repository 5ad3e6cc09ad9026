// Tells systemd how the server is (sd_notify(3)): a datagram of NAME=value lines on a unix socket. Node
// has no such socket, so it goes through libc; without libc systemd's own command is run for what matters.
// Never throws and never keeps the server from its work: who does not listen is not told.
import { spawn } from 'node:child_process';
import { libc, libcFault } from './libc.ts';
import { AF_UNIX, unixDatagrams } from './socket.ts';
import type { Systemd } from './systemd.ts';
import { Watchdog, type Watched } from './watchdog.ts';

const MSG_NOSIGNAL = 0x4000;

export class Notifier {
  readonly #path: string | undefined;
  readonly #watchdogMs: number | undefined;
  readonly #watched: Watched;
  #watchdog: Watchdog | undefined;
  #fd: number | undefined;
  #status = '';

  /** For the socket that systemd has named; without one every call does nothing. */
  constructor({ notifyPath, watchdogMs }: Systemd, watched: Watched) {
    this.#path = notifyPath;
    this.#watchdogMs = watchdogMs;
    this.#watched = watched;
  }

  /** The server answers; from now on it shows that it lives, where that is wanted. */
  ready(): void {
    this.#tell(['READY=1', ...this.#statusLines()]);
    if (this.#path === undefined || this.#watchdogMs === undefined) return;
    this.#watchdog = new Watchdog(this.#watchdogMs, this.#watched, () => this.#tell(['WATCHDOG=1']));
  }

  /** The server is about to end. */
  stopping(): void {
    this.#watchdog?.stop();
    this.#tell(['STOPPING=1']);
  }

  /** A line for `systemctl status`; without libc it goes out with the next thing that matters. */
  status(text: string): void {
    if (text === this.#status) return;
    this.#status = text;
    if (libcFault === undefined) this.#tell(this.#statusLines());
  }

  #statusLines(): string[] {
    return this.#status === '' ? [] : [`STATUS=${this.#status.replaceAll('\n', ' ')}`];
  }

  #tell(lines: readonly string[]): void {
    if (this.#path === undefined) return;
    if (libcFault === undefined) this.#send(this.#path, lines);
    else this.#run(this.#path, lines);
  }

  #send(path: string, lines: readonly string[]): void {
    const message = new TextEncoder().encode(lines.join('\n'));
    const name = socketName(path);
    this.#fd ??= unixDatagrams();
    libc().sendto(this.#fd, message, message.length, MSG_NOSIGNAL, name, name.length);
  }

  #run(path: string, lines: readonly string[]): void {
    const { PATH } = process.env;
    const environment = { NOTIFY_SOCKET: path, PATH };
    spawn('systemd-notify', [...lines], { stdio: 'ignore', env: environment })
      .on('error', () => {})
      .unref();
  }
}

/** A struct sockaddr_un (unix(7)): an abstract name begins with a zero octet and has none behind it. */
function socketName(path: string): Uint8Array {
  const isAbstract = path.startsWith('@');
  const text = new TextEncoder().encode(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  const name = new Uint8Array(2 + text.length);
  new DataView(name.buffer).setUint16(0, AF_UNIX, true);
  name.set(text, 2);
  return name;
}
