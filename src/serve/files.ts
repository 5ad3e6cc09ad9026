// Files read and written whole: tables, of which one file holds many, and what the server keeps for its next
// start. Light to import: the loader reads tables with it too.
import { closeSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Fills `into` from offset `from` of a file; throws where the file ends before. */
export function readInto(path: string, from: number, into: Uint8Array): void {
  const descriptor = openSync(path, 'r');
  try {
    for (let at = 0; at < into.length; ) {
      const read = readSync(descriptor, into, at, into.length - at, from + at);
      if (read === 0) throw new Error(`${path} is shorter than announced`);
      at += read;
    }
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes a small file whole or not at all, never through a link: we may still be root, and who owns the
 * directory may have put one there.
 */
export function writeAnew(path: string, content: string | Uint8Array, mode = 0o600): void {
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, content, { mode, flag: 'wx' });
  renameSync(`${path}.new`, path);
}
