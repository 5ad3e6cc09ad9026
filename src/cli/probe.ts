// steerdns probe SELECTOR...: probes members once, from here, and shows every step with its time. It reads
// the folder by itself and needs no daemon, so that a check can be tried before it is taken into service, and
// the daemon's event loop is left alone; where one runs, what it says last stands beside, because it probes
// as another user and perhaps from another network.
import { isIP } from 'node:net';
import { loadConfig } from '../config.ts';
import { type Loaded, type LoadedZone, loadAll } from '../control/load.ts';
import { ownerText, type Target as Selected, select } from '../control/selectors.ts';
import { Sources } from '../control/sources.ts';
import type { MemberStatus, Status } from '../control/status.ts';
import { eachOf } from '../eachof.ts';
import { refuses } from '../faults.ts';
import { type Check, type Endpoint, endpointKey } from '../health/check.ts';
import { probeEndpoint } from '../health/probes/index.ts';
import type { ProbeResult, Step, Target } from '../health/probes/probe.ts';
import { needsAll } from '../health/probes/several.ts';
import { probedAtOnce, probedMax } from '../limits.ts';
import { suggest } from '../near.ts';
import { findControl, resolvePaths } from '../paths.ts';
import { exchange } from './client.ts';
import { type Command, complain, EXIT, options, painter, textOf } from './command.ts';
import { probeText } from './probetext.ts';

/** What is probed: an endpoint, and the members that it stands for. */
export type Probed = {
  readonly members: readonly { readonly member: string; readonly owner: string }[];
  readonly endpoint: Endpoint;
};

/** One that was probed; `daemon` is what the daemon says of it, where one runs on the same folder. */
export type ProbeReport = Probed & {
  readonly steps: readonly Step[];
  readonly result: ProbeResult;
  readonly daemon: MemberStatus | undefined;
};

type Found = { readonly probed: readonly Probed[] } | { readonly error: string; readonly hint: string };

export const command: Command = {
  usage: 'SELECTOR...',
  options: {
    config: options.config,
    check: { value: 'CHECK', what: 'by this check; then any address or name may be probed' },
    control: options.control,
    json: options.json,
  },
  positionalsMin: 1,
  positionalsMax: Number.MAX_SAFE_INTEGER,
  async run(values, selectors) {
    const { configDir: dir } = resolvePaths({ config: textOf(values, 'config') });
    const loaded = loadAll({ dir, tablesDir: undefined, known: [] });
    if (refuses(loaded.faults))
      complain(`${dir} has faults, and what they touch is left out: steerdns check`);
    const checkName = textOf(values, 'check');
    const found = find(dir, loaded, selectors, checkName);
    if ('error' in found) {
      complain(found.error, found.hint);
      return EXIT.failed;
    }
    const status = await askDaemon(findControl({ control: textOf(values, 'control') }), dir);
    const reports = await probeAll(found.probed, status, checkName === undefined);
    const isGood = reports.every(({ result }) => result.outcome === 'ok');
    if (values.json === true) process.stdout.write(`${JSON.stringify(jsonOf(reports))}\n`);
    else {
      const now = status?.now ?? Date.now();
      const texts = reports.map((report) => probeText(report, now, painter));
      process.stdout.write(texts.join('\n'));
    }
    return isGood ? EXIT.done : EXIT.failed;
  },
};

function find(
  dir: string,
  loaded: Loaded,
  selectors: readonly string[],
  checkName: string | undefined,
): Found {
  const checks = checkName === undefined ? undefined : checksNamed(dir, checkName);
  if (checks !== undefined && 'error' in checks) return checks;
  const pools = loaded.zones.flatMap((zone) => zone.pools);
  const found = new Map<string, Probed>();
  const add = (endpoint: Endpoint, members: Probed['members']) => {
    const before = found.get(endpoint.key)?.members ?? [];
    found.set(endpoint.key, { members: [...before, ...members], endpoint });
  };
  for (const selector of selectors) {
    const selected = select(pools, [selector]);
    const check = checks?.get('') ?? [...(checks?.values() ?? [])][0];
    if ('targets' in selected) {
      for (const target of selected.targets) addTarget(loaded.zones, target, checks, add);
    } else if (check !== undefined && (isIP(selector) !== 0 || /^[a-z0-9_.-]+$/i.test(selector))) {
      add({ key: endpointKey(check, selector), address: selector, check }, []);
    } else {
      const hint =
        isIP(selector) === 0 || checks !== undefined ? selected.hint : 'with --check it may be any address';
      return { error: selected.error, hint };
    }
  }
  if (found.size === 0)
    return { error: 'nothing probes these members: they have no check', hint: 'try --check' };
  if (found.size > probedMax) {
    return {
      error: `these are ${found.size} endpoints`,
      hint: `at most ${probedMax} are probed by one command`,
    };
  }
  return { probed: [...found.values()] };
}

/** The checks of this name by zone, that of steerdns.yaml under ''. */
function checksNamed(dir: string, name: string): Map<string, Check> | { error: string; hint: string } {
  const { list, read, isOpenToAll } = new Sources(dir);
  const { checks } = loadConfig(dir, list, read, isOpenToAll);
  const named = new Map<string, Check>();
  for (const [zone, byName] of checks) {
    const check = byName.get(name);
    if (check !== undefined) named.set(zone, check);
  }
  if (named.size > 0) return named;
  const known = [...new Set([...checks.values()].flatMap((byName) => [...byName.keys()]))];
  if (known.includes(name)) return { error: `check "${name}" has faults`, hint: 'steerdns check shows them' };
  return { error: `there is no check "${name}"`, hint: suggest(name, known) };
}

function addTarget(
  zones: readonly LoadedZone[],
  { owner, member, address }: Selected,
  checks: ReadonlyMap<string, Check> | undefined,
  add: (endpoint: Endpoint, members: Probed['members']) => void,
): void {
  const zone = zones.find(({ pools }) => pools.some((pool) => pool.owner === owner))!;
  const pool = zone.pools.find((one) => one.owner === owner)!;
  const addresses = pool.members.find(({ name }) => name === member)!.addresses;
  for (const { text, endpoint: key } of addresses) {
    if (address !== undefined && address !== text) continue;
    const own = zone.endpoints.find((endpoint) => endpoint.key === key);
    const check = checks?.get(zone.origin) ?? checks?.get('') ?? [...(checks?.values() ?? [])][0];
    const endpoint = check === undefined ? own : { key: endpointKey(check, text), address: text, check };
    if (endpoint !== undefined) add(endpoint, [{ member, owner: ownerText(owner) }]);
  }
}

/** What the daemon says, where one runs on this folder; it is no fault where none does. */
async function askDaemon(socketPath: string, dir: string): Promise<Status | undefined> {
  const answer = await exchange(socketPath, 'GET', '/status').catch(() => undefined);
  const status = answer?.status === 200 ? (answer.body as Status) : undefined;
  return status?.control.configDir === dir ? status : undefined;
}

/** `isOwn`: by the checks that the daemon probes by, so that what it has heard counts. */
function probeAll(
  probed: readonly Probed[],
  status: Status | undefined,
  isOwn: boolean,
): Promise<ProbeReport[]> {
  return eachOf(probed, probedAtOnce, async (one) => {
    const steps: Step[] = [];
    const daemon = status && memberOf(status, one);
    const known = (target: Target) => heardBy(isOwn ? daemon : undefined, one.endpoint.check, target);
    const result = await probeEndpoint(one.endpoint, (step) => steps.push(step), known);
    return { ...one, steps, result, daemon };
  });
}

/**
 * Heartbeats come to the daemon: nobody else can say what they said. Of one of several probes its last result
 * says so where it is up and all must be.
 */
export function heardBy(
  daemon: Pick<MemberStatus, 'last'> | undefined,
  check: Check,
  { kind }: Target,
): ProbeResult | undefined {
  if (kind !== 'push') return undefined;
  const last = daemon?.last;
  if (last !== undefined && check.kind === 'push') return last;
  if (last?.outcome === 'ok' && needsAll(check)) {
    return { outcome: 'ok', reason: 'the daemon has heard that it is up', latencyMs: 0 };
  }
  return { outcome: 'inconclusive', reason: 'inconclusive: heartbeats come to the daemon', latencyMs: 0 };
}

function memberOf(status: Status, { members, endpoint }: Probed): MemberStatus | undefined {
  const pools = status.zones.flatMap((zone) => zone.pools);
  const all = pools.flatMap((pool) =>
    pool.members.map((member) => ({ owner: ownerText(pool.owner), member })),
  );
  return all.find(
    ({ owner, member }) =>
      member.address === endpoint.address &&
      members.some((one) => one.owner === owner && one.member === member.name),
  )?.member;
}

/** Without the check itself: it may hold secrets. */
function jsonOf(reports: readonly ProbeReport[]) {
  return {
    probes: reports.map(({ members, endpoint: { address, check }, steps, result, daemon }) => ({
      members,
      address: check.address ?? address,
      kind: check.kind,
      port: check.port,
      timeoutMs: check.timeoutMs,
      steps,
      ...result,
      daemon,
    })),
  };
}
