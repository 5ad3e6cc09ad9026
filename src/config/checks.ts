// `checks:` of the YAML: how names are probed. Its keys are derived from the registry of probes: a new kind
// of probe needs nothing here.
import * as v from 'valibot';
import { errorAt, type Fault, warningAt } from '../faults.ts';
import { type Check, checkDefaults } from '../health/check.ts';
import { probes } from '../health/probes/index.ts';
import { parseOption } from '../health/probes/options.ts';
import type { Option, Probe, Target } from '../health/probes/probe.ts';
import { severalTarget } from '../health/probes/several.ts';
import {
  holdDownMaxMs,
  probeIntervalMaxMs,
  probeIntervalMinMs,
  probeRunMax,
  severalMax,
  slowStartMaxMs,
} from '../limits.ts';
import { suggest } from '../near.ts';
import { type Beside, readContents } from './contents.ts';
import {
  elsewhere,
  entriesOf,
  type JsonSchema,
  looking,
  map,
  namedSchema,
  type Reading,
  scalar,
  schemaOf,
  shaped,
  text,
  value,
  valueAt,
} from './shape.ts';
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

/** Keys that every check has, whatever its kind: when it is probed, and what is made of the results. */
const timing = {
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
export function readChecks(node: YamlNode | undefined, beside: Beside, faults: Fault[]): Checks {
  const byName = new Map<string, Check | undefined>();
  if (node === undefined) return { byName, complete: true };
  for (const { key, place, value: below } of entriesOf(node, faults) ?? []) {
    const name = word(key);
    if ('wrong' in name) {
      faults.push(errorAt(place, `a check's name ${name.wrong}`, name.hint ?? ''));
    }
    byName.set(key, readCheck(`check "${key}"`, below, beside, faults));
  }
  return { byName, complete: true };
}

/** Reads one check, which faults call `name`; undefined where it has some. */
export function readCheck(name: string, node: YamlNode, beside: Beside, faults: Fault[]): Check | undefined {
  if (entriesOf(node, faults) === undefined) return undefined;
  const before = faults.length;
  const read =
    valueAt(node, 'probes') === undefined
      ? readTarget(name, node, timing, beside, faults)
      : readSeveral(name, node, beside, faults);
  if (read === undefined) return undefined;
  const { values, target } = read;
  const intervalMs = values.interval ?? checkDefaults.intervalMs;
  // What is not said never stands in the way of what is.
  const timeoutMs = values.timeout ?? Math.min(checkDefaults.timeoutMs, intervalMs);
  const recheckMs = values.recheck ?? Math.min(checkDefaults.recheckMs, intervalMs);
  for (const [key, ms] of Object.entries({ timeout: timeoutMs, recheck: recheckMs })) {
    if (ms <= intervalMs) continue;
    const what = `${key} ${printDuration(ms)} is longer than the interval, ${printDuration(intervalMs)}`;
    faults.push(errorAt((valueAt(node, key) ?? node).place, what, `raise interval or lower ${key}`));
  }
  if (target === undefined || faults.slice(before).some(({ severity }) => severity === 'error')) {
    return undefined;
  }
  faults.push(...idleKeys(node, values, timeoutMs));
  return { ...target, intervalMs, timeoutMs, recheckMs, ...judgementOf(values, target.kind) };
}

/** Keys that can never come to anything beside the others. */
function idleKeys(node: YamlNode, values: Written, timeoutMs: number): Fault[] {
  const limitMs = values['latency-limit'];
  if (limitMs !== undefined && limitMs >= timeoutMs) {
    const failed = `after ${printDuration(timeoutMs)} a probe has failed`;
    const what = `latency-limit is ${printDuration(limitMs)}, but ${failed}`;
    return [warningAt(valueAt(node, 'latency-limit')!.place, what, 'it must be less than the timeout')];
  }
  const written = valueAt(node, 'degraded-weight');
  if (limitMs !== undefined || written === undefined) return [];
  const what = 'without latency-limit nothing is ever degraded';
  return [warningAt(written.place, what, 'such as "latency-limit: 500ms"')];
}

/** What is probed and how, by a probe of this kind, with keys beside. */
function targetShape(probe: Probe, beside: v.ObjectEntries) {
  const options = Object.entries(probe.options).map(([key, option]) => [key, optionValue(option)] as const);
  const place = probe.hasAddress === false ? {} : where;
  return map({ type: v.optional(v.unknown()), ...beside, ...place, ...Object.fromEntries(options) });
}

function severalShape() {
  const list = (): JsonSchema => ({
    type: 'array',
    minItems: 1,
    maxItems: severalMax,
    items: { oneOf: kindLooks({}) },
  });
  return map({ ...timing, probes: v.optional(elsewhere(list)), need: v.optional(text(looking({}, needed))) });
}

/** What an editor should know of the value of `checks`: for each kind its own keys. */
export function checksLook(): JsonSchema {
  const several = { ...schemaOf(severalShape()), type: 'object', required: ['probes'] };
  return namedSchema({ oneOf: [...checkLooks(), several] });
}

/** What an editor should know of a check of one probe: one schema for each kind. */
export function checkLooks(): JsonSchema[] {
  return kindLooks(timing);
}

function kindLooks(beside: v.ObjectEntries): JsonSchema[] {
  return Object.entries(probes).map(([kind, probe]: [string, Probe]) => {
    const looks = schemaOf(targetShape(probe, beside)) as { readonly properties: JsonSchema };
    const required = Object.keys(probe.options).filter((key) => probe.options[key]!.required);
    const needed = [...required, ...(probe.defaultPort === undefined ? ['port'] : [])];
    const properties = { ...looks.properties, type: { const: kind } };
    return { ...looks, type: 'object', properties, required: ['type', ...needed] };
  });
}

type ReadTarget = { readonly values: Written; readonly target: Target | undefined };

/** Reads what is probed and how, with these keys beside; its target is undefined where it has faults. */
function readTarget(
  name: string,
  node: YamlNode,
  beside: v.ObjectEntries,
  files: Beside,
  faults: Fault[],
): ReadTarget | undefined {
  const kind = kindOf(name, node, faults);
  if (kind === undefined) return undefined;
  const probe: Probe = probes[kind];
  const before = faults.length;
  const values = shaped(node, targetShape(probe, beside), faults) as Written | undefined;
  if (values === undefined) return undefined;
  const refuse = (key: string, what: string, hint = '') => {
    faults.push(errorAt((valueAt(node, key) ?? node).place, what, hint));
  };
  const port = values.port ?? probe.defaultPort;
  if (port === undefined && faults.length === before) {
    refuse('port', `${name} has no port`, `${kind} has no usual one: name it`);
  }
  const chosen: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(probe.options)) {
    const written = valueAt(node, key);
    if (option.required && written === undefined) refuse('type', `${name} has no ${key}`, option.what);
    const rule = 'content' in option ? option.content : undefined;
    const given = values[key] ?? option.default;
    const read =
      rule === undefined || written === undefined ? given : readContents(given, rule, written, files, faults);
    if (read !== undefined) chosen[key] = read;
  }
  const isFaulty = () => faults.slice(before).some(({ severity }) => severity === 'error');
  const conflict = isFaulty() ? undefined : probe.conflict?.(chosen);
  if (conflict !== undefined) refuse('type', `${name}: ${conflict}`);
  if (port === undefined || isFaulty()) return { values, target: undefined };
  const { address } = values;
  return { values, target: { kind, port, ...(address === undefined ? {} : { address }), options: chosen } };
}

/** Reads a list of probes that are run at once. */
function readSeveral(name: string, node: YamlNode, beside: Beside, faults: Fault[]): ReadTarget | undefined {
  const values = shaped(node, severalShape(), faults) as (Written & { need?: Needed }) | undefined;
  const list = valueAt(node, 'probes')!;
  const items = list.kind === 'list' ? list.items : [];
  if (items.length < 1 || items.length > severalMax) {
    const hint = '[{ type: http, path: /healthz }, { type: tcp, port: 22 }]';
    faults.push(errorAt(list.place, `${name} must have a list of 1 to ${severalMax} probes`, hint));
    return undefined;
  }
  const targets = items.map((item, i) => {
    const isMap = entriesOf(item, faults) !== undefined;
    const read = isMap ? readTarget(`probe ${i + 1} of ${name}`, item, {}, beside, faults) : undefined;
    return read?.target;
  });
  if (values === undefined) return undefined;
  const need = values.need === 'any' ? 1 : typeof values.need === 'number' ? values.need : items.length;
  if (need > items.length) {
    const what = `need is ${need}, and there are only ${items.length} probes`;
    faults.push(errorAt(valueAt(node, 'need')!.place, what));
  }
  const sound = targets.filter((target) => target !== undefined);
  const target = sound.length < items.length ? undefined : severalTarget(need, sound);
  return { values, target };
}

type Needed = 'all' | 'any' | number;

function needed(written: string): Reading<Needed> {
  if (written === 'all' || written === 'any') return { value: written };
  const reading = integer(1, severalMax)(written);
  if ('value' in reading) return reading;
  return { wrong: `is "${written}", but must be all, any or a number of probes` };
}

/** How results become a verdict, and a verdict a part of the traffic. */
function judgementOf(values: Written, kind: string) {
  const { fall, rise } = (probes as Readonly<Record<string, Probe>>)[kind]?.thresholds ?? checkDefaults;
  const latencyLimitMs = values['latency-limit'];
  return {
    fall: values.fall ?? fall,
    rise: values.rise ?? rise,
    holdDownMs: values['hold-down'] ?? checkDefaults.holdDownMs,
    slowStartMs: values['slow-start'] ?? checkDefaults.slowStartMs,
    ...(latencyLimitMs === undefined ? {} : { latencyLimitMs }),
    degradedPart: values['degraded-weight'] ?? checkDefaults.degradedPart,
    weightStep: values['weight-step'] ?? checkDefaults.weightStep,
  };
}

function kindOf(name: string, node: YamlNode, faults: Fault[]): keyof typeof probes | undefined {
  const kinds = Object.keys(probes);
  const type = valueAt(node, 'type');
  if (type === undefined) {
    const what = `${name} has no type`;
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
    value(
      looking(optionLooks(option), (written): Reading<unknown> => {
        if (option.kind === 'duration') return durationMs(...option.range)(String(written));
        const parsed = parseOption(option, typed(option, written));
        return 'wrong' in parsed ? { wrong: parsed.wrong, hint: option.what } : parsed;
      }),
    ),
  );
}

function optionLooks(option: Option): JsonSchema {
  return { ...valueLooks(option), description: option.what };
}

function valueLooks(option: Option): JsonSchema {
  if (option.kind === 'choice') return { enum: option.choices };
  if (option.kind === 'duration') return durationMs(...option.range).looks!;
  return optionKinds[option.kind] ?? {};
}

/** What an option of a kind looks like; of its own kinds a probe alone knows. */
const optionKinds: Readonly<Partial<Record<Option['kind'], JsonSchema>>> = {
  text: scalar,
  host: { type: 'string' },
  path: { type: 'string', pattern: '^/' },
  port: { type: 'integer', minimum: 1, maximum: 65_535 },
  codes: { type: ['string', 'integer', 'array'] },
  flag: { enum: [true, false, 'true', 'false'] },
  file: { type: 'string', pattern: '^/' },
};

function typed(option: Option, written: unknown): unknown {
  if (option.kind === 'port' && typeof written === 'string' && /^\d+$/.test(written)) return Number(written);
  if (option.kind === 'flag' && (written === 'true' || written === 'false')) return written === 'true';
  return written;
}
