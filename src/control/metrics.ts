// What is measured, as families for GET /metrics and `steerdns stats`: made of the status of this moment and
// of what control counts. Labels have only what the configuration names.
import { TALLY, tallyRcodes, tallySizes, tallyTransports, tallyTypes } from '../answer/tally.ts';
import { type EventKind, eventKinds } from '../config/eventkinds.ts';
import type { EndpointState } from '../health/state.ts';
import type { Facts } from '../serve/channel.ts';
import type { Reply } from './admin.ts';
import type { Events } from './events.ts';
import type { EventStreams } from './eventstream.ts';
import {
  bounded,
  type Family,
  histogramSeries,
  type Labels,
  merged,
  printFamilies,
  type Series,
} from './families.ts';
import type { AdminHttp } from './http.ts';
import type { ProbeMeter } from './probemeter.ts';
import { routes } from './routes.ts';
import type { ControlFacts, MemberStatus, PoolStatus, ServerStatus, Status } from './status.ts';
import type { Webhooks } from './webhooks.ts';

/** What control counts, beside the status. */
export type Meters = {
  readonly probes: ProbeMeter;
  readonly events: Events;
  readonly streams: EventStreams;
  readonly http: AdminHttp;
  readonly webhooks: Webhooks;
  readonly reloads: { readonly ok: number; readonly refused: number };
};

/** Every family, at most `seriesMax` series. */
export function metricsOf(
  status: Status,
  facts: Facts | undefined,
  endpoints: readonly EndpointState[],
  meters: Meters,
  seriesMax: number,
): Family[] {
  const { server } = status;
  return bounded(
    [
      ...processFamilies(status),
      ...(server === undefined ? [] : [...queryFamilies(server), ...threadFamilies(server)]),
      ...(facts === undefined ? [] : responseFamilies(facts)),
      ...dataFamilies(status, meters),
      ...zoneFamilies(status),
      ...poolFamilies(status),
      ...probeFamilies(endpoints, meters.probes),
      ...adminFamilies(meters),
    ],
    seriesMax,
  );
}

function gauge(name: string, help: string, ...series: Series[]): Family {
  return { name: `steerdns_${name}`, type: 'gauge', help, series };
}

function counter(name: string, help: string, ...series: Series[]): Family {
  return { name: `steerdns_${name}_total`, type: 'counter', help, series };
}

function one(value: number, labels: Labels = {}): Series {
  return { labels, value };
}

function seconds(ms: number): number {
  return ms / 1000;
}

function processFamilies({ version, control, server }: Status): Family[] {
  const both = (value: (of: ControlFacts | ServerStatus) => number): Series[] => [
    ...(server === undefined ? [] : [one(value(server), { process: 'server' })]),
    one(value(control), { process: 'control' }),
  ];
  const memory = [
    ...(server === undefined ? [] : [one(server.memory.rss, { process: 'server' })]),
    one(process.memoryUsage.rss(), { process: 'control' }),
  ];
  return [
    gauge('build_info', 'The version that runs; always 1.', one(1, { version })),
    gauge('up', 'Whether the server process says how it is.', one(server === undefined ? 0 : 1)),
    gauge('start_time_seconds', 'When the process started.', ...both(({ startedAt }) => seconds(startedAt))),
    gauge('resident_memory_bytes', 'Memory of the process.', ...memory),
    ...(server === undefined
      ? []
      : [
          counter(
            'queries_unlogged',
            'Samples for the query log that were too many.',
            one(server.queriesUnlogged),
          ),
        ]),
    counter('log_lines_lost', 'Lines of the log that nobody read in time.', ...both((of) => of.logLinesLost)),
  ];
}

/** Counters of the data plane -> what each is in the metrics. */
function queryFamilies({ counters, kernelDrops, answering }: ServerStatus): Family[] {
  const count = (name: string, labels: Labels = {}) => one(counters[name] ?? 0, labels);
  const outcomes = ['noerror', 'nodata', 'nxdomain', 'yxdomain', 'referral', 'refused', 'formerr'];
  const answers = [...outcomes, 'notimp', 'badvers', 'servfail', 'badcookie', 'chaos', 'silent'];
  const by = (label: string, names: Readonly<Record<string, string>>) =>
    Object.entries(names).map(([value, name]) => count(name, { [label]: value }));
  const tcp = {
    accepted: 'tcp-accepted',
    idle: 'tcp-idle',
    cut: 'tcp-cut',
    refused: 'tcp-refused',
    refused_client: 'tcp-refused-client',
  };
  return [
    gauge('answering', 'Whether queries are answered.', one(answering ? 1 : 0)),
    counter(
      'queries',
      'Queries by transport.',
      ...by('transport', { udp: 'udp-queries', tcp: 'tcp-queries' }),
    ),
    counter('edns_queries', 'Queries with EDNS.', count('edns-queries')),
    counter('answers', 'What queries came to.', ...answers.map((name) => count(name, { outcome: name }))),
    counter('truncated', 'Responses that did not fit.', count('truncated')),
    counter('balanced', 'Draws from answer sets.', count('balanced')),
    counter(
      'rate_limited',
      'Responses over the rate limit, left out or cut short.',
      ...by('action', { dropped: 'rate-dropped', slipped: 'rate-slipped' }),
    ),
    counter('cookies_valid', 'Queries with a cookie of ours.', count('cookies-valid')),
    counter('send_failed', 'Responses that the kernel refused.', count('send-failed')),
    counter('tcp_connections', 'What became of TCP connections.', ...by('event', tcp)),
    ...(kernelDrops < 0
      ? []
      : [counter('kernel_drops', 'Datagrams dropped by the kernel: workers too slow.', one(kernelDrops))]),
  ];
}

/** What the data plane counts of each response (answer/tally.ts). */
function responseFamilies({ tallies, countedZones }: Facts): Family[] {
  const codes = tallyTransports.flatMap((transport, i) =>
    tallyTypes.flatMap((type, j) =>
      tallyRcodes.map((rcode, k) => {
        const cell = TALLY.codes + (i * tallyTypes.length + j) * tallyRcodes.length + k;
        return one(tallies[cell]!, { transport, type, rcode });
      }),
    ),
  );
  const sizes = tallyTransports.flatMap((transport, i) => {
    const from = TALLY.sizes + i * TALLY.sizesOfTransport;
    const sum = tallies[from + tallySizes.length]!;
    const counts = [...tallies.subarray(from, from + tallySizes.length), 0];
    return histogramSeries(tallySizes, counts, sum, { transport });
  });
  const zones = ['', ...countedZones].map((origin, i) =>
    one(tallies[TALLY.zones + i]!, { zone: origin === '' ? '(none)' : plain(origin) }),
  );
  return [
    counter(
      'responses',
      'Responses by transport, type and RCODE; those that never were are not here.',
      ...codes.filter(({ value }) => value > 0),
    ),
    { name: 'steerdns_response_size_bytes', type: 'histogram', help: 'Sizes of responses.', series: sizes },
    {
      ...counter('zone_responses', 'Responses by zone; (none): of no zone, or of one too many.', ...zones),
      names: ['zone'],
    },
  ];
}

function threadFamilies({ workers, controlRestarts }: ServerStatus): Family[] {
  const each = (value: (worker: ServerStatus['workers'][number]) => number) =>
    workers.map((worker) => one(value(worker), { thread: worker.name }));
  return [
    gauge('thread_alive', 'Whether the thread runs.', ...each(({ alive }) => (alive ? 1 : 0))),
    counter('thread_restarts', 'How often the thread was replaced.', ...each(({ restarts }) => restarts)),
    gauge('thread_generation', 'The generation it answers from.', ...each(({ generation }) => generation)),
    counter('control_restarts', 'How often control was replaced.', one(controlRestarts)),
  ];
}

function dataFamilies({ control, server, attention, zones }: Status, { reloads }: Meters): Family[] {
  const by = (severity: 'error' | 'warning') =>
    one(attention.filter((it) => it.severity === severity).length, { severity });
  return [
    gauge('attention', 'Things that need somebody.', by('error'), by('warning')),
    gauge('zones', 'Zones in service.', one(zones.length)),
    ...(server === undefined ? [] : [gauge('generation', 'Publications so far.', one(server.generation))]),
    ...(control.loadedAt === undefined
      ? []
      : [
          gauge(
            'loaded_timestamp_seconds',
            'When what is served was loaded.',
            one(seconds(control.loadedAt)),
          ),
        ]),
    counter(
      'reloads',
      'Reloads by what came of them.',
      one(reloads.ok, { outcome: 'ok' }),
      one(reloads.refused, { outcome: 'refused' }),
    ),
    gauge('load_refused', 'Whether the last load was refused.', one(control.refused === undefined ? 0 : 1)),
    gauge('kept', 'Whether the state directory can be written.', one(control.keeping === undefined ? 1 : 0)),
  ];
}

/** A name as people write it. */
function plain(name: string): string {
  return name === '.' ? name : name.replace(/\.$/, '');
}

function zoneFamilies({ zones }: Status): Family[] {
  const each = (value: (zone: Status['zones'][number]) => number) =>
    zones.map((zone) => one(value(zone), { zone: plain(zone.origin) }));
  const names = ['zone'];
  return [
    { ...gauge('zone_serial', 'Serial of the SOA.', ...each(({ serial }) => serial)), names },
    { ...gauge('zone_records', 'Records of the zone.', ...each(({ records }) => records)), names },
  ];
}

function poolFamilies({ zones }: Status): Family[] {
  const pools = zones.flatMap(({ origin, pools: all }) => all.map((pool) => ({ origin, pool })));
  const poolNames = ['zone', 'owner'];
  const labelsOf = (origin: string, { owner, type }: PoolStatus) => {
    return { zone: plain(origin), owner: plain(owner), type };
  };
  const eachPool = (value: (pool: PoolStatus) => number) =>
    pools.map(({ origin, pool }) => one(value(pool), labelsOf(origin, pool)));
  const members = pools.flatMap(({ origin, pool }) =>
    pool.members.map((member) => {
      const labels = { ...labelsOf(origin, pool), member: member.name, address: member.address };
      return { labels, pool, member };
    }),
  );
  const names = [...poolNames, 'member', 'address'];
  const each = (value: (member: MemberStatus, pool: PoolStatus) => number) =>
    members.map(({ labels, pool, member }) => one(value(member, pool), labels));
  const verdicts = ['up', 'degraded', 'down', 'unknown', 'unchecked'] as const;
  const counts = verdicts.map((verdict) =>
    one(members.filter(({ member }) => member.verdict === verdict).length, { verdict }),
  );
  const isUp = ({ verdict }: MemberStatus) => (verdict === 'down' || verdict === 'unknown' ? 0 : 1);
  const named = (family: Family, labels: readonly string[]) => ({ ...family, names: labels });
  return [
    gauge('members', 'Members of all pools by verdict.', ...counts),
    named(
      gauge(
        'pool_members_up',
        'Members of the pool that are up.',
        ...eachPool((pool) => pool.members.filter(isUp).length),
      ),
      poolNames,
    ),
    named(gauge('pool_ttl_seconds', 'TTL of the answers.', ...eachPool(({ ttl }) => ttl)), poolNames),
    named(
      counter(
        'pool_responses',
        'Responses that drew from the pool.',
        ...eachPool(({ responses }) => responses),
      ),
      poolNames,
    ),
    named(gauge('member_up', 'Whether the member is up.', ...each(isUp)), names),
    named(gauge('member_weight', 'The configured weight.', ...each(({ weight }) => weight)), names),
    named(
      gauge('member_share_ratio', 'Part of the traffic it gets now.', ...each(({ share }) => share)),
      names,
    ),
    named(
      counter(
        'member_given',
        'Responses that gave it, in parts of those with several addresses.',
        ...each(({ responses }) => responses),
      ),
      names,
    ),
  ];
}

function probeFamilies(endpoints: readonly EndpointState[], probes: ProbeMeter): Family[] {
  const outcomes = ['ok', 'fail', 'inconclusive'] as const;
  const counts = endpoints.flatMap(({ address, check, counts: by }) =>
    outcomes.map((outcome) =>
      one(by[outcome], { probe: check.kind, address, port: String(check.port), outcome }),
    ),
  );
  return [
    {
      ...counter('probes', 'Probes of an endpoint by what came of them.', ...merged(counts)),
      names: ['address', 'port'],
    },
    {
      name: 'steerdns_probe_duration_seconds',
      type: 'histogram',
      help: 'How long probes took.',
      series: probes.durations(),
    },
    {
      name: 'steerdns_probe_lateness_seconds',
      type: 'histogram',
      help: 'How late the timers of the monitors were.',
      series: probes.lateness(),
    },
  ];
}

function adminFamilies({ events, streams, http, webhooks }: Meters): Family[] {
  const kinds = Object.keys(eventKinds) as EventKind[];
  const codes = [...http.counts].map(([code, count]) => one(count, { code: String(code) }));
  const outcomes = ['delivered', 'refused', 'lost'] as const;
  const sent = webhooks.counts.flatMap((counts) =>
    outcomes.map((outcome) => one(counts[outcome], { webhook: counts.host, outcome })),
  );
  return [
    counter('webhook_events', 'Events by what became of them.', ...merged(sent)),
    counter('events', 'Events by kind.', ...kinds.map((kind) => one(events.count(kind), { kind }))),
    gauge('event_streams', 'Streams of events that are open.', one(streams.size)),
    counter('event_streams_dropped', 'Streams whose reader did not keep up.', one(streams.dropped)),
    counter('http_responses', 'Responses of the admin HTTP by status.', ...codes),
  ];
}

/** The families as the text that Prometheus reads. */
export function metricsReply(families: readonly Family[]): Reply {
  return { status: 200, type: routes['GET /metrics'].types[0], body: printFamilies(families) };
}
