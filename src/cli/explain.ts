// steerdns explain NAME [TYPE]: every step from a query to the answer sets that it draws from; those that one
// client may get, and those that would be there if members were otherwise than they are.
import type { Explanation } from '../control/explain.ts';
import type {
  ExplainedClient,
  ExplainedPool,
  ExplainedSet,
  ExplainedSupposed,
} from '../control/explainpool.ts';
import { ask, refused } from './client.ts';
import { type Command, EXIT, options, painter, textOf, textsOf } from './command.ts';
import { type Paint, poolHead } from './statustext.ts';
import { alignRows, type Column, hang, paintRows, plural, printShare } from './text.ts';

export const command: Command = {
  usage: 'NAME [TYPE]',
  options: {
    from: { value: 'IP', what: 'a client: which of the answer sets it may get' },
    if: {
      value: 'WHO=STATE',
      multiple: true,
      what: 'suppose that members are up, down, drain, or have another weight: web2=down,web1=5',
    },
    control: options.control,
    json: options.json,
  },
  positionalsMin: 1,
  positionalsMax: 2,
  async run(values, [name, type]) {
    const query = new URLSearchParams({ name: name!, type: type ?? 'A' });
    const from = textOf(values, 'from');
    if (from !== undefined) query.set('from', from);
    for (const supposition of textsOf(values, 'if')) query.append('if', supposition);
    const answer = await ask(values, 'GET', `/explain?${query}`);
    if (typeof answer === 'number') return answer;
    if (answer.status !== 200) return refused(answer);
    if (values.json === true) process.stdout.write(JSON.stringify(answer.body) + '\n');
    else {
      process.stdout.write(explainText(answer.body as Explanation, painter));
    }
    return EXIT.done;
  },
};

const labels: Readonly<Record<string, string>> = {
  zone: 'zone',
  name: 'name',
  rrset: 'RRset',
  cname: 'CNAME',
  dname: 'DNAME',
};

/** How a set is picked. */
const drawnBy = {
  turn: 'drawn by share',
  client: 'each for the networks of some clients',
  place: "drawn by share, of those for the client's place",
} as const;

function placeText(place: string | undefined): string {
  return place === undefined ? '' : `${place === '' ? 'elsewhere' : place} `;
}

/** Makes the text, in 80 columns. */
export function explainText({ name, type, steps, pools, response }: Explanation, paint: Paint): string {
  const lines = [paint('bold', `${name} ${type}`)];
  const say = (label: string, text: string) => lines.push(...hang(label.padEnd(10), text));
  for (const { step, text } of steps) say(labels[step]!, text);
  for (const pool of pools) {
    const which = pools.length > 1 ? `${pool.owner} ${pool.type}: ` : '';
    say('pool', `${which}${poolHead(pool, true)}`);
    for (const remark of pool.remarks) say('', remark);
    if (pool.foundOutMs !== undefined)
      say('', `who falls silent is out after ${Math.ceil(pool.foundOutMs / 1000)} s at most`);
    lines.push(...memberRows(pool, paint));
    if (pool.sets.length > 0)
      lines.push(paint('dim', `${plural(pool.sets.length, 'answer set')}, ${drawnBy[pool.drawnBy]}`));
    lines.push(...setRows(pool.sets), ...clientRows('client', pool.client));
    if (pool.supposed !== undefined) lines.push(...supposedRows(pool, pool.supposed, paint));
  }
  const { rcode, authoritative, answer, authority, additional, size } = response;
  const counts = `answer ${answer}, authority ${authority}, additional ${additional}`;
  say('response', `${rcode}${authoritative ? ', authoritative' : ''}, ${counts}, ${size} octets`);
  return lines.join('\n') + '\n';
}

/** What one client may get. */
function clientRows(label: string, client: ExplainedClient | undefined): string[] {
  if (client === undefined) return [];
  return [...hang(label.padEnd(10), `${client.address}: ${client.reason}`), ...setRows(client.sets)];
}

/** Answer sets, a line for each. */
function setRows(sets: readonly ExplainedSet[]): string[] {
  const shares = sets.map(({ share, place }) => `${placeText(place)}${printShare(share)}`);
  const room = Math.max(0, ...shares.map((share) => share.length));
  return sets.flatMap(({ addresses }, i) => hang(`  ${shares[i]!.padStart(room)}  `, addresses.join(' ')));
}

/** What would be given, beside what is. */
function supposedRows(pool: ExplainedPool, supposed: ExplainedSupposed, paint: Paint): string[] {
  const { of, mode, ttl, sets, members, remarks, client } = supposed;
  const answer = { sets: `TTL ${pool.ttl} -> ${ttl} s`, nodata: 'NODATA', servfail: 'SERVFAIL' };
  const lines = [...hang('if'.padEnd(10), `${of.join(', ')}: ${answer[mode]}`)];
  for (const remark of remarks) lines.push(...hang(' '.repeat(10), remark));
  const columns = [
    { head: 'MEMBER' },
    { head: 'ADDRESS' },
    { head: 'NOW', right: true },
    { head: 'THEN', right: true },
    { head: 'WHY' },
  ];
  const rows = members.map(({ name, address, before, after, why }) => {
    return [name === address ? '-' : name, address, printShare(before), printShare(after), why];
  });
  return [
    ...lines,
    ...paintRows(wrappedRows(columns, rows), paint),
    ...setRows(sets),
    ...clientRows('then', client),
  ];
}

/** Who is in and who is out, and why. */
function memberRows({ members }: ExplainedPool, paint: Paint): string[] {
  const columns = [
    { head: 'MEMBER' },
    { head: 'ADDRESS' },
    { head: 'WEIGHT', right: true },
    { head: 'SHARE', right: true },
    { head: 'WHY' },
  ];
  const rows = members.map(({ name, address, weight, share, why, last }) => {
    const because = last === undefined ? why : `${why} (${last.reason})`;
    return [name === address ? '-' : name, address, String(weight), printShare(share), because];
  });
  return paintRows(wrappedRows(columns, rows), paint, (i) => (members[i]!.eligible ? undefined : 'red'));
}

/** The rows of a table, the last cell of each wrapped. */
function wrappedRows(columns: readonly Column[], rows: readonly (readonly string[])[]): string[][] {
  return alignRows(columns, rows).map((row) => hang(`  ${row.slice(0, -1).join('  ')}  `, row.at(-1)!));
}
