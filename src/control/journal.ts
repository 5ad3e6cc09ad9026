// What control says of what happened: each thing once, as a line of the log and as an event with the same
// text. Called by control.ts; who reads events is no matter here.
import { printFault } from '../faults.ts';
import { type NotedSuspicion, suspicionText } from '../health/doubts.ts';
import type { MonitorEvent } from '../health/monitor.ts';
import type { Result } from '../health/state.ts';
import { log } from '../log.ts';
import type { Events } from './events.ts';
import type { firstLoad } from './firstload.ts';
import type { ReloadReport, Running } from './reload.ts';

/** What the monitors call with what they find. */
export function monitorNotes(events: Events, running: () => Pick<Running, 'names' | 'monitors'>) {
  return {
    onEvent: (event: MonitorEvent) => {
      const { names, monitors } = running();
      noteMonitor(events, event, names, monitors.state(event.key)?.recent ?? []);
    },
    onSuspicion: (event: NotedSuspicion) => noteSuspicion(events, event),
  };
}

function noteMonitor(
  events: Events,
  event: MonitorEvent,
  names: ReadonlyMap<string, string>,
  recent: readonly Result[],
): void {
  const { address, port, probe, reason } = event;
  const name = names.get(event.key);
  const place = `${probe} ${address}${port === 0 ? '' : ` port ${port}`}`;
  const who = name === undefined || name === address ? place : `${name} ${place}`;
  const data = { ...event, ...(name === undefined ? {} : { member: name }) };
  if (event.kind === 'turned') {
    const evidence = recent.map(({ at, outcome, reason }) => ({ at, outcome, reason }));
    const level = event.to === 'down' ? 'warn' : event.from === 'unknown' ? 'debug' : 'info';
    log[level](events.add('verdict', `${who} is ${event.to}: ${reason}`, { ...data, evidence }).text);
  } else if (event.kind === 'inconclusive') {
    const { text } = events.add('unjudged', `${who} cannot be judged: ${reason}`, data);
    log.error({ results: event.results }, text);
  } else log.info(events.add('judged', `${who} can be judged again: ${reason}`, data).text);
}

/** Says that nobody answers the prober, that this does not count any longer, or that somebody answers. */
function noteSuspicion(events: Events, event: NotedSuspicion): void {
  const { text } = events.add('prober', suspicionText(event), { ...event });
  log[event.kind === 'answered' ? 'info' : 'error'](text);
}

/** Says what came of a reload. */
export function noteReload(events: Events, report: ReloadReport, zones: number): void {
  const { ok, faults, failure, changes, losses, settings, notes, generation } = report;
  if (ok) {
    for (const { text } of changes) log.info(text);
    if (settings.length > 0) log.info(`steerdns.yaml: ${settings.join(', ')} changed`);
    for (const note of notes) log.warn(note);
    for (const loss of losses) log.warn(`forced: ${printFault(loss)}`);
    log.info({ generation, zones }, 'reloaded');
  } else {
    for (const fault of faults) if (fault.severity === 'error') log.error(printFault(fault));
    log.error(
      { generation, ...(failure === undefined ? {} : { failure }) },
      'reload refused; still serving what was',
    );
  }
  const errors = faults.filter(({ severity }) => severity === 'error').map(printFault);
  const what = ok ? ['reloaded', ...changes.map(({ text }) => text)].join('; ') : 'reload refused';
  const why = failure ?? (errors.length > 0 ? `${errors.length} faults` : undefined);
  events.add('reload', why === undefined ? what : `${what}: ${why}`, {
    ok,
    generation,
    settings,
    notes,
    errors,
  });
}

/** Says what a start found. */
export function noteStart({ loaded, refused, source }: Awaited<ReturnType<typeof firstLoad>>): void {
  for (const fault of refused?.faults ?? loaded?.faults ?? []) {
    log[fault.severity === 'error' ? 'error' : 'warn'](printFault(fault));
  }
  if (refused?.failure !== undefined) log.error(`loading failed: ${refused.failure}`);
  const isNothing = loaded === undefined || loaded.zones.length === 0;
  if (isNothing) log.error('nothing can be taken into service until a reload succeeds');
  else if (source === 'accepted') log.warn('serving what was accepted before, not the files as they are now');
  for (const origin of loaded?.faulty ?? []) log.error({ zone: origin }, 'left out: its files have faults');
}

/** Says that answers follow a change of health. */
export function noteServed(events: Events, generation: number): void {
  events.add('publication', `generation ${generation} answers as health is now`, { generation });
}

/** Says what an operator's hand did, or that its time is over. */
export function noteHand(events: Events, text: string): void {
  log.info(events.add('hand', text).text);
}

/** Says that nothing is kept, or that things are again. */
export function noteKeeping(fault: string | undefined): void {
  if (fault === undefined) log.info('the state directory can be written again');
  else log.error(`nothing is kept for a restart: ${fault}`);
}
