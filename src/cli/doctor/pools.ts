// What doctor says of pools: a TTL against the time in which a failure is found out, and whether every probe
// comes through from here.
import { keptOf } from '../../balance/warnings.ts';
import { relativeName } from '../../control/diff.ts';
import type { LoadedZone } from '../../control/load.ts';
import type { MemberStatus, Status } from '../../control/status.ts';
import { eachOf } from '../../eachof.ts';
import type { Endpoint } from '../../health/check.ts';
import { probeEndpoint } from '../../health/probes/index.ts';
import type { Target } from '../../health/probes/probe.ts';
import { probedAtOnce, probedMax } from '../../limits.ts';
import { heardBy } from '../probe.ts';
import { plural } from '../text.ts';
import { type Finding, finding } from './finding.ts';

/** A TTL against detection, for each pool that is checked. */
export function ttlFindings({ pools, endpoints, origin }: LoadedZone): Finding[] {
  return pools.flatMap((pool) => {
    const keys = new Set(pool.members.flatMap((member) => member.addresses.map(({ endpoint }) => endpoint)));
    const kept = keptOf(
      pool,
      endpoints.filter(({ key }) => keys.has(key)),
    );
    if (kept === undefined) {
      const text = `${pool.owner} has no check: nobody notices when a server of it dies`;
      return [
        finding('warning', 'ttl', text, `balance: { ${relativeName(pool.owner, origin)}: { check: … } }`),
      ];
    }
    const { ttl, detection, advice } = kept;
    const text = `${pool.owner}: TTL ${ttl} s, a silent server is found out in ${Math.ceil(detection)} s`;
    if (ttl <= advice) return [finding('ok', 'ttl', text)];
    return [finding('warning', 'ttl', text, `clients keep a dead address for ${ttl} s: at most ${advice} s`)];
  });
}

/** Probes every endpoint once. */
export async function probeFindings(
  zones: readonly LoadedZone[],
  status: Status | undefined,
  tell: (done: number, of: number) => void,
): Promise<Finding[]> {
  const all = new Map(zones.flatMap(({ endpoints }) => endpoints.map((one) => [one.key, one] as const)));
  const endpoints = [...all.values()].filter(({ check }) => check.kind !== 'push');
  if (endpoints.length === 0) return [];
  const members = (status?.zones ?? []).flatMap(({ pools }) => pools.flatMap((pool) => pool.members));
  const probed = endpoints.slice(0, probedMax);
  let done = 0;
  const failed = await eachOf(probed, probedAtOnce, async (endpoint) => {
    const member = members.find(({ address }) => address === endpoint.address);
    const known = (target: Target) => heardBy(member, endpoint.check, target);
    const result = await probeEndpoint(endpoint, undefined, known);
    tell(++done, probed.length);
    if (result.outcome === 'ok') return [];
    return [probeFinding(endpoint, result.reason, member)];
  });
  const findings = failed.flat();
  const good = probed.length - findings.length;
  const rest = endpoints.length > probed.length ? `; ${endpoints.length - probed.length} were not tried` : '';
  const text = `${good} of ${plural(probed.length, 'probe')} from here came through${rest}`;
  return [finding(good === probed.length ? 'ok' : 'warning', 'probes', text), ...findings];
}

/** A probe that fails here and comes through for the daemon is a fault of where or who doctor is. */
function probeFinding(
  { address, check }: Endpoint,
  reason: string,
  member: MemberStatus | undefined,
): Finding {
  const who = member === undefined || member.name === address ? address : `${member.name} (${address})`;
  const text = `${who} ${check.kind} port ${check.port}: ${reason}`;
  if (member?.verdict !== 'up' && member?.verdict !== 'degraded') return finding('warning', 'probes', text);
  return finding('warning', 'probes', text, 'the daemon gets through: it may probe as another user');
}
