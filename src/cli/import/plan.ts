// What an importer makes of somebody else's balanced name: records for the zone file and, beside them,
// what the YAML says. gdnsd's resources and PowerDNS's Lua records both become plans; zonetext.ts and
// yamltext.ts write them. Types and small questions only.
import { parseAddressText, printAddress } from '../../wire/literals.ts';

export type PlanMember = {
  /** An address in canonical form, or an absolute name with the final dot. */
  readonly target: string;
  readonly name?: string | undefined;
  readonly weight?: number | undefined;
  readonly tier?: number | undefined;
  readonly group?: string | undefined;
  /** A check of its own in place of the plan's. */
  readonly check?: string | undefined;
};

/** One balanced name; without members that anything is said of, it is plain records. */
export type Plan = {
  readonly members: readonly PlanMember[];
  /** Undefined: these are plain records, and no pool. */
  readonly policy: 'weighted' | 'failover' | 'sticky' | 'all' | undefined;
  readonly answers?: number | undefined;
  readonly minUp?: number | undefined;
  readonly spread?: 'group' | 'one-group' | undefined;
  readonly check?: string | undefined;
};

/** Why something has no counterpart here, as the end of a sentence. */
export type Refusal = { readonly because: string };

/** Takes note of what is not, or not wholly, imported: where it stands, and why. */
export type Note = (where: string, what: string) => void;

/** An address in canonical form, an absolute name, or undefined. */
export function targetOf(text: string): string | undefined {
  const octets = parseAddressText(text);
  if (octets !== undefined) return printAddress(octets);
  return /^[^\s"(){};@,]+$/.test(text) && /[A-Za-z]/.test(text)
    ? `${text.replace(/\.$/, '')}.`.toLowerCase()
    : undefined;
}

/** The record type that a target is the data of. */
export function typeOfTarget(target: string): 'A' | 'AAAA' | 'CNAME' {
  if (parseAddressText(target) === undefined) return 'CNAME';
  return target.includes(':') ? 'AAAA' : 'A';
}

/** Merges what is said of one owner in two places, such as A and AAAA; a sentence where that does not go. */
export function mergePlans(a: Plan, b: Plan): Plan | Refusal {
  const differs = (['policy', 'answers', 'minUp', 'spread'] as const).find((key) => a[key] !== b[key]);
  if (differs !== undefined) {
    return { because: `its ${differs} differs from that of the other records of this name` };
  }
  if (a.check === b.check) return { ...a, members: [...a.members, ...b.members] };
  const own = (plan: Plan) => plan.members.map((member) => ({ check: plan.check, ...member }));
  return { ...a, check: undefined, members: [...own(a), ...own(b)] };
}
