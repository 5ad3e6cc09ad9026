// all: every member that is up is in each response, for clients that choose for themselves. Where there are
// more than a response takes, as many as it takes, by their weights. Who has a part of its weight only, as in
// a slow start, is in that part of the responses.
import { allAnswersMax } from '../../limits.ts';
import { draw, drawAll, servingOf, standbyNotes } from '../draw.ts';
import type { Policy } from './policy.ts';

export const all: Policy = {
  what: 'every address that is up in each response',
  keys: [],
  autoIsExact: false,
  choose(candidates, { answers, spread }) {
    const serving = servingOf(candidates);
    const most = answers === 'auto' ? allAnswersMax : answers;
    const notes = standbyNotes(candidates, serving);
    const isEverybody = spread === 'none' && serving.length <= most;
    const drawn = isEverybody ? drawAll(candidates, serving) : draw(candidates, serving, most, spread);
    return { ...drawn, notes, remarks: [] };
  },
};
