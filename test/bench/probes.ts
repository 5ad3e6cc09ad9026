// The third part of the bench: many endpoints over plain http, a fresh connection for each probe, the prober
// alone on one core and one server with all their addresses on the other. Called by bench.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { checkDefaults } from '../../src/health/check.ts';
import type { Plan } from './plan.ts';
import { measurePeers, type PeerProbing, printPeers } from './probepeers.ts';
import type { Probing, Task } from './prober.ts';

/** The interval is a promise, so a probe may not be later than this. */
const latenessP99MaxMs = 500;

/** Starts one of the two processes on its core; it ends with this one, whose end closes the channel. */
function start(file: string, core: number): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const command = ['-c', String(core), process.execPath, '--import', 'tsx', path];
  return spawn('taskset', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** The first message of a process; rejects when it ends without one. */
async function message<Message>(child: ChildProcess): Promise<Message> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a process of the probe bench ended with ${code}`);
  });
  return (await Promise.race([once(child, 'message'), ended]))[0] as Message;
}

/** Probes `plan.endpoints` endpoints for `plan.probeSeconds`, and then has others do it. */
export async function measureProbes(plan: Plan): Promise<Probing & { readonly peers: PeerProbing[] }> {
  const [proberCore, answererCore] = plan.cores;
  const answerer = start('./answerer.ts', answererCore);
  const prober = start('./prober.ts', proberCore);
  try {
    const port = await message<number>(answerer);
    const { endpoints, probeSeconds: seconds } = plan;
    prober.send({ port, endpoints, seconds } satisfies Task);
    const probing = await message<Probing>(prober);
    const connections = () => {
      answerer.send('connections?');
      return message<number>(answerer);
    };
    return {
      ...probing,
      peers: await measurePeers({ endpoints, seconds, core: proberCore, port, connections }),
    };
  } finally {
    for (const child of [answerer, prober]) if (child.connected) child.disconnect();
  }
}

/** What a share of all are not above; 0 for none. `sorted` is in ascending order. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** The figures in words, and whether they hold what is promised. */
export function printProbes(plan: Plan, probing: Probing & { readonly peers: PeerProbing[] }): string {
  const { latenessMs, coreShare, perSecond, descriptors, inFlight, inconclusive, notUp } = probing;
  const late = (share: number): string => `${percentile(latenessMs, share).toFixed(0)} ms`;
  const holds = percentile(latenessMs, 0.99) < latenessP99MaxMs && inconclusive === 0 && notUp === 0;
  return (
    `${plan.endpoints} endpoints, plain http every ${checkDefaults.intervalMs / 1000} s, ` +
    `a fresh connection each, ${plan.probeSeconds} s on core ${plan.cores[0]}\n\n` +
    `probe lateness: p50 ${late(0.5)}, p99 ${late(0.99)}, most ${late(1)}\n` +
    `CPU of monitors and probes: ${(coreShare * 100).toFixed(0)} % of one core, ` +
    `${perSecond.toFixed(0)} probes/s, ${((coreShare * 1e6) / perSecond).toFixed(0)} µs each\n` +
    `at most ${inFlight} probes in flight and ${descriptors} descriptors; ` +
    `${inconclusive} inconclusive, ${notUp} endpoints not up\n` +
    printPeers(probing.peers) +
    (holds ? '' : `NOT in time: p99 under ${latenessP99MaxMs} ms and nothing inconclusive is wanted\n`)
  );
}
