// Run as a process of its own with few descriptors: uses up all of them, probes, prints outcome and reason.
import { openSync } from 'node:fs';
import { probes } from '../../../src/health/probes/index.ts';

// What a first try loads must be loaded before there is no descriptor left for it.
for (const probe of Object.values(probes)) await probe.run('127.0.0.1', 1, {}, 1000);
try {
  for (;;) openSync('/dev/null', 'r');
} catch {
  // That was the last one.
}
for (const probe of Object.values(probes)) {
  const { outcome, reason } = await probe.run('127.0.0.1', 1, {}, 1000);
  console.log(`${outcome} ${reason}`);
}
