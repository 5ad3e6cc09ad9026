// Selectors: how the operator names members in a command. Pure; called by handverbs.ts.
//
//   web2                     the member of this name, in every pool that has one
//   web2@www.site.example    of one pool
//   www.site.example         all members of a pool
//   192.0.2.12               one address of whatever member has it
//   label=rack1 group=dc2    members with this label, of this group; @POOL may follow
//
// Each word may be a pattern: `*` stands for any characters, `?` for one, `\` takes either's meaning away.
import { isDeepStrictEqual } from 'node:util';
import { nearest, suggest } from '../near.ts';

/** What a hand is laid on: a member of a pool, or one of its addresses. */
export type Target = { readonly owner: string; readonly member: string; readonly address?: string };

/** What selectors are matched against; a pool has it. */
export type Selectable = {
  readonly owner: string;
  readonly members: readonly {
    readonly name: string;
    readonly labels?: readonly string[];
    readonly group: string | undefined;
    readonly addresses: readonly { readonly text: string }[];
  }[];
};

export type Selected =
  | { readonly targets: readonly Target[] }
  | { readonly error: string; readonly hint: string };

type Member = Selectable['members'][number];

/** An owner as people write it, without the final dot. */
export function ownerText(owner: string): string {
  return owner.replace(/(.)\.$/, '$1');
}

/** Finds what several selectors name together; one that names nothing is refused. */
export function select(pools: readonly Selectable[], selectors: readonly string[]): Selected {
  const found = new Map<string, Target>();
  for (const selector of selectors) {
    const selected = selectOne(pools, selector);
    if ('error' in selected) return selected;
    for (const target of selected.targets) {
      found.set(`${target.owner} ${target.member} ${target.address ?? ''}`, target);
    }
  }
  return { targets: [...found.values()] };
}

function selectOne(pools: readonly Selectable[], selector: string): Selected {
  const at = selector.lastIndexOf('@');
  const who = at < 0 ? selector : selector.slice(0, at);
  const where = at < 0 ? '*' : selector.slice(at + 1);
  if (who === '' || where === '') {
    return {
      error: `"${selector}" is no selector`,
      hint: 'such as web2, web2@www.site.example or label=rack1',
    };
  }
  const ofOwner = (text: string) => {
    const pattern = ownerPattern(text);
    return pools.filter(({ owner }) => pattern.test(owner));
  };
  const there = ofOwner(where);
  const byMember = there.flatMap((pool) => membersOf(pool, who));
  const all = (some: readonly Selectable[]) => some.flatMap((pool) => membersOf(pool, '*'));
  const byPool = at < 0 ? all(ofOwner(who)) : [];
  if (byMember.length > 0 && byPool.length > 0 && !isDeepStrictEqual(byMember, byPool)) {
    const hint = `write "${who}@*" for the members, "*@${who}" for the pool`;
    return { error: `"${selector}" names both members and a pool`, hint };
  }
  const targets = byMember.length > 0 ? byMember : byPool;
  if (targets.length > 0) return { targets };
  return { error: `nothing matches "${selector}"`, hint: hintFor(pools, there, who, where) };
}

function membersOf({ owner, members }: Selectable, who: string): Target[] {
  const [, key, word] = /^(label|group)=(.*)$/.exec(who) ?? [];
  const pattern = patternOf(word ?? who);
  return members.flatMap((member): Target[] => {
    const whole = { owner, member: member.name };
    if (key !== undefined) return wordsOf(member, key).some((one) => pattern.test(one)) ? [whole] : [];
    if (pattern.test(member.name)) return [whole];
    const addresses = member.addresses.filter(({ text }) => pattern.test(text));
    if (addresses.length === member.addresses.length) return addresses.length > 0 ? [whole] : [];
    return addresses.map(({ text }) => ({ ...whole, address: text }));
  });
}

function wordsOf({ labels, group }: Member, key: string): readonly string[] {
  return key === 'label' ? (labels ?? []) : group === undefined ? [] : [group];
}

function ownerPattern(text: string): Pattern {
  const lower = text.toLowerCase();
  return patternOf(lower.endsWith('.') || lower === '*' ? lower : `${lower}.`);
}

/** A pattern taken apart: characters as they are, and what stands for some. */
type Pattern = { test(text: string): boolean };

const anyOne = Symbol('?');
const anySome = Symbol('*');

function patternOf(text: string): Pattern {
  const parts = (text.match(/\\?./gsu) ?? []).map((part) => {
    if (part === '*') return anySome;
    return part === '?' ? anyOne : part.replace(/^\\(?=.)/su, '');
  });
  return { test: (name) => isMatch(parts, [...name]) };
}

/**
 * A `*` stands for as little as it can, and takes one more where what follows does not match. Only the last
 * one ever has to: whatever those before it could take, it can take, too.
 */
function isMatch(parts: readonly (string | symbol)[], name: readonly string[]): boolean {
  let [part, at] = [0, 0];
  let last: { readonly part: number; at: number } | undefined;
  while (at < name.length) {
    const wanted = parts[part];
    if (wanted === anySome) last = { part: ++part, at };
    else if (wanted === anyOne || wanted === name[at]) [part, at] = [part + 1, at + 1];
    else if (last !== undefined) [part, at] = [last.part, ++last.at];
    else return false;
  }
  return parts.slice(part).every((rest) => rest === anySome);
}

/** What may have been meant: the part that names nothing is the one that is looked for. */
function hintFor(pools: readonly Selectable[], there: readonly Selectable[], who: string, where: string) {
  const owners = pools.map(({ owner }) => ownerText(owner));
  if (there.length === 0) return suggest(where, owners) || 'steerdns status lists the pools';
  const members = there.flatMap((pool) => pool.members);
  const [, key, word = ''] = /^(label|group)=(.*)$/.exec(who) ?? [];
  if (key !== undefined) {
    const words = [...new Set(members.flatMap((member) => wordsOf(member, key)))];
    return suggest(word, words) || `no member has a ${key}`;
  }
  const names = [...new Set(members.map(({ name }) => name))];
  const choices = where === '*' ? [...names, ...owners] : names;
  const addresses = members.flatMap((member) => member.addresses.map(({ text }) => text));
  const near = nearest(who, [...choices, ...addresses]);
  return near === undefined
    ? suggest(who, choices) || 'steerdns status lists pools and members'
    : `did you mean "${near}"?`;
}
