// What is asked under load, one entry each: the questions, the size of the zone, what dnsperf sends beside
// them, what must come back, and of whom. A new kind of question is one entry here. Called by bench.ts.
import { balancedName, origin } from './zones.ts';

export type Questions = {
  readonly key: string;
  readonly title: string;
  /** Names hN in the zone. */
  readonly names: number;
  /** Lines of dnsperf's query file. */
  lines(): string[];
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  /** Flags of dnsperf beside those of every turn. */
  readonly flags: readonly string[];
  /** Whether all servers are asked, or only ours and the reference: rounds take their time. */
  readonly ofAll: boolean;
};

const few = 10_000;
const many = 1_000_000;
const mixed = 200_000;
const missing = 1000;

export const questions: readonly Questions[] = [
  {
    key: 'balanced',
    title: `${balancedName} A, four members`,
    names: few,
    lines: () => [`${balancedName} A`],
    rcode: 'NOERROR',
    flags: [],
    ofAll: true,
  },
  {
    key: 'cookie',
    title: `${balancedName} A with a client cookie`,
    names: few,
    lines: () => [`${balancedName} A`],
    rcode: 'NOERROR',
    flags: ['-E', '10:0123456789abcdef'],
    ofAll: false,
  },
  {
    key: 'static',
    title: 'one ordinary name',
    names: few,
    lines: () => [`h${few / 2}.${origin} A`],
    rcode: 'NOERROR',
    flags: [],
    ofAll: false,
  },
  {
    key: 'nxdomain',
    title: `${missing} names that do not exist`,
    names: few,
    lines: () => Array.from({ length: missing }, (_, i) => `nothing-${i}.${origin} A`),
    rcode: 'NXDOMAIN',
    flags: [],
    ofAll: false,
  },
  {
    key: 'mix',
    title: `random names of ${many}`,
    names: many,
    lines: () => {
      let state = 1; // a linear congruential generator: the same names in every run
      return Array.from({ length: mixed }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return `h${Math.floor((state / 2 ** 32) * many)}.${origin} A`;
      });
    },
    rcode: 'NOERROR',
    flags: [],
    ofAll: false,
  },
];
