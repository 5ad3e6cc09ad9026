// The operator's files as one load sees them: each is read once, so that what is checked, what is compiled
// and what is kept as accepted are the same octets even while somebody writes. Only ordinary files, of
// bounded size.
import { createHash } from 'node:crypto';
import { closeSync, constants, existsSync, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { originOf } from '../config/owners.ts';
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

/** A load of one zone: everything else is read as it was accepted. */
type Partial = { readonly only: string; readonly acceptedDir: string };

/** Reads files below `dir`, each once. */
export class Sources {
  readonly dir: string;
  readonly #read = new Map<string, Read | Error>();
  readonly #partial: Partial | undefined;
  /** Whether the zone that is being read is the one of a partial load: then its files are the operator's. */
  #isOwn = false;
  /** Where each path was really read; of a file that two zones include, the operator's. */
  readonly #places = new Map<string, string>();

  constructor(dir: string, partial?: Partial) {
    this.dir = dir;
    this.#partial = partial;
  }

  /** Names in a folder, sorted; throws the system's error. */
  readonly list = (dir: string): string[] => {
    if (this.#partial === undefined) return readdirSync(dir).sort();
    const own = readdirSync(dir).filter((name) => this.#isOfZone(name));
    const others = readdirSync(this.#partial.acceptedDir).filter((name) => !this.#isOfZone(name));
    return [...own, ...others].sort();
  };

  /** Says which zone's files are read from now on. */
  enter(origin: string): void {
    this.#isOwn = origin === this.#partial?.only;
  }

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
      const read = this.#read.get(this.#places.get(path) ?? path);
      const below = relative(this.dir, path);
      if (read === undefined || read instanceof Error || below.startsWith('..') || isAbsolute(below))
        continue;
      collected.push({ path: below, digest: read.digest, content: read.content });
    }
    return collected;
  }

  #isOfZone(name: string): boolean {
    const origin = /\.(zone|yaml)$/.test(name) ? originOf(name.replace(/\.[^.]*$/, '')) : undefined;
    return origin !== undefined && 'value' in origin && origin.value === this.#partial?.only;
  }

  /** Where a file is read: of a partial load, what is not of its zone where it was accepted. */
  #placeOf(path: string): string {
    if (this.#partial === undefined) return path;
    const below = relative(this.dir, path);
    const isNamed = /^[^/]*\.(zone|yaml)$/.test(below);
    const isOwn = isNamed ? this.#isOfZone(below) : this.#isOwn;
    const accepted = join(this.#partial.acceptedDir, below);
    if (isOwn || below.startsWith('..') || !(isNamed || existsSync(accepted))) return path;
    return accepted;
  }

  #load(named: string): Read {
    const path = this.#placeOf(named);
    if (path === named || !this.#places.has(named)) this.#places.set(named, path);
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
