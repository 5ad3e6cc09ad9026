// What a server says of itself in a line of text: HAProxy's agent words, a percentage or a number. Pure. Read
// by the http, agent, file and push probes from whatever a server or another program writes, so any text is
// taken and what is none of it is undefined.
import type { Attempt } from './attempt.ts';

export type Statement = {
  /** False where it wants no clients at all, not even those it has. */
  readonly isUp: boolean;
  /** Part of its weight that it asks for, 0 to 1. */
  readonly part: number;
  /** The words that say so, as they came: `drain`, `ready 75%`. */
  readonly words: string;
  /** Why, in its own words; '' where it does not say. */
  readonly why: string;
};

/** Words that ask for a part of the weight, where no percentage stands beside them. */
const upWords: Readonly<Record<string, number>> = { up: 1, ready: 1, drain: 0 };
const downWords: readonly string[] = ['down', 'maint', 'stopped', 'fail', 'failed'];

/**
 * Reads the first line that is not empty: `75%`, `drain`, `up 50%, 12 sessions`, `down #disk full`, or `75`
 * alone. Words may stand in any order and case; what follows them is the reason. Undefined: it says none.
 */
export function parseStatement(text: string): Statement | undefined {
  const [, line = ''] = /^\s*([^\r\n]*)/.exec(text)!;
  const number = /^(\d{1,3}(?:\.\d{1,2})?)\s*(?:#(.*))?$/.exec(line);
  if (number !== null && Number(number[1]) <= 100) {
    const part = Number(number[1]) / 100;
    return { isUp: true, part, words: `${number[1]}%`, why: (number[2] ?? '').trim() };
  }
  const words: string[] = [];
  let rest = line;
  let isUp = true;
  let part = 1;
  let percentage: number | undefined;
  for (;;) {
    const found = /^[\s,]*([^\s,#]+)/.exec(rest);
    const word = found?.[1]?.toLowerCase() ?? '';
    const isPercentage = /^\d{1,3}(\.\d{1,2})?%$/.test(word);
    if (isPercentage) percentage = Math.min(1, Number.parseFloat(word) / 100);
    else if (Object.hasOwn(upWords, word)) part = Math.min(part, upWords[word]!);
    else if (downWords.includes(word)) isUp = false;
    else if (!/^maxconn:\d{1,9}$/.test(word)) break; // a number of connections means nothing to us
    words.push(word);
    rest = rest.slice(found![0].length);
  }
  if (words.length === 0) return undefined;
  const why = rest.replace(/^[\s,]*#?/, '').trim();
  return { isUp, part: part === 0 ? 0 : (percentage ?? part), words: words.join(' '), why };
}

/** Ends an attempt as a statement has it; `prefix` stands before what is said: `200, `. */
export function obey(attempt: Attempt, { isUp, part, words, why }: Statement, prefix = ''): void {
  attempt.said = { part: isUp ? part : 0 };
  const text = `${prefix}${words}${why === '' ? '' : `: ${why}`}`;
  if (isUp) attempt.ok(text);
  else attempt.fail(text);
}
