// YAML as an operator would write it: a line for a check, a block for a pool, a line for a member. What is
// as it would be anyway is left out.
import { parseAddressText } from '../../wire/literals.ts';
import type { Plan, PlanMember } from './plan.ts';

/** A value of YAML in flow style. */
export type Flow = string | number | readonly Flow[] | { readonly [key: string]: Flow | undefined };

/** One balanced name: its key, what was planned, and its TTL while a member is in doubt. */
export type Balanced = {
  readonly key: string;
  readonly plan: Plan;
  readonly unsettledTtl?: number | undefined;
};

/** Makes the value of `checks:`; none: nothing. */
export function checksText(checks: ReadonlyMap<string, Flow>): string {
  const lines = [...checks].map(([name, check]) => `  ${scalar(name)}: ${flow(check)}\n`);
  return lines.length === 0 ? '' : `checks:\n${lines.join('')}`;
}

/** Makes the value of `balance:`; none: nothing. */
export function balanceText(names: readonly Balanced[]): string {
  return names.length === 0 ? '' : `balance:\n${names.map(poolText).join('')}`;
}

function poolText({ key, plan, unsettledTtl }: Balanced): string {
  const ttl = unsettledTtl === undefined ? undefined : { unsettled: unsettledTtl };
  const said = { check: plan.check, policy: plan.policy, answers: plan.answers, spread: plan.spread };
  const all: Record<string, Flow | undefined> = { ...said, 'min-up': plan.minUp, ttl };
  if (plan.policy === 'weighted') all.policy = undefined; // it is unless something else is said
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`    ${name}: ${flow(value)}`],
  );
  const members = plan.members.flatMap((member) => memberLine(member, plan));
  if (members.length > 0) lines.push('    members:', ...members);
  return `  ${scalar(key)}:\n${lines.map((line) => `${line}\n`).join('')}`;
}

/** A name is no member unless the YAML says so, an address is one anyway. */
function memberLine(member: PlanMember, { check }: Plan): string[] {
  const { target, name, weight, tier, group } = member;
  const said: Record<string, Flow | undefined> = {
    name,
    weight: weight === 1 ? undefined : weight,
    tier: tier === 1 ? undefined : tier,
    group,
    check: member.check === check ? undefined : member.check,
  };
  const isSaid = Object.values(said).some((value) => value !== undefined);
  if (!isSaid && parseAddressText(target) !== undefined) return [];
  return [`      ${scalar(target)}: ${isSaid ? flow(said) : '{}'}`];
}

function flow(value: Flow): string {
  if (typeof value === 'string') return scalar(value);
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  const entries = Object.entries(value).flatMap(([key, below]) =>
    below === undefined ? [] : [`${scalar(key)}: ${flow(below as Flow)}`],
  );
  return `{ ${entries.join(', ')} }`;
}

/** Quoted where YAML could take it for something else. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z0-9_/][A-Za-z0-9_/.:+=-]*$/.test(text) && !text.endsWith(':');
  return isPlain ? text : JSON.stringify(text);
}
