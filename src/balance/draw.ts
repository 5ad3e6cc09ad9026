// What policies share: which candidates serve by the rule of weights and standbys, and the answer sets that
// are drawn from some of them: one of each failure domain, all of one, or without regard to domains.
import type { Candidate, Decision, PolicySettings } from './policies/policy.ts';
import type { AnswerSet } from './pool.ts';
import { answerSets, autoAnswers, groupedSets } from './sets.ts';

/** Indices of the weighted candidates that are up, of the standbys that are up where there is none. */
export function servingOf(candidates: readonly Candidate[]): number[] {
  const up = [...candidates.keys()].filter((index) => candidates[index]!.isUp);
  const weighted = up.filter((index) => candidates[index]!.weight > 0);
  return weighted.length > 0 ? weighted : up;
}

/** What there is to say of standbys, for each candidate that is up. */
export function standbyNotes(candidates: readonly Candidate[], serving: readonly number[]): string[] {
  const served = new Set(serving);
  return candidates.map(({ weight }, index) => {
    if (weight > 0) return '';
    return served.has(index) ? 'standby in use' : 'standby, not needed';
  });
}

/**
 * How many of some candidates are up and serve, counted in members: `1 of 2 up`. Standbys are counted where
 * they serve, and where there is nobody else.
 */
export function countOf(
  candidates: readonly Candidate[],
  members: readonly number[],
  serving: readonly number[],
): { readonly up: number; readonly text: string } {
  const isStandby = (index: number) => candidates[index]!.weight === 0;
  const onStandbys = (serving.length > 0 ? serving : members).every(isStandby);
  const alike = members.filter((index) => isStandby(index) === onStandbys);
  const namesOf = (indices: readonly number[]) =>
    new Set(indices.map((index) => candidates[index]!.member)).size;
  const up = namesOf(serving);
  return { up, text: `${up} of ${namesOf(alike)}${onStandbys ? ' standbys' : ''} up` };
}

/** Part of the traffic that the weights of this moment ask for, for each candidate. */
export function wantedOf(candidates: readonly Candidate[], serving: readonly number[]): number[] {
  const whole = serving.reduce((sum, index) => sum + candidates[index]!.effective, 0);
  const wanted = new Array<number>(candidates.length).fill(0);
  for (const index of serving) wanted[index] = candidates[index]!.effective / whole;
  return wanted;
}

/** Answer sets of k of the candidates that serve, by their weights at this moment; none where none serves. */
export function draw(
  candidates: readonly Candidate[],
  serving: readonly number[],
  k: 'auto' | number,
  spread: PolicySettings['spread'],
): Pick<Decision, 'sets' | 'wanted'> {
  const wanted = wantedOf(candidates, serving);
  const sets = serving.length === 0 ? [] : setsOf(candidates, serving, k, spread);
  return { sets, wanted };
}

function setsOf(
  candidates: readonly Candidate[],
  serving: readonly number[],
  k: 'auto' | number,
  spread: PolicySettings['spread'],
): AnswerSet[] {
  if (spread === 'one-group') return setsOfOneGroup(candidates, serving, k);
  const weights = serving.map((index) => candidates[index]!.effective);
  const domains = serving.map((index) => candidates[index]!.domain);
  const autoFor = (parts: readonly number[]) => autoAnswers(spread === 'none' ? parts : sums(parts, domains));
  // As many as both the configured weights and those of this moment allow: who has a part of its weight must
  // not be in every response, and nobody's part brings more addresses than the operator has planned with. A
  // standby that is needed counts as one.
  const configured = serving.map((index) => Math.max(1, candidates[index]!.weight));
  const count = k === 'auto' ? Math.min(autoFor(configured), autoFor(weights)) : k;
  const sets = spread === 'none' ? answerSets(weights, count) : groupedSets(weights, domains, count);
  return sets.map(({ members, share }) => ({ members: members.map((member) => serving[member]!), share }));
}

/**
 * Everybody that serves in a response, but who has a part of its weight only in that part of the responses:
 * each set is one of those before without the one that has least.
 */
export function drawAll(
  candidates: readonly Candidate[],
  serving: readonly number[],
): Pick<Decision, 'sets' | 'wanted'> {
  const parts = serving.map((index) => {
    const { effective, weight } = candidates[index]!;
    return Math.max(1, Math.round(effective / Math.max(1, weight)));
  });
  const most = Math.max(...parts);
  const sets: AnswerSet[] = [];
  let from = 0;
  for (const part of [...new Set(parts)].sort((a, b) => a - b)) {
    const members = serving.filter((_, i) => parts[i]! >= part);
    sets.push({ members, share: part / most - from });
    from = part / most;
  }
  return { sets, wanted: wantedOf(candidates, serving) };
}

/**
 * A domain is drawn by the sum of its weights, and as many of its members as it can give are in a response.
 */
function setsOfOneGroup(
  candidates: readonly Candidate[],
  serving: readonly number[],
  k: 'auto' | number,
): AnswerSet[] {
  const whole = serving.reduce((sum, index) => sum + candidates[index]!.effective, 0);
  return [...byDomain(candidates, serving).values()].flatMap((members) => {
    const part = members.reduce((sum, index) => sum + candidates[index]!.effective, 0) / whole;
    const sets = setsOf(candidates, members, k, 'none');
    return sets.map((set) => ({ ...set, share: set.share * part }));
  });
}

/** The candidates of each domain among those that serve. */
function byDomain(candidates: readonly Candidate[], serving: readonly number[]): Map<string, number[]> {
  const domains = new Map<string, number[]>();
  for (const index of serving) {
    const { domain } = candidates[index]!;
    domains.set(domain, [...(domains.get(domain) ?? []), index]);
  }
  return domains;
}

/** The weight of each domain. */
function sums(weights: readonly number[], domains: readonly string[]): number[] {
  const sum = new Map<string, number>();
  for (const [i, domain] of domains.entries()) sum.set(domain, (sum.get(domain) ?? 0) + weights[i]!);
  return [...sum.values()];
}
