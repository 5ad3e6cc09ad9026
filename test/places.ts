// Tables of places for tests, from rows that a test writes out: whoever wants to see what the reader makes of
// a table needs no compiler. Used by the tests of answer/ and serve/.
import { HEADER, tableCrc } from '../src/answer/layout.ts';
import { PLACES, placesMagic, placesVersion } from '../src/answer/places.ts';
import { parseNetwork } from '../src/wire/networks.ts';

/** A network and the number of its place. Rows must be sorted and cover their family. */
export type PlaceRow = readonly [network: string, place: number];

/** Makes the table of these rows; both families need at least one. */
export function placesTable(rows: readonly PlaceRow[], placeCount: number): Uint8Array<ArrayBuffer> {
  const read = rows.map(([text, place]) => {
    const network = parseNetwork(text);
    if (!('address' in network)) throw new Error(`${text} ${network.wrong}`);
    const view = new DataView(network.address.buffer, network.address.byteOffset);
    return { ...network, last: place | (network.bits << 16), first: view.getUint32(0), view };
  });
  const four = read.filter(({ address }) => address.length === 4).map(({ first, last }) => [first, last]);
  const six = read
    .filter(({ address }) => address.length === 16)
    .map(({ first, view, last }) => [first, view.getUint32(4), last]);
  const head = new Array<number>(PLACES.words).fill(0);
  const words = Uint32Array.from([...head, ...four.flat(), ...six.flat()]);
  words[PLACES.magic] = placesMagic;
  words[PLACES.version] = placesVersion;
  words[PLACES.length] = words.byteLength;
  words[PLACES.placeCount] = placeCount;
  words[PLACES.v4Count] = four.length;
  words[PLACES.v4At] = PLACES.words;
  words[PLACES.v6Count] = six.length;
  words[PLACES.v6At] = PLACES.words + four.flat().length;
  const table = new Uint8Array(words.buffer);
  words[HEADER.crc] = tableCrc(table);
  return table;
}
