// steerdns verify NAME [TYPE]: asks a server many times, as its clients do, and compares what part of the
// answers each member is given with what it should have: as the daemon serves it, or as files say. Fails
// where a share lies outside its interval, where answers are wrong, and where too many are lost.
import { randomBytes, randomInt } from 'node:crypto';
import { startProgress } from '../control/progress.ts';
import type { Status } from '../control/status.ts';
import { findControl } from '../paths.ts';
import { printSocketAddress, type SocketAddress } from '../wire/addresses.ts';
import { parseAddressText, printAddress } from '../wire/literals.ts';
import { TYPE } from '../wire/numbers.ts';
import { parseServer, type Question, serverFlag, UdpAsker } from './asking.ts';
import { askStatus, exchange } from './client.ts';
import { type Command, complain, EXIT, options, painter, textOf, type Values } from './command.ts';
import { printCount } from './text.ts';
import { judge } from './verify/judge.ts';
import { nothingText, takeSample } from './verify/sample.ts';
import { isVerified, type Report, verifyText } from './verify/text.ts';
import { type Fault, filesSource, type Source, servedSource, type Wanted } from './verify/wanted.ts';

/** A share is then known to a point and a half; a server that is asked for more has other work to do too. */
const queriesDefault = 10_000;
const queriesMax = 10_000_000;
/** Sockets: the kernel deals them to workers by their ports, and all of a few should get some. */
const sockets = 16;
/** What is not answered within this is lost. */
const answerTimeoutMs = 2000;
/** The first query is asked so often: whether anybody is there must not hang on one datagram. */
const firstTries = 3;

const types = ['A', 'AAAA', 'CNAME'] as const;

export const command: Command = {
  usage: 'NAME [A|AAAA|CNAME]',
  options: {
    queries: { value: 'N', what: `how often it is asked, ${queriesDefault} unless said otherwise` },
    server: { value: 'ADDR#PORT', what: 'the server that is asked, in place of the one that runs here' },
    config: { value: 'DIR', what: 'compare with these files, in place of what is served' },
    from: { value: 'IP', what: 'ask for this client, by its subnet (RFC 7871)' },
    control: options.control,
    json: options.json,
  },
  positionalsMin: 1,
  positionalsMax: 2,
  async run(values, [name = '', typeText = 'A']) {
    const asked = readFlags(values, name, typeText);
    if ('error' in asked) {
      complain(asked.error);
      return EXIT.usage;
    }
    const source = await sourceOf(values, asked);
    if (typeof source === 'number') return source;
    const report = await verify(asked, source).catch((error: Error): Fault => {
      return { error: error.message, hint: '' };
    });
    if ('error' in report) {
      complain(report.error, report.hint);
      return EXIT.failed;
    }
    const isGood = isVerified(report);
    if (values.json === true) process.stdout.write(`${JSON.stringify({ ok: isGood, ...report })}\n`);
    else process.stdout.write(verifyText(report, painter));
    return isGood ? EXIT.done : EXIT.failed;
  },
};

type Asked = {
  readonly name: string;
  readonly type: (typeof types)[number];
  readonly count: number;
  readonly server: SocketAddress | undefined;
  readonly from: string | undefined;
};

function readFlags(values: Values, name: string, typeText: string): Asked | { readonly error: string } {
  const type = types.find((one) => one === typeText.toUpperCase());
  if (type === undefined)
    return { error: `what is balanced is of type ${types.join(', ')}, not ${typeText}` };
  const queries = textOf(values, 'queries') ?? String(queriesDefault);
  const count = /^\d{1,8}$/.test(queries) ? Number(queries) : 0;
  if (count < 1 || count > queriesMax) {
    return { error: `--queries is a number from 1 to ${queriesMax}, not "${queries}"` };
  }
  const server = serverFlag(values, 'server');
  if (server !== undefined && 'error' in server) return server;
  const fromText = textOf(values, 'from');
  const from = fromText === undefined ? undefined : parseAddressText(fromText);
  if (fromText !== undefined && from === undefined) {
    return { error: `--from is an IPv4 or IPv6 address, not "${fromText}"` };
  }
  return { name, type, count, server, from: from && printAddress(from) };
}

type Chosen = { readonly source: Source; readonly server: SocketAddress };

/** What is compared with, and who is asked; complains and gives the exit code where that is not known. */
async function sourceOf(values: Values, { name, type, server }: Asked): Promise<Chosen | number> {
  const dir = textOf(values, 'config');
  const socketPath = findControl({ control: textOf(values, 'control') });
  let status: Status | undefined;
  if (dir !== undefined && server !== undefined) {
    const answer = await exchange(socketPath, 'GET', '/status').catch(() => undefined);
    if (answer?.status === 200) status = answer.body as Status;
  } else {
    const answer = await askStatus(values);
    if (typeof answer === 'number') return answer;
    status = answer;
  }
  const daemon = status && { socketPath, status };
  const source = dir === undefined ? servedSource(daemon!, name, type) : filesSource(dir, daemon, name, type);
  if ('error' in source) {
    complain(source.error, source.hint);
    return EXIT.failed;
  }
  const asked = server ?? listening(status!);
  if (asked !== undefined) return { source, server: asked };
  complain('the daemon does not say where it listens: name an address with --server');
  return EXIT.failed;
}

/** An address that the daemon answers on; where it listens on all of a family, the loopback's. */
function listening({ server }: Status): SocketAddress | undefined {
  const there = server?.listen.filter((one) => !server.listenMissing.includes(one));
  const found = there?.[0] === undefined ? undefined : parseServer(there[0]);
  if (found === undefined) return undefined;
  const anywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return { address: anywhere[found.address] ?? found.address, port: found.port };
}

async function verify(asked: Asked, { source, server }: Chosen): Promise<Report | Fault> {
  const first = await source.read();
  if ('error' in first) return first;
  if (first.mode !== 'sets') return { error: nothingText(first), hint: 'there are no shares to compare' };
  const asker = await UdpAsker.open(server, sockets, answerTimeoutMs);
  const progress = startProgress();
  try {
    const who = await whoAsks(asked, first, asker);
    if ('error' in who) return who;
    const wanted = who.from === undefined ? first : await source.read(who.from);
    if ('error' in wanted) return wanted;
    const tell = (done: number) =>
      progress.show(`${printCount(done)} of ${printCount(asked.count)} queries asked`);
    const { from, question } = who;
    const sample = await takeSample({ asker, source, count: asked.count, from, question, tell }, wanted);
    if ('error' in sample) return { error: sample.error, hint: 'there are no shares to compare' };
    const { segments, wanted: last, ...counts } = sample;
    return {
      name: asked.name,
      type: last.type,
      server: printSocketAddress(server.address, server.port),
      comparedWith: source.what,
      notes: [...source.notes, ...who.notes],
      ...counts,
      losses: Object.fromEntries(counts.losses),
      wrong: Object.fromEntries(counts.wrong),
      members: last.members,
      rows: judge(last.members, segments),
    };
  } finally {
    progress.end();
    asker.close();
  }
}

/** As whom the server is asked: whose sets are wanted, and what every query says. */
type Who = {
  readonly from: string | undefined;
  readonly question: () => Question;
  readonly notes: readonly string[];
};

async function whoAsks({ name, type, from }: Asked, wanted: Wanted, asker: UdpAsker): Promise<Who | Fault> {
  const { drawnBy } = wanted;
  const subnet = from === undefined ? undefined : `${from}/${from.includes(':') ? 128 : 32}`;
  const client = randomBytes(8);
  const base = { name, type: TYPE[type], recursive: false };
  const tried = subnet ?? (drawnBy === 'client' ? randomNetwork() : undefined);
  const first = { ...base, cookie: client, ...(tried && { subnet: tried }) };
  const reply = await asker.askUntil(first, firstTries);
  if ('lost' in reply) return { error: reply.lost, hint: 'is --server right?' };
  // With the server's cookie no query is over a rate limit.
  const plain = { ...base, cookie: reply.cookie ?? client };
  const isForClients = (reply.response.edns?.scope ?? 0) > 0;
  if (drawnBy === 'turn') {
    const notes = from === undefined ? [] : ['every client is given the same: --from changes nothing'];
    return { from: undefined, question: () => plain, notes };
  }
  if (subnet !== undefined && from !== undefined) {
    if (isForClients) {
      const notes = [`what the client ${from} is given, and no other`];
      return { from, question: () => ({ ...plain, subnet }), notes };
    }
    return { error: 'the server does not look at client subnets', hint: 'it has client-subnet: off' };
  }
  if (drawnBy === 'client' && isForClients) {
    const notes = ['each client keeps its answer: asked for a random network with every query'];
    return { from: undefined, question: () => ({ ...plain, subnet: randomNetwork() }), notes };
  }
  const { source } = asker;
  const rest =
    drawnBy === 'place' ? '--from asks for another' : 'with client-subnet: on they would all be compared';
  const notes = [`answers depend on the client: this is what ${source} is given, and no other; ${rest}`];
  return { from: source, question: () => plain, notes };
}

function randomNetwork(): string {
  return `${randomInt(1, 224)}.${randomInt(256)}.${randomInt(256)}.0/24`;
}
