// The script of a simulation: what servers, the prober's link and the operator's hand do and when, as a
// person writes it. Text in, steps or faults out; who is meant by a name is found out by simulation.ts, which
// knows the pools.
//
//   # web2 is killed and comes back; then a rack is slow
//   at 10s   web2            refuses
//   at 40s   web2            ok
//   at 1m    group=rack1     slow 800ms
//   at 90s   web3@www        flaky 30%
//   at 100s  prober          cut
//   at 2m    web1            drain
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

/** What the operator's hand does, without a word that says more. */
const handVerbs = ['drain', 'undrain', 'down', 'up'] as const;

export type Deed =
  | Behaviour
  /** What the prober asks over the network comes to nothing from now on, or comes through again. */
  | { readonly kind: 'link'; readonly isCut: boolean }
  | { readonly kind: 'hand'; readonly verb: (typeof handVerbs)[number] };

export type Step = {
  readonly atMs: number;
  /** Whom a behaviour or a hand is about. */
  readonly selector: string;
  readonly deed: Deed;
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
  const deed = who.text === proberWord ? readLink(what, more, faults) : readDeed(what, more, faults);
  if (atMs === undefined || deed === undefined) return undefined;
  const text = [who, what, ...more].map((word) => word.text).join(' ');
  return { atMs, selector: who.text, deed, text, place: who.place };
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
  ...Object.fromEntries(handVerbs.map((verb) => [verb, `web2 ${verb}`])),
};

/** In place of a name: the prober itself. A member of this name is `prober@*`. */
const proberWord = 'prober';

const links: Readonly<Record<string, string>> = { cut: 'prober cut', ok: 'prober ok' };

function readLink(what: Word, more: readonly Word[], faults: Fault[]): Deed | undefined {
  const example = exampleOf(links, what, 'is nothing that becomes of the prober', faults);
  if (example === undefined || !isOfLength(what, more, example, faults)) return undefined;
  return { kind: 'link', isCut: what.text === 'cut' };
}

function exampleOf(
  words: Readonly<Record<string, string>>,
  what: Word,
  wrong: string,
  faults: Fault[],
): string | undefined {
  if (Object.hasOwn(words, what.text)) return words[what.text]!;
  const hint = suggest(what.text, Object.keys(words)) || `one of ${Object.keys(words).join(', ')}`;
  faults.push(errorAt(what.place, `"${what.text}" ${wrong}`, hint));
  return undefined;
}

function isOfLength(what: Word, more: readonly Word[], example: string, faults: Fault[]): boolean {
  const wanted = example.split(' ').length - 2;
  if (more.length === wanted) return true;
  const wrong = more.length > wanted ? 'says too much' : 'wants one more word';
  const { place } = more[wanted] ?? what;
  faults.push(errorAt(place, `"${what.text}" ${wrong}`, `such as "at 10s ${example}"`));
  return false;
}

function readDeed(what: Word, more: readonly Word[], faults: Fault[]): Deed | undefined {
  const example = exampleOf(behaviours, what, 'is nothing that a server does', faults);
  if (example === undefined || !isOfLength(what, more, example, faults)) return undefined;
  const verb = handVerbs.find((word) => word === what.text);
  if (verb !== undefined) return { kind: 'hand', verb };
  const [argument] = more;
  const made = behaviourOf(what.text, argument?.text ?? '');
  if ('kind' in made) return made;
  faults.push(
    errorAt(argument!.place, `"${what.text}" ${made.wrong}`, made.hint ?? `such as "at 10s ${example}"`),
  );
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
