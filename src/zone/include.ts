// The files a zone is read from: which a $INCLUDE may open, and how deep it may go. An included file must lie
// inside the root folder after all symbolic links are followed, wherever the root itself is linked from; no
// file includes itself. Used by scan.ts alone; reading is done by the function it is given, so that kept
// copies can stand in for files.
import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { whyUnreadable } from '../faults.ts';
import { includeDepthMax, includesMax } from '../limits.ts';

/** How a zone's files are reached. */
export type FileAccess = {
  /** The folder that $INCLUDE may not leave. */
  readonly root: string;
  /** Reads a file; throws a NodeJS.ErrnoException. */
  readonly read: (path: string) => Uint8Array;
  /** Follows symbolic links; the file system's own unless the files are kept copies. */
  readonly realpath?: (path: string) => string;
  /** Is told now and then how many records there are. */
  readonly tell?: (text: string) => void;
};

/** The files open at the moment, outermost first. */
export class Includes {
  readonly #access: FileAccess;
  readonly #stack: string[] = [];
  #opened = 0;
  /** The rule of confinement, for hints. */
  readonly rule: string;

  constructor(access: FileAccess) {
    this.#access = access;
    this.rule = `relative to the file that includes it, inside ${access.root}`;
  }

  /** Opens the zone file itself; returns why not as a string. */
  open(path: string): Uint8Array | string {
    this.#stack.push(this.#real(resolve(path)));
    return this.#read(path);
  }

  /** The path of a file that is named in another. */
  resolve(from: string, name: string): string {
    return isAbsolute(name) ? name : join(dirname(from), name);
  }

  /** Opens an included file; returns why not as a string. Each success wants a leave(). */
  enter(path: string): Uint8Array | string {
    if (path.includes('\0')) return 'a file name with a zero octet';
    const real = this.#real(resolve(path));
    const root = this.#real(resolve(this.#access.root));
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep))
      return `${path} lies outside the zone folder`;
    if (this.#stack.includes(real)) return `${path} includes itself`;
    if (this.#stack.length > includeDepthMax)
      return `$INCLUDE is nested deeper than ${includeDepthMax} levels`;
    if (++this.#opened > includesMax) return `more than ${includesMax} files are included`;
    const octets = this.#read(path);
    if (typeof octets !== 'string') this.#stack.push(real);
    return octets;
  }

  leave(): void {
    this.#stack.pop();
  }

  /** An absolute path without symbolic links, as far as it exists. */
  #real(path: string): string {
    try {
      return (this.#access.realpath ?? realpathSync.native)(path);
    } catch {
      const parent = dirname(path);
      return parent === path ? path : join(this.#real(parent), basename(path));
    }
  }

  #read(path: string): Uint8Array | string {
    try {
      return this.#access.read(path);
    } catch (error) {
      return `cannot read ${path}: ${whyUnreadable(error as NodeJS.ErrnoException)}`;
    }
  }
}
