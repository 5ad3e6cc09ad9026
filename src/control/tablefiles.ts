// Zone tables in the run directory: those that one load makes stand one behind the other in one file, so that
// ten thousand small zones are not ten thousand files. A file stays while a zone in service has its table in
// it; what is left of one that is mostly of the past moves into the file of the next load. load.ts makes one
// of these per load.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { HEADER, tableId, ZONE, zoneMagic } from '../answer/layout.ts';
import { readInto } from '../serve/files.ts';

/** Where a table is: offset and length in octets. */
export type TablePlace = { readonly file: string; readonly at: number; readonly length: number };

const headerSize = ZONE.words * 4;

export class TableFiles {
  readonly #dir: string;
  readonly #path: string;
  readonly #thin: ReadonlySet<string>;
  #found: ReadonlyMap<string, TablePlace> | undefined;
  #descriptor = -1;
  #used = 0;

  /** `known` are the tables in service. */
  constructor(dir: string, known: readonly TablePlace[]) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#dir = dir;
    this.#path = join(dir, `${randomBytes(8).toString('hex')}.tables`);
    this.#thin = thinFiles(known);
  }

  /** Writes a table into this load's file. */
  add(table: Uint8Array): TablePlace {
    if (this.#descriptor < 0) this.#descriptor = openSync(this.#path, 'wx', 0o600);
    const at = this.#used;
    for (let done = 0; done < table.length; ) done += writeSync(this.#descriptor, table, done);
    this.#used += table.length;
    return { file: this.#path, at, length: table.length };
  }

  /** Leaves a table where it is, or moves it where not much else of its file is in service. */
  keep(place: TablePlace, table: Uint8Array): TablePlace {
    return this.#thin.has(place.file) ? this.add(table) : place;
  }

  /** Finds a table that an earlier process has left: its header must say so, the rest may be damaged. */
  find(id: string): TablePlace | undefined {
    this.#found ??= tablesIn(this.#dir);
    return this.#found.get(id);
  }

  close(): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
  }
}

/** Reads a table as a run of octets of its own, aligned as its words need it. */
export function openTable({ file, at, length }: TablePlace): Uint8Array {
  const table = new Uint8Array(length);
  readInto(file, at, table);
  return table;
}

/** Files of which less than half is in service. */
function thinFiles(known: readonly TablePlace[]): Set<string> {
  const served = new Map<string, number>();
  for (const { file, length } of known) served.set(file, (served.get(file) ?? 0) + length);
  const thin = [...served].filter(([file, size]) => {
    return size * 2 < (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  });
  return new Set(thin.map(([file]) => file));
}

function tablesIn(dir: string): Map<string, TablePlace> {
  const found = new Map<string, TablePlace>();
  const header = new Uint32Array(ZONE.words);
  for (const name of readdirSync(dir).filter((one) => one.endsWith('.tables'))) {
    const file = join(dir, name);
    const descriptor = openSync(file, 'r');
    try {
      const { size } = fstatSync(descriptor);
      for (let at = 0; at + headerSize <= size; at += header[HEADER.length]!) {
        readSync(descriptor, header, 0, headerSize, at);
        const length = header[HEADER.length]!;
        if (header[HEADER.magic] !== zoneMagic || length < headerSize || at + length > size) break;
        found.set(tableId(header), { file, at, length });
      }
    } finally {
      closeSync(descriptor);
    }
  }
  return found;
}
