// weighted: every member gets the part of the traffic that its weight says, with several addresses per
// response where the weights allow it.
import { answerSets, autoAnswers } from '../sets.ts';
import type { Policy } from './policy.ts';

export const weighted: Policy = {
  what: 'traffic in proportion to the weights',
  choose(candidates, { answers }) {
    // From configured weights, so that a slow start does not change the number of addresses from step to
    // step.
    const k = answers === 'auto' ? autoAnswers(candidates.map(({ weight }) => weight)) : answers;
    return answerSets(
      candidates.map(({ effective }) => effective),
      k,
    );
  },
};
