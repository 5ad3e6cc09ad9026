// Joins what the operator says of a name in the YAML with the addresses that the zone has for it: the pool
// that choosePool() takes, the endpoints that health/ has to watch, and every fault between the two files.
// Called for each balanced name at a reload, after the zones are loaded and before anything is published.
import { errorAt, type Fault, type Place, warningAt } from '../faults.ts';
import { type Check, type Endpoint, endpointKey } from '../health/check.ts';
import { poolSizeMax } from '../limits.ts';
import { suggest } from '../near.ts';
import { printAddress } from '../wire/literals.ts';
import type { PolicySettings } from './policies/policy.ts';
import type { Address, Family, Member, Pool, WhenAllDown } from './pool.ts';

/** What the YAML says of one address; what is undefined was not said. */
export type MemberConfig = {
  readonly name: string | undefined;
  /** 0 (standby) to 2^20; unsaid it is that of the member's other addresses, else 1. */
  readonly weight: number | undefined;
  /** Its place in the order of tiers, from 1; unsaid as with the weight. */
  readonly tier: number | undefined;
  /** What fails together with it; unsaid as with the weight, else it fails by itself. */
  readonly group: string | undefined;
  /** The place that it is in; unsaid as with the weight. */
  readonly located: string | undefined;
  /** Words by which the operator's hand finds it. */
  readonly labels?: readonly string[];
  /** A check of its own in place of the pool's. */
  readonly check: Check | undefined;
  /** Where its key stands. */
  readonly place: Place;
};

/** What the YAML says of one owner name. */
export type PoolConfig = PolicySettings & {
  /** Absolute, lowercase, with the final dot. */
  readonly owner: string;
  readonly check: Check | undefined;
  readonly policy: string;
  /** Seconds; `stable` undefined: the RRset's own. */
  readonly ttl: { readonly stable: number | undefined; readonly unsettled: number };
  readonly whenAllDown: WhenAllDown;
  /** Where `when-all-down` stands, and each name where it is a list. */
  readonly whenAllDownPlaces: readonly Place[];
  /** Where a key of the pool stands, by its name, for those of PolicySettings that were said. */
  readonly settingPlaces: ReadonlyMap<string, Place>;
  /** By canonical address text. */
  readonly members: ReadonlyMap<string, MemberConfig>;
  /** Where its key stands. */
  readonly place: Place;
};

/** An RRset of the zone, A or AAAA. */
export type AddressSet = {
  readonly family: Family;
  readonly ttl: number;
  readonly rdata: readonly Uint8Array[];
};

export type MadePool = {
  readonly pool: Pool;
  /** One per key, however many addresses share it. */
  readonly endpoints: readonly Endpoint[];
  readonly faults: readonly Fault[];
};

/** Makes the pool of one owner; with errors among the faults the pool must not be taken into service. */
export function makePool(config: PoolConfig, rrsets: readonly AddressSet[]): MadePool {
  const faults: Fault[] = [];
  const endpoints = new Map<string, Endpoint>();
  const addresses: { address: Address; config: MemberConfig | undefined }[] = [];
  for (const { family, rdata } of rrsets) {
    for (const octets of rdata) {
      const text = printAddress(octets);
      const memberConfig = config.members.get(text);
      const check = memberConfig?.check ?? config.check;
      const endpoint = check === undefined ? undefined : endpointKey(check, text);
      if (check !== undefined && endpoint !== undefined && !endpoints.has(endpoint)) {
        endpoints.set(endpoint, { key: endpoint, address: text, check });
      }
      addresses.push({ address: { family, text, rdata: octets, endpoint }, config: memberConfig });
    }
  }
  const inZone = addresses.map(({ address }) => address.text);
  faults.push(...zoneFaults(config, rrsets, inZone));
  const members = membersOf(addresses, faults);
  faults.push(...whenAllDownFaults(config, members), ...settingWarnings(config, members));
  const rrset: Partial<Record<Family, number>> = {};
  for (const { family, ttl } of rrsets) rrset[family] = ttl;
  const pool: Pool = {
    owner: config.owner,
    policy: config.policy,
    answers: config.answers,
    spread: config.spread,
    minUp: config.minUp,
    trickle: config.trickle,
    places: config.places,
    ttl: { ...config.ttl, rrset },
    whenAllDown: config.whenAllDown,
    members,
  };
  return { pool, endpoints: [...endpoints.values()], faults };
}

/** What addresses with one name say together. */
type Said = Partial<Pick<Member, (typeof memberKeys)[number]>>;
const memberKeys = ['weight', 'tier', 'group', 'located'] as const;

/** Addresses with one name are one member, in the order of its first address. */
function membersOf(
  addresses: readonly { address: Address; config: MemberConfig | undefined }[],
  faults: Fault[],
): Member[] {
  const byName = new Map<string, { said: Said; labels: Set<string>; addresses: Address[] }>();
  for (const { address, config } of addresses) {
    const name = config?.name ?? address.text;
    const member = byName.get(name) ?? { said: {}, labels: new Set(), addresses: [] };
    byName.set(name, member);
    for (const label of config?.labels ?? []) member.labels.add(label);
    member.addresses.push(address);
    for (const key of memberKeys) {
      const here = config?.[key];
      const elsewhere = member.said[key];
      if (config === undefined || here === undefined) continue;
      if (elsewhere !== undefined && elsewhere !== here) {
        const noun = key === 'located' ? 'place' : key;
        const what = `member "${name}" has the ${noun} ${here} here and ${elsewhere} at another address`;
        const hint = `addresses with one name are one member with one ${noun}; give it once`;
        faults.push(errorAt(config.place, what, hint));
      }
      member.said = { [key]: here, ...member.said };
    }
  }
  return [...byName].map(([name, { said, labels, addresses: own }]) => {
    const { weight = 1, tier = 1, group, located } = said;
    const words = labels.size === 0 ? {} : { labels: [...labels] };
    return { name, weight, tier, group, located, ...words, addresses: own };
  });
}

/** Settings that cannot do what they are for. */
function settingWarnings(config: PoolConfig, members: readonly Member[]): Fault[] {
  const warnings: Fault[] = [];
  const warn = (key: string, what: string, hint: string) => {
    const place = config.settingPlaces.get(key);
    if (place !== undefined && members.length > 0) warnings.push(warningAt(place, what, hint));
  };
  const tiers = [...new Set(members.map(({ tier }) => tier))].sort((a, b) => a - b);
  if (config.trickle > 0 && tiers.length === 1) {
    warn('trickle', 'there is no tier for the trickle', 'give some of the members "tier: 2"');
  }
  if (config.spread === 'group' && members.every(({ group }) => group === undefined)) {
    warn(
      'spread',
      'no member has a group, so each is its own',
      'give the members groups, as in "group: rack1"',
    );
  }
  for (const tier of tiers) {
    for (const [family, type] of [
      [1, 'A'],
      [28, 'AAAA'],
    ] as const) {
      const here = members.filter((member) => {
        return member.tier === tier && member.addresses.some((address) => address.family === family);
      });
      const standbys = here.filter(({ weight }) => weight === 0).length;
      const most = Math.max(standbys, here.length - standbys);
      if (here.length === 0 || most >= config.minUp) continue;
      const never = `tier ${tier} never has more than ${most} in use in ${type}`;
      warn('min-up', `min-up is ${config.minUp}, but ${never}: it always fails`, `at most ${most}`);
    }
  }
  return warnings;
}

function zoneFaults(config: PoolConfig, rrsets: readonly AddressSet[], inZone: readonly string[]): Fault[] {
  if (inZone.length === 0) {
    const what = `${config.owner} is balanced, but the zone has no A or AAAA record for it`;
    const hint = 'add its addresses to the zone file, or remove it here';
    return [errorAt(config.place, what, hint)];
  }
  const faults: Fault[] = [];
  const known = new Set(inZone);
  const unused = inZone.filter((text) => !config.members.has(text));
  for (const [text, { place }] of config.members) {
    if (known.has(text)) continue;
    const what = `${text} is no address of ${config.owner} in the zone`;
    const hint =
      suggest(text, unused) || 'the zone file lists every address that may be served: add it there';
    faults.push(errorAt(place, what, hint));
  }
  for (const { rdata } of rrsets) {
    if (rdata.length <= poolSizeMax) continue;
    const what = `${config.owner} has ${rdata.length} addresses of one family`;
    faults.push(errorAt(config.place, what, `at most ${poolSizeMax} can be balanced`));
  }
  return faults;
}

function whenAllDownFaults(config: PoolConfig, members: readonly Member[]): Fault[] {
  if (typeof config.whenAllDown === 'string') return [];
  // A name whose address is missing in the zone is reported there, not here.
  const named = [...config.members.values()].flatMap(({ name }) => name ?? []);
  const names = [...new Set([...members.map(({ name }) => name), ...named])];
  const faults: Fault[] = [];
  config.whenAllDown.forEach((name, i) => {
    if (names.includes(name)) return;
    const place = config.whenAllDownPlaces[i] ?? config.place;
    const what = `when-all-down names "${name}", which is no member of ${config.owner}`;
    faults.push(errorAt(place, what, suggest(name, names)));
  });
  return faults;
}
