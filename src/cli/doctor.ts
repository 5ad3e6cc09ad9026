// steerdns doctor [ZONE...]: looks for what goes wrong in practice, from the machine to the parent's records:
// each step asks somebody and takes its time from nobody. Needs no daemon: without one it says whether one
// could start here.

import { getServers } from 'node:dns';
import { type Loaded, type LoadedZone, loadAll } from '../control/load.ts';
import { startProgress } from '../control/progress.ts';
import type { Status } from '../control/status.ts';
import { eachOf } from '../eachof.ts';
import { refuses } from '../faults.ts';
import { suggest } from '../near.ts';
import { findControl, resolvePaths } from '../paths.ts';
import type { SocketAddress } from '../wire/addresses.ts';
import { absoluteText } from '../wire/names.ts';
import { parseServer, serverFlag } from './asking.ts';
import { exchange, silenceOf, type Unasked } from './client.ts';
import { type Command, complain, EXIT, options, painter, textOf, type Values } from './command.ts';
import { factsOf } from './doctor/facts.ts';
import { type Finding, finding } from './doctor/finding.ts';
import {
  bufferFindings,
  clockFindings,
  daemonFindings,
  descriptorFindings,
  portFindings,
  readProc,
} from './doctor/machine.ts';
import { parentFindings, parentRecords } from './doctor/parent.ts';
import { probeFindings, ttlFindings } from './doctor/pools.ts';
import { askServers } from './doctor/servers.ts';
import { type Diagnosis, doctorText, findingsOf } from './doctor/text.ts';
import { plural } from './text.ts';

/** Zones that are looked at where none is named: each asks a dozen questions of others. */
const zonesMax = 20;
/** Zones at a time: where nobody answers each takes some seconds. */
const zonesAtOnce = 4;

export const command: Command = {
  usage: '[ZONE...]',
  options: {
    config: options.config,
    resolver: { value: 'ADDR#PORT', what: "who knows names that are not ours, in place of this machine's" },
    parent: { value: 'ADDR#PORT', what: 'a server of the parent, in place of those that the resolver finds' },
    port: { value: 'N', what: 'name servers answer on this port, 53 unless said otherwise' },
    control: options.control,
    json: options.json,
  },
  positionalsMin: 0,
  positionalsMax: Number.MAX_SAFE_INTEGER,
  async run(values, named) {
    const asked = readFlags(values);
    if ('error' in asked) {
      complain(asked.error);
      return EXIT.usage;
    }
    const socketPath = findControl({ control: textOf(values, 'control') });
    const answer = await exchange(socketPath, 'GET', '/status').catch((error: Error) =>
      silenceOf(socketPath, error),
    );
    const status = 'status' in answer && answer.status === 200 ? (answer.body as Status) : undefined;
    const unasked = 'exit' in answer ? answer : undefined;
    const dir = dirOf(values, status);
    const progress = startProgress();
    const loaded = loadAll({ dir, tablesDir: undefined, known: [] }, undefined, progress.show);
    progress.end();
    const zones = zonesNamed(loaded, named);
    if ('error' in zones) {
      complain(zones.error, zones.hint);
      return EXIT.failed;
    }
    const diagnosis = await diagnose({ ...asked, unasked, status, dir, loaded, zones });
    const ok = findingsOf(diagnosis).every(({ level }) => level !== 'error');
    if (values.json === true) process.stdout.write(`${JSON.stringify({ ok, ...diagnosis })}\n`);
    else process.stdout.write(doctorText(diagnosis, painter));
    return ok ? EXIT.done : EXIT.failed;
  },
};

function dirOf(values: Values, status: Status | undefined): string {
  const flag = textOf(values, 'config');
  const { configDir } = resolvePaths({ config: flag });
  return flag === undefined ? (status?.control.configDir ?? configDir) : configDir;
}

type Asked = {
  readonly resolver: SocketAddress | undefined;
  readonly parent: SocketAddress | undefined;
  readonly port: number;
};

function readFlags(values: Values): Asked | { readonly error: string } {
  const [named, parent] = [serverFlag(values, 'resolver'), serverFlag(values, 'parent')];
  if (named !== undefined && 'error' in named) return named;
  if (parent !== undefined && 'error' in parent) return parent;
  const portText = textOf(values, 'port') ?? '53';
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65_535) return { error: `--port is a number from 1 to 65535, not "${portText}"` };
  const [standard] = getServers();
  const resolver = named ?? (standard === undefined ? undefined : parseServer(standard));
  return { resolver, parent, port };
}

function zonesNamed(
  { zones, faulty }: Loaded,
  named: readonly string[],
): LoadedZone[] | { readonly error: string; readonly hint: string } {
  const origins = named.map(absoluteText);
  const known = [...zones.map(({ origin }) => origin), ...faulty];
  const unknown = origins.find((origin) => !known.includes(origin));
  if (unknown !== undefined) {
    const hint = suggest(unknown, known);
    return { error: `there is no zone ${unknown}`, hint };
  }
  return origins.length === 0 ? [...zones] : zones.filter(({ origin }) => origins.includes(origin));
}

type Examined = Asked & {
  readonly unasked: Unasked | undefined;
  readonly status: Status | undefined;
  readonly dir: string;
  readonly loaded: Loaded;
  readonly zones: readonly LoadedZone[];
};

async function diagnose(examined: Examined): Promise<Diagnosis> {
  const { status, loaded, unasked, dir } = examined;
  const progress = startProgress();
  const endpoints = loaded.zones.reduce((sum, zone) => sum + zone.endpoints.length, 0);
  const looked = examined.zones.slice(0, zonesMax);
  const asked = await eachOf(looked, zonesAtOnce, (zone) => {
    progress.show(`${zone.origin}: asking its name servers and its parent`);
    return diagnoseZone(zone, examined);
  });
  const zones = asked.map(({ diagnosis }) => diagnosis);
  const skews = asked.flatMap(({ report }) => report.skews);
  const probes = await probeFindings(looked, status, (done, of) =>
    progress.show(`${done} of ${of} endpoints probed`),
  );
  const machine = [
    ...daemonFindings(status, unasked),
    ...fileFindings(loaded, dir),
    // Only where none runs: whoever cannot be asked holds the ports rightly.
    ...(status === undefined && unasked?.exit !== EXIT.notRunning
      ? []
      : await portFindings(status, loaded.server.listen)),
    ...bufferFindings(status, readProc),
    ...descriptorFindings(status, endpoints, readProc),
    ...clockFindings([...new Map(skews.map((skew) => [skew.server, skew])).values()], readProc),
    ...probes,
  ];
  const rest = examined.zones.length - looked.length;
  if (rest > 0) machine.push(finding('ok', 'zones', `${plural(rest, 'more zone')}: name those to look at`));
  progress.end();
  return { machine, zones };
}

function fileFindings({ faults, zones, faulty }: Loaded, dir: string): Finding[] {
  const hint = 'steerdns check';
  if (refuses(faults)) {
    const left = faulty.length === 0 ? '' : `: ${faulty.join(', ')} cannot be loaded`;
    return [finding('error', 'files', `${dir} has errors${left}`, hint)];
  }
  if (zones.length === 0) return [finding('error', 'files', `${dir} has no zone`, 'a file NAME.zone there')];
  if (faults.length > 0) {
    return [finding('warning', 'files', `${dir} has ${plural(faults.length, 'warning')}`, hint)];
  }
  return [finding('ok', 'files', `${dir}: ${plural(zones.length, 'zone')}, no faults`)];
}

async function diagnoseZone(zone: LoadedZone, { dir, status, resolver, parent, port }: Examined) {
  const facts = factsOf(dir, zone);
  const report = await askServers(facts, { resolver, port, now: Date.now });
  const findings = [
    ...servedFindings(zone, status),
    ...report.findings,
    ...(await parentFindings(facts, report.listed, resolver, parent)),
    ...ttlFindings(zone),
  ];
  const records = parentRecords(facts, report.listed);
  return { diagnosis: { origin: zone.origin, findings, records }, report };
}

/** Whether the daemon serves what the files say. */
function servedFindings({ origin, id, serial }: LoadedZone, status: Status | undefined): Finding[] {
  if (status === undefined) return [];
  const served = status.zones.find((zone) => zone.origin === origin);
  const hint = 'steerdns reload';
  if (served === undefined) return [finding('error', 'served', `${origin} is not in service`, hint)];
  if (served.id === id) return [finding('ok', 'served', `serial ${serial}, as the files have it`)];
  const text = `the files have changed (serial ${serial}), what is served has not (serial ${served.serial})`;
  return [finding('warning', 'served', text, hint)];
}
