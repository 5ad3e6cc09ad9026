// Pools of a few words for the tests of this folder, and what is chosen of them in one line.
import { type Address, choosePool, type Health, type Pool } from '../../src/balance/pool.ts';
import { parseAddressText } from '../../src/wire/literals.ts';

/**
 * `web1 3 192.0.2.1 2001:db8::1` is a member of weight 3, `3/2@rack1` one of tier 2 in a group, `3~eu` one
 * in a place; an address
 * with `!` behind it is not checked.
 */
export function poolOf(lines: readonly string[], change: Partial<Pool> = {}): Pool {
  const members = lines.map((line) => {
    const [name = '', said = '', ...texts] = line.split(' ');
    const [, weight, tier = 1, group, located] = /^(\d+)(?:\/(\d+))?(?:@(\w+))?(?:~(\w+))?$/.exec(said) ?? [];
    const rest = { weight: Number(weight), tier: Number(tier), group, located };
    const addresses = texts.map((word): Address => {
      const text = word.replace('!', '');
      const endpoint = word.endsWith('!') ? undefined : text;
      const rdata = parseAddressText(text)!;
      return { family: rdata.length === 4 ? 1 : 28, text, rdata, endpoint };
    });
    return { name, ...rest, addresses };
  });
  return {
    owner: 'www.site.example.',
    policy: 'weighted',
    answers: 'auto',
    spread: 'none',
    minUp: 1,
    trickle: 0,
    places: [{ place: '', order: [] }],
    ttl: { stable: undefined, unsettled: 5, rrset: { 1: 60, 28: 120 } },
    whenAllDown: 'all',
    members,
    ...change,
  };
}

/** What health/ may say of an endpoint. */
export const healths: Readonly<Record<string, Health>> = {
  up: { verdict: 'up', settled: true },
  failing: { verdict: 'up', settled: false },
  recovering: { verdict: 'down', settled: false },
  down: { verdict: 'down', settled: false },
  'long down': { verdict: 'down', settled: true },
  unknown: { verdict: 'unknown', settled: true },
};

/** Health of the endpoints that are named, up for all others. */
export function healthFrom(states: Readonly<Record<string, string>>) {
  return (endpoint: string): Health => healths[states[endpoint] ?? 'up']!;
}

/** One line per family: `A sets ttl 60 k 2 neg 5: 192.0.2.1 0.5, 192.0.2.2 0.5`. */
export function outcome(pool: Pool, states: Readonly<Record<string, string>>): string[] {
  return choosePool(pool, healthFrom(states)).map((choice) => {
    const given = choice.standings.filter(({ eligible }) => eligible);
    const shares = given.map(({ address, share }) => `${address} ${Number(share.toFixed(4))}`);
    const family = choice.family === 1 ? 'A' : 'AAAA';
    const { mode, answers, ttl, negativeTtlMax } = choice;
    const head = `${family} ${mode} k ${answers} ttl ${ttl} neg ${negativeTtlMax}`;
    return shares.length === 0 ? head : `${head}: ${shares.join(', ')}`;
  });
}
