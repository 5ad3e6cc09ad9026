// The records of one zone as columns: what scan.ts writes and zone.ts, check.ts and compile.ts read. A
// million records are a dozen typed arrays, not a million objects. Records stand in file order; names and
// RDATA are wire octets (uncompressed, case as written) in one octet store; consecutive records of one owner
// share its octets.

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
  /** Index in `files`, and the line and column (from 1) where the record's type stands. */
  file = new Uint16Array(64);
  line = new Uint32Array(64);
  column = new Uint16Array(64);
  /** Every file that was read, the zone file first, as given to the operator. */
  readonly files: string[] = [];
  /** The octet store; the first `used` octets are filled. */
  octets = new Uint8Array(1024);
  used = 0;

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
    if (this.count === this.type.length) {
      const rows = Math.ceil(this.count * 1.6);
      this.ownerAt = grown(this.ownerAt, new Uint32Array(rows));
      this.ownerLength = grown(this.ownerLength, new Uint8Array(rows));
      this.type = grown(this.type, new Uint16Array(rows));
      this.ttl = grown(this.ttl, new Uint32Array(rows));
      this.rdataAt = grown(this.rdataAt, new Uint32Array(rows));
      this.rdataLength = grown(this.rdataLength, new Uint16Array(rows));
      this.file = grown(this.file, new Uint16Array(rows));
      this.line = grown(this.line, new Uint32Array(rows));
      this.column = grown(this.column, new Uint16Array(rows));
    }
    return this.count++;
  }
}

function grown<T extends Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
