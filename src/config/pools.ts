// `balance:` of a zone's YAML: what is said of each owner name. The addresses themselves are the zone file's;
// balance/members.ts joins the two.
import * as v from 'valibot';
import type { MemberConfig, PoolConfig } from '../balance/members.ts';
import { policies, policyNamed } from '../balance/policies/index.ts';
import type { Policy } from '../balance/policies/policy.ts';
import type { WhenAllDown } from '../balance/pool.ts';
import { errorAt, type Fault, type Place } from '../faults.ts';
import type { Check } from '../health/check.ts';
import { poolSizeMax, tierMax, trickleMax, weightMax } from '../limits.ts';
import { suggest } from '../near.ts';
import type { Checks } from './checks.ts';
import { memberKey, ownerName } from './owners.ts';
import { type PlacesConfig, placesDefaults } from './places.ts';
import {
  elsewhere,
  entriesOf,
  type JsonSchema,
  looking,
  map,
  namedSchema,
  type Reading,
  scalar,
  schemaOf,
  shaped,
  text,
  texts,
  value,
  valueAt,
} from './shape.ts';
import { integer, integerOr, memberName, oneOf, percent, ttlSeconds, word } from './values.ts';
import type { YamlNode } from './yaml.ts';

/** What holds for a balanced name where the operator says nothing. */
export const poolDefaults = {
  policy: 'weighted',
  answers: 'auto',
  unsettledTtl: 5,
  spread: 'none',
  minUp: 1,
  trickle: 0,
  places: placesDefaults.orders,
  whenAllDown: 'all',
  weight: 1,
  tier: 1,
} as const;

const policyNames = Object.keys(policies);
const whenAllDownWords = ['all', 'none', 'servfail'] as const;
const whenAllDownLooks = {
  anyOf: [{ enum: whenAllDownWords }, { type: 'array', items: scalar, minItems: 1 }],
};
const anyText = (text: string): Reading<string> => ({ value: text });

const poolShape = map({
  check: v.optional(text(anyText)),
  policy: v.optional(text(oneOf(policyNames))),
  answers: v.optional(text(integerOr('auto', 1, poolSizeMax))),
  spread: v.optional(text(oneOf(['none', 'group', 'one-group'] as const))),
  'min-up': v.optional(text(integer(1, poolSizeMax))),
  trickle: v.optional(text(percent(trickleMax))),
  ttl: v.optional(map({ stable: v.optional(text(ttlSeconds)), unsettled: v.optional(text(ttlSeconds)) })),
  'when-all-down': v.optional(value(looking(whenAllDownLooks, whenAllDownOf))),
  members: v.optional(elsewhere(() => namedSchema(schemaOf(memberShape)))),
});

const memberShape = map({
  name: v.optional(text(memberName)),
  weight: v.optional(text(integer(0, weightMax))),
  tier: v.optional(text(integer(1, tierMax))),
  group: v.optional(text(word)),
  place: v.optional(text(word)),
  labels: v.optional(texts(word)),
  check: v.optional(text(anyText)),
});

/** What an editor should know of the value of `balance`. */
export const poolsLook = (): JsonSchema => namedSchema(schemaOf(poolShape));

/** What steerdns.yaml says for all zones, with the zone's own checks. */
export type Shared = { readonly checks: Checks; readonly places: PlacesConfig };

/** Reads all balanced names of a zone; those with faults, or whose check has faults, are left out. */
export function readPools(
  node: YamlNode | undefined,
  origin: string,
  shared: Shared,
  faults: Fault[],
): PoolConfig[] {
  if (node === undefined) return [];
  const pools = new Map<string, PoolConfig | undefined>();
  const keys = new Map<string, string>();
  for (const { key, place, value: below } of entriesOf(node, faults) ?? []) {
    const owner = ownerName(key, origin);
    if ('wrong' in owner) {
      faults.push(errorAt(place, `"${key}" ${owner.wrong}`, owner.hint ?? ''));
      continue;
    }
    if (keys.has(owner.value)) {
      const what = `"${key}" is ${owner.value} as "${keys.get(owner.value)}" is`;
      faults.push(errorAt(place, what, 'keep one of them'));
      continue;
    }
    keys.set(owner.value, key);
    pools.set(owner.value, readPool(owner.value, below, place, origin, shared, faults));
  }
  return [...pools.values()].filter((pool) => pool !== undefined);
}

function readPool(
  owner: string,
  node: YamlNode,
  place: Place,
  origin: string,
  { checks, places }: Shared,
  faults: Fault[],
): PoolConfig | undefined {
  const before = faults.length;
  const values = shaped(node, poolShape, faults);
  const members = readMembers(valueAt(node, 'members'), origin, checks, faults);
  const check = checkNamed(valueAt(node, 'check'), checks, faults);
  if (values === undefined || members === undefined || check === 'unusable') return undefined;
  const policy = values.policy ?? poolDefaults.policy;
  faults.push(...foreignKeys(policy, node));
  if (policy === 'nearest' && places.isComplete) faults.push(...placeFaults(node, places));
  if (faults.length > before) return undefined;
  const whenAllDown = valueAt(node, 'when-all-down');
  return {
    owner,
    check,
    policy,
    answers: values.answers ?? poolDefaults.answers,
    spread: values.spread ?? poolDefaults.spread,
    minUp: values['min-up'] ?? poolDefaults.minUp,
    trickle: values.trickle ?? poolDefaults.trickle,
    places: policy === 'nearest' ? places.orders : poolDefaults.places,
    settingPlaces: new Map(settingKeys.flatMap((key) => placeOf(node, key))),
    ttl: { stable: values.ttl?.stable, unsettled: values.ttl?.unsettled ?? poolDefaults.unsettledTtl },
    whenAllDown: values['when-all-down'] ?? poolDefaults.whenAllDown,
    whenAllDownPlaces: whenAllDown?.kind === 'list' ? whenAllDown.items.map((item) => item.place) : [],
    members,
    place,
  };
}

const settingKeys = ['policy', 'answers', 'spread', 'min-up', 'trickle', 'ttl'] as const;

/** Where the value of a key stands, with the key; nothing where it is absent. */
function placeOf(node: YamlNode, key: string): [string, Place][] {
  const below = valueAt(node, key);
  return below === undefined ? [] : [[key, below.place]];
}

/** Keys that only other policies read: what they ask for would silently not be done. */
function foreignKeys(policy: string, node: YamlNode): Fault[] {
  const all: readonly Policy[] = Object.values(policies);
  const own = policyNamed(policy)?.keys ?? [];
  const foreign = new Set(all.flatMap(({ keys }) => keys).filter((key) => !own.includes(key)));
  const members = valueAt(node, 'members');
  const maps = [node, ...(members?.kind === 'map' ? members.entries.map((entry) => entry.value) : [])];
  const found = maps.flatMap((map) => (map.kind === 'map' ? map.entries : []));
  return found.flatMap(({ key, place }) => {
    if (!foreign.has(key as Policy['keys'][number])) return [];
    const readers = policyNames.filter((name) =>
      policyNamed(name)!.keys.includes(key as Policy['keys'][number]),
    );
    const hint = `it belongs to policy: ${readers.join(' or ')}`;
    return [errorAt(place, `"${key}" means nothing to the policy ${policy}`, hint)];
  });
}

/** Places that nobody has defined: their members would serve nobody. */
function placeFaults(node: YamlNode, { names }: PlacesConfig): Fault[] {
  if (names.length === 0) {
    const what = 'the policy nearest has to know where clients are, and no places are defined';
    return [errorAt(valueAt(node, 'policy')!.place, what, 'define "places:" in steerdns.yaml')];
  }
  const members = valueAt(node, 'members');
  return (members?.kind === 'map' ? members.entries : []).flatMap((member) => {
    const place = valueAt(member.value, 'place');
    if (place?.kind !== 'text' || names.includes(place.text)) return [];
    const hint = suggest(place.text, names) || 'define it under "places:" in steerdns.yaml';
    return [errorAt(place.place, `there is no place "${place.text}"`, hint)];
  });
}

function readMembers(
  node: YamlNode | undefined,
  origin: string,
  checks: Checks,
  faults: Fault[],
): Map<string, MemberConfig> | undefined {
  const members = new Map<string, MemberConfig>();
  if (node === undefined) return members;
  let sound = true;
  for (const { key, place, value: below } of entriesOf(node, faults) ?? []) {
    const canonical = memberKey(key, origin);
    if ('wrong' in canonical) {
      const hint = 'members are addresses that the zone file has for this name, or names for its CNAME';
      faults.push(errorAt(place, canonical.wrong, hint));
    } else if (members.has(canonical.value)) {
      const what = `${key} is listed already`;
      faults.push(errorAt(place, what, `as ${canonical.value}`));
    }
    const values = shaped(below, memberShape, faults);
    const check = checkNamed(valueAt(below, 'check'), checks, faults);
    if ('wrong' in canonical || values === undefined || check === 'unusable') sound = false;
    else {
      const { name, weight, tier, group, place: located, labels } = values;
      const words = labels === undefined ? {} : { labels };
      members.set(canonical.value, { name, weight, tier, group, located, ...words, check, place });
    }
  }
  return sound ? members : undefined;
}

/** The check that a node names; 'unusable' where there is none of that name or it has faults. */
function checkNamed(
  node: YamlNode | undefined,
  checks: Checks,
  faults: Fault[],
): Check | undefined | 'unusable' {
  if (node === undefined) return undefined;
  if (node.kind !== 'text') return 'unusable'; // its shape is reported already
  const known = [...checks.byName.keys()];
  if (!known.includes(node.text) && checks.complete) {
    const hint = suggest(node.text, known) || 'define it under "checks:", here or in steerdns.yaml';
    faults.push(errorAt(node.place, `there is no check "${node.text}"`, hint));
  }
  return checks.byName.get(node.text) ?? 'unusable';
}

function whenAllDownOf(written: unknown): Reading<WhenAllDown> {
  const hint = `one of ${whenAllDownWords.join(', ')}, or a list of members such as [web1, web2]`;
  if (typeof written === 'string') {
    const word = oneOf(whenAllDownWords)(written);
    return 'value' in word ? word : { wrong: word.wrong, hint };
  }
  const names = Array.isArray(written) ? written : [];
  const good = names.length > 0 && names.every((name) => typeof name === 'string' && name !== '');
  return good ? { value: names } : { wrong: 'must be a word or a list of members', hint };
}
