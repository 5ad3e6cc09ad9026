// Joins what the operator says of a name in the YAML with the addresses that the zone has for it: the pool
// that choosePool() takes, the endpoints that health/ has to watch, and every fault between the two files.
// Called for each balanced name at a reload, after the zones are loaded and before anything is published.
import { errorAt, type Fault, type Place, refuses, warningAt } from '../faults.ts';
import { type Check, type Endpoint, endpointKey } from '../health/check.ts';
import { poolSizeMax, stickySizeMax } from '../limits.ts';
import { suggest } from '../near.ts';
import { printAddress } from '../wire/literals.ts';
import { lowercase, parseNameText, printName } from '../wire/names.ts';
import { TYPE } from '../wire/numbers.ts';
import type { PolicySettings } from './policies/policy.ts';
import type { Address, Family, Member, Pool, WhenAllDown } from './pool.ts';
import { arithmeticWarnings } from './warnings.ts';

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
  /** By the text of an address or a name, as Address has it. */
  readonly members: ReadonlyMap<string, MemberConfig>;
  /** Where its key stands. */
  readonly place: Place;
};

/** An RRset of the zone, A, AAAA or CNAME. */
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
export function makePool(config: PoolConfig, inZoneFile: readonly AddressSet[]): MadePool {
  const faults: Fault[] = [];
  const isAlias = inZoneFile.some(({ family }) => family === TYPE.CNAME);
  const rrsets = isAlias ? withTargets(config, inZoneFile, faults) : inZoneFile;
  const endpoints = new Map<string, Endpoint>();
  const addresses: { address: Address; config: MemberConfig | undefined }[] = [];
  for (const { family, rdata } of rrsets) {
    for (const octets of rdata) {
      const text = textOf(family, octets);
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
  faults.push(...(isAlias ? aliasFaults(config, inZone) : zoneFaults(config, rrsets, inZone)));
  const members = membersOf(addresses, faults);
  faults.push(...whenAllDownFaults(config, members), ...settingWarnings(config, members));
  const rrset: Partial<Record<Family, number>> = {};
  for (const { family, ttl } of rrsets) rrset[family] = ttl;
  const pool: Pool = {
    owner: config.owner,
    policy: config.policy,
    // A name has one CNAME (RFC 2181 §10.1), whatever the policy would give.
    answers: isAlias ? 1 : config.answers,
    spread: isAlias ? 'none' : config.spread,
    minUp: config.minUp,
    trickle: config.trickle,
    places: config.places,
    ttl: { ...config.ttl, rrset },
    whenAllDown: config.whenAllDown,
    members,
  };
  if (members.length > 0 && !refuses(faults)) {
    const placeOf = (key: string) => config.settingPlaces.get(key) ?? config.place;
    faults.push(...arithmeticWarnings(pool, [...endpoints.values()], placeOf));
  }
  return { pool, endpoints: [...endpoints.values()], faults };
}

/** The text of a member's address or name, by which the YAML knows it. */
function textOf(family: Family, rdata: Uint8Array): string {
  return family === TYPE.CNAME ? printName(lowercase(rdata)) : printAddress(rdata);
}

/** The CNAME of the zone and the targets that the YAML names beside its own, as one RRset. */
function withTargets(
  { owner, members }: PoolConfig,
  rrsets: readonly AddressSet[],
  faults: Fault[],
): AddressSet[] {
  const { family, ttl, rdata } = rrsets.find((rrset) => rrset.family === TYPE.CNAME)!;
  const inZone = rdata.map((target) => textOf(family, target));
  const targets = [...rdata];
  for (const [text, { place }] of members) {
    if (isAddress(text)) {
      const what = `${text} is an address, but ${owner} is a CNAME in the zone`;
      faults.push(errorAt(place, what, `its members are names, such as ${inZone[0]}`));
    } else if (text === owner) faults.push(errorAt(place, `${owner} cannot be an alias of itself`, ''));
    else if (!inZone.includes(text)) targets.push(parseNameText(text).name!);
  }
  return [{ family, ttl, rdata: targets }];
}

function aliasFaults(
  { owner, place, settingPlaces, answers }: PoolConfig,
  targets: readonly string[],
): Fault[] {
  const faults: Fault[] = [];
  if (targets.length > poolSizeMax) {
    const what = `${owner} has ${targets.length} names to lead to`;
    faults.push(errorAt(place, what, `at most ${poolSizeMax} can be balanced`));
  }
  if (typeof answers === 'number' && answers > 1) {
    const what = `answers is ${answers}, but ${owner} is a CNAME in the zone`;
    faults.push(errorAt(settingPlaces.get('answers') ?? place, what, 'a response has one CNAME: remove it'));
  }
  return faults;
}

/** Whether the text of a member, which is an address or a name with a final dot, is an address. */
function isAddress(text: string): boolean {
  return !text.endsWith('.');
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
  if (config.spread !== 'none' && members.every(({ group }) => group === undefined)) {
    warn(
      'spread',
      'no member has a group, so each is its own',
      'give the members groups, as in "group: rack1"',
    );
  }
  if (config.policy === 'nearest' && members.every(({ located }) => located === undefined)) {
    warn(
      'policy',
      'no member is in a place, so all of them serve everybody',
      'give the members places, as in "place: eu"',
    );
  }
  for (const tier of tiers) {
    for (const [family, type] of [
      [1, 'A'],
      [5, 'CNAME'],
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
    const what = `${config.owner} is balanced, but the zone has no A, AAAA or CNAME record for it`;
    const hint = 'add its addresses to the zone file, or remove it here';
    return [errorAt(config.place, what, hint)];
  }
  const faults: Fault[] = [];
  const known = new Set(inZone);
  const unused = inZone.filter((text) => !config.members.has(text));
  for (const [text, { place }] of config.members) {
    if (known.has(text)) continue;
    const what = `${text} is no address of ${config.owner} in the zone`;
    const hint = isAddress(text)
      ? suggest(text, unused) || 'the zone file lists every address that may be served: add it there'
      : 'names are members where the zone has a CNAME for the owner; here they are addresses';
    faults.push(errorAt(place, what, hint));
  }
  for (const { rdata } of rrsets) {
    const most = config.policy === 'sticky' ? stickySizeMax : poolSizeMax;
    if (rdata.length <= most) continue;
    const what = `${config.owner} has ${rdata.length} addresses of one family`;
    const be = config.policy === 'sticky' ? 'be sticky' : 'be balanced';
    faults.push(errorAt(config.place, what, `at most ${most} can ${be}`));
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
