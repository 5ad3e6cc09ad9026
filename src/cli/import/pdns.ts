// A zone file with Lua records of PowerDNS as one of ours. The functions that balance are a table below;
// what they ask is a check of the zone's YAML. Called by cli/import.ts.
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { includeFile } from './gdnsd.ts';
import { type Lua, type LuaTable, parseLua } from './lua.ts';
import { ZoneNames } from './names.ts';
import { type Note, type Plan, type PlanMember, type Refusal, targetOf, typeOfTarget } from './plan.ts';
import { balanceText, checksText, type Flow } from './yamltext.ts';
import { type Dialect, type Foreign, type Replacement, rewriteZone } from './zonetext.ts';

/** Imports a zone file; `origin` undefined: it is named after its zone. Throws the system's errors. */
export function importPdns(path: string, origin: string | undefined, note: Note): Map<string, string> {
  const named = origin ?? basename(path).replace(/\.(zone|db|bind|txt)$/, '');
  const zone = `${named.toLowerCase().replace(/\.$/, '')}.`;
  const names = new ZoneNames(zone);
  const checks = new Checks();
  const dialect: Dialect = {
    types: ['LUA'],
    hasZoneNames: false,
    include: (written, from) => includeFile(join(dirname(from), written)),
    replace: (record) => replace(record, checks, names, note),
  };
  const text = rewriteZone(path, readFileSync(path, 'latin1'), zone, undefined, dialect);
  const yaml = checksText(checks.byName) + balanceText(names.names);
  const files = new Map([[`${zone.slice(0, -1)}.zone`, text]]);
  if (yaml !== '') files.set(`${zone.slice(0, -1)}.yaml`, yaml);
  return files;
}

/** Checks by name; what is asked twice is one check. */
class Checks {
  readonly byName = new Map<string, Flow>();

  /** The name of a check, which begins as `base`. */
  add(base: string, check: Flow): string {
    const text = JSON.stringify(check);
    for (let i = 1; ; i++) {
      const name = i === 1 ? base : `${base}-${i}`;
      const known = this.byName.get(name);
      if (known !== undefined && JSON.stringify(known) !== text) continue;
      this.byName.set(name, check);
      return name;
    }
  }
}

function replace(record: Foreign, checks: Checks, names: ZoneNames, note: Note): Replacement {
  const { owner, data, ttl } = record;
  const [type = '', ...strings] = data;
  const where = `${owner} LUA ${type}`;
  const snippet = strings.map((text) => text.replace(/\\(.)/g, '$1')).join('');
  const plan = planOf(snippet, checks, (what) => note(where, what));
  const strange = 'because' in plan ? undefined : strangeTo(type.toUpperCase(), plan);
  const replaced = strange ?? ('because' in plan ? plan : names.take(owner, plan, ttl));
  if ('because' in replaced) note(where, replaced.because);
  return replaced;
}

/** A record of one type that gives data of another. */
function strangeTo(type: string, { members }: Plan): Refusal | undefined {
  if (!['A', 'AAAA', 'CNAME'].includes(type)) return { because: `records of type ${type} are not balanced` };
  const strange = members.find(({ target }) => typeOfTarget(target) !== type);
  return strange === undefined ? undefined : { because: `${strange.target} is no data of ${type}` };
}

type Say = (what: string) => void;
type Make = (args: readonly Lua[], checks: Checks, say: Say) => Plan | Refusal;

const functions: Readonly<Record<string, Make>> = {
  ifportup: ([port, addresses, options], checks, say) => {
    if (typeof port !== 'number') return { because: 'its port is no number' };
    const check = { type: 'tcp', port, timeout: timeoutOf(options, say) };
    return selected(setsOf(addresses), options, checks.add(`port-${port}`, check), say);
  },
  ifurlup: ([url, addresses, options], checks, say) => {
    const check = typeof url === 'string' ? urlCheck(url, options, say) : undefined;
    if (check === undefined) return { because: 'its URL is none' };
    return selected(setsOf(addresses), options, checks.add('url', check), say);
  },
  pickrandom: ([values]) => weighted(listOf(values), 'weighted', 1),
  pickrandomsample: ([count, values]) =>
    weighted(listOf(values), 'weighted', typeof count === 'number' ? count : 1),
  pickwrandom: ([values]) => weighted(pairsOf(values), 'weighted', 1),
  pickhashed: ([values]) => weighted(listOf(values), 'sticky', undefined),
  pickwhashed: ([values]) => weighted(pairsOf(values), 'sticky', undefined),
  pickclosest: ([values], _checks, say) => {
    say(nearestNote);
    return weighted(listOf(values), 'weighted', 1);
  },
  all: ([values]) => weighted(listOf(values), undefined, undefined),
};

const nearestNote =
  'pickclosest: who is near is not imported; say place: for each member, and policy: nearest';

function planOf(snippet: string, checks: Checks, say: Say): Plan | Refusal {
  const lua = parseLua(snippet);
  if (lua === undefined) return { because: 'it is a program, not one call' };
  if (typeof lua === 'string') {
    const target = targetOf(lua);
    return target === undefined
      ? { because: 'it is no address' }
      : { policy: undefined, members: [{ target }] };
  }
  if (typeof lua === 'number' || !('call' in lua)) return { because: 'it is no call of a function' };
  const name = lua.call.toLowerCase();
  const make = Object.hasOwn(functions, name) ? functions[name] : undefined;
  return make === undefined ? { because: `${lua.call} has no counterpart` } : make(lua.args, checks, say);
}

function isTable(value: Lua | undefined): value is LuaTable {
  return typeof value === 'object' && 'items' in value;
}

function listOf(value: Lua | undefined): PlanMember[] | undefined {
  if (!isTable(value)) return undefined;
  const targets = value.items.map((item) => (typeof item === 'string' ? targetOf(item) : undefined));
  return targets.every((target) => target !== undefined) ? targets.map((target) => ({ target })) : undefined;
}

/** `{ {15, '192.0.2.1'}, {100, '192.0.2.2'} }`. */
function pairsOf(value: Lua | undefined): PlanMember[] | undefined {
  if (!isTable(value)) return undefined;
  const members = value.items.map((pair): PlanMember | undefined => {
    const [weight, text] = isTable(pair) ? pair.items : [];
    const target = typeof text === 'string' ? targetOf(text) : undefined;
    return typeof weight === 'number' && target !== undefined ? { target, weight } : undefined;
  });
  return members.every((member) => member !== undefined) ? members : undefined;
}

/** One set of addresses, or several of which the first with something up is used. */
function setsOf(value: Lua | undefined): PlanMember[] | undefined {
  if (!isTable(value)) return undefined;
  if (value.items.every((item) => typeof item === 'string')) return listOf(value);
  const sets = value.items.map(listOf);
  if (!sets.every((set) => set !== undefined)) return undefined;
  return sets.flatMap((set, i) => set.map((member) => ({ ...member, tier: i + 1 })));
}

function weighted(
  members: readonly PlanMember[] | undefined,
  policy: 'weighted' | 'sticky' | undefined,
  answers: number | undefined,
): Plan | Refusal {
  if (members === undefined || members.length === 0) return { because: 'its list is not one of addresses' };
  return { members, policy, answers };
}

/** What `selector` picks of those that are up. */
function selected(
  members: readonly PlanMember[] | undefined,
  options: Lua | undefined,
  check: string,
  say: Say,
): Plan | Refusal {
  if (members === undefined || members.length === 0) return { because: 'its list is not one of addresses' };
  const selector = isTable(options) ? (options.named.get('selector') ?? 'random') : 'random';
  const hasTiers = members.some(({ tier = 1 }) => tier > 1);
  if (selector === 'pickclosest') say(nearestNote);
  if (selector === 'hashed' && hasTiers) say('hashed within sets: failover picks in turn');
  if (hasTiers) {
    const answers = selector === 'all' ? members.length : 1;
    return { members, policy: 'failover', answers, check };
  }
  if (selector === 'all') return { members, policy: 'all', check };
  if (selector === 'hashed') return { members, policy: 'sticky', check };
  return { members, policy: 'weighted', answers: 1, check };
}

function timeoutOf(options: Lua | undefined, say: Say): Flow | undefined {
  if (!isTable(options)) return undefined;
  for (const key of options.named.keys()) if (!knownOptions.has(key)) say(`${key} has no counterpart`);
  const timeout = options.named.get('timeout');
  return typeof timeout === 'number' && timeout !== 2 ? `${timeout}s` : undefined;
}

/** What is asked of all-down is when-all-down's; how much is read has a limit of its own. */
const knownOptions = new Set(['selector', 'backupSelector', 'timeout', 'stringmatch', 'byteslimit']);

function urlCheck(text: string, options: Lua | undefined, say: Say): Flow | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const type = url?.protocol === 'https:' ? 'https' : url?.protocol === 'http:' ? 'http' : undefined;
  if (url === undefined || type === undefined) return undefined;
  const body = isTable(options) ? options.named.get('stringmatch') : undefined;
  return {
    type,
    port: url.port === '' ? undefined : Number(url.port),
    path: url.pathname + url.search,
    host: url.hostname,
    expect: 200,
    body: typeof body === 'string' ? body : undefined,
    timeout: timeoutOf(options, say),
  };
}
