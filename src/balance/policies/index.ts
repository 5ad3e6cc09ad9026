// The policies there are: a new one is a file here and a line below; the YAML knows it by its key.
import { all } from './all.ts';
import { failover } from './failover.ts';
import { nearest } from './nearest.ts';
import type { Policy } from './policy.ts';
import { sticky } from './sticky.ts';
import { weighted } from './weighted.ts';

export const policies = { weighted, failover, sticky, nearest, all } as const satisfies Record<
  string,
  Policy
>;

/** The policy with this name, which the configuration has checked. */
export function policyNamed(name: string): Policy | undefined {
  return Object.hasOwn(policies, name) ? policies[name as keyof typeof policies] : undefined;
}
