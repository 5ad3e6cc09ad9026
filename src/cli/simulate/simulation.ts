// A simulation: the real monitors, the real publisher, which chooses, and the real hand of the operator, on a
// virtual clock; the servers do what the script says. Nothing is sent anywhere. The same folder, script and
// seed come to the same in every run.
//
// The seed says at which moment of its schedule each endpoint is when the script begins, how long answers
// take, and which probes of a flaky server fail.
import type { Settings } from '../../answer/settings.ts';
import { familyText, healthFrom } from '../../balance/pool.ts';
import { Caches } from '../../control/caches.ts';
import { Hands } from '../../control/hands.ts';
import { addressesOf, HandVerbs } from '../../control/handverbs.ts';
import type { LoadedZone } from '../../control/load.ts';
import { Publisher } from '../../control/publish.ts';
import { endpointsOf, memberNames } from '../../control/reload.ts';
import { select } from '../../control/selectors.ts';
import { Shares } from '../../control/shares.ts';
import { errorAt, type Fault } from '../../faults.ts';
import type { Endpoint } from '../../health/check.ts';
import type { NotedSuspicion } from '../../health/doubts.ts';
import { type MonitorEvent, Monitors } from '../../health/monitor.ts';
import { isRemote } from '../../health/probes/index.ts';
import { VirtualClock } from '../../health/virtualclock.ts';
import { firstRoundMaxMs } from '../../limits.ts';
import type { Script, Step } from './script.ts';
import { Servers } from './servers.ts';

/** What is answered for one name and type. */
export type Answers = {
  readonly owner: string;
  readonly type: ReturnType<typeof familyText>;
  readonly mode: 'sets' | 'nodata' | 'servfail';
  /** Seconds. */
  readonly ttl: number;
  /** Addresses per response. */
  readonly answers: number;
  /** Who gets a part of the traffic, with that part, 0 to 1. */
  readonly given: readonly {
    readonly member: string;
    readonly address: string;
    readonly share: number;
    /** Why it is given though it is not up: `down, but all are (when-all-down: all)`. */
    readonly why?: string;
  }[];
};

/** One line of the timeline; `atMs` is counted from the start of the simulation. */
export type Happening = { readonly atMs: number } & (
  | { readonly kind: 'script'; readonly text: string; readonly line: number }
  | ({ readonly kind: 'monitor'; readonly member: string } & { readonly event: MonitorEvent })
  | { readonly kind: 'prober'; readonly event: NotedSuspicion }
  /** Control refused a hand. */
  | { readonly kind: 'refused'; readonly text: string }
  | ({ readonly kind: 'answers'; readonly isFirst: boolean } & Answers)
);

export type Outcome = {
  readonly seed: number;
  readonly endMs: number;
  readonly endpoints: number;
  readonly happenings: readonly Happening[];
};

/** Which endpoints each step is about, or a fault where it is about none. */
export type Plan = {
  readonly steps: readonly (Step & { readonly keys: readonly string[] })[];
  readonly faults: readonly Fault[];
};

/** Finds whom the steps of a script mean; canaries are called by their addresses. */
export function planOf(
  { steps }: Script,
  zones: readonly LoadedZone[],
  canaries: readonly Endpoint[] = [],
): Plan {
  const faults: Fault[] = [];
  const pools = zones.flatMap((zone) => zone.pools);
  const planned = steps.map((step) => {
    const { deed, selector, place } = step;
    if (deed.kind === 'link') return { ...step, keys: [] };
    const isHand = deed.kind === 'hand';
    const named = isHand ? [] : canaries.filter(({ address }) => address === selector);
    const selected = select(pools, [selector]);
    const isFound = !('error' in selected);
    const endpoints = isFound
      ? addressesOf(pools, selected.targets).flatMap((one) => one.endpoint ?? [])
      : [];
    const keys = [...new Set([...endpoints, ...named.map(({ key }) => key)])];
    if (!isFound && keys.length === 0) faults.push(errorAt(place, selected.error, selected.hint));
    else if (!isHand && keys.length === 0) {
      faults.push(
        errorAt(place, `nothing probes ${selector}: what it does is seen by nobody`, 'give it a check'),
      );
    }
    return { ...step, keys };
  });
  return { steps: planned, faults };
}

/** Virtual time before the script begins is drawn from this span, so that slots lie anywhere. */
const offsetMaxMs = 3_600_000;

/** How long, with which chances, and who always answers. */
type Span = { readonly seed: number; readonly endMs: number; readonly canaries: readonly Endpoint[] };

/** Runs a script over what was loaded. */
export async function simulate(
  zones: readonly LoadedZone[],
  settings: Settings,
  { steps }: Plan,
  { seed, endMs, canaries }: Span,
): Promise<Outcome> {
  const clock = new VirtualClock();
  const servers = new Servers(clock, seed);
  await clock.advance(Math.floor(servers.random() * offsetMaxMs));
  const begunAt = clock.now();
  const happenings: Happening[] = [];
  const note = (happening: Record<string, unknown>) =>
    happenings.push({ atMs: clock.now() - begunAt, ...happening } as Happening);
  const names = memberNames(zones);
  const monitors = new Monitors({
    clock,
    run: (endpoint) => servers.probe(endpoint),
    onChange: (keys) => publisher.healthChanged(keys),
    isRemote,
    onSuspicion: (event) => note({ kind: 'prober', event }),
    onEvent: (event) => note({ kind: 'monitor', member: names.get(event.key) ?? event.address, event }),
  });
  const seen = new Map<string, string>();
  const noteAnswers = (isFirst: boolean) => {
    for (const answers of answersOf(publisher)) {
      const [key, text] = [`${answers.owner} ${answers.type}`, JSON.stringify(answers)];
      if (seen.get(key) === text) continue;
      seen.set(key, text);
      note({ kind: 'answers', isFirst, ...answers });
    }
  };
  const hands = new Hands();
  const publisher = publisherOn(clock, monitors, hands, () => noteAnswers(false));
  const lay = handOn(clock, monitors, hands, publisher);
  let sayBegun = () => {};
  const begun = new Promise<void>((resolve) => (sayBegun = resolve));
  for (const step of steps) {
    clock.after(step.atMs, () => {
      note({ kind: 'script', text: step.text, line: step.place.line });
      void perform(step, servers, (verb) => begun.then(() => lay(verb, step.selector))).then((refused) => {
        if (refused !== undefined) note({ kind: 'refused', text: refused });
      });
    });
  }
  const endpoints = endpointsOf(zones);
  const begin = async () => {
    monitors.watchCanaries(canaries);
    monitors.watch(endpoints);
    const enough = new Promise<void>((resolve) => clock.after(firstRoundMaxMs, resolve));
    await Promise.race([monitors.firstRound(), enough]);
    await publisher.publishZones(zones, settings);
    noteAnswers(true);
    sayBegun();
  };
  clock.after(0, () => void begin());
  await clock.advance(endMs);
  publisher.stop();
  monitors.stop();
  return { seed, endMs, endpoints: endpoints.length, happenings };
}

/** Does what a step says; gives the reason where control refuses it. */
async function perform(
  { deed, keys }: Plan['steps'][number],
  servers: Servers,
  lay: (verb: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  if (deed.kind === 'hand') return lay(deed.verb);
  if (deed.kind === 'link') servers.cut(deed.isCut);
  else for (const key of keys) servers.turn(key, deed);
  return undefined;
}

/** The operator's hand as control lays it; gives the reason where it is refused. */
function handOn(clock: VirtualClock, monitors: Monitors, hands: Hands, publisher: Publisher) {
  const verbs = new HandVerbs({
    hands,
    publisher,
    caches: new Caches(),
    healthOf: healthFrom(monitors),
    keep: async () => undefined,
    now: () => clock.wall(),
    note: () => {},
  });
  return async (verb: string, selector: string): Promise<string | undefined> => {
    const { status, body } = await verbs.run(new URLSearchParams({ verb, selector }));
    return status === 200 ? undefined : (body as { error: string }).error;
  };
}

/** A publisher whose server takes everything at once. */
function publisherOn(clock: VirtualClock, monitors: Monitors, hands: Hands, onServed: () => void): Publisher {
  let generation = 0;
  const publisher: Publisher = new Publisher({
    send: (message) => {
      if (message.kind !== 'publish') return;
      publisher.published({
        kind: 'published',
        ticket: message.ticket,
        generation: ++generation,
        fault: undefined,
      });
    },
    healthOf: healthFrom(monitors),
    handOf: hands.handOf,
    clock,
    shares: new Shares(),
    firstEdition: 1,
    onServed,
    onFault: () => {},
    onSilence: () => {},
  });
  return publisher;
}

function answersOf(publisher: Publisher): Answers[] {
  const slots = publisher.zones().flatMap(({ origin }) => publisher.served(origin)?.slots ?? []);
  return slots.map(({ owner, choice: { family, mode, ttl, answers, standings, sets } }) => ({
    owner,
    type: familyText(family),
    mode,
    ttl: Math.min(ttl, ...sets.map((set) => set.ttl ?? ttl)),
    answers,
    given: standings
      .filter(({ eligible }) => eligible)
      .map(({ member, address, share, why }) => {
        const isUsual = why.startsWith('up') || why.startsWith('degraded');
        return { member, address, share, ...(isUsual ? {} : { why }) };
      }),
  }));
}
