// Holds a response against an expectation and says every difference in words. What holds for any response is
// checked here too: it decodes strictly, mirrors ID, opcode, RD and question, and is no longer than the
// client allows. Used by engines.test.ts and properties.test.ts.

import type { Asked } from './asked.ts';
import type { Expectation, Section, Transport } from './cases.ts';
import { udpLimit } from './model.ts';
import { holdsNames, lower, printRow, type Row, rcodeText, sameName } from './rows.ts';
import { decode, type Message, readName } from './wire.ts';

/** Every difference between the response to `query` and what was expected; undefined is silence. */
export function differences(
  response: Uint8Array | undefined,
  query: Uint8Array,
  transport: Transport,
  expect: Expectation,
): string[] {
  if (expect.silence) return response ? ['a response where silence was expected'] : [];
  if (!response) return ['no response'];
  let message: Message;
  try {
    message = decode(response);
  } catch (error) {
    return [`not decodable: ${(error as Error).message}: ${Buffer.from(response).toString('hex')}`];
  }
  const faults = [...headerFaults(message, query), ...ednsFaults(message, query, expect)];
  const flags = (['aa', 'ra', 'tc', 'ad', 'z', 'cd'] as const).filter((flag) => message[flag]);
  if (flags.join() !== [...expect.flags].sort(byFlag).join()) {
    faults.push(`flags ${flags.join(' ') || 'none'}, not ${expect.flags.join(' ') || 'none'}`);
  }
  if (message.rcode !== expect.rcode)
    faults.push(`${rcodeText(message.rcode)}, not ${rcodeText(expect.rcode)}`);
  if (expect.bare) {
    if (response.length !== 12) faults.push(`${response.length} octets where a bare header was expected`);
    return faults;
  }
  if (transport === 'udp' && response.length > udpLimit(ednsOf(query)))
    faults.push(`${response.length} octets`);
  faults.push(...questionFaults(response, query), ...caseFaults(message));
  for (const name of ['answer', 'authority', 'additional'] as const) {
    if (!expect[name].some((rows) => sameRows(rows, message[name])))
      faults.push(wrongSection(name, message[name], expect[name]));
  }
  return faults;
}

const byFlag = (a: string, b: string): number => {
  const order = ['aa', 'ra', 'tc', 'ad', 'z', 'cd'];
  return order.indexOf(a) - order.indexOf(b);
};

function headerFaults(message: Message, query: Uint8Array): string[] {
  const faults: string[] = [];
  if (!message.qr) faults.push('QR is clear');
  if (message.id !== query[0]! * 256 + query[1]!) faults.push(`ID ${message.id}`);
  if (message.opcode !== ((query[2]! >> 3) & 15)) faults.push(`opcode ${message.opcode}`);
  if (message.rd !== ((query[2]! & 1) === 1)) faults.push('RD is not as asked');
  return faults;
}

function ednsFaults(message: Message, query: Uint8Array, expect: Expectation): string[] {
  const asked = expect.bare ? undefined : ednsOf(query);
  const { edns } = message;
  if (!asked !== !edns) return [edns ? 'an OPT that was not asked for' : 'no OPT'];
  if (!edns || !asked) return [];
  const faults: string[] = [];
  if (edns.size !== 1232 || edns.version !== 0 || edns.reserved !== 0) {
    faults.push(`OPT with size ${edns.size}, version ${edns.version}, flags ${edns.reserved}`);
  }
  if (edns.do !== asked.do) faults.push('DO is not as asked');
  const options = edns.options.map(({ code, data }) => ({ code, hex: Buffer.from(data).toString('hex') }));
  const fits =
    options.length === expect.options.length &&
    expect.options.every(({ code, hex }) => options.some((o) => o.code === code && hexFits(o.hex, hex)));
  if (!fits) faults.push(`EDNS options ${JSON.stringify(options)}, not ${JSON.stringify(expect.options)}`);
  return faults;
}

function hexFits(hex: string, wanted = '*'): boolean {
  return wanted.endsWith('*') ? hex.startsWith(wanted.slice(0, -1)) : hex === wanted;
}

/** OPT of a sound query; it may stand behind other additional records. */
export function ednsOf(
  query: Uint8Array,
): (Omit<NonNullable<Asked['edns']>, 'options'> & { readonly do: boolean }) | undefined {
  if (query[4] !== 0 || query[5]! > 1) return undefined;
  let at = query[5] === 0 ? 12 : readName(query, 12, false).next + 4;
  for (let left = query[10]! * 256 + query[11]!; left > 0 && at < query.length; left--) {
    while (query[at] !== 0 && query[at]! < 0xc0) at += query[at]! + 1;
    at += query[at] === 0 ? 1 : 2;
    const two = (p: number): number => query[at + p]! * 256 + query[at + p + 1]!;
    if (two(0) === 41) return { size: two(2), version: query[at + 5]!, do: query[at + 6]! >= 128 };
    at += 10 + two(8);
  }
  return undefined;
}

/** The question comes back octet for octet, whatever its case (0x20). */
function questionFaults(response: Uint8Array, query: Uint8Array): string[] {
  if (query[5] === 0) return response[5] === 0 ? [] : ['a question where none was asked'];
  const end = readName(query, 12, false).next + 4;
  const same = Buffer.from(response.subarray(12, end)).equals(query.subarray(12, end));
  return same && response[5] === 1 ? [] : ['the question does not come back as it was asked'];
}

/** An owner in the answer that is the name asked for is written as it was asked for. */
function caseFaults(message: Message): string[] {
  const asked = message.question[0]?.name ?? '';
  return message.answer
    .filter((row) => sameName(row.owner, asked) && row.owner !== asked)
    .map((row) => `owner ${row.owner} was asked as ${asked}`);
}

/** Rows as a sorted list; names may differ in case, as compression allows, other data may not. */
export const rowKeys = (rows: readonly Row[]): string[] =>
  rows
    .map((row) =>
      printRow({ ...row, owner: lower(row.owner), data: holdsNames(row.type) ? lower(row.data) : row.data }),
    )
    .sort();

export const sameRows = (a: readonly Row[], b: readonly Row[]): boolean =>
  rowKeys(a).join('\n') === rowKeys(b).join('\n');

function wrongSection(name: string, got: readonly Row[], expect: Section): string {
  const list = (rows: readonly Row[]): string =>
    rows.map((row) => `\n      ${printRow(row)}`).join('') || '\n      (empty)';
  return `${name}:${list(got)}\n    expected:${expect.map(list).join('\n    or:')}`;
}
