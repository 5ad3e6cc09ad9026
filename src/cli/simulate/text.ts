// The text of a simulation: one line per thing that happened, in 80 columns. Pure.
import { suspicionText } from '../../health/doubts.ts';
import type { Paint } from '../statustext.ts';
import { hang, plural, printShare } from '../text.ts';
import type { Answers, Happening, Outcome } from './simulation.ts';

/** Makes the whole text. */
export function simulationText({ seed, endMs, endpoints, happenings }: Outcome, paint: Paint): string {
  const changing = new Set(
    happenings.flatMap((one) => (one.kind === 'answers' && !one.isFirst ? [nameOf(one)] : [])),
  );
  const names = new Set(happenings.flatMap((one) => (one.kind === 'answers' ? [nameOf(one)] : [])));
  const head = `${plural(endpoints, 'endpoint')}, ${printTime(endMs).trim()} of virtual time, seed ${seed}`;
  const lines = [paint('dim', head)];
  const before = new Map<string, Answers>();
  for (const happening of happenings) {
    const said = lineOf(happening, changing, before);
    if (happening.kind === 'answers') before.set(nameOf(happening), happening);
    if (said === undefined) continue;
    const [style, text] = said;
    const shown = hang(`${printTime(happening.atMs)}  `, text);
    lines.push(
      ...shown
        .map((line) => line.replaceAll('\u00a0', ' '))
        .map((line) => (style === undefined ? line : paint(style, line))),
    );
  }
  const quiet = names.size - changing.size;
  if (quiet > 0) lines.push(paint('dim', `${plural(quiet, 'other answer')} did not change`));
  return lines.join('\n') + '\n';
}

/** Minutes, seconds and hundredths: `1:05.20`; hours in front where there are any. */
function printTime(ms: number): string {
  const hundredths = Math.round(ms / 10);
  const seconds = (hundredths / 100) % 60;
  const minutes = Math.floor(hundredths / 6000);
  const two = (value: number) => String(value).padStart(2, '0');
  const rest = seconds.toFixed(2).padStart(5, '0');
  return minutes < 60
    ? `${minutes}:${rest}`.padStart(8)
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

function nameOf({ owner, type }: Answers): string {
  return `${owner} ${type}`;
}

/** What is said of a happening; undefined: nothing, as of all that are found to be up at the start. */
function lineOf(
  happening: Happening,
  changing: ReadonlySet<string>,
  before: ReadonlyMap<string, Answers>,
): [Parameters<Paint>[0] | undefined, string] | undefined {
  if (happening.kind === 'script') return ['bold', `script: ${happening.text}`];
  if (happening.kind === 'refused') return ['yellow', `refused: ${happening.text}`];
  if (happening.kind === 'answers') {
    const name = nameOf(happening);
    if (happening.isFirst && !changing.has(name)) return undefined;
    return [undefined, answersText(happening, before.get(name))];
  }
  if (happening.kind === 'prober') return ['yellow', suspicionText(happening.event)];
  const { event, member } = happening;
  const where = `${event.probe} ${event.address} port ${event.port}`;
  const who = member === event.address ? where : `${member} (${where})`;
  if (event.kind === 'turned') {
    if (event.from === 'unknown' && event.to === 'up') return undefined;
    const from = event.from === 'unknown' ? '' : `${event.from} -> `;
    return [event.to === 'down' ? 'red' : 'green', `${who} ${from}${event.to}: ${event.reason}`];
  }
  const what = event.kind === 'inconclusive' ? 'cannot be judged' : 'can be judged again';
  return ['yellow', `${who} ${what}: ${event.reason}`];
}

/** What is answered now; where shares stayed as they were, the TTL alone. */
function answersText(answers: Answers & { readonly isFirst: boolean }, before: Answers | undefined): string {
  const { mode, ttl, given, isFirst } = answers;
  const name = nameOf(answers);
  if (mode !== 'sets') return `${name}: ${mode === 'nodata' ? 'NODATA' : 'SERVFAIL'}`;
  if (before !== undefined && sharesOf(before) === sharesOf(answers)) {
    return `${name}, TTL ${before.ttl} -> ${ttl}`;
  }
  const shares = given.map(({ member, address, share }) => {
    const who = isFirst && member !== address ? `${member} (${address})` : member;
    return `${who} ${printShare(share)}`.replaceAll(' ', '\u00a0'); // is broken at no line's end
  });
  const [why, ...others] = new Set(given.map((one) => one.why));
  const reason = others.length > 0 || why === undefined ? '' : `; ${why}`;
  return `${name}, TTL ${ttl}: ${shares.join(', ')}${reason}`;
}

function sharesOf({ mode, answers, given }: Answers): string {
  return JSON.stringify([mode, answers, given]);
}
