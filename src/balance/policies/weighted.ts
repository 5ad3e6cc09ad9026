// weighted: every member gets the part of the traffic that its weight says, with several addresses per
// response where the weights allow it.
import { draw, servingOf, standbyNotes } from '../draw.ts';
import type { Policy } from './policy.ts';

export const weighted: Policy = {
  what: 'traffic in proportion to the weights',
  keys: [],
  autoIsExact: true,
  choose(candidates, { answers, spread }) {
    const serving = servingOf(candidates);
    const notes = standbyNotes(candidates, serving);
    return { ...draw(candidates, serving, answers, spread), notes, remarks: [] };
  },
};
