// What doctor finds: one line each, how bad it is, and what to do about it.

export type Level = 'ok' | 'warning' | 'error';

export type Finding = {
  readonly level: Level;
  /** What was looked at, in a word: `port`, `clock`, `parent`. */
  readonly topic: string;
  readonly text: string;
  /** What to do; empty where nothing is to be done. */
  readonly hint: string;
};

/** Makes a finding. */
export function finding(level: Level, topic: string, text: string, hint = ''): Finding {
  return { level, topic, text, hint };
}
