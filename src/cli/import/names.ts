// The balanced names of one zone while it is imported: each plan becomes records for the zone file, and
// what is said of it is kept for the YAML. Used by both importers as what their records are replaced by.
import { mergePlans, type Plan, type PlanMember, type Refusal, typeOfTarget } from './plan.ts';
import type { Balanced } from './yamltext.ts';
import { ownerKey, type Replacement } from './zonetext.ts';

export class ZoneNames {
  readonly #origin: string;
  readonly #names = new Map<string, Balanced>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** In the order in which their first records stood. */
  get names(): readonly Balanced[] {
    return [...this.#names.values()];
  }

  /** Takes in a plan; what its record is replaced by. */
  take(owner: string, plan: Plan, ttl: string, unsettledTtl?: number): Replacement {
    const members = distinct(plan.members);
    const targets = membersByType(members);
    if (targets.CNAME.length > 0 && members.length > targets.CNAME.length) {
      return { because: 'a pool has addresses or names, not both' };
    }
    if (plan.policy !== undefined) {
      const fault = this.#keep(owner, { ...plan, members }, unsettledTtl);
      if (fault !== undefined) return fault;
    }
    // One CNAME stands in the zone file, the one that most clients get; the others are in the YAML.
    const [first] = [...targets.CNAME].sort(before);
    const records = first === undefined ? [...targets.A, ...targets.AAAA] : [first];
    return { ttl, records: records.map(({ target }) => ({ type: typeOfTarget(target), data: target })) };
  }

  #keep(owner: string, plan: Plan, unsettledTtl: number | undefined): Refusal | undefined {
    const key = ownerKey(owner, this.#origin);
    const known = this.#names.get(key);
    const merged = known === undefined ? plan : mergePlans(known.plan, plan);
    if ('because' in merged) return merged;
    this.#names.set(key, { key, plan: merged, unsettledTtl: known?.unsettledTtl ?? unsettledTtl });
    return undefined;
  }
}

function distinct(members: readonly PlanMember[]): PlanMember[] {
  return [...new Map(members.map((member) => [member.target, member])).values()];
}

function membersByType(members: readonly PlanMember[]): Record<'A' | 'AAAA' | 'CNAME', PlanMember[]> {
  const byType = { A: [], AAAA: [], CNAME: [] } as Record<'A' | 'AAAA' | 'CNAME', PlanMember[]>;
  for (const member of members) byType[typeOfTarget(member.target)].push(member);
  return byType;
}

function before(a: PlanMember, b: PlanMember): number {
  return (a.tier ?? 1) - (b.tier ?? 1) || (b.weight ?? 1) - (a.weight ?? 1);
}
