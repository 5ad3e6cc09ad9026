// The records of one zone as columns: what scan.ts writes and zone.ts, check.ts and compile.ts read. A
// million records are a dozen typed arrays, not a million objects. Records stand in file order; names and
// RDATA are wire octets (uncompressed, case as written) in one octet store; consecutive records of one owner
// share its octets. Where a record stands is an offset; line and column are counted when a fault needs them.
import { columnIn } from '../wire/tokens.ts';

const newline = 0x0a;
/** A short line is a little longer than this, and a name without its origin becomes longer on the wire. */
const octetsPerRecord = 16;
const octetsPerTextOctet = 1.5;

/** Records of one zone, in file order. Column i of every array describes record i. */
export class Records {
  /** How many records there are; rows beyond are room. */
  count = 0;
  /** Offset in `octets` of the owner name in wire form, ending with the root label. */
  ownerAt = new Uint32Array(64);
  /** Length of the owner name in octets, 1 to 255. */
  ownerLength = new Uint8Array(64);
  /** RR type, 1 to 65535. The class is always IN. */
  type = new Uint16Array(64);
  /** TTL in seconds, 0 to 2^31-1 (RFC 2181 §8). */
  ttl = new Uint32Array(64);
  /** Offset in `octets` and length of the RDATA in wire form, names in it uncompressed. */
  rdataAt = new Uint32Array(64);
  rdataLength = new Uint16Array(64);
  /** Index in `files`, and the offset in that file's text at which the record's type stands. */
  file = new Uint16Array(64);
  placeAt = new Uint32Array(64);
  /** Every file that was read, the zone file first, as given to the operator; and what stands in it. */
  readonly files: string[] = [];
  readonly texts: Uint8Array[] = [];
  /** The octet store; the first `used` octets are filled. */
  octets = new Uint8Array(1024);
  used = 0;
  /** Per file, once a place in it was asked for. */
  readonly #lineStarts: Uint32Array[] = [];

  /** Makes room for `size` more octets and returns the offset at which to write them. */
  reserve(size: number): number {
    const need = this.used + size;
    if (need > this.octets.length) {
      const larger = new Uint8Array(Math.max(need, Math.ceil(this.octets.length * 1.6)));
      larger.set(this.octets.subarray(0, this.used));
      this.octets = larger;
    }
    return this.used;
  }

  /** Adds a row and returns its index; the caller fills the columns. */
  addRow(): number {
    this.#widen(this.count + 1);
    return this.count++;
  }

  #widen(need: number): void {
    if (need <= this.type.length) return;
    const rows = Math.max(need, Math.ceil(this.type.length * 1.6));
    this.ownerAt = grown(this.ownerAt, new Uint32Array(rows));
    this.ownerLength = grown(this.ownerLength, new Uint8Array(rows));
    this.type = grown(this.type, new Uint16Array(rows));
    this.ttl = grown(this.ttl, new Uint32Array(rows));
    this.rdataAt = grown(this.rdataAt, new Uint32Array(rows));
    this.rdataLength = grown(this.rdataLength, new Uint16Array(rows));
    this.file = grown(this.file, new Uint16Array(rows));
    this.placeAt = grown(this.placeAt, new Uint32Array(rows));
  }

  /** Makes room for what a text of so many octets will probably bring; pages never touched cost nothing. */
  expect(textSize: number): void {
    this.#widen(this.count + Math.ceil(textSize / octetsPerRecord));
    this.reserve(Math.ceil(textSize * octetsPerTextOctet));
  }

  /** Where record i stands, for whoever must tell: line and column from 1, the column in characters. */
  place(i: number): { readonly line: number; readonly column: number } {
    const file = this.file[i]!;
    return placeIn(
      this.texts[file]!,
      (this.#lineStarts[file] ??= lineStarts(this.texts[file]!)),
      this.placeAt[i]!,
    );
  }
}

function grown<T extends Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Where each line starts. */
function lineStarts(text: Uint8Array): Uint32Array {
  let count = 1;
  for (let i = 0; i < text.length; i++) if (text[i] === newline) count++;
  const starts = new Uint32Array(count);
  for (let i = 0, line = 1; i < text.length; i++) if (text[i] === newline) starts[line++] = i + 1;
  return starts;
}

function placeIn(text: Uint8Array, starts: Uint32Array, at: number): { line: number; column: number } {
  let line = 1; // the last one that starts at or before `at`, by bisection
  for (let above = starts.length + 1; above - line > 1; ) {
    const middle = (line + above) >>> 1;
    if (starts[middle - 1]! <= at) line = middle;
    else above = middle;
  }
  return { line, column: columnIn(text, starts[line - 1]!, at) };
}
