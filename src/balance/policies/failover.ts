// failover: the first healthy tier answers, by its own weights; those behind it wait. The next healthy one
// may be given a trickle, so that its caches are warm and its faults are known before it is needed. Within a
// tier weights and standbys mean what they mean in a pool without tiers.
import { countOf, draw, servingOf, standbyNotes } from '../draw.ts';
import type { AnswerSet } from '../pool.ts';
import type { Candidate, Policy, PolicySettings } from './policy.ts';

export const failover: Policy = {
  what: 'the first healthy tier, by its weights',
  keys: ['tier', 'min-up', 'trickle'],
  autoIsExact: true,
  choose(candidates, settings) {
    const tiers = tiersOf(candidates, settings);
    const [first, next] = tiers.filter(({ isHealthy }) => isHealthy);
    const trickle = next === undefined ? 0 : settings.trickle;
    const sets: AnswerSet[] = [];
    const wanted = new Array<number>(candidates.length).fill(0);
    const notes = new Array<string>(candidates.length).fill('');
    const remarks: string[] = [];
    for (const tier of tiers) {
      const part = tier === first ? 1 - trickle : tier === next ? trickle : 0;
      const standing = standingOf(tier, tier === first, part, settings);
      const isPlain = tiers.length === 1 && tier.isHealthy;
      if (!isPlain) remarks.push(`tier ${tier.number}: ${tier.count}, ${standing}`);
      const standby = standbyNotes(candidates, tier.serving);
      for (const index of tier.members) {
        const ofTier = tier === first && tier === tiers[0] ? '' : `tier ${tier.number} ${standing}`;
        notes[index] = (part > 0 && standby[index]) || ofTier;
      }
      if (part === 0) continue;
      const drawn = draw(candidates, tier.serving, settings.answers, settings.spread);
      for (const { members, share } of drawn.sets) sets.push({ members, share: share * part });
      for (const index of tier.serving) wanted[index] = drawn.wanted[index]! * part;
    }
    const isFailedOver = first !== undefined && first !== tiers[0];
    return { sets, wanted, notes, remarks, alarms: isFailedOver ? remarks.slice(0, 1) : [] };
  },
};

type Tier = {
  readonly number: number;
  /** Indices of all its candidates, and of those that are given when it is in use. */
  readonly members: readonly number[];
  readonly serving: readonly number[];
  /** `1 of 2 up`, in members. */
  readonly count: string;
  readonly isHealthy: boolean;
};

/** The tiers in their order. */
function tiersOf(candidates: readonly Candidate[], { minUp }: PolicySettings): Tier[] {
  const numbers = [...new Set(candidates.map(({ tier }) => tier))].sort((a, b) => a - b);
  return numbers.map((number) => {
    const members = [...candidates.keys()].filter((index) => candidates[index]!.tier === number);
    const inTier = servingOf(members.map((index) => candidates[index]!));
    const serving = inTier.map((index) => members[index]!);
    const { up, text: count } = countOf(candidates, members, serving);
    return { number, members, serving, count, isHealthy: up >= minUp };
  });
}

/** What a tier does, and why, as the end of a sentence. */
function standingOf(tier: Tier, isFirst: boolean, part: number, { minUp }: PolicySettings): string {
  if (isFirst) return 'in use';
  if (part > 0) return `gets a trickle of ${Number((part * 100).toFixed(2))} %`;
  if (tier.isHealthy) return 'not needed';
  return minUp === 1 ? 'fails' : `fails: min-up is ${minUp}`;
}
