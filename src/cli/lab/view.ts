// The lab on a terminal, as lines: state in, text out, nothing else; screen.ts puts them there. Read from the
// top it says what matters now, then who is up and who gets how much, then what happened, then what to type.
// It fits 80 columns and 24 rows; more rows show more of what happened.
import { handText } from '../../balance/hand.ts';
import type { MemberStatus, PoolStatus } from '../../control/status.ts';
import { printSocketAddress } from '../../wire/addresses.ts';
import type { Style } from '../command.ts';
import { headlineOf, otherTrouble } from './headline.ts';
import { shortPath } from './place.ts';
import { type LabState, measuredPool } from './state.ts';

export type Size = { readonly columns: number; readonly rows: number };
export type Paint = (style: Style, text: string) => string;

type Span = { readonly text: string; readonly style?: Style | undefined };
type Line = readonly Span[];

/** Members that are always shown, and the rows that go before more of them. */
const membersMin = 4;
const fixedRows = 19;
/** With fewer rows below the members than this, a command makes room for what happened. */
const roomMin = 11;
const otherPoolsMax = 3;
/** Shares of fewer responses than this say nothing yet. */
const measuredMin = 100;
/** Queries per second beyond the lab's own that are somebody's, and not two clocks that differ. */
const othersPerSecondMin = 30;

/** Draws the lab; `chosen` is the web server that keys act on, undefined where there are no keys. */
export function view(state: LabState, chosen: string | undefined, size: Size, paint: Paint): string[] {
  const top = [...head(state, size), ...pools(state, chosen, size), load(state)];
  const room = size.rows - top.length;
  const all = [[], ...commands(state, chosen, room < roomMin)];
  // Too few rows for all commands: the keys are what must not be missing.
  const bottom = all.length <= room ? all : all.filter((line) => line[0]?.text.startsWith(' keys'));
  const lines = [...top, ...happenings(state, room - bottom.length), ...bottom].slice(0, size.rows);
  return lines.map((line) => print(line, size.columns, paint));
}

/** Text with an optional style, as a line. */
function plain(text: string, style?: Style): Line {
  return [{ text, style }];
}

function head(state: LabState, { columns }: Size): Line[] {
  const { server } = state.status ?? {};
  const { address, port } = state.ask;
  const workers = server?.workers.filter(({ name }) => name.startsWith('udp')).length ?? 0;
  const engine = server === undefined ? '' : `, ${server.engine} engine, ${count(workers, 'worker')}`;
  const title = ` steerdns lab  ${printSocketAddress(address, port)}${engine}`;
  const clock = `${age(state.now - state.startedAt)} `;
  const headline = headlineOf(state);
  const trouble = otherTrouble(state);
  const lines: Line[] = [
    plain(title + clock.padStart(columns - title.length), 'dim'),
    plain(` ${headline.text}`, headline.style),
  ];
  if (trouble !== undefined) lines.push(plain(` ${trouble}`, 'yellow'));
  return [...lines, []];
}

function pools(state: LabState, chosen: string | undefined, { rows }: Size): Line[] {
  const all = state.status?.zones.flatMap((zone) => zone.pools) ?? [];
  const measured = measuredPool(state.status);
  const others = all.filter((pool) => pool !== measured);
  const otherLines = others
    .slice(0, otherPoolsMax)
    .map((pool) => plain(` ${poolText(pool)}`, poolStyle(pool)));
  if (others.length > otherPoolsMax)
    otherLines.push(plain(` and ${others.length - otherPoolsMax} more pools`));
  if (measured === undefined) return otherLines;
  const shown = measured.members.slice(0, Math.max(membersMin, rows - fixedRows));
  const more = measured.members.length - shown.length;
  return [
    plain(` ${poolText(measured)}`, 'bold'),
    plain('    web server      you set verdict    wanted  given last probe', 'dim'),
    ...shown.map((member) => memberLine(state, member, chosen)),
    ...(more > 0 ? [plain(`    and ${more} more`)] : []),
    [],
    ...otherLines,
  ];
}

/** `www.site.example A: 3 of 4 up, 1 address per answer, TTL 5` */
function poolText({ owner, type, members, answers, ttl, mode }: PoolStatus): string {
  const up = members.filter(({ verdict }) => verdict !== 'down').length;
  const answer = { sets: `${count(answers, 'address')} per answer`, nodata: 'NODATA', servfail: 'SERVFAIL' };
  return `${owner.slice(0, -1)} ${type}: ${up} of ${members.length} up, ${answer[mode]}, TTL ${ttl} s`;
}

function poolStyle({ members }: PoolStatus): Style | undefined {
  return members.some(({ verdict }) => verdict === 'down') ? 'red' : undefined;
}

function memberLine(state: LabState, member: MemberStatus, chosen: string | undefined): Line {
  const { name, address, since, share, last, hands } = member;
  const hand = hands.find(({ isInForce }) => isInForce);
  const index = state.toys.findIndex((toy) => toy.addresses.includes(address));
  const toy = state.toys[index];
  const isChosen = toy !== undefined && toy.name === chosen;
  const who = name === address ? address : `${name} ${address}`;
  const key = `${isChosen ? '>' : ' '}${toy === undefined ? ' ' : index + 1}`;
  const given = state.load.measured < measuredMin ? '' : percent(state.load.shares.get(address) ?? 0);
  const verdict = verdictOf(member);
  return [
    { text: `${key}  ${who.padEnd(15)} `, style: isChosen ? 'bold' : undefined },
    { text: (toy?.behaviour ?? '').padEnd(7), style: toy?.behaviour === 'up' ? undefined : 'yellow' },
    {
      text: ` ${verdict.text.padEnd(4)} ${since === undefined ? '' : age(state.now - since).padStart(5)}`,
      style: verdict.style,
    },
    { text: ` ${(share === 0 ? '-' : percent(share)).padStart(6)} ${given.padStart(6)}` },
    { text: ` ${hand === undefined ? (last?.reason ?? '') : handText(hand)}` },
  ];
}

function verdictOf({ verdict, settled, last }: MemberStatus): { text: string; style: Style | undefined } {
  if (verdict === 'down') return { text: 'DOWN', style: 'red' };
  if (verdict === 'unchecked') return { text: 'any', style: undefined };
  if (verdict === 'unknown') return { text: 'new', style: 'yellow' };
  return !settled && last?.outcome === 'fail'
    ? { text: 'up?', style: 'yellow' }
    : { text: 'up', style: 'green' };
}

function load({ load: counts, queriesPerSecond, answeringSince }: LabState): Line {
  if (answeringSince === undefined) return plain(' no queries yet');
  const { perSecond, sent, unanswered, measured } = counts;
  const others = Math.round((queriesPerSecond ?? 0) - perSecond);
  const more = others > othersPerSecondMin ? `, and ${thousands(others)} of others,` : '';
  return [
    { text: ` ${perSecond} queries/s${more} answered, ` },
    {
      text: `${thousands(unanswered)} of ${thousands(sent)} unanswered`,
      style: unanswered > 0 ? 'red' : 'green',
    },
    { text: `; "given" counts the last ${thousands(measured)}`, style: 'dim' },
  ];
}

/** An empty row and the latest that fit below it. */
function happenings({ happenings: all }: LabState, room: number): Line[] {
  if (room < 2) return [];
  const styles = { info: undefined, warn: 'yellow', error: 'red' } as const;
  const shown = all.slice(1 - room);
  return Array.from({ length: room }, (_, row): Line => {
    const happening = shown[row - 1];
    if (happening === undefined) return [];
    const { at, level, text } = happening;
    return [
      { text: ` ${clockText(at)}  `, style: 'dim' },
      { text, style: styles[level] },
    ];
  });
}

function commands(state: LabState, chosen: string | undefined, isShort: boolean): Line[] {
  const target = chosen ?? 'web2';
  const keys =
    chosen === undefined ? 'Ctrl-C quits' : '1-4 choose   k kill   s slow   f fail   r revive   q quit';
  return [
    labelled('ask', digCommand(state, 'www.site.example')),
    ...(isShort ? [] : [labelled('', digCommand(state, 'api.site.example'))]),
    labelled('edit', `${shortPath(state.configDir)}/site.example.zone, then`),
    labelled('', reloadCommand(state)),
    labelled('keys', keys),
    labelled('or', `${state.invocation} lab kill ${target}`),
  ];
}

function labelled(label: string, text: string): Line {
  return [{ text: ` ${label.padEnd(5)} `, style: 'dim' }, { text }];
}

/** The line that asks the lab's daemon, to paste. */
export function digCommand({ ask: { address, port } }: LabState, name: string): string {
  return `dig @${address} -p ${port} ${name} +short`;
}

/** The line that takes an edited zone into service, to paste. */
export function reloadCommand({ invocation, controlPath }: LabState): string {
  return `${invocation} reload --control ${controlPath}`;
}

/** Cuts a line to the width and paints what is left; nothing in it can move the terminal. */
function print(line: Line, columns: number, paint: Paint): string {
  let left = columns;
  let printed = '';
  for (const { text, style } of line) {
    const safe = text.replaceAll(/\p{Cc}/gu, '?');
    const kept = safe.length <= left ? safe : `${safe.slice(0, Math.max(0, left - 1))}${left > 0 ? '…' : ''}`;
    left -= kept.length;
    printed += style === undefined || kept === '' ? kept : paint(style, kept);
  }
  return printed;
}

/** `0:07`, `12:03`, `3h05`, `4d`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours === 0) return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
  return hours < 100 ? `${hours}h${String(minutes % 60).padStart(2, '0')}` : `${Math.floor(hours / 24)}d`;
}

/** `42.9%` */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

/** The time of day here, `12:03:44`. */
export function clockText(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}

function thousands(number: number): string {
  return number.toLocaleString('en-US');
}

function count(number: number, what: string): string {
  return `${number} ${number === 1 ? what : what.endsWith('s') ? `${what}es` : `${what}s`}`;
}
