// An MMDB file, such as GeoLite2-Country or GeoLite2-City, as networks with a country and a continent. The
// door of mmdb-lib, which reads metadata and data; its tree is walked here, each node once, which takes a
// second for a million networks. Called by places.ts of this folder, in the loader.
//
//   a node is two records of 24, 28 or 32 bits, for the next bit 0 and 1; a record is
//     below the number of nodes   a node
//     equal to it                 nothing is known
//     above it                    where the data are
//
// In a tree of IPv6 the addresses of IPv4 lie below 96 bits of 0.
import { Reader } from 'mmdb-lib';
import { placeBits6 } from '../answer/compileplaces.ts';
import { printAddress } from '../wire/literals.ts';

/**
 * What is known of a network: ISO 3166 code of its country, two letters for its continent; '' where nothing.
 */
export type Located = { readonly country: string; readonly continent: string };

/** Called with each network that something is known of; the octets are good for the call only. */
export type OnNetwork = (address: Uint8Array, bits: number, located: Located) => void;

/** Walks a file; throws an Error where it is none or damaged. */
export function walkMmdb(octets: Uint8Array, onNetwork: OnNetwork): void {
  const walk = new Walk(Buffer.from(octets.buffer, octets.byteOffset, octets.length), onNetwork);
  walk.all();
}

/** No record. */
const none = -1;

class Walk {
  readonly #octets: Buffer;
  readonly #reader: Reader<never>;
  readonly #onNetwork: OnNetwork;
  /** By where the data are. */
  readonly #located = new Map<number, Located>();
  /** Nodes that may still be visited: a tree has each of them once. */
  #left: number;

  constructor(octets: Buffer, onNetwork: OnNetwork) {
    this.#octets = octets;
    this.#reader = new Reader(octets);
    this.#onNetwork = onNetwork;
    this.#left = this.#reader.metadata.nodeCount + 2;
  }

  all(): void {
    const { ipVersion } = this.#reader.metadata;
    if (ipVersion === 4) {
      this.#below(0, 0, new Uint8Array(4), 32, none);
      return;
    }
    let start4 = 0;
    for (let bit = 0; bit < 96 && start4 < this.#reader.metadata.nodeCount; bit++)
      start4 = this.#next(start4, 0);
    this.#below(start4, 0, new Uint8Array(4), 32, none);
    // IPv4 stands in the tree of IPv6 several times: as itself, mapped, and for what tunnels there once were.
    const isNode = start4 < this.#reader.metadata.nodeCount;
    this.#below(0, 0, new Uint8Array(16), placeBits6, isNode ? start4 : none);
  }

  /** Walks what is below a record, at `bits` bits of the address. */
  #below(record: number, bits: number, address: Uint8Array, bitsMax: number, leftOut: number): void {
    const { nodeCount } = this.#reader.metadata;
    if (record === nodeCount || record === leftOut) return;
    if (record > nodeCount) {
      this.#onNetwork(address, bits, this.#locatedAt(record, address));
      return;
    }
    if (bits === bitsMax) return;
    if (this.#left-- === 0) throw new Error('its tree has branches that grow together');
    const octet = bits >> 3;
    const mask = 0x80 >> (bits & 7);
    this.#below(this.#next(record, 0), bits + 1, address, bitsMax, leftOut);
    address[octet]! |= mask;
    this.#below(this.#next(record, 1), bits + 1, address, bitsMax, leftOut);
    address[octet]! &= ~mask;
  }

  /** The record of a node for the next bit. */
  #next(node: number, bit: number): number {
    const { recordSize, nodeByteSize } = this.#reader.metadata;
    const octets = this.#octets;
    const at = node * nodeByteSize;
    if (recordSize === 24) return octets.readUIntBE(at + 3 * bit, 3);
    if (recordSize === 32) return octets.readUInt32BE(at + 4 * bit);
    // 28 bits: the octet in the middle has the high bits of both.
    const middle = octets.readUInt8(at + 3);
    return bit === 0
      ? ((middle & 0xf0) << 20) | octets.readUIntBE(at, 3)
      : ((middle & 0x0f) << 24) | octets.readUIntBE(at + 4, 3);
  }

  #locatedAt(record: number, address: Uint8Array): Located {
    let located = this.#located.get(record);
    if (located === undefined) {
      located = locatedOf(this.#reader.get(printAddress(address)));
      this.#located.set(record, located);
    }
    return located;
  }
}

/** As MaxMind and DB-IP have it, `country: { iso_code: DE }`, or as IPinfo has it, `country_code: DE`. */
function locatedOf(data: unknown): Located {
  const { country, registered_country: registered, continent, ...flat } = (data ?? {}) as Data;
  return {
    country: country?.iso_code ?? registered?.iso_code ?? flat.country_code ?? '',
    continent: continent?.code ?? flat.continent_code ?? '',
  };
}

type Data = {
  readonly country?: { readonly iso_code?: string };
  /** Where the network was registered, for one that is used in many countries. */
  readonly registered_country?: { readonly iso_code?: string };
  readonly continent?: { readonly code?: string };
  readonly country_code?: string;
  readonly continent_code?: string;
};
