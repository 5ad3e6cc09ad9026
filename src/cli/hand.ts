// steerdns drain, undrain, up, down, weight, release: the operator's hand. One request for all of them; the
// daemon says what matched and what is answered now.
import { userInfo } from 'node:os';
import { handText, takesOut } from '../balance/hand.ts';
import { type Answered, answerText, type HandReport } from '../control/handreport.ts';
import type { HandVerb } from '../control/handrequest.ts';
import { ownerText, type Target } from '../control/selectors.ts';
import { ask, refused } from './client.ts';
import { type Command, complain, EXIT, type Option, options, textOf } from './command.ts';
import { hang, plural, printMoment, printSpan } from './text.ts';

/** Pools that are listed: of more only the number is said. */
const poolsMax = 20;

const flags = {
  reason: { value: 'TEXT', what: 'why, for whoever looks at status' },
  for: { value: 'DURATION', what: 'lift it by itself after this, such as 1h' },
  until: { value: 'TIME', what: 'lift it by itself then: 14:30, 2026-11-28T14:30Z or +10m' },
  at: { value: 'TIME', what: 'begin then; answers count down to it' },
  force: { what: 'also where it leaves a pool without a member' },
} as const satisfies Record<string, Option>;

const laying: Command['options'] = { ...flags, control: options.control, json: options.json };
const lifting: Command['options'] = { force: flags.force, control: options.control, json: options.json };

/** The command of one verb. */
export function handCommand(verb: HandVerb): Command {
  const isLifting = verb === 'undrain' || verb === 'release';
  return {
    usage: verb === 'weight' ? 'SELECTOR... WEIGHT' : 'SELECTOR...',
    options: isLifting ? lifting : laying,
    positionalsMin: verb === 'weight' ? 2 : 1,
    positionalsMax: Number.MAX_SAFE_INTEGER,
    async run(values, positionals) {
      const query = new URLSearchParams({ verb, by: userName() });
      const selectors = verb === 'weight' ? positionals.slice(0, -1) : positionals;
      for (const selector of selectors) query.append('selector', selector);
      if (verb === 'weight') query.set('weight', positionals.at(-1)!);
      for (const name of ['reason', 'for', 'until', 'at']) {
        const text = textOf(values, name);
        if (text !== undefined) query.set(name, text);
      }
      if (values.force === true) query.set('force', '1');
      const answer = await ask(values, 'POST', `/hand?${query}`);
      if (typeof answer === 'number') return answer;
      if (answer.status !== 200) {
        const code = refused(answer);
        return answer.status === 400 ? EXIT.usage : code;
      }
      const report = answer.body as HandReport;
      if (values.json === true) process.stdout.write(JSON.stringify(report) + '\n');
      else process.stdout.write(reportText(report));
      const { notServed, notKept } = report;
      if (notServed !== undefined) complain(`it is not in service yet: ${notServed}`);
      if (notKept !== undefined) complain(`it is in service, but a restart forgets it: ${notKept}`);
      return notServed === undefined && notKept === undefined ? EXIT.done : EXIT.failed;
    },
  };
}

/** Who sits at the keyboard, also behind sudo. */
function userName(): string {
  try {
    return process.env.SUDO_USER ?? userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'somebody'); // a user without an entry in the password file
  }
}

/** Makes the text, in 80 columns. */
export function reportText({
  hand,
  matched,
  lifted,
  displaced,
  answers,
  overruled,
  goneAt,
  now,
}: HandReport): string {
  const lines: string[] = [];
  const say = (text: string) => lines.push(...hang('', text));
  const begin = hand?.from === undefined ? '' : ` from ${printMoment(hand.from, now)}`;
  const end = hand?.until === undefined ? '' : ` until ${printMoment(hand.until, now)}`;
  const touched = hand === undefined ? lifted : matched;
  for (const [owner, names] of byPool(touched)) {
    const what = hand === undefined ? 'as their checks say again' : `${handText(hand)}${begin}${end}`;
    say(`${owner}: ${names.join(', ')}: ${what}`);
  }
  for (const row of displaced) say(`in place of: ${nameOf(row)}: ${handText(row.hand)}`);
  for (const { target, reason } of overruled) say(`${nameOf(target)} is really down: ${reason}`);
  const when = hand?.from === undefined ? 'now' : 'then';
  for (const answer of answers.slice(0, poolsMax))
    say(`${ownerText(answer.owner)} ${answer.type} ${when}: ${ttlText(answer)}`);
  if (answers.length > poolsMax)
    say(`and ${plural(answers.length - poolsMax, 'more')} (--json has them all)`);
  if (goneAt !== undefined && hand !== undefined && takesOut(hand) !== undefined) {
    const left = goneAt - now;
    const text = left > 0 ? `at ${printMoment(goneAt, now)}, in ${printSpan(left + 999)}` : 'already';
    say(`the last cached answer is gone ${text}`);
  }
  return lines.join('\n') + '\n';
}

function ttlText(answer: Answered): string {
  return answer.mode === 'sets' ? `${answerText(answer)}, TTL ${answer.ttl}` : answerText(answer);
}

/** Members by pool, as they are named in a sentence. */
function byPool(targets: readonly Target[]): [string, string[]][] {
  const pools = new Map<string, Set<string>>();
  for (const { owner, member, address } of targets) {
    const names = pools.get(owner) ?? new Set();
    pools.set(owner, names.add(address ?? member));
  }
  return [...pools].map(([owner, names]) => [ownerText(owner), [...names]]);
}

function nameOf({ owner, member, address }: Target): string {
  return `${address ?? member}@${ownerText(owner)}`;
}
