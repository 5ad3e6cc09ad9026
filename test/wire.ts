// A strict reference decoder of DNS messages for tests, written from RFC 1035 and RFC 6891 on its own: it
// shares no code with src/. What a careful client could complain about makes it throw: forward or self-made
// compression pointers, pointers where RFC 3597 §4 forbids them, wrong counts, octets left over, torn RRsets,
// doubled records. Called for every response in a test. Beside it the writer of the questions that tests ask.
import { dataFromWire, lower, nameOctets, nameText, printRow, type Row, types } from './rows.ts';

export type Question = { readonly name: string; readonly type: number; readonly class: number };

export type Edns = {
  readonly size: number;
  readonly version: number;
  readonly do: boolean;
  /** The flag bits other than DO: must be zero. */
  readonly reserved: number;
  readonly options: readonly { readonly code: number; readonly data: Uint8Array }[];
};

export type Message = {
  readonly id: number;
  readonly qr: boolean;
  readonly opcode: number;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly rd: boolean;
  readonly ra: boolean;
  readonly z: boolean;
  readonly ad: boolean;
  readonly cd: boolean;
  /** With the upper bits from OPT. */
  readonly rcode: number;
  readonly question: readonly Question[];
  readonly answer: readonly Row[];
  readonly authority: readonly Row[];
  /** Without OPT. */
  readonly additional: readonly Row[];
  readonly edns: Edns | undefined;
};

const u16 = (octets: Uint8Array, at: number): number => {
  if (at + 2 > octets.length) throw new Error('message ends inside a field');
  return octets[at]! * 256 + octets[at + 1]!;
};
const u32 = (octets: Uint8Array, at: number): number => u16(octets, at) * 65536 + u16(octets, at + 2);

/**
 * Reads a name; `starts` collects where names and their suffixes stand, the only places a pointer may go to.
 */
export function readName(
  octets: Uint8Array,
  at: number,
  compressed: boolean,
  starts: Set<number> = new Set(),
): { name: string; next: number } {
  const labels: number[][] = [];
  const mine: number[] = [];
  let size = 1;
  let next = -1;
  for (;;) {
    const length = octets[at];
    if (length === undefined) throw new Error('message ends inside a name');
    if (length >= 0xc0) {
      if (!compressed) throw new Error(`compression pointer at ${at} where none may be`);
      const target = u16(octets, at) & 0x3fff;
      if (next < 0) {
        next = at + 2;
        mine.push(at);
      }
      if (!starts.has(target)) throw new Error(`pointer at ${at} to ${target}, where no earlier name stands`);
      at = target;
      continue;
    }
    if (length > 63) throw new Error(`label type ${length >> 6} at ${at}`);
    size += length === 0 ? 0 : length + 1;
    if (size > 255) throw new Error('name longer than 255 octets');
    if (length === 0) break;
    if (next < 0) mine.push(at);
    if (at + 1 + length > octets.length) throw new Error('message ends inside a label');
    labels.push([...octets.slice(at + 1, at + 1 + length)]);
    at += length + 1;
  }
  for (const start of mine) starts.add(start);
  return { name: nameText(labels), next: next < 0 ? at + 1 : next };
}

/**
 * Decodes a response; throws an Error that says what is wrong with it. `ours`: false lets rows stand that we
 * would never send, such as doubled ones.
 */
export function decode(octets: Uint8Array, ours = true): Message {
  if (octets.length < 12) throw new Error(`response of ${octets.length} octets`);
  const starts = new Set<number>();
  const flags = u16(octets, 2);
  let at = 12;
  const question: Question[] = [];
  for (let i = u16(octets, 4); i > 0; i--) {
    const { name, next } = readName(octets, at, false, starts);
    question.push({ name, type: u16(octets, next), class: u16(octets, next + 2) });
    at = next + 4;
  }
  let edns: Edns | undefined;
  let rcodeHigh = 0;
  const section = (count: number, takesOpt: boolean): Row[] => {
    const rows: Row[] = [];
    for (; count > 0; count--) {
      const { name: owner, next } = readName(octets, at, true, starts);
      const [type, size, ttl, length] = [
        u16(octets, next),
        u16(octets, next + 2),
        u32(octets, next + 4),
        u16(octets, next + 8),
      ];
      const rdataAt = next + 10;
      at = rdataAt + length;
      if (at > octets.length) throw new Error('message ends inside RDATA');
      if (type === types.OPT) {
        if (!takesOpt || edns || owner !== '.') throw new Error('OPT doubled or in the wrong place');
        edns = readEdns(octets, rdataAt, length, size, ttl);
        rcodeHigh = Math.floor(ttl / 2 ** 24);
        continue;
      }
      if (ttl >= 2 ** 31) throw new Error(`TTL ${ttl}`);
      const data = dataFromWire(type, octets, rdataAt, length, (p, compressed) =>
        readName(octets, p, compressed, starts),
      );
      rows.push({ owner, type, class: size, ttl, data });
    }
    return rows;
  };
  const answer = section(u16(octets, 6), false);
  const authority = section(u16(octets, 8), false);
  const additional = section(u16(octets, 10), true);
  if (at !== octets.length) throw new Error(`${octets.length - at} octets after the message`);
  if (ours) checkRows([answer, authority, additional]);
  const bit = (mask: number): boolean => (flags & mask) !== 0;
  return {
    id: u16(octets, 0),
    qr: bit(0x8000),
    opcode: (flags >> 11) & 15,
    aa: bit(0x0400),
    tc: bit(0x0200),
    rd: bit(0x0100),
    ra: bit(0x0080),
    z: bit(0x0040),
    ad: bit(0x0020),
    cd: bit(0x0010),
    rcode: rcodeHigh * 16 + (flags & 15),
    question,
    answer,
    authority,
    additional,
    edns,
  };
}

function readEdns(octets: Uint8Array, at: number, length: number, size: number, ttl: number): Edns {
  const options: { code: number; data: Uint8Array }[] = [];
  const end = at + length;
  while (at < end) {
    const size = u16(octets, at + 2);
    if (at + 4 + size > end) throw new Error('EDNS option longer than OPT');
    options.push({ code: u16(octets, at), data: octets.slice(at + 4, at + 4 + size) });
    at += 4 + size;
  }
  const bits = ttl % 65536;
  return {
    size,
    version: Math.floor(ttl / 65536) % 256,
    do: bits >= 0x8000,
    reserved: bits & 0x7fff,
    options,
  };
}

/** RRsets are whole, of one TTL, and stand once (RFC 2181 §5). */
function checkRows(sections: readonly (readonly Row[])[]): void {
  const seen = new Set<string>();
  for (const rows of sections) {
    let before = '';
    let ttl = 0;
    const closed = new Set<string>();
    for (const row of rows) {
      const record = `${lower(row.owner)} ${row.class} ${row.type} ${row.data}`;
      if (seen.has(record)) throw new Error(`record stands twice: ${printRow(row)}`);
      seen.add(record);
      const rrset = `${lower(row.owner)} ${row.class} ${row.type}`;
      if (closed.has(rrset)) throw new Error(`RRset torn apart at ${printRow(row)}`);
      if (rrset === before && row.ttl !== ttl)
        throw new Error(`TTLs differ in the RRset of ${printRow(row)}`);
      if (before !== rrset) closed.add(before);
      before = rrset;
      ttl = row.ttl;
    }
  }
}

/** A query as the cases ask it; whatever is left out is what a plain `dig +norec` sends. */
export type Ask = {
  readonly id?: number;
  readonly opcode?: number;
  /** Header bits to set besides opcode: `rd`, `qr`, `tc`, `aa`, `ad`, `cd`, `z`, `ra`. */
  readonly bits?: readonly string[];
  readonly name: string;
  readonly type: number;
  readonly class?: number;
  readonly edns?: {
    readonly size: number;
    readonly version?: number;
    readonly do?: boolean;
    readonly options?: readonly { readonly code: number; readonly data: readonly number[] }[];
  };
};

export const headerBits: Readonly<Record<string, number>> = {
  qr: 0x8000,
  aa: 0x0400,
  tc: 0x0200,
  rd: 0x0100,
  ra: 0x0080,
  z: 0x0040,
  ad: 0x0020,
  cd: 0x0010,
};

/** Writes a query. */
export function encode(ask: Ask): Uint8Array {
  const two = (value: number): number[] => [(value >> 8) & 255, value & 255];
  const flags = (ask.bits ?? []).reduce((all, bit) => all | headerBits[bit]!, (ask.opcode ?? 0) << 11);
  const { edns } = ask;
  const options = (edns?.options ?? []).flatMap((o) => [...two(o.code), ...two(o.data.length), ...o.data]);
  const opt = edns
    ? [
        0,
        ...two(41),
        ...two(edns.size),
        0,
        edns.version ?? 0,
        edns.do ? 0x80 : 0,
        0,
        ...two(options.length),
        ...options,
      ]
    : [];
  return Uint8Array.from([
    ...two(ask.id ?? 0x1234),
    ...two(flags),
    ...[0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0],
    ...nameOctets(ask.name),
    ...two(ask.type),
    ...two(ask.class ?? 1),
    ...opt,
  ]);
}
