// Run as a process of its own with few descriptors: uses up all of them, probes, prints outcome and reason.
import { openSync } from 'node:fs';
import { probes } from '../../../src/health/probes/index.ts';
import type { Options, Probe } from '../../../src/health/probes/probe.ts';

// What a first try loads must be loaded before there is no descriptor left for it.
const options = {
  agent: {},
  dns: { name: 'site.example.' },
  exec: { command: ['/bin/true'] },
  file: { file: '/etc/hostname' },
  http: {},
  https: {},
  push: {},
  tcp: {},
} as const satisfies Record<keyof typeof probes, Options>;
// A push is only remembered: it needs none.
const kinds = (Object.entries(probes) as [keyof typeof probes, Probe][]).filter(([kind]) => kind !== 'push');
for (const [kind, probe] of kinds) await probe.run('127.0.0.1', 1, options[kind], 1000);
try {
  for (;;) openSync('/dev/null', 'r');
} catch {
  // That was the last one.
}
for (const [kind, probe] of kinds) {
  const { outcome, reason } = await probe.run('127.0.0.1', 1, options[kind], 1000);
  console.log(`${outcome} ${reason}`);
}
