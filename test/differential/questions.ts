// Questions for the differential test: names that stand in a zone, names made from them by small changes, and
// some from nowhere; types that the zones hold and types that nothing holds; with EDNS and without, over UDP
// and TCP. The same seed asks the same.
import type { Transport } from '../cases.ts';
import { labelsOf, nameText } from '../rows.ts';
import type { Ask } from '../wire.ts';
import type { DifferentialZone, Random } from './zones.ts';

export type DifferentialQuestion = { readonly ask: Ask; readonly transport: Transport };

/** A, NS, CNAME, SOA, PTR, HINFO, MX, TXT, RP, AFSDB, AAAA, SRV, NAPTR, DNAME, DS, … and some unknown. */
const usualTypes = [
  ...[1, 1, 1, 1, 2, 5, 6, 12, 13, 15, 15, 16, 16, 17, 18, 28, 28, 33, 33, 35, 39, 43, 43, 44, 52, 64, 65],
  ...[99, 257, 731, 1000, 65_280, 65_281],
];
const dnssecTypes = [46, 47, 48, 50, 51];
const any = 255;
const sizes = [512, 1232, 4096];
const strangeLabels = ['*', 'zz', 'a', 'ns', 'www', '\\000', 'x.y', 'x.*', '_tcp', 'a\\.b', 'l'.repeat(63)];

/** Makes questions about these zones. */
export function questionMaker(
  zones: readonly DifferentialZone[],
  random: Random,
): () => DifferentialQuestion {
  const names = zones.map(({ text }) => namesIn(text));
  return () => {
    const name = mixedCase(random, changed(random, random.pick(random.pick(names))));
    const hasEdns = random.below(3) > 0;
    const edns = hasEdns ? { edns: { size: random.pick(sizes), do: random.below(2) === 0 } } : {};
    const ask = { name, type: randomType(random), ...edns };
    return { ask, transport: random.below(4) === 0 ? 'tcp' : 'udp' };
  };
}

/** Every absolute name of a zone's text, as owner or in RDATA, each once. */
function namesIn(text: string): string[] {
  const words = text
    .split('\n')
    .flatMap((line) => line.split(' '))
    .filter((word) => /^[^"]*[^"\\]\.$/.test(word));
  return [...new Set(words)];
}

function changed(random: Random, name: string): string {
  const labels = name === '.' ? [] : labelsOf(name);
  const change = random.below(12);
  const strange = random.pick(strangeLabels);
  if (change === 0) return kept(`${strange}.${name}`, name);
  if (change === 1) return kept(`${strange}.${random.pick(strangeLabels)}.${name}`, name);
  if (change === 2) return nameText(labels.slice(1)); // up to what encloses it
  if (change === 3 && labels.length > 1) return kept(`${strange}.${nameText(labels.slice(1))}`, name);
  if (change === 4 && labels.length > 2)
    return kept(`${nameText(labels.slice(0, 1))}${strange}.${nameText(labels.slice(1))}`, name);
  if (change === 5 && random.below(8) === 0) return `${strange}.nowhere.`;
  return name;
}

/** The made name unless it is too long to be one. */
function kept(made: string, name: string): string {
  try {
    labelsOf(made);
    return made;
  } catch {
    return name;
  }
}

const mixedCase = (random: Random, name: string): string =>
  random.below(3) > 0
    ? name
    : name.replace(/[a-z]/gi, (letter) =>
        random.below(2) === 0 ? letter.toUpperCase() : letter.toLowerCase(),
      );

/** A type that means a record; OPT and the types from 128 to 255 but ANY are questions of another kind. */
function randomType(random: Random): number {
  const kind = random.below(40);
  if (kind === 0) return any;
  if (kind === 1) return random.pick(dnssecTypes);
  if (kind === 2) return 256 + random.below(65_000);
  return random.pick(usualTypes);
}

/** The question as `dig` asks it. */
export function digLine({ ask, transport }: DifferentialQuestion, port: string): string {
  const { name, type, edns } = ask;
  const options = [
    ...(transport === 'tcp' ? ['+tcp'] : ['+ignore']),
    edns ? `+bufsize=${edns.size} +nocookie${edns.do ? ' +dnssec' : ''}` : '+noedns',
  ];
  return `dig +norec ${options.join(' ')} @127.0.0.1 -p ${port} -t TYPE${type} -q '${name}'`;
}
