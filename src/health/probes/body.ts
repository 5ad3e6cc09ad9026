// What a body must contain: a text, found as soon as it has come, or a /pattern/, which is tried once on what
// has come at the end. Called by the http probe. The body has at most probeBodyMax octets, but a pattern such
// as (a+)+b takes longer than a life on fifty: so each try has patternTimeMaxMs, by way of node:vm, the one
// way to stop a regular expression.
import { createContext, Script } from 'node:vm';
import { patternTimeMaxMs, probeTextMax } from '../../limits.ts';
import type { Parsed } from './probe.ts';

export type BodyMatch = {
  /** How it is called in reasons. */
  readonly words: string;
  /** Looks in what has come; `from` is where it was already when it was last asked. */
  find(octets: Buffer, from: number, isAll: boolean): 'found' | 'not found' | 'given up';
};

/** Parses `text` or `/pattern/`, behind which i, m and s may stand. */
export function parseBody(written: unknown): Parsed {
  if (typeof written !== 'string') return { wrong: 'must be text; put it in quotes' };
  if (written === '') return { wrong: 'must not be empty' };
  if (written.length > probeTextMax) return { wrong: `must have at most ${probeTextMax} characters` };
  try {
    patternOf(written);
    return { value: written };
  } catch (error) {
    return { wrong: `is no pattern: ${(error as Error).message.replace(/^.*: /s, '')}` };
  }
}

/** The match of an option as parseBody() gives it. */
export function matchOf(option: string): BodyMatch {
  const pattern = patternOf(option);
  return pattern === undefined ? textMatch(option) : patternMatch(option, pattern);
}

/** Throws where the pattern is none; undefined where it is plain text. */
function patternOf(option: string): RegExp | undefined {
  const parts = /^\/(.+)\/([ims]*)$/s.exec(option);
  return parts === null ? undefined : new RegExp(parts[1]!, parts[2]);
}

function textMatch(text: string): BodyMatch {
  const sought = Buffer.from(text);
  return {
    words: JSON.stringify(text),
    find(octets, from) {
      const start = Math.max(0, from - sought.length + 1);
      return octets.indexOf(sought, start) >= 0 ? 'found' : 'not found';
    },
  };
}

function patternMatch(words: string, pattern: RegExp): BodyMatch {
  return {
    words,
    find(octets, _from, isAll) {
      return isAll ? tryPattern(pattern, octets.toString()) : 'not found';
    },
  };
}

const place: { pattern: RegExp | undefined; text: string } = { pattern: undefined, text: '' };
let trial: ((limits: { timeout: number }) => unknown) | undefined;

function tryPattern(pattern: RegExp, text: string): 'found' | 'not found' | 'given up' {
  if (trial === undefined) {
    const context = createContext(place);
    const script = new Script('pattern.test(text)');
    trial = (limits) => script.runInContext(context, limits);
  }
  place.pattern = pattern;
  place.text = text;
  try {
    return trial({ timeout: patternTimeMaxMs }) === true ? 'found' : 'not found';
  } catch {
    return 'given up'; // nothing in it throws but the clock, and a stack that is full
  }
}
