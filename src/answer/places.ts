// hot: the table of places: which part of the world, as the operator names it, an address lies in. Control
// compiles it from prefixes (balance/places.ts); it is immutable and travels with the settings. Read by
// client.ts for each draw that depends on the client's place.
//
//   header | IPv4 rows | IPv6 rows          words as in layout.ts
//   IPv4 row: first address | place and length      IPv6 row: first 64 bits, high and low | place and length
//
// The rows of a family are sorted by address and cover all of it, the first begins at 0. Each is one aligned
// prefix, so that its length is the scope of a response (RFC 7871 §7.2.1) and no two of them overlap.
import { HEADER, tableCrc } from './layout.ts';

export const placesMagic = 0x50445453; // STDP
export const placesVersion = 1;

/** Header words of the table; `…At` are word indices. */
export const PLACES = {
  magic: HEADER.magic,
  version: HEADER.version,
  length: HEADER.length,
  crc: HEADER.crc,
  /** Places with a name: they have the numbers from 1; 0 is nowhere in particular. */
  placeCount: 4,
  v4Count: 5,
  v4At: 6,
  v6Count: 7,
  v6At: 8,
  words: 9,
} as const;

/** Words of a row. */
export const placeRow4 = 2;
export const placeRow6 = 3;

/** Parts of a row's last word, which findPlace() returns: the place and, above it, the prefix length. */
export const PLACE_PART = { number: 0xffff, lengthShift: 16 } as const;

/** The last word of the row that an address of `size` 4 or 16 octets at octets[at] lies in. */
export function findPlace(words: Uint32Array, octets: Uint8Array, at: number, size: number): number {
  const high =
    ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0;
  if (size === 4) {
    const first = words[PLACES.v4At]!;
    let low = 0;
    let behind = words[PLACES.v4Count]!;
    while (behind - low > 1) {
      const middle = (low + behind) >>> 1;
      if (words[first + middle * placeRow4]! <= high) low = middle;
      else behind = middle;
    }
    return words[first + low * placeRow4 + 1]!;
  }
  const rest =
    ((octets[at + 4]! << 24) | (octets[at + 5]! << 16) | (octets[at + 6]! << 8) | octets[at + 7]!) >>> 0;
  const first = words[PLACES.v6At]!;
  let low = 0;
  let behind = words[PLACES.v6Count]!;
  while (behind - low > 1) {
    const middle = (low + behind) >>> 1;
    const row = first + middle * placeRow6;
    const head = words[row]!;
    if (head < high || (head === high && words[row + 1]! <= rest)) low = middle;
    else behind = middle;
  }
  return words[first + low * placeRow6 + 2]!;
}

/** Set-up: says what is wrong with a table from a file or another process; undefined: it is whole. */
export function placesFault(table: Uint8Array): string | undefined {
  if (table.length < PLACES.words * 4 || table.length % 4 !== 0) return `cut off: ${table.length} octets`;
  const words = new Uint32Array(table.slice().buffer);
  if (words[PLACES.magic] !== placesMagic) return 'not a table of this kind';
  if (words[PLACES.version] !== placesVersion) return `made by another version (${words[PLACES.version]})`;
  if (words[PLACES.length] !== table.length)
    return `cut off: ${table.length} of ${words[PLACES.length]} octets`;
  if (words[PLACES.crc] !== tableCrc(table)) return 'damaged: its checksum is wrong';
  const end4 = words[PLACES.v4At]! + words[PLACES.v4Count]! * placeRow4;
  const end6 = words[PLACES.v6At]! + words[PLACES.v6Count]! * placeRow6;
  const isFilled = words[PLACES.v4Count]! > 0 && words[PLACES.v6Count]! > 0;
  return isFilled && Math.max(end4, end6) <= words.length ? undefined : 'its rows are not where it says';
}
