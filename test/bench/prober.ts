// Run as a process of its own: the monitors and probes of the control process, without the rest of it, over
// as many endpoints as asked. Told what to do by its parent, it answers with what that took and ends.
import { readdirSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { checkDefaults, type Endpoint, endpointKey } from '../../src/health/check.ts';
import { systemClock } from '../../src/health/clock.ts';
import { Monitors } from '../../src/health/monitor.ts';
import { probeEndpoint } from '../../src/health/probes/index.ts';
import { nextSlot, phaseHash } from '../../src/health/schedule.ts';
import { probedAddress } from './zones.ts';

export type Task = { readonly port: number; readonly endpoints: number; readonly seconds: number };

export type Probing = {
  /** From when each probe was due to when it began, queue included, in ascending order. */
  readonly latenessMs: readonly number[];
  readonly coreShare: number;
  readonly perSecond: number;
  /** The most that were open at any time we looked. */
  readonly descriptors: number;
  readonly inFlight: number;
  /** Results that said nothing about the server, and endpoints that are not up at the end. */
  readonly inconclusive: number;
  readonly notUp: number;
};

/** Two rounds: the first is spread differently, the second is not yet compiled. */
const warmUpMs = 2 * checkDefaults.intervalMs;
const lookMs = 100;

/** Endpoints of one check, at 127.1.0.0 and after. */
function endpointsOf({ endpoints, port }: Task): Endpoint[] {
  const check = { ...checkDefaults, kind: 'http', port, options: {} };
  return Array.from({ length: endpoints }, (_, index) => {
    const address = probedAddress(index);
    return { key: endpointKey(check, address), address, check };
  });
}

async function measure(task: Task): Promise<Probing> {
  const latenessMs: number[] = [];
  const startedAt = new Map<string, number>();
  let inFlight = 0;
  let inconclusive = 0;
  let isCounting = false;
  const monitors = new Monitors({
    clock: systemClock,
    onChange: () => {},
    onEvent: () => {},
    async run(endpoint) {
      const now = performance.now();
      const before = startedAt.get(endpoint.key);
      startedAt.set(endpoint.key, now);
      if (isCounting && before !== undefined) {
        const due = nextSlot(before, endpoint.check.intervalMs, phaseHash(endpoint.key));
        latenessMs.push(Math.max(0, now - due));
      }
      inFlight++;
      const result = await probeEndpoint(endpoint);
      inFlight--;
      if (isCounting && result.outcome === 'inconclusive') inconclusive++;
      return result;
    },
  });
  monitors.watch(endpointsOf(task));
  await after(warmUpMs);
  isCounting = true;
  const cpuBefore = process.cpuUsage();
  const begunAt = performance.now();
  const most = { descriptors: 0, inFlight: 0 };
  while (performance.now() < begunAt + task.seconds * 1000) {
    await after(lookMs);
    most.descriptors = Math.max(most.descriptors, readdirSync('/proc/self/fd').length);
    most.inFlight = Math.max(most.inFlight, inFlight);
  }
  isCounting = false;
  const passedMs = performance.now() - begunAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  const notUp = monitors.states().filter(({ verdict }) => verdict !== 'up').length;
  monitors.stop();
  return {
    latenessMs: latenessMs.sort((a, b) => a - b),
    coreShare: (user + system) / 1000 / passedMs,
    perSecond: (latenessMs.length * 1000) / passedMs,
    ...most,
    inconclusive,
    notUp,
  };
}

process.on('disconnect', () => process.exit());
process.once('message', async (task: Task) => {
  process.send!(await measure(task), () => process.exit());
});
