// gdnsd's resources, `plugin!name` in a DYNA or DYNC record, as plans. A plugin is a function below; metafo
// and geoip are made of the others, each datacenter a tier of its own.
import { weightMax } from '../../limits.ts';
import { type Note, type Plan, type PlanMember, type Refusal, targetOf, typeOfTarget } from './plan.ts';
import { numberAt, type Services } from './services.ts';
import { hashOf, textsIn, type Vscf, type VscfHash } from './vscf.ts';

const none: VscfHash = new Map();
/** Keys that every level of a resource hands down to those below it. */
const inherited = ['service_types', 'up_thresh', 'ignore_health', 'multi', 'plugin'];
const families = ['addrs_v4', 'addrs_v6'];
/** Plugins that speak of addresses themselves. */
const simple = ['static', 'simplefo', 'weighted', 'multifo'];

/** What levels above say. */
type Settings = VscfHash;

export class Resources {
  readonly #plugins: VscfHash;
  readonly #services: Services;
  readonly #note: Note;

  constructor(plugins: VscfHash, services: Services, note: Note) {
    this.#plugins = plugins;
    this.#services = services;
    this.#note = note;
  }

  /** The plan for a reference such as `metafo!www`, or why there is none. */
  plan(reference: string): Plan | Refusal {
    const [plugin = '', name = ''] = reference.split('!');
    const config = hashOf(this.#plugins.get(plugin));
    if (config === undefined) return { because: `the plugin ${plugin} is not in config` };
    if (plugin === 'metafo' || plugin === 'geoip') return this.#datacenters(plugin, config, name);
    if (!simple.includes(plugin)) return { because: `the plugin ${plugin} has no counterpart` };
    const value = config.get(name);
    if (value === undefined) return { because: `${plugin} has no resource ${name}` };
    return this.#simple(plugin, reference, value, settingsOf(config, none));
  }

  #simple(plugin: string, where: string, value: Vscf, above: Settings): Plan | Refusal {
    const hash = hashOf(value);
    const settings = settingsOf(hash ?? none, above);
    if (plugin === 'static') return plainPlan(value);
    if (plugin === 'simplefo' && hash !== undefined) return this.#simplefo(where, hash, settings);
    if (plugin === 'weighted' && hash !== undefined) return this.#weighted(where, hash, settings);
    if (plugin === 'multifo') return this.#multifo(where, value, settings);
    return { because: `the plugin ${plugin} has no counterpart` };
  }

  /** The parts of a resource, one for each family that it speaks of, with what holds in it. */
  #parts(value: Vscf, settings: Settings): { readonly value: Vscf; readonly settings: Settings }[] {
    const hash = hashOf(value);
    const own = families.flatMap((family) => hash?.get(family) ?? []);
    if (own.length === 0) return [{ value, settings }];
    return own.map((part) => ({ value: part, settings: settingsOf(hashOf(part) ?? none, settings) }));
  }

  #checkOf(where: string, settings: Settings): string | undefined {
    if (String(settings.get('ignore_health')).toLowerCase() === 'true') {
      this.#note(where, 'ignore_health: it is not probed, and always given');
      return undefined;
    }
    return this.#services.checkFor(textsIn(settings.get('service_types')) ?? ['up']);
  }

  #multifo(where: string, value: Vscf, settings: Settings): Plan | Refusal {
    const members: PlanMember[] = [];
    const minimums: number[] = [];
    for (const part of this.#parts(value, settings)) {
      const check = this.#checkOf(where, part.settings);
      const rows = addressRows(part.value);
      minimums.push(Math.ceil((numberAt(part.settings, 'up_thresh') ?? 0.5) * rows.length));
      for (const [label, address] of rows) {
        const target = targetOf(address);
        if (target === undefined) return { because: `"${address}" is no address` };
        members.push({ target, name: memberName(label), check });
      }
    }
    const minUp = this.#oneOf(where, 'up_thresh', minimums);
    // With fewer up than the threshold asks for all are given, and that is a tier which fails.
    if (minUp <= 1) return sameCheck({ policy: 'all', members });
    const answers = Math.max(...countsOf(members));
    return sameCheck({ policy: 'failover', answers, minUp, members });
  }

  #oneOf(where: string, key: string, values: readonly number[]): number {
    const least = Math.min(...values);
    if (values.some((value) => value !== least)) {
      this.#note(where, `${key} comes to ${values.join(' and ')} members: min-up is ${least} for all`);
    }
    return least;
  }

  #simplefo(where: string, hash: VscfHash, settings: Settings): Plan | Refusal {
    const members: PlanMember[] = [];
    for (const part of this.#parts(hash, settings)) {
      const check = this.#checkOf(where, part.settings);
      for (const [i, name] of ['primary', 'secondary'].entries()) {
        const address = hashOf(part.value)?.get(name);
        const target = typeof address === 'string' ? targetOf(address) : undefined;
        if (target === undefined) return { because: `it has no ${name} address` };
        members.push({ target, name, tier: i + 1, check });
      }
    }
    return sameCheck({ policy: 'failover', answers: 1, members });
  }

  #weighted(where: string, hash: VscfHash, settings: Settings): Plan | Refusal {
    const members: PlanMember[] = [];
    let isGrouped = false;
    const multi = new Set<boolean>();
    for (const part of this.#parts(hash, settings)) {
      const check = this.#checkOf(where, part.settings);
      multi.add(String(part.settings.get('multi')).toLowerCase() === 'true');
      for (const { label, group, address, weight } of weightedRows(part.value)) {
        const target = targetOf(address);
        if (target === undefined || weight > weightMax) {
          return { because: `${label} is no address with a weight up to ${weightMax}` };
        }
        isGrouped ||= group !== undefined;
        const name = typeOfTarget(target) === 'CNAME' ? undefined : memberName(label);
        members.push({ target, name, weight, group, check });
      }
    }
    const isMulti = multi.has(true);
    if (multi.size > 1) this.#note(where, 'multi differs between families: here it holds for both');
    this.#note(where, 'up_thresh has no counterpart with weights: what is up is given until nothing is');
    if (isMulti && !isGrouped) {
      this.#note(where, 'multi: shares follow the weights, not the odds weight / largest weight');
    }
    const spread = isGrouped ? (isMulti ? 'group' : 'one-group') : undefined;
    const answers = isMulti || isGrouped ? undefined : 1;
    return sameCheck({ policy: 'weighted', answers, spread, members });
  }

  #datacenters(plugin: string, config: VscfHash, name: string): Plan | Refusal {
    const [resource = '', only] = name.split('/');
    const hash = hashOf(hashOf(config.get('resources'))?.get(resource));
    const map = hashOf(hash?.get('dcmap'));
    if (hash === undefined || map === undefined) return { because: `${plugin} has no resource ${resource}` };
    const where = `${plugin}!${name}`;
    const settings = settingsOf(hash, settingsOf(config, none));
    const order = only === undefined ? this.#order(plugin, where, config, hash) : [only];
    if (order === undefined) return { because: 'its map names no datacenters' };
    const plans: { readonly name: string; readonly plan: Plan }[] = [];
    for (const datacenter of order) {
      const value = map.get(datacenter);
      const plan =
        value === undefined ? undefined : this.#datacenter(`${where}/${datacenter}`, value, settings);
      const isNames = plan !== undefined && 'members' in plan && hasNames(plan) && order.length > 1;
      if (plan === undefined) this.#note(where, `datacenter ${datacenter} is not in its dcmap`);
      else if ('because' in plan) this.#note(where, `datacenter ${datacenter}: ${plan.because}`);
      else if (isNames)
        this.#note(where, `datacenter ${datacenter}: a pool has addresses or names, not both`);
      else plans.push({ name: datacenter, plan });
    }
    const [first, ...rest] = plans;
    if (first === undefined) return { because: 'none of its datacenters can be imported' };
    return rest.length === 0
      ? { ...first.plan, policy: first.plan.policy ?? 'all' }
      : this.#tiers(where, plans);
  }

  /** Datacenters in the order of fail-over; geoip has one for each place, of which the default remains. */
  #order(plugin: string, where: string, config: VscfHash, hash: VscfHash): string[] | undefined {
    if (plugin === 'metafo') return textsIn(hash.get('datacenters'));
    const name = String(hash.get('map'));
    const map = hashOf(hashOf(config.get('maps'))?.get(name));
    this.#note(
      where,
      `the map ${name} of places: it fails over in the order of its datacenters, for everybody`,
    );
    return textsIn(map?.get('datacenters'));
  }

  #datacenter(where: string, value: Vscf, settings: Settings): Plan | Refusal {
    const plugin = String(settings.get('plugin') ?? 'multifo');
    if (typeof value !== 'string') {
      const own = hashOf(value)?.get('plugin');
      return this.#simple(own === undefined ? plugin : String(own), where, withoutPlugin(value), settings);
    }
    if (/^%?[^!]*!/.test(value)) {
      const reference = value.replace(/^%/, '');
      return this.plan(reference.startsWith('!') ? plugin + reference : reference);
    }
    const target = targetOf(value);
    if (target === undefined) return { because: `"${value}" is no address and no name` };
    if (typeOfTarget(target) === 'CNAME') return plainPlan(value);
    return this.#multifo(where, [value], settings);
  }

  #tiers(where: string, plans: readonly { readonly name: string; readonly plan: Plan }[]): Plan {
    const members = new Map<string, PlanMember>();
    let before = 0;
    for (const { name, plan } of plans) {
      const tiers = plan.members.map(({ tier = 1 }) => tier);
      for (const member of plan.members) {
        const { target, tier = 1 } = member;
        if (members.has(target)) this.#note(where, `${target} is in two datacenters: the first counts`);
        else {
          const own = member.name === undefined ? undefined : `${name}-${member.name}`;
          const check = member.check ?? plan.check;
          members.set(target, { ...member, name: own, tier: before + tier, check });
        }
      }
      before += Math.max(...tiers);
    }
    const spreads = new Set(plans.map(({ plan }) => plan.spread));
    if (spreads.size > 1) this.#note(where, 'its datacenters spread differently: here none does');
    const all = [...members.values()];
    const isSingle = plans.every(({ plan }) => plan.answers === 1);
    const most = Math.max(...plans.flatMap(({ plan }) => countsOf(plan.members)));
    const minUp = this.#oneOf(
      where,
      'up_thresh',
      plans.map(({ plan }) => plan.minUp ?? 1),
    );
    return sameCheck({
      policy: 'failover',
      answers: isSingle ? 1 : most,
      minUp: minUp > 1 ? minUp : undefined,
      spread: spreads.size === 1 ? [...spreads][0] : undefined,
      members: all,
    });
  }
}

function settingsOf(hash: VscfHash, above: Settings): Settings {
  const own = inherited.flatMap((key): [string, Vscf][] => {
    const value = hash.get(key);
    return value === undefined ? [] : [[key, value]];
  });
  return new Map([...above, ...own]);
}

function withoutPlugin(value: Vscf): Vscf {
  const hash = hashOf(value);
  return hash === undefined ? value : new Map([...hash].filter(([key]) => key !== 'plugin'));
}

function plainPlan(value: Vscf): Plan | Refusal {
  const target = typeof value === 'string' ? targetOf(value) : undefined;
  return target === undefined
    ? { because: 'it is no address and no name' }
    : { policy: undefined, members: [{ target }] };
}

/** Labels and addresses of a hash, or of the array that stands for one. */
function addressRows(value: Vscf): (readonly [label: string, address: string])[] {
  const list = textsIn(value);
  if (list !== undefined) return list.map((address, i) => [String(i + 1), address]);
  return labelled(value).flatMap(([label, one]) => (typeof one === 'string' ? [[label, one]] : []));
}

type WeightedRow = {
  readonly label: string;
  readonly group: string | undefined;
  readonly address: string;
  readonly weight: number;
};

function weightedRows(value: Vscf): WeightedRow[] {
  return labelled(value).flatMap(([label, one]): WeightedRow[] => {
    if (one instanceof Map) {
      return weightedRows(one).map((row) => ({ ...row, label: `${label}-${row.label}`, group: label }));
    }
    const [address = '', weight = ''] = textsIn(one) ?? [];
    return [{ label, group: undefined, address, weight: /^\d+$/.test(weight) ? Number(weight) : Infinity }];
  });
}

function labelled(value: Vscf): [string, Vscf][] {
  return [...(hashOf(value) ?? none)].filter(([key]) => !inherited.includes(key) && !families.includes(key));
}

/** A label as a member's name; the numbers of a list are none. */
function memberName(label: string): string | undefined {
  return /^\d+$/.test(label) ? undefined : label.replace(/[^A-Za-z0-9_.-]/g, '-').replace(/^[.-]/, '_');
}

/** Members of each family. */
function countsOf(members: readonly PlanMember[]): number[] {
  const six = members.filter(({ target }) => target.includes(':')).length;
  return [members.length - six, six];
}

function hasNames({ members }: Plan): boolean {
  return members.some(({ target }) => typeOfTarget(target) === 'CNAME');
}

/** A check that all members have is the pool's; one name is one member, or has its type behind it. */
function sameCheck(plan: Plan): Plan {
  const [first, ...rest] = plan.members;
  const isShared = first !== undefined && rest.every(({ check }) => check === first.check);
  const members = plan.members.map((member) => ({
    ...member,
    name: isAlike(member, plan.members) ? member.name : `${member.name}-${typeOfTarget(member.target)}`,
    check: isShared ? undefined : member.check,
  }));
  return { ...plan, check: isShared ? first.check : undefined, members };
}

function isAlike(member: PlanMember, members: readonly PlanMember[]): boolean {
  const { name, weight, tier, group } = member;
  if (name === undefined) return true;
  return members.every(
    (other) =>
      other.name !== name || (other.weight === weight && other.tier === tier && other.group === group),
  );
}
