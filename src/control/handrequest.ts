// What a command of the operator's hand says: its parameters as values, or the fault in them. Pure; `now` is
// given. Called by handverbs.ts.
import { durationMs, integer } from '../config/values.ts';
import { handAheadMaxMs, handReasonMax, weightMax } from '../limits.ts';
import { suggest } from '../near.ts';

const handVerbs = ['drain', 'undrain', 'up', 'down', 'weight', 'release'] as const;

export type HandVerb = (typeof handVerbs)[number];

export type HandRequest = {
  readonly verb: HandVerb;
  readonly selectors: readonly string[];
  /** For `weight` alone. */
  readonly weight: number | undefined;
  readonly reason: string;
  readonly by: string | undefined;
  /** Wall clock in milliseconds; undefined: at once, for ever. */
  readonly from: number | undefined;
  readonly until: number | undefined;
  /** Also where it leaves a pool without a member. */
  readonly force: boolean;
};

type Refused = { readonly error: string; readonly hint: string };

const known = ['verb', 'selector', 'weight', 'reason', 'by', 'at', 'for', 'until', 'force'];
const timesOfLifting = ['at', 'for', 'until', 'reason'];

/** Reads the parameters of `POST /hand`. */
export function readHandRequest(parameters: URLSearchParams, now: number): HandRequest | Refused {
  const refuse = (error: string, hint = ''): Refused => ({ error, hint });
  const unknown = [...parameters.keys()].find((key) => !known.includes(key));
  if (unknown !== undefined) return refuse(`there is no parameter "${unknown}"`, suggest(unknown, known));
  const text = (key: string) => parameters.get(key) ?? undefined;
  const verb = text('verb') ?? '';
  if (!isVerb(verb)) return refuse(`there is no verb "${verb}"`, suggest(verb, handVerbs));
  const selectors = parameters.getAll('selector');
  if (selectors.length === 0) return refuse('no member is named', 'such as web2 or www.site.example');
  const isLifting = verb === 'undrain' || verb === 'release';
  const needless = isLifting ? timesOfLifting.find((key) => parameters.has(key)) : undefined;
  if (needless !== undefined) return refuse(`${verb} is done at once: --${needless} means nothing to it`);
  let weight: number | undefined;
  if (verb === 'weight') {
    const reading = integer(0, weightMax)(text('weight') ?? '');
    if ('wrong' in reading) return refuse(`the weight ${reading.wrong}`, `such as weight web2 3`);
    weight = reading.value;
  }
  const [reason = '', by] = [text('reason')?.trim(), text('by')];
  for (const [what, said] of Object.entries({ reason, name: by ?? '' })) {
    if (/\p{Cc}/u.test(said)) return refuse(`the ${what} is more than one line`);
    if (said.length > handReasonMax) return refuse(`the ${what} has more than ${handReasonMax} characters`);
  }
  const times = readTimes(text('at'), text('for'), text('until'), now);
  if ('error' in times) return times;
  return { verb, selectors, weight, reason, by, ...times, force: parameters.has('force') };
}

function isVerb(verb: string): verb is HandVerb {
  return handVerbs.includes(verb as HandVerb);
}

function readTimes(at: string | undefined, span: string | undefined, end: string | undefined, now: number) {
  const refuse = (error: string, hint = ''): Refused => ({ error, hint });
  if (span !== undefined && end !== undefined) return refuse('--for and --until are both given', 'give one');
  const from = at === undefined ? undefined : parseMoment(at, now);
  const hint = 'such as 14:30, 2026-11-28T14:30, 2026-11-28T14:30Z or +10m';
  if (typeof from === 'string') return refuse(`--at ${from}`, hint);
  let until: number | undefined;
  if (span !== undefined) {
    const reading = durationMs(1000, handAheadMaxMs)(span);
    if ('wrong' in reading) return refuse(`--for ${reading.wrong}`, reading.hint ?? '');
    until = (from ?? now) + reading.value;
  } else if (end !== undefined) {
    const moment = parseMoment(end, now);
    if (typeof moment === 'string') return refuse(`--until ${moment}`, hint);
    until = moment;
  }
  if (until !== undefined && until <= (from ?? now)) return refuse('it would end before it begins');
  return { from, until };
}

/**
 * A time to come: `14:30` is the next one by the local clock, `+10m` is from now, a date and time are local
 * unless `Z` or an offset follows. Gives the end of a sentence where it is none.
 */
export function parseMoment(text: string, now: number): number | string {
  let at = Number.NaN;
  if (text.startsWith('+')) {
    const reading = durationMs(1, handAheadMaxMs)(text.slice(1));
    if ('wrong' in reading) return reading.wrong;
    at = now + reading.value;
  } else if (/^\d\d:\d\d(:\d\d)?$/.test(text)) {
    const [hours, minutes, seconds = 0] = text.split(':').map(Number) as [number, number, number?];
    const day = new Date(now);
    const isTime = hours < 24 && minutes < 60 && seconds < 60;
    if (isTime) at = day.setHours(hours, minutes, seconds, 0);
    if (at <= now) at = day.setDate(day.getDate() + 1);
  } else if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?$/i.test(text)) {
    at = Date.parse(text.replace(' ', 'T'));
  }
  if (!Number.isFinite(at)) return `is "${text}", which is no time`;
  if (at <= now) return `is "${text}", which is past`;
  return at - now > handAheadMaxMs ? `is "${text}", more than a year ahead` : at;
}
