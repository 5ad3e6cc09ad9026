// The operator's files as one load sees them: each is read once, so that what is checked, what is compiled
// and what is kept as accepted are the same octets even while somebody writes. Only ordinary files, of
// bounded size.
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { sourceSizeMax } from '../limits.ts';

/** One file that was read. */
export type Source = {
  /** Path below the configuration folder. */
  readonly path: string;
  /** SHA-256 of the content. */
  readonly digest: string;
  readonly content: Uint8Array;
};

/** A file as it was read, with its permission bits. */
type Read = { readonly content: Uint8Array; readonly digest: string; readonly mode: number };

/** Reads files below `dir`, each once. */
export class Sources {
  readonly dir: string;
  readonly #read = new Map<string, Read | Error>();

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Names in a folder, sorted; throws the system's error. */
  readonly list = (dir: string): string[] => readdirSync(dir).sort();

  /** Content of a file; throws the system's error, the same one each time. */
  readonly read = (path: string): Uint8Array => this.#load(path).content;

  /** Whether every user of the machine may read the file; throws as read() does. */
  readonly isOpenToAll = (path: string): boolean => (this.#load(path).mode & 0o004) !== 0;

  /** SHA-256 of a file's content; throws as read() does. */
  digest(path: string): string {
    return this.#load(path).digest;
  }

  /** The files of `paths` that were read and lie below the folder. */
  collect(paths: Iterable<string>): Source[] {
    const collected: Source[] = [];
    for (const path of new Set(paths)) {
      const read = this.#read.get(path);
      const below = relative(this.dir, path);
      if (read === undefined || read instanceof Error || below.startsWith('..') || isAbsolute(below))
        continue;
      collected.push({ path: below, digest: read.digest, content: read.content });
    }
    return collected;
  }

  #load(path: string): Read {
    let read = this.#read.get(path);
    if (read === undefined) {
      try {
        const { content, mode } = readOrdinary(path);
        read = { content, mode, digest: createHash('sha256').update(content).digest('hex') };
      } catch (error) {
        read = error as Error;
      }
      this.#read.set(path, read);
    }
    if (read instanceof Error) throw read;
    return read;
  }
}

/** Reads a file; a pipe or a device would stall the load for ever. */
function readOrdinary(path: string): Omit<Read, 'digest'> {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK); // a pipe would be waited for
  try {
    const status = fstatSync(file);
    const { size, mode } = status;
    if (!status.isFile()) throw Object.assign(new Error('not an ordinary file'), { code: 'EINVAL' });
    if (size > sourceSizeMax)
      throw Object.assign(new Error(`larger than ${sourceSizeMax} octets`), { code: 'EFBIG' });
    const content = readFileSync(file);
    // A small file's Buffer is a piece of a shared pool; what goes to another thread must own its octets.
    const isWhole = content.byteLength === content.buffer.byteLength;
    return { content: isWhole ? content : new Uint8Array(content), mode };
  } finally {
    closeSync(file);
  }
}
