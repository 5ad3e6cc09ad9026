// `checks:` of the YAML: how names are probed. Its keys are derived from the registry of probes: a new kind
// of probe needs nothing here.
import * as v from 'valibot';
import { errorAt, type Fault } from '../faults.ts';
import { type Check, checkDefaults } from '../health/check.ts';
import { probes } from '../health/probes/index.ts';
import { parseOption } from '../health/probes/options.ts';
import type { Option, Probe } from '../health/probes/probe.ts';
import {
  holdDownMaxMs,
  probeIntervalMaxMs,
  probeIntervalMinMs,
  probeRunMax,
  slowStartMaxMs,
  stateAgeMaxMs,
  stateAgeMinMs,
} from '../limits.ts';
import { suggest } from '../near.ts';
import { entriesOf, map, type Reading, shaped, text, value, valueAt } from './shape.ts';
import { address, durationMs, integer, percent, printDuration, word } from './values.ts';
import type { YamlNode } from './yaml.ts';

export type Checks = {
  /** Undefined is a check with faults, which are reported where it stands. */
  readonly byName: ReadonlyMap<string, Check | undefined>;
  /** False where a file of checks could not be read: then a name that is not there may yet be good. */
  readonly complete: boolean;
};

const duration = v.optional(text(durationMs(probeIntervalMinMs, probeIntervalMaxMs)));
const count = v.optional(text(integer(1, probeRunMax)));

/** Keys that every check has, whatever its kind. */
const common = {
  type: v.optional(v.unknown()),
  interval: duration,
  timeout: duration,
  recheck: duration,
  fall: count,
  rise: count,
  'hold-down': v.optional(text(durationMs(0, holdDownMaxMs))),
  'slow-start': v.optional(text(durationMs(0, slowStartMaxMs))),
  'latency-limit': v.optional(text(durationMs(1, probeIntervalMaxMs))),
  'degraded-weight': v.optional(text(percent(1))),
  'weight-step': v.optional(text(percent(1))),
};

type Written = Readonly<Record<string, unknown>> & {
  readonly port?: number | undefined;
  readonly address?: string | undefined;
  readonly interval?: number | undefined;
  readonly timeout?: number | undefined;
  readonly recheck?: number | undefined;
  readonly fall?: number | undefined;
  readonly rise?: number | undefined;
  readonly 'hold-down'?: number | undefined;
  readonly 'slow-start'?: number | undefined;
  readonly 'latency-limit'?: number | undefined;
  readonly 'degraded-weight'?: number | undefined;
  readonly 'weight-step'?: number | undefined;
};

/** Keys of checks that talk to an address. */
const where = {
  port: v.optional(text(integer(1, 65_535))),
  address: v.optional(text(address)),
};

/** Reads a map of checks. */
export function readChecks(node: YamlNode | undefined, faults: Fault[]): Checks {
  const byName = new Map<string, Check | undefined>();
  if (node === undefined) return { byName, complete: true };
  for (const { key, place, value: below } of entriesOf(node, faults) ?? []) {
    const name = word(key);
    if ('wrong' in name) {
      faults.push(errorAt(place, `a check's name ${name.wrong}`, name.hint ?? ''));
    }
    byName.set(key, readCheck(key, below, faults));
  }
  return { byName, complete: true };
}

function readCheck(name: string, node: YamlNode, faults: Fault[]): Check | undefined {
  const kind = kindOf(name, node, faults);
  if (kind === undefined) return undefined;
  const probe: Probe = probes[kind];
  const options = Object.entries(probe.options).map(([key, option]) => [key, optionValue(option)] as const);
  const before = faults.length;
  const reads = { ...common, ...(probe.hasAddress === false ? {} : where), ...Object.fromEntries(options) };
  const values = shaped(node, map(reads), faults) as Written | undefined;
  if (values === undefined) return undefined;
  const refuse = (key: string, what: string, hint = '') => {
    faults.push(errorAt((valueAt(node, key) ?? node).place, what, hint));
  };
  const port = values.port ?? probe.defaultPort;
  if (port === undefined && faults.length === before) {
    refuse('port', `check "${name}" has no port`, `${kind} has no usual one: name it`);
  }
  for (const [key, { required, what }] of Object.entries(probe.options)) {
    if (required && valueAt(node, key) === undefined) refuse('type', `check "${name}" has no ${key}`, what);
  }
  const intervalMs = values.interval ?? checkDefaults.intervalMs;
  // What is not said never stands in the way of what is.
  const timeoutMs = values.timeout ?? Math.min(checkDefaults.timeoutMs, intervalMs);
  const recheckMs = values.recheck ?? Math.min(checkDefaults.recheckMs, intervalMs);
  for (const [key, ms] of Object.entries({ timeout: timeoutMs, recheck: recheckMs })) {
    if (ms <= intervalMs) continue;
    const what = `${key} ${printDuration(ms)} is longer than the interval, ${printDuration(intervalMs)}`;
    refuse(key, what, `raise interval or lower ${key}`);
  }
  const chosen = options.map(([key]) => [key, values[key] ?? probe.options[key]!.default] as const);
  const checkOptions = Object.fromEntries(chosen.filter(([, option]) => option !== undefined));
  const conflict = probe.conflict?.(checkOptions);
  if (conflict !== undefined) refuse('type', `check "${name}": ${conflict}`);
  if (port === undefined || faults.length > before) return undefined;
  const target = values.address === undefined ? { port } : { port, address: values.address };
  return { kind, ...target, options: checkOptions, intervalMs, timeoutMs, recheckMs, ...judgementOf(values) };
}

/** How results become a verdict, and a verdict a part of the traffic. */
function judgementOf(values: Written) {
  const latencyLimitMs = values['latency-limit'];
  return {
    fall: values.fall ?? checkDefaults.fall,
    rise: values.rise ?? checkDefaults.rise,
    holdDownMs: values['hold-down'] ?? checkDefaults.holdDownMs,
    slowStartMs: values['slow-start'] ?? checkDefaults.slowStartMs,
    ...(latencyLimitMs === undefined ? {} : { latencyLimitMs }),
    degradedPart: values['degraded-weight'] ?? checkDefaults.degradedPart,
    weightStep: values['weight-step'] ?? checkDefaults.weightStep,
  };
}

function kindOf(name: string, node: YamlNode, faults: Fault[]): keyof typeof probes | undefined {
  if (entriesOf(node, faults) === undefined) return undefined;
  const kinds = Object.keys(probes);
  const type = valueAt(node, 'type');
  if (type === undefined) {
    const what = `check "${name}" has no type`;
    faults.push(errorAt(node.place, what, `type is one of: ${kinds.join(', ')}`));
    return undefined;
  }
  const kind = type.kind === 'text' ? type.text : '';
  if (Object.hasOwn(probes, kind)) return kind as keyof typeof probes;
  const what = `type is "${kind}", and there is no such probe`;
  faults.push(errorAt(type.place, what, suggest(kind, kinds)));
  return undefined;
}

/**
 * An option as the probe parses it; all YAML is text here, so what is no text to the probe is made so first.
 */
function optionValue(option: Option) {
  return v.optional(
    value((written): Reading<unknown> => {
      if (option.kind === 'duration') return durationMs(stateAgeMinMs, stateAgeMaxMs)(String(written));
      const parsed = parseOption(option, typed(option, written));
      return 'wrong' in parsed ? { wrong: parsed.wrong, hint: option.what } : parsed;
    }),
  );
}

function typed(option: Option, written: unknown): unknown {
  if (option.kind === 'port' && typeof written === 'string' && /^\d+$/.test(written)) return Number(written);
  if (option.kind === 'flag' && (written === 'true' || written === 'false')) return written === 'true';
  return written;
}
