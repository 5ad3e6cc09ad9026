// The query log's reader: makes a line of the log of each entry that the threads have noted (answer/
// querylog.ts). In the server's main thread; its timer runs only while the query log is on.
import { ENTRY, RING } from '../answer/querylog.ts';
import { queryLogDrainMs, queryLogEntries } from '../limits.ts';
import { log } from '../log.ts';
import { printSocketAddress } from '../wire/addresses.ts';
import { printAddress } from '../wire/literals.ts';
import { printName } from '../wire/names.ts';
import { rcodeText } from '../wire/numbers.ts';

export class QueryDrain {
  readonly #shared: Int32Array;
  readonly #cell: number;
  #rings: readonly SharedArrayBuffer[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `shared[cell]` is the word that tells threads which part of 2^32 to note. */
  constructor(shared: Int32Array, cell: number) {
    this.#shared = shared;
    this.#cell = cell;
  }

  /** Sets the threads' rings. */
  follow(rings: readonly SharedArrayBuffer[]): void {
    this.#rings = rings;
  }

  /** Notes this part of all responses from now on, 0 to 1. */
  sample(part: number): void {
    Atomics.store(this.#shared, this.#cell, Math.min(0xffff_ffff, Math.round(part * 2 ** 32)) | 0);
    clearInterval(this.#timer);
    if (part > 0) this.#timer = setInterval(() => this.drain(), queryLogDrainMs).unref();
    else setTimeout(() => this.drain(), queryLogDrainMs).unref(); // what was noted before that
  }

  /** Entries that found a ring full. */
  get lost(): number {
    return this.#rings.reduce((sum, ring) => sum + (new Int32Array(ring)[RING.lost]! >>> 0), 0);
  }

  /** Makes lines of what was noted. */
  drain(): void {
    for (const ring of this.#rings) {
      const words = new Int32Array(ring, 0, RING.words);
      const entries = Buffer.from(ring, RING.words * 4);
      let read = words[RING.read]!;
      for (const end = Atomics.load(words, RING.written); read !== end; read = (read + 1) | 0) {
        const at = (read & (queryLogEntries - 1)) * ENTRY.size;
        log.info(describe(entries.subarray(at, at + ENTRY.size)), 'query');
      }
      Atomics.store(words, RING.read, read);
    }
  }
}

/** An entry as the log has it. Names are escaped as in a zone file: no octet gets into the log as it is. */
function describe(entry: Buffer) {
  const address = entry.subarray(ENTRY.address, ENTRY.address + entry[ENTRY.addressSize]!);
  const name = entry.subarray(ENTRY.name, ENTRY.name + entry[ENTRY.nameSize]!);
  const rcode = entry.readUInt16LE(ENTRY.rcode);
  return {
    at: new Date(entry.readUInt32LE(ENTRY.seconds) * 1000).toISOString(),
    client: printSocketAddress(printAddress(address), entry.readUInt16LE(ENTRY.port)),
    transport: entry[ENTRY.transport] === 0 ? 'udp' : 'tcp',
    name: name.length === 0 ? '' : printName(name),
    type: entry.readUInt16LE(ENTRY.type),
    rcode: rcodeText[rcode] ?? String(rcode),
    size: entry.readUInt32LE(ENTRY.length),
  };
}
