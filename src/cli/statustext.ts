// The text of `steerdns status`, in 80 columns: first what needs somebody, then the server, then zones with
// their pools and members. Pure: the daemon's status in, lines out.
import { handText, takesOut } from '../balance/hand.ts';
import { partText } from '../balance/state.ts';
import type { HandStatus, MemberStatus, PoolStatus, Status, ZoneStatus } from '../control/status.ts';
import { shareErrorWarned } from '../limits.ts';
import {
  alignRows,
  type Column,
  hang,
  plural,
  printCount,
  printMoment,
  printShare,
  printShortSpan,
  printSpan,
  width,
  wrap,
} from './text.ts';

export type Paint = (style: 'bold' | 'dim' | 'red' | 'green' | 'yellow', text: string) => string;

/** Zones that are only a line are listed up to this number. */
const plainZonesMax = 20;

/** Faults of a refused load that are listed: what is served must not scroll away. */
const detailsMax = 10;

/** Makes the whole text. */
export function statusText(status: Status, paint: Paint): string {
  const zones = status.zones.filter(({ pools }) => pools.length > 0);
  const plain = status.zones.filter(({ pools }) => pools.length === 0);
  const lines = [...attentionLines(status, paint), '', ...serverLines(status, paint)];
  for (const zone of zones) {
    lines.push('', ...hang('', zoneLine(zone)).map((line) => paint('bold', line)));
    for (const pool of zone.pools) lines.push('', ...poolLines(pool, status.now, paint));
  }
  if (plain.length > 0) lines.push('', ...plain.slice(0, plainZonesMax).map(zoneLine));
  if (plain.length > plainZonesMax) {
    lines.push(`and ${plural(plain.length - plainZonesMax, 'more zone')} (status --json has them all)`);
  }
  return lines.join('\n') + '\n';
}

function attentionLines({ attention, now }: Status, paint: Paint): string[] {
  if (attention.length === 0) return [paint('green', 'all is well')];
  return attention.flatMap(({ severity, what, since, details }) => {
    const style = severity === 'error' ? 'red' : 'yellow';
    const when = since === undefined ? '' : ` (${printSpan(now - since)} ago)`;
    const head = hang(severity === 'error' ? '!! ' : '!  ', what + when).map((line) => paint(style, line));
    const said = details.slice(0, detailsMax);
    const more = details.length - said.length;
    if (more > 0) said.push(`and ${more} more (steerdns check has them all)`);
    return [...head, ...said.flatMap((detail) => hang('     ', detail))];
  });
}

function serverLines({ server, control, version, now }: Status, paint: Paint): string[] {
  const line = (name: string, text: string) => {
    return hang(name.padEnd(11), text).map((one, i) =>
      i === 0 ? paint('dim', one.slice(0, 11)) + one.slice(11) : one,
    );
  };
  const loaded =
    control.loadedAt === undefined ? 'nothing loaded' : `loaded ${printMoment(control.loadedAt, now)}`;
  const folder = control.source === 'config' ? control.configDir : `${control.stateDir} (accepted before)`;
  const lines = line('data', `${folder}, ${loaded}`);
  if (server === undefined) return [...line('steerdns', version), ...lines];
  const { generation, engine, workers, listen, counters, kernelDrops, memory } = server;
  const isUp = `up ${printSpan(now - server.startedAt)}, process ${server.pid}`;
  const size = `${Math.round(memory.rss / 1e6)} MB`;
  const count = (name: string) => counters[name] ?? 0;
  const overLimit = count('rate-dropped') + count('rate-slipped');
  const limited = overLimit === 0 ? '' : `, ${printCount(overLimit)} over the rate limit`;
  const dropped = kernelDrops < 0 ? '' : `, ${printCount(kernelDrops)} dropped by the kernel`;
  return [
    ...line('steerdns', `${version}, ${isUp}, ${size}, generation ${generation}`),
    ...line('engine', `${engine}, ${workers.map(({ name }) => name).join(' ')}`),
    ...line('listening', listen.join(' ')),
    ...line(
      'queries',
      `${printCount(count('udp-queries'))} UDP, ${printCount(count('tcp-queries'))} TCP${limited}${dropped}`,
    ),
    ...lines,
  ];
}

function zoneLine({ origin, serial, records, names }: ZoneStatus): string {
  return `${origin} serial ${serial}, ${plural(records, 'record')}, ${plural(names, 'name')}`;
}

/**
 * What a pool says of itself: `weighted, 2 addresses per response, TTL 30`; with `reasons`: which setting
 * says so.
 */
export function poolHead(pool: PoolStatus, reasons = false): string {
  const { policy, mode, answers, answersAsked, ttl, isSettled } = pool;
  if (mode !== 'sets') return `nothing to give: ${mode === 'nodata' ? 'NODATA' : 'SERVFAIL'}`;
  const count = pool.type === 'CNAME' ? '1 name' : plural(answers, 'address', 'addresses');
  if (!reasons) return `${policy}, ${count} per response, TTL ${ttl}`;
  const kind = isSettled ? 'stable' : 'unsettled';
  return `${policy}, ${count} per response (answers: ${answersAsked}), TTL ${ttl} (${kind})`;
}

function poolLines(pool: PoolStatus, now: number, paint: Paint): string[] {
  const { owner, type, responses, responsesNow } = pool;
  const since = responsesNow === responses ? '' : `, ${responsesNow} by these shares`;
  const text = `${poolHead(pool)}, ${plural(responses, 'response')}${since}`;
  const remarks = pool.remarks.flatMap((remark) => hang('  ', remark));
  return [...hang('', `${owner} ${type}: ${text}`), ...remarks, ...memberLines(pool.members, now, paint)];
}

const columns: readonly Column[] = [
  { head: 'VERDICT' },
  { head: 'FOR' },
  { head: 'WEIGHT', right: true },
  { head: 'SHARE', right: true },
  { head: 'GIVEN', right: true },
  { head: 'LAST RESULT' },
];

/** A table of members; where addresses are long each has a line of its own above its row. */
function memberLines(members: readonly MemberStatus[], now: number, paint: Paint): string[] {
  const named = members.some(({ name, address }) => name !== address);
  const namesOf = ({ name, address }: MemberStatus) =>
    named ? [name === address ? '' : name, address] : [address];
  const nameColumns: Column[] = named ? [{ head: 'MEMBER' }, { head: 'ADDRESS' }] : [{ head: 'ADDRESS' }];
  const names = alignRows(
    [...nameColumns, { head: '' }],
    members.map((member) => [...namesOf(member), '']),
  );
  const cells = alignRows(
    columns,
    members.map((member) => memberCells(member, now)),
  );
  const leads = names.map((row) => row.join('  '));
  const rowWidth = (row: readonly string[]) =>
    row.slice(0, -1).reduce((sum, cell) => sum + cell.length + 2, 0);
  const reasonAt = 2 + leads[0]!.length + rowWidth(cells[0]!);
  const isNarrow = reasonAt + columns.at(-1)!.head.length <= width;
  return cells.flatMap((row, i) => {
    const start = isNarrow ? `  ${leads[i]}` : '    ';
    const fixed = `${start}${row.slice(0, -1).join('  ')}  `;
    const verdict = i === 0 ? undefined : members[i - 1]!.verdict;
    const lines = reasonLines(fixed, row.at(-1)!).map((line) => line.trimEnd());
    if (!isNarrow) lines.unshift(`  ${leads[i]}`.trimEnd());
    const painted = lines.map((line) => (i === 0 ? paint('dim', line) : paintVerdict(line, verdict, paint)));
    const notes = i === 0 ? [] : notesOf(members[i - 1]!, now);
    const noteLines = notes.flatMap((note) => hang('      ', note));
    return [...painted, ...noteLines.map((line) => paint('yellow', line))];
  });
}

/** What stands below a member's row: hands, what they did to caches, and what is not as usual. */
function notesOf(member: MemberStatus, now: number): string[] {
  const { hands, countedTtl, goneAt, doubt, heldUntil } = member;
  const notes = hands.filter(({ isInForce }) => isInForce).map((hand) => heldText(hand, now));
  const about: string[] = [];
  if (member.isDoubted) about.push('would be down, but the prober is suspected');
  else if (doubt !== undefined) about.push(`${doubt.count} of ${doubt.enough} ${doubt.of}`);
  if (heldUntil !== undefined && heldUntil > now)
    about.push(`flaps: held down until ${printMoment(heldUntil, now)}`);
  if (member.part !== 1) about.push(weightText(member));
  if (member.warning !== undefined) about.push(member.warning);
  if (Math.abs(member.share - member.wanted) > shareErrorWarned)
    about.push(`its weight asks for ${printShare(member.wanted)}`);
  if (about.length > 0) notes.push(about.join('; '));
  if (goneAt !== undefined) notes.push(goneText(member, goneAt, now));
  for (const hand of hands.filter(({ isInForce }) => !isInForce)) notes.push(heldText(hand, now));
  if (countedTtl !== undefined) notes.push(`its answers have TTL ${countedTtl}`);
  return notes;
}

function weightText({ part, isStartingSlowly, share, wanted }: MemberStatus): string {
  if (part === 0) return 'drains by its own word';
  return `${isStartingSlowly ? 'slow start: ' : ''}${partText(part, share, wanted)}`;
}

function heldText(hand: HandStatus, now: number): string {
  const from = hand.isInForce || hand.from === undefined ? '' : `from ${printMoment(hand.from, now)}: `;
  const until = hand.until === undefined ? '' : ` (until ${printMoment(hand.until, now)})`;
  return `${from}${handText(hand)}${until}`;
}

function goneText({ hands, part }: MemberStatus, goneAt: number, now: number): string {
  if (goneAt > now) return `last cached answer gone at ${printMoment(goneAt, now)}`;
  const isOut = part === 0 || hands.some((hand) => hand.isInForce && takesOut(hand) === 'out');
  const safe = isOut ? ': safe to stop' : ''; // a standby may be needed the next moment
  return `last cached answer gone since ${printSpan(now - goneAt)}${safe}`;
}

function memberCells({ verdict, since, last, weight, share, given }: MemberStatus, now: number): string[] {
  return [
    verdict,
    since === undefined ? '-' : printShortSpan(now - since),
    String(weight),
    printShare(share),
    given === undefined ? '-' : printShare(given),
    last === undefined ? (verdict === 'unchecked' ? 'no check' : 'not probed yet') : resultText(last),
  ];
}

/** A result in words; how long a success took where the reason does not say so itself. */
function resultText({ outcome, reason, latencyMs }: NonNullable<MemberStatus['last']>): string {
  return outcome !== 'ok' || /\d ms\b/.test(reason) ? reason : `${reason} (${Math.round(latencyMs)} ms)`;
}

/** The reason stands at the end of its row where it fits, else below it. */
function reasonLines(fixed: string, reason: string): string[] {
  if (fixed.length + reason.length <= width) return [fixed + reason];
  return [fixed, ...wrap(reason, width - 6).map((line) => `      ${line}`)];
}

function paintVerdict(line: string, verdict: MemberStatus['verdict'] | undefined, paint: Paint): string {
  if (verdict === 'down') return line.replace(/\bdown\b/, (word) => paint('red', word));
  if (verdict === 'up') return line.replace(/\bup\b/, (word) => paint('green', word));
  if (verdict === 'degraded') return line.replace(/\bdegraded\b/, (word) => paint('yellow', word));
  return line;
}
