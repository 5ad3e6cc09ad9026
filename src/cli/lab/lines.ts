// The lab without a terminal: lines of text as things happen, or one JSON object per second for programs.
import { headlineOf } from './headline.ts';
import type { Lab } from './lab.ts';
import { shortPath } from './place.ts';
import { type LabState, measuredPool } from './state.ts';
import { clockText, digCommand, percent, reloadCommand } from './view.ts';

const summaryMs = 5000;
const objectMs = 1000;

/** Prints what happens until `ended`. */
export async function showLines(lab: Lab, ended: Promise<unknown>): Promise<void> {
  const say = (text: string): void => {
    process.stdout.write(`${text}\n`);
  };
  const began = lab.state();
  for (const line of startLines(began)) say(line);
  for (const { at, text } of began.happenings) say(`${clockText(at)} ${text}`);
  lab.onHappening = ({ at, text }) => say(`${clockText(at)} ${text}`);
  await repeat(summaryMs, ended, () => say(summaryLine(lab.state())));
}

/** Prints an object per second until `ended`. */
export async function showObjects(lab: Lab, ended: Promise<unknown>): Promise<void> {
  let shown = 0;
  lab.onHappening = () => shown++;
  shown = lab.state().happenings.length;
  await repeat(objectMs, ended, () => {
    const state = lab.state();
    const fresh = state.happenings.slice(Math.max(0, state.happenings.length - shown));
    shown = 0;
    process.stdout.write(`${JSON.stringify({ ...objectOf(state), happenings: fresh })}\n`);
  });
}

async function repeat(everyMs: number, ended: Promise<unknown>, run: () => void): Promise<void> {
  const timer = setInterval(run, everyMs);
  await ended;
  clearInterval(timer);
}

/** What to type, for whoever reads the lines. */
function startLines(state: LabState): string[] {
  const { invocation, configDir } = state;
  return [
    `ask:    ${digCommand(state, 'www.site.example')}`,
    `change: ${invocation} lab kill|slow|fail|revive ${state.toys.map(({ name }) => name).join('|')}`,
    `edit:   ${shortPath(configDir)}/site.example.zone, then ${reloadCommand(state)}`,
  ];
}

/** `12:03:44 web2 is DOWN …; 200/s answered, 0 of 1,200 unanswered; wanted/given: web1 60.0%/59.9% …` */
export function summaryLine(state: LabState): string {
  const { load } = state;
  const members = (measuredPool(state.status)?.members ?? []).map(
    ({ name, address, share }) => `${name} ${percent(share)}/${percent(load.shares.get(address) ?? 0)}`,
  );
  const parts = [
    headlineOf(state).text.replace(/\.$/, ''),
    `${load.perSecond}/s answered, ${load.unanswered} of ${load.sent} unanswered`,
    ...(members.length === 0 ? [] : [`wanted/given: ${members.join(' ')}`]),
  ];
  return `${clockText(state.now)} ${parts.join('; ')}`;
}

/** The state as programs want it: plain data, times in milliseconds since 1970, shares from 0 to 1. */
export function objectOf(state: LabState) {
  const {
    now,
    startedAt,
    answeringSince,
    ask,
    toys,
    status,
    load,
    queriesPerSecond,
    configDir,
    controlPath,
  } = state;
  const { shares, ...counts } = load;
  const measured = measuredPool(status);
  const pools = (status?.zones ?? [])
    .flatMap((zone) => zone.pools)
    .map((pool) => ({
      owner: pool.owner,
      type: pool.type,
      mode: pool.mode,
      answers: pool.answers,
      ttl: pool.ttl,
      members: pool.members.map(({ name, address, verdict, settled, since, last, share }) => ({
        name,
        address,
        verdict,
        settled,
        since,
        reason: last?.reason,
        wanted: share,
        given: pool === measured ? (shares.get(address) ?? 0) : undefined,
      })),
    }));
  return {
    now,
    startedAt,
    answeringSince,
    headline: headlineOf(state).text,
    ask,
    configDir,
    controlPath,
    queriesPerSecond,
    load: counts,
    toys,
    pools,
  };
}
