// What policies share: which candidates serve by the rule of weights and standbys, and the answer sets that
// are drawn from some of them, one of a failure domain or without regard to domains.
import type { Candidate, Decision, PolicySettings } from './policies/policy.ts';
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

/** Answer sets of k of the candidates that serve, by their weights at this moment; none where none serves. */
export function draw(
  candidates: readonly Candidate[],
  serving: readonly number[],
  k: 'auto' | number,
  spread: PolicySettings['spread'],
): Pick<Decision, 'sets' | 'wanted'> {
  const weights = serving.map((index) => candidates[index]!.effective);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const wanted = new Array<number>(candidates.length).fill(0);
  for (const [i, index] of serving.entries()) wanted[index] = weights[i]! / whole;
  if (serving.length === 0) return { sets: [], wanted };
  const domains = serving.map((index) => candidates[index]!.domain);
  // From configured weights, so that a slow start does not change the number of addresses from step to step;
  // a standby that is needed counts as one part.
  const configured = serving.map((index) => Math.max(1, candidates[index]!.weight));
  const count = k === 'auto' ? autoAnswers(spread === 'none' ? configured : sums(configured, domains)) : k;
  const sets = spread === 'none' ? answerSets(weights, count) : groupedSets(weights, domains, count);
  return {
    sets: sets.map(({ members, share }) => ({ members: members.map((member) => serving[member]!), share })),
    wanted,
  };
}

/** The weight of each domain. */
function sums(weights: readonly number[], domains: readonly string[]): number[] {
  const sum = new Map<string, number>();
  for (const [i, domain] of domains.entries()) sum.set(domain, (sum.get(domain) ?? 0) + weights[i]!);
  return [...sum.values()];
}
