// Plays systemd for tests: a socket that hears what a service tells (sd_notify(3)), and a hold on the
// sockets that it was passed.
import koffi from 'koffi';
import { libc } from '../src/serve/libc.ts';
import { AF_UNIX } from '../src/serve/socket.ts';
import { until } from './until.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;
const messageMax = 4096;

const library = koffi.load(null);
const recv = library.func('int64_t recv(int, void*, uint64_t, int)');
const connect = library.func('int connect(int, void*, uint32_t)');

/** The socket that NOTIFY_SOCKET names. */
export class NotifySocket {
  readonly path: string;
  readonly #fd: number;
  /** Lines that have come, each message's in its order. */
  readonly lines: string[] = [];

  constructor(path: string) {
    this.path = path;
    this.#fd = libc().socket(AF_UNIX, SOCK_DGRAM, 0);
    const name = Buffer.from(`\0\0${path}\0`);
    name.writeUInt16LE(AF_UNIX, 0);
    if (libc().bind(this.#fd, name, name.length) !== 0) throw libc().error(`bind ${path}`);
  }

  /** Takes in what has come; the lines that are new. */
  hear(): readonly string[] {
    const before = this.lines.length;
    const message = new Uint8Array(messageMax);
    for (;;) {
      const size = recv(this.#fd, message, message.length, MSG_DONTWAIT) as number;
      if (size <= 0) return this.lines.slice(before);
      const text = new TextDecoder().decode(message.subarray(0, size));
      this.lines.push(...text.split('\n').filter((line) => line !== ''));
    }
  }

  /** Waits for a line that has not been heard before. */
  async next(line: string, timeoutMs: number): Promise<void> {
    const said = (): string => `${line} is said; said were ${this.lines.join(', ')}`;
    await until(said, timeoutMs, () => this.hear().includes(line));
  }

  close(): void {
    libc().close(this.#fd);
  }
}

/** Has a UDP socket hear nobody but a port of this machine; undefined: everybody again. */
export function hearOnly(fd: number, port: number | undefined): void {
  const name = Buffer.alloc(16); // family 0, AF_UNSPEC, dissolves it (connect(2))
  if (port !== undefined) {
    name.writeUInt16LE(AF_INET, 0);
    name.writeUInt16BE(port, 2);
    name.set([127, 0, 0, 1], 4);
  }
  if ((connect(fd, name, name.length) as number) !== 0) throw libc().error('connect');
}
