// Writes small MMDB files for tests: networks with a country and a continent, in the layout of MaxMind DB
// 2.0.
import { type Network, parseNetwork } from '../src/wire/networks.ts';

export type MmdbOptions = {
  readonly recordSize?: 24 | 28 | 32;
  readonly ipVersion?: 4 | 6;
  /** Links IPv4 below ::ffff:0:0/96 and 2002::/16 too, as MaxMind does. */
  readonly withAliases?: boolean;
};

/** A node has two links: a node, the number of a country from -1 down, or nothing. */
type Tree = (number | undefined)[][];

/** `1.0.0.0/24 AU OC`: network, country, continent; `-` for one that is not known. */
export function writeMmdb(lines: Iterable<string>, options: MmdbOptions = {}): Uint8Array {
  const { recordSize = 24, ipVersion = 6, withAliases = false } = options;
  const tree: Tree = [[undefined, undefined]];
  const located = new Map<string, number>();
  for (const line of lines) {
    const [network = '', ...where] = line.split(' ');
    const key = where.join(' ');
    if (!located.has(key)) located.set(key, -1 - located.size);
    const { address, bits } = parseNetwork(network) as Network;
    const before = address.length === 4 && ipVersion === 6 ? 96 : 0;
    grow(tree, [...new Array<number>(before).fill(0), ...bitsOf(address).slice(0, bits)], located.get(key)!);
  }
  if (withAliases) {
    const ipv4 = grow(tree, new Array<number>(96).fill(0), undefined)!;
    grow(tree, [...new Array<number>(80).fill(0), ...new Array<number>(16).fill(1)], ipv4);
    grow(tree, bitsOf(Uint8Array.of(0x20, 0x02)), ipv4);
  }
  const data: Buffer[] = [];
  const offsets = [...located.keys()].map((key) => {
    const at = data.reduce((sum, { length }) => sum + length, 0);
    data.push(recordOf(key));
    return at;
  });
  const records = tree.map((links) =>
    links.map((link) =>
      link === undefined ? tree.length : link >= 0 ? link : tree.length + 16 + offsets[-1 - link]!,
    ),
  );
  const nodes = Buffer.concat(records.map(([left, right]) => node(left!, right!, recordSize)));
  const metadata = map({
    node_count: uint(tree.length),
    record_size: uint(recordSize),
    ip_version: uint(ipVersion),
    database_type: text('Test-Country'),
    languages: Buffer.from([0, 4]),
    binary_format_major_version: uint(2),
    binary_format_minor_version: uint(0),
    build_epoch: uint(1_700_000_000),
    description: map({ en: text('for tests') }),
  });
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')]);
  return new Uint8Array(Buffer.concat([nodes, Buffer.alloc(16), ...data, marker, metadata]));
}

function bitsOf(octets: Uint8Array): number[] {
  return [...octets].flatMap((octet) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (octet >> bit) & 1));
}

/** Sets the link at the end of a path, where one is given, and returns what stands there. */
function grow(tree: Tree, path: readonly number[], link: number | undefined): number | undefined {
  let at = 0;
  for (const bit of path.slice(0, -1)) {
    let next = tree[at]![bit];
    if (next === undefined || next < 0) {
      tree.push([next, next]);
      next = tree.length - 1;
      tree[at]![bit] = next;
    }
    at = next;
  }
  const last = path.at(-1)!;
  if (link !== undefined) tree[at]![last] = link;
  return tree[at]![last];
}

function node(left: number, right: number, recordSize: 24 | 28 | 32): Buffer {
  const octets = Buffer.alloc(recordSize / 4);
  if (recordSize === 32) {
    octets.writeUInt32BE(left, 0);
    octets.writeUInt32BE(right, 4);
  } else if (recordSize === 24) {
    octets.writeUIntBE(left, 0, 3);
    octets.writeUIntBE(right, 3, 3);
  } else {
    octets.writeUIntBE(left & 0xffffff, 0, 3);
    octets[3] = ((left >>> 24) << 4) | (right >>> 24);
    octets.writeUIntBE(right & 0xffffff, 4, 3);
  }
  return octets;
}

function recordOf(key: string): Buffer {
  const [country = '-', continent = '-'] = key.split(' ');
  return map({
    ...(continent === '-' ? {} : { continent: map({ code: text(continent) }) }),
    ...(country === '-' ? {} : { country: map({ iso_code: text(country) }) }),
  });
}

function text(value: string): Buffer {
  return Buffer.concat([head(2, value.length), Buffer.from(value)]);
}

function uint(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return Buffer.concat([head(6, 4), octets]);
}

function map(entries: Readonly<Record<string, Buffer>>): Buffer {
  const all = Object.entries(entries);
  return Buffer.concat([head(7, all.length), ...all.flatMap(([key, value]) => [text(key), value])]);
}

/** Type and size, which is below 29. */
function head(type: number, size: number): Buffer {
  return Buffer.from([(type << 5) | size]);
}
