// One turn of one server: dnsperf on its own core asks questions with EDNS as fast as it gets
// answers, with a fixed number of queries outstanding (few enough for the default receive buffer of a
// socket, 256 small datagrams, so that a loss is the server's). CPU time of the server is read before and
// after. Called by bench.ts.
import { spawn } from 'node:child_process';
import { coreMs, cpuMs, endedChildrenMs } from './measure.ts';
import type { Server } from './server.ts';

const lossTimeoutSeconds = 1;
const outputSizeMax = 1 << 20;
const graceMs = 15_000;

export type Load = {
  readonly queryFile: string;
  /** What every answer must be, and more flags for dnsperf. */
  readonly rcode: string;
  readonly flags: readonly string[];
  readonly seconds: number;
  readonly outstanding: number;
  readonly clients: number;
  readonly serverCore: number;
  readonly loadCore: number;
};

/** What dnsperf counted. */
export type Counts = {
  readonly completed: number;
  readonly lost: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Answers with the RCODE that they must have. */
  readonly rightShare: number;
};

/** One turn as it is kept in the raw rounds. */
export type Turn = Counts & {
  /** CPU of the server's process tree, in microseconds per answered query. */
  readonly cpuMicros: number;
  /** The server's share of its core; below 1 dnsperf, or somebody else on the machine, set the pace. */
  readonly coreShare: number;
  /** What others took of the two cores meanwhile, hypervisor included; 1 is one whole core. */
  readonly foreignShare: number;
};

/** Runs one turn; throws with a sentence when it gives no figure. */
export async function runTurn(server: Server, load: Load): Promise<Turn> {
  const { pid } = server;
  if (pid === undefined || server.hasEnded) throw new Error(`it ended by itself:\n${server.log()}`);
  const cores = [load.serverCore, load.loadCore];
  const busyOf = (): number => cores.reduce((sum, core) => sum + coreMs(core).busy + coreMs(core).stolen, 0);
  const busyBefore = busyOf();
  const cpuBefore = cpuMs(pid);
  const { text, cpuUsedMs } = await runDnsperf(server.port, load);
  const serverMs = cpuMs(pid) - cpuBefore;
  const foreignMs = busyOf() - busyBefore - serverMs - cpuUsedMs;
  const counts = parseDnsperf(text, load.rcode);
  if (counts.completed === 0) throw new Error('it answered no query');
  if (counts.rightShare < 1)
    throw new Error(`only ${counts.rightShare * 100} % of its answers were ${load.rcode}`);
  return {
    ...counts,
    cpuMicros: (serverMs * 1000) / counts.completed,
    coreShare: serverMs / 1000 / counts.seconds,
    foreignShare: Math.max(0, foreignMs / 1000 / counts.seconds),
  };
}

/** Reads the statistics that dnsperf 2 prints at its end. */
export function parseDnsperf(text: string, rcode: string): Counts {
  const number = (pattern: RegExp): number => {
    const match = pattern.exec(text);
    if (match === null) throw new Error(`dnsperf did not print ${pattern.source}:\n${text.slice(-500)}`);
    return Number(match[1]);
  };
  const completed = number(/Queries completed:\s+(\d+)/);
  return {
    completed,
    lost: number(/Queries lost:\s+(\d+)/),
    seconds: number(/Run time \(s\):\s+([\d.]+)/),
    perSecond: number(/Queries per second:\s+([\d.]+)/),
    rightShare: completed === 0 ? 0 : number(new RegExp(`Response codes:.*?${rcode} (\\d+)`)) / completed,
  };
}

/** Runs dnsperf to its end and says how much CPU it used itself. */
function runDnsperf(
  port: number,
  load: Load,
): Promise<{ readonly text: string; readonly cpuUsedMs: number }> {
  const dnsperf = ['dnsperf', '-s', '127.0.0.1', '-p', port, '-d', load.queryFile, '-e', '-T', 1];
  const limits = ['-l', load.seconds, '-q', load.outstanding, '-c', load.clients, '-t', lossTimeoutSeconds];
  const pinned = ['--pdeathsig', 'KILL', 'taskset', '-c', load.loadCore];
  const args = [...pinned, ...dnsperf, ...limits, ...load.flags].map(String);
  const childrenBefore = endedChildrenMs();
  return new Promise((resolve, reject) => {
    const child = spawn('setpriv', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: load.seconds * 1000 + graceMs,
      killSignal: 'SIGKILL',
    });
    let text = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      if (text.length < outputSizeMax) text += part;
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      if (complaint.length < outputSizeMax) complaint += part;
    });
    const endWithUs = (): boolean => child.kill('SIGKILL');
    process.once('exit', endWithUs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('exit', endWithUs);
      if (code === 0) resolve({ text, cpuUsedMs: endedChildrenMs() - childrenBefore });
      else reject(new Error(`dnsperf ended with ${signal ?? `code ${code}`}:\n${complaint.slice(-500)}`));
    });
  });
}
