// steerdns timeline [WHO]: how verdicts turned over lately, each with the results it was judged by, beside
// what the operator's hand and the prober's own troubles changed. WHO is a selector, as for the hand.

import type { Event } from '../control/events.ts';
import { type Selectable, select } from '../control/selectors.ts';
import type { PoolStatus, Status } from '../control/status.ts';
import { evidenceShownMax } from '../limits.ts';
import { ask, askStatus, refused } from './client.ts';
import { type Command, complain, EXIT, options, painter } from './command.ts';
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
      if ('error' in named) {
        complain(named.error, named.hint);
        return EXIT.failed;
      }
      events = events.filter((event) => concerns(event, named));
    }
    if (values.json === true) process.stdout.write(`${JSON.stringify({ events })}\n`);
    else {
      process.stdout.write(timelineText(events, Date.now(), painter));
    }
    return EXIT.done;
  },
};

/** Names and addresses that a selector stands for, and their members' names; or what is wrong with it. */
export function whoIs({ zones }: Pick<Status, 'zones'>, who: string) {
  const pools = selectable(zones.flatMap((zone) => zone.pools));
  const selected = select(pools, [who]);
  if ('error' in selected) return selected;
  const names = new Set<string>();
  const members = new Set(selected.targets.map(({ member }) => member));
  for (const { owner, member, address } of selected.targets) {
    if (address !== undefined) names.add(address);
    else {
      const found = pools.find((pool) => pool.owner === owner)!.members.find(({ name }) => name === member)!;
      for (const text of [member, ...found.addresses.map((one) => one.text)]) names.add(text);
    }
  }
  return { names, members };
}

/** The pools of a status with members as selectors know them: both families of an owner together. */
function selectable(pools: readonly PoolStatus[]): Selectable[] {
  return [...new Set(pools.map(({ owner }) => owner))].map((owner) => {
    const all = pools.filter((pool) => pool.owner === owner).flatMap(({ members }) => members);
    const members = [...new Set(all.map(({ name }) => name))].map((name) => {
      const own = all.filter((member) => member.name === name);
      const { group, labels } = own[0]!;
      return { name, group, labels, addresses: own.map(({ address }) => ({ text: address })) };
    });
    return { owner, members };
  });
}

type Named = { readonly names: ReadonlySet<string>; readonly members: ReadonlySet<string> };

/** What the prober could not do concerns everybody; a hand names members in its text. */
function concerns({ kind, text, data }: Event, { names, members }: Named): boolean {
  if (kind === 'prober') return true;
  if (kind === 'hand') {
    const words = text.split(/[\s,:@()]+/);
    return words.some((word) => names.has(word) || members.has(word));
  }
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
