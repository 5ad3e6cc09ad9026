// Random small zones and questions for the property tests: few labels, so that names meet; wildcards, cuts,
// empty non-terminals, aliases and pools; sometimes a zone below another. Valid as the zone check has it. The
// zones come as text, so that the scanner is tried too.
import type { randomFrom } from './balance/random.ts';
import type { CaseZone } from './cases.ts';
import { types } from './rows.ts';
import type { Ask } from './wire.ts';

type Random = ReturnType<typeof randomFrom>;
type ZoneText = Omit<CaseZone, 'rows'>;

const labels = ['a', 'b', 'c', '*', 'D', '\\000\\255'];
const dataTypes = ['A', 'A', 'AAAA', 'TXT', 'MX', 'SRV', 'CNAME', 'NS', 'DS', 'TYPE65280'];
const askedTypes = [
  'A',
  'A',
  'AAAA',
  'TXT',
  'MX',
  'SRV',
  'CNAME',
  'NS',
  'DS',
  'SOA',
  'ANY',
  'TYPE65280',
  'TYPE99',
];

/** Zones z0.test., z1.test. …, some with a child a.zN.test. of their own. */
export function randomZones(random: Random, count: number): ZoneText[] {
  const origins: string[] = [];
  for (let i = 0; origins.length < count; i++) {
    origins.push(`z${i}.test.`);
    if (random.below(3) === 0) origins.push(`a.z${i}.test.`);
  }
  return origins.map((origin) => randomZone(random, origin, origins));
}

/** A name of 0 to 3 random labels below `above`. */
const randomName = (random: Random, above: string): string =>
  Array.from({ length: random.below(4) }, () => `${random.pick(labels)}.`).join('') + above;

function randomZone(random: Random, origin: string, origins: readonly string[]): ZoneText {
  const owners = new Map<string, string[]>();
  const target = (): string =>
    randomName(random, random.below(5) === 0 ? random.pick([...origins, 'invalid.']) : origin);
  for (let i = random.below(14); i >= 0; i--) {
    const owner = randomName(random, origin);
    const lines = owners.get(owner.toLowerCase()) ?? [];
    owners.set(owner.toLowerCase(), lines);
    addRecords(random, lines, owner, random.pick(dataTypes), target, owner === origin);
  }
  const text = [
    '$TTL 300',
    `${origin} ${random.pick([30, 600])} SOA ns.invalid. admin.${origin} 1 2 3 4 ${random.pick([20, 900])}`,
    `${origin} NS ns.invalid.`,
    ...[...owners.values()].flat(),
  ];
  const addresses = (lines: readonly string[]): string[] =>
    lines.flatMap((line) => / (?:A|AAAA) (\S+)$/.exec(line)?.[1] ?? []);
  const down = [...owners.values()].flatMap(addresses).filter(() => random.below(3) === 0);
  // Not at or below a cut, where a pool is a fault.
  const cuts = [...owners].filter(
    ([owner, lines]) => owner !== origin && lines.some((line) => / NS /.test(line)),
  );
  const pools = [...owners].filter(
    ([owner, lines]) => addresses(lines).length > 0 && !cuts.some(([cut]) => `.${owner}`.endsWith(`.${cut}`)),
  );
  const chosen = pools.filter(() => random.below(2) === 0);
  return { origin, text: `${text.join('\n')}\n`, balance: randomBalance(random, chosen, addresses), down };
}

/** Adds an RRset to the lines of its owner, as far as what stands there lets it. */
function addRecords(
  random: Random,
  lines: string[],
  owner: string,
  type: string,
  target: () => string,
  isApex: boolean,
): void {
  const has = (other: string): boolean => lines.some((line) => line.includes(` ${other} `));
  if (has('CNAME') || has(type) || (type === 'CNAME' && lines.length > 0)) return;
  if (isApex && (type === 'CNAME' || type === 'DS')) return;
  const ttl = random.pick([10, 300, 86_400]);
  const add = (data: string, at = owner, of = type): number => lines.push(`${at} ${ttl} ${of} ${data}`);
  for (let i = type === 'CNAME' ? 0 : random.below(3); i >= 0; i--) {
    if (type === 'A') add(`192.0.2.${random.below(30)}`);
    else if (type === 'AAAA') add(`2001:db8::${random.below(30)}`);
    else if (type === 'TXT') add(`"${'text '.repeat(random.pick([1, 1, 1, 40]))}" "${random.below(9)}"`);
    else if (type === 'MX') add(`${random.below(3)} ${target()}`);
    else if (type === 'SRV') add(`0 0 ${random.below(9)} ${target()}`);
    else if (type === 'CNAME') add(target());
    else if (type === 'DS') add(`${random.below(9)} 13 2 ${'0a'.repeat(32)}`);
    else if (type === 'NS' && random.below(2) === 0 && !isApex && !owner.startsWith('*')) {
      add(`ns${i}.${owner}`);
      add(`192.0.2.${100 + i}`, `ns${i}.${owner}`, 'A');
    } else if (type === 'NS' && !owner.startsWith('*')) add(`ns${i}.invalid.`);
    else if (type === 'TYPE65280') add(`\\# 2 00${random.below(10)}0`);
  }
}

function randomBalance(
  random: Random,
  pools: readonly (readonly [string, readonly string[]])[],
  addresses: (lines: readonly string[]) => string[],
): string {
  if (pools.length === 0) return '';
  const texts = pools.map(([owner, lines]) => {
    const members = [...new Set(addresses(lines))].filter(() => random.below(3) > 0);
    const weights = members.map(
      (address) => `${JSON.stringify(address)}: { weight: ${random.pick([0, 1, 2, 3, 7])} }`,
    );
    const settings = [
      ...(random.below(4) > 0 ? ['check: port'] : []),
      `answers: ${random.pick(['auto', 1, 2, 3])}`,
      `when-all-down: ${random.pick(['all', 'none', 'servfail'])}`,
      ...(random.below(2) === 0 ? ['ttl: { stable: 60s, unsettled: 4s }'] : []),
      `members: { ${weights.join(', ')} }`,
    ];
    return `  ${JSON.stringify(owner)}: { ${settings.join(', ')} }`;
  });
  return `checks:\n  port: { type: tcp, port: PORT }\nbalance:\n${texts.join('\n')}\n`;
}

/** A question about one of the zones, mostly about names that may exist. */
export function randomAsk(random: Random, zones: readonly ZoneText[]): Ask {
  const { origin } = random.pick(zones);
  const name =
    (random.below(4) === 0 ? `${random.pick(['a', 'ns0', 'zz'])}.` : '') + randomName(random, origin);
  const type = random.pick(askedTypes);
  const cased = [...name].map((letter) => (random.below(6) === 0 ? letter.toUpperCase() : letter)).join('');
  const edns =
    random.below(2) === 0
      ? { edns: { size: random.pick([0, 512, 700, 1232, 4096]), do: random.below(2) === 0 } }
      : {};
  return { name: cased, type: types[type] ?? Number(type.slice(4)), ...edns };
}
