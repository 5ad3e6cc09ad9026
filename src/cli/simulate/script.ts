// The script of a simulation: what the servers do and when, as a person writes it. Text in, steps or faults
// out; who is meant by a name is found out by simulation.ts, which knows the pools.
//
//   # web2 is killed and comes back; then a rack is slow
//   at 10s   web2            refuses
//   at 40s   web2            ok
//   at 1m    group=rack1     slow 800ms
//   at 90s   web3@www        flaky 30%
//   end 3m
import { durationMs, percent } from '../../config/values.ts';
import { errorAt, type Fault, type Place } from '../../faults.ts';
import { scriptSizeMax, simulationMaxMs } from '../../limits.ts';
import { suggest } from '../../near.ts';

/** What a server does with its probes from a step on. */
export type Behaviour =
  /** It answers as it should, after so long: slower than the check's timeout is silent. */
  | { readonly kind: 'ok'; readonly latencyMs: number | undefined; readonly part: number | undefined }
  | { readonly kind: 'refuses' | 'fails' | 'silent' }
  /** So many probes of all fail, by the seed. */
  | { readonly kind: 'flaky'; readonly part: number }
  /** It refuses for so long, then it is well for so long, and so on. */
  | { readonly kind: 'flaps'; readonly periodMs: number };

export type Step = {
  readonly atMs: number;
  readonly selector: string;
  readonly behaviour: Behaviour;
  /** As it was written, without its time. */
  readonly text: string;
  /** Where the selector stands. */
  readonly place: Place;
};

export type Script = {
  /** In order of time; those of one moment as they were written. */
  readonly steps: readonly Step[];
  readonly endMs: number | undefined;
  readonly faults: readonly Fault[];
};

type Word = { readonly text: string; readonly place: Place };

/** Reads a script; with faults in it nothing must be run. */
export function readScript(file: string, text: string): Script {
  const faults: Fault[] = [];
  const steps: Step[] = [];
  let endMs: number | undefined;
  if (text.length > scriptSizeMax) {
    const what = `the script is larger than ${scriptSizeMax} octets`;
    return { steps, endMs, faults: [errorAt({ file, line: 1, column: 1 }, what)] };
  }
  for (const [index, line] of text.split('\n').entries()) {
    const words = wordsOf(line, { file, line: index + 1, column: 1 });
    const [verb, ...rest] = words;
    if (verb === undefined) continue;
    if (verb.text === 'at') {
      const step = readStep(verb, rest, faults);
      if (step !== undefined) steps.push(step);
    } else if (verb.text === 'end') {
      const end = readTime(verb, rest[0], faults);
      if (rest.length > 1) faults.push(errorAt(rest[1]!.place, 'nothing follows the time of the end'));
      if (endMs !== undefined) faults.push(errorAt(verb.place, 'the end is said twice'));
      endMs ??= end;
    } else {
      const hint = suggest(verb.text, ['at', 'end']) || 'lines are such as "at 10s web2 refuses" or "end 2m"';
      faults.push(errorAt(verb.place, `"${verb.text}" begins no line of a script`, hint));
    }
  }
  steps.sort((a, b) => a.atMs - b.atMs);
  return { steps, endMs, faults };
}

/** Words with their places; what follows a # at the start of a word is a comment. */
function wordsOf(line: string, { file, line: number }: Place): Word[] {
  const words: Word[] = [];
  for (const { 0: text, index } of line.matchAll(/\S+/g)) {
    if (text.startsWith('#')) break;
    words.push({ text, place: { file, line: number, column: index + 1 } });
  }
  return words;
}

function readStep(at: Word, [time, who, what, ...more]: readonly Word[], faults: Fault[]): Step | undefined {
  const atMs = readTime(at, time, faults);
  if (time === undefined) return undefined;
  if (who === undefined || what === undefined) {
    const missing = who === undefined ? 'who' : 'what happens to it';
    faults.push(errorAt((who ?? time).place, `${missing} is missing`, 'such as "at 10s web2 refuses"'));
    return undefined;
  }
  const behaviour = readBehaviour(what, more, faults);
  if (atMs === undefined || behaviour === undefined) return undefined;
  const text = [who, what, ...more].map((word) => word.text).join(' ');
  return { atMs, selector: who.text, behaviour, text, place: who.place };
}

function readTime({ place }: Word, time: Word | undefined, faults: Fault[]): number | undefined {
  if (time === undefined) {
    faults.push(errorAt(place, 'the time is missing', 'such as 10s or 2m'));
    return undefined;
  }
  const reading = durationMs(0, simulationMaxMs)(time.text);
  if ('value' in reading) return reading.value;
  faults.push(errorAt(time.place, `the time ${reading.wrong}`, reading.hint ?? ''));
  return undefined;
}

/** What may stand behind a name, with an example of each. */
const behaviours: Readonly<Record<string, string>> = {
  ok: 'web2 ok',
  slow: 'web2 slow 3s',
  refuses: 'web2 refuses',
  fails: 'web2 fails',
  silent: 'web2 silent',
  flaky: 'web2 flaky 30%',
  flaps: 'web2 flaps 5s',
  says: 'web2 says 50%',
};

function readBehaviour(what: Word, more: readonly Word[], faults: Fault[]): Behaviour | undefined {
  const example = Object.hasOwn(behaviours, what.text) ? behaviours[what.text]! : undefined;
  if (example === undefined) {
    const hint =
      suggest(what.text, Object.keys(behaviours)) || `one of ${Object.keys(behaviours).join(', ')}`;
    faults.push(errorAt(what.place, `"${what.text}" is nothing that a server does`, hint));
    return undefined;
  }
  const hint = `such as "at 10s ${example}"`;
  const argumentsWanted = example.split(' ').length - 2;
  const [argument] = more;
  if (more.length !== argumentsWanted) {
    const place = (more[argumentsWanted] ?? what).place;
    const wrong = more.length > argumentsWanted ? 'says too much' : 'wants one more word';
    faults.push(errorAt(place, `"${what.text}" ${wrong}`, hint));
    return undefined;
  }
  const made = behaviourOf(what.text, argument?.text ?? '');
  if ('kind' in made) return made;
  faults.push(errorAt(argument!.place, `"${what.text}" ${made.wrong}`, made.hint ?? hint));
  return undefined;
}

function behaviourOf(
  verb: string,
  argument: string,
): Behaviour | { readonly wrong: string; readonly hint?: string } {
  switch (verb) {
    case 'refuses':
    case 'fails':
    case 'silent':
      return { kind: verb };
    case 'slow': {
      const latency = durationMs(1, simulationMaxMs)(argument);
      return 'value' in latency ? { kind: 'ok', latencyMs: latency.value, part: undefined } : latency;
    }
    case 'flaps': {
      const period = durationMs(1, simulationMaxMs)(argument);
      return 'value' in period ? { kind: 'flaps', periodMs: period.value } : period;
    }
    case 'flaky': {
      const part = percent(1)(argument);
      return 'value' in part ? { kind: 'flaky', part: part.value } : part;
    }
    case 'says': {
      const part = percent(1)(argument);
      return 'value' in part ? { kind: 'ok', latencyMs: undefined, part: part.value } : part;
    }
    default:
      return { kind: 'ok', latencyMs: undefined, part: undefined };
  }
}
