// The registry of probe kinds: a new kind is one file and one line here. The config schema derives from it.
import type { Endpoint } from '../check.ts';
import { agent } from './agent.ts';
import { dns } from './dns.ts';
import { exec } from './exec.ts';
import { file } from './file.ts';
import { http, https } from './http.ts';
import type { Probe, ProbeResult } from './probe.ts';
import { tcp } from './tcp.ts';

export const probes = { http, https, tcp, agent, dns, exec, file } as const satisfies Record<string, Probe>;

/** Probes an endpoint once; rejects where its kind is unknown, which config.ts has ruled out. */
export async function probeEndpoint({ address, check }: Endpoint): Promise<ProbeResult> {
  const probe: Probe | undefined = (probes as Readonly<Record<string, Probe>>)[check.kind];
  if (probe === undefined) throw new Error(`there is no probe "${check.kind}"`);
  return probe.run(check.address ?? address, check.port, check.options, check.timeoutMs);
}
