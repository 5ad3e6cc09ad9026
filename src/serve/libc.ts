// The door to koffi: the few functions of libc that sockets need, sync, and nothing else. koffi is an
// optional dependency; where it or the platform is missing, libcFault says so in a sentence and UDP goes
// through node:dgram.

const F_DUPFD_CLOEXEC = 1030;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

/** libc as mmsg.ts sees it. Addresses are bigints made by `address`; a result below 0 means error(). */
export type LibC = {
  readonly socket: (family: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, name: Uint8Array, size: number) => number;
  readonly listen: (fd: number, backlog: number) => number;
  /** Another descriptor of the same socket, closed when a program is started. */
  readonly dup: (fd: number) => number;
  /** Has calls on the socket wait, as long as its own timeouts say. */
  readonly setBlocking: (fd: number) => void;
  readonly getsockname: (fd: number, name: Uint8Array, size: Int32Array) => number;
  readonly setsockopt: (fd: number, level: number, option: number, value: Uint8Array, size: number) => number;
  readonly getsockopt: (
    fd: number,
    level: number,
    option: number,
    value: Uint8Array,
    size: Int32Array,
  ) => number;
  readonly sendto: (
    fd: number,
    octets: Uint8Array,
    size: number,
    flags: number,
    name: Uint8Array,
    nameSize: number,
  ) => number;
  readonly close: (fd: number) => number;
  readonly poll: (polls: bigint, count: number, timeoutMs: number) => number;
  readonly recvmmsg: (fd: number, headers: bigint, count: number, flags: number, timeout: null) => number;
  readonly sendmmsg: (fd: number, headers: bigint, count: number, flags: number) => number;
  readonly madvise: (address: bigint, size: number, advice: number) => number;
  readonly clock_gettime: (clock: number, time: bigint) => number;
  /** Address of a buffer's memory, which stays where it is as long as the buffer is referenced. */
  readonly address: (buffer: ArrayBuffer | Uint8Array) => bigint;
  /** The error of the call just made. */
  readonly error: (what: string) => NodeJS.ErrnoException;
};

/** Loads libc, or says why it cannot be had. */
async function loadLibC(): Promise<LibC | string> {
  if (process.platform !== 'linux') return `batched UDP needs Linux, this is ${process.platform}`;
  if (process.arch !== 'x64' && process.arch !== 'arm64')
    return `batched UDP is not tried on ${process.arch}`;
  let koffi: typeof import('koffi')['default'];
  try {
    koffi = (await import('koffi')).default;
  } catch (error) {
    return `koffi cannot be loaded: ${(error as Error).message.split('\n')[0]}`;
  }
  const library = koffi.load(null); // the process's own symbols: glibc and musl alike
  const fcntl = library.func('int fcntl(int, int, ...)');
  return {
    socket: library.func('int socket(int, int, int)'),
    bind: library.func('int bind(int, void*, uint32_t)'),
    listen: library.func('int listen(int, int)'),
    dup: (fd) => fcntl(fd, F_DUPFD_CLOEXEC, 'int', 0) as number,
    setBlocking: (fd) => {
      const flags = fcntl(fd, F_GETFL, 'int', 0) as number;
      fcntl(fd, F_SETFL, 'int', flags & ~O_NONBLOCK);
    },
    getsockname: library.func('int getsockname(int, void*, void*)'),
    setsockopt: library.func('int setsockopt(int, int, int, void*, uint32_t)'),
    getsockopt: library.func('int getsockopt(int, int, int, void*, void*)'),
    sendto: library.func('int64_t sendto(int, void*, uint64_t, int, void*, uint32_t)'),
    close: library.func('int close(int)'),
    poll: library.func('int poll(void*, uint64_t, int)'),
    recvmmsg: library.func('int recvmmsg(int, void*, uint32_t, int, void*)'),
    sendmmsg: library.func('int sendmmsg(int, void*, uint32_t, int)'),
    madvise: library.func('int madvise(void*, uint64_t, int)'),
    clock_gettime: library.func('int clock_gettime(int, void*)'),
    address: (buffer) => koffi.address(buffer),
    error: (what) => {
      const number = koffi.errno();
      const code =
        Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
      return Object.assign(new Error(`${what}: ${code}`), { code });
    },
  };
}

const loaded = await loadLibC();

/** Why libc cannot be had; undefined: it can. */
export const libcFault = typeof loaded === 'string' ? loaded : undefined;

/** libc; only where libcFault is undefined. */
export function libc(): LibC {
  if (typeof loaded === 'string') throw new Error(loaded);
  return loaded;
}
