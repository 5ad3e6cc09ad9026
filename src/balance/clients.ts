// Which answer sets a client may get of a choice, and why, in words: what the data plane does for each query
// (answer/client.ts), for people. Called by explain and by tests.
import { clientBits4, clientBits6, clientHash } from '../wire/clienthash.ts';
import { printAddress } from '../wire/literals.ts';
import type { AnswerSet, FamilyChoice } from './pool.ts';

/** Who asks. */
export type Client = {
  /** 4 or 16 octets: of the client subnet where that counts, else of the source. */
  readonly address: Uint8Array;
  /** The place that the table of places has for that address; '' where it has none. */
  readonly place: string;
};

export type ClientSets = {
  /**
   * Their shares are of the responses to this client; none where there is no address to give. Where its
   * bucket decides, members stand in the order of the response.
   */
  readonly sets: readonly AnswerSet[];
  /** The bucket of its network, where that decides. */
  readonly bucket: number | undefined;
  /** The place that it is served as, '' for everywhere else, where that decides. */
  readonly place: string | undefined;
  readonly reason: string;
};

/** The sets that a client may get. */
export function setsFor({ sets, pick }: FamilyChoice, { address, place }: Client): ClientSets {
  const inTurn = { sets, bucket: undefined, place: undefined, reason: 'in turn, whoever asks' };
  if (sets.length === 0) return { ...inTurn, reason: 'there is nothing to give' };
  switch (pick.by) {
    case 'turn':
      return inTurn;
    case 'client': {
      const count = pick.buckets.length;
      const bucket = clientHash(address, 0, address.length) % count;
      const set = sets[pick.buckets[bucket]!]!;
      const first = pick.firsts?.[bucket] ?? 0;
      const members = [...set.members.slice(first), ...set.members.slice(0, first)];
      const own = [{ ...set, members, share: 1 }];
      const reason = `the network ${networkText(address)} is in bucket ${bucket} of ${count}`;
      return { sets: own, bucket, place: undefined, reason };
    }
    case 'place': {
      const served = pick.places.find((one) => one.place === place);
      const { first, count } = served ?? pick.places.find((one) => one.place === '')!;
      const reason = place === '' ? 'the client is in no place' : `the client is in ${place}`;
      return {
        sets: sets.slice(first, first + count),
        bucket: undefined,
        place: served?.place ?? '',
        reason,
      };
    }
  }
}

/** The network whose clients are alike to `sticky`. */
function networkText(address: Uint8Array): string {
  const bits = address.length === 4 ? clientBits4 : clientBits6;
  return `${printAddress(address.map((octet, i) => (i * 8 < bits ? octet : 0)))}/${bits}`;
}
