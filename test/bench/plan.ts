// What a run of the bench is to do: its flags, their defaults and bounds, and the order of turns. Called by
// bench.ts.
import { parseArgs } from 'node:util';
import { peers } from './peers.ts';
import { questions } from './questions.ts';

export const usage = `npm run bench -- [flags]

  --rounds N           counted rounds of every server, after one warm-up round (15; 0 leaves this part out)
  --seconds N          length of one turn under dnsperf (2.5)
  --outstanding N      queries that dnsperf keeps outstanding (150)
  --clients N          sockets that dnsperf sends from (4)
  --starts N           starts per server and size, for start time and memory (3; 0 leaves this part out)
  --names N,N          sizes of the zone for that part (10000,1000000)
  --questions KEY,KEY  ${questions.map((one) => one.key).join(' ')} (all)
  --endpoints N        endpoints to probe over plain http every 5 s, for lateness and CPU (10000; 0: none)
  --probe-seconds N    how long that is measured (20)
  --only KEY,KEY       ${peers.map((peer) => peer.key).join(' ')} (all that are installed)
  --cores SERVER,LOAD  which core is the server's and which dnsperf's (0,1)
  --json FILE          write all raw rounds and starts
`;

export type Plan = {
  readonly rounds: number;
  readonly seconds: number;
  readonly outstanding: number;
  readonly clients: number;
  readonly starts: number;
  readonly names: readonly number[];
  readonly questions: readonly string[];
  readonly endpoints: number;
  readonly probeSeconds: number;
  readonly only: readonly string[];
  readonly cores: readonly [server: number, load: number];
  readonly json: string | undefined;
};

/** Reads the flags; throws an Error with a sentence for what it cannot take. */
export function parsePlan(args: readonly string[]): Plan | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '15' },
      seconds: { type: 'string', default: '2.5' },
      outstanding: { type: 'string', default: '150' },
      clients: { type: 'string', default: '4' },
      starts: { type: 'string', default: '3' },
      names: { type: 'string', default: '10000,1000000' },
      questions: { type: 'string', default: questions.map((one) => one.key).join(',') },
      endpoints: { type: 'string', default: '10000' },
      'probe-seconds': { type: 'string', default: '20' },
      only: { type: 'string', default: peers.map((peer) => peer.key).join(',') },
      cores: { type: 'string', default: '0,1' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const only = values.only.split(',');
  for (const key of only) {
    if (!peers.some((peer) => peer.key === key)) throw new Error(`--only ${key}: no such server`);
  }
  const asked = values.questions.split(',');
  for (const key of asked) {
    if (!questions.some((one) => one.key === key)) throw new Error(`--questions ${key}: no such questions`);
  }
  const [serverCore, loadCore, ...more] = values.cores
    .split(',')
    .map((text) => parseNumber('cores', text, 0, 4095));
  if (serverCore === undefined || loadCore === undefined || more.length > 0 || serverCore === loadCore) {
    throw new Error('--cores takes two different cores');
  }
  return {
    rounds: parseNumber('rounds', values.rounds, 0, 1000),
    seconds: parseNumber('seconds', values.seconds, 0.1, 600, false),
    outstanding: parseNumber('outstanding', values.outstanding, 1, 65_536),
    clients: parseNumber('clients', values.clients, 1, 256),
    starts: parseNumber('starts', values.starts, 0, 100),
    names: values.names.split(',').map((text) => parseNumber('names', text, 1, 1 << 24)),
    questions: asked,
    endpoints: parseNumber('endpoints', values.endpoints, 0, 1 << 20),
    probeSeconds: parseNumber('probe-seconds', values['probe-seconds'], 1, 3600),
    only,
    cores: [serverCore, loadCore],
    json: values.json,
  };
}

function parseNumber(flag: string, text: string, least: number, most: number, whole = true): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new Error(
    `--${flag} ${text}: takes ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}`,
  );
}

/**
 * The turns of a round: everybody is first once in a while, and every second round goes backwards, so that
 * nobody always follows the same neighbour.
 */
export function turnOrder<T>(all: readonly T[], round: number): T[] {
  const first = all.length === 0 ? 0 : (round >>> 1) % all.length;
  const order = [...all.slice(first), ...all.slice(0, first)];
  return round % 2 === 0 ? order : order.reverse();
}
