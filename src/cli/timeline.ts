// steerdns timeline [WHO]: how verdicts turned over lately, each with the results it was judged by, beside
// what the operator's hand and the prober's own troubles changed. WHO is a member, an address or a pool.

import type { Event } from '../control/events.ts';
import type { Status } from '../control/status.ts';
import { evidenceShownMax } from '../limits.ts';
import { suggest } from '../near.ts';
import { absoluteText } from '../wire/names.ts';
import { ask, askStatus, refused } from './client.ts';
import { type Command, complain, EXIT, options, paint } from './command.ts';
import type { Paint } from './statustext.ts';
import { hang, printMoment } from './text.ts';

const kinds = 'verdict,unjudged,judged,prober,hand';

export const command: Command = {
  usage: '[WHO]',
  options: { control: options.control, json: options.json },
  positionalsMin: 0,
  positionalsMax: 1,
  async run(values, [who]) {
    const answer = await ask(values, 'GET', `/events?kinds=${kinds}`);
    if (typeof answer === 'number') return answer;
    if (answer.status !== 200) return refused(answer);
    let { events } = answer.body as { events: Event[] };
    if (who !== undefined) {
      const status = await askStatus(values);
      if (typeof status === 'number') return status;
      const named = whoIs(status, who);
      if ('hint' in named) {
        complain(`there is no member, address or pool "${who}"`, named.hint);
        return EXIT.failed;
      }
      events = events.filter((event) => concerns(event, named.addresses));
    }
    if (values.json === true) process.stdout.write(`${JSON.stringify({ events })}\n`);
    else {
      const painter: Paint = (style, text) => paint(process.stdout, style, text);
      process.stdout.write(timelineText(events, Date.now(), painter));
    }
    return EXIT.done;
  },
};

/** The addresses that a word stands for, or what may have been meant by it. */
function whoIs({ zones }: Status, who: string) {
  const pools = zones.flatMap((zone) => zone.pools);
  const owner = absoluteText(who);
  const isMeant = (pool: { owner: string }, member: { name: string; address: string }) =>
    pool.owner === owner || member.name === who || member.address === who;
  const found = pools.flatMap((pool) => pool.members.filter((member) => isMeant(pool, member)));
  if (found.length > 0) return { addresses: new Set(found.flatMap(({ name, address }) => [name, address])) };
  const words = pools.flatMap((pool) => [pool.owner.slice(0, -1), ...pool.members.map(({ name }) => name)]);
  return { hint: suggest(who, [...new Set(words)]) };
}

/** What the prober could not do concerns everybody; a hand names members in its text. */
function concerns({ kind, text, data }: Event, names: ReadonlySet<string>): boolean {
  if (kind === 'prober') return true;
  if (kind === 'hand') return [...names].some((name) => text.split(/[\s,:@()]+/).includes(name));
  return names.has(String(data.address)) || names.has(String(data.member));
}

type Evidence = readonly { readonly at: number; readonly outcome: string; readonly reason: string }[];

/** Makes the text, in 80 columns, the newest last. */
export function timelineText(events: readonly Event[], now: number, paint: Paint): string {
  if (events.length === 0) return 'nothing happened since the control process started\n';
  const lines = events.flatMap(({ at, kind, text, data }) => {
    const moment = printMoment(at, now);
    const head = hang(`${moment}  `, text);
    const isBad = (kind === 'verdict' && data.to === 'down') || kind === 'unjudged';
    const shown = (data.evidence as Evidence | undefined)?.slice(-evidenceShownMax) ?? [];
    const evidence = shown.flatMap((result) => {
      const ago = `${((result.at - at) / 1000).toFixed(1)} s`.padStart(moment.length);
      return hang(`${ago}  ${result.outcome.padEnd(4)}  `, result.reason).map((line) => paint('dim', line));
    });
    return [...(isBad ? head.map((line) => paint('red', line)) : head), ...evidence];
  });
  return `${lines.join('\n')}\n`;
}
