// The dns probe: asks a name server over UDP and looks at the RCODE, or at the addresses in the answer. The
// query is sent again while there is no answer, because a lost datagram says nothing about a server. What is
// no response to this query (another ID, another question) is ignored, as RFC 5452 §9.1 has it.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { dnsQueriesMax } from '../../limits.ts';
import { parseAddressText, printAddress } from '../../wire/literals.ts';
import { parseNameText, printName } from '../../wire/names.ts';
import { RCODE, rcodeText } from '../../wire/numbers.ts';
import { typeFromString, typeText } from '../../wire/rdata.ts';
import type { DnsResponse } from '../dnsclient.ts';
import { Attempt } from './attempt.ts';
import type { OnStep, Option, Options, Parsed, Probe } from './probe.ts';
import { sourceFor, sourceOption } from './source.ts';

const options = {
  name: { kind: 'own', parse: parseName, required: true, what: 'the name that is asked for' },
  record: { kind: 'own', parse: parseRecord, default: 'A', what: 'the record type that is asked for' },
  expect: {
    kind: 'own',
    parse: parseExpect,
    default: 'NOERROR',
    what: 'an RCODE such as NOERROR or NXDOMAIN, or addresses that must all be in the answer',
  },
  source: sourceOption,
} as const satisfies Record<string, Option>;

/** dns2, loaded by the first probe: whoever only wants the options above does not need it. */
let client: typeof import('../dnsclient.ts') | undefined;

function parseName(written: unknown): Parsed {
  if (typeof written !== 'string') return { wrong: 'must be a name' };
  const parsed = parseNameText(written);
  if (parsed.name === undefined) return { wrong: `is no name: ${parsed.what}` };
  const name = printName(parsed.name).toLowerCase();
  // The client takes names apart at dots and knows no escapes.
  return name.includes('\\') ? { wrong: 'must be printable ASCII without escapes' } : { value: name };
}

function parseRecord(written: unknown): Parsed {
  const type = typeof written === 'string' ? typeFromString(written) : undefined;
  // RFC 6895 §3.1: types of transactions are no question that a probe could ask over UDP.
  if (type === undefined || type === 0 || type === 41 || (type >= 249 && type <= 254)) {
    return { wrong: 'must be a record type such as A or SOA' };
  }
  return { value: typeText(type) };
}

function parseExpect(written: unknown): Parsed {
  const wrong = { wrong: 'must be an RCODE or a list of addresses' };
  if (typeof written === 'string' && Object.hasOwn(RCODE, written.toUpperCase())) {
    return { value: written.toUpperCase() };
  }
  const addresses = new Set<string>();
  for (const one of Array.isArray(written) ? written : [written]) {
    const octets = typeof one === 'string' ? parseAddressText(one) : undefined;
    if (octets === undefined) return wrong;
    addresses.add(printAddress(octets));
  }
  return addresses.size === 0 ? wrong : { value: [...addresses].sort() };
}

async function run(address: string, port: number, chosen: Options, deadlineMs: number, onStep?: OnStep) {
  client ??= await import('../dnsclient.ts'); // before the attempt, whose time begins to run
  const { readResponse, writeQuery } = client;
  const attempt = new Attempt(address, port, deadlineMs, onStep);
  attempt.waitsFor = 'response';
  const name = String(chosen.name);
  const type = typeFromString(String(chosen.record ?? options.record.default))!;
  const id = randomInt(65_536);
  const query = writeQuery(name, type, id);
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  let again: NodeJS.Timeout | undefined;
  let isClosed = false;
  attempt.cut = () => {
    isClosed = true;
    clearInterval(again);
    socket.close();
  };
  socket.on('error', (error) => attempt.broke(error));
  socket.on('message', (message) => {
    attempt.watch?.('response', `${message.length} octets`);
    if (message.length < 2 || message.readUInt16BE(0) !== id) return;
    const response = readResponse(message);
    if (response === undefined) attempt.fail('not DNS: what came has no header');
    else if (isAnswerTo(response, name, type)) judge(response, attempt, chosen.expect);
  });
  // A connected socket takes datagrams of this server only, and learns that nobody listens there.
  socket.on('connect', () => {
    if (isClosed) return;
    let sent = 1;
    const ask = () => {
      socket.send(query);
      attempt.watch?.('asked', `${name} ${typeText(type)}, ${query.length} octets`);
    };
    ask();
    again = setInterval(() => {
      if (++sent <= dnsQueriesMax) ask();
    }, deadlineMs / dnsQueriesMax);
  });
  const source = sourceFor(address, chosen.source);
  if (source === undefined) socket.connect(port, address);
  else socket.bind({ address: source }, () => isClosed || socket.connect(port, address));
  return attempt.result;
}

function isAnswerTo({ isResponse, question }: DnsResponse, name: string, type: number): boolean {
  // Some servers leave the question out of an error (RFC 1035 §4.1.1 lets a FORMERR do so).
  if (question === undefined) return isResponse;
  const plain = name.replace(/\.$/, '');
  return isResponse && question.type === type && question.name.toLowerCase() === plain;
}

function judge(response: DnsResponse, attempt: Attempt, expect: unknown): void {
  attempt.watch?.('answer', `${rcodeWord(response)} ${response.addresses.join(', ')}`.trim());
  const fault = faultOf(response, expect);
  if (fault === undefined) attempt.ok(rcodeWord(response));
  else attempt.fail(fault);
}

function rcodeWord({ rcode }: DnsResponse): string {
  return rcodeText[rcode] ?? `RCODE ${rcode}`;
}

function faultOf(response: DnsResponse, expect: unknown): string | undefined {
  const addresses = Array.isArray(expect) ? (expect as string[]) : undefined;
  const wanted = addresses === undefined ? String(expect ?? options.expect.default) : 'NOERROR';
  const rcode = rcodeWord(response);
  if (rcode !== wanted) return `${rcode}, expected ${wanted}`;
  const given = response.addresses.map((one) => printAddress(parseAddressText(one)!));
  const missing = addresses?.find((one) => !given.includes(one));
  if (missing === undefined) return undefined;
  const truncated = response.isTruncated ? ', and is truncated' : '';
  return `the answer has ${given.join(', ') || 'no address'}, not ${missing}${truncated}`;
}

/** Asks a name server for one name. */
export const dns: Probe = { options, defaultPort: 53, run };
