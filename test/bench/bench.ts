// `npm run bench`: what one answer costs, here and in the servers that are known to be fast. Three parts: the
// balanced name under load, all servers in turns over many rounds; time to first answer with memory for
// large zones; how late probes are with many endpoints. Linux with two cores, taskset, setpriv (util-linux)
// and dnsperf. Tables go to stdout, progress to stderr; exit 1 when something that is installed could not be
// measured. Ends every server it started, on every way out.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { ask, firstAnswerAt, type Reply } from './ask.ts';
import { type Load, runTurn, type Turn } from './load.ts';
import { cpuModel, pssOctets } from './measure.ts';
import { type Peer, peers, root, versionOf } from './peers.ts';
import { type Plan, parsePlan, turnOrder, usage } from './plan.ts';
import { measureProbes, printProbes } from './probes.ts';
import { type Questions, questions } from './questions.ts';
import { printForeign, printRounds, printStarts, type Rounds, reference, type Start } from './report.ts';
import { endServersOnExit, type Server, startServer } from './server.ts';
import { balancedName, lastHost, memberAddresses } from './zones.ts';

const pollMs = 5;
const startTimeoutMs = 120_000;
const settleMs = 2000;
const checkQuestions = 32;
const askTimeoutMs = 2000;
const buildTimeoutMs = 180_000;

let failures = 0;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Reports what could not be measured and goes on: the others are still worth their figures. */
function fail(title: string, error: unknown): void {
  failures++;
  say(`${title} was not measured: ${error instanceof Error ? error.message : String(error)}`);
}

/** Builds dist/ when it is missing or older than the sources. */
function buildIfStale(): void {
  const main = join(root, 'dist/main.js');
  const builtAt = existsSync(main) ? statSync(main).mtimeMs : 0;
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  if (sources.every((file) => statSync(join(root, 'src', file)).mtimeMs <= builtAt)) return;
  say('building dist/');
  const { status, stdout } = spawnSync('npm', ['run', 'build'], {
    cwd: root,
    encoding: 'utf8',
    timeout: buildTimeoutMs,
  });
  if (status !== 0) fail('the newest steerdns', new Error(`npm run build failed:\n${stdout.slice(-1000)}`));
}

/** Selects the peers that are installed and prints with what, on what and when all this was measured. */
function introduce(plan: Plan): Peer[] {
  const wanted = peers.filter((peer) => plan.only.includes(peer.key));
  const versions = new Map(wanted.map((peer) => [peer.key, peer.version()]));
  const present = wanted.filter((peer) => versions.get(peer.key) !== undefined);
  const missing = wanted.filter((peer) => versions.get(peer.key) === undefined);
  const machine = [
    cpuModel(),
    `${availableParallelism()} cores`,
    `Linux ${release()}`,
    `Node ${process.version}`,
  ];
  process.stdout.write(
    `${new Date().toISOString()}, ${machine.join(', ')}\n` +
      `${present.map((peer) => `${peer.title} ${versions.get(peer.key)}`).join(', ')}\n` +
      (missing.length > 0
        ? `NOT INSTALLED, not measured: ${missing.map((peer) => peer.title).join(', ')}\n`
        : ''),
  );
  return present;
}

/** Says what is wrong with a reply to the balanced name; undefined when it is as it should be. */
function faultOf(reply: Reply | undefined): string | undefined {
  if (reply === undefined) return 'no response';
  if (reply.rcode !== 0) return `RCODE ${reply.rcode}`;
  if (reply.truncated) return 'truncated';
  if (!reply.authoritative) return 'not authoritative';
  if (!reply.hasOpt) return 'no OPT record';
  if (reply.extraRecords > 0) return `${reply.extraRecords} records outside the answer section`;
  const addresses = [...reply.addresses].sort().join(' ');
  return addresses === memberAddresses.join(' ') ? undefined : `the addresses ${addresses}`;
}

/** Makes sure that a server answers the balanced name with all four addresses and rotates them. */
async function checkServer(server: Server): Promise<void> {
  const firsts = new Set<string>();
  let size = 0;
  for (let question = 0; question < checkQuestions; question++) {
    const reply = await ask(server.port, balancedName, askTimeoutMs);
    const fault = faultOf(reply);
    if (fault !== undefined) throw new Error(`it answers ${balancedName} with ${fault}`);
    firsts.add(reply?.addresses[0] ?? '');
    size = reply?.size ?? 0;
  }
  if (firsts.size < memberAddresses.length) throw new Error(`only ${firsts.size} addresses ever come first`);
  say(`${server.peer.title} answers ${balancedName}: 4 addresses, rotating, ${size} octets`);
}

/** Starts a peer and waits for its first answer to `name`; gives the server and the milliseconds it took. */
async function startAndWait(peer: Peer, names: number, name: string, core: number | undefined) {
  const server = await startServer(peer, names, core);
  const answeredAt = await firstAnswerAt(server.port, name, pollMs, startTimeoutMs, () => server.hasEnded);
  if (answeredAt !== undefined) return { server, firstAnswerMs: answeredAt - server.spawnedAt };
  const log = server.log();
  await server.stop();
  throw new Error(`no answer to ${name}; it wrote:\n${log}`);
}

/** The first part: all servers of one size of zone run, one at a time is asked. */
async function measureRounds(
  plan: Plan,
  present: readonly Peer[],
  asked: readonly Questions[],
  folder: string,
): Promise<Map<string, Rounds>> {
  const [serverCore] = plan.cores;
  const servers: Server[] = [];
  for (const peer of present) {
    try {
      const { server } = await startAndWait(peer, asked[0]!.names, balancedName, serverCore);
      await checkServer(server);
      servers.push(server);
    } catch (error) {
      fail(peer.title, error);
    }
  }
  const measured = new Map<string, Rounds>();
  for (const one of asked) {
    const isAsked = ({ peer }: Server) => one.ofAll || peer.key === 'batch' || peer.key === reference;
    measured.set(one.key, await askRounds(plan, servers.filter(isAsked), one, folder));
  }
  for (const server of servers) await server.stop();
  return measured;
}

/** Asks these servers one kind of question, in turns. */
async function askRounds(
  plan: Plan,
  servers: readonly Server[],
  asked: Questions,
  folder: string,
): Promise<Rounds> {
  const [serverCore, loadCore] = plan.cores;
  const { rcode, flags } = asked;
  const queryFile = join(folder, asked.key);
  writeFileSync(queryFile, `${asked.lines().join('\n')}\n`);
  const load: Load = { ...plan, queryFile, rcode, flags, serverCore, loadCore };
  const rounds = new Map<string, (Turn | undefined)[]>(servers.map((server) => [server.peer.key, []]));
  for (let round = 0; round <= plan.rounds; round++) {
    for (const server of turnOrder(servers, round)) {
      const turn = await runTurn(server, load).catch((error) =>
        fail(`${server.peer.title} in round ${round}`, error),
      );
      if (round > 0) rounds.get(server.peer.key)!.push(turn ?? undefined);
    }
    say(`${asked.key}: ${round === 0 ? 'warm-up round' : `round ${round} of ${plan.rounds}`} done`);
  }
  return rounds;
}

/** The second part: one server at a time, on all cores, from nothing to its first answer. */
async function measureStarts(plan: Plan, loaders: readonly Peer[]): Promise<Start[]> {
  const starts: Start[] = [];
  for (const names of plan.names) {
    for (let repetition = 0; repetition < plan.starts; repetition++) {
      for (const peer of turnOrder(loaders, repetition)) {
        try {
          const { server, firstAnswerMs } = await startAndWait(peer, names, lastHost(names), undefined);
          await after(settleMs);
          const pss = server.pid === undefined ? Number.NaN : pssOctets(server.pid);
          await server.stop();
          starts.push({ key: peer.key, names, firstAnswerMs, pss });
        } catch (error) {
          fail(`${peer.title} with ${names} names`, error);
        }
      }
      say(`${names} names, start ${repetition + 1} of ${plan.starts} done`);
    }
  }
  return starts;
}

/** Rounds by question and server, as JSON can have them. */
function nested(rounds: ReadonlyMap<string, Rounds>): object {
  return Object.fromEntries([...rounds].map(([key, turns]) => [key, Object.fromEntries(turns)]));
}

/** The third part: many endpoints. */
async function probePart(plan: Plan) {
  try {
    const probing = await measureProbes(plan);
    process.stdout.write(`\n${printProbes(plan, probing)}`);
    return probing;
  } catch (error) {
    fail(`${plan.endpoints} endpoints`, error);
    return undefined;
  }
}

/** Writes all that was measured, unreduced. */
function writeRows(
  file: string,
  {
    plan,
    present,
    rounds,
    starts,
    probing,
  }: {
    readonly plan: Plan;
    readonly present: readonly Peer[];
    readonly rounds: ReadonlyMap<string, Rounds>;
    readonly starts: readonly Start[];
    readonly probing: Awaited<ReturnType<typeof measureProbes>> | undefined;
  },
): void {
  const versions = Object.fromEntries(present.map((peer) => [peer.key, peer.version()]));
  const machine = {
    cpu: cpuModel(),
    kernel: release(),
    node: process.version,
    date: new Date().toISOString(),
  };
  const rows = { machine, versions, plan, rounds: nested(rounds), starts, probing };
  writeFileSync(file, JSON.stringify(rows, null, 1));
}

async function main(): Promise<void> {
  const plan = parsePlan(process.argv.slice(2));
  if (plan === 'help') return void process.stdout.write(usage);
  for (const tool of ['taskset', 'setpriv']) {
    if (versionOf(tool, ['--version']) === undefined)
      throw new Error(`${tool} is missing: it comes with util-linux`);
  }
  endServersOnExit();
  if (plan.only.includes('batch') || plan.only.includes('dgram')) buildIfStale();
  const present = introduce(plan);
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const rounds = new Map<string, Rounds>();
  let starts: Start[] = [];
  const dnsperf = versionOf('dnsperf', ['-h']);
  if (plan.rounds > 0 && dnsperf === undefined) {
    fail(balancedName, new Error('dnsperf is not installed'));
  } else if (plan.rounds > 0) {
    process.stdout.write(
      `\nWith EDNS, dnsperf ${dnsperf}, ${plan.outstanding} outstanding, medians of ` +
        `${plan.rounds} rounds of ${plan.seconds} s in turns,\n` +
        `server on core ${plan.cores[0]}, dnsperf on core ${plan.cores[1]}; [95 % interval]\n`,
    );
    const wanted = questions.filter((one) => plan.questions.includes(one.key));
    for (const names of new Set(wanted.map((one) => one.names))) {
      const asked = wanted.filter((one) => one.names === names);
      const hasAll = asked.some((one) => one.ofAll);
      const servers = present.filter(({ key }) => hasAll || key === 'batch' || key === reference);
      for (const [key, measured] of await measureRounds(plan, servers, asked, folder)) {
        rounds.set(key, measured);
        const { title } = wanted.find((one) => one.key === key)!;
        const listed = servers.filter((peer) => measured.has(peer.key));
        process.stdout.write(`\n${title}\n${printRounds(listed, measured)}${printForeign(measured)}`);
      }
    }
  }
  if (plan.starts > 0) {
    const loaders = present.filter((peer) => peer.loadsZones);
    starts = await measureStarts(plan, loaders);
    process.stdout.write(
      `\nFrom spawn to the first answer for the last name of the zone, and memory of all processes ` +
        `${settleMs / 1000} s later,\n` +
        `medians of ${plan.starts} starts\n\n${printStarts(loaders, plan.names, starts)}`,
    );
  }
  const probing = plan.endpoints === 0 ? undefined : await probePart(plan);
  if (plan.json !== undefined) writeRows(plan.json, { plan, present, rounds, starts, probing });
  process.exitCode = failures > 0 ? 1 : 0;
}

await main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exit(2);
});
